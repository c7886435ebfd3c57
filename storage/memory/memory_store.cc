#include "storage/memory/memory_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/store/msg_headers.h"
#include "storage/format/stream_state.h"

namespace dunlin::memory {
namespace {

// What a block can hold too; the sizes of a message are 32 bits.
constexpr size_t kSubjectBytesMax = subject::SubjectTree::kSubjectBytesMax;
constexpr size_t kMsgBytesMax = size_t{1} << 30;

// A run of deleted sequences at least this long is written as a run, in an encoded state; shorter
// ones share sets of bits.
constexpr uint64_t kLongRun = SeqSet::kNodeSeqs;

StoreResult Refused(StoreError error) {
  StoreResult result;
  result.error = error;
  return result;
}

// A limit of 0 or less is none.
bool Above(uint64_t value, int64_t limit) {
  return limit > 0 && value > static_cast<uint64_t>(limit);
}

}  // namespace

MemoryStore::MemoryStore(Options options)
    : config_(std::move(options.config)), steps_per_slice_(options.steps_per_slice) {
  CHECK(steps_per_slice_ > 0);
  if (config_.first_seq > kJumpMax) {
    failure_ = "stream '" + config_.name + "': the first sequence " +
               std::to_string(config_.first_seq) + " is too high";
  } else if (config_.first_seq > 0) {
    first_ = config_.first_seq;
    last_ = first_ - 1;
  }
}

MemoryStore::~MemoryStore() = default;

// --- Storing

// reference: storeRawMsg's checks for DiscardNew.
StoreError MemoryStore::Refuses(std::string_view subject, std::string_view header,
                                std::string_view payload, const SubjectInfo* info) const {
  if (config_.discard != DiscardPolicy::kNew) return StoreError::kNone;
  const int64_t per_subject = config_.max_msgs_per_subject;
  const bool full = info != nullptr && per_subject > 0 &&
                    info->msgs >= static_cast<uint64_t>(per_subject) + (MUTANT(180) ? 1 : 0);
  if (full && config_.discard_new_per_subject && !IsRollup(header)) {
    return StoreError::kMaxMsgsPerSubject;
  }
  // At its subject's limit a message takes the place of another one.
  if (Above(messages_.size() + 1, config_.max_msgs) && !full) return StoreError::kMaxMsgs;
  const uint64_t bytes = MemoryMsgBytes(subject.size(), header.size(), payload.size());
  if (Above(bytes_ + bytes, config_.max_bytes)) {
    if (!full || messages_.Find(info->first)->StoredBytes() < bytes) return StoreError::kMaxBytes;
  }
  return StoreError::kNone;
}

StoreResult MemoryStore::Store(const Now& now, std::string_view subject, std::string_view header,
                               std::string_view payload, int64_t ttl) {
  const StoreError error = Refuses(subject, header, payload, subjects_.Find(subject));
  if (error != StoreError::kNone) return Refused(error);
  return StoreRaw(now, subject, header, payload, last_ + 1, now.wall, ttl);
}

StoreResult MemoryStore::StoreRaw(const Now& now, std::string_view subject, std::string_view header,
                                  std::string_view payload, Seq seq, WallTime time, int64_t ttl) {
  CHECK(!job_);
  if (failure_) return Refused(StoreError::kFailed);
  seen_ = now;
  if (seq != 0 && seq != last_ + 1) return Refused(StoreError::kInvalidSeq);
  if (subject.size() > kSubjectBytesMax || header.size() + payload.size() > kMsgBytesMax) {
    return Refused(StoreError::kMsgTooLarge);
  }
  Subjects::Inserted inserted;
  if (!subject.empty()) {
    inserted = subjects_.Insert(subject);
    if (inserted.value == nullptr) return Refused(StoreError::kMsgTooLarge);
  }
  MessagePtr made = MakeMessage(subject, header, payload);
  Message* message = made.get();
  message->seq = last_ + 1;
  message->time = time;
  // What the owner says counts while TTLs are on; the header, which stays, whenever they come on.
  message->ttl = ttl < 0 || (ttl > 0 && config_.allow_msg_ttl) ? ttl : MessageTtl(header);

  if (messages_.size() == 0) {
    first_ = message->seq;
    first_time_ = time;
  }
  last_ = message->seq;
  last_time_ = time;
  bytes_ += message->StoredBytes();
  if (SubjectInfo* info = inserted.value) {
    message->older = info->last;
    if (info->msgs == 0) info->first = message->seq;
    if (info->last != 0) messages_.Find(info->last)->newer = message->seq;
    info->last = message->seq;
    ++info->msgs;
  }
  messages_.Append(std::move(made));
  if (config_.allow_msg_ttl && message->ttl > 0) {
    ttls_.Add({ExpiryOf(message->time, message->ttl), message->seq});
  }

  int budget = steps_per_slice_;
  if (inserted.value != nullptr) EnforcePerSubject(inserted.value, &budget);
  EnforceLimits(&budget);

  StoreResult result;
  result.seq = last_;
  result.time = time;
  return result;
}

StoreResult MemoryStore::Skip(const Now& now, Seq seq, uint64_t count, SkipTime time) {
  CHECK(!job_);
  if (failure_) return Refused(StoreError::kFailed);
  seen_ = now;
  if (seq != 0 && seq != last_ + 1) return Refused(StoreError::kInvalidSeq);
  if (count == 0) return {};
  if (count > kJumpMax || last_ > kJumpMax - count) return Refused(StoreError::kInvalidSeq);
  last_ += count;
  if (time == SkipTime::kAdvance || last_time_ == WallTime{}) last_time_ = now.wall;
  if (messages_.size() == 0 && !MUTANT(182)) {
    first_ = last_ + 1;
    first_time_ = {};
  }
  StoreResult result;
  result.seq = last_;
  result.time = last_time_;
  return result;
}

// --- Removing

// Takes a message out of the chain of its subject, and the subject out with its last one.
void MemoryStore::Unlink(const Message& message) {
  if (message.subject_bytes == 0) return;
  SubjectInfo* info = subjects_.Find(message.subject());
  CHECK(info != nullptr);
  if (--info->msgs == 0) {
    subjects_.Remove(message.subject());
    return;
  }
  if (message.older == 0) {
    info->first = message.newer;
  } else {
    messages_.Find(message.older)->newer = message.newer;
  }
  if (message.newer == 0) {
    info->last = message.older;
  } else {
    messages_.Find(message.newer)->older = message.older;
  }
}

void MemoryStore::MoveFirst() {
  const Message* first = messages_.Next(0);
  first_ = first == nullptr ? last_ + 1 : first->seq;
  if (MUTANT(181)) return;
  first_time_ = first == nullptr ? WallTime{} : first->time;
}

// REQUIRES: there is a message 'seq'.
void MemoryStore::Drop(Seq seq, Tell tell) {
  const MessagePtr message = messages_.Take(seq);
  Unlink(*message);
  const uint64_t bytes = message->StoredBytes();
  bytes_ -= bytes;
  if (message->ttl > 0) ttls_.Remove({ExpiryOf(message->time, message->ttl), seq});
  requests_.OnRemoved(seq, message->subject());
  if (seq == first_) MoveFirst();
  if (tell == Tell::kEach) {
    changes_.push_back(
        {StoreChange::Kind::kRemoved, seq, 1, bytes, std::string(message->subject())});
    return;
  }
  if (removed_.msgs++ == 0) {
    removed_.seq = seq;
    removed_.subject = message->subject();
  }
  removed_.bytes += bytes;
}

// Tells what Tell::kSum has gathered. reference: one message by itself is told as such.
void MemoryStore::TellSum() {
  if (removed_.msgs == 0) return;
  if (removed_.msgs > 1) {
    removed_.kind = StoreChange::Kind::kMany;
    removed_.seq = 0;
    removed_.subject.clear();
  }
  changes_.push_back(std::exchange(removed_, {}));
}

StoreError MemoryStore::WhyMissing(Seq seq) const {
  if (seq > last_) return StoreError::kEof;
  return seq == 0 || seq < first_ ? StoreError::kNotFound : StoreError::kDeleted;
}

StoreResult MemoryStore::Remove(const Now& now, Seq seq) {
  CHECK(!job_);
  if (failure_) return Refused(StoreError::kFailed);
  seen_ = now;
  if (messages_.Find(seq) == nullptr) return Refused(WhyMissing(seq));
  Drop(seq, Tell::kEach);
  return {};
}

StoreResult MemoryStore::Erase(const Now& now, Seq seq) {
  if (Message* message = messages_.Find(seq)) {
    // Nobody reads these bytes any more, which is why the compiler must not see through it. The
    // subject is still needed to take the message out.
    volatile char* bytes = message->bytes() + message->subject_bytes;
    const size_t size = size_t{message->header_bytes} + message->payload_bytes;
    for (size_t i = 0; i < size; ++i) bytes[i] = 0;
  }
  return Remove(now, seq);
}

StoreResult MemoryStore::SyncDeleted(const Now& now, const std::vector<SeqRange>& ranges) {
  CHECK(!job_);
  if (failure_) return Refused(StoreError::kFailed);
  seen_ = now;
  // Taken from the back; what is still to be done from before comes first.
  std::vector<SeqRange> rest(ranges.rbegin(), ranges.rend());
  for (SeqRange& range : rest) range.last = std::min(range.last, last_);
  rest.insert(rest.end(), chores_.deleted.begin(), chores_.deleted.end());
  chores_.deleted = std::move(rest);
  int budget = steps_per_slice_;
  DropDeleted(&budget);
  return {};
}

StoreResult MemoryStore::UpdateConfig(const Now& now, const StoreConfig& config) {
  CHECK(!job_);
  if (failure_) return Refused(StoreError::kFailed);
  seen_ = now;
  const StoreConfig old = std::exchange(config_, config);
  if (config.allow_msg_ttl && !old.allow_msg_ttl) chores_.find_ttls = std::max<Seq>(first_, 1);
  if (!config.allow_msg_ttl) {
    ttls_.Clear();
    chores_.find_ttls = 0;
  }
  if (config.max_msgs_per_subject > 0 &&
      (old.max_msgs_per_subject <= 0 || config.max_msgs_per_subject < old.max_msgs_per_subject)) {
    chores_.per_subject = "";
  }
  chores_.limits = true;
  never_up_to_ = 0;
  rest_until_ = now.mono;
  int budget = steps_per_slice_;
  DoChores(&budget);
  if (budget > 0) OnDeadline(now);
  return {};
}

// --- State

StreamState MemoryStore::State() const {
  StreamState state;
  state.msgs = messages_.size();
  state.bytes = bytes_;
  state.first_seq = first_;
  state.first_time = first_time_;
  state.last_seq = last_;
  state.last_time = last_time_;
  state.num_subjects = subjects_.size();
  if (last_ >= first_ && state.msgs > 0) state.num_deleted = last_ - first_ + 1 - state.msgs;
  return state;
}

std::vector<SeqRange> MemoryStore::Deleted() const {
  std::vector<SeqRange> runs;
  if (messages_.size() == 0) return runs;
  Seq next = first_;
  for (const Message* at = messages_.Next(first_); at != nullptr; at = messages_.Next(next)) {
    if (at->seq > next) runs.push_back({next, at->seq - 1});
    next = at->seq + 1;
  }
  if (next <= last_) runs.push_back({next, last_});
  return runs;
}

std::string MemoryStore::EncodedState(uint64_t failed) const {
  format::ReplicatedState state;
  state.msgs = messages_.size();
  state.bytes = bytes_;
  state.first_seq = first_;
  state.last_seq = last_;
  state.failed = failed;
  state.num_deleted = State().num_deleted;
  SeqSet set;
  const auto put_set = [&] {
    if (!set.empty()) state.deleted.emplace_back(std::exchange(set, {}));
  };
  for (const SeqRange& run : Deleted()) {
    if (run.last - run.first + 1 < kLongRun) {
      set.InsertRange(run.first, run.last);
    } else {
      put_set();
      state.deleted.emplace_back(run);
    }
  }
  put_set();
  return format::EncodeReplicatedState(state);
}

std::vector<StoreChange> MemoryStore::TakeChanges() { return std::exchange(changes_, {}); }

size_t MemoryStore::BytesUsed() const {
  // bytes_ counts 16 of a message's head.
  return bytes_ + messages_.size() * (sizeof(Message) - 16) + messages_.BytesUsed() +
         subjects_.BytesUsed() + ttls_.BytesUsed();
}

void MemoryStore::CheckInvariants() const {
  messages_.CheckInvariants();
  subjects_.CheckInvariants();
  ttls_.CheckInvariants();
  uint64_t bytes = 0, linked = 0;
  for (const Message* at = messages_.Next(0); at != nullptr; at = messages_.Next(at->seq + 1)) {
    CHECK(at->seq >= first_ && at->seq <= last_);
    bytes += at->StoredBytes();
    if (at->subject_bytes == 0) continue;
    ++linked;
    const SubjectInfo* info = subjects_.Find(at->subject());
    CHECK(info != nullptr);
    CHECK((at->older == 0) == (info->first == at->seq));
    CHECK((at->newer == 0) == (info->last == at->seq));
    CHECK(at->newer == 0 || messages_.Find(at->newer)->older == at->seq);
  }
  CHECK(bytes == bytes_);
  CHECK(messages_.size() == 0 || messages_.Next(0)->seq == first_);
  CHECK(messages_.size() > 0 || first_ == last_ + 1 || last_ == 0);
  int budget = std::numeric_limits<int>::max();
  Subjects::Walk walk(subjects_, {});
  uint64_t counted = 0;
  while (walk.Next(&budget) == Subjects::Walk::Step::kFound) counted += walk.value()->msgs;
  CHECK(counted == linked);
}

}  // namespace dunlin::memory
