// One block store on a simulated disk, with a TestJournal, over its lives.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/disk/disk_driver.h"
#include "storage/file/file_store.h"
#include "tests/storage/file/test_journal.h"

namespace dunlin {
extern int mutant_switched_on;  // engine/base/mutant.h
}  // namespace dunlin

namespace dunlin::file {

class FileWorld {
 public:
  explicit FileWorld(FileStoreOptions options = {}, uint64_t seed = 1,
                     sim::SimDiskOptions disk = {})
      : options(std::move(options)), driver(seed, disk), rng_(seed) {
    if (this->options.config.name.empty()) this->options.config.name = "S";
    Boot();
  }

  FileStore& store() { return *store_; }
  Now now() const { return driver.now(); }

  // Turns until nothing moves any more.
  void Settle() {
    for (int quiet = 0; quiet < 3;) {
      if (Turn()) {
        quiet = 0;
      } else {
        ++quiet;
      }
    }
  }

  // Runs a request or job to its end. False: it failed.
  template <class Request>
  bool Run(Request& request) {
    for (int turns = 0; turns < 100'000; ++turns) {
      const Progress progress = Step(request);
      if (progress == Progress::kDone) return true;
      if (progress == Progress::kFailed) return false;
      Turn();
    }
    ADD_FAILURE() << "a request does not end";
    return false;
  }

  Seq Put(std::string_view subject, std::string_view payload = "x", std::string_view header = "",
          int64_t ttl = 0) {
    driver.Advance(Millis(1));
    const StoreResult result = store_->Store(now(), subject, header, payload, ttl);
    EXPECT_EQ(result.error, StoreError::kNone);
    last_point = result.point;
    return result.seq;
  }
  // 'S:3 "payload"', or the error.
  std::string Load(Seq seq) {
    LoadMsg load;
    load.seq = seq;
    if (!Run(load)) return DescribeStoreError(load.error);
    return std::string(load.msg.subject) + ":" + std::to_string(load.msg.seq) + " " +
           std::string(load.msg.payload);
  }
  bool Remove(Seq seq) {
    const StoreResult result = store_->Remove(now(), seq);
    if (result.ok()) last_point = result.point;
    return result.ok();
  }
  uint64_t Purge(std::string filter = "", Seq below = 0, uint64_t keep = 0) {
    dunlin::Purge purge;
    purge.filter = std::move(filter);
    purge.below = below;
    purge.keep = keep;
    EXPECT_TRUE(Run(purge));
    return purge.purged;
  }
  std::vector<std::string> Files() {
    std::vector<std::string> out;
    for (const std::string& path : driver.disk().Files()) {
      if (path.starts_with("S/msgs/")) out.push_back(path.substr(7));
    }
    return out;
  }
  // Of messages; the blocks' files only.
  std::vector<std::string> BlockFiles() {
    std::vector<std::string> out = Files();
    std::erase_if(out, [](const std::string& name) { return !name.ends_with(".blk"); });
    return out;
  }
  // As it is seen now; empty if there is no such file.
  std::string Bytes(const std::string& name) {
    return driver.disk().Contents("S/msgs/" + name).value_or("");
  }
  void SyncDeleted(const std::vector<SeqRange>& ranges) {
    EXPECT_TRUE(store_->SyncDeleted(now(), ranges).ok());
  }
  // What is due, until nothing is.
  void Due() {
    for (int i = 0; i < 100'000 && store_->NextDeadline() <= now().mono; ++i) {
      store_->OnDeadline(now());
      Settle();
    }
  }
  void Checkpoint() {
    store_->WantCheckpoint();
    Settle();
  }

  enum class Up : uint8_t { kNo, kYes };
  void Crash(sim::CrashKind kind, Up up = Up::kYes) {
    driver.Crash(kind);
    store_.reset();
    journal.Die(rng_.Fork("die", ++lives_), kind);
    if (up == Up::kYes) Boot();
  }
  // A clean stop, and a start.
  void Reopen() {
    StopClean();
    Boot();
  }
  // Likewise; what can be made again from blocks is deleted in between.
  void ReopenWithoutIndexes() {
    StopClean();
    for (const std::string& name : Files()) {
      if (name.ends_with(".db")) driver.disk().Delete("S/msgs/" + name);
    }
    Boot();
  }
  void StopClean() {
    Settle();
    store_->Stop(now());
    Settle();
    TurnWhile(FileStore::Phase::kStopping);
    EXPECT_EQ(store_->phase(), FileStore::Phase::kStopped);
    store_.reset();
    // A cache: most tests are of what the blocks say.
    if (!index_stays && driver.disk().Contents("S/msgs/index.db")) {
      driver.disk().Delete("S/msgs/index.db");
    }
  }

  void Boot() {
    Begin();
    TurnWhile(FileStore::Phase::kOpening);
    EXPECT_EQ(store_->phase(), FileStore::Phase::kScanned) << store_->Failure().value_or("");
    if (store_->phase() != FileStore::Phase::kScanned) return;
    Replay();
    Settle();
    EXPECT_EQ(store_->phase(), FileStore::Phase::kRunning) << store_->Failure().value_or("");
    for (const std::string& notice : store_->TakeNotices()) notices.push_back(notice);
    if (mutant_switched_on == 0) store_->CheckInvariants();
  }
  // The parts of Boot(), for those who look at a start, or end it.
  FileStore& Begin() {
    routes_ = std::make_unique<DiskRoutes>();
    store_ = std::make_unique<FileStore>(options, StoreDisk(&driver.queue(), routes_.get(), 1, "S"),
                                         &journal, rng_.Fork("store", ++lives_));
    store_->Open();
    return *store_;
  }
  void TurnWhile(FileStore::Phase phase) {
    for (int i = 0; i < 100'000 && store_->phase() == phase; ++i) Turn();
  }
  // False: before that many nothing moved any more.
  bool TurnTimes(int turns) {
    int quiet = 0;
    for (int i = 0; i < turns && quiet < 3; ++i) {
      quiet = Turn() ? 0 : quiet + 1;
      if (store_->phase() == FileStore::Phase::kScanned) Replay();
    }
    return quiet < 3;
  }

  FileStoreOptions options;
  sim::DiskDriver driver;
  TestJournal journal;
  WritePoint last_point;
  std::vector<std::string> notices;  // Of all openings.
  bool index_stays = false;          // index.db, after a clean stop.
  uint64_t bytes_seen = 0;           // What was read, and how long files were that were opened.

  // One completion of the disk; the store works when it asks to, as with Storage.
  bool Turn() {
    WorkIfAsked();
    const uint64_t news = journal.news;
    bool moved = journal.Turn();
    if (news != journal.news && store_->awaits_journal()) journal.Wake();
    if (const auto done = driver.Step()) {
      EXPECT_EQ(routes_->Take(done->ticket), 1u);
      bytes_seen += done->size;
      store_->OnDisk(*done);
      moved = true;
    }
    return WorkIfAsked() || moved;
  }

 private:
  void Replay() {
    journal.Attach(store_->incarnation());
    for (const TestJournal::Entry& entry : journal.entries) {
      store_->Replay({entry.batch}, entry.kind, entry.body);
    }
    store_->Start(now());
  }
  template <class Request>
  Progress Step(Request& request) {
    if constexpr (std::is_same_v<Request, dunlin::Purge> || std::is_same_v<Request, Compact> ||
                  std::is_same_v<Request, Truncate>) {
      return store_->Run(now(), request);
    } else {
      return store_->Run(request);
    }
  }

  bool WorkIfAsked() {
    if (store_->NextDeadline() <= now().mono) store_->OnDeadline(now());
    if (wakes_seen_ == journal.wakes) return false;
    wakes_seen_ = journal.wakes;
    store_->Work(now());
    return true;
  }

  Rng rng_;
  uint64_t wakes_seen_ = 0;
  uint64_t lives_ = 0;
  std::unique_ptr<DiskRoutes> routes_;
  std::unique_ptr<FileStore> store_;
};

}  // namespace dunlin::file
