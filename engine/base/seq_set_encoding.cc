// The encoding of a SeqSet.
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "engine/base/seq_set.h"
#include "engine/base/seq_set_node.h"

namespace dunlin {
namespace {

constexpr uint8_t kMagic = 22, kVersion = 2;
constexpr size_t kHeaderBytes = 2 + 4 + 4;
constexpr size_t kNodeBytes = 8 + kSeqWords * 8 + 2;
constexpr int kOldWords = 64;  // Version 1.
constexpr size_t kOldNodeBytes = 8 + kOldWords * 8 + 2;

template <class T>
T Read(std::string_view bytes, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<uint8_t>(bytes[at + i])) << (8 * i));
  }
  return value;
}

template <class T>
void Append(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

}  // namespace

size_t SeqSet::EncodedSize() const { return kHeaderBytes + nodes_ * kNodeBytes; }

void SeqSet::AppendEncoded(std::string& out) const {
  out.reserve(out.size() + EncodedSize());
  Append<uint8_t>(out, kMagic);
  Append<uint8_t>(out, kVersion);
  Append<uint32_t>(out, static_cast<uint32_t>(nodes_));
  Append<uint32_t>(out, static_cast<uint32_t>(size_));
  std::vector<const Node*> next;
  if (root_ != nullptr) next.push_back(root_.get());
  while (!next.empty()) {
    const Node* node = next.back();
    next.pop_back();
    Append<uint64_t>(out, node->base);
    for (const uint64_t word : node->bits) Append<uint64_t>(out, word);
    Append<uint16_t>(out, static_cast<uint16_t>(node->height));
    if (node->right != nullptr) next.push_back(node->right.get());
    if (node->left != nullptr) next.push_back(node->left.get());
  }
}

// Takes the nodes at *at, parents first, that lie in [low, high], as a tree. Null, with *at where
// it stopped, where the bytes are not one that is sorted, measured rightly and without empty nodes.
SeqSet::Link SeqSet::Build(std::string_view nodes, size_t* at, uint64_t low, uint64_t high,
                           int depth) {
  if (*at >= nodes.size() || depth > kHeightMax) return nullptr;
  const uint64_t base = Read<uint64_t>(nodes, *at);
  if (base < low || base > high) return nullptr;
  Link node = std::make_unique<Node>();
  node->base = base;
  if (node->end() > high || node->end() - base != kNodeSeqs - 1) return nullptr;
  for (size_t word = 0; word < kSeqWords; ++word) {
    node->bits[word] = Read<uint64_t>(nodes, *at + 8 + word * 8);
  }
  const int height = Read<uint16_t>(nodes, *at + kNodeBytes - 2);
  if (node->empty()) return nullptr;
  *at += kNodeBytes;
  if (base > low) node->left = Build(nodes, at, low, base - 1, depth + 1);
  if (node->end() < high) node->right = Build(nodes, at, node->end() + 1, high, depth + 1);
  node->Measure();
  if (node->height != height) {
    *at = nodes.size() + 1;  // Broken: whoever asks for more gets nothing, and the end is missed.
    return nullptr;
  }
  return node;
}

SeqSet::DecodeError SeqSet::Decode(std::string_view bytes, size_t* used) {
  Clear();
  *used = 0;
  if (bytes.size() < kHeaderBytes || static_cast<uint8_t>(bytes[0]) != kMagic) {
    return DecodeError::kBadEncoding;
  }
  const uint8_t version = static_cast<uint8_t>(bytes[1]);
  if (version == 1) return DecodeOld(bytes, used);
  if (version != kVersion) return DecodeError::kBadVersion;

  const uint64_t count = Read<uint32_t>(bytes, 2), size = Read<uint32_t>(bytes, 6);
  if (count > (bytes.size() - kHeaderBytes) / kNodeBytes) return DecodeError::kBadEncoding;
  const std::string_view nodes = bytes.substr(kHeaderBytes, count * kNodeBytes);
  size_t at = 0;
  root_ = Build(nodes, &at, 0, kSeqLast, 0);
  if (root_ != nullptr && at == nodes.size()) {
    nodes_ = count;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t base = Read<uint64_t>(nodes, i * kNodeBytes);
      if (base % kNodeSeqs != 0) aligned_ = false;
      for (size_t word = 0; word < kSeqWords; ++word) {
        size_ += static_cast<uint64_t>(
            std::popcount(Read<uint64_t>(nodes, i * kNodeBytes + 8 + word * 8)));
      }
    }
  } else {
    // Nodes in an order that nobody writes, or empty ones: the members count, not the shape.
    Clear();
    for (size_t i = 0; i < count; ++i) {
      const uint64_t base = Read<uint64_t>(nodes, i * kNodeBytes);
      for (uint64_t word = 0; word < kSeqWords; ++word) {
        for (uint64_t left = Read<uint64_t>(nodes, i * kNodeBytes + 8 + word * 8); left != 0;
             left &= left - 1) {
          const uint64_t offset =
              word * kSeqWordBits + static_cast<uint64_t>(std::countr_zero(left));
          if (offset <= kSeqLast - base) Insert(base + offset);
        }
      }
    }
  }
  // The encoding counts members in 32 bits.
  if (static_cast<uint32_t>(size_) != size) {
    Clear();
    return DecodeError::kBadEncoding;
  }
  *used = kHeaderBytes + nodes.size();
  return DecodeError::kNone;
}

SeqSet::DecodeError SeqSet::DecodeOld(std::string_view bytes, size_t* used) {
  const uint64_t count = Read<uint32_t>(bytes, 2), size = Read<uint32_t>(bytes, 6);
  if (count > (bytes.size() - kHeaderBytes) / kOldNodeBytes) return DecodeError::kBadEncoding;
  size_t at = kHeaderBytes;
  for (uint64_t i = 0; i < count; ++i, at += kOldNodeBytes) {
    const uint64_t base = Read<uint64_t>(bytes, at);
    for (uint64_t word = 0; word < kOldWords; ++word) {
      for (uint64_t left = Read<uint64_t>(bytes, at + 8 + word * 8); left != 0; left &= left - 1) {
        const uint64_t offset = word * kSeqWordBits + static_cast<uint64_t>(std::countr_zero(left));
        if (offset <= kSeqLast - base) Insert(base + offset);
      }
    }
  }
  if (static_cast<uint32_t>(size_) != size) {
    Clear();
    return DecodeError::kBadEncoding;
  }
  *used = at;
  return DecodeError::kNone;
}

const char* Describe(SeqSet::DecodeError error) {
  switch (error) {
    case SeqSet::DecodeError::kNone: return "";
    case SeqSet::DecodeError::kBadEncoding: return "ss: bad encoding";
    case SeqSet::DecodeError::kBadVersion: return "ss: bad version";
  }
  return "";
}

}  // namespace dunlin
