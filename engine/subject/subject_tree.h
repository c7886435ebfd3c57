// Literal subjects, each with a small value of fixed size: what a store knows of each subject.
//
// An adaptive radix tree over the bytes of subjects. What subjects share in front is held once, so
// a million subjects of 20 to 30 bytes with 24 bytes of value cost 35 to 60 bytes each, value
// included. A node keeps its children in the order of their bytes: walks come in byte order.
//
// Two classes: SubjectTree is the tree, with values as raw bytes; SubjectMap<Value> (below) the
// same with a type.
//
// Walk finds what a list of filters matches, each subject once, in byte order. It looks only at
// branches that can match, works on a budget of steps, and can be taken up again from a text (where
// it stopped) after any changes: that is how long queries are sliced.
//
//   SubjectTree::Walk walk(tree, filters);          // or (tree, filters, request.cursor.text)
//   int budget = 10'000;
//   while (walk.Next(&budget) == SubjectTree::Walk::Step::kFound) use(walk.subject(), ...);
//   if (out of budget) request.cursor.text = walk.Position();
//
// Subjects are bytes: what is inserted is taken literally, wildcards in it too. Filters have the
// rules of subject.h; as there, '*' and '>' stand for at least one byte. The empty filter list
// matches everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/check.h"
#include "engine/subject/slab.h"

namespace dunlin::subject {

class SubjectTree {
 public:
  static constexpr size_t kSubjectBytesMax = 65535;  // What a stored message can have.

  // Values of 'value_bytes' bytes: 1 to 256, aligned to 4.
  explicit SubjectTree(size_t value_bytes);
  SubjectTree(const SubjectTree&) = delete;
  SubjectTree& operator=(const SubjectTree&) = delete;

  // The value of a subject, or null. Lives until the next Insert() or Remove().
  void* Find(std::string_view subject) const;

  struct Inserted {
    void* value = nullptr;  // All zeros if fresh. Null: refused, see below.
    bool fresh = false;
  };
  // The subject's value, made if it is not there. Refused if the subject is empty or longer than
  // kSubjectBytesMax, or memory references run out (16 GiB).
  [[nodiscard]] Inserted Insert(std::string_view subject);

  // False: was not there.
  bool Remove(std::string_view subject);
  void Clear();

  size_t size() const { return size_; }
  size_t BytesUsed() const { return slab_.BytesUsed(); }

  // Aborts if the tree contradicts itself. Walks it.
  void CheckInvariants() const;

  // See the file's comment. Invalid once the tree is changed: take Position() before.
  class Walk {
   public:
    enum class Step : uint8_t { kFound, kEnd, kBudget };

    // 'filters' must outlive the walk. Begins with the first subject at or after 'from' in byte
    // order (empty: the first one).
    Walk(const SubjectTree& tree, std::span<const std::string> filters, std::string_view from = {});

    // The next subject that matches. Takes one off '*budget' for each node or subject looked at,
    // and for each filter that it was held against; kBudget when it is used up before anything was
    // found.
    [[nodiscard]] Step Next(int* budget);

    // After kFound; views into the walk, until the next call.
    std::string_view subject() const { return path_; }
    void* value() const { return value_; }

    // Where to begin again so that nothing is missed or seen twice: past subject() after kFound,
    // else where the budget ended.
    std::string Position() const;

   private:
    struct Frame {
      uint32_t node;
      uint32_t child;  // The next one to look at...
      uint32_t end;    // ... and the one to stop at.
      uint32_t path;   // Bytes of path_ down to the node's children.
      uint32_t
          alive_begin;  // Into alive_: the filters that can still match, up to the next frame's.
      bool all;         // A '>' has been reached: everything below matches.
    };
    // A filter, and how far it has come.
    struct Alive {
      uint32_t filter;
      uint32_t at;  // The byte of the filter that comes next.
      bool inside;  // That is '*' or '>', and has taken a byte.
    };
    enum class Fate : uint8_t { kDead, kAlive, kAll };

    bool Advance(Alive* alive, char byte) const;
    bool AtRest(const Alive& alive) const;
    bool Accepts(const Alive& alive) const;
    // Moves the filters of alive_ from 'begin' on by 'bytes'; drops those that cannot match.
    Fate AdvanceAll(size_t begin, std::string_view bytes);
    bool AnyAccepts(size_t begin) const;
    bool IsBefore(bool leaf);
    bool Visit(uint32_t ref, size_t alive_begin, bool all, int* budget);
    void Enter(uint32_t ref, size_t alive_begin, bool all);

    const SubjectTree& tree_;
    const std::span<const std::string> filters_;
    std::vector<Frame> frames_;
    std::vector<Alive> alive_;
    std::string path_;
    std::string from_;             // Subjects before this one are passed over...
    bool seeking_ = false;         // ... which has an end where path_ is not in front of it.
    bool at_root_ = false;         // Nothing has been looked at yet.
    bool all_ = false;             // There are no filters.
    bool entered_by_key_ = false;  // The last byte of path_ led to the node being visited.
    void* value_ = nullptr;
    bool found_ = false;
  };

 private:
  friend class Walk;
  // engine/subject/subject_tree_node.h
  struct Leaf;
  struct Inner;
  struct Key;

  bool IsLeaf(uint32_t ref) const;
  Leaf* LeafAt(uint32_t ref) const;
  Inner* InnerAt(uint32_t ref) const;
  std::string_view SuffixOf(const Leaf* leaf) const;

  uint32_t NewLeaf(std::string_view suffix, const void* value);
  uint32_t WithSuffix(uint32_t leaf, std::string_view suffix);
  uint32_t NewInner(std::string_view prefix, uint32_t capacity);
  uint32_t Recast(uint32_t ref, std::string_view prefix, uint32_t capacity);
  // Where a node's reference stands: in its parent, or (no parent) in root_.
  struct Place {
    uint32_t parent = Slab::kNone;
    uint32_t child = 0;
  };
  void Set(Place place, uint32_t ref);
  void Link(uint32_t ref, Key key, uint32_t child);
  void* AddLeaf(Place place, uint32_t ref, std::string_view rest);
  void* SplitInner(Place place, uint32_t ref, size_t common, std::string_view rest);
  void* SplitLeaf(Place place, uint32_t ref, std::string_view rest);
  void Unlink(Place place, uint32_t ref, uint32_t child);
  void MergeOnlyChild(Place place, uint32_t ref);

  // What each look-up reads stands together: of a thousand trees none is in the processor's cache.
  const size_t value_bytes_;
  uint32_t root_ = Slab::kNone;
  size_t size_ = 0;
  Slab slab_;
};

// A SubjectTree with values of one type: plain data, aligned to 4 at most. A struct with 64-bit
// members says so with __attribute__((packed, aligned(4))).
template <class Value>
class SubjectMap {
  static_assert(std::is_trivially_copyable_v<Value> && alignof(Value) <= 4);

 public:
  SubjectMap() : tree_(sizeof(Value)) {}

  // Null: not there. Lives until the next Insert() or Remove().
  Value* Find(std::string_view subject) const { return static_cast<Value*>(tree_.Find(subject)); }
  struct Inserted {
    Value* value = nullptr;  // All zeros if fresh. Null: refused.
    bool fresh = false;
  };
  [[nodiscard]] Inserted Insert(std::string_view subject) {
    const SubjectTree::Inserted inserted = tree_.Insert(subject);
    return {static_cast<Value*>(inserted.value), inserted.fresh};
  }
  bool Remove(std::string_view subject) { return tree_.Remove(subject); }
  void Clear() { tree_.Clear(); }
  size_t size() const { return tree_.size(); }
  size_t BytesUsed() const { return tree_.BytesUsed(); }
  void CheckInvariants() const { tree_.CheckInvariants(); }

  class Walk : public SubjectTree::Walk {
   public:
    Walk(const SubjectMap& map, std::span<const std::string> filters, std::string_view from = {})
        : SubjectTree::Walk(map.tree_, filters, from) {}
    Value* value() const { return static_cast<Value*>(SubjectTree::Walk::value()); }
  };

 private:
  SubjectTree tree_;
};

}  // namespace dunlin::subject
