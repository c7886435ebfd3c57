// The messages of a stream on disk. See README.md for how, engine/store/stream_store.h for what.
//
// Its life, all of it driven by the owner (storage/storage.h):
//
//   Open()                     -> OnDisk(), Work() ... until phase() is kScanned
//   Replay(...) per record     the journal's, in order
//   Start(now)                 -> OnDisk(), Work() ... until phase() is kRunning
//   Stop(now)                  -> OnDisk(), Work() ... until phase() is kStopped
//
// Work() does what waits: writing behind the journal, debts, dropping. It is due at the end of a
// step in which the store called StoreJournal::Wake(), or the journal moved and awaits_journal().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/store/expiry_queue.h"
#include "engine/store/incarnation.h"
#include "engine/store/removal_requests.h"
#include "engine/store/stream_store.h"
#include "storage/file/block_reader.h"
#include "storage/file/block_writer.h"
#include "storage/file/index_chain.h"
#include "storage/file/journal_record.h"
#include "storage/file/meta_files.h"
#include "storage/file/opener.h"
#include "storage/file/pinned.h"
#include "storage/file/short_blocks.h"
#include "storage/file/stream_index.h"

namespace dunlin::file {

struct FileLimits {
  uint64_t block_bytes = 0;  // 0: as the reference chooses: DynamicBlockBytes().
  BlockReader::Limits reader;
  BlockWriter::Limits writer;
  IndexChain::Limits index;
  // Journal bytes of a store before it takes a checkpoint by itself.
  uint64_t checkpoint_bytes = 32u << 20;
  // Records that one call looks at, before it gives the thread back.
  int records_per_slice = 4096;
  // A skip of more leaves a gap between blocks instead of one inside (reference: the same).
  uint64_t gap_inside_max = 64u << 10;
};

struct FileStoreOptions {
  StoreConfig config;
  FileLimits limits;
  const crypto::KeyRing* keys = nullptr;  // Outlive the store; null: nothing is encrypted.
  std::string meta;  // What meta.inf is to hold (format/meta_file.h); empty: as it is, if there.
  CachePool* pool = nullptr;  // Outlives the store; null: its caches are nobody else's matter.
};

// reference: dynBlkSize.
[[nodiscard]] uint64_t DynamicBlockBytes(RetentionPolicy retention, int64_t max_bytes,
                                         bool encrypted);

class FileStore final : public StreamStore {
 public:
  enum class Phase : uint8_t {
    kNew,
    kOpening,
    kScanned,   // Replay() and Start() are due.
    kStarting,  // Debts of the replay, and the first checkpoint.
    kRunning,
    kStopping,
    kStopped,
    kFailed,  // It could not be opened: Failure().
  };

  // 'journal' outlives the store.
  FileStore(FileStoreOptions options, StoreDisk disk, StoreJournal* journal, Rng rng);
  ~FileStore() override;

  void Open();
  // After kScanned: who the store's journal records belong to.
  const Incarnation& incarnation() const { return incarnation_; }
  void Replay(WritePoint point, uint8_t kind, std::span<const uint8_t> body);
  // That it was stopped cleanly, and goes on: its next checkpoint passes this record, too.
  void ReplayStopped(WritePoint point);
  void Start(const Now& now);
  void Stop(const Now& now);
  // Instead of Open(): its directory is not free, and will not be. Fails, and touches nothing.
  void Refuse(std::string why);
  // What belongs to it cannot be read now: fails.
  void GiveUp(std::string why);
  // There was none of it when it was opened, and the journal has so many records that must be its
  // own: fails, as where it cannot be read. REQUIRES: kScanned, !has_checkpoint().
  void MissCheckpoint(uint64_t records);
  bool has_checkpoint() const { return has_checkpoint_; }
  // Of its last record in the journal. 0: there has been none.
  uint64_t record_number() const { return record_number_; }
  // Nothing says of what moment the blocks are. They are all that a reference leaves that is killed
  // early, and all that is left of a stream whose checkpoint somebody deleted. REQUIRES: kScanned.
  bool blocks_alone() const { return !has_checkpoint_ && !index_found_ && !index_.blocks.empty(); }
  // Its directory is to go: begins nothing any more but closing its files. Takes no requests.
  void Abandon();

  void OnDisk(const DiskDone& done);
  void Work(const Now& now);
  // How many records the last Work() or OnDeadline() looked at, or what took as long.
  int looked_at() const { return options_.limits.records_per_slice - slice_; }
  // Lets go of caches beyond the limits, its own and the pool's. Work() does, too.
  void TrimCaches();
  // Takes a checkpoint, unless one is under way: so that the journal gets space back.
  void WantCheckpoint();
  Phase phase() const { return phase_; }
  // Work() has more to do once more of the journal is durable, or it is not full any more.
  bool awaits_journal() const {
    const bool says = phase_ == Phase::kStopping && stop_ == StopStage::kSaying;
    return writer_.awaits_journal() || job_.paused || paused_ || meta_waits_ || says;
  }
  // For a snapshot (stream_snapshot.h): takes a checkpoint and keeps the files of all blocks that
  // it has as they are, or those from a block on, until Unpin(). REQUIRES: not pinned yet.
  void Pin();
  void Unpin();
  void Unpin(uint32_t below);
  const Pinned& pinned() const { return pinned_; }
  // Decrypts what stands at 'offset' of a pinned block's file.
  void DecryptPinned(uint32_t number, uint64_t offset, uint8_t* bytes, size_t count) const;
  // Nothing that was begun waits for the disk or the journal.
  bool idle() const;
  // meta.inf is to hold this from now on; it does once MetaDurable(). What was decided before, by
  // another configuration, gets durable first: after UpdateConfig().
  void UpdateMeta(std::string meta);
  // When it was opened, an index told what is in its blocks: index.db after a clean stop, the parts
  // that the checkpoint names after a crash. Nearly none was read.
  bool opened_by_index() const { return by_index_; }
  bool MetaDurable() const { return !meta_due_ && meta_.idle(); }
  // For the log, in the order of finding: what was damaged or lost, with stream, block and offset.
  std::vector<std::string> TakeNotices();
  void CheckInvariants() const;
  const StreamIndex& index() const { return index_; }
  // Of a block's file: it lives, or goes as soon as no recovery can ask for it.
  bool KnowsBlock(uint32_t block) const;

  // --- StreamStore.
  StoreResult Store(const Now& now, std::string_view subject, std::string_view header,
                    std::string_view payload, int64_t ttl) override;
  StoreResult StoreRaw(const Now& now, std::string_view subject, std::string_view header,
                       std::string_view payload, Seq seq, WallTime time, int64_t ttl) override;
  StoreResult Skip(const Now& now, Seq seq, uint64_t count, SkipTime how) override;
  StoreResult Remove(const Now& now, Seq seq) override;
  StoreResult Erase(const Now& now, Seq seq) override;
  StoreResult SyncDeleted(const Now& now, const std::vector<SeqRange>& ranges) override;
  StoreResult UpdateConfig(const Now& now, const StoreConfig& config) override;

  Progress Run(LoadMsg& request) override;
  Progress Run(LoadMatch& request) override;
  Progress Run(LoadLast& request) override;
  Progress Run(CountPending& request) override;
  Progress Run(FilteredState& request) override;
  Progress Run(SubjectsState& request) override;
  Progress Run(SubjectsTotals& request) override;
  Progress Run(MultiLast& request) override;
  Progress Run(SeqFromTime& request) override;
  Progress Run(const Now& now, Purge& job) override;
  Progress Run(const Now& now, Compact& job) override;
  Progress Run(const Now& now, Truncate& job) override;

  StreamState State() const override;
  // In one call, which takes 3 ms for 100,000 runs and 30 ms for a million.
  std::vector<SeqRange> Deleted() const override;
  Utilization Utilised() const override;
  // In one call: bitmaps are copied, a million single sequences in half a millisecond.
  std::string EncodedState(uint64_t failed) const override;
  Instant NextDeadline() const override;
  void OnDeadline(const Now& now) override;
  std::vector<StoreChange> TakeChanges() override;
  bool TakeReady() override;
  std::optional<std::string> Failure() const override;

 private:
  // --- append.cc: records into the head block and the journal.
  // What the next message will touch, if it is like the last one; never looked at, only fetched.
  struct Ahead {
    const char* record = nullptr;
    const void* place = nullptr;  // Of the block, in the index.
    const char* block = nullptr;
    const char* cache = nullptr;
    const void* subject = nullptr;
  };
  // Of what a block gets before it is written: see WritePoints.
  static constexpr uint64_t kPointsPerWrite = 16;
  void FetchAhead() const;
  void NoteAhead(const Block& head, const SubjectInfo* subject);
  Block* HeadFor(uint64_t bytes);
  Block* Rotate();
  uint8_t* RoomIn(Block* head, size_t bytes);
  WritePoint Append(Block* head, const format::Record& record);
  WritePoint AppendMessage(std::string_view subject, std::string_view header,
                           std::string_view payload, SeqTime at, int64_t ttl);
  WritePoint AppendTombstone(SeqTime target);
  WritePoint AppendSkipped(SeqTime last);
  WritePoint AppendJournal(RecordType type, uint32_t block, uint64_t offset, std::string_view rest);
  // Work() is wanted in this step, or, called from it, in the next one.
  void Touch();
  // Why no change is taken now.
  StoreError Refusal() const;
  static StoreResult Refused(StoreError error);
  StoreError Admit(std::string_view subject, std::string_view header, std::string_view payload);
  StoreResult Put(const Now& now, std::string_view subject, std::string_view header,
                  std::string_view payload, SeqTime at, int64_t ttl);

  // --- removal.cc: what goes, and what that leaves behind.
  enum class Trace : uint8_t { kTombstone, kFloor, kNone };
  // Why there is no message with this sequence.
  StoreError WhyMissing(Seq seq) const;
  // REQUIRES: the message is there.
  WritePoint RemoveOne(Seq seq);
  void TakeOut(Block* block, Seq seq);
  void Settle(Block* block, const format::Record& record);
  void TellRemoved(const format::Record& record);
  void TellSettled(const Block& block, const format::Record& record);
  void TellAll();
  void RecountBytes(Block* block);
  bool SettleBlock(Block* block);
  WritePoint DeleteSome();
  std::optional<Seq> NextLive(Seq seq) const;
  void NextFirst();
  // Whether a record waits for room in the journal, if that is being made.
  enum class When : uint8_t { kNow, kWithRoom };
  bool Pauses();
  void DropIfEmpty(Block* block, When when = When::kWithRoom);
  bool DropEmpty();
  std::string Where(const Block& block) const;
  bool Needed(const Block& block) const;
  bool MayBeReadAgain(const Block& block) const;
  void DropBlock(size_t place);
  void ApplyFloor(Seq floor);

  // What one call of the owner does of the work that grows with the store, whatever comes together
  // in it: 'slice_' is how many more records it may look at. To remove one costs as much as looking
  // at several; what is not done then is done by the next call, asked for by Touch().
  static constexpr int kRemovalCost = 4;
  // Messages that go before their blocks have been read.
  static constexpr uint64_t kDebtsMax = 1024;
  void NewSlice() { slice_ = options_.limits.records_per_slice; }

  // --- limits.cc
  void EnforceLimits();
  void DropFront();
  void Forfeit(Block* block);
  bool IsAboveLimit(uint64_t msgs) const;  // So many of one subject.
  void NoteSubjectMax();
  void EnforceSubject(std::string_view subject, When when);
  enum class Found : uint8_t { kYes, kNo, kWait, kMore, kFailed };
  BlockReader::Got Need(Block* block, Seq seq, std::string* why);
  void RestReading();
  void EndRest();
  Found FirstOfSubject(std::string_view subject, Seq* seq);
  void PayDebts();

  // --- expiry.cc
  void NoteTtl(const format::Record& record, int64_t ttl);
  bool HasDebts() const;  // What is to be done whether or not something is due.
  bool HasChores() const;
  bool FirstIsUntimed() const;
  void TimeFirst();
  bool IsAtRest() const;
  bool StepDue() const;
  bool WaitsForDisk() const;
  void DoChores();
  void GoOnExpiring(const Now& now);
  void DropExpired(Seq seq);
  void Expire(const Now& now, const format::Record& record);
  bool MayOutliveAge() const;
  bool ExpireUnread(Block* block, Seq seq, const std::string& why);
  bool ExpireByAge(const Now& now);
  bool ExpireByTtl(const Now& now);
  std::optional<WallTime> NextExpiry() const;

  // --- queries.cc
  Progress Wait(BlockReader::Got got, StoreRequest* request, std::string why);
  const TokenSet* TokensAt(Block* block, size_t at, int* budget);
  // What a block that cannot be read is to a search.
  enum class Unreadable : uint8_t { kFails, kIsPassedOver };
  static bool PassesOver(Unreadable unreadable, BlockReader::Got got);
  Progress SearchUp(const std::vector<std::string>& filters, Seq* at, Seq last,
                    StoreRequest* request, format::Record* found, int* budget,
                    uint64_t* count = nullptr, Unreadable unreadable = Unreadable::kFails);
  Progress SearchDown(const std::vector<std::string>& filters, Seq* at, Seq first,
                      StoreRequest* request, format::Record* found,
                      Unreadable unreadable = Unreadable::kFails);
  // Between which sequences all that matches lies.
  struct Bounds {
    Seq first = 0, last = 0;
    bool any = false;
  };
  Bounds SubjectBounds(const std::vector<std::string>& filters) const;
  Progress DebtsFirst();
  size_t AnswersAtMost(const std::vector<std::string>& filters) const;
  Progress SortSome(MultiLast* request, int budget);
  Progress Resolve(std::string_view subject, bool down, StoreRequest* request);

  // --- counts.cc
  Progress Count(const std::vector<std::string>& filters, Seq from, StoreRequest* request,
                 uint64_t* total);
  Progress CountLasts(const CountPending& pending, StoreRequest* request, uint64_t* total);
  uint64_t CountAll(Seq from) const;

  // --- rewriting.cc
  Seq FloorOfTombs() const;
  bool MayHoldUnread(const Block& block, Seq seq) const;
  Seq BaseBehind(const Block& block) const;
  bool TombNeeded(const Block& block, Seq target) const;
  void BeginGathering(const Block& block);
  bool GatherSome(const Block& block);
  void Rewrite(Block* block);
  bool TombEndsStream(Seq target) const;
  bool WantsRewrite(const Block& block) const;
  void MaybeRewrite();
  bool SayRewritten();
  void FinishRewrite();
  bool IsKept(WritePoint point, uint64_t number) const;
  void EraseIn(Block* block);

  // --- jobs.cc
  WritePoint AppendMark(RecordType type, SeqTime mark);
  WritePoint AppendFloor(Seq floor);
  void ResetTo(SeqTime last, uint32_t block, WritePoint point);
  uint64_t PurgeAll(Seq first);
  void BeginJob();
  uint64_t EndJob();
  Progress LimitsFirst();
  Progress FloorSome();
  Seq FirstKept(uint64_t keep) const;
  Progress PurgeMatches(Purge& job);
  bool TryAgain(StoreRequest* request);
  Progress KeepSome(Purge* job);
  Progress PurgeSome(StoreRequest* request, WritePoint* point);
  Progress EndPurge(Purge* job);
  WritePoint FinishPurge();
  bool ResumePurge();
  void CutTo(SeqTime mark);
  Progress ForgetTtlsAbove(Seq seq);
  void CutDisplaced(Seq last);
  bool CutBlock(Block* cut, SeqTime mark);
  Progress BeginTruncate(Truncate* job);
  Progress CutSome();

  // --- subject_sweep.cc
  void BeginSubjectSweep();
  void SweepSubjects();
  void FindSubjectsAbove();
  void SweepMessages();

  // --- opening.cc
  void WorkOpening();
  void WorkStarting();
  void BeginLimits();
  bool IsUnsure(const Block& block) const;
  Checkpoint Snapshot(bool indexed) const;
  void MaybeCheckpoint();
  void BeginCheckpoint();
  bool IndexGoesFirst();
  bool CanSealIndex();
  void WorkIndexParts();
  void PassTaken();
  void ReplayAppend(const JournalHead& head, std::span<const uint8_t> bytes);
  void ReplayDropped(uint32_t number);
  void ReplayErase(uint32_t number);
  void DropUnwritten(const std::vector<ShortBlock>& shorter);
  void ReplayElsewhere(uint32_t block, const format::Record& record);
  void Damaged(std::string what);

  // --- pinning.cc
  void PinMoment();
  void WorkPinning();

  // --- meta.cc
  bool UsesMeta() const { return options_.keys != nullptr || !options_.meta.empty(); }
  bool ReadMeta();
  void WantMeta();
  void WorkMeta();
  bool MetaWaits();

  // --- indexing.cc
  struct Indexing {
    Indexing(const StreamIndex& index, const IndexPoint& point, StoreDisk disk)
        : builder(index, point), steps(std::move(disk)) {}
    IndexBuilder builder;
    DiskSteps steps;
    bool built = false;
    bool given_up = false;  // Something failed.
  };
  Progress FindTimes();
  std::string TtlFile() const;
  bool WriteIndex();
  bool OnIndexDisk(const DiskDone& done);

  // --- stopping.cc
  enum class StopStage : uint8_t { kSettling, kCheckpoint, kIndex, kSaying, kNaming, kParts };
  bool LeaveTombstones();
  bool MakesRoomToSettle();
  void WorkStopping();
  bool OnStopDisk(const DiskDone& done);
  bool OnIndexRemoved(const DiskDone& done);

  // The one job that may be under way.
  struct Job {
    bool busy = false;
    uint64_t msgs = 0, bytes = 0;  // Before it.
    Seq floor = 0;                 // All below is to go.
    Seq from = 0, bound = 0;       // Of a purge by filter: between these it goes.
    uint64_t keep = 0;             // How many more are to stay.
    StoreRequest resumed;          // Of one that the last life began.
    bool paused = false;           // Until the journal has room again.
    SeqTime mark;                  // Of a truncate: what is above goes,
    uint32_t head = 0;             // in blocks up to this one.
    std::optional<Expiry> ttl;     // Up to here the TTLs were looked through.
    bool active() const { return busy; }
  };

  // --- What each message touches: of a thousand streams none of this is in the processor's cache,
  // so it stands together, and is little.
  Ahead ahead_;
  StoreJournal* const journal_;
  Phase phase_ = Phase::kNew;
  bool replaying_ = false;
  bool touched_ = false;  // Work() was asked for since it ran last.
  // Work() found nothing to do, nothing has happened since but messages that were stored, and no
  // limit concerns these: they need not be held against anything but block and checkpoint.
  bool at_rest_ = false;
  int slice_ = 0;  // See NewSlice().
  uint64_t block_bytes_;
  uint64_t record_number_ = 0;  // Of the last journal record.
  WritePoint last_point_;
  bool stop_to_pass_ = false;  // ReplayStopped() was called, and nothing passed since.
  uint64_t bytes_since_checkpoint_ = 0;
  uint64_t begun_number_ = 0;            // Of the last checkpoint that was begun.
  Now now_;                              // Of the last call that brought one.
  Seq never_up_to_ = 0;                  // All messages up to here never expire.
  std::optional<WallTime> after_never_;  // The time of the first one behind, if there is one.
  CachePool* const pool_;
  const uint64_t write_bytes_min_;
  const uint64_t checkpoint_bytes_;
  StreamIndex index_;

  FileStoreOptions options_;
  StoreDisk disk_;
  Rng rng_;
  BlockCodec codec_;
  BlockReader reader_;
  BlockWriter writer_;
  IndexChain chain_;
  bool base_slice_ = false;   // BuildBase() may take one.
  uint64_t index_takes_ = 0;  // How many checkpoints it knows of.
  MetaFiles meta_;
  bool meta_due_ = false;
  WritePoint meta_point_;     // Of the last record from before it was asked for,
  uint64_t meta_number_ = 0;  // and that one's number; 0: it need not wait.
  bool meta_waits_ = false;   // For that.
  std::unique_ptr<Opener> opener_;
  std::unique_ptr<Indexing> indexing_;
  bool by_index_ = false;

  Incarnation incarnation_;
  uint32_t next_block_ = 1;
  bool checkpoint_wanted_ = false;
  WritePoint first_point_after_;  // Of the first record that it does not have.
  uint64_t passed_number_ = 0;    // Up to here the journal was told that it may forget.

  // What is to be the new file of a block, as far as it was looked through.
  struct Gathering {
    uint32_t block = 0;  // Its number; 0: none.
    uint64_t bytes = 0;  // As the block's, when it began; likewise 'cut'.
    Seq cut = 0;
    uint64_t at = 0;  // All of the block before that has been looked at, and these holes.
    size_t hole = 0;
    std::string plain;    // What remains.
    Seq top = 0;          // The last message of it.
    SeqSet tombs;         // In it.
    uint64_t passed = 0;  // So many of 'tombs' are up to 'middle'.
    Seq middle = UINT64_MAX;
    bool erased = false;  // Something in the block was, since it began.
  };
  Gathering gathering_;
  // The last record that the rewrite under way knew of, and the last one that is to be kept before
  // its file takes the name: this one, or the one that says how long it is.
  uint64_t rewrite_number_ = 0;
  uint64_t rewrite_kept_ = 0;
  WritePoint rewrite_point_;   // Of the latter.
  bool rewrite_said_ = false;  // By a record.

  // Of the journal. A stream that was deleted needs them no more: said once it starts.
  std::vector<std::string> missed_;
  bool index_found_ = false;  // The one that the last stop left.
  DiskTicket index_removal_;
  bool has_checkpoint_ = false;
  // Messages that were replayed into another block than theirs, as they came.
  struct Displaced {
    uint32_t block = 0;  // Theirs.
    SeqRange seqs;
  };
  std::vector<Displaced> displaced_;
  BlockLengths lengths_;        // Of what the checkpoint names, by what was replayed so far.
  std::vector<uint32_t> void_;  // Named by it and not there, whatever the journal says.
  Job job_;
  std::optional<PurgeIntent> purging_;  // The journal, or a checkpoint, says that it is under way.
  StopStage stop_ = StopStage::kSettling;
  bool stop_wanted_ = false;  // Once it runs.
  WritePoint stop_point_;     // Of the record that says so.
  DiskTicket stop_names_, stop_remove_, stop_sync_;
  // LeaveTombstones() is done with blocks of lower numbers, for this first sequence.
  uint32_t stop_looked_ = 0;
  Seq stop_at_ = 0;  // Within the block, how far.
  Seq stop_floor_ = 0;

  // Expiry: 'from' and 'after' say how far the walk under way is.
  struct Expiring {
    Seq from = 0;
    bool only_never = true;  // Of what was looked at and stays.
    bool aged = false;       // All has gone that is too old.
    std::optional<Expiry> after;
    bool more = false;
    bool asked = false;
  };
  ExpiryQueue ttls_;
  RemovalRequests requests_;
  Expiring expire_;
  Instant rest_until_;
  bool waiting_ = false;  // What is left to do waits for the disk.
  // No block is read for the store's own sake before that: no more files could be opened.
  std::optional<Instant> read_again_;
  // NextExpiry() at the end of the last Work(): when the owner will call.
  std::optional<WallTime> told_expiry_;
  uint64_t subject_max_ = 0;  // The highest limit of a subject in this life.
  bool any_unread_ = false;   // A block could not be read when the store was opened.

  // All subjects are being held against a new limit: see subject_sweep.cc.
  enum class SweepStage : uint8_t { kNone, kSubjects, kMessages };
  struct Sweep {
    SweepStage stage = SweepStage::kNone;
    std::string from;                // Where the walk over subjects goes on,
    std::vector<std::string> above;  // and those that it found.
    Seq at = 0, to = 0;              // Messages that are still to be looked at.
    bool active() const { return stage != SweepStage::kNone; }
  };
  Sweep sweep_;
  std::vector<std::string> subjects_due_;  // Subjects above their limit that had to wait.
  std::deque<SeqRange> deletions_due_;     // Taken over, and not all removed yet.
  bool limits_due_ = false;
  bool drops_due_ = false;  // Blocks that are empty are still there.
  bool paused_ = false;     // Something waits until the journal has room.
  bool floor_due_ = false;  // Messages went at the front, and no record says so yet.
  bool ready_ = false;
  bool abandoned_ = false;
  Pinned pinned_;
  bool purged_ = false;  // Of a store that never had a message: it was purged, or skipped.
  bool quiet_ = false;   // A job counts its own changes.
  std::vector<StoreChange> changes_;
  std::vector<std::string> notices_;
  std::optional<std::string> failure_;
};

}  // namespace dunlin::file
