// Block stores on the host's disk, through all of storage: what a stream does all day, on stores of
// a size that people have.
#include <malloc.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "tests/bench/raw_sync.h"
#include "tests/bench/store_meter.h"
#include "tests/bench/store_world.h"

namespace dunlin::bench {
namespace {

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// --- Publishing: a closed window of messages that wait for their proof.

enum class Synced : uint8_t { kYes, kNo };
struct Publish {
  size_t bytes, window, streams;
  Synced synced;
};

World::Options OptionsOf(const Publish& test) {
  World::Options options;
  options.streams = test.streams;
  if (test.synced == Synced::kNo) {
    options.storage.journal.sync = JournalOptions::Sync::kInterval;
    options.storage.journal.access = Access::kWrite;
  }
  return options;
}

class Publisher {
 public:
  explicit Publisher(const Publish& test)
      : test_(test), world_(OptionsOf(test)), payload_(test.bytes, 'x') {
    // That a stream is new is not what is measured.
    while (next_ < test.streams) Round(1'024, nullptr);
    Drain();
    world_.ForgetWorst();
  }
  ~Publisher() {
    Drain();
    world_.Die();
  }
  World& world() { return world_; }

  void Round(size_t window, Meter* meter) {
    const int64_t now = NowNs();
    const Now clocks = host::StorageLoop::ReadClocks();
    WritePoint last{};
    uint64_t stored = 0;
    for (; in_flight_ < window && !world_.storage().full(); ++in_flight_, ++stored) {
      last = world_.Put(clocks, next_++ % test_.streams, "orders.new", payload_);
    }
    if (stored > 0) waiting_.push_back({last, now, stored});
    world_.Step();
    const Durable durable = world_.storage().durable();
    const int64_t end = NowNs();
    for (; !waiting_.empty() && durable.Covers(waiting_.front().point); waiting_.pop_front()) {
      in_flight_ -= waiting_.front().messages;
      if (meter != nullptr) meter->Add(end - waiting_.front().since, waiting_.front().messages);
    }
  }
  void Drain() {
    while (in_flight_ > 0) Round(0, nullptr);
  }

 private:
  struct Group {
    WritePoint point;
    int64_t since;
    uint64_t messages;
  };
  const Publish test_;
  World world_;
  const std::string payload_;
  std::deque<Group> waiting_;
  size_t in_flight_ = 0, next_ = 0;
};

// One measurement an iteration: of so many bytes that the journal comes round, and all streams
// through their checkpoints; or, where that takes too long, of some seconds.
void StoreMessages(benchmark::State& state, Publish test) {
  constexpr uint64_t kBytes = 768u << 20, kRecordBytes = 96;
  const int64_t ns_max = test.window < 256 ? 400'000'000 : 3'000'000'000;
  Publisher publisher(test);
  std::optional<RawSync> raw;
  if (test.window == 1 && test.synced == Synced::kYes) raw.emplace();
  Meter meter, raw_meter;
  for (auto _ : state) {
    const int64_t end = NowNs() + ns_max;
    while (NowNs() < end && meter.items() * (test.bytes + kRecordBytes) < kBytes) {
      for (int i = 0; i < 16; ++i) publisher.Round(test.window, &meter);
      if (!raw) continue;
      // The disk's own figure of the same moment: it drifts by more than what is measured here.
      meter.Pause();
      for (int i = 0; i < 16; ++i) raw->Write(&raw_meter);
      meter.Resume();
    }
  }
  Finish(state, meter, publisher.world());
  if (raw) state.counters["raw_us"] = raw_meter.P50();
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
    world.StepUntilDurable(purge.point);
  });
}
BENCHMARK(PurgeSubject)
    ->Name("store/purge 1,000 of 1 M messages by subject")
    ->UseRealTime()
    ->Iterations(20);

// --- Memory: of the index of subjects, by its own account; and what a message adds to the heap
// once its bytes are in the file, and no cache keeps them. (Blocks and the journal's buffers are
// small here: there may be one more of them or less.)

std::string MemorySubject(uint64_t i) { return "orders.eu." + std::to_string(i) + ".new"; }

void SubjectMemory(benchmark::State& state) {
  World world;
  for (auto _ : state) world.Fill(kMillion, 16, MemorySubject);
  const file::SubjectMap& subjects = world.store().index().subjects;
  state.counters["bytes_each"] =
      static_cast<double>(subjects.BytesUsed()) / static_cast<double>(subjects.size());
  world.Die();
}
BENCHMARK(SubjectMemory)->Name("store/memory of 1 M subjects")->UseRealTime()->Iterations(1);

void MessageMemory(benchmark::State& state) {
  World::Options options;
  options.storage.limits.reader.cache_bytes_max = 0;
  options.storage.limits.block_bytes = 1 << 20;
  options.storage.journal.gather_bytes_max = 1 << 20;
  World world(options);
  const auto fill = [&](uint64_t messages) {
    world.Fill(messages, 16, [](uint64_t) { return MemorySubject(0); });
    world.Settle();
  };
  fill(kMillion);
  const size_t before = HeapBytes();
  for (auto _ : state) fill(4 * kMillion);
  state.counters["bytes_each"] =
      (static_cast<double>(HeapBytes()) - static_cast<double>(before)) / (4 * kMillion);
  world.Die();
}
BENCHMARK(MessageMemory)
    ->Name("store/memory of 4 M messages on one subject")
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
  for (const Synced synced : {Synced::kYes, Synced::kNo}) {
    for (const size_t bytes : {size_t{128}, size_t{4'096}}) {
      for (const size_t streams : {size_t{1}, size_t{100}, size_t{1'000}}) {
        for (const size_t window : {size_t{1}, size_t{16}, size_t{256}, size_t{1'024}}) {
          const std::string name =
              "store/" + std::to_string(bytes) + " B, " + std::to_string(window) + " in flight, " +
              std::to_string(streams) + " streams" + (synced == Synced::kYes ? "" : ", unsynced");
          benchmark::RegisterBenchmark(name.c_str(), StoreMessages,
                                       Publish{bytes, window, streams, synced})
              ->UseRealTime()
              ->Iterations(1)
              ->Repetitions(bytes == 128 && synced == Synced::kYes ? 3 : 1);
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace dunlin::bench
