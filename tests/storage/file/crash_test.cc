// The block store dies at every point of a story, and once more while it recovers. What comes back
// is what was there after some step: no earlier than the last one that was promised, no later than
// the last one that was begun.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/file/file_store.h"
#include "tests/storage/file/test_journal.h"
#include "tests/support/crash_story.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

// A step of a story: changes the store, and says when that is durable. Jobs are one call here: all
// that they need is in memory.
using StepOf = std::function<WritePoint(FileStore&, const Now&)>;

StepOf Put(std::string subject, size_t bytes = 20) {
  return [=](FileStore& store, const Now& now) {
    const std::string payload(bytes, static_cast<char>('a' + store.State().last_seq % 26));
    return store.Store(now, subject, "", payload, 0).point;
  };
}
StepOf Remove(Seq seq) {
  return [=](FileStore& store, const Now& now) { return store.Remove(now, seq).point; };
}
StepOf Skip(uint64_t count) {
  return [=](FileStore& store, const Now& now) {
    return store.Skip(now, 0, count, StreamStore::SkipTime::kKeep).point;
  };
}
StepOf PurgeOf(std::string filter, Seq below, uint64_t keep) {
  return [=](FileStore& store, const Now& now) {
    Purge job;
    job.filter = filter;
    job.below = below;
    job.keep = keep;
    EXPECT_EQ(store.Run(now, job), Progress::kDone);
    return job.point;
  };
}
StepOf CompactTo(Seq seq) {
  return [=](FileStore& store, const Now& now) {
    Compact job;
    job.seq = seq;
    EXPECT_EQ(store.Run(now, job), Progress::kDone);
    return job.point;
  };
}
StepOf TruncateTo(Seq seq) {
  return [=](FileStore& store, const Now& now) {
    Truncate job;
    job.seq = seq;
    EXPECT_EQ(store.Run(now, job), Progress::kDone);
    return job.point;
  };
}
StepOf WantCheckpoint() {
  return [](FileStore& store, const Now&) {
    store.WantCheckpoint();
    return WritePoint{};
  };
}

using Script = std::vector<StepOf>;
Script operator+(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Script operator*(int times, const StepOf& step) { return Script(static_cast<size_t>(times), step); }

class FileStory : public sim::CrashStory {
 public:
  FileStory(Script script, FileStoreOptions options, bool stop)
      : script_(std::move(script)), options_(std::move(options)), stop_(stop) {
    options_.config.name = "S";
    seen_.push_back("msgs=0 first=0 last=0");
  }

  void Begin(int life, const Now&, DiskQueue& queue, Rng rng) override {
    life_ = life;
    rng_ = rng;
    journal_.keep_passed = rng.Fork("keep").Chance(1, 2);
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
      for (const auto& entry : journal_.entries) store_->Replay(entry.kind, entry.body);
      store_->Start(now);
    }
    journal_.Turn();
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
  void Died(CrashKind) override {
    store_.reset();
    journal_.Die(rng_.Fork("die"));
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
      store_->CheckInvariants();
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
    store_->CheckInvariants();
    looked_ = true;
  }

  const Script script_;
  FileStoreOptions options_;
  const bool stop_;
  TestJournal journal_;
  Rng rng_{1};
  std::unique_ptr<DiskRoutes> routes_;
  std::unique_ptr<FileStore> store_;
  int life_ = 0;
  Instant turned_;
  std::vector<WritePoint> points_;  // Of each step that was done.
  std::vector<std::string> seen_;   // What was there before each step, and after the last one.
  size_t promised_ = 0;             // Steps whose points were durable.
  std::string print_;
  Seq looking_at_ = 0;
  bool looked_ = false;
};

FileStoreOptions Small() {
  FileStoreOptions options;
  options.limits.block_bytes = 250;  // Four or five messages.
  options.limits.writer.write_bytes_min = 100;
  return options;
}

void RunStory(const char* name, const Script& script, const FileStoreOptions& options = Small(),
              bool stop = false) {
  sim::CrashOptions crash;
  crash.kills = 1;
  crash.power_losses = 3;
  crash.recoveries_cut = 2;
  crash.runs_max = 300;
  const sim::CrashReport report = sim::RunCrashPoints(
      name, [&] { return std::make_unique<FileStory>(script, options, stop); }, crash);
  EXPECT_GT(report.points, 10u);
  for (const std::string& failure : report.failures) ADD_FAILURE() << failure;
}

const Script kTen = 10 * Put("a");

TEST(FileStoreCrash, Storing) {
  RunStory("storing", kTen + Script{WantCheckpoint()} + kTen + Script{WantCheckpoint(), Put("b")});
}
TEST(FileStoreCrash, Removing) {
  RunStory("removing", kTen + Script{WantCheckpoint(), Remove(1), Remove(5), Remove(10), Remove(2),
                                     Put("b"), Remove(3), Remove(4), WantCheckpoint(), Remove(6),
                                     Remove(7), Put("c"), Remove(9), Remove(8), WantCheckpoint()});
}
TEST(FileStoreCrash, EmptyingAndGoingOn) {
  RunStory("emptying", Script{Put("a"), Remove(1), WantCheckpoint(), Put("a"), Put("a"), Remove(3),
                              Remove(2), WantCheckpoint()} +
                           kTen + Script{WantCheckpoint()});
}
TEST(FileStoreCrash, Skipping) {
  RunStory("skipping", Script{Skip(3), Put("a"), Skip(1), WantCheckpoint(), Put("a"), Skip(100'000),
                              Put("a"), WantCheckpoint(), Put("b"), Skip(2)});
}
TEST(FileStoreCrash, PurgingEverything) {
  RunStory("purge", kTen + Script{WantCheckpoint(), Put("b"), PurgeOf("", 0, 0), Put("c"),
                                  WantCheckpoint(), Put("d"), PurgeOf("", 0, 0), WantCheckpoint()});
}
TEST(FileStoreCrash, PurgingBySubject) {
  Script script;
  for (int i = 0; i < 12; ++i) script.push_back(Put("s." + std::to_string(i % 3)));
  RunStory("purge by subject",
           script + Script{WantCheckpoint(), PurgeOf("s.1", 0, 1), Put("s.1"), PurgeOf("s.0", 8, 0),
                           WantCheckpoint(), PurgeOf("s.*", 0, 2), Put("x"), WantCheckpoint()});
}
TEST(FileStoreCrash, Compacting) {
  RunStory("compact", kTen + Script{WantCheckpoint(), CompactTo(7), Put("b"), CompactTo(11),
                                    Put("c"), WantCheckpoint(), CompactTo(30), Put("d")});
}
TEST(FileStoreCrash, Truncating) {
  RunStory("truncate",
           kTen + Script{Remove(4), WantCheckpoint(), TruncateTo(7), Put("b"), Put("b"),
                         WantCheckpoint(), TruncateTo(4), Put("c"), Put("c"), WantCheckpoint(),
                         TruncateTo(2), Put("d"), TruncateTo(0), Put("e"), WantCheckpoint()});
}
TEST(FileStoreCrash, EnforcingLimits) {
  FileStoreOptions options = Small();
  options.config.max_msgs = 8;
  options.config.max_msgs_per_subject = 2;
  Script script;
  for (int i = 0; i < 24; ++i) {
    script.push_back(Put("s." + std::to_string(i * 7 % 5)));
    if (i % 8 == 5) script.push_back(WantCheckpoint());
  }
  RunStory("limits", script, options);
}
TEST(FileStoreCrash, RewritingSparseBlocks) {
  FileStoreOptions options = Small();
  options.config.compression = StoreCompression::kS2;
  Script script = 12 * Put("a", 40) + Script{WantCheckpoint()};
  for (Seq seq = 2; seq <= 9; seq += 2) script.push_back(Remove(seq));
  RunStory("rewrite",
           script + Script{Put("b"), WantCheckpoint(), Remove(3), Put("b"), WantCheckpoint(),
                           Remove(7), Put("c"), WantCheckpoint()},
           options);
}
TEST(FileStoreCrash, ErasingAndStopping) {
  const auto erase = [](Seq seq) {
    return [=](FileStore& store, const Now& now) { return store.Erase(now, seq).point; };
  };
  RunStory("erase", 8 * Put("a") + Script{erase(3), Put("b"), erase(9), WantCheckpoint()}, Small(),
           true);
}
TEST(FileStoreCrash, TruncatingAndStopping) {
  RunStory(
      "truncate, stop",
      9 * Put("a") + Script{Remove(2), WantCheckpoint(), TruncateTo(6), Put("b"), WantCheckpoint()},
      Small(), true);
}
TEST(FileStoreCrash, StoppingCleanly) {
  RunStory("stop",
           kTen + Script{Remove(1), Remove(2), Remove(6), WantCheckpoint(), Put("b"), Remove(11)},
           Small(), true);
}
TEST(FileStoreCrash, StoppingWhenEmpty) {
  RunStory("stop empty", Script{Put("a"), Put("a"), PurgeOf("", 0, 0), Put("b"), Remove(3)},
           Small(), true);
}

}  // namespace
}  // namespace dunlin::file
