#include "sim/store/campaign.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "sim/store/notice.h"
#include "sim/store/store_plan.h"
#include "sim/store/stream_model.h"

namespace dunlin::sim {
namespace {

using Outcome = StoreNode::Outcome;

class StoreRun {
 public:
  explicit StoreRun(uint64_t seed)
      : plan_(ExpandStorePlan(seed)),
        rng_(Rng(seed).Fork("story")),
        driver_(seed, {.timing = {}, .faults = {}}) {
    for (const StoreConfig& stream : plan_.node.streams)
      models_.emplace_back(StreamModel::Limits{stream.max_msgs, stream.max_msgs_per_subject});
    result_.plan = Describe(plan_);
  }

  StoreRunResult Run() {
    for (int life = 0; life < plan_.run.lives && Well(); ++life) {
      Trouble(true);
      if (!Start()) break;
      Live();
      if (Well()) End();
    }
    if (Well()) ServeAtTheEnd();
    Died(CrashKind::kKill);
    result_.hash = driver_.disk().hash();
    result_.simulated = driver_.now().mono - Instant{1'000'000'000};
    for (size_t i = 0; i < kDiskFaults; ++i)
      result_.faults += driver_.disk().dice().struck(static_cast<DiskFault>(i));
    return std::move(result_);
  }

 private:
  bool Well() const { return result_.failures.empty() && !over_; }
  void Fail(const std::string& what) {
    result_.failures.push_back("life " + std::to_string(result_.lives) + ": " + what);
  }
  void Trouble(bool on) {
    driver_.disk().SetFaults(on ? plan_.run.faults : DiskFaults{});
    driver_.disk().SetCapacity(on ? plan_.run.capacity_bytes : UINT64_MAX);
  }

  // --- Lives.

  // The memory of the node is needed until the disk has let go of it.
  void Died(CrashKind kind) {
    const size_t damages = driver_.disk().damages().size();
    driver_.Crash(kind, rng_.Next());
    for (size_t i = damages; i < driver_.disk().damages().size(); ++i) {
      const DiskDamage& damage = driver_.disk().damages()[i];
      if (damage.fault == DiskFault::kForeign) {
        foreign_.push_back(damage.path);
        continue;
      }
      damaged_ = true;
      journal_damaged_ |= damage.path.starts_with("journal/");
    }
    lost_power_ |= kind == CrashKind::kPowerLoss;
    said_ |= !node_->notices().empty();
    in_job_ = false;
    node_.reset();
  }
  CrashKind AnyDeath() { return rng_.Chance(1, 2) ? CrashKind::kKill : CrashKind::kPowerLoss; }

  // Starts the process, again and again while the disk does not let it, and dies now and then on
  // the way. The last attempts have a disk that is well.
  bool Start() {
    for (int attempt = 0; attempt < 8; ++attempt) {
      if (attempt == 5) Trouble(false);
      ++result_.lives;
      node_ = std::make_unique<StoreNode>(&driver_, plan_.node, rng_.Fork("life", result_.lives));
      const bool cut = attempt < 4 && rng_.Chance(1, 4);
      const Outcome outcome =
          node_->Boot(cut ? static_cast<int>(rng_.Below(120)) : StoreNode::kTurnsMax);
      if (outcome == Outcome::kDone) return Recovered();
      if (outcome == Outcome::kStuck && !cut) {
        Fail("stuck while it starts");
        return false;
      }
      if (outcome == Outcome::kFailed && attempt >= 5) {
        over_ = true;
        if (!damaged_) Fail("does not start: " + node_->Why());
        return false;  // Refusing to start on damage is an honest answer.
      }
      Died(AnyDeath());
    }
    Fail("does not start");
    return false;
  }

  bool Recovered() {
    Trouble(false);
    for (size_t i = 0; i < models_.size(); ++i) {
      StreamContents found;
      std::string problem = ReadAll(i, &found);
      const bool reported = said_ || !problem.empty() || !node_->notices().empty();
      if (problem.empty())
        problem = models_[i].TakeRecovered(found, lost_power_ && plan_.has_interval_policy());
      // The journal's end is told from one that was never written by what later batches say of it:
      // of the last ones nobody can.
      if (!problem.empty() && !(damaged_ && (reported || journal_damaged_))) {
        Fail("stream S" + std::to_string(i) + " " + problem +
             (damaged_ ? ": and nobody said a word" : ""));
        return false;
      }
      over_ |= !problem.empty();  // Said aloud, and there is nothing to compare with any more.
      for (const std::string& notice : node_->notices()) {
        if (damaged_ || notice.find(Describe(DiskError::kIo)) != std::string::npos) continue;
        if (notice.find(": not now; the index is not used") != std::string::npos) continue;
        if (std::any_of(foreign_.begin(), foreign_.end(),
                        [&](const auto& path) { return SpeaksOfBlock(notice, path); }))
          continue;
        Fail("speaks of damage that is not there: " + notice);
        return false;
      }
    }
    lost_power_ = said_ = false;
    Trouble(true);
    return !over_;
  }

  // Everything that the stream holds, read message by message. What is wrong, if something is.
  std::string ReadAll(size_t stream, StreamContents* found) {
    const StreamState state = node_->store(stream).State();
    found->last = state.last_seq;
    for (Seq seq = state.first_seq; seq <= state.last_seq && seq > 0; ++seq) {
      LoadMsg load;
      load.seq = seq;
      const Outcome outcome = node_->Run(stream, load);
      if (outcome == Outcome::kStuck) return "loads " + std::to_string(seq) + " for ever";
      if (outcome == Outcome::kDone) {
        found->messages[seq] = {std::string(load.msg.subject), std::string(load.msg.payload)};
      } else if (load.error != StoreError::kDeleted && load.error != StoreError::kNotFound) {
        return "cannot load " + std::to_string(seq) + ": " + load.detail;
      }
    }
    found->first = found->messages.empty() ? found->last + 1 : found->messages.begin()->first;
    if (state.msgs != found->messages.size())
      return "counts " + std::to_string(state.msgs) + " messages and has " +
             std::to_string(found->messages.size());
    if (state.msgs > 0 && state.first_seq != found->first) return "is wrong about its first";
    return "";
  }

  void End() {
    if (node_->Failed() || in_job_) return Died(AnyDeath());
    if (rng_.Chance(1, 4)) {
      const bool cut = rng_.Chance(1, 3);
      const Outcome outcome =
          node_->Stop(cut ? static_cast<int>(rng_.Below(60)) : StoreNode::kTurnsMax);
      if (outcome == Outcome::kStuck && !cut) return Fail("stuck while it stops");
      if (outcome == Outcome::kDone) {
        for (StreamModel& model : models_) model.Promised({UINT64_MAX - 1}, true);
      }
    }
    Died(AnyDeath());
  }

  void ServeAtTheEnd() {
    Trouble(false);
    plan_.run.faults = {};
    plan_.run.capacity_bytes = UINT64_MAX;
    if (!Start()) return;
    for (size_t i = 0; i < models_.size() && Well(); ++i) Store(i);
    for (int turns = 0; turns < StoreNode::kTurnsMax && Undecided() && Well(); ++turns) Turn();
    if (Well() && Undecided()) return Fail("the disk is well, and a message does not get durable");
    if (node_->Stop() != Outcome::kDone) return Fail("does not stop: " + node_->Why());
    for (StreamModel& model : models_) model.Promised({UINT64_MAX - 1}, true);
    Died(CrashKind::kPowerLoss);
    (void)Start();
  }
  bool Undecided() const {
    for (const StreamModel& model : models_) {
      if (!node_->storage().durable().Covers(last_point_) && model.undecided() > 0) return true;
    }
    return false;
  }

  // --- Within a life.

  void Turn() {
    node_->Turn();
    if (node_->storage().state() == Storage::State::kFailed) return;
    const WritePoint through = node_->storage().durable().through();
    for (StreamModel& model : models_) model.Promised(through, !plan_.has_interval_policy());
  }

  void Live() {
    for (int i = 0; i < plan_.run.changes && Well() && !node_->Failed(); ++i) {
      if (!node_->storage().full()) {
        ++result_.changes;
        if (!Change(rng_.Below(models_.size()))) return;
      }
      if (node_->Failed()) return;
      for (uint64_t turns = rng_.Below(5); turns > 0; --turns) Turn();
      if (rng_.Chance(1, 40)) {
        driver_.Advance(Millis(rng_.Between(1, 3000)));
        for (int turns = 0; turns < 40; ++turns) Turn();
      }
      for (size_t s = 0; s < models_.size(); ++s) node_->store(s).CheckInvariants();
    }
  }

  void Took(size_t stream, const char* what, const StoreResult& result) {
    if (result.ok()) {
      last_point_ = result.point;
    } else if (!node_->Failed()) {
      Fail("stream S" + std::to_string(stream) + " refuses to " + what + ": " +
           DescribeStoreError(result.error));
    }
  }

  // A limit per subject may be enforced late, when blocks must be read for it; a removal that comes
  // in between changes what there is to enforce. The model enforces at once.
  void LetSettle(size_t stream) {
    if (plan_.node.streams[stream].max_msgs_per_subject <= 0) return;
    for (int turns = 0; turns < 1000 && !node_->Failed() && !node_->store(stream).idle(); ++turns)
      Turn();
  }

  // False: the life ends in the middle of it.
  bool Change(size_t stream) {
    LetSettle(stream);
    if (node_->Failed()) return false;
    const StreamContents& now = models_[stream].now();
    switch (rng_.Below(20)) {
      case 0:
        if (rng_.Chance(1, 3)) return DoPurge(stream, "", 0, rng_.Below(3));
        return DoPurge(stream, Subject(), 0, rng_.Below(3));
      case 1: return DoPurge(stream, Subject(), AnySeq(now), 0);
      case 2: return DoCompact(stream, AnySeq(now) + (rng_.Chance(1, 8) ? now.last + 2 : 0));
      case 3:
        if (now.last > 0 && rng_.Chance(1, 2)) return DoTruncate(stream, AnySeq(now));
        return true;
      case 4: {
        const uint64_t count = 1 + rng_.Below(10);
        const StoreResult skipped =
            node_->store(stream).Skip(driver_.now(), 0, count, StreamStore::SkipTime::kKeep);
        Took(stream, "skip", skipped);
        if (skipped.ok()) models_[stream].Skip(skipped.point, count);
        return true;
      }
      case 5:
      case 6:
      case 7: {
        const auto message = now.messages.lower_bound(AnySeq(now));
        if (message == now.messages.end()) return true;
        const Seq seq = message->first;
        const StoreResult removed = node_->store(stream).Remove(driver_.now(), seq);
        Took(stream, "remove", removed);
        if (removed.ok()) models_[stream].Remove(removed.point, seq);
        return true;
      }
      default: Store(stream); return true;
    }
  }

  std::string Subject() { return std::string("orders.") + static_cast<char>('a' + rng_.Below(5)); }
  Seq AnySeq(const StreamContents& now) {
    return now.last == 0 ? 1 : now.first + rng_.Below(now.last - now.first + 2);
  }

  void Store(size_t stream) {
    const std::string subject = Subject();
    std::string payload = std::to_string(result_.changes) + " of S" + std::to_string(stream) + " ";
    payload.append(rng_.Below(plan_.run.payload_bytes_max),
                   static_cast<char>('a' + rng_.Below(26)));
    const StoreResult stored = node_->store(stream).Store(driver_.now(), subject, "", payload, 0);
    Took(stream, "store", stored);
    if (!stored.ok()) return;
    models_[stream].Store(stored.point, subject, payload);
    if (stored.seq != models_[stream].now().last)
      Fail("stream S" + std::to_string(stream) + " gave sequence " + std::to_string(stored.seq) +
           ", not " + std::to_string(models_[stream].now().last));
  }

  // Runs it to its end, or dies on the way.
  template <class Job>
  bool DoJob(size_t stream, Job& job, const char* what) {
    in_job_ = true;
    const bool cut = rng_.Chance(1, 8);
    const Outcome outcome =
        node_->Run(stream, job, cut ? static_cast<int>(rng_.Below(4)) : StoreNode::kTurnsMax);
    if (outcome == Outcome::kDone) {
      in_job_ = false;
      last_point_ = job.point;
      models_[stream].JobDone(job.point);
      return true;
    }
    if (outcome == Outcome::kStuck && !cut) Fail(std::string("stuck in a ") + what);
    if (outcome == Outcome::kFailed && !node_->Failed())
      Fail(std::string("a ") + what + " fails: " + DescribeStoreError(job.error) + job.detail);
    return false;
  }
  bool DoPurge(size_t stream, const std::string& subject, Seq below, uint64_t keep) {
    Purge job;
    job.filter = subject;
    job.below = below;
    job.keep = keep;
    models_[stream].Purge(subject, below, keep);
    return DoJob(stream, job, "purge");
  }
  bool DoCompact(size_t stream, Seq seq) {
    Compact job;
    job.seq = seq;
    models_[stream].Compact(seq);
    return DoJob(stream, job, "compact");
  }
  bool DoTruncate(size_t stream, Seq seq) {
    Truncate job;
    job.seq = std::min(seq, models_[stream].now().last);
    models_[stream].Truncate(job.seq);
    return DoJob(stream, job, "truncate");
  }

  StorePlan plan_;
  Rng rng_;
  DiskDriver driver_;
  std::vector<StreamModel> models_;
  std::unique_ptr<StoreNode> node_;
  WritePoint last_point_;
  bool lost_power_ = false;  // Since the last recovery.
  bool damaged_ = false;
  bool journal_damaged_ = false;
  std::vector<std::string> foreign_;
  bool said_ = false;  // There was a notice since the last recovery, by a process that died.
  bool in_job_ = false;
  bool over_ = false;
  StoreRunResult result_;
};

}  // namespace

StoreRunResult RunStoreSeed(uint64_t seed) { return StoreRun(seed).Run(); }

}  // namespace dunlin::sim
