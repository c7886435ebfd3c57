// FileStore: age and TTL, and what is left over from a slice. As in the memory store
// (storage/memory/memory_chores.cc), but that a message may have to be read first.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/store/msg_headers.h"
#include "storage/file/file_store.h"

namespace dunlin::file {
namespace {

// Expiring costs less in bunches. reference: not more often than this.
constexpr Duration kRest = Millis(250);

}  // namespace

void FileStore::NoteTtl(const format::Record& record, int64_t ttl) {
  if (ttl > 0) ttls_.Add({ExpiryOf(record.time, ttl), record.seq});
}

bool FileStore::HasDebts() const {
  return limits_due_ || sweep_.active() || !subjects_due_.empty() || index_.unsettled > 0 ||
         !deletions_due_.empty() || FirstIsUntimed();
}

bool FileStore::HasChores() const { return expire_.more || HasDebts(); }

// When the first message was stored is not known, and can be found out. (Once: what is in a block
// that cannot be read, and what was stored at the beginning of time, would be looked for again and
// again.)
bool FileStore::FirstIsUntimed() const {
  if (index_.msgs == 0 || index_.first.time != WallTime{}) return false;
  return index_.Find(index_.first.seq)->untimed != index_.first.seq;
}

bool FileStore::WaitsForDisk() const {
  return !reader_.idle() || writer_.rewriter().naming() || read_again_;
}

void FileStore::DoChores() {
  if (index_.unsettled > 0 || !subjects_due_.empty() || limits_due_ || FirstIsUntimed()) PayDebts();
  // Limits on all come first, as in the reference; but for a start: EnforceLimits().
  const bool after_limits = limits_due_ && phase_ != Phase::kStarting && !MUTANT(257);
  if (sweep_.active() && index_.unsettled == 0 && !after_limits) SweepSubjects();
  if (!deletions_due_.empty() && !Pauses()) (void)DeleteSome();
  waiting_ = HasChores() && (WaitsForDisk() || paused_);
}

// The message goes by itself. What goes at the front leaves no record: see DropFront().
void FileStore::DropExpired(Seq seq) {
  if (seq == index_.first.seq) {
    DropFront();
  } else {
    RemoveOne(seq);
  }
}

// The message's time has come. With markers its owner sees to it, else it just goes.
void FileStore::Expire(const Now& now, const format::Record& record) {
  if (options_.config.subject_delete_marker_ttl < Seconds(1)) return DropExpired(record.seq);
  expire_.asked = true;
  // Whether it is its subject's last cannot be told while what has gone still counts.
  if (index_.unsettled > 0 || !subjects_due_.empty()) return;
  const SubjectInfo* info = index_.subjects.Find(record.subject);
  const RemovalRequests::Verdict verdict =
      requests_.Ask(record.seq, record.subject, info == nullptr ? 0 : info->total, now.mono);
  if (verdict == RemovalRequests::Verdict::kWait) return;
  const bool marker =
      verdict == RemovalRequests::Verdict::kAskMarker && !IsDeleteMarker(record.header);
  changes_.push_back({marker ? StoreChange::Kind::kMarkerWanted : StoreChange::Kind::kRemovalWanted,
                      record.seq, 1, record.bytes, std::string(record.subject)});
}

// Whether a record that cannot be read may be one of a message that stays when it is too old.
bool FileStore::MayOutliveAge() const {
  return options_.config.allow_msg_ttl || options_.config.subject_delete_marker_ttl > Duration{};
}

// It is too old, and its record cannot be read. It goes as it would by a limit (reference: so it
// does at a start, the block unread; while it runs expiry ends there), unless it may be one that
// never goes, or needs a marker on a subject that nobody knows. False: it stays, and so does what
// else of the block cannot be read.
bool FileStore::ExpireUnread(Block* block, Seq seq, const std::string& why) {
  const bool stays = MayOutliveAge();
  if (stays && !block->said_unread) {
    const std::string what = Where(*block) + "the record of message " + std::to_string(seq);
    Damaged((why.empty() ? what + " is damaged" : why) + "; what is too old and unread stays");
  }
  block->said_unread = true;
  if (stays) return false;
  DropExpired(seq);  // Its record, if that is all that is damaged, says so where it is paid for.
  if (!why.empty()) Forfeit(block);
  return true;
}

// False: it goes on later.
bool FileStore::ExpireByAge(const Now& now) {
  const Duration age = options_.config.max_age;
  if (age <= Duration{}) return true;
  const WallTime oldest{now.wall.ns - age.ns};
  for (; slice_ > 0; slice_ -= kRemovalCost) {
    const std::optional<Seq> next = NextLive(std::max(expire_.from, index_.first.seq));
    if (!next) return true;
    Block* block = index_.Find(*next);
    std::string why;
    const BlockReader::Got got = Need(block, *next, &why);
    if (got == BlockReader::Got::kMore) Touch();
    if (got != BlockReader::Got::kHere && got != BlockReader::Got::kDamaged) return false;
    format::Record found;
    const bool read = got == BlockReader::Got::kHere && block->cache->Find(*next, &found);
    const WallTime time = read ? found.time : NotYoungerThan(*block, *next);
    if (time > oldest) {
      if (expire_.only_never) after_never_ = time;
      return true;
    }
    expire_.from = *next + 1;
    if (!read) {
      if (ExpireUnread(block, *next, why)) continue;
      if (!why.empty()) expire_.from = block->last.seq + 1;
      if (expire_.only_never) never_up_to_ = expire_.from - 1;
      continue;
    }
    if (MessageTtl(found.header) < 0 && !MUTANT(147)) {
      if (expire_.only_never) never_up_to_ = *next;
      continue;
    }
    Expire(now, found);
    if (index_.Live(*next)) {
      if (expire_.only_never) after_never_ = time;
      expire_.only_never = false;
    }
  }
  Touch();
  return false;
}

bool FileStore::ExpireByTtl(const Now& now) {
  if (!options_.config.allow_msg_ttl) return true;
  std::optional<Expiry> at = expire_.after ? ttls_.After(*expire_.after) : ttls_.First();
  for (; at && at->at <= now.wall; slice_ -= kRemovalCost) {
    if (slice_ <= 0) {
      Touch();
      return false;
    }
    format::Record record;
    if (index_.Live(at->seq)) {
      Block* block = index_.Find(at->seq);
      std::string why;
      const BlockReader::Got got = Need(block, at->seq, &why);
      if (got == BlockReader::Got::kMore) Touch();
      if (got != BlockReader::Got::kHere && got != BlockReader::Got::kDamaged) return false;
      if (got == BlockReader::Got::kHere && block->cache->Find(at->seq, &record)) {
        Expire(now, record);
      } else {
        DropExpired(at->seq);
      }
    }
    expire_.after = at;
    // Gone now, or long since: by a way that did not know of it.
    if (!index_.Live(at->seq)) ttls_.Remove(*at);
    at = ttls_.After(*at);
  }
  return true;
}

std::optional<WallTime> FileStore::NextExpiry() const {
  std::optional<WallTime> next;
  if (options_.config.max_age > Duration{} && index_.msgs > 0) {
    std::optional<WallTime> first = after_never_;
    if (never_up_to_ < index_.first.seq) {
      first.reset();  // Not known yet: what finds it out comes back here.
      if (!FirstIsUntimed()) first = index_.first.time;
    }
    if (first) next = ExpiryOf(*first, options_.config.max_age);
  }
  if (!options_.config.allow_msg_ttl) return next;
  const std::optional<Expiry> ttl = ttls_.First();
  if (ttl && (!next || ttl->at < *next)) next = ttl->at;
  return next;
}

Instant FileStore::NextDeadline() const {
  const bool works =
      phase_ == Phase::kStarting || phase_ == Phase::kRunning || phase_ == Phase::kStopping;
  // Who reads is called then, also of a store that has failed.
  if (works && read_again_) return *read_again_;
  if (failure_ || phase_ != Phase::kRunning) return kNever;
  // What is due goes behind a job, whose end is asked again.
  if (job_.active() && !HasDebts()) return kNever;
  if (HasChores()) return waiting_ ? kNever : now_.mono;
  const std::optional<WallTime> next = NextExpiry();
  if (!next) return kNever;
  return std::max(DeadlineOf(*next, now_), rest_until_);
}

void FileStore::OnDeadline(const Now& now) {
  Touch();
  now_ = now;
  EndRest();
  NewSlice();
  GoOnExpiring(now);
}

void FileStore::GoOnExpiring(const Now& now) {
  if (phase_ != Phase::kRunning || failure_ || job_.active()) return;
  DoChores();
  if (!expire_.more) {
    if (now.mono < rest_until_) return;
    expire_ = {};
    expire_.from = never_up_to_ + 1;
    after_never_.reset();
  }
  const bool pauses = Pauses();
  // Once: to look for its end again might take a slice each time.
  if (!pauses && !expire_.aged) expire_.aged = ExpireByAge(now);
  expire_.more = pauses || !expire_.aged || !ExpireByTtl(now);
  waiting_ = HasChores() && (WaitsForDisk() || paused_);
  // What was asked for is looked at again when it may be asked for again.
  rest_until_ = now.mono + (expire_.asked ? RemovalRequests::kAgain : kRest);
}

}  // namespace dunlin::file
