// A store directory and its streams on the host's disk, over their lives, for benchmarks. Notes the
// longest that one call of a store, and one whole step of the loop, held the thread: its CPU time,
// so that others on the machine do not count.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/store_meter.h"
#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/storage_loop.h"

namespace dunlin::bench {

inline int64_t ThreadCpuNs() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

class World {
 public:
  using StorageLoop = host::StorageLoop;

  struct Options {
    size_t streams = 1;
    StorageOptions storage;
    StoreConfig config;  // Of each stream; the name is added.
    // Whether each call is to be noted, which takes longer than many a call does.
    enum class Calls : uint8_t { kUnnoted, kNoted } calls = Calls::kUnnoted;
  };

  explicit World(size_t streams = 1)
      : World(Options{.streams = streams, .storage = {}, .config = {}}) {}
  explicit World(Options options) : options_(std::move(options)) { Boot(); }

  Storage& storage() { return loop_->storage(); }
  file::FileStore& store(size_t i = 0) { return *stores_[i]; }
  double worst_call_us() const { return static_cast<double>(worst_call_ns_) / 1e3; }
  double worst_step_us() const { return static_cast<double>(worst_step_ns_) / 1e3; }
  void ForgetWorst() { worst_call_ns_ = worst_step_ns_ = 0; }

  // 'call' is one call of the store; the time it holds the thread is noted.
  template <class Call>
  auto Noted(Call call) {
    if (options_.calls == Options::Calls::kUnnoted) return call();
    const int64_t begin = ThreadCpuNs();
    auto result = call();
    worst_call_ns_ = std::max(worst_call_ns_, ThreadCpuNs() - begin);
    return result;
  }

  // The engine reads its clocks once a step, and so does a round of publishing.
  WritePoint Put(const Now& now, size_t stream, std::string_view subject,
                 std::string_view payload) {
    const StoreResult stored = store(stream).Store(now, subject, "", payload, 0);
    CHECK(stored.ok());
    return stored.point;
  }
  void Step(StorageLoop::How how = StorageLoop::How::kWait) {
    const int64_t begin = ThreadCpuNs();
    loop_->Step(how);
    worst_step_ns_ = std::max(worst_step_ns_, ThreadCpuNs() - begin);
    // What its owner would have taken. With many streams nobody removes anything.
    if (stores_.size() == 1) (void)store().TakeChanges();
  }
  void StepUntilDurable(WritePoint point) {
    while (!storage().durable().Covers(point)) Step();
  }
  // Until nothing that was begun waits for anything, or so long.
  void Settle(int64_t ns_max = INT64_MAX) {
    const int64_t begin = NowNs();
    for (int quiet = 0; quiet < 3 && NowNs() - begin < ns_max; ++quiet) {
      for (; !store().idle() && NowNs() - begin < ns_max; quiet = 0) Step();
      Step(StorageLoop::How::kLook);
    }
  }
  // 'subject_of' gives the i-th message's subject.
  template <class SubjectOf>
  void Fill(uint64_t messages, size_t bytes, SubjectOf subject_of) {
    const std::string payload(bytes, 'x');
    WritePoint last;
    Now now = StorageLoop::ReadClocks();
    for (uint64_t i = 0; i < messages; ++i) {
      last = Put(now, 0, subject_of(i), payload);
      if (i % 1'000 != 999 && !storage().full()) continue;
      Step(StorageLoop::How::kLook);
      while (storage().full()) Step();
      now = StorageLoop::ReadClocks();
    }
    StepUntilDurable(last);
  }
  template <class Request>
  Progress Run(Request& request) {
    while (true) {
      const Progress progress = Noted([&] {
        if constexpr (requires { store().Run(Now{}, request); }) {
          return store().Run(StorageLoop::ReadClocks(), request);
        } else {
          return store().Run(request);
        }
      });
      if (progress == Progress::kDone || progress == Progress::kFailed) return progress;
      Step(progress == Progress::kWait ? StorageLoop::How::kWait : StorageLoop::How::kLook);
    }
  }

  void Boot() {
    disk_ = host::OpenDisk(dir_.path(), host::kDiskWays[0], 64 << 10);
    loop_ = std::make_unique<StorageLoop>(*disk_, options_.storage, 1);
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < options_.streams; ++i) {
      StoreConfig config = options_.config;
      config.name = "S" + std::to_string(i);
      ids.push_back(storage().AddStream(config.name, config));
    }
    storage().Open(StorageLoop::ReadClocks());
    while (storage().state() != Storage::State::kRunning) {
      CHECK(storage().state() != Storage::State::kFailed);
      Step();
    }
    for (const uint32_t id : ids) stores_.push_back(storage().stream(id));
  }
  // In order; or as a process that is killed would.
  void Stop() {
    storage().Stop(StorageLoop::ReadClocks());
    while (storage().state() != Storage::State::kStopped) {
      CHECK(storage().state() != Storage::State::kFailed);
      Step();
    }
    Die();
  }
  void Die() {
    stores_.clear();
    disk_.reset();  // First: it lets go of memory that the loop owns.
    loop_.reset();
  }

 private:
  const Options options_;
  testing::TempDir dir_;
  std::unique_ptr<StorageLoop> loop_;
  std::unique_ptr<host::HostDisk> disk_;
  std::vector<file::FileStore*> stores_;
  int64_t worst_call_ns_ = 0;
  int64_t worst_step_ns_ = 0;
};

// The benchmark's line: what the meter saw, and the longest step.
inline void Finish(benchmark::State& state, Meter& meter, World& world) {
  meter.Report(state);
  state.counters["step_us"] = world.worst_step_us();
}

}  // namespace dunlin::bench
