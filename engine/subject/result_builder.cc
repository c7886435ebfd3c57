#include "engine/subject/result_builder.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "engine/base/check.h"

namespace dunlin::subject {
namespace {

constexpr size_t Aligned(size_t bytes) { return (bytes + 3) & ~size_t{3}; }

}  // namespace

size_t ResultBuilder::RunEnd(size_t from) const {
  size_t end = from + 1;
  while (end < parts_.size() && parts_[end].first == parts_[from].first) ++end;
  return end;
}

void ResultBuilder::MergeGroups() {
  const auto name = [this](const Part& part) { return topics_.GroupName(part.group); };
  std::sort(parts_.begin(), parts_.end(), [&](const Part& a, const Part& b) {
    const int order = name(a).compare(name(b));
    return order != 0 ? order < 0 : a.order < b.order;
  });
  for (size_t i = 1; i < parts_.size(); ++i) {
    if (name(parts_[i]) == name(parts_[i - 1])) parts_[i].first = parts_[i - 1].first;
  }
  std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
    return a.first != b.first ? a.first < b.first : a.order < b.order;
  });
}

size_t ResultBuilder::Measure(std::string_view subject, std::span<const uint32_t> matched) {
  parts_.clear();
  plain_count_ = 0;
  group_count_ = 0;
  uint32_t topics_with_groups = 0;
  for (const uint32_t topic : matched) {
    plain_count_ += topics_.Plain(topic).count;
    const uint32_t groups = topics_.GroupCount(topic);
    topics_with_groups += groups > 0;
    for (uint32_t i = 0; i < groups; ++i) {
      const uint32_t order = static_cast<uint32_t>(parts_.size());
      parts_.push_back({topics_.GroupAt(topic, i), order, order});
    }
  }
  if (topics_with_groups > 1) MergeGroups();
  size_t member_count = 0, name_bytes = 0;
  for (size_t from = 0; from < parts_.size(); from = RunEnd(from)) {
    ++group_count_;
    name_bytes += topics_.GroupName(parts_[from].group).size();
  }
  for (const Part& part : parts_) member_count += topics_.GroupMembers(part.group).count;
  bytes_ = sizeof(MatchResult) + Aligned(subject.size()) +
           (plain_count_ + member_count) * sizeof(SubRef) +
           group_count_ * sizeof(MatchResult::GroupPart) + name_bytes;
  CHECK(bytes_ <= UINT32_MAX);
  return bytes_;
}

MatchResult* ResultBuilder::Write(void* memory, std::string_view subject,
                                  std::span<const uint32_t> matched) {
  MatchResult* result = new (memory) MatchResult();
  char* const base = static_cast<char*>(memory);
  const auto offset = [base](const void* at) {
    return static_cast<uint32_t>(static_cast<const char*>(at) - base);
  };
  char* text = base + sizeof(MatchResult);
  std::memcpy(text, subject.data(), subject.size());
  SubRef* out = reinterpret_cast<SubRef*>(text + Aligned(subject.size()));
  result->bytes_ = static_cast<uint32_t>(bytes_);
  result->subject_size_ = static_cast<uint32_t>(subject.size());
  result->plain_at_ = offset(out);
  result->plain_count_ = static_cast<uint32_t>(plain_count_);
  for (const uint32_t topic : matched) out = CopySubs(topics_.slab(), topics_.Plain(topic), out);
  result->groups_at_ = offset(out);
  result->group_count_ = static_cast<uint32_t>(group_count_);
  if (group_count_ == 0) return result;

  auto* group = reinterpret_cast<MatchResult::GroupPart*>(out);
  out = reinterpret_cast<SubRef*>(group + group_count_);
  for (size_t from = 0, end; from < parts_.size(); from = end, ++group) {
    end = RunEnd(from);
    group->members_at = offset(out);
    for (size_t i = from; i < end; ++i) {
      out = CopySubs(topics_.slab(), topics_.GroupMembers(parts_[i].group), out);
    }
    group->member_count =
        static_cast<uint32_t>(reinterpret_cast<char*>(out) - base - group->members_at) /
        static_cast<uint32_t>(sizeof(SubRef));
  }
  group -= group_count_;
  char* names = reinterpret_cast<char*>(out);
  for (size_t from = 0; from < parts_.size(); from = RunEnd(from), ++group) {
    const std::string_view name = topics_.GroupName(parts_[from].group);
    group->name_at = offset(names);
    group->name_size = static_cast<uint32_t>(name.size());
    std::memcpy(names, name.data(), name.size());
    names += name.size();
  }
  return result;
}

}  // namespace dunlin::subject
