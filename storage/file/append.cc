// FileStore: storing. Records go into the head block and the journal; files come later.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/store/msg_headers.h"
#include "storage/file/file_store.h"
#include "storage/format/checksum_key.h"

namespace dunlin::file {
uint64_t DynamicBlockBytes(RetentionPolicy retention, int64_t max_bytes, bool encrypted) {
  constexpr uint64_t kLarge = 8u << 20, kMedium = 4u << 20, kSealedMax = 2u << 20, kMin = 32'000;
  if (max_bytes > 0) {
    uint64_t bytes = static_cast<uint64_t>(max_bytes) / 4 + 1;
    bytes = (bytes + 99) / 100 * 100;
    bytes = bytes <= kMin ? kMin : bytes >= kLarge ? kLarge : kMedium;
    return encrypted ? std::min(bytes, kSealedMax) : bytes;
  }
  if (encrypted) return kSealedMax;
  return retention == RetentionPolicy::kLimits ? kLarge : kMedium;
}

Block* FileStore::HeadFor(uint64_t bytes) {
  Block* head = index_.head();
  // Places in a block are 32 bits, sequences counted from its first included.
  constexpr uint64_t kSpanMax = UINT32_MAX / 2;
  if (head == nullptr || head->life != BlockLife::kOpen ||
      index_.last.seq - head->base + 1 > kSpanMax || IsTooFar(*head, index_.last.seq) ||
      (head->raw_bytes > 0 && head->raw_bytes + bytes > block_bytes_)) {
    return Rotate();
  }
  return head;
}

Block* FileStore::Rotate() {
  uint32_t number = next_block_++;
  if (Block* head = index_.head(); head != nullptr && head->life == BlockLife::kOpen) {
    head->life = BlockLife::kSealed;
  }
  auto block = std::make_unique<Block>(number, format::BlockChecksum(options_.config.name, number));
  block->base = index_.last.seq + 1;
  block->first = {index_.last.seq + 1, WallTime{}};
  block->last = index_.last;
  block->cache = std::make_unique<BlockCache>();
  index_.blocks.push_back(std::move(block));
  Touch();  // The one before it is to be written now, whole.
  return index_.head();
}

WritePoint FileStore::AppendJournal(RecordType type, uint32_t block, uint64_t offset,
                                    std::string_view rest) {
  if (replaying_) return {};
  // A message mostly just lies there, with nothing to be done in a step: Put() says if there is.
  if (type != RecordType::kAppend) Touch();
  uint8_t head[kJournalHeadBytes];
  EncodeJournalHead({++record_number_, index_.first.seq, block, static_cast<uint32_t>(offset)},
                    head);
  last_point_ = journal_->Append(static_cast<uint8_t>(type), head,
                                 {reinterpret_cast<const uint8_t*>(rest.data()), rest.size()});
  if (record_number_ == begun_number_ + 1) first_point_after_ = last_point_;
  bytes_since_checkpoint_ += kJournalHeadBytes + rest.size();
  return last_point_;
}

// Where the next record of the block, of this length, is to be written.
uint8_t* FileStore::RoomIn(Block* head, size_t bytes) {
  if (head->cache == nullptr) {
    head->cache = std::make_unique<BlockCache>(head->raw_bytes, head->last.seq + 1);
  }
  return head->cache->RoomAtEnd(bytes, pool_);
}

// The record that was written to RoomIn().
WritePoint FileStore::Append(Block* head, const format::Record& record) {
  const std::string_view bytes = head->cache->Append(record);
  const WritePoint point = AppendJournal(RecordType::kAppend, head->number, head->raw_bytes, bytes);
  if (record.kind == format::RecordKind::kMessage) head->map.Note(record.seq, head->raw_bytes);
  head->raw_bytes += record.bytes;
  head->last_checksum = record.checksum;
  if (record.kind != format::RecordKind::kTombstone) head->top = record.seq;
  // Bytes may go to the file once the journal has them, and not before: else a message could come
  // back from a crash that was never promised, with its number given to another one since.
  head->points.Add(point, head->raw_bytes, write_bytes_min_ / kPointsPerWrite);
  return point;
}

namespace {

void Fetch(const void* at) { __builtin_prefetch(at, 1); }

void FetchRecord(const char* at) {
  for (int line = 0; line < 4; ++line) Fetch(at + 64 * line);
}

}  // namespace

// Of a thousand streams none is in the processor's cache. What is needed is asked for all at once:
// else each place would be waited for before it is known where the next one is.
void FileStore::FetchAhead() const {
  if (ahead_.block == nullptr) return;
  const auto* const self = reinterpret_cast<const char*>(this);
  for (int line = 1; line < 6; ++line) Fetch(self + 64 * line);
  for (int line = 0; line < 3; ++line) Fetch(ahead_.block + 64 * line);
  Fetch(ahead_.place);
  Fetch(ahead_.cache);
  Fetch(ahead_.cache + 64);
  Fetch(ahead_.subject);
  Fetch(journal_);
  FetchRecord(ahead_.record);
}

void FileStore::NoteAhead(const Block& head, const SubjectInfo* subject) {
  ahead_.record = head.cache->next_bytes();
  ahead_.place = &index_.blocks.back();
  ahead_.block = reinterpret_cast<const char*>(&head);
  ahead_.cache = reinterpret_cast<const char*>(head.cache.get());
  ahead_.subject = subject;
  FetchRecord(ahead_.record);
}

WritePoint FileStore::AppendMessage(std::string_view subject, std::string_view header,
                                    std::string_view payload, SeqTime at, int64_t ttl) {
  const uint64_t bytes = format::RecordBytes(subject.size(), header.size(), payload.size());
  Block* head = HeadFor(bytes);
  // Of a thousand streams none is in the processor's cache: while the room for the record is being
  // fetched its subject is, too.
  uint8_t* const room = RoomIn(head, bytes);
  const SubjectInfo* const info = index_.AddToSubject(subject, at.seq);
  format::Record record;
  record.checksum =
      format::EncodeMessage(head->checksum, at.seq, at.time, subject, header, payload, room);
  record.seq = at.seq;
  record.time = at.time;
  record.bytes = static_cast<uint32_t>(bytes);
  if (index_.msgs == 0) index_.first = at;
  CountMessage(head, record);
  // What the owner says counts while TTLs are on; the header, which stays, whenever they come on.
  const int64_t lives =
      ttl < 0 || (ttl > 0 && options_.config.allow_msg_ttl) ? ttl : MessageTtl(header);
  if (lives > 0) ++head->ttls;
  if (HasSchedule(header)) ++head->schedules;
  NoteTtl(record, lives);
  if (!after_never_ && never_up_to_ >= index_.first.seq && lives >= 0) {
    after_never_ = at.time;
  }
  ++index_.msgs;
  index_.bytes += record.bytes;
  index_.last = at;
  const WritePoint point = Append(head, record);
  NoteAhead(*head, info);
  return point;
}

WritePoint FileStore::AppendTombstone(SeqTime target) {
  Block* head = HeadFor(format::kEmptyRecordBytes);
  format::Record record;
  record.kind = format::RecordKind::kTombstone;
  record.seq = target.seq;
  record.time = target.time;
  record.bytes = format::kEmptyRecordBytes;
  record.checksum = format::EncodeTombstone(head->checksum, target.seq, target.time,
                                            RoomIn(head, format::kEmptyRecordBytes));
  head->tombs.Insert(target.seq);
  Touch();
  return Append(head, record);
}

WritePoint FileStore::AppendSkipped(SeqTime last) {
  Block* head = HeadFor(format::kEmptyRecordBytes);
  const uint64_t count = last.seq - index_.last.seq;
  if (head->msgs > 0 && head->deleted.size() + count > options_.limits.gap_inside_max) {
    head = Rotate();
  }
  format::Record record;
  record.kind = format::RecordKind::kErased;
  record.seq = last.seq;
  record.time = last.time;
  record.bytes = format::kEmptyRecordBytes;
  record.checksum = format::EncodeSkipped(head->checksum, last.seq, last.time,
                                          RoomIn(head, format::kEmptyRecordBytes));
  if (last.seq > head->last.seq) CountGap(head, head->last.seq + 1, last.seq);
  head->last.time = last.time;
  index_.last = last;
  if (index_.msgs == 0) index_.first = {last.seq + 1, WallTime{}};
  Touch();
  return Append(head, record);
}

// reference: storeRawMsg's checks for DiscardNew.
StoreError FileStore::Admit(std::string_view subject, std::string_view header,
                            std::string_view payload) {
  const StoreConfig& config = options_.config;
  if (config.discard != DiscardPolicy::kNew) return StoreError::kNone;
  const uint64_t bytes = format::RecordBytes(subject.size(), header.size(), payload.size());
  // It pushes its subject's oldest out, and takes no room.
  bool takes_a_place = false;
  Seq oldest = 0;
  if (config.max_msgs_per_subject > 0 && !subject.empty()) {
    const auto max = static_cast<uint64_t>(config.max_msgs_per_subject);
    const SubjectInfo* const info = index_.subjects.Find(subject);
    const uint64_t total = info == nullptr ? 0 : info->total;
    if (total >= max && config.discard_new_per_subject && !IsRollup(header))
      return StoreError::kMaxMsgsPerSubject;
    // What was removed, whosever it was, may still count: in doubt no place is taken.
    takes_a_place = total >= max && total - max >= index_.unsettled;
    if (takes_a_place) {
      const Found found = FirstOfSubject(subject, &oldest);
      // Nor if what it would push out cannot be read, and stays.
      takes_a_place = found != Found::kFailed && found != Found::kNo && IsAboveLimit(total + 1);
    }
  }
  if (config.max_msgs > 0 && index_.msgs >= static_cast<uint64_t>(config.max_msgs) &&
      !takes_a_place) {
    return StoreError::kMaxMsgs;
  }
  if (config.max_bytes > 0 && index_.bytes + bytes > static_cast<uint64_t>(config.max_bytes)) {
    // The message that this one pushes out makes room, if it is as large. One that is not in memory
    // is taken to be too small: the publisher is refused, and may try again.
    format::Record pushed;
    const Block* block = oldest == 0 ? nullptr : index_.Find(oldest);
    const bool known = block != nullptr && block->cache != nullptr &&
                       block->cache->Covers(oldest) && block->cache->Find(oldest, &pushed);
    if (!takes_a_place || !known || pushed.bytes < bytes) return StoreError::kMaxBytes;
  }
  return StoreError::kNone;
}

StoreResult FileStore::Put(const Now& now, std::string_view subject, std::string_view header,
                           std::string_view payload, SeqTime at, int64_t ttl) {
  now_ = now;
  if (!format::RecordFits(subject.size(), header.size(), payload.size())) {
    return Refused(StoreError::kMsgTooLarge);
  }
  StoreResult result;
  result.seq = at.seq;
  result.time = at.time;
  const bool was_at_rest = at_rest_;
  result.point = AppendMessage(subject, header, payload, at, ttl);
  if (at_rest_ && bytes_since_checkpoint_ < checkpoint_bytes_) {
    const Block& head = *index_.blocks.back();
    if (head.raw_bytes - head.written < write_bytes_min_) return result;
  }
  if (was_at_rest) NewSlice();
  if (options_.config.max_msgs_per_subject > 0) EnforceSubject(subject, When::kNow);
  EnforceLimits();
  MaybeCheckpoint();
  if (StepDue()) Touch();
  return result;
}

// Whether what was just stored gives Work(), or whoever arms its deadline, something to do.
bool FileStore::StepDue() const {
  const Block* head = index_.blocks.empty() ? nullptr : index_.blocks.back().get();
  return phase_ != Phase::kRunning || HasChores() || head == nullptr || writer_.Due(*head) ||
         NextExpiry() != told_expiry_;
}

StoreResult FileStore::Store(const Now& now, std::string_view subject, std::string_view header,
                             std::string_view payload, int64_t ttl) {
  FetchAhead();
  if (!at_rest_) {
    if (const StoreError error = Refusal(); error != StoreError::kNone) return Refused(error);
    NewSlice();
    if (const StoreError error = Admit(subject, header, payload); error != StoreError::kNone) {
      return Refused(error);
    }
  }
  return Put(now, subject, header, payload, {index_.last.seq + 1, now.wall}, ttl);
}

StoreResult FileStore::StoreRaw(const Now& now, std::string_view subject, std::string_view header,
                                std::string_view payload, Seq seq, WallTime time, int64_t ttl) {
  if (const StoreError error = Refusal(); error != StoreError::kNone) return Refused(error);
  if (seq != 0 && seq != index_.last.seq + 1) return Refused(StoreError::kInvalidSeq);
  NewSlice();
  return Put(now, subject, header, payload, {index_.last.seq + 1, time}, ttl);
}

StoreResult FileStore::Skip(const Now& now, Seq seq, uint64_t count, SkipTime how) {
  if (const StoreError error = Refusal(); error != StoreError::kNone) return Refused(error);
  if (seq != 0 && seq != index_.last.seq + 1) return Refused(StoreError::kInvalidSeq);
  if (count == 0) return {};
  if (count > kJumpMax || index_.last.seq > kJumpMax - count) {
    return Refused(StoreError::kInvalidSeq);
  }
  const bool advance = how == SkipTime::kAdvance || index_.last.time == WallTime{};
  const WallTime time = advance ? now.wall : index_.last.time;
  StoreResult result;
  result.seq = index_.last.seq + count;
  result.time = time;
  result.point = AppendSkipped({result.seq, time});
  MaybeCheckpoint();
  return result;
}

}  // namespace dunlin::file
