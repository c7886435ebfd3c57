// The nodes of a SubjectTree as they lie in its slab, for the files that implement it.
//
// A leaf ends a subject: header, value, the rest of the subject's bytes. An inner node is a fork:
// header, references of the children, their bytes in increasing order, the bytes that all subjects
// below share here. The byte that leads to a child stands in the fork and not again in the child.
// A subject that ends at a fork is its first child, a leaf with nothing left.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/subject/subject_tree.h"

namespace dunlin::subject {

inline constexpr uint8_t kLeafMark = 1, kInnerMark = 2;

struct SubjectTree::Leaf {
  uint8_t mark;
  uint8_t unused;
  uint16_t suffix_bytes;

  void* value() { return this + 1; }
};

struct SubjectTree::Inner {
  static constexpr uint32_t kNoChild = UINT32_MAX;

  uint8_t mark;
  uint8_t has_end;  // 1: children()[0] is the subject that ends here; its key means nothing.
  uint16_t prefix_bytes;
  uint16_t count;  // At most 257.
  uint16_t capacity;

  static size_t Bytes(uint32_t capacity, size_t prefix) {
    return sizeof(Inner) + capacity * (sizeof(uint32_t) + 1) + prefix;
  }
  uint32_t* children() { return reinterpret_cast<uint32_t*>(this + 1); }
  const uint32_t* children() const { return reinterpret_cast<const uint32_t*>(this + 1); }
  uint8_t* keys() { return reinterpret_cast<uint8_t*>(children() + capacity); }
  const uint8_t* keys() const { return reinterpret_cast<const uint8_t*>(children() + capacity); }
  char* prefix() { return reinterpret_cast<char*>(keys() + capacity); }
  std::string_view Prefix() const {
    return {reinterpret_cast<const char*>(keys() + capacity), prefix_bytes};
  }

  // The child for a byte; the first one whose byte is not smaller.
  uint32_t Find(uint8_t key) const {
    const uint8_t* begin = keys() + has_end;
    const void* at = std::memchr(begin, key, static_cast<size_t>(count - has_end));
    if (at == nullptr) return kNoChild;
    return static_cast<uint32_t>(static_cast<const uint8_t*>(at) - keys());
  }
  uint32_t LowerBound(uint8_t key) const {
    return static_cast<uint32_t>(std::lower_bound(keys() + has_end, keys() + count, key) - keys());
  }
};

// What leads to a child: the next byte of the subject, or its end.
struct SubjectTree::Key {
  bool end = false;
  uint8_t byte = 0;

  static Key Of(std::string_view rest) {
    return {rest.empty(), rest.empty() ? uint8_t{0} : static_cast<uint8_t>(rest[0])};
  }
};

}  // namespace dunlin::subject
