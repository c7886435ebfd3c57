#include "storage/file/block_map.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace dunlin::file {
namespace {

constexpr size_t kCountMax = 31;

uint64_t ClassOf(std::string_view token) {
  uint64_t head = token.size();
  uint64_t hash = 0;
  while (!token.empty()) {
    uint64_t word = 0;
    const size_t bytes = std::min<size_t>(token.size(), 8);
    std::memcpy(&word, token.data(), bytes);
    hash = (hash ^ word ^ head) * 0x9e3779b97f4a7c15u;
    token.remove_prefix(bytes);
  }
  return uint64_t{1} << (hash >> 58);
}

// use(place, token) for each; how many there are.
template <class Use>
size_t ForEachToken(std::string_view subject, Use use) {
  size_t place = 0;
  while (true) {
    const void* const dot = std::memchr(subject.data(), '.', subject.size());
    if (dot == nullptr) break;
    const auto length = static_cast<size_t>(static_cast<const char*>(dot) - subject.data());
    use(place++, subject.substr(0, length));
    subject.remove_prefix(length + 1);
  }
  use(place++, subject);
  return place;
}

}  // namespace

void TokenSet::Add(std::string_view subject) {
  const size_t count = ForEachToken(subject, [&](size_t place, std::string_view token) {
    if (place < kPlaces) at[place] |= ClassOf(token);
  });
  counts |= uint32_t{1} << std::min(count, kCountMax);
}

TokenQuery::TokenQuery(std::span<const std::string> filters) {
  for (const std::string& filter : filters) {
    if (filter.empty() || filter == ">") {
      asks_.clear();
      return;
    }
    Ask ask;
    size_t least = 0;  // Tokens up to a '>', which stands for one or more.
    const size_t count = ForEachToken(filter, [&](size_t place, std::string_view token) {
      if (least == 0 && token == ">") least = place + 1;
      if (place < TokenSet::kPlaces && least == 0 && token != "*") ask.at[place] = ClassOf(token);
    });
    const uint32_t bit = uint32_t{1} << std::min(least > 0 ? least : count, kCountMax);
    ask.counts = least > 0 ? ~(bit - 1) : bit;
    asks_.push_back(ask);
  }
}

bool TokenQuery::MayMatch(const TokenSet& set) const {
  if (asks_.empty()) return true;
  return std::any_of(asks_.begin(), asks_.end(), [&](const Ask& ask) {
    if ((set.counts & ask.counts) == 0) return false;
    for (size_t place = 0; place < TokenSet::kPlaces; ++place) {
      if ((set.at[place] & ask.at[place]) != ask.at[place]) return false;
    }
    return true;
  });
}

size_t BlockMap::Find(Seq seq) const {
  const auto above =
      std::upper_bound(stretches_.begin(), stretches_.end(), seq,
                       [](Seq value, const Stretch& stretch) { return value < stretch.first; });
  CHECK(above != stretches_.begin());
  return static_cast<size_t>(above - stretches_.begin()) - 1;
}

bool BlockMap::RulesOut(const TokenQuery& query, Seq from) const {
  if (!Reaches(from) || query.matches_all()) return false;
  return std::all_of(stretches_.begin() + static_cast<ptrdiff_t>(Find(from)), stretches_.end(),
                     [&](const Stretch& stretch) {
                       return stretch.has_tokens && !query.MayMatch(stretch.tokens);
                     });
}

}  // namespace dunlin::file
