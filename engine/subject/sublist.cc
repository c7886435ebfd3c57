// The first, plain form: right, not fast.
#include "engine/subject/sublist.h"

#include <algorithm>
#include <string>

#include "engine/base/check.h"
#include "engine/subject/subject.h"

namespace dunlin::subject {

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

struct Sublist::Impl {
  struct Sub {
    std::string subject, queue;
    SubRef ref = 0;
    bool live = false;
  };
  std::vector<Sub> subs;  // By handle - 1.
  std::unique_ptr<MatchResult> current;
  std::vector<std::unique_ptr<MatchResult>> held;
  uint64_t matches = 0;

  const Sub& At(SubHandle handle) const {
    const size_t index = static_cast<size_t>(handle) - 1;
    CHECK(index < subs.size() && subs[index].live);
    return subs[index];
  }
  void DropCurrent() {
    if (current != nullptr && current->holds_ > 0) held.push_back(std::move(current));
    current.reset();
  }
};

Sublist::Sublist(Options options) : options_(options), impl_(std::make_unique<Impl>()) {}
Sublist::~Sublist() = default;

SubHandle Sublist::Insert(std::string_view subject, std::string_view queue, SubRef sub) {
  if (!IsValidPattern(subject)) return SubHandle::kNone;
  impl_->DropCurrent();
  impl_->subs.push_back({std::string(subject), std::string(queue), sub, true});
  ++inserts_;
  return SubHandle{static_cast<uint32_t>(impl_->subs.size())};
}

void Sublist::Remove(SubHandle handle) {
  (void)impl_->At(handle);
  impl_->DropCurrent();
  impl_->subs[static_cast<size_t>(handle) - 1] = {};
  ++removes_;
}

std::string_view Sublist::SubjectOf(SubHandle handle) const { return impl_->At(handle).subject; }
std::string_view Sublist::QueueOf(SubHandle handle) const { return impl_->At(handle).queue; }
SubRef Sublist::RefOf(SubHandle handle) const { return impl_->At(handle).ref; }

size_t Sublist::PeerCount(SubHandle handle) const {
  const Impl::Sub& of = impl_->At(handle);
  size_t count = 0;
  for (const Impl::Sub& sub : impl_->subs) {
    count += sub.live && sub.subject == of.subject && sub.queue == of.queue;
  }
  return count;
}

const MatchResult& Sublist::Match(std::string_view subject) {
  impl_->DropCurrent();
  ++impl_->matches;
  impl_->current = std::make_unique<MatchResult>();
  MatchResult& result = *impl_->current;
  if (HasEmptyToken(subject)) return result;
  for (const Impl::Sub& sub : impl_->subs) {
    if (!sub.live || !MatchesLiteral(subject, sub.subject)) continue;
    if (sub.queue.empty()) {
      result.plain_.push_back(sub.ref);
      continue;
    }
    auto group = std::find_if(result.groups_.begin(), result.groups_.end(),
                              [&](const auto& g) { return g.name == sub.queue; });
    if (group == result.groups_.end()) group = result.groups_.insert(group, {sub.queue, {}});
    group->members.push_back(sub.ref);
  }
  return result;
}

ResultHold Sublist::Hold(const MatchResult& result) {
  ++result.holds_;
  return ResultHold(this, &result);
}

void Sublist::Release(const MatchResult* result) {
  if (--result->holds_ > 0 || result == impl_->current.get()) return;
  std::erase_if(impl_->held, [&](const auto& held) { return held.get() == result; });
}

bool Sublist::HasInterest(std::string_view subject) {
  const InterestCount count = NumInterest(subject);
  return count.plain + count.queue > 0;
}

InterestCount Sublist::NumInterest(std::string_view subject) {
  InterestCount count;
  if (HasEmptyToken(subject)) return count;
  for (const Impl::Sub& sub : impl_->subs) {
    if (!sub.live || !MatchesLiteral(subject, sub.subject)) continue;
    ++(sub.queue.empty() ? count.plain : count.queue);
  }
  return count;
}

void Sublist::ReverseMatch(std::string_view subject, std::vector<SubHandle>& out) const {
  for (SubHandle h = Next(SubHandle::kNone); h != SubHandle::kNone; h = Next(h)) {
    if (SubjectsCollide(SubjectOf(h), subject)) out.push_back(h);
  }
}

SubHandle Sublist::Next(SubHandle handle) const {
  for (size_t index = static_cast<size_t>(handle); index < impl_->subs.size(); ++index) {
    if (impl_->subs[index].live) return SubHandle{static_cast<uint32_t>(index + 1)};
  }
  return SubHandle::kNone;
}

SublistStats Sublist::Stats() const {
  SublistStats stats;
  stats.num_subscriptions = static_cast<uint32_t>(size());
  stats.num_inserts = inserts_;
  stats.num_removes = removes_;
  stats.num_matches = impl_->matches;
  return stats;
}

size_t Sublist::BytesUsed() const { return size() * sizeof(Impl::Sub); }

}  // namespace dunlin::subject
