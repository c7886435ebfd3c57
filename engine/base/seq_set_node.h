// The nodes of a SeqSet, for the files that implement it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include "engine/base/seq_set.h"

namespace dunlin {

inline constexpr int kSeqWords = 32, kSeqWordBits = 64;
static_assert(kSeqWords * kSeqWordBits == SeqSet::kNodeSeqs);
inline constexpr uint64_t kSeqLast = std::numeric_limits<uint64_t>::max();

// Bits 'first' to 'last' of a word, both included.
inline uint64_t SeqMask(uint64_t first, uint64_t last) {
  return (kSeqLast << first) & (kSeqLast >> (kSeqWordBits - 1 - last));
}

struct SeqSet::Node {
  uint64_t base = 0;
  std::array<uint64_t, kSeqWords> bits{};
  Link left, right;
  int height = 1;

  // The last sequence of the node; nodes at the very end of the numbers are cut.
  uint64_t end() const {
    return base > kSeqLast - (kNodeSeqs - 1) ? kSeqLast : base + (kNodeSeqs - 1);
  }
  bool covers(uint64_t seq) const { return seq >= base && seq <= end(); }
  bool holds(uint64_t seq) const {
    return bits[(seq - base) / kSeqWordBits] >> ((seq - base) % kSeqWordBits) & 1;
  }
  bool empty() const {
    return std::all_of(bits.begin(), bits.end(), [](uint64_t word) { return word == 0; });
  }
  uint64_t count() const {
    uint64_t total = 0;
    for (const uint64_t word : bits) total += static_cast<uint64_t>(std::popcount(word));
    return total;
  }

  // The first (last) offset from 'from' on (back) whose bit is 'set'; -1 if none.
  int Find(int from, bool set) const {
    for (int word = from / kSeqWordBits; word < kSeqWords; ++word) {
      uint64_t at = set ? bits[static_cast<size_t>(word)] : ~bits[static_cast<size_t>(word)];
      if (word == from / kSeqWordBits) at &= kSeqLast << (from % kSeqWordBits);
      if (at != 0) return word * kSeqWordBits + std::countr_zero(at);
    }
    return -1;
  }
  int FindBack(int from, bool set) const {
    for (int word = from / kSeqWordBits; word >= 0; --word) {
      uint64_t at = set ? bits[static_cast<size_t>(word)] : ~bits[static_cast<size_t>(word)];
      if (word == from / kSeqWordBits) at &= kSeqLast >> (kSeqWordBits - 1 - from % kSeqWordBits);
      if (at != 0) return word * kSeqWordBits + kSeqWordBits - 1 - std::countl_zero(at);
    }
    return -1;
  }

  // Sets or clears offsets 'first' to 'last'. Returns how many changed.
  uint64_t Fill(uint64_t first, uint64_t last, bool set) {
    uint64_t changed = 0;
    for (uint64_t word = first / kSeqWordBits; word <= last / kSeqWordBits; ++word) {
      const uint64_t low = word == first / kSeqWordBits ? first % kSeqWordBits : 0;
      const uint64_t high = word == last / kSeqWordBits ? last % kSeqWordBits : kSeqWordBits - 1;
      const uint64_t mask = SeqMask(low, high);
      const uint64_t flips = set ? mask & ~bits[word] : mask & bits[word];
      bits[word] ^= flips;
      changed += static_cast<uint64_t>(std::popcount(flips));
    }
    return changed;
  }

  int LeftHeight() const { return left ? left->height : 0; }
  int RightHeight() const { return right ? right->height : 0; }
  int Lean() const { return LeftHeight() - RightHeight(); }
  void Measure() { height = std::max(LeftHeight(), RightHeight()) + 1; }
};

}  // namespace dunlin
