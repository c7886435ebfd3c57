// Finds the patterns (subjects with '*' and '>') that match a subject.
//
// A trie over tokens. The edges with plain tokens of all nodes share one hash table, keyed by node
// and token; '*' and '>' are fields of the node. A subject is matched token by token for all nodes
// reached so far at once: no recursion, so its depth costs no stack, and the work is bounded by the
// nodes that there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/subject/hash_index.h"
#include "engine/subject/slab.h"

namespace dunlin::subject {

class PatternTrie {
 public:
  // Nodes are put into 'slab', which outlives the trie.
  PatternTrie(Slab& slab, uint64_t seed) : slab_(slab), seed_(seed) {}

  // The topic of exactly this pattern, or kNone. REQUIRES for all three: IsValidPattern(),
  // HasWildcard().
  uint32_t Find(std::string_view pattern) const;
  // REQUIRES: has no topic yet.
  void Insert(std::string_view pattern, uint32_t topic);
  // REQUIRES: has one.
  void Remove(std::string_view pattern);

  // Appends the topics of all patterns that match 'subject', those that end in '>' first, shorter
  // before longer. A wildcard in 'subject' is a token that only wildcards match. REQUIRES: no empty
  // token.
  void Match(std::string_view subject, std::vector<uint32_t>* topics);

  bool empty() const { return root_ == Slab::kNone; }
  size_t node_count() const { return node_count_; }
  // Without the nodes, which are the slab's.
  size_t BytesUsed() const {
    return edges_.BytesUsed() + (here_.capacity() + next_.capacity()) * sizeof(uint32_t);
  }
  uint64_t work_done() const { return edges_.work_done(); }
  void CheckInvariants() const { edges_.CheckInvariants(); }

 private:
  struct Node {  // The token that leads here follows.
    uint32_t parent;
    uint32_t topic;       // Of the pattern that ends here.
    uint32_t rest_topic;  // Of the pattern that goes on with '>' and ends.
    uint32_t star;        // The node that '*' leads to.
    uint32_t edges;       // Plain tokens that lead on from here.
    uint32_t token_size;
  };

  Node* At(uint32_t node) const { return slab_.At<Node>(node); }
  std::string_view Token(uint32_t node) const {
    const Node* at = At(node);
    return {reinterpret_cast<const char*>(at + 1), at->token_size};
  }
  uint64_t TokenHash(std::string_view token) const;
  static uint32_t EdgeHash(uint32_t node, uint64_t token_hash);
  uint32_t Child(uint32_t node, uint64_t token_hash, std::string_view token) const;
  uint32_t NewNode(uint32_t parent, std::string_view token);
  void Prune(uint32_t node);
  // Where the topic of 'pattern' is written down; null if there is no such node.
  uint32_t* Place(std::string_view pattern, uint32_t* node) const;

  Slab& slab_;
  const uint64_t seed_;
  HashIndex edges_;
  uint32_t root_ = Slab::kNone;
  size_t node_count_ = 0;
  std::vector<uint32_t> here_, next_;  // Match(): nodes reached. Kept for their capacity.
};

}  // namespace dunlin::subject
