// Writes down who subscribes to a set of topics.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/subject/match_result.h"
#include "engine/subject/slab.h"
#include "engine/subject/topics.h"

namespace dunlin::subject {

class ResultBuilder {
 public:
  explicit ResultBuilder(const Topics& topics) : topics_(topics) {}

  // Bytes of the result for 'subject' that Write() will make of 'matched': topics in the order in
  // which their subscribers are to come. Groups of one name are one group, where the first of them
  // stands.
  [[nodiscard]] size_t Measure(std::string_view subject, std::span<const uint32_t> matched);

  // REQUIRES: the arguments of the last Measure(); as many bytes as it said, aligned to 4.
  MatchResult* Write(void* memory, std::string_view subject, std::span<const uint32_t> matched);

  size_t BytesUsed() const { return parts_.capacity() * sizeof(Part); }
  void Trim() { std::vector<Part>().swap(parts_); }

 private:
  struct Part {
    uint32_t group;
    uint32_t order;  // Where it came among all.
    uint32_t first;  // The 'order' of the first part of the same name.
  };

  void MergeGroups();
  // The end of the parts of one name that start at 'from'.
  size_t RunEnd(size_t from) const;

  const Topics& topics_;
  std::vector<Part> parts_;
  size_t plain_count_ = 0;
  size_t group_count_ = 0;
  size_t bytes_ = 0;
};

}  // namespace dunlin::subject
