// The root: stores and the journal together on the simulated disk, over several lives.
#include "storage/storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/disk/disk_driver.h"
#include "tests/storage/crash_runs.h"
#include "tests/support/crash_story.h"

namespace dunlin {
namespace {

using file::FileStore;
using sim::CrashKind;

StorageOptions Tiny() {
  StorageOptions options;
  options.journal.segment_bytes = 64u << 10;
  options.journal.segments_max = 3;
  options.journal.prepare_bytes_ahead = 16u << 10;
  options.limits.block_bytes = 4000;
  return options;
}

// Three streams over lives: stores in all of them, and remembers what was promised.
class Streams : public sim::CrashStory {
 public:
  explicit Streams(int messages, bool stop) : messages_(messages), stop_(stop) {}

  void Begin(int life, const Now& now, DiskQueue& queue, Rng rng) override {
    life_ = life;
    storage_ = std::make_unique<Storage>(Tiny(), &queue, rng);
    for (int i = 0; i < kStreams; ++i) {
      StoreConfig config;
      config.name = "S" + std::to_string(i);
      ids_[i] = storage_->AddStream("A/streams/" + config.name, config);
    }
    pending_.clear();
    storage_->Open(now);
  }

  void Turn(const Now& now, const DiskDone* done) override {
    turned_ = now.mono;
    if (done != nullptr) storage_->OnDisk(now, *done);
    if (storage_->NextDeadline() <= now.mono) storage_->OnDeadline(now);
    for (size_t i = 0; i < pending_.size();) {
      const Promise& promise = pending_[i];
      if (!storage_->durable().Covers(promise.point)) break;
      if (life_ == 0) promised_[promise.stream] = promise.seq;
      pending_.erase(pending_.begin());
    }
    if (storage_->state() == Storage::State::kRunning && life_ == 0 && !storage_->full()) {
      for (int i = 0; i < 3 && stored_ < messages_; ++i, ++stored_) {
        const int which = stored_ % kStreams;
        const StoreResult result =
            storage_->stream(ids_[which])
                ->Store(now, "a." + std::to_string(stored_ % 7), "", std::string(200, 'p'), 0);
        EXPECT_TRUE(result.ok());
        pending_.push_back({which, result.seq, result.point});
      }
      if (stored_ == messages_ && pending_.empty() && stop_) storage_->Stop(now);
    }
    storage_->EndOfStep(now);
  }
  Instant NextDeadline() const override { return Finished() ? kNever : turned_ + Micros(100); }

  bool Finished() const override {
    if (life_ > 0) return storage_->state() == Storage::State::kRunning;
    if (stop_) return storage_->state() == Storage::State::kStopped;
    return stored_ == messages_ && pending_.empty();
  }
  void Died(CrashKind) override { storage_.reset(); }

  std::string Check(sim::SimDisk&) override {
    for (const std::string& notice : storage_->TakeNotices()) return "notice: " + notice;
    for (int i = 0; i < kStreams; ++i) {
      const StreamState state = storage_->stream(ids_[i])->State();
      if (state.last_seq < promised_[i]) {
        return "stream " + std::to_string(i) + ": promised " + std::to_string(promised_[i]) +
               ", there are " + std::to_string(state.last_seq);
      }
      if (state.msgs != state.last_seq) return "a hole in stream " + std::to_string(i);
      storage_->stream(ids_[i])->CheckInvariants();
    }
    return "";
  }

  const Storage& storage() const { return *storage_; }

 private:
  static constexpr int kStreams = 3;
  struct Promise {
    int stream;
    Seq seq;
    WritePoint point;
  };
  const int messages_;
  const bool stop_;
  std::unique_ptr<Storage> storage_;
  uint32_t ids_[kStreams] = {};
  int life_ = 0;
  int stored_ = 0;
  Seq promised_[kStreams] = {};
  std::vector<Promise> pending_;
  Instant turned_;
};

TEST(Storage, KeepsWhatItPromisedAtEveryCrash) {
  sim::ExpectSurvivesEveryCrash(
      "storing", [] { return std::make_unique<Streams>(30, false); }, Deaths(2, 1));
}

TEST(Storage, StopsCleanlyAtEveryCrash) {
  sim::ExpectSurvivesEveryCrash(
      "stopping", [] { return std::make_unique<Streams>(12, true); }, Deaths(2, 1));
}

// More than the journal holds, several times over: it must get its space back from checkpoints.
TEST(Storage, GoesRoundTheJournalManyTimes) {
  sim::CrashOptions options;
  options.kills = 0;
  options.power_losses = 1;
  options.recoveries_cut = 0;
  options.runs_max = 3;
  sim::ExpectSurvivesEveryCrash(
      "rounds", [] { return std::make_unique<Streams>(900, false); }, options);
}

// Many streams that are filled at the same pace have enough to be written in the same step. What is
// written is copied first, and no step copies so much that it would hold everybody up.
TEST(Storage, OneStepDoesNotWriteForAllStreams) {
  constexpr int kStreams = 40;
  constexpr uint64_t kBytes = 300u << 10;
  sim::DiskDriver driver(1);
  Storage storage({}, &driver.queue(), Rng(1));
  std::vector<uint32_t> ids;
  for (int i = 0; i < kStreams; ++i) {
    StoreConfig config;
    config.name = "S" + std::to_string(i);
    ids.push_back(storage.AddStream("A/streams/" + config.name, config));
  }
  std::set<uint64_t> blocks;  // Files.
  uint64_t all = 0, most = 0;
  const auto step = [&] {
    storage.EndOfStep(driver.now());
    uint64_t bytes = 0;
    for (const DiskOp& op : driver.queue().ops()) {
      if (op.kind == DiskOp::Kind::kOpen && op.path.ends_with(".blk")) blocks.insert(op.file.value);
      if (op.kind == DiskOp::Kind::kWrite && blocks.contains(op.file.value)) bytes += op.size;
    }
    all += bytes;
    most = std::max(most, bytes);
    const std::optional<DiskDone> done = driver.Step();
    if (done) storage.OnDisk(driver.now(), *done);
    return done.has_value() || storage.NextDeadline() <= driver.now().mono;
  };
  storage.Open(driver.now());
  while (storage.state() != Storage::State::kRunning) step();
  for (const uint32_t id : ids) {
    EXPECT_TRUE(storage.stream(id)->Store(driver.now(), "a", "", std::string(kBytes, 'x'), 0).ok());
  }
  while (step()) {
  }
  EXPECT_GE(all, kStreams * kBytes);
  EXPECT_LE(most, 5u << 20);
  driver.Crash(CrashKind::kKill);
}

}  // namespace
}  // namespace dunlin
