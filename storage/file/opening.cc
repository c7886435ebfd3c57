// FileStore: opening, replay, checkpoints, stopping.
#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/store/msg_headers.h"
#include "storage/file/file_store.h"
#include "storage/file/incarnations.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"

namespace dunlin::file {

void FileStore::Open() {
  CHECK(phase_ == Phase::kNew);
  opener_ = std::make_unique<Opener>(disk_, &codec_, &index_,
                                     options_.limits.reader.index_bytes_per_slice);
  if (UsesMeta()) {
    meta_.Read();
  } else {
    opener_->Begin();
  }
  phase_ = Phase::kOpening;
  Touch();
}

void FileStore::WorkOpening() {
  if (UsesMeta() && !ReadMeta()) return;
  const Opener::Step step = opener_->Work();
  // At once: what told of the damage may be gone from the disk when this life ends too early.
  std::vector<std::string>& notices = opener_->notices();
  if (MUTANT(139) && !notices.empty()) failure_ = notices[0];
  std::move(notices.begin(), notices.end(), std::back_inserter(notices_));
  notices.clear();
  switch (step) {
    case Opener::Step::kMore: slice_ = 0; return Touch();
    case Opener::Step::kWait: return;
    case Opener::Step::kFailed:
      failure_ = opener_->failure();
      phase_ = Phase::kFailed;
      return;
    case Opener::Step::kDone: break;
  }
  // Left by others: what comes next would not fit a record, or have a name, some day.
  constexpr uint32_t kBlockMax = UINT32_MAX / 4 * 3;
  const uint32_t block = opener_->highest_block();
  if (index_.last.seq > kJumpMax / 2 * 3 || block > kBlockMax) {
    const bool by_block = block > kBlockMax;
    failure_ = "stream '" + options_.config.name + "': its last " +
               (by_block ? "block, " + std::to_string(block)
                         : "sequence, " + std::to_string(index_.last.seq)) +
               ", has too high a number";
    phase_ = Phase::kFailed;
    return;
  }
  any_unread_ = std::any_of(index_.blocks.begin(), index_.blocks.end(), [](const auto& block) {
    return !block->damage.empty() && block->raw_bytes == 0;
  });
  lengths_ = opener_->lengths();
  for (const ShortBlock& block : lengths_.Short()) {
    if (!block.is) void_.push_back(block.number);
  }
  purged_ = opener_->purged();
  by_index_ = opener_->by_index();
  for (const TtlFound& ttl : opener_->ttls()) {
    ttls_.Add({ExpiryOf(ttl.time, ttl.ttl), ttl.seq});
  }
  next_block_ = opener_->highest_block() + 1;
  index_found_ = opener_->index_found();
  chain_.Adopt(opener_->part_files(), opener_->parts(), opener_->highest_part());
  if (!opener_->parts().empty()) index_.log.Begin();
  if (const auto& checkpoint = opener_->checkpoint()) {
    has_checkpoint_ = true;
    incarnation_ = checkpoint->incarnation;
    record_number_ = checkpoint->number;
    purging_ = checkpoint->purge;
    writer_.Inherit(!checkpoint->index.empty());
  } else {
    incarnation_ = DrawIncarnation(disk_.Path(""), &rng_);
  }
  const Seq floor = by_index_ && has_checkpoint_ ? opener_->checkpoint()->floor : 0;
  opener_.reset();
  replaying_ = true;
  ApplyFloor(floor);  // What a compaction that was under way has left, and an index still counts.
  phase_ = Phase::kScanned;
}

void FileStore::ReplayStopped(WritePoint point) {
  last_point_ = std::max(last_point_, point);
  stop_to_pass_ = true;
}

void FileStore::Replay(WritePoint point, uint8_t kind, std::span<const uint8_t> body) {
  CHECK(phase_ == Phase::kScanned);
  last_point_ = std::max(last_point_, point);  // What the next checkpoint passes.
  JournalHead head;
  if (!DecodeJournalHead(body, &head)) {
    return Damaged("stream '" + options_.config.name + "': a journal record is too short");
  }
  if (head.number <= record_number_) return;
  if (head.number > record_number_ + 1) {
    std::string what = "stream '" + options_.config.name + "': journal records " +
                       std::to_string(record_number_ + 1) + " to " +
                       std::to_string(head.number - 1) + " are lost";
    if (MUTANT(247)) Damaged(what);
    missed_.push_back(std::move(what));
  }
  record_number_ = head.number;
  const std::span<const uint8_t> rest = body.subspan(kJournalHeadBytes);
  lengths_.Take(static_cast<RecordType>(kind), head);
  switch (static_cast<RecordType>(kind)) {
    case RecordType::kAppend:
      ApplyFloor(head.floor);  // What it says had gone before.
      ReplayAppend(head, rest);
      break;
    case RecordType::kFloor:
    case RecordType::kRewritten: break;
    case RecordType::kDropped: ReplayDropped(head.block); break;
    case RecordType::kErase: ReplayErase(head.block); break;
    case RecordType::kPurgeMatching: {
      const std::string_view intent(reinterpret_cast<const char*>(rest.data()), rest.size());
      if (!DecodePurgeIntent(intent, &purging_.emplace())) purging_.reset();
      break;
    }
    case RecordType::kPurged: purging_.reset(); break;
    case RecordType::kPurge:
    case RecordType::kTruncate: {
      JournalMark mark;
      if (!DecodeJournalMark(rest, &mark)) break;
      purging_.reset();  // Only after damage: sequences may come again.
      if (static_cast<RecordType>(kind) == RecordType::kPurge) {
        purged_ = false;
        ResetTo({mark.seq, mark.time}, head.block, {});
        CutDisplaced(0);
      } else {
        ApplyFloor(head.floor);
        CutTo({mark.seq, mark.time});
      }
      return;
    }
  }
  ApplyFloor(head.floor);
}

// All in it was dead. What says so of one of its messages may have gone since: a tombstone does not
// outlive what it is for. What has come to lie there because its own block was damaged is not
// meant.
void FileStore::ReplayDropped(uint32_t number) {
  const auto take = [&](Seq first, Seq last) {
    for (auto seq = NextLive(first); seq && *seq <= last; seq = NextLive(*seq + 1)) {
      TakeOut(index_.Find(*seq), *seq);
    }
  };
  Block* const block = index_.ByNumber(number);
  Seq at = block == nullptr ? 0 : block->first.seq;
  for (const Displaced& some : displaced_) {
    if (block != nullptr && some.seqs.last >= at && some.seqs.first <= block->last.seq) {
      if (some.seqs.first > at) take(at, some.seqs.first - 1);
      at = some.seqs.last + 1;
    }
    if (some.block == number) take(some.seqs.first, some.seqs.last);
  }
  if (block != nullptr) {
    take(at, block->last.seq);
    block->said_dropped = block->msgs == 0;
  }
  NextFirst();
}

// What was promised then is still to be done.
void FileStore::ReplayErase(uint32_t number) {
  if (Block* block = index_.ByNumber(number); block != nullptr && !MUTANT(172)) EraseIn(block);
}

void FileStore::ReplayAppend(const JournalHead& head, std::span<const uint8_t> bytes) {
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const crypto::HighwayHash64 checksum = format::BlockChecksum(options_.config.name, head.block);
  format::Record record;
  const format::RecordDamage damage = format::DecodeRecord(view, 0, &checksum, &record);
  if (damage != format::RecordDamage::kNone || record.bytes != bytes.size()) {
    return Damaged("stream '" + options_.config.name + "', block " + std::to_string(head.block) +
                   ", offset " + std::to_string(head.offset) +
                   ", in the journal: " + format::Describe(damage));
  }
  Block* to = index_.head();
  if (to == nullptr || to->number < head.block) {
    next_block_ = head.block;
    to = Rotate();
    // The checkpoint speaks of a file with this number, and longer than this one would be. It was
    // dropped, as a later record says.
    to->unwritten = std::find(void_.begin(), void_.end(), head.block) != void_.end();
  } else if (record.kind != format::RecordKind::kTombstone && IsTooFar(*to, record.seq)) {
    return Damaged("stream '" + options_.config.name + "', block " + std::to_string(head.block) +
                   ", offset " + std::to_string(head.offset) + ", in the journal: sequence " +
                   std::to_string(record.seq) + " is too far above " +
                   std::to_string(to->last.seq));
  } else if (to->number != head.block || to->life != BlockLife::kOpen) {
    // Only after damage: the record's place is taken. It is written anew, with the checksum of
    // where it comes to lie.
    return ReplayElsewhere(head.block, record);
  }
  if (record.kind != format::RecordKind::kTombstone && record.seq <= index_.last.seq) return;
  next_block_ = std::max(next_block_, head.block + 1);
  switch (record.kind) {
    case format::RecordKind::kMessage:
      if (index_.msgs == 0) index_.first = {record.seq, record.time};
      CountMessage(to, record);
      ++index_.msgs;
      index_.bytes += record.bytes;
      index_.last = {record.seq, record.time};
      index_.AddToSubject(record.subject, record.seq);
      if (!record.header.empty()) NoteTtl(record, MessageTtl(record.header));
      break;
    case format::RecordKind::kErased:
      if (MUTANT(153)) return;
      CountGap(to, to->last.seq + 1, record.seq);
      to->last.time = record.time;
      index_.last = {record.seq, record.time};
      if (index_.msgs == 0) index_.first = {record.seq + 1, WallTime{}};
      break;
    case format::RecordKind::kTombstone:
      to->tombs.Insert(record.seq);
      if (record.seq == 0) purged_ = true;
      if (index_.Live(record.seq)) {
        TakeOut(index_.Find(record.seq), record.seq);
        NextFirst();
      }
      break;
  }
  std::memcpy(RoomIn(to, view.size()), view.data(), view.size());
  Append(to, record);
}

void FileStore::ReplayElsewhere(uint32_t block, const format::Record& record) {
  switch (record.kind) {
    case format::RecordKind::kMessage:
      if (record.seq > index_.last.seq) {
        if (displaced_.empty() || displaced_.back().block != block) {
          displaced_.push_back({block, {record.seq, record.seq}});
        }
        displaced_.back().seqs.last = record.seq;
        AppendMessage(record.subject, record.header, record.payload, {record.seq, record.time}, 0);
      }
      break;
    case format::RecordKind::kErased:
      if (record.seq > index_.last.seq) AppendSkipped({record.seq, record.time});
      break;
    case format::RecordKind::kTombstone:
      if (index_.Live(record.seq)) {
        TakeOut(index_.Find(record.seq), record.seq);
        NextFirst();
      }
      AppendTombstone({record.seq, record.time});
      break;
  }
}

void FileStore::Start(const Now& now) {
  CHECK(phase_ == Phase::kScanned);
  now_ = now;
  replaying_ = false;
  displaced_ = {};
  const std::vector<ShortBlock> shorter = lengths_.Short();
  lengths_ = {};
  DropUnwritten(shorter);
  for (std::string& what : std::exchange(missed_, {})) Damaged(std::move(what));
  for (const ShortBlock& block : shorter) Damaged(Notice(options_.config.name, block));
  phase_ = Phase::kStarting;
  WantMeta();
  // Before anything of a directory without one is changed.
  if (!has_checkpoint_) BeginCheckpoint();
  // A purge that was cut off came before whatever limits there are now.
  if (!purging_) BeginLimits();
  Touch();
}

void FileStore::BeginLimits() {
  if (options_.config.max_msgs_per_subject > 0) BeginSubjectSweep();
  limits_due_ = true;
}

// What replay made of blocks that it dropped in the end, and whose files are gone.
void FileStore::DropUnwritten(const std::vector<ShortBlock>& shorter) {
  for (const auto& block : index_.blocks) {
    const bool lost = std::any_of(shorter.begin(), shorter.end(), [&](const ShortBlock& one) {
      return !one.is && one.number == block->number;
    });
    block->unwritten = block->unwritten && !lost && block->msgs == 0 && block->unsettled.empty();
  }
  std::erase_if(index_.blocks, [](const auto& block) { return block->unwritten; });
  NextFirst();
}

void FileStore::WorkStarting() {
  if (has_checkpoint_) MaybeCheckpoint();
  if (purging_ && has_checkpoint_) {
    if (!ResumePurge()) return;
    BeginLimits();
    return Touch();
  }
  if (writer_.checkpointing()) return;
  if (!has_checkpoint_) {
    if (!writer_.taken()) return BeginCheckpoint();
    has_checkpoint_ = true;
    if (index_found_) {
      index_removal_ =
          disk_.Remove(std::string(format::kMsgsDir).append("/").append(format::kIndexFile));
    }
    if (HasChores() && !MUTANT(175)) Touch();  // They had to wait for it.
  }
  if (index_removal_.value != 0) return;  // A stop makes another one.
  if (sweep_.active() || index_.unsettled > 0 || !subjects_due_.empty() || !MetaDurable()) return;
  if (limits_due_) EnforceLimits();
  if (limits_due_) return;
  // Where it begins is for a stream in which nothing ever was: one that was truncated to below goes
  // on from there, and what was stored since is not to go.
  const Seq first_wanted = options_.config.first_seq;
  if (first_wanted > kJumpMax) {
    failure_ = "stream '" + options_.config.name + "': the first sequence " +
               std::to_string(first_wanted) + " is too high";
    phase_ = Phase::kFailed;
    return;
  }
  if ((first_wanted > 1 && index_.last.seq == 0 && !purged_) || (first_wanted > 0 && MUTANT(143))) {
    PurgeAll(first_wanted);
  }
  (void)DropEmpty();
  // What has just gone, and is not in memory, is not in all counts yet.
  if (index_.unsettled > 0) return Touch();
  // Whoever counts begins with what there is now.
  std::erase_if(changes_, [](const StoreChange& change) {
    return change.kind == StoreChange::Kind::kRemoved || change.kind == StoreChange::Kind::kMany;
  });
  phase_ = Phase::kRunning;
  if (stop_wanted_) return Stop(now_);
  // The next crash is to find an index.
  if (!index_.log.on() && chain_.Wanted(index_)) checkpoint_wanted_ = true;
}

bool FileStore::OnIndexRemoved(const DiskDone& done) {
  if (done.ticket != index_removal_) return false;
  index_removal_ = {};
  if (!done.ok() && done.error != DiskError::kNotFound && done.error != DiskError::kCanceled) {
    failure_ = "stream '" + options_.config.name +
               "', removing what the last stop left: " + Describe(done.error);
  }
  Touch();
  return true;
}

// Whether the block may be written anew while an index of this moment counts.
bool FileStore::IsUnsure(const Block& block) const {
  const BlockRewriter& rewriter = writer_.rewriter();
  // What is owed when a rewrite begins is paid before: an index that says it is owed is too old.
  return (rewriter.busy() && rewriter.block() == block.number) ||
         (block.erase && block.unsettled.empty()) || (block.cut != 0 && phase_ == Phase::kStopping);
}

Checkpoint FileStore::Snapshot(bool indexed) const {
  Checkpoint out;
  out.incarnation = incarnation_;
  out.number = record_number_;
  out.floor = index_.first.seq;
  if (!MUTANT(171)) out.purge = purging_;
  out.last = index_.last;
  out.msgs = index_.msgs;
  for (const auto& block : index_.blocks) {
    if (block->raw_bytes == 0 && block->damage.empty()) continue;
    out.blocks.push_back(block->number);
    const bool known = block->life != BlockLife::kOpen && block->damage.empty();
    out.lengths.push_back(!known ? 0 : block->rewritten ? block->file_bytes : block->raw_bytes);
    if (block->cut != 0) out.cuts.push_back({block->number, block->cut});
    if ((block->erase || writer_.rewriter().erasing(block->number)) && !MUTANT(173)) {
      out.erasures.push_back(block->number);
    }
    if (indexed && block->raw_bytes > 0 && IsUnsure(*block)) out.unsure.push_back(block->number);
  }
  out.other = writer_.rewriter().other_file();
  const Block* head = index_.blocks.empty() ? nullptr : index_.blocks.back().get();
  if (head == nullptr) return out;
  // A head that is sealed counts whole: the next one, empty yet, is the head.
  out.head = head->life == BlockLife::kOpen ? head->number : head->number + 1;
  out.head_bytes = head->life == BlockLife::kOpen ? head->raw_bytes : 0;
  return out;
}

void FileStore::MaybeCheckpoint() {
  // In a full journal the checkpoint that makes room says it, too.
  if (floor_due_ && phase_ == Phase::kRunning && !Pauses()) {
    floor_due_ = false;
    AppendFloor(index_.first.seq);
  }
  // A start needs one if something waits for room. Not before it has dropped what was dropped in
  // the last life: of what is in such a block, it may be that nothing else says any more that it is
  // dead.
  const bool room = phase_ == Phase::kStarting && (purging_ || paused_) && index_.unsettled == 0;
  if (writer_.checkpointing() || (phase_ != Phase::kRunning && !room)) return;
  // A truncation goes from block to block, and so does a compaction; until it is done no
  // checkpoint, or no index, could say how far.
  if (job_.head != 0 || job_.floor != 0) return;
  // What was to be taken and came to nothing is taken anew.
  const bool canceled =
      begun_number_ != 0 && (!writer_.taken() || writer_.taken()->number < begun_number_);
  const uint64_t enough = options_.limits.checkpoint_bytes;
  const bool held = base_slice_ && writer_.held_bytes() >= enough;  // Asked in Work() only.
  if (!canceled && !checkpoint_wanted_ && !held && bytes_since_checkpoint_ < enough) return;
  if (phase_ == Phase::kRunning && !IndexGoesFirst()) return;
  if (!DropEmpty()) return;
  checkpoint_wanted_ = false;
  bytes_since_checkpoint_ = 0;
  BeginCheckpoint();
}

// What a new index begins with is built before the checkpoint: while it is, changes are only noted.
// False: it is not built yet.
bool FileStore::IndexGoesFirst() {
  // A part for a checkpoint that came to nothing: it is one of the next one's.
  if (chain_.busy()) return false;
  if (!chain_.Wanted(index_) || !chain_.WantsBase(index_) || !CanSealIndex()) return true;
  const int subjects = options_.limits.records_per_slice;
  if (base_slice_) slice_ -= static_cast<int>(std::min<size_t>(subjects, index_.subjects.size()));
  if (base_slice_ && chain_.BuildBase(&index_, subjects)) return true;
  Touch();
  return false;
}

bool FileStore::CanSealIndex() {
  if (options_.keys == nullptr) return true;
  if (!meta_.key() || !MetaDurable()) return false;
  chain_.SetSealing({&*meta_.key(), options_.keys->entropy()});
  return true;
}

void FileStore::BeginCheckpoint() {
  // It waits for nothing that comes behind it.
  if (Block* head = index_.head(); head != nullptr) head->points.Close();
  begun_number_ = record_number_;
  // What the last life said of a block is not read again once there is a checkpoint that names it.
  for (const auto& block : index_.blocks) block->said_dropped = false;
  PinMoment();
  if (!CanSealIndex()) index_.log.End();
  const bool indexed = chain_.Cut(&index_, record_number_, purged_);
  Touch();
  writer_.Begin(Snapshot(indexed), last_point_, indexed);
}

void FileStore::WorkIndexParts() {
  if (chain_.Work()) Touch();
  if (writer_.awaits_index() && !chain_.busy()) writer_.GiveIndex(chain_.parts());
  if (writer_.takes() != index_takes_) chain_.Taken(writer_.taken()->index);
  index_takes_ = writer_.takes();
}

// Tells the journal what the last checkpoint has made needless. A point is that of a whole batch,
// and a batch may hold records from before and after the checkpoint: then it is needed.
void FileStore::PassTaken() {
  if (!writer_.taken()) return;
  // The record of a stop has no number.
  if (writer_.taken()->number <= passed_number_ && !std::exchange(stop_to_pass_, false)) return;
  passed_number_ = writer_.taken()->number;
  if (record_number_ == passed_number_) {
    journal_->Passed(last_point_);
  } else if (begun_number_ == passed_number_ && first_point_after_.batch > 0) {
    journal_->Passed({first_point_after_.batch - (MUTANT(154) ? 0 : 1)});
  }
}

}  // namespace dunlin::file
