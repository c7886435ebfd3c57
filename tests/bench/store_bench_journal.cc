// The journal on the host's disk: a closed window of records in flight, as many publishers that
// each wait for their acknowledgement. Latency is from Append() until the proof of durability is
// there. Segments are recycled by the time that is measured, as in any server that has run for a
// while.
#include <deque>
#include <string>
#include <vector>

#include "tests/bench/store_meter.h"
#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/journal_loop.h"

namespace dunlin::bench {
namespace {

struct Case {
  size_t bytes;
  size_t window;
  size_t assets = 1;
  JournalOptions::Sync sync = JournalOptions::Sync::kAlways;
  host::DiskWay way = host::kDiskWays[0];
};

JournalOptions OptionsOf(const Case& test) {
  JournalOptions options;
  options.segment_bytes = 16 << 20;
  options.sync = test.sync;
  if (test.sync == JournalOptions::Sync::kInterval) options.access = Access::kWrite;
  return options;
}

class Bench {
 public:
  explicit Bench(const Case& test)
      : options_(OptionsOf(test)),
        disk_(host::OpenDisk(dir_.path(), test.way)),
        loop_(*disk_, options_, 1) {
    Journal& journal = loop_.journal();
    journal.Open();
    CHECK(loop_.RunUntil(Journal::State::kReplaying));
    Recovered found;
    CHECK(journal.NextRecovered(&found) == Progress::kDone);
    for (size_t i = 0; i < test.assets; ++i) {
      Incarnation incarnation;
      incarnation.bytes.fill(static_cast<uint8_t>(i));
      incarnation.bytes[0] = static_cast<uint8_t>(i >> 8);
      incarnation.bytes[1] = 1;
      assets_.push_back(journal.Attach(incarnation));
    }
    journal.Start();
    CHECK(loop_.RunUntil(Journal::State::kRunning));
    WarmUp();
  }
  ~Bench() {
    loop_.journal().Stop();
    CHECK(loop_.RunUntil(Journal::State::kClosed));
    disk_->Drain();
  }

  // One round of the loop with this window; what became durable in it goes to 'meter'.
  void Round(size_t bytes, size_t window, Meter* meter) {
    Journal& journal = loop_.journal();
    const int64_t now = NowNs();
    WritePoint last{};
    uint64_t appended = 0;
    for (; in_flight_ < window && !journal.full(); ++in_flight_, ++appended) {
      last = journal.Append(assets_[next_asset_++ % assets_.size()], 1, {body_.data(), bytes});
    }
    // A batch may be sealed in between: the last of them then stands for all, which only makes the
    // figures worse.
    if (appended > 0) waiting_.push_back({last, now, appended});
    loop_.Step();
    CHECK(journal.state() == Journal::State::kRunning);
    const Durable durable = journal.durable();
    const int64_t end = NowNs();
    for (; !waiting_.empty() && durable.Covers(waiting_.front().point); waiting_.pop_front()) {
      in_flight_ -= waiting_.front().records;
      if (meter != nullptr) meter->Add(end - waiting_.front().since, waiting_.front().records);
    }
    // As if every store had been checkpointed up to there.
    const WritePoint wanted = journal.Wanted();
    if (wanted == WritePoint{} || wanted == passed_) return;
    for (const AssetNumber asset : assets_) journal.Passed(asset, wanted);
    passed_ = wanted;
  }

  void Finish() {
    while (in_flight_ > 0) Round(0, 0, nullptr);
  }

 private:
  struct Group {
    WritePoint point;
    int64_t since;
    uint64_t records;
  };

  void WarmUp() {
    const uint64_t all = options_.segment_bytes * (options_.segments_max + 1);
    while (loop_.journal().stats().bytes < all) Round(4'096, 256, nullptr);
    Finish();
  }

  const JournalOptions options_;
  testing::TempDir dir_;
  std::unique_ptr<host::HostDisk> disk_;
  host::JournalLoop loop_;
  std::vector<AssetNumber> assets_;
  std::vector<uint8_t> body_ = std::vector<uint8_t>(4'096, 'x');
  std::deque<Group> waiting_;
  size_t in_flight_ = 0;
  size_t next_asset_ = 0;
  WritePoint passed_;
};

void JournalAppend(benchmark::State& state, Case test) {
  Bench bench(test);
  Meter meter;
  for (auto _ : state) bench.Round(test.bytes, test.window, &meter);
  meter.Report(state);
  bench.Finish();
}

void Add(const Case& test) {
  std::string name =
      "journal/" + std::to_string(test.bytes) + " B, " + std::to_string(test.window) + " in flight";
  if (test.assets > 1) name += ", " + std::to_string(test.assets) + " streams";
  if (test.way.engine == host::HostDisk::Engine::kThreads) name += ", threads";
  if (test.way.writes == host::HostDisk::Writes::kBuffered) name += ", buffered";
  if (test.sync == JournalOptions::Sync::kInterval) name += ", unsynced";
  benchmark::RegisterBenchmark(name.c_str(), JournalAppend, test)->UseRealTime();
}

[[maybe_unused]] const bool kRegistered = [] {
  using Sync = JournalOptions::Sync;
  for (const size_t bytes : {size_t{128}, size_t{4'096}}) {
    for (const size_t window : {size_t{1}, size_t{16}, size_t{256}, size_t{1'024}}) {
      Add({bytes, window});
    }
  }
  for (const size_t assets : {size_t{100}, size_t{1'000}}) Add({128, 1'024, assets});
  for (const size_t window : {size_t{1}, size_t{256}, size_t{1'024}}) {
    Add({128, window, 1, Sync::kInterval});
  }
  Add({4'096, 256, 1, Sync::kInterval});
  for (const host::DiskWay& way : {host::kDiskWays[2], host::kDiskWays[3]}) {
    for (const size_t window : {size_t{1}, size_t{256}}) Add({128, window, 1, Sync::kAlways, way});
  }
  return true;
}();

}  // namespace
}  // namespace dunlin::bench
