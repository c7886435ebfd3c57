// FileStore: purge, compact, truncate. Each is one record in the journal first, whose replay comes
// to the same end; then the blocks are looked through, for the subjects' counts, in slices; files
// go, or are rewritten, later. Only a purge by subject is more than one record: the first says what
// is going to go, the last that it went, and a start in between goes on with it.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/file_store.h"

namespace dunlin::file {
namespace {

using Got = BlockReader::Got;

}  // namespace

WritePoint FileStore::AppendMark(RecordType type, SeqTime mark) {
  uint8_t bytes[kJournalMarkBytes];
  EncodeJournalMark({mark.seq, mark.time}, bytes);
  const Block* head = index_.head();
  return AppendJournal(type, head == nullptr ? 0 : head->number, 0,
                       {reinterpret_cast<const char*>(bytes), sizeof(bytes)});
}

// All blocks go, with all that is in them; 'block' is the last number that was in use. 'last' is
// the last sequence from then on.
void FileStore::ResetTo(SeqTime last, uint32_t block, WritePoint point) {
  for (std::unique_ptr<Block>& gone : index_.blocks) {
    writer_.Drop(std::move(gone), point, BlockWriter::Then::kForgotten);
  }
  index_.log.End();
  index_.blocks.clear();
  index_.subjects.Clear();
  index_.msgs = index_.bytes = index_.unsettled = index_.miscounted = 0;
  reader_.ForgetUnreadable();
  index_.last = last;
  index_.first = {last.seq + 1, WallTime{}};
  next_block_ = std::max(next_block_, block + 1);
  subjects_due_.clear();
  deletions_due_.clear();
  ttls_.Clear();
  requests_.Clear();
  never_up_to_ = 0;
  after_never_.reset();
}

// Of the removal of everything.
void FileStore::TellAll() {
  // What was removed, and still counts its bytes, is not told of any more.
  const uint64_t msgs = index_.msgs + index_.unsettled;
  if (msgs == 0 && index_.bytes == 0) return;
  changes_.push_back(
      {.kind = StoreChange::Kind::kMany, .msgs = msgs, .bytes = index_.bytes, .subject = {}});
}

// Removes everything; the next sequence is 'first' if that is higher than it would be.
uint64_t FileStore::PurgeAll(Seq first) {
  const uint64_t purged = index_.msgs;
  purged_ = true;
  TellAll();
  SeqTime last = index_.last;
  if (first > last.seq + 1) last.seq = first - 1;
  const uint32_t block = index_.head() == nullptr ? 0 : index_.head()->number;
  const WritePoint point = AppendMark(RecordType::kPurge, last);
  ResetTo(last, block, point);
  // So that blocks alone say which sequence was the last one (reference: the same).
  AppendTombstone(last);
  return purged;
}

// A slice of what job_.floor asks for. kDone: all below it is gone.
Progress FileStore::FloorSome() {
  Progress progress = Progress::kDone;
  quiet_ = true;
  for (size_t place = 0; place < index_.blocks.size() && progress == Progress::kDone; ++place) {
    Block* block = index_.blocks[place].get();
    if (block->msgs > 0 && block->first.seq >= job_.floor) break;
    while (block->msgs > 0 && block->first.seq < job_.floor) {
      std::string why;
      const Got got = Need(block, 0, &why);
      if (got == Got::kMore || got == Got::kWait || got == Got::kFailed || slice_ <= 0) {
        progress = got == Got::kWait ? Progress::kWait : Progress::kMore;
        if (progress == Progress::kMore) Touch();
        break;
      }
      slice_ -= kRemovalCost;
      TakeOut(block, block->first.seq);
      if (got == Got::kDamaged) Forfeit(block);
    }
  }
  quiet_ = false;
  NextFirst();
  if (progress != Progress::kDone) return progress;
  job_.floor = 0;
  (void)DropEmpty();
  return Progress::kDone;
}

void FileStore::BeginJob() {
  CHECK(!job_.active());
  job_.busy = true;
  at_rest_ = false;
  job_.msgs = index_.msgs;
  job_.bytes = index_.bytes;
}

uint64_t FileStore::EndJob() {
  const uint64_t purged = job_.msgs - index_.msgs;
  if (purged > 0) {
    changes_.push_back({.kind = StoreChange::Kind::kMany,
                        .msgs = purged,
                        .bytes = job_.bytes - index_.bytes,
                        .subject = {}});
  }
  job_ = {};
  Touch();  // What a job holds up.
  return purged;
}

Progress FileStore::Run(const Now& now, Compact& job) {
  now_ = now;
  NewSlice();
  if (job.cursor.b == 0) {
    const Progress limits = LimitsFirst();
    if (limits != Progress::kDone) return limits;
    job.error = Refusal();
    if (job.error != StoreError::kNone) return Progress::kFailed;
    if (job.seq > kJumpMax) {
      job.error = StoreError::kInvalidSeq;
      return Progress::kFailed;
    }
    if (job.seq == 0 || job.seq > index_.last.seq) {
      job.purged = PurgeAll(job.seq);
      job.point = last_point_;
      return Progress::kDone;
    }
    if (job.seq <= index_.first.seq) return Progress::kDone;
    BeginJob();
    job_.floor = job.seq;
    job.point = AppendFloor(job.seq);
    job.cursor.b = 1;
  }
  if (job_.floor != 0) {
    const Progress progress = FloorSome();
    if (progress != Progress::kDone) return progress;
  }
  job.purged = EndJob();
  return Progress::kDone;
}

WritePoint FileStore::AppendFloor(Seq floor) {
  // The record says what first.seq is: for a moment, what it will be.
  const SeqTime first = index_.first;
  index_.first.seq = floor;
  const WritePoint point = AppendJournal(
      RecordType::kFloor, index_.head() == nullptr ? 0 : index_.head()->number, 0, {});
  index_.first = first;
  return point;
}

// Limits that wait for a block are enforced before a job: what it removes depends on what they do.
// So are deletions that were taken over: a truncate may use their sequences again.
Progress FileStore::LimitsFirst() {
  if (failure_ ||
      (!limits_due_ && subjects_due_.empty() && !sweep_.active() && deletions_due_.empty())) {
    return Progress::kDone;
  }
  return WaitsForDisk() || paused_ ? Progress::kWait : Progress::kMore;
}

Progress FileStore::Run(const Now& now, Purge& job) {
  now_ = now;
  NewSlice();
  if (job.cursor.b == 0) {
    const Progress limits = LimitsFirst();
    if (limits != Progress::kDone) return limits;
  }
  const bool all = job.filter.empty() || job.filter == ">";
  if (job.cursor.b == 0) {
    job.error = Refusal();
    if (job.error != StoreError::kNone) return Progress::kFailed;
    if (job.below == 1) return Progress::kDone;
    if (all && job.keep == 0 && job.below == 0) {
      job.purged = PurgeAll(0);
      job.point = last_point_;
      return Progress::kDone;
    }
  }
  if (all) {  // 'keep' does not count with 'below' (reference: the same).
    Compact compact;
    if (job.cursor.b == 0) compact.seq = job.below > 1 ? job.below : FirstKept(job.keep);
    if (job.cursor.b == 0 && compact.seq == 0) return Progress::kDone;
    compact.cursor = job.cursor;
    const Progress progress = Run(now, compact);
    job.cursor = compact.cursor;
    job.error = compact.error;
    job.detail = compact.detail;
    job.purged = compact.purged;
    if (compact.point > job.point) job.point = compact.point;
    return progress;
  }
  return PurgeMatches(job);
}

// The first of the last so many messages. 0: there are no more than that.
Seq FileStore::FirstKept(uint64_t keep) const {
  if (index_.msgs <= keep) return 0;
  uint64_t goes = index_.msgs - keep;
  for (const auto& block : index_.blocks) {
    if (goes >= block->msgs) {
      goes -= block->msgs;
      continue;
    }
    // By runs of live ones.
    for (Seq at = block->first.seq;;) {
      at = block->deleted.NextAbsent(at).value_or(at);
      const Seq dead = block->deleted.Next(at).value_or(block->last.seq + 1);
      if (goes < dead - at) return at + goes;
      goes -= dead - at;
      at = dead;
    }
  }
  CHECK(false);
}

// A purge of what matches is decided once it is known up to where: then the journal says so, and
// whatever comes in between, all of it goes. The cursor's 'b': 0 begins, 1 looks for what is kept,
// 2 removes.
Progress FileStore::PurgeMatches(Purge& job) {
  constexpr uint64_t kBegins = 0, kKeeps = 1, kRemoves = 2;
  if (job.cursor.b == kBegins) {
    BeginJob();
    const Bounds bounds = SubjectBounds({job.filter});
    job_.bound = std::min(bounds.last, index_.last.seq);
    if (job.below != 0) job_.bound = std::min(job_.bound, job.below - (MUTANT(155) ? 0 : 1));
    job_.from = std::max(bounds.first, index_.first.seq);
    job_.keep = job.keep;
    job.cursor.at = std::min(bounds.last, index_.last.seq);
    job.cursor.b = kKeeps;
    if (!bounds.any || job_.from > job_.bound) return EndPurge(&job);
  }
  if (job.cursor.b == kKeeps) {
    const Progress progress = KeepSome(&job);
    if (progress == Progress::kFailed) return EndPurge(&job);
    if (progress != Progress::kDone) return progress;
    purging_ = {job_.bound, job.filter};
    job.point = AppendJournal(RecordType::kPurgeMatching, 0, 0, EncodePurgeIntent(*purging_));
    job.cursor.at = job_.from;
    job.cursor.b = kRemoves;
  }
  const Progress progress = PurgeSome(&job, &job.point);
  return progress == Progress::kMore || progress == Progress::kWait ? progress : EndPurge(&job);
}

// A job does not end half done because the disk would not read just now. (A block that it never
// reads is passed over.)
bool FileStore::TryAgain(StoreRequest* request) {
  if (request->error != StoreError::kFailed) return false;
  if (reader_.starved()) RestReading();
  request->error = StoreError::kNone;
  return true;
}

// Passes over what is kept, from the last match down, and blocks that cannot be read: whatever in
// them matches stays. kDone: all up to job_.bound is to go. kFailed without an error: nothing is.
Progress FileStore::KeepSome(Purge* job) {
  const std::vector<std::string> filters{job->filter};
  for (; job_.keep > 0; --job_.keep) {
    if (slice_ <= 0) return Progress::kMore;
    if (read_again_) return Progress::kWait;
    const Seq before = job->cursor.at;
    format::Record found;
    const Progress progress =
        SearchDown(filters, &job->cursor.at, job_.from, job, &found, Unreadable::kIsPassedOver);
    if (progress == Progress::kFailed && TryAgain(job)) return Progress::kMore;
    if (progress != Progress::kDone) return progress;
    if (found.seq <= job_.from) {
      job->error = StoreError::kEof;
      return Progress::kFailed;
    }
    job->cursor.at = found.seq - 1;
    job_.bound = std::min(job_.bound, job->cursor.at);
    slice_ -= static_cast<int>(std::min<Seq>(before - job->cursor.at, INT32_MAX / 2));
  }
  return Progress::kDone;
}

// A slice of what purging_ asks for, but for what cannot be read. kDone, and kFailed: there is no
// more.
Progress FileStore::PurgeSome(StoreRequest* request, WritePoint* point) {
  const std::vector<std::string> filters{purging_->filter};
  while (slice_ > 0) {
    if (journal_->Full() && !job_.paused) Touch();  // Who waits for the journal is asked by Work().
    job_.paused = journal_->Full();
    if (job_.paused || read_again_) return Progress::kWait;
    format::Record found;
    request->cursor.at = std::max(request->cursor.at, index_.first.seq);
    const Progress progress = SearchUp(filters, &request->cursor.at, purging_->bound, request,
                                       &found, &slice_, nullptr, Unreadable::kIsPassedOver);
    if (progress == Progress::kFailed && TryAgain(request)) return Progress::kMore;
    if (progress != Progress::kDone) return progress;
    slice_ -= kRemovalCost;
    quiet_ = true;
    *point = RemoveOne(found.seq);
    quiet_ = false;
  }
  return Progress::kMore;
}

Progress FileStore::EndPurge(Purge* job) {
  if (purging_) job->point = FinishPurge();
  job->error = StoreError::kNone;
  job->purged = EndJob();
  return Progress::kDone;
}

WritePoint FileStore::FinishPurge() {
  purging_.reset();
  return AppendJournal(RecordType::kPurged, 0, 0, {});
}

// A purge that was cut off by the end of the last life: goes on with it. True: it is done.
bool FileStore::ResumePurge() {
  if (!purging_) return true;
  if (!job_.active()) {
    BeginJob();
    if (MUTANT(170)) purging_->bound = 0;
  }
  WritePoint point;
  const Progress progress = PurgeSome(&job_.resumed, &point);
  if (progress == Progress::kMore) Touch();
  if (progress == Progress::kMore || progress == Progress::kWait) return false;
  FinishPurge();
  (void)EndJob();
  return true;
}

// While the journal is read again: everything above 'mark' goes, out of all counts now, out of the
// files when they are rewritten. Until then a checkpoint says from where on they mean nothing.
// Whatever their numbers: a block that was dropped may still stand in its place, and records whose
// place is taken come into blocks of their own.
void FileStore::CutTo(SeqTime mark) {
  for (const auto& cut : index_.blocks) {
    if (cut->last.seq > mark.seq) (void)CutBlock(cut.get(), mark);
  }
  while (ForgetTtlsAbove(mark.seq) != Progress::kDone) NewSlice();
  job_.ttl.reset();
  if (!MUTANT(250)) CutDisplaced(mark.seq);
  index_.last = mark;
  NextFirst();
}

// Those whose records could not be read are still there. Not kDone: the slice is used up.
Progress FileStore::ForgetTtlsAbove(Seq seq) {
  std::optional<Expiry> at = job_.ttl ? ttls_.After(*job_.ttl) : ttls_.First();
  for (; at; at = ttls_.After(*at)) {
    if (slice_-- <= 0) return Progress::kMore;
    job_.ttl = at;
    if (at->seq > seq) ttls_.Remove(*at);
  }
  return Progress::kDone;
}

// Sequences above are others' from now on.
void FileStore::CutDisplaced(Seq last) {
  std::erase_if(displaced_, [&](const Displaced& some) { return some.seqs.first > last; });
  for (Displaced& some : displaced_) some.seqs.last = std::min(some.seqs.last, last);
}

// False: the slice is used up, and some of it is left.
bool FileStore::CutBlock(Block* cut, SeqTime mark) {
  index_.log.End();
  for (Seq at = std::max(mark.seq + 1, cut->first.seq); cut->msgs > 0;) {
    const auto live = cut->deleted.NextAbsent(at);
    if (!live || *live > cut->last.seq) break;
    if (!replaying_) {
      if (slice_ <= 0) return false;
      slice_ -= kRemovalCost;
    }
    TakeOut(cut, *live);
    at = std::max(*live + 1, cut->first.seq);
  }
  cut->deleted.DeleteRange(mark.seq + 1, cut->last.seq);
  cut->tombs.DeleteRange(mark.seq + 1, cut->last.seq);  // The sequences will be used again.
  cut->last = mark;
  if (cut->msgs == 0) cut->deleted.Clear();
  if (cut->msgs == 0) cut->first = {mark.seq + 1, WallTime{}};
  cut->base = std::min(cut->base, mark.seq + 1);
  if (!MUTANT(135)) cut->cut = cut->cut == 0 ? mark.seq : std::min(cut->cut, mark.seq);
  if (cut->life == BlockLife::kOpen) cut->life = BlockLife::kSealed;
  return true;
}

Progress FileStore::Run(const Now& now, Truncate& job) {
  now_ = now;
  NewSlice();
  if (job.cursor.b == 0) {
    const Progress limits = LimitsFirst();
    if (limits != Progress::kDone) return limits;
    job.error = Refusal();
    if (job.error == StoreError::kNone && job.seq > index_.last.seq) {
      job.error = StoreError::kInvalidSeq;
    }
    if (job.error != StoreError::kNone) return Progress::kFailed;
    if (job.seq == 0) {
      const uint32_t block = index_.head() == nullptr ? 0 : index_.head()->number;
      purged_ = false;
      TellAll();
      job.point = AppendMark(RecordType::kPurge, {});
      ResetTo({}, block, job.point);
      return Progress::kDone;
    }
    BeginJob();
    job.cursor.b = 1;
  }
  if (job.cursor.b == 1) {
    const Progress progress = BeginTruncate(&job);
    if (progress != Progress::kDone) return progress;
  }
  Progress progress = CutSome();
  if (progress == Progress::kDone) progress = ForgetTtlsAbove(job_.mark.seq);
  if (progress != Progress::kDone) return progress;
  requests_.Clear();  // What is left of them is asked for again.
  index_.last = job_.mark;
  NextFirst();
  never_up_to_ = 0;
  after_never_.reset();
  expire_ = {};
  if (!index_.Live(job.seq)) AppendTombstone(job_.mark);
  job.point = last_point_;
  (void)EndJob();
  (void)DropEmpty();
  return Progress::kDone;
}

// Finds the time of the new last message, in its record, and says in the journal what is to go.
Progress FileStore::BeginTruncate(Truncate* job) {
  job_.mark = {job->seq, index_.last.time};
  if (Block* block = index_.Find(job->seq); block != nullptr && block->msgs > 0) {
    std::string why;
    const Got got = Need(block, 0, &why);
    if (got == Got::kMore || got == Got::kFailed) return Progress::kMore;
    if (got == Got::kWait) return Progress::kWait;
    format::Record record;
    const bool known =
        got == Got::kHere && block->Live(job->seq) && block->cache->Find(job->seq, &record);
    job_.mark.time = known ? record.time : block->last.time;
  }
  job_.head = index_.head() == nullptr ? 0 : index_.head()->number;
  job->point = AppendMark(RecordType::kTruncate, job_.mark);
  job->cursor.b = 2;
  return Progress::kDone;
}

// Cuts one block after the other, each while it is in memory: its subjects are counted out.
Progress FileStore::CutSome() {
  for (const auto& block : index_.blocks) {
    if (block->number > job_.head || block->last.seq <= job_.mark.seq) continue;
    std::string why;
    const Got got = block->msgs == 0 ? Got::kHere : Need(block.get(), 0, &why);
    if (got == Got::kMore || got == Got::kFailed) return Progress::kMore;
    if (got == Got::kWait) return Progress::kWait;
    quiet_ = true;
    const bool whole = CutBlock(block.get(), job_.mark);
    quiet_ = false;
    if (!whole) return Progress::kMore;
  }
  return Progress::kDone;
}

}  // namespace dunlin::file
