#include "engine/subject/sublist.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/subject/subject.h"

namespace dunlin::subject {
namespace {

constexpr uint32_t kNone = Slab::kNone;
// The memory of uncached results is kept for the next one up to this size.
constexpr size_t kUncachedKeptMax = 64 * 1024;

}  // namespace

double SublistStats::CacheHitRate() const {
  return num_matches == 0 ? 0 : static_cast<double>(cache_hits) / static_cast<double>(num_matches);
}

double SublistStats::AvgFanout() const {
  return total_fanout == 0 ? 0 : static_cast<double>(total_fanout) / static_cast<double>(num_cache);
}

void SublistStats::Add(const SublistStats& other) {
  num_subscriptions += other.num_subscriptions;
  num_cache += other.num_cache;
  num_inserts += other.num_inserts;
  num_removes += other.num_removes;
  num_matches += other.num_matches;
  cache_hits += other.cache_hits;
  max_fanout = std::max(max_fanout, other.max_fanout);
  total_fanout += other.total_fanout;
}

Sublist::Sublist(Options options)
    : options_(options),
      topics_(options.hash_seed),
      patterns_(topics_.slab(), options.hash_seed),
      cache_(options.cache_entries_max, options.cache_bytes_max),
      builder_(topics_) {
  CHECK(options.subscriptions_max <= size_t{1} << 27);
}

uint32_t Sublist::FindLiteral(uint32_t hash, std::string_view subject) const {
  return literals_.Find(hash,
                        [&](uint32_t topic) { return SameText(topics_.Text(topic), subject); });
}

uint32_t Sublist::FindOrAddTopic(std::string_view subject, bool wildcard, uint32_t hash) {
  uint32_t topic = wildcard ? patterns_.Find(subject) : FindLiteral(hash, subject);
  if (topic != kNone) return topic;
  topic = topics_.Create(subject, wildcard);
  if (wildcard) {
    patterns_.Insert(subject, topic);
  } else {
    literals_.Insert(hash, topic);
  }
  return topic;
}

void Sublist::Changed(std::string_view subject, bool wildcard, uint32_t hash) {
  last_ = nullptr;
  if (wildcard) {
    cache_.PatternChanged(subject);
  } else {
    cache_.LiteralChanged(hash, subject);
  }
}

SubHandle Sublist::Insert(std::string_view subject, std::string_view queue, SubRef sub) {
  if (!IsValidPattern(subject) || subject.size() > Topics::kTextMax) return SubHandle::kNone;
  if (size() >= options_.subscriptions_max || !topics_.HasRoom()) return SubHandle::kNone;
  const bool wildcard = HasWildcard(subject);
  const uint32_t hash = wildcard ? 0 : HashOf(subject);
  Changed(subject, wildcard, hash);
  ++inserts_;
  return SubHandle{topics_.Subscribe(FindOrAddTopic(subject, wildcard, hash), queue, sub)};
}

void Sublist::Remove(SubHandle handle) {
  const uint32_t record = static_cast<uint32_t>(handle);
  const uint32_t topic = topics_.TopicOf(record);
  const std::string_view subject = topics_.Text(topic);
  const bool wildcard = topics_.HasWildcard(topic);
  const uint32_t hash = wildcard ? 0 : HashOf(subject);
  Changed(subject, wildcard, hash);
  topics_.Unsubscribe(record);
  if (topics_.IsUnused(topic)) DropTopic(topic, hash);
  ++removes_;
  if (size() == 0) LetGo();
}

void Sublist::DropTopic(uint32_t topic, uint32_t hash) {
  if (topics_.HasWildcard(topic)) {
    patterns_.Remove(topics_.Text(topic));
  } else {
    literals_.Erase(hash, topic);
  }
  topics_.Destroy(topic);
}

void Sublist::LetGo() {
  cache_.Clear();
  builder_.Trim();
  std::vector<uint32_t>().swap(matched_);
  uncached_block_.reset();
  uncached_bytes_ = 0;
}

std::string_view Sublist::SubjectOf(SubHandle handle) const {
  return topics_.Text(topics_.TopicOf(static_cast<uint32_t>(handle)));
}

std::string_view Sublist::QueueOf(SubHandle handle) const {
  return topics_.QueueOf(static_cast<uint32_t>(handle));
}

SubRef Sublist::RefOf(SubHandle handle) const {
  return topics_.SubOf(static_cast<uint32_t>(handle));
}

size_t Sublist::PeerCount(SubHandle handle) const {
  return topics_.PeerCount(static_cast<uint32_t>(handle));
}

const MemberList* Sublist::Exact(std::string_view subject, std::string_view queue) const {
  if (!IsValidPattern(subject)) return nullptr;
  const uint32_t topic =
      HasWildcard(subject) ? patterns_.Find(subject) : FindLiteral(HashOf(subject), subject);
  return topic == kNone ? nullptr : topics_.Subscribers(topic, queue);
}

size_t Sublist::CountExact(std::string_view subject, std::string_view queue) const {
  const MemberList* list = Exact(subject, queue);
  return list == nullptr ? 0 : list->count;
}

SubHandle Sublist::FindExact(std::string_view subject, std::string_view queue, SubRef sub) const {
  const MemberList* list = Exact(subject, queue);
  for (uint32_t i = 0; list != nullptr && i < list->count; ++i) {
    const Member member = MemberAt(topics_.slab(), *list, i);
    if (member.sub == sub) return SubHandle{member.record};
  }
  return SubHandle::kNone;
}

const MatchResult* Sublist::FindCached(std::string_view subject, uint32_t hash) {
  if (!options_.cache) return nullptr;
  const MatchResult* found = cache_.Find(hash, subject);
  if (found != nullptr) ++hits_;
  return found;
}

void Sublist::Collect(std::string_view subject, uint32_t hash) {
  matched_.clear();
  const uint32_t literal = FindLiteral(hash, subject);
  if (literal != kNone) matched_.push_back(literal);
  patterns_.Match(subject, &matched_);
}

const MatchResult& Sublist::MatchAnew(std::string_view subject) {
  const uint32_t hash = HashOf(subject);
  const MatchResult* found = FindCached(subject, hash);
  if (found != nullptr) return *(last_ = found);
  last_ = nullptr;
  static constexpr MatchResult kNothing;
  if (HasEmptyToken(subject)) return kNothing;
  Collect(subject, hash);
  const size_t bytes = builder_.Measure(subject, matched_);
  void* memory = options_.cache ? cache_.Reserve(hash, bytes) : nullptr;
  const bool cached = memory != nullptr;
  MatchResult* result = builder_.Write(cached ? memory : UncachedMemory(bytes), subject, matched_);
  if (cached) cache_.Add(hash, result);
  if (options_.cache) last_ = result;
  return *result;
}

char* Sublist::UncachedMemory(size_t bytes) {
  ++uncached_;
  if (uncached_bytes_ < bytes || uncached_bytes_ > kUncachedKeptMax) {
    uncached_block_.reset();
    uncached_block_ = std::make_unique_for_overwrite<char[]>(bytes);
    uncached_bytes_ = bytes;
  }
  return uncached_block_.get();
}

ResultHold Sublist::Hold(const MatchResult& result) {
  auto block = std::make_unique_for_overwrite<char[]>(result.bytes_);
  std::memcpy(block.get(), &result, result.bytes_);
  return ResultHold(std::move(block));
}

bool Sublist::HasInterest(std::string_view subject) {
  const uint32_t hash = HashOf(subject);
  if (const MatchResult* found = FindCached(subject, hash)) return !found->empty();
  if (HasEmptyToken(subject)) return false;
  Collect(subject, hash);
  return !matched_.empty();
}

InterestCount Sublist::NumInterest(std::string_view subject) {
  InterestCount count;
  const uint32_t hash = HashOf(subject);
  if (const MatchResult* found = FindCached(subject, hash)) {
    count.plain = found->plain().size();
    for (size_t i = 0; i < found->group_count(); ++i) count.queue += found->group(i).members.size();
    return count;
  }
  if (HasEmptyToken(subject)) return count;
  Collect(subject, hash);
  for (const uint32_t topic : matched_) {
    count.plain += topics_.Plain(topic).count;
    for (uint32_t i = 0; i < topics_.GroupCount(topic); ++i) {
      count.queue += topics_.GroupMembers(topics_.GroupAt(topic, i)).count;
    }
  }
  return count;
}

void Sublist::ReverseMatch(std::string_view subject, std::vector<SubHandle>& out) const {
  for (SubHandle h = Next(SubHandle::kNone); h != SubHandle::kNone; h = Next(h)) {
    if (SubjectsCollide(SubjectOf(h), subject)) out.push_back(h);
  }
}

SubHandle Sublist::Next(SubHandle handle) const {
  return SubHandle{topics_.NextRecord(static_cast<uint32_t>(handle))};
}

SublistStats Sublist::Stats() const {
  SublistStats stats;
  stats.num_subscriptions = static_cast<uint32_t>(size());
  stats.num_cache = static_cast<uint32_t>(cache_.size());
  stats.num_inserts = inserts_;
  stats.num_removes = removes_;
  stats.num_matches = matches_;
  stats.cache_hits = hits_;
  stats.max_fanout = cache_.max_fanout();
  stats.total_fanout = cache_.total_fanout();
  return stats;
}

size_t Sublist::BytesUsed() const {
  return topics_.BytesUsed() + literals_.BytesUsed() + patterns_.BytesUsed() + cache_.BytesUsed() +
         builder_.BytesUsed() + matched_.capacity() * sizeof(uint32_t) + uncached_bytes_;
}

uint64_t Sublist::work_done() const {
  return topics_.work_done() + literals_.work_done() + patterns_.work_done() + cache_.work_done();
}

void Sublist::CheckInvariants() const {
  topics_.CheckInvariants();
  literals_.CheckInvariants();
  patterns_.CheckInvariants();
  cache_.CheckInvariants();
  size_t records = 0;
  for (SubHandle h = Next(SubHandle::kNone); h != SubHandle::kNone; h = Next(h), ++records) {
    const uint32_t topic = topics_.TopicOf(static_cast<uint32_t>(h));
    const std::string_view subject = topics_.Text(topic);
    CHECK(topics_.HasWildcard(topic) == HasWildcard(subject));
    CHECK(topic ==
          (HasWildcard(subject) ? patterns_.Find(subject) : FindLiteral(HashOf(subject), subject)));
  }
  CHECK(records == size());
}

}  // namespace dunlin::subject
