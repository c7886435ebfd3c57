#include "tests/storage/store_model.h"

#include <algorithm>
#include <set>

#include "engine/store/msg_headers.h"
#include "engine/subject/subject.h"

namespace dunlin {
namespace {

bool IsAll(const Filters& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(), [](const auto& filter) {
           return filter.empty() || filter == ">";
         });
}

bool Matches(std::string_view subject, const Filters& filters) {
  return IsAll(filters) ||
         std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
           return subject::MatchesLiteral(subject, filter);
         });
}

bool Over(uint64_t value, int64_t limit) {
  return limit > 0 && value > static_cast<uint64_t>(limit);
}

}  // namespace

uint64_t StoreModel::Bytes() const {
  uint64_t bytes = 0;
  for (const auto& [seq, msg] : msgs_) bytes += msg.bytes;
  return bytes;
}

uint64_t StoreModel::CountSubject(std::string_view subject) const {
  return static_cast<uint64_t>(std::count_if(msgs_.begin(), msgs_.end(), [&](const auto& entry) {
    return entry.second.subject == subject;
  }));
}

Seq StoreModel::FirstOf(std::string_view subject) const {
  for (const auto& [seq, msg] : msgs_) {
    if (msg.subject == subject) return seq;
  }
  return 0;
}

void StoreModel::Erase(Seq seq) {
  msgs_.erase(seq);
  if (msgs_.empty()) first_ = last_ + 1;
}

void StoreModel::EraseAll(Seq next) {
  msgs_.clear();
  first_ = next;
  last_ = next - 1;
}

// --- Changes

StoreError StoreModel::Store(std::string_view subject, std::string_view header,
                             std::string_view payload, int64_t ttl, WallTime now, uint64_t bytes) {
  if (config_.discard == DiscardPolicy::kNew) {
    const bool full = Over(CountSubject(subject) + 1, config_.max_msgs_per_subject);
    if (full && config_.discard_new_per_subject && !IsRollup(header)) {
      return StoreError::kMaxMsgsPerSubject;
    }
    if (!full && Over(msgs_.size() + 1, config_.max_msgs)) return StoreError::kMaxMsgs;
    if (Over(Bytes() + bytes, config_.max_bytes) &&
        (!full || msgs_.at(FirstOf(subject)).bytes < bytes)) {
      return StoreError::kMaxBytes;
    }
  }
  StoreRaw(subject, header, payload, ttl, now, bytes);
  return StoreError::kNone;
}

void StoreModel::StoreRaw(std::string_view subject, std::string_view header,
                          std::string_view payload, int64_t ttl, WallTime now, uint64_t bytes) {
  msgs_[++last_] = {
      std::string(subject), std::string(header), std::string(payload), now, ttl, bytes};
  last_time_ = now;
  last_time_known_ = true;
  LimitSubject(subject);
  Limit();
}

void StoreModel::LimitSubject(std::string_view subject) {
  while (Over(CountSubject(subject), config_.max_msgs_per_subject)) Erase(FirstOf(subject));
}

void StoreModel::Limit() {
  if (config_.discard != DiscardPolicy::kOld) return;
  while (Over(msgs_.size(), config_.max_msgs) || Over(Bytes(), config_.max_bytes)) {
    Erase(msgs_.begin()->first);
  }
}

void StoreModel::Skip(uint64_t count, WallTime now, bool advance) {
  last_ += count;
  if (advance || last_time_ == WallTime{}) last_time_ = now;
  if (advance) last_time_known_ = true;
  if (msgs_.empty()) first_ = last_ + 1;
}

StoreError StoreModel::Remove(Seq seq) {
  if (!msgs_.contains(seq)) return Load(seq).error;
  Erase(seq);
  return StoreError::kNone;
}

void StoreModel::RemoveRange(Seq first, Seq last) {
  for (Seq seq = first; seq <= std::min(last, last_); ++seq) {
    if (msgs_.contains(seq)) Erase(seq);
  }
}

void StoreModel::Update(const StoreConfig& config, WallTime now) {
  const StoreConfig old = config_;
  config_ = config;
  Limit();
  const int64_t limit = config.max_msgs_per_subject;
  if (limit > 0 && (old.max_msgs_per_subject <= 0 || limit < old.max_msgs_per_subject)) {
    std::set<std::string> subjects;
    for (const auto& [seq, msg] : msgs_) subjects.insert(msg.subject);
    for (const std::string& subject : subjects) LimitSubject(subject);
  }
  Expire(now);
}

void StoreModel::Expire(WallTime now) {
  std::vector<Seq> due;
  for (const auto& [seq, msg] : msgs_) {
    const bool old =
        config_.max_age > Duration{} && msg.ttl >= 0 && msg.time + config_.max_age <= now;
    const bool ended = config_.allow_msg_ttl && msg.ttl > 0 && msg.time + Seconds(msg.ttl) <= now;
    if (old || ended) due.push_back(seq);
  }
  for (const Seq seq : due) Erase(seq);
}

uint64_t StoreModel::Purge(const std::string& filter, Seq below, uint64_t keep) {
  if (below == 1) return 0;
  const bool all = filter.empty() || filter == ">";
  if (all && below > 1) return Compact(below);
  const uint64_t before = msgs_.size();
  if (all && keep == 0) {
    EraseAll(last_ + 1);
    return before;
  }
  std::vector<Seq> matching;
  for (const auto& [seq, msg] : msgs_) {
    if (Matches(msg.subject, {filter})) matching.push_back(seq);
  }
  if (keep > 0) matching.resize(matching.size() > keep ? matching.size() - keep : 0);
  for (const Seq seq : matching) {
    if (below == 0 || seq < below) Erase(seq);
  }
  return before - msgs_.size();
}

uint64_t StoreModel::Compact(Seq seq) {
  const uint64_t before = msgs_.size();
  if (seq == 0 || seq > last_) {
    EraseAll(seq == 0 ? last_ + 1 : seq);
    return before;
  }
  while (!msgs_.empty() && msgs_.begin()->first < seq) Erase(msgs_.begin()->first);
  return before - msgs_.size();
}

StoreError StoreModel::Truncate(Seq seq) {
  if (seq > last_) return StoreError::kInvalidSeq;
  if (seq == 0) {
    EraseAll(1);
    first_ = 0;
    last_time_known_ = false;
    return StoreError::kNone;
  }
  while (!msgs_.empty() && msgs_.rbegin()->first > seq) msgs_.erase(std::prev(msgs_.end()));
  if (seq < last_) last_time_known_ = false;
  last_ = seq;
  if (msgs_.empty()) first_ = last_ + 1;
  if (msgs_.contains(seq)) {
    last_time_ = msgs_.at(seq).time;
    last_time_known_ = true;
  }
  return StoreError::kNone;
}

// --- Questions

StreamState StoreModel::State() const {
  StreamState state;
  state.msgs = msgs_.size();
  state.bytes = Bytes();
  state.first_seq = msgs_.empty() ? first_ : msgs_.begin()->first;
  if (!msgs_.empty()) state.first_time = msgs_.begin()->second.time;
  state.last_seq = last_;
  state.last_time = last_time_;
  state.num_deleted = Deleted().size();
  std::set<std::string_view> subjects;
  for (const auto& [seq, msg] : msgs_) subjects.insert(msg.subject);
  state.num_subjects = subjects.size();
  return state;
}

std::vector<Seq> StoreModel::Deleted() const {
  std::vector<Seq> deleted;
  if (msgs_.empty()) return deleted;
  for (Seq seq = msgs_.begin()->first; seq <= last_; ++seq) {
    if (!msgs_.contains(seq)) deleted.push_back(seq);
  }
  return deleted;
}

GotMsg StoreModel::Give(Seq seq, const Msg& msg) const {
  return {StoreError::kNone, msg.subject, msg.header, msg.payload, seq, msg.time, 0};
}

GotMsg StoreModel::Load(Seq seq) const {
  const auto found = msgs_.find(seq);
  if (found != msgs_.end()) return Give(seq, found->second);
  GotMsg got;
  const Seq first = msgs_.empty() ? first_ : msgs_.begin()->first;
  got.error = StoreError::kDeleted;
  if (seq > last_) got.error = StoreError::kEof;
  if (seq == 0 || seq < first) got.error = StoreError::kNotFound;
  return got;
}

GotMsg StoreModel::Next(const Filters& filters, Seq from) const {
  for (auto at = msgs_.lower_bound(from); at != msgs_.end(); ++at) {
    if (!Matches(at->second.subject, filters)) continue;
    GotMsg got = Give(at->first, at->second);
    got.skip = at->first;
    return got;
  }
  GotMsg got;
  got.error = StoreError::kEof;
  got.skip = last_;
  return got;
}

GotMsg StoreModel::Prev(const Filters& filters, Seq from) const {
  for (auto at = msgs_.rbegin(); at != msgs_.rend(); ++at) {
    if (at->first > from || !Matches(at->second.subject, filters)) continue;
    GotMsg got = Give(at->first, at->second);
    got.skip = at->first;
    return got;
  }
  GotMsg got;
  got.error = StoreError::kEof;
  got.skip = State().first_seq;
  return got;
}

GotMsg StoreModel::Last(const std::string& filter) const {
  GotMsg got = Prev({filter}, UINT64_MAX);
  got.skip = 0;
  if (got.error != StoreError::kNone) got.error = StoreError::kNotFound;
  return got;
}

SimpleState StoreModel::Count(const Filters& filters, Seq from, bool last_per_subject) const {
  SimpleState sum;
  std::set<std::string_view> seen;
  for (auto at = msgs_.rbegin(); at != msgs_.rend() && at->first >= from; ++at) {
    if (!Matches(at->second.subject, filters)) continue;
    if (last_per_subject && !seen.insert(at->second.subject).second) continue;
    ++sum.msgs;
    if (sum.last == 0) sum.last = at->first;
    sum.first = at->first;
  }
  return sum;
}

std::vector<SubjectState> StoreModel::Subjects(const std::string& filter) const {
  std::map<std::string, SimpleState> states;
  for (const auto& [seq, msg] : msgs_) {
    if (!Matches(msg.subject, {filter})) continue;
    SimpleState& state = states[msg.subject];
    ++state.msgs;
    if (state.first == 0) state.first = seq;
    state.last = seq;
  }
  std::vector<SubjectState> out;
  for (const auto& [subject, state] : states) out.push_back({subject, state});
  return out;
}

StoreDriver::Lasts StoreModel::MultiLasts(const Filters& filters, Seq max, int allowed) const {
  StoreDriver::Lasts lasts;
  std::set<std::string_view> seen;
  for (auto at = msgs_.rbegin(); at != msgs_.rend(); ++at) {
    if (max != 0 && at->first > max) continue;
    if (!Matches(at->second.subject, filters) || !seen.insert(at->second.subject).second) continue;
    lasts.seqs.insert(lasts.seqs.begin(), at->first);
  }
  if (allowed > 0 && lasts.seqs.size() > static_cast<size_t>(allowed)) {
    return {StoreError::kTooManyResults, {}};
  }
  return lasts;
}

Seq StoreModel::FromTime(WallTime time) const {
  for (const auto& [seq, msg] : msgs_) {
    if (msg.time >= time) return seq;
  }
  return last_ + 1;
}

std::string StoreModel::Contents() const {
  const StreamState state = State();
  std::string out = std::to_string(state.msgs) + " messages, " + std::to_string(state.bytes) +
                    " bytes, " + std::to_string(FirstShown(state)) + " to " +
                    std::to_string(state.last_seq) + ", " + std::to_string(state.num_deleted) +
                    " deleted, " + std::to_string(state.num_subjects) + " subjects\n";
  for (const auto& [seq, msg] : msgs_) {
    out += std::to_string(seq) + " " + std::to_string(msg.time.ns) + " " + msg.subject + " " +
           msg.header + "|" + msg.payload + "\n";
  }
  return out;
}

}  // namespace dunlin
