// Block stores on the host's disk, through all of storage: what a stream does all day, on stores of
// a size that people have.
#include <malloc.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "tests/bench/store_meter.h"
#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/storage_loop.h"

namespace dunlin::bench {
namespace {

using host::StorageLoop;

int64_t ThreadCpuNs() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A store directory and its streams, over its lives. Notes the longest that one call held the
// thread (CPU time, so that others on the machine do not count).
class World {
 public:
  explicit World(size_t streams = 1) : streams_(streams) { Boot(); }

  Storage& storage() { return loop_->storage(); }
  file::FileStore& store(size_t i = 0) { return *storage().stream(ids_[i]); }
  double worst_slice_us() const { return static_cast<double>(worst_ns_) / 1e3; }
  void ForgetWorst() { worst_ns_ = 0; }

  WritePoint Put(size_t stream, std::string_view subject, std::string_view payload) {
    const StoreResult stored =
        store(stream).Store(StorageLoop::ReadClocks(), subject, "", payload, 0);
    CHECK(stored.ok());
    return stored.point;
  }
  void Step(StorageLoop::How how = StorageLoop::How::kWait) {
    const int64_t begin = ThreadCpuNs();
    loop_->Step(how);
    worst_ns_ = std::max(worst_ns_, ThreadCpuNs() - begin);
  }
  // 'subject_of' gives the i-th message's subject.
  template <class SubjectOf>
  void Fill(uint64_t messages, size_t bytes, SubjectOf subject_of) {
    const std::string payload(bytes, 'x');
    WritePoint last;
    for (uint64_t i = 0; i < messages; ++i) {
      last = Put(0, subject_of(i), payload);
      if (i % 1'000 == 999 || storage().full()) Step(StorageLoop::How::kLook);
      while (storage().full()) Step();
    }
    while (!storage().durable().Covers(last)) Step();
  }
  template <class Request>
  Progress Run(Request& request) {
    while (true) {
      const int64_t begin = ThreadCpuNs();
      Progress progress;
      if constexpr (requires { store().Run(Now{}, request); }) {
        progress = store().Run(StorageLoop::ReadClocks(), request);
      } else {
        progress = store().Run(request);
      }
      worst_ns_ = std::max(worst_ns_, ThreadCpuNs() - begin);
      if (progress == Progress::kDone || progress == Progress::kFailed) return progress;
      Step(progress == Progress::kWait ? StorageLoop::How::kWait : StorageLoop::How::kLook);
    }
  }

  void Boot() {
    disk_ = host::OpenDisk(dir_.path(), host::kDiskWays[0], 64 << 10);
    loop_ = std::make_unique<StorageLoop>(*disk_, StorageOptions{}, 1);
    ids_.clear();
    for (size_t i = 0; i < streams_; ++i) {
      StoreConfig config;
      config.name = "S" + std::to_string(i);
      ids_.push_back(storage().AddStream(config.name, config));
    }
    storage().Open(StorageLoop::ReadClocks());
    while (storage().state() != Storage::State::kRunning) {
      CHECK(storage().state() != Storage::State::kFailed);
      Step();
    }
  }
  // In order; or as a process that is killed would.
  void Stop() {
    storage().Stop(StorageLoop::ReadClocks());
    CHECK(loop_->RunUntil(Storage::State::kStopped));
    Die();
  }
  void Die() {
    disk_.reset();  // First: it lets go of memory that the loop owns.
    loop_.reset();
  }

 private:
  const size_t streams_;
  testing::TempDir dir_;
  std::unique_ptr<StorageLoop> loop_;
  std::unique_ptr<host::HostDisk> disk_;
  std::vector<uint32_t> ids_;
  int64_t worst_ns_ = 0;
};

void Finish(benchmark::State& state, Meter& meter, World& world) {
  meter.Report(state);
  state.counters["slice_us"] = world.worst_slice_us();
}

// --- Publishing: a closed window of messages that wait for their proof.

struct Publish {
  size_t bytes, window, streams = 1;
};

void StoreMessages(benchmark::State& state, Publish test) {
  struct Group {
    WritePoint point;
    int64_t since;
    uint64_t messages;
  };
  World world(test.streams);
  world.ForgetWorst();
  const std::string payload(test.bytes, 'x');
  std::deque<Group> waiting;
  size_t in_flight = 0, next = 0;
  Meter meter;
  const auto round = [&](size_t window) {
    const int64_t now = NowNs();
    WritePoint last{};
    uint64_t stored = 0;
    for (; in_flight < window && !world.storage().full(); ++in_flight, ++stored) {
      last = world.Put(next++ % test.streams, "orders.new", payload);
    }
    if (stored > 0) waiting.push_back({last, now, stored});
    world.Step();
    const Durable durable = world.storage().durable();
    const int64_t end = NowNs();
    for (; !waiting.empty() && durable.Covers(waiting.front().point); waiting.pop_front()) {
      in_flight -= waiting.front().messages;
      meter.Add(end - waiting.front().since, waiting.front().messages);
    }
  };
  for (auto _ : state) round(test.window);
  Finish(state, meter, world);
  while (in_flight > 0) round(0);
  world.Die();
}

// --- Reading.

constexpr uint64_t kMillion = 1'000'000;

template <class Ask>
void MeasureAsks(benchmark::State& state, World& world, Ask ask) {
  world.ForgetWorst();
  Meter meter;
  for (auto _ : state) {
    const int64_t begin = NowNs();
    ask();
    meter.Add(NowNs() - begin);
  }
  Finish(state, meter, world);
  world.Die();
}

void LoadInOrder(benchmark::State& state) {
  World world;
  world.Fill(kMillion, 128, [](uint64_t) { return "orders.new"; });
  Seq next = 0;
  MeasureAsks(state, world, [&] {
    LoadMsg load;
    load.seq = next++ % kMillion + 1;
    CHECK(world.Run(load) == Progress::kDone);
  });
}
BENCHMARK(LoadInOrder)->Name("store/load in order, 1 M messages")->UseRealTime();

void LoadAnywhere(benchmark::State& state) {
  World world;
  world.Fill(kMillion, 128, [](uint64_t) { return "orders.new"; });
  Rng rng(1);
  MeasureAsks(state, world, [&] {
    LoadMsg load;
    load.seq = rng.Below(kMillion) + 1;
    CHECK(world.Run(load) == Progress::kDone);
  });
}
BENCHMARK(LoadAnywhere)->Name("store/load at random, 1 M messages")->UseRealTime();

void MeasureNext(benchmark::State& state, World& world, std::string filter, Seq from) {
  MeasureAsks(state, world, [&] {
    LoadMatch load;
    load.filters = {filter};
    load.from = from;
    CHECK(world.Run(load) == Progress::kDone);
  });
}

// As the reference's Benchmark_FileStoreLoadNextManySubjectsWithWildcardNearLastBlock, and
// Benchmark_FileStoreLoadNextMsgVerySparseMsgsInBetweenWithWildcard.
void NextOfSparse(benchmark::State& state, Seq from) {
  World world;
  Rng rng(1);
  world.Fill(kMillion + 2, 2, [&](uint64_t i) {
    if (i == 0 || i == kMillion + 1) return std::string("foo.1.baz");
    return "foo." + std::to_string(rng.Below(100'000) + 2) + ".bar";
  });
  MeasureNext(state, world, "foo.*.baz", from);
}
BENCHMARK_CAPTURE(NextOfSparse, near, 999'990)
    ->Name("store/next by wildcard near the end, 100 k subjects")
    ->UseRealTime();
BENCHMARK_CAPTURE(NextOfSparse, far, 2)
    ->Name("store/next by wildcard far away, 100 k subjects")
    ->UseRealTime();

void NextOverAll(benchmark::State& state) {
  World world;
  world.Fill(kMillion, 2, [&](uint64_t i) {
    return "foo." + std::to_string(i) + (i == kMillion - 1 ? ".baz" : ".bar");
  });
  MeasureNext(state, world, "foo.*.baz", 1);
}
BENCHMARK(NextOverAll)->Name("store/next by wildcard from the start, 1 M subjects")->UseRealTime();

void NextInTurn(benchmark::State& state) {
  World world;
  world.Fill(kMillion, 2, [&](uint64_t i) {
    return "foo." + std::to_string(i % 1'000) + "." + std::to_string(i);
  });
  Seq from = 1;
  MeasureAsks(state, world, [&] {
    LoadMatch load;
    load.filters = {"foo.7.*"};
    load.from = from;
    const Progress progress = world.Run(load);
    from = progress == Progress::kDone ? load.msg.seq + 1 : 1;
  });
}
BENCHMARK(NextInTurn)->Name("store/next by wildcard, 1 in 1,000 of 1 M subjects")->UseRealTime();

// --- Purging one of 1,000 subjects with 1,000 messages each.

void PurgeSubject(benchmark::State& state) {
  World world;
  world.Fill(kMillion, 128, [](uint64_t i) { return "orders." + std::to_string(i % 1'000); });
  int next = 0;
  MeasureAsks(state, world, [&] {
    Purge purge;
    purge.filter = "orders." + std::to_string(next++);
    CHECK(world.Run(purge) == Progress::kDone && purge.purged == 1'000);
    while (!world.storage().durable().Covers(purge.point)) world.Step();
  });
}
BENCHMARK(PurgeSubject)
    ->Name("store/purge 1,000 of 1 M messages by subject")
    ->UseRealTime()
    ->Iterations(20);

// --- Memory.

void MeasureMemory(benchmark::State& state, uint64_t subjects) {
  const size_t before = HeapBytes();
  World world;
  for (auto _ : state) {
    world.Fill(kMillion, 16,
               [&](uint64_t i) { return "orders.eu." + std::to_string(i % subjects) + ".new"; });
  }
  world.storage().durable();
  state.counters["bytes_each"] = static_cast<double>(HeapBytes() - before) / kMillion;
  state.counters["slice_us"] = world.worst_slice_us();
  state.SetItemsProcessed(kMillion);
  world.Die();
}
BENCHMARK_CAPTURE(MeasureMemory, subjects, kMillion)
    ->Name("store/memory of 1 M messages on 1 M subjects")
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK_CAPTURE(MeasureMemory, messages, 1)
    ->Name("store/memory of 1 M messages on one subject")
    ->UseRealTime()
    ->Iterations(1);

// --- Opening. An item is a message.

enum class End : uint8_t { kClean, kKilled };

void OpenAgain(benchmark::State& state, uint64_t messages, End end) {
  World world;
  world.Fill(messages, 128, [](uint64_t i) { return "orders." + std::to_string(i % 1'000); });
  Meter meter;
  for (auto _ : state) {
    state.PauseTiming();
    if (end == End::kClean) {
      world.Stop();
    } else {
      world.Die();
    }
    world.ForgetWorst();
    state.ResumeTiming();
    const int64_t begin = NowNs();
    world.Boot();
    meter.Add(NowNs() - begin);
  }
  CHECK(world.store().State().msgs == messages);
  Finish(state, meter, world);
  world.Die();
}
BENCHMARK_CAPTURE(OpenAgain, clean1, kMillion, End::kClean)
    ->Name("store/open after a clean stop, 1 M messages")
    ->UseRealTime()
    ->Iterations(3);
BENCHMARK_CAPTURE(OpenAgain, killed1, kMillion, End::kKilled)
    ->Name("store/recover, 1 M messages")
    ->UseRealTime()
    ->Iterations(3);
BENCHMARK_CAPTURE(OpenAgain, clean10, 10 * kMillion, End::kClean)
    ->Name("store/open after a clean stop, 10 M messages")
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK_CAPTURE(OpenAgain, killed10, 10 * kMillion, End::kKilled)
    ->Name("store/recover, 10 M messages")
    ->UseRealTime()
    ->Iterations(1);

[[maybe_unused]] const bool kRegistered = [] {
  const Publish cases[] = {{128, 1},          {128, 16},           {128, 256},  {128, 1'024},
                           {128, 1'024, 100}, {128, 1'024, 1'000}, {4'096, 256}};
  for (const Publish& test : cases) {
    std::string name =
        "store/" + std::to_string(test.bytes) + " B, " + std::to_string(test.window) + " in flight";
    if (test.streams > 1) name += ", " + std::to_string(test.streams) + " streams";
    benchmark::RegisterBenchmark(name.c_str(), StoreMessages, test)->UseRealTime();
  }
  return true;
}();

}  // namespace
}  // namespace dunlin::bench
