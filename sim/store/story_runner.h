// Carries out the steps of a story, and knows what must be so: after every start each stream is
// read, message by message, and held against its history (stream_history.h).
//
//   policy      death         kept
//   always      any           everything that was promised
//   interval    kill, stop    everything that was promised
//   interval    power loss    what some earlier moment of this life held, of each stream, at or
//                             after what the journal calls synced
//   any         clean stop    everything
//
// and always: the stream is what it was after some change, whole, with its sequences; what was not
// promised may be there, up to what was asked for. Errors of the disk may end a process, and lose
// nothing. After damage the stream may be something else, but then somebody has said so (unless it
// struck the end of the journal: nobody can tell it from a torn one), and what was not where it
// struck is still there. Damaged blocks keep nobody from starting. A stream whose files go bad
// while it runs (rot_on_read) goes on and comes to rest; until the next start nobody foretells what
// it takes and refuses, and then it is what it is, if somebody has said so. After a clean stop: no
// stray file, no erased payload, and the blocks alone make the same stream.
//
// Of each consumer the same holds, on its own: its state and configuration are what they were after
// some change, it is there or not as it was then, and damage to its files is its own trouble.
//
// Streams and consumers are as they were at one moment, all of them, but after a power loss under
// 'interval' (storage/storage.h).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/disk/disk_driver.h"
#include "sim/store/store_process.h"
#include "sim/store/story.h"
#include "sim/store/story_configs.h"
#include "sim/store/story_consumers.h"
#include "sim/store/story_damage.h"
#include "sim/store/story_tally.h"
#include "sim/store/stream_history.h"

namespace dunlin::sim {

struct StoryFailure {
  scenario::Position at;  // Of the step; {0, 0}: at the end.
  std::string text;
};

struct StoryCounts {
  uint64_t lives = 0;
  uint64_t changes = 0;  // Asked for.
  uint64_t faults = 0;   // Of all kinds, that struck.
  Duration simulated{};
};

class StoryRunner {
 public:
  enum class Mode : uint8_t {
    kStrict,   // A step that cannot be done is a mistake of the file.
    kLenient,  // It is passed over.
  };
  StoryRunner(const StorySetup& setup, Mode mode);
  ~StoryRunner();

  // False: something is wrong; the rest means nothing. The first start is on its own.
  bool Do(const StoryStep& step);
  // The disk is well: whatever there is must start, serve, stop, and survive a power loss.
  void End();
  // Ends the process. REQUIRES before the end: the disk writes from its memory.
  void Kill();

  const std::vector<StoryFailure>& failures() const { return failures_; }
  bool well() const { return failures_.empty(); }
  uint64_t hash() { return driver_.disk().hash(); }
  StoryCounts counts();

  // For whoever thinks of the next step.
  bool there(size_t stream) const { return there_[stream]; }
  bool in_memory(size_t stream) const { return setup_.streams[stream].in_memory; }
  bool running() const { return process_ != nullptr && !process_->dying(); }
  bool failed() { return process_ != nullptr && process_->Failed(); }
  // The last process ended in good order.
  bool stopped() const { return process_ == nullptr && !was_cut_ && stopped_; }
  bool damaged() const { return damaged_; }
  const StreamTwin& twin(size_t stream) const { return histories_[stream].now(); }
  const StoreConfig& config(size_t stream) const { return histories_[stream].config(); }
  std::vector<std::string> Files() { return driver_.disk().Files(); }
  std::string Contents(const std::string& path) {
    return driver_.disk().Contents(path).value_or("");
  }
  uint64_t completions() { return driver_.disk().completions(); }
  // Whatever is still to come, it dies then: for every point of a story.
  void DieAt(uint64_t completions, CrashKind kind, uint64_t variant);
  // Why the last step was refused, if it was.
  const std::optional<StoreError>& refusal() const { return refusal_; }
  const std::optional<ConsumerError>& consumer_refusal() const { return consumer_refusal_; }
  const StoryConsumers& consumers() const { return consumers_; }
  bool died_there() const { return died_there_; }

 private:
  using Outcome = StoreProcess::Outcome;
  using Verb = StoryStep::Verb;
  struct Death {
    uint64_t at = StoreProcess::kNoDeath;
    CrashKind kind = CrashKind::kKill;
    uint64_t variant = 0;
  };
  struct Reading {
    std::vector<StreamTwin::Entry> entries;
    StreamState state;
    std::string problem;
  };

  bool Fail(std::string text);
  bool IsOfPlanted(const std::string& notice) const;
  void Trouble(bool on);
  bool in_trouble() const;
  bool MayFail() const;
  bool IsLame(size_t stream) const { return process_ != nullptr && process_->lame(stream); }

  // --- Lives.
  bool Begin();
  bool HasFiles(size_t stream);
  void Die(CrashKind kind, uint64_t variant);
  void Damage(const std::string& path, std::string before);
  bool SeeDamage();
  void DieIfDue();
  bool DoStart();
  bool DoStop();
  bool TakeConfigs();
  bool Recovered();
  bool RecoveredDrop(size_t stream);
  bool RecoveredStream(size_t stream);
  void NoteMoment(size_t stream, Seq last);
  bool IsMissed(size_t stream) const;
  bool ReadAll(StoreProcess* process, size_t stream, Reading* out);
  bool Ready(const StoryStep& step);
  void Turn();
  bool Settle();
  void Pace();
  void NotePromises();
  void Absorb();
  bool Tally(size_t stream, const std::vector<StoreChange>& changes);
  // Whether it tells of a message that went, or is to go, because it is due.
  bool WasDue(size_t stream, const StoreChange& change) const;
  void Answer(size_t stream, const StoreChange& change);

  // --- After damage: story_excuses.cc.
  bool IsHeldUp() const;
  bool MayWaitForRoom() const;
  bool MayHaveMoved(size_t stream, const StreamTwin& found) const;
  std::string NotExcused(size_t stream, const StreamTwin& found, bool said) const;
  uint64_t ToldBelow() const;
  std::vector<std::string> Said() const;
  bool Named(const std::string& name) const;

  // --- Changes: story_changes.cc.
  bool DoChange(const StoryStep& step);
  bool DoStore(const StoryStep& step);
  bool MayAskAgain(size_t stream, const TwinMsg& msg, StoreError got) const;
  bool StoreOne(size_t stream, TwinMsg msg, std::optional<StoreError> wanted);
  bool DoSkip(const StoryStep& step);
  bool DoRemove(const StoryStep& step);
  bool DoDeleted(const StoryStep& step);
  bool DoConfig(const StoryStep& step);
  bool DoPurge(const StoryStep& step);
  bool DoCompact(const StoryStep& step);
  bool DoTruncate(const StoryStep& step);
  bool DoAdd(const StoryStep& step);
  bool DoDrop(const StoryStep& step);
  void DoCheckpoint(const StoryStep& step);
  bool IsThere(size_t stream);
  template <class Job>
  bool DoJob(size_t stream, Job& job, StreamTwin after, StoreError predicted,
             const StoryStep& step);
  bool Agree(size_t stream, const char* what, StoreError got, StoreError predicted,
             std::optional<StoreError> wanted);
  void LetSettle(size_t stream);
  bool LimitsNothing(size_t stream) const;
  bool Counts(size_t stream);

  // --- Consumers: story_consumer_steps.cc.
  bool HasConsumer(const StoryStep& step);
  bool Ended(Outcome outcome, const std::string& what);
  bool DoConsumer(const StoryStep& step);
  bool DoAddConsumer(const StoryStep& step);
  bool DoDropConsumer(const StoryStep& step);
  bool ChangeConsumer(const StoryStep& step, uint64_t seq);
  bool AgreeConsumer(const StoryStep& step, ConsumerError got, ConsumerError predicted);
  bool RecoveredConsumers(size_t stream);
  bool TakeConsumers(size_t stream);
  bool CheckConsumers(size_t stream);
  bool ExpectConsumer(const StoryStep& step);
  bool ServeConsumers(size_t stream);

  // --- The disk: story_disk.cc.
  bool DoDisk(const StoryStep& step);
  bool DoFault(const StoryStep& step);
  bool AwaitsInVain();
  bool DeleteFolder(const std::string& folder);
  bool DoDeath(const StoryStep& step);
  bool TurnUntil(const AwaitedOp& op);
  std::string PathOf(const std::string& path);

  // --- What must be so: story_checks.cc.
  bool DoExpect(const StoryStep& step);
  bool Check(size_t stream);
  bool CheckState(size_t stream);
  bool CheckContents(size_t stream);
  bool AskSome(size_t stream);
  bool CheckAfterStop();
  bool CheckRebuild();

  const Mode mode_;
  StorySetup setup_;
  Rng rng_;
  Rng questions_;
  DiskDriver driver_;
  std::vector<StreamHistory> histories_;
  std::vector<bool> there_;  // Which of the streams there are.
  std::vector<bool> gone_;  // Whose folder somebody deleted after a death, since the last recovery.
  // Of each that was dropped: when that is promised, and what it survives; until another one runs.
  struct Drop {
    WritePoint point;
    bool asked = false, added = false;
    bool survives_kill = false, survives_power_loss = false;
  };
  std::vector<Drop> drops_;
  size_t damages_seen_ = 0;
  // Streams that were damaged while they ran: until the next start nobody foretells what such a one
  // takes and refuses.
  std::vector<bool> loose_;
  std::vector<bool> lamed_;  // Which of them failed in the last life, and were let be.
  StoryConfigs configs_;
  StoryConsumers consumers_;
  std::unique_ptr<StoreProcess> process_;

  const StoryStep* step_ = nullptr;
  std::vector<StoryFailure> failures_;
  DiskFaults faults_;
  uint64_t capacity_ = UINT64_MAX;
  Death death_;
  Death forced_;                               // DieAt().
  uint64_t stop_at_ = StoreProcess::kNoDeath;  // While it starts.
  bool died_there_ = false;
  bool was_cut_ = false;     // The process died in the middle of something, or failed.
  bool lost_power_ = false;  // Since the last recovery.
  bool damaged_ = false;
  bool was_damaged_ = false;  // When it was last recovered.
  StoryDamage damage_;
  // Somebody removed, or damaged, what a clean stop left, since the start.
  bool no_index_ = false, bad_index_ = false;
  bool no_moment_ = false;  // Of some stream nothing but blocks is left.
  // Of each stream: its messages of the life that died last, and the last batch that was durable.
  struct Asked {
    Seq seq = 0;
    WritePoint point;
  };
  std::vector<std::vector<Asked>> asked_;
  std::vector<bool> turned_back_;  // Of each stream: its sequences went back in the life that died.
  Moment moment_;                  // Of all that was recovered.
  WritePoint durable_;
  std::vector<bool> packed_;     // Of each stream: it was compressed at some time.
  std::vector<bool> from_stop_;  // What is to be recovered was left by a stop: no checkpoint.
  std::vector<StoryTally> tallies_;
  std::vector<std::string> said_;  // Since the last recovery, by processes that died.
  bool begun_ = false;
  bool stopped_ = false;
  bool recovered_ = false;  // This life has read what there is.
  bool did_not_start_ = false;
  WritePoint last_point_;
  std::optional<StoreError> refusal_;
  std::optional<ConsumerError> consumer_refusal_;
  std::string why_;                // Why the last process could not go on.
  std::set<std::string> planted_;  // Foreign files.
  struct Erased {
    std::string payload;
    WritePoint point;
    bool promised = false;
  };
  std::vector<Erased> erased_;
  std::vector<std::string> last_notices_;
  uint64_t struck_before_ = 0;
  StoryCounts counts_;
};

}  // namespace dunlin::sim
