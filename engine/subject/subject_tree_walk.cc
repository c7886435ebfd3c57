// How a SubjectTree is walked along filters.
//
// A filter has no choice in how it takes a byte: '*' takes all up to the next dot, '>' everything.
// So where it stands after some bytes is one number, and a branch is left as soon as no filter has
// any standing in it.
#include <algorithm>

#include "engine/subject/subject_tree.h"
#include "engine/subject/subject_tree_node.h"

namespace dunlin::subject {
namespace {

// Whether the token of 'filter' that starts at 'at' is 'wildcard' alone.
bool IsToken(std::string_view filter, size_t at, char wildcard) {
  if (at >= filter.size() || filter[at] != wildcard) return false;
  if (at > 0 && filter[at - 1] != '.') return false;
  return at + 1 == filter.size() || (wildcard == '*' && filter[at + 1] == '.');
}

}  // namespace

bool SubjectTree::Walk::AtRest(const Alive& alive) const {
  return alive.inside && IsToken(filters_[alive.filter], alive.at, '>');
}

bool SubjectTree::Walk::Accepts(const Alive& alive) const {
  const std::string_view filter = filters_[alive.filter];
  if (alive.inside) return alive.at + 1 == filter.size();
  return alive.at == filter.size();
}

// False: the filter does not match.
bool SubjectTree::Walk::Advance(Alive* alive, char byte) const {
  const std::string_view filter = filters_[alive->filter];
  if (alive->inside && byte == '.' && filter[alive->at] == '*') {
    // Past the star, and past the dot after it.
    if (alive->at + 1 == filter.size()) return false;
    alive->at += 2;
    alive->inside = false;
    return true;
  }
  if (alive->inside) return true;
  if (alive->at >= filter.size()) return false;
  if (IsToken(filter, alive->at, '>') || (byte != '.' && IsToken(filter, alive->at, '*'))) {
    alive->inside = true;
    return true;
  }
  if (filter[alive->at] != byte || IsToken(filter, alive->at, '*')) return false;
  ++alive->at;
  return true;
}

SubjectTree::Walk::Fate SubjectTree::Walk::AdvanceAll(size_t begin, std::string_view bytes) {
  size_t kept = begin;
  for (size_t i = begin; i < alive_.size(); ++i) {
    Alive alive = alive_[i];
    const bool matches =
        std::all_of(bytes.begin(), bytes.end(), [&](char byte) { return Advance(&alive, byte); });
    if (!matches) continue;
    if (AtRest(alive)) return Fate::kAll;
    alive_[kept++] = alive;
  }
  alive_.resize(kept);
  return kept == begin ? Fate::kDead : Fate::kAlive;
}

bool SubjectTree::Walk::AnyAccepts(size_t begin) const {
  return std::any_of(alive_.begin() + static_cast<ptrdiff_t>(begin), alive_.end(),
                     [&](const Alive& alive) { return Accepts(alive); });
}

SubjectTree::Walk::Walk(const SubjectTree& tree, std::span<const std::string> filters,
                        std::string_view from)
    : tree_(tree), filters_(filters), from_(from), seeking_(!from.empty()) {
  at_root_ = tree.root_ != Slab::kNone;
  all_ = filters.empty();
  for (uint32_t i = 0; i < filters.size(); ++i) {
    // An empty filter matches no subject.
    if (!filters[i].empty()) alive_.push_back({i, 0, false});
  }
}

// Whether the subjects that begin with path_ all come before from_. Stops seeking where they all
// come after it.
bool SubjectTree::Walk::IsBefore(bool leaf) {
  const std::string_view path = path_, from = from_;
  const size_t common = std::min(path.size(), from.size());
  const int order = path.substr(0, common).compare(from.substr(0, common));
  if (order < 0) return true;
  if (order == 0 && path.size() < from.size()) return leaf;
  seeking_ = false;
  return false;
}

// Goes on to 'ref', whose parent's bytes are in path_. True: it is a subject that matches.
bool SubjectTree::Walk::Visit(uint32_t ref, size_t alive_begin, bool all, int* budget) {
  const bool leaf = tree_.IsLeaf(ref);
  const size_t parent_bytes = path_.size() - (entered_by_key_ ? 1 : 0);
  path_.append(leaf ? tree_.SuffixOf(tree_.LeafAt(ref)) : tree_.InnerAt(ref)->Prefix());
  const std::string_view bytes = std::string_view(path_).substr(parent_bytes);
  if (seeking_ && IsBefore(leaf)) return false;
  // The way back to where it stopped is free: else a small budget would not get further.
  if (!seeking_) *budget -= 1;

  const size_t begin = alive_.size();
  if (!all) {
    if (!seeking_) *budget -= static_cast<int>(begin - alive_begin);
    for (size_t i = alive_begin; i < begin; ++i) alive_.push_back(Alive(alive_[i]));
    const Fate fate = AdvanceAll(begin, bytes);
    if (fate == Fate::kAll) all = true;
    if (fate == Fate::kDead) return false;
  }
  if (leaf) {
    const bool matches = all || AnyAccepts(begin);
    alive_.resize(begin);
    if (matches) value_ = tree_.LeafAt(ref)->value();
    return matches;
  }
  Enter(ref, begin, all);
  return false;
}

void SubjectTree::Walk::Enter(uint32_t ref, size_t alive_begin, bool all) {
  const Inner* inner = tree_.InnerAt(ref);
  Frame frame{
      ref, 0, inner->count, static_cast<uint32_t>(path_.size()), static_cast<uint32_t>(alive_begin),
      all};
  if (seeking_) frame.child = inner->LowerBound(static_cast<uint8_t>(from_[path_.size()]));
  // The common case of one filter that wants one byte.
  if (!all && alive_.size() - alive_begin == 1) {
    const Alive& alive = alive_[alive_begin];
    const std::string_view filter = filters_[alive.filter];
    if (!alive.inside && !IsToken(filter, alive.at, '*') && !IsToken(filter, alive.at, '>')) {
      uint32_t at = Inner::kNoChild;
      if (alive.at < filter.size()) {
        at = inner->Find(static_cast<uint8_t>(filter[alive.at]));
      } else if (inner->has_end) {
        at = 0;
      }
      frame.end = at == Inner::kNoChild || at < frame.child ? frame.child : at + 1;
      if (frame.end > frame.child) frame.child = at;
    }
  }
  frames_.push_back(frame);
}

SubjectTree::Walk::Step SubjectTree::Walk::Next(int* budget) {
  found_ = false;
  while (true) {
    while (!frames_.empty() && frames_.back().child >= frames_.back().end) {
      alive_.resize(frames_.back().alive_begin);
      frames_.pop_back();
    }
    if (frames_.empty() && !at_root_) return Step::kEnd;
    // However small the budget, the next walk begins further on than this one did.
    if (*budget <= 0 && !at_root_ && Position() != from_) return Step::kBudget;
    if (at_root_) {
      at_root_ = false;
      entered_by_key_ = false;
      found_ = Visit(tree_.root_, 0, all_, budget);
    } else {
      Frame& frame = frames_.back();
      const Inner* inner = tree_.InnerAt(frame.node);
      const uint32_t at = frame.child++;
      path_.resize(frame.path);
      entered_by_key_ = at > 0 || !inner->has_end;
      if (entered_by_key_) path_.push_back(static_cast<char>(inner->keys()[at]));
      const uint32_t child = inner->children()[at];
      const uint32_t alive_begin = frame.alive_begin;
      const bool all = frame.all;
      found_ = Visit(child, alive_begin, all, budget);
    }
    if (found_) return Step::kFound;
  }
}

std::string SubjectTree::Walk::Position() const {
  if (found_) return path_ + '\0';
  if (frames_.empty()) return from_;
  const Frame& frame = frames_.back();
  CHECK(frame.child < frame.end);
  std::string position = path_.substr(0, frame.path);
  const Inner* inner = tree_.InnerAt(frame.node);
  if (frame.child > 0 || !inner->has_end) {
    position.push_back(static_cast<char>(inner->keys()[frame.child]));
  }
  // While it seeks, the branch that comes next may hold subjects before from_.
  return seeking_ ? std::max(position, from_) : position;
}

}  // namespace dunlin::subject
