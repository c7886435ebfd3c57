// A journal under load. Each owner of records (asset) appends numbered records whose bytes follow
// from owner and number, so that what is found can be judged. What the owners have passed they keep
// in a small file, replaced as a store replaces its metadata: that is what a store's checkpoint is.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <sstream>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/rng.h"
#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/journal_loop.h"
#include "tests/host/kill/child.h"
#include "tests/support/temp_dir.h"

namespace dunlin::kill {
namespace {

using host::JournalLoop;

constexpr uint8_t kRecordKind = 7;
constexpr size_t kHeadBytes = 16;

std::string BodyOf(uint64_t owner, uint64_t seq) {
  Rng rng = Rng(owner).Fork("body", seq);
  // Mostly small, some of several pages.
  const uint64_t size = kHeadBytes + (rng.Chance(1, 10) ? rng.Below(20'000) : rng.Below(300));
  std::string body(size, static_cast<char>(rng.Next()));
  std::memcpy(body.data(), &owner, 8);
  std::memcpy(body.data() + 8, &seq, 8);
  return body;
}

Incarnation IncarnationOf(uint64_t owner) {
  Incarnation incarnation;
  incarnation.bytes.fill(static_cast<uint8_t>(owner + 1));
  return incarnation;
}

class Child {
 public:
  explicit Child(const ChildOptions& options)
      : options_(options),
        rng_(options.life_seed),
        owners_(1 + Rng(options.directory_seed).Below(7)),
        window_(1 + rng_.Below(rng_.Chance(1, 2) ? 16 : 1'024)),
        disk_(host::OpenDisk(options.directory, host::kDiskWays[rng_.Below(4)])),
        loop_(*disk_, Options(), options.life_seed) {}

  void Run() {
    ReadPassed();
    Recover();
    if (options_.life == Life::kLast) return Stop();
    while (true) Work();
  }

 private:
  struct Owner {
    AssetNumber asset;
    uint64_t last = 0;       // Appended, or recovered.
    uint64_t acked = 0;      // Told.
    uint64_t passed = 0;     // In the file.
    uint64_t replayed = 0;   // Up to here, without a gap.
    WritePoint acked_point;  // Of the record that is 'acked', or a copy of it.
  };
  struct Waiting {
    uint64_t owner, seq;
    WritePoint point;
  };

  JournalOptions Options() {
    JournalOptions options;
    options.segment_bytes = (1 + Rng(options_.directory_seed).Fork("segment").Below(4)) << 20;
    options.segments_max = 3 + static_cast<uint32_t>(Rng(options_.directory_seed).Below(3));
    options.depth = 1 + static_cast<uint32_t>(rng_.Below(4));
    options.prepare_bytes_ahead = 1 << 20;
    options.gather_bytes_max = 512 << 10;
    if (rng_.Chance(1, 3)) options.access = Access::kWrite;
    if (rng_.Chance(1, 4)) {
      options.sync = JournalOptions::Sync::kInterval;
      options.sync_interval = Millis(5);
      options.access = Access::kWrite;
    }
    return options;
  }

  void ReadPassed() {
    std::istringstream text(dunlin::testing::ReadText(options_.directory + "/passed"));
    for (Owner& owner : owners_) text >> owner.passed;
    for (Owner& owner : owners_) owner.last = owner.replayed = owner.passed;
  }

  void Recover() {
    Journal& journal = loop_.journal();
    journal.Open();
    if (!loop_.RunUntil(Journal::State::kReplaying)) throw Wrong{loop_.Problem()};
    Recovered found;
    for (Progress progress; (progress = journal.NextRecovered(&found)) != Progress::kDone;) {
      if (progress == Progress::kFailed) throw Wrong{loop_.Problem()};
      if (progress == Progress::kWait) {
        loop_.Step();
      } else {
        OnFound(found);
      }
    }
    for (size_t i = 0; i < owners_.size(); ++i) {
      owners_[i].asset = journal.Attach(IncarnationOf(i));
      owners_[i].last = owners_[i].acked = std::max(owners_[i].passed, owners_[i].replayed);
    }
    journal.Start();
    if (!loop_.RunUntil(Journal::State::kRunning)) throw Wrong{loop_.Problem()};
    for (size_t i = 0; i < owners_.size(); ++i) {
      Tell("recovered " + std::to_string(i) + " " + std::to_string(owners_[i].last));
    }
  }

  void OnFound(const Recovered& found) {
    if (found.what == Recovered::What::kDamage) throw Wrong{"damage: " + found.detail};
    uint64_t index = 0, seq = 0;
    if (found.kind != kRecordKind || found.body.size() < kHeadBytes) throw Wrong{"foreign record"};
    std::memcpy(&index, found.body.data(), 8);
    std::memcpy(&seq, found.body.data() + 8, 8);
    const std::string what = std::to_string(index) + "/" + std::to_string(seq);
    if (index >= owners_.size() || found.incarnation != IncarnationOf(index)) {
      throw Wrong{"record of a wrong owner: " + what};
    }
    const std::string body = BodyOf(index, seq);
    if (body.size() != found.body.size() ||
        std::memcmp(body.data(), found.body.data(), body.size()) != 0) {
      throw Wrong{"record with wrong bytes: " + what};
    }
    // Copies of old records may come in between; new ones are in order.
    Owner& owner = owners_[index];
    if (seq > owner.replayed + 1) {
      throw Wrong{"gap before " + what + ", have " + std::to_string(owner.replayed)};
    }
    owner.replayed = std::max(owner.replayed, seq);
    owner.acked_point = std::max(owner.acked_point, found.point);
  }

  void Work() {
    Journal& journal = loop_.journal();
    while (waiting_.size() < window_ && !journal.full()) {
      const uint64_t index = rng_.Below(owners_.size());
      Owner& owner = owners_[index];
      const std::string body = BodyOf(index, ++owner.last);
      const auto bytes = reinterpret_cast<const uint8_t*>(body.data());
      const WritePoint point = journal.Append(owner.asset, kRecordKind, {bytes, body.size()});
      waiting_.push_back({index, owner.last, point});
      if (rng_.Chance(1, 20)) break;
    }
    if (journal.Wanted() != WritePoint{} && checkpoint_ == DiskTicket{}) BeginCheckpoint();
    loop_.Step();
    if (journal.state() == Journal::State::kFailed) throw Wrong{loop_.Problem()};
    idle_rounds_ = waiting_.empty() && !loop_.Problem().empty() ? idle_rounds_ + 1 : 0;
    if (idle_rounds_ > 100) throw Wrong{loop_.Problem()};
    Acknowledge();
    for (const DiskDone& done : loop_.TakeOthers()) {
      if (!done.ok()) throw Wrong{done.text};
      if (done.ticket == checkpoint_) EndCheckpoint();
    }
  }

  void Acknowledge() {
    const Durable durable = loop_.journal().durable();
    std::vector<bool> touched(owners_.size());
    for (; !waiting_.empty() && durable.Covers(waiting_.front().point); waiting_.pop_front()) {
      Owner& owner = owners_[waiting_.front().owner];
      owner.acked = waiting_.front().seq;
      owner.acked_point = waiting_.front().point;
      touched[waiting_.front().owner] = true;
    }
    for (size_t i = 0; i < owners_.size(); ++i) {
      if (touched[i]) Tell("acked " + std::to_string(i) + " " + std::to_string(owners_[i].acked));
    }
  }

  void BeginCheckpoint() {
    passing_ = owners_;
    passed_text_.clear();
    for (const Owner& owner : passing_) passed_text_ += std::to_string(owner.acked) + "\n";
    DiskQueue& queue = loop_.queue();
    const FileId file = queue.NewFile();
    DiskTicket last = queue.Open(file, "passed.tmp", Access::kWrite, Creation::kEmptied);
    last = queue.Write(file, 0, reinterpret_cast<const uint8_t*>(passed_text_.data()),
                       passed_text_.size(), last);
    last = queue.Sync(file, last);
    last = queue.Close(file, last);
    last = queue.Rename("passed.tmp", "passed", Replace::kExisting, last);
    checkpoint_ = queue.SyncDir("", last);
  }

  void EndCheckpoint() {
    checkpoint_ = {};
    for (const Owner& owner : passing_) loop_.journal().Passed(owner.asset, owner.acked_point);
  }

  void Stop() {
    loop_.journal().Stop();
    if (!loop_.RunUntil(Journal::State::kClosed)) throw Wrong{loop_.Problem()};
    disk_->Drain();
    Tell("done");
  }

  const ChildOptions options_;
  Rng rng_;
  std::vector<Owner> owners_;
  const size_t window_;
  std::unique_ptr<host::HostDisk> disk_;
  JournalLoop loop_;
  std::deque<Waiting> waiting_;  // For their sync, in order.
  int idle_rounds_ = 0;          // One after another.
  DiskTicket checkpoint_;        // The end of the one under way.
  std::vector<Owner> passing_;   // As they were when it began.
  std::string passed_text_;
};

}  // namespace

int RunJournalChild(const ChildOptions& options) { return RunChild<Child>(options); }

}  // namespace dunlin::kill
