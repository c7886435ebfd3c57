#include "engine/base/seq_set.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/seq_set_node.h"

namespace dunlin {
namespace {

uint64_t AlignedBase(uint64_t seq) { return seq / SeqSet::kNodeSeqs * SeqSet::kNodeSeqs; }

template <class Link>
void RotateLeft(Link& link) {
  Link right = std::move(link->right);
  link->right = std::move(right->left);
  link->Measure();
  right->left = std::move(link);
  right->Measure();
  link = std::move(right);
}

template <class Link>
void RotateRight(Link& link) {
  Link left = std::move(link->left);
  link->left = std::move(left->right);
  link->Measure();
  left->right = std::move(link);
  left->Measure();
  link = std::move(left);
}

}  // namespace

SeqSet::SeqSet() = default;
SeqSet::~SeqSet() = default;

SeqSet::SeqSet(SeqSet&& other) noexcept
    : root_(std::move(other.root_)),
      size_(std::exchange(other.size_, 0)),
      nodes_(std::exchange(other.nodes_, 0)),
      aligned_(std::exchange(other.aligned_, true)) {}

SeqSet& SeqSet::operator=(SeqSet&& other) noexcept {
  root_ = std::move(other.root_);
  size_ = std::exchange(other.size_, 0);
  nodes_ = std::exchange(other.nodes_, 0);
  aligned_ = std::exchange(other.aligned_, true);
  return *this;
}

SeqSet::SeqSet(const SeqSet& other)
    : root_(Copy(other.root_.get())),
      size_(other.size_),
      nodes_(other.nodes_),
      aligned_(other.aligned_) {}

SeqSet& SeqSet::operator=(const SeqSet& other) {
  if (this != &other) *this = SeqSet(other);
  return *this;
}

SeqSet::Link SeqSet::Copy(const Node* node) {
  if (node == nullptr) return nullptr;
  Link copy = std::make_unique<Node>();
  copy->base = node->base;
  copy->bits = node->bits;
  copy->height = node->height;
  copy->left = Copy(node->left.get());
  copy->right = Copy(node->right.get());
  return copy;
}

size_t SeqSet::BytesUsed() const { return nodes_ * sizeof(Node); }

// --- Finding nodes

const SeqSet::Node* SeqSet::Below(uint64_t seq) const {
  const Node* best = nullptr;
  for (const Node* at = root_.get(); at != nullptr;) {
    if (at->base <= seq) {
      best = at;
      at = at->right.get();
    } else {
      at = at->left.get();
    }
  }
  return best;
}

const SeqSet::Node* SeqSet::Above(uint64_t seq) const {
  const Node* best = nullptr;
  for (const Node* at = root_.get(); at != nullptr;) {
    if (at->base > seq) {
      best = at;
      at = at->left.get();
    } else {
      at = at->right.get();
    }
  }
  return best;
}

const SeqSet::Node* SeqSet::Covering(uint64_t seq) const {
  for (const Node* at = root_.get(); at != nullptr;) {
    if (seq < at->base) {
      at = at->left.get();
    } else if (seq > at->end()) {
      at = at->right.get();
    } else {
      return at;
    }
  }
  return nullptr;
}

SeqSet::Node* SeqSet::Covering(uint64_t seq) {
  return const_cast<Node*>(std::as_const(*this).Covering(seq));
}

bool SeqSet::Contains(uint64_t seq) const {
  const Node* node = Covering(seq);
  return node != nullptr && node->holds(seq);
}

uint64_t SeqSet::Min() const {
  CHECK(!empty());
  return *Next(0);
}

uint64_t SeqSet::Max() const {
  CHECK(!empty());
  return *Prev(kSeqLast);
}

std::optional<uint64_t> SeqSet::Next(uint64_t seq) const {
  const Node* node = Covering(seq);
  if (node != nullptr) {
    const int at = node->Find(static_cast<int>(seq - node->base), true);
    if (at >= 0) return node->base + static_cast<uint64_t>(at);
  }
  // Nodes are not empty but right after SetInitialMin().
  const Node* above = Above(seq);
  if (above == nullptr || empty()) return std::nullopt;
  return above->base + static_cast<uint64_t>(above->Find(0, true));
}

std::optional<uint64_t> SeqSet::Prev(uint64_t seq) const {
  const Node* node = Below(seq);
  if (node == nullptr || empty()) return std::nullopt;
  const uint64_t from = std::min(seq, node->end()) - node->base;
  int at = node->FindBack(static_cast<int>(from), true);
  if (at < 0) {
    if (node->base == 0) return std::nullopt;
    node = Below(node->base - 1);
    if (node == nullptr) return std::nullopt;
    at = node->FindBack(kNodeSeqs - 1, true);
  }
  return node->base + static_cast<uint64_t>(at);
}

std::optional<uint64_t> SeqSet::NextAbsent(uint64_t seq) const {
  while (true) {
    const Node* node = Covering(seq);
    if (node == nullptr) return seq;
    const int at = node->Find(static_cast<int>(seq - node->base), false);
    // Past the end of the numbers there are bits that stand for none.
    if (at >= 0) {
      if (static_cast<uint64_t>(at) > kSeqLast - node->base) return std::nullopt;
      return node->base + static_cast<uint64_t>(at);
    }
    if (node->end() == kSeqLast) return std::nullopt;
    seq = node->end() + 1;
  }
}

std::optional<uint64_t> SeqSet::PrevAbsent(uint64_t seq) const {
  while (true) {
    const Node* node = Covering(seq);
    if (node == nullptr) return seq;
    const int at = node->FindBack(static_cast<int>(seq - node->base), false);
    if (at >= 0) return node->base + static_cast<uint64_t>(at);
    if (node->base == 0) return std::nullopt;
    seq = node->base - 1;
  }
}

// --- Changing

void SeqSet::Balance(Link& link) {
  link->Measure();
  if (link->Lean() > 1) {
    if (link->left->Lean() < 0) RotateLeft(link->left);
    RotateRight(link);
  } else if (link->Lean() < -1) {
    if (link->right->Lean() > 0) RotateRight(link->right);
    RotateLeft(link);
  }
}

void SeqSet::InsertNode(Link& link, Link fresh) {
  if (link == nullptr) {
    link = std::move(fresh);
    return;
  }
  Link& side = fresh->base < link->base ? link->left : link->right;
  InsertNode(side, std::move(fresh));
  Balance(link);
}

// Hangs 'lower', whose nodes are all below those of 'link', under its lowest node.
void SeqSet::InsertBelowAll(Link& link, Link lower) {
  if (link->left == nullptr) {
    link->left = std::move(lower);
  } else {
    InsertBelowAll(link->left, std::move(lower));
  }
  Balance(link);
}

void SeqSet::TakeOut(Link& link) {
  Link left = std::move(link->left), right = std::move(link->right);
  if (left == nullptr) {
    link = std::move(right);
  } else if (right == nullptr) {
    link = std::move(left);
  } else {
    InsertBelowAll(right, std::move(left));
    link = std::move(right);
  }
}

void SeqSet::RemoveNode(Link& link, uint64_t base) {
  if (base < link->base) {
    RemoveNode(link->left, base);
  } else if (base > link->base) {
    RemoveNode(link->right, base);
  } else {
    TakeOut(link);
  }
  if (link != nullptr) Balance(link);
}

SeqSet::Node* SeqSet::AddNodeFor(uint64_t seq) {
  const uint64_t base = AlignedBase(seq);
  if (size_ == 0) Clear();  // SetInitialMin() was told wrong.
  if (!aligned_) {
    const Node* below = Below(seq);
    const Node* above = Above(seq);
    const bool overlaps = (below != nullptr && below->end() >= base) ||
                          (above != nullptr && above->base - base < kNodeSeqs);
    if (overlaps) {
      Realign();
      if (Node* node = Covering(seq)) return node;
    }
  }
  Link fresh = std::make_unique<Node>();
  fresh->base = base;
  Node* node = fresh.get();
  InsertNode(root_, std::move(fresh));
  ++nodes_;
  return node;
}

// A set whose nodes do not start at multiples of kNodeSeqs is made anew: a node that is to be added
// would lie over one of them, and the reference, which reads our encoding, then finds only some of
// the members of both.
void SeqSet::Realign() {
  SeqSet fresh;
  for (std::optional<uint64_t> at = Next(0); at;) {
    const std::optional<uint64_t> end = NextAbsent(*at);
    fresh.InsertRange(*at, end ? *end - 1 : kSeqLast);
    at = end ? Next(*end) : std::nullopt;
  }
  *this = std::move(fresh);
}

bool SeqSet::Insert(uint64_t seq) {
  Node* node = Covering(seq);
  if (node == nullptr) node = AddNodeFor(seq);
  const uint64_t at = seq - node->base;
  uint64_t& word = node->bits[at / kSeqWordBits];
  const uint64_t bit = uint64_t{1} << (at % kSeqWordBits);
  if ((word & bit) != 0) return false;
  word |= bit;
  ++size_;
  return true;
}

uint64_t SeqSet::InsertRange(uint64_t first, uint64_t last) {
  uint64_t added = 0;
  for (uint64_t at = first; at <= last;) {
    Node* node = Covering(at);
    if (node == nullptr) node = AddNodeFor(at);
    const uint64_t end = std::min(last, node->end());
    const uint64_t filled = node->Fill(at - node->base, end - node->base, true);
    size_ += filled;
    added += filled;
    if (end == kSeqLast) break;
    at = end + 1;
  }
  return added;
}

// Balances all the way up even if nothing was deleted: TakeOut() may leave a tree that leans by
// more than one, and the reference puts it right like this, one step with each call.
bool SeqSet::DeleteIn(Link& link, uint64_t seq) {
  if (link == nullptr) return false;
  bool deleted = false;
  if (seq < link->base) {
    deleted = DeleteIn(link->left, seq);
  } else if (seq > link->end()) {
    deleted = DeleteIn(link->right, seq);
  } else if (link->Fill(seq - link->base, seq - link->base, false) != 0) {
    deleted = true;
    if (link->empty()) {
      --nodes_;
      TakeOut(link);
    }
  }
  if (link != nullptr) Balance(link);
  return deleted;
}

bool SeqSet::Delete(uint64_t seq) {
  if (!DeleteIn(root_, seq)) return false;
  if (--size_ == 0) Clear();
  return true;
}

uint64_t SeqSet::DeleteRange(uint64_t first, uint64_t last) {
  uint64_t removed = 0;
  for (std::optional<uint64_t> at = Next(first); at && *at <= last;) {
    Node* node = Covering(*at);
    const uint64_t end = std::min(last, node->end());
    removed += node->Fill(*at - node->base, end - node->base, false);
    if (node->empty()) {
      RemoveNode(root_, node->base);
      --nodes_;
    }
    at = end == kSeqLast ? std::nullopt : Next(end + 1);
  }
  size_ -= removed;
  if (size_ == 0) Clear();
  return removed;
}

void SeqSet::Clear() { *this = SeqSet(); }

bool SeqSet::SetInitialMin(uint64_t min) {
  if (root_ != nullptr) return false;
  root_ = std::make_unique<Node>();
  root_->base = min;
  nodes_ = 1;
  aligned_ = min % kNodeSeqs == 0;
  return true;
}

void SeqSet::Union(const SeqSet& other) {
  if (&other == this || other.empty()) return;
  // Parents first: the order decides the shape.
  std::vector<const Node*> next = {other.root_.get()};
  while (!next.empty()) {
    const Node* node = next.back();
    next.pop_back();
    for (int at = node->Find(0, true); at >= 0;) {
      const int end = node->Find(at, false);
      const int last = end < 0 ? static_cast<int>(kNodeSeqs) - 1 : end - 1;
      InsertRange(node->base + static_cast<uint64_t>(at), node->base + static_cast<uint64_t>(last));
      at = end < 0 ? -1 : node->Find(end, true);
    }
    if (node->right != nullptr) next.push_back(node->right.get());
    if (node->left != nullptr) next.push_back(node->left.get());
  }
}

bool SeqSet::operator==(const SeqSet& other) const {
  if (size_ != other.size_) return false;
  // As many members in both: one way is enough, run by run.
  for (std::optional<uint64_t> at = Next(0); at;) {
    const std::optional<uint64_t> end = NextAbsent(*at);
    if (!other.Contains(*at) || other.NextAbsent(*at) != end) return false;
    at = end ? Next(*end) : std::nullopt;
  }
  return true;
}

SeqSet::Heights SeqSet::RootHeights() const {
  if (root_ == nullptr) return {};
  return {root_->LeftHeight(), root_->RightHeight()};
}

// --- Checking

void SeqSet::CheckNode(const Node* node, uint64_t low, bool bounded, uint64_t high) {
  if (node == nullptr) return;
  CHECK(node->base >= low);
  CHECK(!bounded || node->end() < high);
  CHECK(node->height == std::max(node->LeftHeight(), node->RightHeight()) + 1);
  CheckNode(node->left.get(), low, true, node->base);
  if (node->right != nullptr) {
    CHECK(node->end() != kSeqLast);
    CheckNode(node->right.get(), node->end() + 1, bounded, high);
  }
}

void SeqSet::CheckInvariants() const {
  CheckNode(root_.get(), 0, false, 0);
  CHECK(root_ == nullptr || root_->height <= kHeightMax);
  uint64_t size = 0;
  size_t nodes = 0;
  std::vector<const Node*> next;
  if (root_ != nullptr) next.push_back(root_.get());
  while (!next.empty()) {
    const Node* node = next.back();
    next.pop_back();
    ++nodes;
    size += node->count();
    CHECK(size_ == 0 || !node->empty());
    CHECK(!aligned_ || node->base % kNodeSeqs == 0);
    if (node->left != nullptr) next.push_back(node->left.get());
    if (node->right != nullptr) next.push_back(node->right.get());
  }
  CHECK(size == size_);
  CHECK(nodes == nodes_);
}

}  // namespace dunlin
