#include "sim/store/story_runner.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/store/msg_headers.h"
#include "sim/store/notice.h"

namespace dunlin::sim {
namespace {

constexpr int kPatienceTurns = 4000;

// That a process meets while it runs. (What it finds damaged is no failure of the disk.)
bool Any(const DiskFaults& faults) {
  for (const FaultRate* rate : {&faults.read_error, &faults.write_error, &faults.sync_error,
                                &faults.space_error, &faults.too_many_files}) {
    if (rate->per_million > 0) return true;
  }
  return false;
}

}  // namespace

StoryRunner::StoryRunner(const StorySetup& setup, Mode mode)
    : mode_(mode),
      setup_(setup),
      rng_(Rng(setup.seed).Fork("story")),
      questions_(Rng(setup.seed).Fork("questions")),
      driver_(setup.seed, {.timing = {}, .faults = {}}),
      configs_(setup),
      consumers_(setup),
      damage_(setup.journal.directory),
      asked_(setup.streams.size()),
      turned_back_(setup.streams.size()),
      packed_(setup.streams.size()),
      from_stop_(setup.streams.size()),
      tallies_(setup.streams.size()) {
  for (const StoryStream& stream : setup_.streams) {
    histories_.emplace_back(stream.config);
    histories_.back().Restart(StreamTwin::Empty(stream.config));
    there_.push_back(!stream.late);
    gone_.push_back(false);
    drops_.emplace_back();
    lamed_.push_back(false);
    loose_.push_back(false);
    packed_[histories_.size() - 1] = stream.config.compression != StoreCompression::kNone;
  }
}

StoryRunner::~StoryRunner() { Kill(); }

void StoryRunner::Kill() {
  if (process_ != nullptr) Die(CrashKind::kKill, 0);
}

StoryCounts StoryRunner::counts() {
  StoryCounts counts = counts_;
  for (size_t i = 0; i < kDiskFaults; ++i)
    counts.faults += driver_.disk().dice().struck(static_cast<DiskFault>(i));
  counts.simulated = driver_.now().mono - Instant{1'000'000'000};
  return counts;
}

bool StoryRunner::Fail(std::string text) {
  if (SeeDamage()) return false;  // Nobody knew of it.
  const scenario::Position at = step_ == nullptr ? scenario::Position{} : step_->at;
  failures_.push_back({at, "life " + std::to_string(counts_.lives) + ": " + std::move(text)});
  return false;
}

bool StoryRunner::IsOfPlanted(const std::string& notice) const {
  return std::any_of(planted_.begin(), planted_.end(),
                     [&](const std::string& path) { return SpeaksOfBlock(notice, path); });
}

void StoryRunner::Trouble(bool on) {
  driver_.disk().SetFaults(on ? faults_ : DiskFaults{});
  driver_.disk().SetCapacity(on ? capacity_ : UINT64_MAX);
}

bool StoryRunner::in_trouble() const { return Any(faults_) || capacity_ != UINT64_MAX; }

// --- Lives.

// The memory of the process is needed until the disk has let go of it.
void StoryRunner::Die(CrashKind kind, uint64_t variant) {
  NotePromises();
  if (process_->Failed()) why_ = process_->Why();
  if (recovered_) durable_ = process_->storage().durable().through();
  last_notices_ = process_->notices();
  said_.insert(said_.end(), last_notices_.begin(), last_notices_.end());
  driver_.Crash(kind, variant);
  (void)SeeDamage();
  lost_power_ |= kind == CrashKind::kPowerLoss;
  // What nobody was promised may be there again; what dies with the power, too.
  const bool forgotten = kind == CrashKind::kPowerLoss && setup_.has_interval_policy();
  std::erase_if(erased_, [&](const Erased& erased) { return forgotten || !erased.promised; });
  death_ = {};
  driver_.disk().Await(std::nullopt);
  process_.reset();
}

// What the disk has done to files. True: something, since this was last asked.
bool StoryRunner::SeeDamage() {
  const std::vector<DiskDamage>& damages = driver_.disk().damages();
  const bool any = damages_seen_ < damages.size();
  for (; damages_seen_ < damages.size(); ++damages_seen_) {
    const DiskDamage& damage = damages[damages_seen_];
    if (damage.fault != DiskFault::kForeign) Damage(damage.path, damage.before);
    planted_.insert(damage.path);
    if (damage.fault != DiskFault::kRotOnRead) continue;
    was_damaged_ = true;  // What it takes, and what a limit takes instead, begins with it.
    if (!recovered_) continue;
    for (size_t i = 0; i < loose_.size(); ++i)
      loose_[i] = loose_[i] || damage_.Concerns(histories_[i].config().name);
  }
  return any;
}

// Rot leaves the truth to be read.
void StoryRunner::Damage(const std::string& path, std::string before) {
  damaged_ = true;
  no_index_ |= path.ends_with("/index.db") && !driver_.disk().Contents(path);
  if (before.empty()) before = driver_.disk().Truth(path).value_or("");
  std::string after = driver_.disk().Contents(path).value_or("");
  if (before != after) consumers_.Damaged(path);
  // What is struck while it is read fails in this life.
  if (process_ != nullptr) consumers_.Excuse(process_.get());
  damage_.Note(path, std::move(before), std::move(after));
}

// Whether a process that cannot go on may have a reason.
bool StoryRunner::MayFail() const { return in_trouble() || (damaged_ && !damage_.only_blocks()); }

void StoryRunner::DieIfDue() {
  if (process_ == nullptr || !process_->dying()) return;
  was_cut_ = true;
  const bool forced = driver_.disk().completions() >= forced_.at;
  const Death death = forced ? forced_ : death_;
  if (forced) {
    died_there_ = true;
    forced_ = {};
  }
  Die(death.kind, death.variant);
}

void StoryRunner::DieAt(uint64_t completions, CrashKind kind, uint64_t variant) {
  forced_ = {completions, kind, variant};
  died_there_ = false;
  if (process_ != nullptr) process_->DieAt(std::min(death_.at, forced_.at));
  DieIfDue();
}

// What whoever starts the process finds configured.
bool StoryRunner::TakeConfigs() {
  for (size_t i = 0; i < histories_.size(); ++i) {
    StoryStream& stream = setup_.streams[i];
    const std::string meta =
        setup_.meta && !stream.in_memory ? ReadMeta(driver_.disk(), setup_, i) : "";
    std::string problem;
    const StoreConfig found = configs_.Recover(i, meta, &problem);
    if (!problem.empty() && !damaged_) return Fail("stream " + found.name + ": " + problem);
    if (StoryConfigs::MetaOf(found) == StoryConfigs::MetaOf(stream.config)) continue;
    stream.config = found;
    histories_[i].Reverted(found);
  }
  return true;
}

bool StoryRunner::Begin() {
  ++counts_.lives;
  did_not_start_ = false;
  for (size_t i = 0; i < from_stop_.size(); ++i) {
    const std::string path = "streams/" + setup_.streams[i].config.name + "/msgs/checkpoint";
    const std::string index = "streams/" + setup_.streams[i].config.name + "/msgs/index.db";
    from_stop_[i] = !driver_.disk().Contents(path) || (from_stop_[i] && !recovered_);
    // Somebody took it, or planted a block.
    no_moment_ |= (no_index_ || !planted_.empty()) && !driver_.disk().Contents(path) &&
                  !driver_.disk().Contents(index);
  }
  recovered_ = false;
  for (StoryTally& tally : tallies_) tally.Forget();
  stopped_ = false;
  was_cut_ = false;
  why_.clear();
  Trouble(true);
  if (!TakeConfigs()) return false;
  // What was deleted, and may be back: whoever looks finds it, or nothing.
  for (size_t i = 0; i < there_.size(); ++i) {
    const bool is_dropped = drops_[i].asked && !drops_[i].added;
    there_[i] = (there_[i] && !is_dropped) || HasFiles(i);
  }
  process_ =
      std::make_unique<StoreProcess>(&driver_, setup_, there_, rng_.Fork("life", counts_.lives));
  process_->DieAt(std::min(death_.at, forced_.at));
  if (driver_.disk().awaits()) process_->DieOnceMet();
  process_->StopAt(stop_at_);
  consumers_.Excuse(process_.get());
  for (size_t i = 0; i < histories_.size(); ++i) {
    if (setup_.alone && damage_.MayStop(histories_[i].config().name)) process_->Excuse(i);
  }
  stop_at_ = StoreProcess::kNoDeath;
  return true;
}

bool StoryRunner::HasFiles(size_t stream) {
  const std::string folder = "streams/" + setup_.streams[stream].config.name + "/";
  const std::vector<std::string> files = driver_.disk().Files();
  return std::any_of(files.begin(), files.end(),
                     [&](const std::string& path) { return path.starts_with(folder); });
}

bool StoryRunner::DoStart() {
  if (process_ != nullptr) {
    if (AwaitsInVain()) return false;
    const bool armed = death_.at != StoreProcess::kNoDeath || driver_.disk().awaits();
    if (mode_ == Mode::kStrict && !armed && !process_->Failed())
      return Fail("the process runs already");
    Die(armed ? death_.kind : CrashKind::kKill, death_.variant);
  }
  begun_ = true;
  if (!Begin()) return false;
  const Outcome booted = process_->Boot();
  const bool struck = SeeDamage();  // The next process is let go on without what this one lost.
  switch (booted) {
    case Outcome::kDone: return Recovered();
    case Outcome::kDied: DieIfDue(); return true;
    case Outcome::kStuck:
      // On a full disk it waits for room.
      if (!MayWaitForRoom()) return Fail("stuck while it starts");
      break;
    case Outcome::kStopped:
      // What a stop that came early did not look at may not be synced yet.
      Die(setup_.has_interval_policy() ? CrashKind::kKill : CrashKind::kPowerLoss, 0);
      was_cut_ = true;
      return true;
    case Outcome::kFailed: break;
  }
  const std::string why = process_->Why();
  if (!MayFail() && !struck) return Fail("does not start: " + why);
  Die(CrashKind::kKill, 0);
  was_cut_ = did_not_start_ = true;
  why_ = why;
  return true;
}

bool StoryRunner::DoStop() {
  Absorb();
  const Outcome stopped = process_->Stop();
  (void)SeeDamage();
  switch (stopped) {
    case Outcome::kDied: DieIfDue(); return true;
    case Outcome::kStuck: return Fail("stuck while it stops");
    case Outcome::kFailed:
      if (!MayFail()) return Fail("does not stop: " + process_->Why());
      Die(CrashKind::kKill, 0);
      was_cut_ = true;
      return true;
    case Outcome::kDone:
    case Outcome::kStopped: break;
  }
  if (AwaitsInVain()) return false;
  Absorb();
  for (StreamHistory& history : histories_) history.PromisedAll();
  consumers_.PromisedAll();
  const bool right = CheckAfterStop();
  erased_.clear();
  Die(CrashKind::kPowerLoss, 0);  // It takes nothing from what was stopped in good order.
  was_cut_ = false;
  stopped_ = true;
  no_index_ |= in_trouble();  // It may not have been possible to leave one.
  return right && CheckRebuild();
}

bool StoryRunner::Recovered() {
  Trouble(false);
  process_->CatchUp();
  moment_ = {};
  for (size_t i = 0; i < histories_.size(); ++i) {
    if (!RecoveredDrop(i)) return false;
  }
  for (size_t i = 0; i < histories_.size(); ++i) {
    if (process_->dying() || process_->Failed()) break;
    if (!RecoveredStream(i) || !RecoveredConsumers(i)) return false;
  }
  if (process_->dying()) {
    DieIfDue();
    return true;
  }
  for (const std::string& notice : process_->notices()) {
    if (damaged_ || notice.find(Describe(DiskError::kIo)) != std::string::npos) continue;
    if (IsOfPlanted(notice)) continue;
    // What was deleted, or never finished, and cannot go now, goes later.
    if (in_trouble() && notice.find("' cannot be removed: ") != std::string::npos) continue;
    // An index that cannot be read now is no damage; blocks that cannot be, stop the start.
    if (notice.find(": not now; the index is not used") != std::string::npos) continue;
    if (no_moment_ && notice.find(kBlocksAlone) != std::string::npos) continue;
    // One that cannot be opened costs nothing where blocks are whole.
    if (bad_index_ && notice.find("/index.db, offset 0: ") != std::string::npos) continue;
    return Fail("speaks of damage that is not there: " + notice);
  }
  const bool one_moment = !damaged_ && !(lost_power_ && setup_.has_interval_policy());
  if (one_moment && moment_.from >= moment_.below) {
    return Fail("streams and consumers are not of one moment: some have batch " +
                std::to_string(moment_.from) + ", and some lack batch " +
                std::to_string(moment_.below));
  }
  for (std::vector<Asked>& asked : asked_) asked.clear();
  turned_back_.assign(turned_back_.size(), false);
  loose_.assign(loose_.size(), false);
  // One that failed meanwhile was not looked at to the end: what it has is not promised anew.
  recovered_ = !process_->Failed();
  was_damaged_ = damaged_;
  said_.clear();
  no_index_ = bad_index_ = no_moment_ = false;
  lost_power_ = false;
  last_point_ = {};
  Trouble(true);
  return true;
}

// --- Within a life.

void StoryRunner::NotePromises() {
  // Points are numbered on from what is found in the journal: those of a life before say nothing.
  if (process_ == nullptr || !recovered_) return;
  if (process_->storage().state() == Storage::State::kFailed) return;
  configs_.NotePromises(process_.get());
  const WritePoint through = process_->storage().durable().through();
  const WritePoint synced =
      setup_.has_interval_policy() ? process_->storage().synced().through() : through;
  for (StreamHistory& history : histories_) {
    history.Promised(synced, StreamHistory::Survives::kPowerLoss);
    history.Promised(through, StreamHistory::Survives::kKill);
  }
  consumers_.NotePromises(process_.get(), synced, through);
  for (Erased& erased : erased_) erased.promised |= erased.point <= through;
  for (size_t i = 0; i < drops_.size(); ++i) {
    Drop& drop = drops_[i];
    drop.survives_kill |= drop.point.batch > 0 && drop.point <= through;
    drop.survives_power_loss |= drop.point.batch > 0 && drop.point <= synced;
    if (drop.added && process_->there(i) && process_->runs(i)) drop = {};
  }
}

// What streams did by themselves: what was due has gone. Other changes are told too: those that
// were asked for, which the twin knows, and removals that were paid for late.
void StoryRunner::Absorb() {
  for (size_t i = 0; i < histories_.size() && process_ != nullptr && well(); ++i) {
    if (!there_[i]) continue;
    const std::vector<StoreChange> changes = process_->store(i).TakeChanges();
    if (!Tally(i, changes)) return;
    // All of them have happened before any is answered.
    for (const StoreChange& change : changes) {
      if (change.kind != StoreChange::Kind::kRemoved || !WasDue(i, change)) continue;
      StreamTwin after = histories_[i].now();
      (void)after.Remove(change.seq);
      histories_[i].Changed(std::move(after), std::nullopt);
    }
    for (const StoreChange& change : changes) {
      if (change.kind == StoreChange::Kind::kRemoved || !WasDue(i, change)) continue;
      if (!running() || failed()) return;  // It died in an answer, in the middle of a purge.
      Answer(i, change);
    }
  }
}

bool StoryRunner::Tally(size_t stream, const std::vector<StoreChange>& changes) {
  // A job that the journal's failure cut off tells nothing.
  if (damaged_ || failed() || !process_->runs(stream) || process_->store(stream).Failure())
    return true;
  const std::string problem =
      tallies_[stream].Told(changes, process_->store(stream).State(), process_->idle(stream));
  return problem.empty() || Fail("stream " + setup_.streams[stream].config.name + ": " + problem);
}

bool StoryRunner::WasDue(size_t stream, const StoreChange& change) const {
  const TwinMsg* const msg = histories_[stream].now().Find(change.seq);
  if (msg == nullptr || msg->subject != change.subject) return false;
  const WallTime due = StreamTwin::Due(histories_[stream].config(), *msg);
  return due != WallTime{} && due <= driver_.now().wall;
}

// As the owner of a stream with markers does.
void StoryRunner::Answer(size_t stream, const StoreChange& change) {
  StoryStep step;
  step.stream = stream;
  const TwinMsg* const due = histories_[stream].now().Find(change.seq);
  if (change.kind == StoreChange::Kind::kMarkerWanted && IsDeleteMarker(due->header)) {
    Fail("stream " + setup_.streams[stream].config.name + " wants a delete marker for " +
         std::to_string(change.seq) + ", which is one");
    return;
  }
  if (change.kind == StoreChange::Kind::kRemovalWanted) {
    step.seq = change.seq;
    (void)DoRemove(step);
    return;
  }
  const Duration ttl = histories_[stream].config().subject_delete_marker_ttl;
  TwinMsg marker{change.subject, DeleteMarkerHeaders(ttl), "", {}, ttl.ns / Seconds(1).ns, 0};
  if (!StoreOne(stream, std::move(marker), std::nullopt)) return;
  step.subject = change.subject;
  step.keep = 1;
  (void)DoPurge(step);
}

void StoryRunner::Turn() {
  process_->Turn();
  (void)SeeDamage();
  NotePromises();
  Absorb();
}

void StoryRunner::Pace() {
  for (uint64_t i = 0; i < setup_.pace && running() && !failed() && well(); ++i) Turn();
}

bool StoryRunner::Settle() {
  const Outcome outcome = process_->Settle();
  (void)SeeDamage();
  NotePromises();
  Absorb();
  if (outcome == Outcome::kStuck) return Fail("never comes to rest");
  return well();
}

// Whether the process runs and takes a change. A strict file may only ask after it was cut off.
bool StoryRunner::Ready(const StoryStep& step) {
  if (!begun_) {
    begun_ = true;
    if (!DoStart()) return false;
  }
  if (process_ == nullptr) {
    if (mode_ == Mode::kStrict && !was_cut_ && step.verb != Verb::kEveryPoint)
      Fail("the process does not run: 'start' it first");
    if (mode_ == Mode::kStrict && did_not_start_ && !in_trouble())
      Fail("the process did not start: " + why_);
    return false;
  }
  if (!process_->Failed()) return true;
  const bool asks = step.verb >= Verb::kCheck && step.verb <= Verb::kExpectGone;
  if (!MayFail()) {
    Fail("fails although the disk is well: " + process_->Why());
  } else if (mode_ == Mode::kStrict && asks && !in_trouble()) {
    Fail("the process has failed: " + process_->Why());
  }
  return false;
}

bool StoryRunner::Do(const StoryStep& step) {
  step_ = &step;
  refusal_.reset();
  consumer_refusal_.reset();
  DieIfDue();
  const bool disk = step.verb >= Verb::kFaults && step.verb <= Verb::kEncrypt;
  if (disk) return DoDisk(step);
  switch (step.verb) {
    case Verb::kKill:
    case Verb::kPowerLoss:
      if (!begun_ && !step.in && !Ready(step)) return well();
      return DoDeath(step);
    case Verb::kStart: return DoStart();
    case Verb::kStop:
      if (!step.in) break;
      stop_at_ = driver_.disk().completions() + *step.in;
      return true;
    case Verb::kExpectFailed:
    case Verb::kExpectNotice:
    case Verb::kExpectFile: return DoExpect(step);
    case Verb::kEveryPoint: CHECK(false);
    default: break;
  }
  if (!Ready(step)) return well();
  bool right = true;
  switch (step.verb) {
    case Verb::kCheckpoint:
      DoCheckpoint(step);
      Pace();
      break;
    case Verb::kTurn:
      if (step.after) {
        right = TurnUntil(*step.after);
        break;
      }
      for (uint64_t i = 0; i < step.count && running() && !failed(); ++i) Turn();
      break;
    case Verb::kSettle: right = Settle(); break;
    case Verb::kAdvance:
      // A limit that waits for a block would find that something else went meanwhile.
      for (size_t i = 0; i < histories_.size(); ++i) LetSettle(i);
      if (!running() || failed()) break;
      driver_.Advance(step.time);
      process_->CatchUp();
      NotePromises();
      Absorb();
      break;
    case Verb::kStop: return DoStop();
    case Verb::kCheck:
    case Verb::kExpectState:
    case Verb::kExpectConsumer:
    case Verb::kExpectMessage:
    case Verb::kExpectGone: right = DoExpect(step); break;
    default:
      right = !step.consumer.name.empty() ? DoConsumer(step)
              : step.verb == Verb::kAdd   ? DoAdd(step)
                                          : DoChange(step);
      Pace();
  }
  if (right && process_ != nullptr && running() && !failed()) process_->CheckInvariants();
  return right && well();
}

void StoryRunner::End() {
  step_ = nullptr;
  DieIfDue();
  const bool was_in_trouble = in_trouble();
  faults_ = {};
  capacity_ = UINT64_MAX;
  if (AwaitsInVain()) return Kill();
  death_ = forced_ = {};
  driver_.disk().Await(std::nullopt);
  if (process_ != nullptr) process_->DieAt(StoreProcess::kNoDeath);
  Trouble(false);
  // What is under way, and was struck, comes to light.
  if (process_ != nullptr && was_in_trouble && running() && !Settle()) return;
  if (process_ != nullptr && process_->Failed()) Die(CrashKind::kKill, 0);
  if (process_ == nullptr && begun_ && !DoStart()) return;
  if (!begun_ && !Ready({})) return;
  if (process_ == nullptr) return;  // It refuses to start on damage: an honest answer.
  if (failed() && MayFail()) return Kill();
  // What is due goes before a limit makes room for what comes.
  for (size_t i = 0; i < histories_.size(); ++i) LetSettle(i);
  process_->CatchUp();
  Absorb();
  for (size_t i = 0; i < histories_.size() && well() && running() && !failed(); ++i)
    if (there_[i] && IsThere(i) && ServeConsumers(i))
      (void)StoreOne(i, {"the.end", "", "of " + std::to_string(i), {}, 0, 0}, std::nullopt);
  if (failed() && MayFail()) return Kill();
  for (int turns = 0; turns < kPatienceTurns && well(); ++turns) {
    if (process_->Failed() || process_->storage().durable().Covers(last_point_)) break;
    Turn();
  }
  if (well() && !process_->Failed() && !process_->storage().durable().Covers(last_point_) &&
      !IsHeldUp())
    Fail("the disk is well, and a message does not get durable");
  if (!well() || !DoStop()) return;
  (void)DoStart();
  Kill();
}

}  // namespace dunlin::sim
