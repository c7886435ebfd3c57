// A script of changes to a block store, told over its lives: what comes back after each death is
// what was there after some step, no earlier than the last one that was promised, no later than the
// last one that was begun.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/disk/crash_points.h"
#include "sim/disk/disk_driver.h"
#include "storage/file/file_store.h"
#include "tests/storage/crash_runs.h"
#include "tests/storage/file/stray_files.h"
#include "tests/storage/file/test_journal.h"
#include "tests/support/crash_story.h"

namespace dunlin {
extern int mutant_switched_on;  // engine/base/mutant.h
}  // namespace dunlin

namespace dunlin::file {

// What is being done: called in each turn, until it says when that is durable.
using Doing = std::function<std::optional<WritePoint>(FileStore&, const Now&)>;
// A change that is made in one call.
using StepOf = std::function<WritePoint(FileStore&, const Now&)>;

// A step of a story.
struct Step {
  template <class F>
  requires std::is_invocable_r_v<WritePoint, F, FileStore&, const Now&> Step(
      F once)  // NOLINT: scripts are lists of changes.
      : begin([once] { return Doing(once); }) {}
  explicit Step(std::function<Doing()> doing) : begin(std::move(doing)) {}

  std::function<Doing()> begin;
  // Instead: a clean stop, and a start with these options.
  std::optional<FileStoreOptions> restart;
  // It changes the configuration: later lives have this one, once it was promised.
  std::optional<StoreConfig> config;
};

// Slice by slice, one a turn.
template <class Job>
Step InSlices(Job job) {
  return Step(std::function<Doing()>([job] {
    return Doing([job](FileStore& store, const Now& now) mutable -> std::optional<WritePoint> {
      const Progress progress = store.Run(now, job);
      if (progress == Progress::kMore || progress == Progress::kWait) return std::nullopt;
      EXPECT_EQ(progress, Progress::kDone);
      return job.point;
    });
  }));
}

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
inline StepOf EraseOf(Seq seq) {
  return [=](FileStore& store, const Now& now) { return store.Erase(now, seq).point; };
}
inline Step PurgeOf(std::string filter, Seq below, uint64_t keep) {
  Purge job;
  job.filter = std::move(filter);
  job.below = below;
  job.keep = keep;
  return InSlices(job);
}
inline Step CompactTo(Seq seq) {
  Compact job;
  job.seq = seq;
  return InSlices(job);
}
inline Step TruncateTo(Seq seq) {
  Truncate job;
  job.seq = seq;
  return InSlices(job);
}
inline Step Configure(StoreConfig config) {
  config.name = "S";
  Step step(
      [=](FileStore& store, const Now& now) { return store.UpdateConfig(now, config).point; });
  step.config = config;
  return step;
}
inline Step RestartWith(FileStoreOptions options) {
  options.config.name = "S";
  Step step([](FileStore&, const Now&) { return WritePoint{}; });
  step.restart = std::move(options);
  return step;
}
inline StepOf WantCheckpoint() {
  return [](FileStore& store, const Now&) {
    store.WantCheckpoint();
    return WritePoint{};
  };
}

using Script = std::vector<Step>;
inline Script operator+(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Script operator*(int times, const Step& step) {
  return Script(static_cast<size_t>(times), step);
}

// How it is told.
struct Telling {
  bool stop = false;   // It ends with a clean stop.
  int sync_every = 0;  // Turns, as by Sync::kInterval; 0: what is durable is synced.
  // What else must be so after each recovery, when so many steps were promised.
  std::function<std::string(sim::SimDisk&, size_t promised)> check = {};
};

// Told once without a death (Rehearse()), it finds out what is there after each step; then told
// with deaths.
class FileStory : public sim::CrashStory {
 public:
  // 'seen': from the rehearsal; null: this is it.
  FileStory(Script script, FileStoreOptions options, Telling telling,
            const std::vector<std::string>* seen)
      : script_(std::move(script)),
        options_(std::move(options)),
        telling_(std::move(telling)),
        seen_(seen) {
    options_.config.name = "S";
    journal_.unsynced = telling_.sync_every > 0;
    configs_.emplace_back(0, options_.config);
  }

  void Begin(int life, const Now&, DiskQueue& queue, Rng rng) override {
    life_ = life;
    rng_ = rng;
    queue_ = &queue;
    journal_.keep_passed = life % 2 == 1;
    routes_ = std::make_unique<DiskRoutes>();
    for (const auto& [step, config] : configs_) {
      if (step <= promised_) options_.config = config;
    }
    MakeStore();
    looking_at_ = 0;
    looked_ = false;
  }

  void Turn(const Now& now, const DiskDone* done) override {
    turned_ = now.mono;
    if (done != nullptr) {
      (void)routes_->Take(done->ticket);
      store_->OnDisk(*done);
    }
    store_->Work(now);
    if (store_->phase() == FileStore::Phase::kScanned) {
      journal_.Attach(store_->incarnation());
      for (const auto& entry : journal_.entries)
        store_->Replay({entry.batch}, entry.kind, entry.body);
      store_->Start(now);
    }
    TurnJournal();
    if (store_->phase() == FileStore::Phase::kRunning) {
      if (life_ == 0) Play(now);
      if (life_ > 0) Look();
      const bool over = life_ == 0 ? points_.size() == script_.size() && !looking() : looked_;
      if (over && telling_.stop && store_->idle()) store_->Stop(now);
    }
    if (restarting_ && store_->phase() == FileStore::Phase::kStopped && !routes_->Waiting(1)) {
      restarting_ = false;
      options_ = *script_[points_.size()].restart;
      MakeStore();
      Done({});
    }
    store_->Work(now);
  }
  Instant NextDeadline() const override {
    // The story goes on whether or not the disk has anything to say.
    return Finished() ? kNever : turned_ + Micros(50);
  }

  bool Finished() const override {
    const bool told = points_.size() == script_.size() && promised_ == points_.size();
    const bool over = life_ == 0 ? told && !looking() : looked_;
    if (telling_.stop) {
      return over && store_->phase() == FileStore::Phase::kStopped && !routes_->Waiting(1);
    }
    // Some of what a start removes nobody waits for.
    return over && store_->idle() && !routes_->Waiting(1);
  }
  void Died(sim::CrashKind kind) override {
    store_.reset();
    restarting_ = false;
    journal_.Die(rng_.Fork("die"), kind);
    if (kind == sim::CrashKind::kPowerLoss) promised_ = std::min(promised_, synced_);
  }

  std::string Check(sim::SimDisk& disk) override {
    if (const auto failure = store_->Failure()) return *failure;
    for (const std::string& notice : store_->TakeNotices()) return "notice: " + notice;
    if (std::string stray = StrayFile(disk, *store_); !stray.empty()) return stray;
    if (telling_.check) {
      if (std::string wrong = telling_.check(disk, promised_); !wrong.empty()) return wrong;
    }
    for (size_t i = promised_; i <= begun_; ++i) {
      if ((*seen_)[i] == print_) return "";
    }
    return "promised " + std::to_string(promised_) + " of " + std::to_string(begun_) + " steps (" +
           (*seen_)[promised_] + "), there is " + print_;
  }
  std::vector<std::string> TakeRehearsed() { return std::move(rehearsed_); }

 private:
  // The rehearsal waits to see what came of the last step.
  bool looking() const { return seen_ == nullptr && rehearsed_.size() <= points_.size(); }

  void MakeStore() {
    store_ = std::make_unique<FileStore>(options_, StoreDisk(queue_, routes_.get(), 1, "S"),
                                         &journal_, rng_.Fork("store"));
    store_->Open();
  }

  void TurnJournal() {
    journal_.Turn();
    if (telling_.sync_every > 0 && ++turns_ % telling_.sync_every == 0) journal_.SyncNow();
    while (life_ == 0 && synced_ < points_.size() && journal_.SyncCovers(points_[synced_])) {
      ++synced_;
    }
    while (life_ == 0 && promised_ < points_.size() && journal_.Covers(points_[promised_])) {
      ++promised_;
    }
  }

  std::string Totals() const {
    const StreamState state = store_->State();
    std::string out = "msgs=" + std::to_string(state.msgs) +
                      " first=" + std::to_string(state.first_seq) +
                      " last=" + std::to_string(state.last_seq);
    for (const auto& [subject, total] : TotalsOf(store_.get(), "")) {
      out += " " + subject + "=" + std::to_string(total);
    }
    return out;
  }

  void Done(WritePoint point) {
    doing_ = nullptr;
    points_.push_back(point);
    if (mutant_switched_on == 0) store_->CheckInvariants();
  }

  void Play(const Now& now) {
    const int steps = rng_.Chance(1, 3) ? 3 : 1;
    for (int i = 0; i < steps && points_.size() < script_.size() && !restarting_; ++i) {
      if (looking() && !LookInRehearsal()) return;
      // A configuration is its owner's, who goes on when it is promised.
      if (configs_.back().first > promised_) return;
      const Step& step = script_[points_.size()];
      if (!doing_) {
        doing_ = step.begin();
        begun_ = points_.size() + 1;
        if (step.config) configs_.emplace_back(begun_, *step.config);
      }
      if (step.restart) {
        if (!store_->idle()) return;
        store_->Stop(now);
        restarting_ = true;
        return;
      }
      const std::optional<WritePoint> point = doing_(*store_, now);
      if (!point) return;
      Done(*point);
    }
    if (looking()) (void)LookInRehearsal();
  }

  bool LookInRehearsal() {
    Look();
    if (!looked_) return false;
    rehearsed_.push_back(print_);
    looking_at_ = 0;
    looked_ = false;
    return true;
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
  FileStoreOptions options_;  // Of the store that there is, and of the next life's.
  const Telling telling_;
  const std::vector<std::string>* const seen_;
  std::vector<std::string> rehearsed_;
  TestJournal journal_;
  Rng rng_{1};
  DiskQueue* queue_ = nullptr;
  std::unique_ptr<DiskRoutes> routes_;
  std::unique_ptr<FileStore> store_;
  int life_ = 0;
  Instant turned_;
  Doing doing_;
  bool restarting_ = false;
  std::vector<std::pair<size_t, StoreConfig>> configs_;  // By the step that brought it.
  std::vector<WritePoint> points_;                       // Of each step that was done.
  size_t begun_ = 0;                                     // Steps.
  size_t promised_ = 0;                                  // Steps whose points were durable.
  size_t synced_ = 0;                                    // Likewise, and synced.
  int turns_ = 0;
  std::string print_;
  Seq looking_at_ = 0;
  bool looked_ = false;
};

// What is there before each step, and after the last one.
inline std::vector<std::string> Rehearse(const Script& script, const FileStoreOptions& options,
                                         const Telling& telling) {
  constexpr int kTurnsMax = 100'000;
  sim::DiskDriver driver(1);
  FileStory story(script, options, telling, nullptr);
  story.Begin(0, driver.now(), driver.queue(), Rng(77));
  story.Turn(driver.now(), nullptr);
  for (int turns = 0; turns < kTurnsMax && !story.Finished(); ++turns) {
    const std::optional<DiskDone> done = driver.Step();
    if (!done) driver.Advance(Micros(50));
    story.Turn(driver.now(), done ? &*done : nullptr);
  }
  EXPECT_TRUE(story.Finished()) << "the rehearsal never ends";
  driver.Crash(sim::CrashKind::kKill);
  story.Died(sim::CrashKind::kKill);
  return story.TakeRehearsed();
}

inline FileStoreOptions Small() {
  FileStoreOptions options;
  options.limits.block_bytes = 250;  // Four or five messages.
  options.limits.writer.write_bytes_min = 100;
  return options;
}

// Blocks that get sparse, in three goes. 'take' removes or erases.
template <class Take>
Script Sparse(Take take) {
  Script script = 12 * Put("a", 40) + Script{WantCheckpoint()};
  for (Seq seq = 2; seq <= 9; seq += 2) script.push_back(Remove(seq));
  return script + Script{Put("b"),         WantCheckpoint(), take(3),  Put("b"),
                         WantCheckpoint(), take(7),          Put("c"), WantCheckpoint()};
}

// What is wrong, at the points tried; empty if nothing is.
inline std::vector<std::string> Tell(const char* name, const Script& script,
                                     const FileStoreOptions& options = Small(),
                                     const Telling& telling = {}) {
  const std::vector<std::string> seen = Rehearse(script, options, telling);
  const sim::CrashReport report = sim::RunCrashPoints(
      name, [&] { return std::make_unique<FileStory>(script, options, telling, &seen); },
      Deaths(3, 2, telling.sync_every > 0 ? 4000 : 6000));
  sim::TellCrashPoints(name, report);
  sim::ExpectEveryPoint(name, report);
  EXPECT_GT(report.effects, 10u) << "nothing to stop in the middle of";
  return report.failures;
}

}  // namespace dunlin::file
