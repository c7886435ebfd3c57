#include "sim/store/stream_twin.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/store/msg_headers.h"
#include "engine/subject/subject.h"

namespace dunlin::sim {
namespace {

bool IsAll(const StreamTwin::Filters& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(), [](const auto& filter) {
           return filter.empty() || filter == ">";
         });
}

bool Matches(std::string_view subject, const StreamTwin::Filters& filters) {
  return IsAll(filters) ||
         std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
           return subject::MatchesLiteral(subject, filter);
         });
}

bool Over(uint64_t value, int64_t limit) {
  return limit > 0 && value > static_cast<uint64_t>(limit);
}

}  // namespace

size_t StreamTwin::Place(Seq seq) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), seq,
                                   [](const Entry& entry, Seq s) { return entry.seq < s; });
  return static_cast<size_t>(at - entries_.begin());
}

uint64_t StreamTwin::Bytes() const {
  uint64_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.msg->bytes;
  return bytes;
}

uint64_t StreamTwin::CountSubject(std::string_view subject) const {
  return static_cast<uint64_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const Entry& entry) { return entry.msg->subject == subject; }));
}

const StreamTwin::Entry* StreamTwin::FirstOf(std::string_view subject) const {
  for (const Entry& entry : entries_) {
    if (entry.msg->subject == subject) return &entry;
  }
  return nullptr;
}

void StreamTwin::Erase(Seq seq) {
  const size_t place = Place(seq);
  if (place == entries_.size() || entries_[place].seq != seq) return;
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(place));
  if (entries_.empty()) first_ = last_ + 1;
}

void StreamTwin::EraseAll(Seq next) {
  entries_.clear();
  first_ = next;
  last_ = next - 1;
}

StreamTwin StreamTwin::Empty(const StoreConfig& config) {
  StreamTwin twin;
  if (config.first_seq > 1) twin.EraseAll(config.first_seq);
  return twin;
}

// --- Changes.

StoreError StreamTwin::Store(const StoreConfig& config, const TwinMsg* msg) {
  if (config.discard == DiscardPolicy::kNew) {
    const bool full = Over(CountSubject(msg->subject) + 1, config.max_msgs_per_subject);
    if (full && config.discard_new_per_subject && !IsRollup(msg->header)) {
      return StoreError::kMaxMsgsPerSubject;
    }
    if (!full && Over(entries_.size() + 1, config.max_msgs)) return StoreError::kMaxMsgs;
    if (Over(Bytes() + msg->bytes, config.max_bytes) &&
        (!full || FirstOf(msg->subject)->msg->bytes < msg->bytes)) {
      return StoreError::kMaxBytes;
    }
  }
  entries_.push_back({++last_, msg});
  last_time_ = msg->time;
  last_time_known_ = true;
  LimitSubject(config, msg->subject);
  Limit(config);
  return StoreError::kNone;
}

void StreamTwin::LimitSubject(const StoreConfig& config, const std::string& subject) {
  while (Over(CountSubject(subject), config.max_msgs_per_subject)) Erase(FirstOf(subject)->seq);
}

void StreamTwin::Limit(const StoreConfig& config) {
  if (config.discard != DiscardPolicy::kOld) return;
  while (Over(entries_.size(), config.max_msgs) || Over(Bytes(), config.max_bytes)) {
    Erase(entries_.front().seq);
  }
}

void StreamTwin::Enforce(const StoreConfig& config) {
  Limit(config);
  LimitSubjects(config);
}

void StreamTwin::EnforceAtStart(const StoreConfig& config) {
  LimitSubjects(config);
  Limit(config);
}

void StreamTwin::LimitSubjects(const StoreConfig& config) {
  if (config.max_msgs_per_subject <= 0) return;
  std::set<std::string> subjects;
  for (const Entry& entry : entries_) subjects.insert(entry.msg->subject);
  for (const std::string& subject : subjects) LimitSubject(config, subject);
}

void StreamTwin::Skip(uint64_t count, WallTime now, bool advance) {
  last_ += count;
  if (advance || last_time_ == WallTime{}) last_time_ = now;
  if (advance) last_time_known_ = true;
  if (entries_.empty()) first_ = last_ + 1;
}

StoreError StreamTwin::Remove(Seq seq) {
  if (Find(seq) == nullptr) return WhyMissing(seq);
  Erase(seq);
  return StoreError::kNone;
}

void StreamTwin::RemoveRange(const SeqRange& range) {
  const size_t from = Place(range.first);
  size_t to = from;
  while (to < entries_.size() && entries_[to].seq <= range.last) ++to;
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(from),
                 entries_.begin() + static_cast<ptrdiff_t>(to));
  if (entries_.empty() && to > from) first_ = last_ + 1;
}

uint64_t StreamTwin::Purge(const std::string& filter, Seq below, uint64_t keep) {
  if (below == 1) return 0;
  const bool all = filter.empty() || filter == ">";
  if (all && below > 1) return Compact(below);
  const uint64_t before = entries_.size();
  if (all && keep == 0) {
    EraseAll(last_ + 1);
    return before;
  }
  std::vector<Seq> matching;
  for (const Entry& entry : entries_) {
    if (Matches(entry.msg->subject, {filter})) matching.push_back(entry.seq);
  }
  if (keep > 0) matching.resize(matching.size() > keep ? matching.size() - keep : 0);
  for (const Seq seq : matching) {
    if (below == 0 || seq < below) Erase(seq);
  }
  return before - entries_.size();
}

uint64_t StreamTwin::Compact(Seq seq) {
  const uint64_t before = entries_.size();
  if (seq == 0 || seq > last_) {
    EraseAll(seq == 0 ? last_ + 1 : seq);
    return before;
  }
  while (!entries_.empty() && entries_.front().seq < seq) Erase(entries_.front().seq);
  return before - entries_.size();
}

StoreError StreamTwin::Truncate(Seq seq) {
  if (seq > last_) return StoreError::kInvalidSeq;
  if (seq == 0) {
    EraseAll(1);
    first_ = 0;
    last_time_known_ = false;
    return StoreError::kNone;
  }
  while (!entries_.empty() && entries_.back().seq > seq) entries_.pop_back();
  if (seq < last_) last_time_known_ = false;
  last_ = seq;
  if (entries_.empty()) first_ = last_ + 1;
  if (const TwinMsg* msg = Find(seq)) {
    last_time_ = msg->time;
    last_time_known_ = true;
  }
  return StoreError::kNone;
}

void StreamTwin::Become(std::vector<Entry> entries, const StreamState& state) {
  entries_ = std::move(entries);
  first_ = state.first_seq;
  last_ = state.last_seq;
  last_time_ = state.last_time;
  last_time_known_ = true;
}

WallTime StreamTwin::Due(const StoreConfig& config, const TwinMsg& msg) {
  WallTime due{};
  if (config.max_age > Duration{} && msg.ttl >= 0) due = msg.time + config.max_age;
  if (config.allow_msg_ttl && msg.ttl > 0) {
    const WallTime ends = msg.time + Seconds(msg.ttl);
    if (due == WallTime{} || ends < due) due = ends;
  }
  return due;
}

// --- Questions.

const TwinMsg* StreamTwin::Find(Seq seq) const {
  const size_t place = Place(seq);
  return place < entries_.size() && entries_[place].seq == seq ? entries_[place].msg : nullptr;
}

StoreError StreamTwin::WhyMissing(Seq seq) const {
  if (seq == 0 || (seq < first() && seq <= last_)) return StoreError::kNotFound;
  if (seq > last_) return StoreError::kEof;
  return StoreError::kDeleted;
}

Seq StreamTwin::Next(const Filters& filters, Seq from) const {
  for (size_t i = Place(from); i < entries_.size(); ++i) {
    if (Matches(entries_[i].msg->subject, filters)) return entries_[i].seq;
  }
  return 0;
}

Seq StreamTwin::Prev(const Filters& filters, Seq from) const {
  for (auto at = entries_.rbegin(); at != entries_.rend(); ++at) {
    if (at->seq <= from && Matches(at->msg->subject, filters)) return at->seq;
  }
  return 0;
}

SimpleState StreamTwin::Count(const Filters& filters, Seq from, bool last_per_subject) const {
  SimpleState sum;
  std::set<std::string_view> seen;
  for (auto at = entries_.rbegin(); at != entries_.rend() && at->seq >= from; ++at) {
    if (!Matches(at->msg->subject, filters)) continue;
    if (last_per_subject && !seen.insert(at->msg->subject).second) continue;
    ++sum.msgs;
    if (sum.last == 0) sum.last = at->seq;
    sum.first = at->seq;
  }
  return sum;
}

std::vector<SubjectState> StreamTwin::Subjects(const std::string& filter) const {
  std::map<std::string, SimpleState> states;
  for (const Entry& entry : entries_) {
    if (!Matches(entry.msg->subject, {filter})) continue;
    SimpleState& state = states[entry.msg->subject];
    ++state.msgs;
    if (state.first == 0) state.first = entry.seq;
    state.last = entry.seq;
  }
  std::vector<SubjectState> out;
  for (const auto& [subject, state] : states) out.push_back({subject, state});
  return out;
}

std::vector<Seq> StreamTwin::MultiLast(const Filters& filters, Seq max) const {
  std::vector<Seq> lasts;
  std::set<std::string_view> seen;
  for (auto at = entries_.rbegin(); at != entries_.rend(); ++at) {
    if (max != 0 && at->seq > max) continue;
    if (!Matches(at->msg->subject, filters) || !seen.insert(at->msg->subject).second) continue;
    lasts.insert(lasts.begin(), at->seq);
  }
  return lasts;
}

Seq StreamTwin::FromTime(WallTime time) const {
  for (const Entry& entry : entries_) {
    if (entry.msg->time >= time) return entry.seq;
  }
  return last_ + 1;
}

StreamState StreamTwin::State() const {
  StreamState state;
  state.msgs = entries_.size();
  state.bytes = Bytes();
  state.first_seq = first();
  if (!entries_.empty()) state.first_time = entries_.front().msg->time;
  state.last_seq = last_;
  state.last_time = last_time_;
  if (!entries_.empty()) state.num_deleted = last_ - entries_.front().seq + 1 - entries_.size();
  std::set<std::string_view> subjects;
  for (const Entry& entry : entries_) subjects.insert(entry.msg->subject);
  state.num_subjects = subjects.size();
  return state;
}

std::string StreamTwin::Describe() const {
  return std::to_string(entries_.size()) + " messages, " + std::to_string(first()) + " to " +
         std::to_string(last_);
}

}  // namespace dunlin::sim
