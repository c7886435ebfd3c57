// A script of changes to a block store, told over its lives: what comes back after each death is
// what was there after some step, no earlier than the last one that was promised, no later than the
// last one that was begun.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/disk/crash_points.h"
#include "storage/file/file_store.h"
#include "tests/storage/crash_runs.h"
#include "tests/storage/file/test_journal.h"

namespace dunlin {
extern int mutant_switched_on;  // engine/base/mutant.h
}  // namespace dunlin

namespace dunlin::file {

// A step of a story: changes the store, and says when that is durable. Jobs are one call here: all
// that they need is in memory.
using StepOf = std::function<WritePoint(FileStore&, const Now&)>;

inline StepOf Put(std::string subject, size_t bytes = 20) {
  return [=](FileStore& store, const Now& now) {
    const std::string payload(bytes, static_cast<char>('a' + store.State().last_seq % 26));
    return store.Store(now, subject, "", payload, 0).point;
  };
}
inline StepOf Remove(Seq seq) {
  return [=](FileStore& store, const Now& now) { return store.Remove(now, seq).point; };
}
inline StepOf Skip(uint64_t count) {
  return [=](FileStore& store, const Now& now) {
    return store.Skip(now, 0, count, StreamStore::SkipTime::kKeep).point;
  };
}
inline StepOf PurgeOf(std::string filter, Seq below, uint64_t keep) {
  return [=](FileStore& store, const Now& now) {
    Purge job;
    job.filter = filter;
    job.below = below;
    job.keep = keep;
    EXPECT_EQ(store.Run(now, job), Progress::kDone);
    return job.point;
  };
}
inline StepOf CompactTo(Seq seq) {
  return [=](FileStore& store, const Now& now) {
    Compact job;
    job.seq = seq;
    EXPECT_EQ(store.Run(now, job), Progress::kDone);
    return job.point;
  };
}
inline StepOf TruncateTo(Seq seq) {
  return [=](FileStore& store, const Now& now) {
    Truncate job;
    job.seq = seq;
    EXPECT_EQ(store.Run(now, job), Progress::kDone);
    return job.point;
  };
}
inline StepOf WantCheckpoint() {
  return [](FileStore& store, const Now&) {
    store.WantCheckpoint();
    return WritePoint{};
  };
}

using Script = std::vector<StepOf>;
inline Script operator+(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Script operator*(int times, const StepOf& step) {
  return Script(static_cast<size_t>(times), step);
}

// How it is told.
struct Telling {
  bool stop = false;   // It ends with a clean stop.
  int sync_every = 0;  // Turns, as by Sync::kInterval; 0: what is durable is synced.
};

class FileStory : public sim::CrashStory {
 public:
  FileStory(Script script, FileStoreOptions options, Telling telling)
      : script_(std::move(script)),
        options_(std::move(options)),
        stop_(telling.stop),
        sync_every_(telling.sync_every) {
    options_.config.name = "S";
    journal_.unsynced = sync_every_ > 0;
    seen_.push_back("msgs=0 first=0 last=0");
  }

  void Begin(int life, const Now&, DiskQueue& queue, Rng rng) override {
    life_ = life;
    rng_ = rng;
    journal_.keep_passed = life % 2 == 1;
    routes_ = std::make_unique<DiskRoutes>();
    store_ = std::make_unique<FileStore>(options_, StoreDisk(&queue, routes_.get(), 1, "S"),
                                         &journal_, rng.Fork("store"));
    store_->Open();
    print_.clear();
    looking_at_ = 0;
    looked_ = false;
  }

  void Turn(const Now& now, const DiskDone* done) override {
    turned_ = now.mono;
    if (done != nullptr) store_->OnDisk(*done);
    store_->Work(now);
    if (store_->phase() == FileStore::Phase::kScanned) {
      journal_.Attach(store_->incarnation());
      for (const auto& entry : journal_.entries)
        store_->Replay({entry.batch}, entry.kind, entry.body);
      store_->Start(now);
    }
    journal_.Turn();
    if (sync_every_ > 0 && ++turns_ % sync_every_ == 0) journal_.SyncNow();
    while (life_ == 0 && synced_ < points_.size() && journal_.SyncCovers(points_[synced_])) {
      ++synced_;
    }
    while (life_ == 0 && promised_ < points_.size() && journal_.Covers(points_[promised_])) {
      ++promised_;
    }
    if (store_->phase() == FileStore::Phase::kRunning) {
      if (life_ == 0 && points_.size() < script_.size()) Play(now);
      if (life_ > 0) Look();
      const bool over = life_ == 0 ? points_.size() == script_.size() : looked_;
      if (over && stop_ && store_->idle()) store_->Stop(now);
    }
    store_->Work(now);
  }
  Instant NextDeadline() const override {
    // The story goes on whether or not the disk has anything to say.
    return Finished() ? kNever : turned_ + Micros(50);
  }

  bool Finished() const override {
    const bool over =
        life_ == 0 ? points_.size() == script_.size() && promised_ == points_.size() : looked_;
    if (stop_) return over && store_->phase() == FileStore::Phase::kStopped;
    return over && store_->idle();
  }
  void Died(sim::CrashKind kind) override {
    store_.reset();
    journal_.Die(rng_.Fork("die"), kind);
    if (kind == sim::CrashKind::kPowerLoss) promised_ = std::min(promised_, synced_);
  }

  std::string Check(sim::SimDisk&) override {
    if (const auto failure = store_->Failure()) return *failure;
    for (const std::string& notice : store_->TakeNotices()) return "notice: " + notice;
    for (size_t i = promised_; i < seen_.size(); ++i) {
      if (seen_[i] == print_) return "";
    }
    return "promised " + std::to_string(promised_) + " of " + std::to_string(seen_.size() - 1) +
           " steps (" + seen_[promised_] + "), there is " + print_;
  }

 private:
  std::string Totals() const {
    const StreamState state = store_->State();
    std::string out = "msgs=" + std::to_string(state.msgs) +
                      " first=" + std::to_string(state.first_seq) +
                      " last=" + std::to_string(state.last_seq);
    for (const auto& [subject, total] : store_->SubjectsTotals("")) {
      out += " " + subject + "=" + std::to_string(total);
    }
    return out;
  }

  void Play(const Now& now) {
    const int steps = rng_.Chance(1, 3) ? 3 : 1;
    for (int i = 0; i < steps && points_.size() < script_.size(); ++i) {
      points_.push_back(script_[points_.size()](*store_, now));
      if (mutant_switched_on == 0) store_->CheckInvariants();
      print_ = Totals();
      const StreamState state = store_->State();
      LoadMatch load;
      for (load.from = state.first_seq; store_->Run(load) == Progress::kDone;) {
        Note(load.msg);
        const Seq next = load.msg.seq + 1;
        load = {};
        load.from = next;
      }
      seen_.push_back(print_);
    }
  }

  void Note(const StoredMsg& msg) {
    print_ += " " + std::to_string(msg.seq) + ":" + std::string(msg.subject) +
              std::string(msg.payload.substr(0, 1));
  }

  // Reads everything that is there, waiting where it must.
  void Look() {
    const StreamState state = store_->State();
    if (looking_at_ == 0) {
      if (!store_->idle()) return;
      print_ = Totals();
      looking_at_ = std::max<Seq>(state.first_seq, 1);
    }
    while (looking_at_ <= state.last_seq) {
      LoadMatch load;
      load.from = looking_at_;
      const Progress progress = store_->Run(load);
      if (progress == Progress::kMore || progress == Progress::kWait) return;
      looking_at_ = state.last_seq + 1;
      if (load.error == StoreError::kFailed) print_ += " " + load.detail;
      if (progress != Progress::kDone) break;
      Note(load.msg);
      looking_at_ = load.msg.seq + 1;
    }
    if (mutant_switched_on == 0) store_->CheckInvariants();
    looked_ = true;
  }

  const Script script_;
  FileStoreOptions options_;
  const bool stop_;
  const int sync_every_;
  TestJournal journal_;
  Rng rng_{1};
  std::unique_ptr<DiskRoutes> routes_;
  std::unique_ptr<FileStore> store_;
  int life_ = 0;
  Instant turned_;
  std::vector<WritePoint> points_;  // Of each step that was done.
  std::vector<std::string> seen_;   // What was there before each step, and after the last one.
  size_t promised_ = 0;             // Steps whose points were durable.
  size_t synced_ = 0;               // Likewise, and synced.
  int turns_ = 0;
  std::string print_;
  Seq looking_at_ = 0;
  bool looked_ = false;
};

inline FileStoreOptions Small() {
  FileStoreOptions options;
  options.limits.block_bytes = 250;  // Four or five messages.
  options.limits.writer.write_bytes_min = 100;
  return options;
}

// What is wrong, at the points tried; empty if nothing is.
inline std::vector<std::string> Tell(const char* name, const Script& script,
                                     const FileStoreOptions& options = Small(),
                                     const Telling& telling = {}) {
  sim::CrashOptions crash;
  crash.kills = 1;
  crash.power_losses = 3;
  crash.recoveries_cut = 2;
  crash.runs_max = CrashRuns(telling.sync_every > 0 ? 60 : 150);
  const sim::CrashReport report = sim::RunCrashPoints(
      name, [&] { return std::make_unique<FileStory>(script, options, telling); }, crash);
  EXPECT_GT(report.effects, 10u) << "nothing to stop in the middle of";
  return report.failures;
}

}  // namespace dunlin::file
