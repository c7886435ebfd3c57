// What a memory store does by itself: limits, age, TTL, and what was left over from a slice.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/store/msg_headers.h"
#include "storage/memory/memory_store.h"

namespace dunlin::memory {
namespace {

using Step = subject::SubjectTree::Walk::Step;

// Expiring costs less in bunches. reference: not more often than this.
constexpr Duration kRest = Millis(250);

}  // namespace

// --- Limits

void MemoryStore::EnforceLimits(int* budget) {
  chores_.limits = false;
  if (config_.discard != DiscardPolicy::kOld) return;
  const auto over = [](uint64_t value, int64_t limit) {
    return limit > 0 && value > static_cast<uint64_t>(limit);
  };
  while (over(messages_.size(), config_.max_msgs) ||
         over(bytes_ - (MUTANT(185) && bytes_ > 0 ? 1 : 0), config_.max_bytes)) {
    if ((*budget)-- <= 0) {
      chores_.limits = true;
      return;
    }
    Drop(first_, Tell::kEach);
  }
}

// REQUIRES: the subject has more than its limit only as far as a slice gets, or EnforceSubjects()
// comes again.
void MemoryStore::EnforcePerSubject(SubjectInfo* info, int* budget) {
  const int64_t limit = config_.max_msgs_per_subject;
  while (limit > 0 && info->msgs > static_cast<uint64_t>(limit)) {
    Drop(info->first, Tell::kEach);
    if (--*budget <= 0) {
      if (!chores_.per_subject) chores_.per_subject = "";
      return;
    }
  }
}

void MemoryStore::EnforceSubjects(int* budget) {
  if (config_.max_msgs_per_subject <= 0) {
    chores_.per_subject.reset();
    return;
  }
  Subjects::Walk walk(subjects_, {}, *chores_.per_subject);
  while (true) {
    const Step step = walk.Next(budget);
    if (step == Step::kEnd) {
      chores_.per_subject.reset();
      return;
    }
    if (step == Step::kFound) {
      // No subject goes or comes by it: the walk stays right.
      EnforcePerSubject(walk.value(), budget);
      if (*budget > 0) continue;
      const bool done = walk.value()->msgs <= static_cast<uint64_t>(config_.max_msgs_per_subject);
      chores_.per_subject = done ? walk.Position() : std::string(walk.subject());
      return;
    }
    chores_.per_subject = walk.Position();
    return;
  }
}

// --- What was left over

void MemoryStore::FindTtls(int* budget) {
  for (const Message* at = messages_.Next(chores_.find_ttls); at != nullptr;
       at = messages_.Next(at->seq + 1)) {
    if ((*budget)-- <= 0) {
      chores_.find_ttls = at->seq;
      return;
    }
    if (at->ttl > 0) ttls_.Add({ExpiryOf(at->time, at->ttl), at->seq});
  }
  chores_.find_ttls = 0;
  rest_until_ = seen_.mono;  // Some may be due by now.
}

void MemoryStore::DropDeleted(int* budget) {
  while (!chores_.deleted.empty()) {
    SeqRange& range = chores_.deleted.back();
    const Message* at = messages_.Next(range.first);
    if (at == nullptr || at->seq > range.last) {
      chores_.deleted.pop_back();
      if ((*budget)-- <= 0) return;
      continue;
    }
    if ((*budget)-- <= 0) return;
    range.first = at->seq;
    Drop(at->seq, Tell::kEach);
  }
}

void MemoryStore::DoChores(int* budget) {
  if (!chores_.deleted.empty()) DropDeleted(budget);
  if (chores_.find_ttls != 0) FindTtls(budget);
  if (chores_.limits) EnforceLimits(budget);
  if (chores_.per_subject && *budget > 0) EnforceSubjects(budget);
  if (graveyard_.size() > 0 && *budget > 0) graveyard_.FreeSome(*budget);
}

// --- Age and TTL

// The message's time has come. With markers its owner sees to it, else it just goes.
void MemoryStore::Expire(const Now& now, const Message& message) {
  if (config_.subject_delete_marker_ttl < Seconds(1)) {
    Drop(message.seq, Tell::kEach);
    return;
  }
  expire_.asked = true;
  const SubjectInfo* info = subjects_.Find(message.subject());
  const uint64_t msgs = info == nullptr ? 0 : info->msgs;
  const RemovalRequests::Verdict verdict =
      requests_.Ask(message.seq, message.subject(), msgs, now.mono);
  if (verdict == RemovalRequests::Verdict::kWait) return;
  const bool marker = verdict == RemovalRequests::Verdict::kAskMarker &&
                      (MUTANT(186) || !IsDeleteMarker(message.header()));
  changes_.push_back({marker ? StoreChange::Kind::kMarkerWanted : StoreChange::Kind::kRemovalWanted,
                      message.seq, 1, message.StoredBytes(), std::string(message.subject())});
}

void MemoryStore::ExpireByAge(const Now& now, int* budget) {
  if (config_.max_age <= Duration{}) return;
  const WallTime oldest{now.wall.ns - config_.max_age.ns};
  bool only_never = expire_.from == never_up_to_ + 1;  // Of what stays, so far.
  for (const Message* at = messages_.Next(expire_.from); at != nullptr && at->time <= oldest;) {
    if ((*budget)-- <= 0) {
      expire_.more = true;
      return;
    }
    const Seq seq = at->seq;
    expire_.from = seq + 1;
    if (at->ttl < 0 && !MUTANT(187)) {
      if (only_never) never_up_to_ = seq;
    } else {
      Expire(now, *at);
      if (messages_.Find(seq) != nullptr) only_never = false;
    }
    at = messages_.Next(expire_.from);
  }
}

void MemoryStore::ExpireByTtl(const Now& now, int* budget) {
  std::optional<Expiry> at = expire_.after ? ttls_.After(*expire_.after) : ttls_.First();
  for (; at && at->at <= now.wall; at = ttls_.After(*at)) {
    if ((*budget)-- <= 0) {
      expire_.more = true;
      return;
    }
    expire_.after = at;
    Expire(now, *messages_.Find(at->seq));
  }
}

std::optional<WallTime> MemoryStore::NextExpiry() const {
  std::optional<WallTime> next;
  if (config_.max_age > Duration{}) {
    if (const Message* first = messages_.Next(never_up_to_ + 1)) {
      next = ExpiryOf(first->time, config_.max_age);
    }
  }
  if (const std::optional<Expiry> ttl = ttls_.First()) {
    if (!next || ttl->at < *next) next = ttl->at;
  }
  return next;
}

Instant MemoryStore::NextDeadline() const {
  if (chores_.any() || graveyard_.size() > 0 || expire_.more) return seen_.mono;
  const std::optional<WallTime> next = NextExpiry();
  if (!next) return kNever;
  return std::max(DeadlineOf(*next, seen_), rest_until_);
}

void MemoryStore::OnDeadline(const Now& now) {
  seen_ = now;
  if (job_) return;
  int budget = steps_per_slice_;
  DoChores(&budget);
  if (!expire_.more) {
    if (now.mono < rest_until_) return;
    expire_ = {};
    expire_.from = never_up_to_ + 1;
  }
  expire_.more = false;
  ExpireByAge(now, &budget);
  ExpireByTtl(now, &budget);
  // What was asked for is looked at again when it may be asked for again.
  rest_until_ = now.mono + (expire_.asked ? RemovalRequests::kAgain : kRest);
}

}  // namespace dunlin::memory
