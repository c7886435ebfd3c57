// A compressed set of sequences: which ones are deleted, in blocks, streams and snapshots.
//
// An AVL tree of bitmaps, 2,048 sequences (280 bytes) each. A set's shape, and so its encoding, is
// to the byte what the reference's server/avl makes of the same calls in the same order, so that
// files and snapshots can be compared as well as read. A bitmap goes back to the system when its
// last sequence is deleted.
//
// Insert, Delete, Contains and each step of a walk take O(log nodes). Whatever walks or copies the
// whole set says so: the owner slices, with Next() and NextAbsent(), which need no iterator.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin {

class SeqSet {
 public:
  static constexpr uint64_t kNodeSeqs = 2048;  // What one node covers.

  SeqSet();
  ~SeqSet();
  SeqSet(SeqSet&& other) noexcept;
  SeqSet& operator=(SeqSet&& other) noexcept;
  SeqSet(const SeqSet& other);  // Copies all nodes.
  SeqSet& operator=(const SeqSet& other);

  // False: it was there already.
  bool Insert(uint64_t seq);
  // 'first' to 'last', both included. A node's worth at a time, so a run costs little more than its
  // nodes; the owner bounds last - first. Returns how many are new.
  uint64_t InsertRange(uint64_t first, uint64_t last);
  // False: it was not there.
  bool Delete(uint64_t seq);
  // Likewise for a run. Returns how many were there. O(nodes of the set in the run), however long.
  uint64_t DeleteRange(uint64_t first, uint64_t last);
  [[nodiscard]] bool Contains(uint64_t seq) const;
  void Clear();

  // The first node starts at 'min' instead of at a multiple of kNodeSeqs. False, and nothing done,
  // if the set is not empty. reference: SetInitialMin.
  bool SetInitialMin(uint64_t min);

  uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t nodes() const { return nodes_; }
  size_t BytesUsed() const;

  // REQUIRES: !empty().
  [[nodiscard]] uint64_t Min() const;
  [[nodiscard]] uint64_t Max() const;

  // The first member at or after 'seq', the last one at or before it.
  [[nodiscard]] std::optional<uint64_t> Next(uint64_t seq) const;
  [[nodiscard]] std::optional<uint64_t> Prev(uint64_t seq) const;
  // The first sequence at or after 'seq' that is not a member; at or before it. O(nodes of the run
  // * log nodes). nullopt: all up to the largest (smallest) number are members.
  [[nodiscard]] std::optional<uint64_t> NextAbsent(uint64_t seq) const;
  [[nodiscard]] std::optional<uint64_t> PrevAbsent(uint64_t seq) const;

  // Members in increasing order, while use(seq) returns true. Walks the set.
  template <class Use>
  void ForEach(Use&& use) const {
    for (std::optional<uint64_t> at = Next(0); at; at = Next(*at + 1)) {
      if (!use(*at) || *at == UINT64_MAX) return;
    }
  }

  // Adds all members of 'other'. Walks 'other'.
  void Union(const SeqSet& other);
  // The same members, whatever the shape. Walks both.
  bool operator==(const SeqSet& other) const;

  struct Heights {
    int left = 0, right = 0;
  };
  Heights RootHeights() const;

  // The reference's encoding, version 2: {22, 2, nodes u32, size u32}, then each node, parents
  // first, as {base u64, 32 words u64, height u16}; little endian. Walks the set.
  size_t EncodedSize() const;
  void AppendEncoded(std::string& out) const;

  enum class DecodeError : uint8_t {
    kNone,
    kBadEncoding,  // "ss: bad encoding"
    kBadVersion,   // "ss: bad version"
  };
  // Reads versions 1 and 2 from the front of 'bytes' into '*this', which is empty on an error.
  // 'used' gets the length of the encoding. Whatever the bytes are, the set is well formed; if they
  // are an encoding that this class or the reference made, its shape is kept.
  [[nodiscard]] DecodeError Decode(std::string_view bytes, size_t* used);

  // Aborts if the set contradicts itself. Walks it.
  void CheckInvariants() const;

 private:
  struct Node;  // engine/base/seq_set_node.h
  // Far more than any tree has; deeper encodings are not trees that anybody made.
  static constexpr int kHeightMax = 128;
  using Link = std::unique_ptr<Node>;

  const Node* Covering(uint64_t seq) const;
  Node* Covering(uint64_t seq);
  // The node with the largest base at or below 'seq', the smallest above it; or null.
  const Node* Below(uint64_t seq) const;
  const Node* Above(uint64_t seq) const;

  Node* AddNodeFor(uint64_t seq);
  void Realign();
  static void InsertNode(Link& link, Link fresh);
  bool DeleteIn(Link& link, uint64_t seq);
  static void RemoveNode(Link& link, uint64_t base);
  static void TakeOut(Link& link);
  static void InsertBelowAll(Link& link, Link lower);
  static void Balance(Link& link);
  static Link Copy(const Node* node);
  static void CheckNode(const Node* node, uint64_t low, bool bounded, uint64_t high);
  DecodeError DecodeOld(std::string_view bytes, size_t* used);
  static Link Build(std::string_view nodes, size_t* at, uint64_t low, uint64_t high, int depth);

  Link root_;
  uint64_t size_ = 0;
  size_t nodes_ = 0;
  bool aligned_ = true;  // All bases are multiples of kNodeSeqs.
};

[[nodiscard]] const char* Describe(SeqSet::DecodeError error);

}  // namespace dunlin
