#include "engine/subject/subject_tree.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/subject/subject_tree_node.h"

namespace dunlin::subject {
namespace {

constexpr uint32_t kFirstCapacity = 2;

uint32_t Grown(uint32_t capacity) { return capacity + (capacity < 12 ? 2 : capacity / 4); }

size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(limit), b.begin()).first -
      a.begin());
}

}  // namespace

SubjectTree::SubjectTree(size_t value_bytes) : value_bytes_((value_bytes + 3) / 4 * 4) {
  CHECK(value_bytes > 0 && value_bytes <= 256);
}

// --- Nodes

bool SubjectTree::IsLeaf(uint32_t ref) const { return *slab_.At<uint8_t>(ref) == kLeafMark; }

SubjectTree::Leaf* SubjectTree::LeafAt(uint32_t ref) const { return slab_.At<Leaf>(ref); }

SubjectTree::Inner* SubjectTree::InnerAt(uint32_t ref) const { return slab_.At<Inner>(ref); }

std::string_view SubjectTree::SuffixOf(const Leaf* leaf) const {
  return {reinterpret_cast<const char*>(leaf + 1) + value_bytes_, leaf->suffix_bytes};
}

uint32_t SubjectTree::NewLeaf(std::string_view suffix, const void* value) {
  const uint32_t ref = slab_.Alloc(sizeof(Leaf) + value_bytes_ + suffix.size());
  Leaf* leaf = LeafAt(ref);
  *leaf = Leaf{kLeafMark, 0, static_cast<uint16_t>(suffix.size())};
  if (value == nullptr) {
    std::memset(leaf->value(), 0, value_bytes_);
  } else {
    std::memcpy(leaf->value(), value, value_bytes_);
  }
  std::copy(suffix.begin(), suffix.end(), static_cast<char*>(leaf->value()) + value_bytes_);
  return ref;
}

// Moves the leaf to a block for 'suffix', which may lie in the old one.
uint32_t SubjectTree::WithSuffix(uint32_t leaf, std::string_view suffix) {
  const uint32_t moved = NewLeaf(suffix, LeafAt(leaf)->value());
  slab_.Free(leaf);
  return moved;
}

uint32_t SubjectTree::NewInner(std::string_view prefix, uint32_t capacity) {
  const uint32_t ref = slab_.Alloc(Inner::Bytes(capacity, prefix.size()));
  Inner* inner = InnerAt(ref);
  *inner = Inner{kInnerMark, 0, static_cast<uint16_t>(prefix.size()), 0,
                 static_cast<uint16_t>(capacity)};
  std::copy(prefix.begin(), prefix.end(), inner->prefix());
  return ref;
}

// Moves the node to a block with room for 'capacity' children and 'prefix', which may lie in the
// old one.
uint32_t SubjectTree::Recast(uint32_t ref, std::string_view prefix, uint32_t capacity) {
  const uint32_t moved = NewInner(prefix, capacity);
  const Inner* from = InnerAt(ref);
  Inner* to = InnerAt(moved);
  to->has_end = from->has_end;
  to->count = from->count;
  std::copy_n(from->children(), from->count, to->children());
  std::copy_n(from->keys(), from->count, to->keys());
  slab_.Free(ref);
  return moved;
}

void SubjectTree::Set(Place place, uint32_t ref) {
  if (place.parent == Slab::kNone) {
    root_ = ref;
  } else {
    InnerAt(place.parent)->children()[place.child] = ref;
  }
}

// REQUIRES: there is room, and the key is not taken.
void SubjectTree::Link(uint32_t ref, Key key, uint32_t child) {
  Inner* inner = InnerAt(ref);
  CHECK(inner->count < inner->capacity);
  uint32_t at = 0;
  if (!key.end) at = inner->LowerBound(key.byte);
  uint32_t* children = inner->children();
  uint8_t* keys = inner->keys();
  std::copy_backward(children + at, children + inner->count, children + inner->count + 1);
  std::copy_backward(keys + at, keys + inner->count, keys + inner->count + 1);
  children[at] = child;
  keys[at] = key.byte;
  ++inner->count;
  if (key.end) inner->has_end = 1;
}

// --- Looking up

void* SubjectTree::Find(std::string_view subject) const {
  if (root_ == Slab::kNone || subject.empty()) return nullptr;
  uint32_t ref = root_;
  std::string_view rest = subject;
  while (!IsLeaf(ref)) {
    const Inner* inner = InnerAt(ref);
    const std::string_view prefix = inner->Prefix();
    if (!rest.starts_with(prefix)) return nullptr;
    rest.remove_prefix(prefix.size());
    if (rest.empty()) return inner->has_end ? LeafAt(inner->children()[0])->value() : nullptr;
    const uint32_t at = inner->Find(static_cast<uint8_t>(rest[0]));
    if (at == Inner::kNoChild) return nullptr;
    ref = inner->children()[at];
    rest.remove_prefix(1);
  }
  Leaf* leaf = LeafAt(ref);
  return SuffixOf(leaf) == rest ? leaf->value() : nullptr;
}

// --- Inserting

SubjectTree::Inserted SubjectTree::Insert(std::string_view subject) {
  if (subject.empty() || subject.size() > kSubjectBytesMax) return {};
  if (!slab_.HasRoom()) return {Find(subject), false};
  if (root_ == Slab::kNone) {
    root_ = NewLeaf(subject, nullptr);
    size_ = 1;
    return {LeafAt(root_)->value(), true};
  }
  Place place;
  uint32_t ref = root_;
  std::string_view rest = subject;
  while (true) {
    if (IsLeaf(ref)) {
      Leaf* leaf = LeafAt(ref);
      if (SuffixOf(leaf) == rest) return {leaf->value(), false};
      ++size_;
      return {SplitLeaf(place, ref, rest), true};
    }
    const Inner* inner = InnerAt(ref);
    const std::string_view prefix = inner->Prefix();
    const size_t common = CommonPrefix(prefix, rest);
    if (common < prefix.size()) {
      ++size_;
      return {SplitInner(place, ref, common, rest), true};
    }
    rest.remove_prefix(common);
    uint32_t at = Inner::kNoChild;
    if (!rest.empty()) {
      at = inner->Find(static_cast<uint8_t>(rest[0]));
    } else if (inner->has_end) {
      return {LeafAt(inner->children()[0])->value(), false};
    }
    if (at == Inner::kNoChild) {
      ++size_;
      return {AddLeaf(place, ref, rest), true};
    }
    place = {ref, at};
    ref = inner->children()[at];
    rest.remove_prefix(1);
  }
}

// A new leaf for 'rest' under the node 'ref', whose prefix has been passed.
void* SubjectTree::AddLeaf(Place place, uint32_t ref, std::string_view rest) {
  const Inner* inner = InnerAt(ref);
  if (inner->count == inner->capacity) {
    ref = Recast(ref, inner->Prefix(), Grown(inner->capacity));
    Set(place, ref);
  }
  const Key key = Key::Of(rest);
  const uint32_t leaf = NewLeaf(rest.substr(rest.empty() ? 0 : 1), nullptr);
  Link(ref, key, leaf);
  return LeafAt(leaf)->value();
}

void* SubjectTree::SplitInner(Place place, uint32_t ref, size_t common, std::string_view rest) {
  const std::string_view prefix = InnerAt(ref)->Prefix();
  const uint32_t above = NewInner(prefix.substr(0, common), kFirstCapacity);
  const Key key = Key::Of(prefix.substr(common));
  Link(above, key, Recast(ref, prefix.substr(common + 1), InnerAt(ref)->capacity));
  Set(place, above);
  return AddLeaf(place, above, rest.substr(common));
}

void* SubjectTree::SplitLeaf(Place place, uint32_t ref, std::string_view rest) {
  const std::string_view suffix = SuffixOf(LeafAt(ref));
  const size_t common = CommonPrefix(suffix, rest);
  const uint32_t above = NewInner(suffix.substr(0, common), kFirstCapacity);
  const std::string_view left = suffix.substr(common);
  const Key key = Key::Of(left);
  Link(above, key, WithSuffix(ref, left.substr(left.empty() ? 0 : 1)));
  Set(place, above);
  return AddLeaf(place, above, rest.substr(common));
}

// --- Removing

bool SubjectTree::Remove(std::string_view subject) {
  if (root_ == Slab::kNone || subject.empty()) return false;
  Place place, above;  // Of 'ref', and of the node it hangs under.
  uint32_t ref = root_;
  std::string_view rest = subject;
  while (!IsLeaf(ref)) {
    const Inner* inner = InnerAt(ref);
    const std::string_view prefix = inner->Prefix();
    if (!rest.starts_with(prefix)) return false;
    rest.remove_prefix(prefix.size());
    uint32_t at = Inner::kNoChild;
    if (!rest.empty()) {
      at = inner->Find(static_cast<uint8_t>(rest[0]));
    } else if (inner->has_end) {
      at = 0;
    }
    if (at == Inner::kNoChild) return false;
    above = place;
    place = {ref, at};
    ref = inner->children()[at];
    rest.remove_prefix(rest.empty() ? 0 : 1);
  }
  if (SuffixOf(LeafAt(ref)) != rest) return false;
  if (--size_ == 0) {
    Clear();
    return true;
  }
  slab_.Free(ref);
  Unlink(above, place.parent, place.child);
  return true;
}

void SubjectTree::Unlink(Place place, uint32_t ref, uint32_t child) {
  Inner* inner = InnerAt(ref);
  uint32_t* children = inner->children();
  uint8_t* keys = inner->keys();
  std::copy(children + child + 1, children + inner->count, children + child);
  std::copy(keys + child + 1, keys + inner->count, keys + child);
  if (child == 0) inner->has_end = 0;
  --inner->count;
  if (inner->count == 1) {
    MergeOnlyChild(place, ref);
  } else if (inner->capacity > 2 * kFirstCapacity && inner->count <= inner->capacity / 2) {
    Set(place, Recast(ref, inner->Prefix(), inner->count + inner->count / 4));
  }
}

// A node with one child is no fork: its prefix goes to the child.
void SubjectTree::MergeOnlyChild(Place place, uint32_t ref) {
  const Inner* inner = InnerAt(ref);
  const uint32_t child = inner->children()[0];
  std::string text(inner->Prefix());
  if (!inner->has_end) text.push_back(static_cast<char>(inner->keys()[0]));
  slab_.Free(ref);
  if (IsLeaf(child)) {
    text.append(SuffixOf(LeafAt(child)));
    Set(place, WithSuffix(child, text));
  } else {
    text.append(InnerAt(child)->Prefix());
    Set(place, Recast(child, text, InnerAt(child)->capacity));
  }
}

void SubjectTree::Clear() {
  slab_.Reset();
  root_ = Slab::kNone;
  size_ = 0;
}

void SubjectTree::CheckInvariants() const {
  size_t leaves = 0, blocks = 0;
  std::vector<uint32_t> next;
  if (root_ != Slab::kNone) next.push_back(root_);
  while (!next.empty()) {
    const uint32_t ref = next.back();
    next.pop_back();
    ++blocks;
    if (IsLeaf(ref)) {
      ++leaves;
      continue;
    }
    const Inner* inner = InnerAt(ref);
    CHECK(inner->mark == kInnerMark);
    CHECK(inner->count >= 2 && inner->count <= inner->capacity);
    for (uint32_t i = inner->has_end + 1u; i < inner->count; ++i) {
      CHECK(inner->keys()[i - 1] < inner->keys()[i]);
    }
    if (inner->has_end) {
      CHECK(IsLeaf(inner->children()[0]));
      CHECK(LeafAt(inner->children()[0])->suffix_bytes == 0);
    }
    next.insert(next.end(), inner->children(), inner->children() + inner->count);
  }
  CHECK(leaves == size_);
  CHECK(blocks == slab_.live());
}

}  // namespace dunlin::subject
