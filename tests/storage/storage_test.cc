// The root: stores and the journal together on the simulated disk, over several lives.
#include "storage/storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
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
  Streams(int messages, bool stop, StorageOptions options = Tiny())
      : messages_(messages), stop_(stop), options_(std::move(options)) {}

  void Begin(int life, const Now& now, DiskQueue& queue, Rng rng) override {
    life_ = life;
    storage_ = std::make_unique<Storage>(options_, &queue, rng);
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
  const StorageOptions options_;
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
TEST(Storage, GoesRoundTheJournalManyTimesAtSomeCrashes) {
  sim::CrashOptions options;
  options.kills = 0;
  options.power_losses = 1;
  options.recoveries_cut = 0;
  options.runs_max = 3;
  sim::ExpectSurvivesSomeCrashes(
      "rounds", [] { return std::make_unique<Streams>(900, false); }, options);
}

// One call of one stream in each step.
TEST(Storage, GoesOnHoweverLittleAStepDoesAtSomeCrashes) {
  StorageOptions storage = Tiny();
  storage.work_per_step = 1;
  sim::CrashOptions options;
  options.kills = 1;
  options.power_losses = 1;
  options.recoveries_cut = 0;
  options.runs_max = 3;
  const auto make = [&] { return std::make_unique<Streams>(300, true, storage); };
  sim::ExpectSurvivesSomeCrashes("a little in each step", make, options);
}

// Some streams, and a step of their owner's, whose operations on files of blocks are counted.
class ManyStreams {
 public:
  ManyStreams(int streams, const StorageOptions& options, const StoreConfig& config = {})
      : storage_(options, &driver_.queue(), Rng(1)) {
    for (int i = 0; i < streams; ++i) {
      StoreConfig named = config;
      named.name = "S" + std::to_string(i);
      ids_.push_back(storage_.AddStream("A/streams/" + named.name, named));
    }
    storage_.Open(driver_.now());
    while (storage_.state() != Storage::State::kRunning) Step();
    while (Step()) {
    }
    most_bytes = most_files = bytes = 0;
  }
  ~ManyStreams() { driver_.Crash(CrashKind::kKill); }

  void PutInEach(size_t payload) {
    for (const uint32_t id : ids_) {
      const std::string text(payload, 'x');
      EXPECT_TRUE(storage_.stream(id)->Store(driver_.now(), "a", "", text, 0).ok());
    }
  }
  // False: nothing is left to do, and nothing will come by itself.
  bool Step() {
    if (storage_.NextDeadline() <= driver_.now().mono) storage_.OnDeadline(driver_.now());
    storage_.EndOfStep(driver_.now());
    uint64_t written = 0, files = 0;
    for (const DiskOp& op : driver_.queue().ops()) {
      const bool opens = op.kind == DiskOp::Kind::kOpen && op.path.ends_with(".blk");
      if (opens) blocks_.insert(op.file.value);
      if (opens) ++files;
      const bool writes = op.kind == DiskOp::Kind::kWrite && blocks_.contains(op.file.value);
      if (writes) written += op.size;
    }
    bytes += written;
    most_bytes = std::max(most_bytes, written);
    most_files = std::max(most_files, files);
    const std::optional<DiskDone> done = driver_.Step();
    if (done) storage_.OnDisk(driver_.now(), *done);
    return done.has_value() || storage_.NextDeadline() <= driver_.now().mono;
  }
  // How many streams have messages.
  size_t Filled() {
    return static_cast<size_t>(std::count_if(ids_.begin(), ids_.end(), [&](uint32_t id) {
      return storage_.stream(id)->State().msgs > 0;
    }));
  }
  sim::DiskDriver& driver() { return driver_; }
  Storage& storage() { return storage_; }

  uint64_t bytes = 0;                       // Written to blocks,
  uint64_t most_bytes = 0, most_files = 0;  // and in one step; files that were opened in one.

 private:
  sim::DiskDriver driver_{1};
  Storage storage_;
  std::vector<uint32_t> ids_;
  std::set<uint64_t> blocks_;  // Files.
};

// Many streams that are filled at the same pace have enough to be written in the same step. What is
// written is copied first, and no step copies so much that it would hold everybody up.
TEST(Storage, OneStepDoesNotWriteForAllStreams) {
  constexpr uint64_t kStreams = 40, kBytes = 400u << 10;
  ManyStreams streams(kStreams, {});
  streams.PutInEach(kBytes);
  while (streams.Step()) {
  }
  EXPECT_GE(streams.bytes, kStreams * kBytes);
  EXPECT_LE(streams.most_bytes, 3u << 19);
}

// Likewise the stores that are called.
TEST(Storage, OneStepCallsAFewOfManyStreams) {
  constexpr uint64_t kStreams = 40, kBytes = 2'000;
  StorageOptions options;
  options.limits.writer.write_bytes_min = 1'000;
  options.work_per_step = 64;
  ManyStreams streams(kStreams, options);
  streams.PutInEach(kBytes);
  while (streams.Step()) {
  }
  EXPECT_GE(streams.bytes, kStreams * kBytes);
  EXPECT_GE(streams.most_files, 1u);
  EXPECT_LE(streams.most_files, 4u);
}

TEST(Storage, OneStepExpiresAFewOfManyStreams) {
  constexpr size_t kStreams = 40;
  StoreConfig config;
  config.max_age = Seconds(10);
  StorageOptions options;
  options.work_per_step = 64;
  ManyStreams streams(kStreams, options, config);
  streams.PutInEach(10);
  while (streams.Step()) {
  }
  ASSERT_EQ(streams.Filled(), kStreams);
  streams.driver().Advance(Seconds(11));
  for (size_t left = kStreams; left > 0;) {
    ASSERT_TRUE(streams.Step());
    const size_t before = std::exchange(left, streams.Filled());
    ASSERT_LE(before - left, 4u);
  }
}

}  // namespace
}  // namespace dunlin
