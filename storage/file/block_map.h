// What is kept of a block when its bytes are dropped from memory: where its messages begin, one
// place for each stretch of some 32 KiB, and, once a search has been through it, which tokens the
// subjects in a stretch have. With the places one message is read without reading the block; with
// the tokens a search passes over stretches, and whole blocks, in which nothing can match.
//
// About 0.2 % of the block's bytes. What it says may be too much (messages that are gone), never
// too little. Places are those in the plain bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"

namespace dunlin::file {

// Which tokens are at which place of some subjects: a bit for each of 64 classes of tokens. Tokens
// behind the last place are not looked at.
struct TokenSet {
  static constexpr size_t kPlaces = 6;
  uint32_t counts = 0;  // Bit n: a subject has n tokens; the last bit: that many or more.
  uint64_t at[kPlaces] = {};

  void Add(std::string_view subject);
};

// What a list of filters asks of a TokenSet.
class TokenQuery {
 public:
  explicit TokenQuery(std::span<const std::string> filters);

  // Everything may match: there is nothing to ask.
  bool matches_all() const { return asks_.empty(); }
  // False: no subject in the set matches.
  bool MayMatch(const TokenSet& set) const;

 private:
  struct Ask {
    uint32_t counts = 0;                  // Of which one must be there.
    uint64_t at[TokenSet::kPlaces] = {};  // Each must be there; 0: anything.
  };
  std::vector<Ask> asks_;
};

class BlockMap {
 public:
  static constexpr uint64_t kStretchBytes = 32u << 10;

  struct Stretch {
    Seq first = 0;        // The sequence of its first message...
    uint64_t offset = 0;  // ... and where that begins.
    bool has_tokens = false;
    TokenSet tokens;
  };

  // The block's next message begins there. REQUIRES: above all others.
  void Note(Seq seq, uint64_t offset) {
    if (offset < next_) return;
    stretches_.push_back({seq, offset, false, {}});
    next_ = offset + kStretchBytes;
  }
  void Clear() {
    stretches_.clear();
    next_ = 0;
  }

  bool empty() const { return stretches_.empty(); }
  // Not of the messages before the first stretch: they were there before the map was.
  bool Reaches(Seq seq) const { return !empty() && seq >= stretches_[0].first; }
  size_t size() const { return stretches_.size(); }
  // The stretch that 'seq' is in, if it is in the block. REQUIRES: Reaches(seq).
  size_t Find(Seq seq) const;
  Stretch& operator[](size_t at) { return stretches_[at]; }
  const Stretch& operator[](size_t at) const { return stretches_[at]; }
  // The first sequence behind the stretch.
  Seq EndSeq(size_t at) const {
    return at + 1 < stretches_.size() ? stretches_[at + 1].first : UINT64_MAX;
  }
  // It will have no more messages.
  bool Closed(size_t at) const { return at + 1 < stretches_.size(); }
  // No message from 'from' on can match: all their stretches are known.
  bool RulesOut(const TokenQuery& query, Seq from) const;

 private:
  uint64_t next_ = 0;  // Where the stretch after the last one may begin.
  std::vector<Stretch> stretches_;
};

}  // namespace dunlin::file
