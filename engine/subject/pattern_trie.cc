#include "engine/subject/pattern_trie.h"

#include <cstring>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/subject/hash.h"
#include "engine/subject/subject.h"

namespace dunlin::subject {
namespace {

constexpr uint32_t kNone = Slab::kNone;

}  // namespace

uint64_t PatternTrie::TokenHash(std::string_view token) const { return HashText(token, seed_); }

uint32_t PatternTrie::EdgeHash(uint32_t node, uint64_t token_hash) {
  return static_cast<uint32_t>(Fold(token_hash ^ node, 0x9e3779b97f4a7c15) >> 32);
}

uint32_t PatternTrie::Child(uint32_t node, uint64_t token_hash, std::string_view token) const {
  if (At(node)->edges == 0) return kNone;
  return edges_.Find(EdgeHash(node, token_hash), [&](uint32_t child) {
    return At(child)->parent == node && SameText(Token(child), token);
  });
}

uint32_t PatternTrie::NewNode(uint32_t parent, std::string_view token) {
  const uint32_t ref = slab_.Alloc(sizeof(Node) + token.size());
  Node* node = At(ref);
  node->parent = parent;
  node->topic = node->rest_topic = node->star = kNone;
  node->edges = 0;
  node->token_size = static_cast<uint32_t>(token.size());
  std::memcpy(node + 1, token.data(), token.size());
  ++node_count_;
  return ref;
}

uint32_t* PatternTrie::Place(std::string_view pattern, uint32_t* node) const {
  uint32_t at = root_;
  for (TokenWalk walk(pattern); at != kNone && !walk.done(); walk.Next()) {
    *node = at;
    if (IsRest(walk.token())) return &At(at)->rest_topic;
    at = IsStar(walk.token()) ? At(at)->star : Child(at, TokenHash(walk.token()), walk.token());
  }
  *node = at;
  return at == kNone ? nullptr : &At(at)->topic;
}

uint32_t PatternTrie::Find(std::string_view pattern) const {
  uint32_t node = kNone;
  const uint32_t* place = Place(pattern, &node);
  return place == nullptr ? kNone : *place;
}

void PatternTrie::Insert(std::string_view pattern, uint32_t topic) {
  if (root_ == kNone) root_ = NewNode(kNone, "");
  uint32_t at = root_;
  for (TokenWalk walk(pattern); !walk.done(); walk.Next()) {
    const std::string_view token = walk.token();
    if (IsRest(token)) {
      CHECK(At(at)->rest_topic == kNone);
      At(at)->rest_topic = topic;
      return;
    }
    const bool star = IsStar(token);
    const uint64_t token_hash = star ? 0 : TokenHash(token);
    uint32_t child = star ? At(at)->star : Child(at, token_hash, token);
    if (child == kNone) {
      child = NewNode(at, token);
      if (star) {
        At(at)->star = child;
      } else {
        edges_.Insert(EdgeHash(at, token_hash), child);
        ++At(at)->edges;
      }
    }
    at = child;
  }
  CHECK(At(at)->topic == kNone);
  At(at)->topic = topic;
}

void PatternTrie::Remove(std::string_view pattern) {
  uint32_t node = kNone;
  uint32_t* place = Place(pattern, &node);
  CHECK(place != nullptr && *place != kNone);
  *place = kNone;
  Prune(node);
}

void PatternTrie::Prune(uint32_t ref) {
  while (ref != kNone) {
    const Node gone = *At(ref);
    if (gone.topic != kNone || gone.rest_topic != kNone || gone.star != kNone || gone.edges != 0) {
      return;
    }
    if (ref == root_) {
      root_ = kNone;
    } else if (At(gone.parent)->star == ref) {
      At(gone.parent)->star = kNone;
    } else {
      edges_.Erase(EdgeHash(gone.parent, TokenHash(Token(ref))), ref);
      --At(gone.parent)->edges;
    }
    slab_.Free(ref);
    --node_count_;
    ref = gone.parent;
  }
  std::vector<uint32_t>().swap(here_);
  std::vector<uint32_t>().swap(next_);
}

void PatternTrie::Match(std::string_view subject, std::vector<uint32_t>* topics) {
  if (root_ == kNone) return;
  here_.assign(1, root_);
  for (TokenWalk walk(subject); !walk.done() && !here_.empty(); walk.Next()) {
    const uint64_t token_hash = TokenHash(walk.token());
    next_.clear();
    for (const uint32_t ref : here_) {
      const Node& node = *At(ref);
      if (node.rest_topic != kNone) topics->push_back(node.rest_topic);
      if (node.star != kNone) next_.push_back(node.star);
      const uint32_t child = Child(ref, token_hash, walk.token());
      if (child != kNone) next_.push_back(child);
    }
    here_.swap(next_);
  }
  for (const uint32_t ref : here_) {
    if (At(ref)->topic != kNone) topics->push_back(At(ref)->topic);
    if (MUTANT(17) && At(ref)->rest_topic != kNone) topics->push_back(At(ref)->rest_topic);
  }
}

}  // namespace dunlin::subject
