#include "storage/journal/resolve.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/base/mutant.h"

namespace dunlin::journal {
namespace {

// More are named only in what nobody wrote.
constexpr size_t kHeadsMax = 4096;

// Takes out what a later life left behind: batches above where that life began. What is left goes
// up in numbers.
void DropVoid(std::vector<FoundBatch>* found) {
  std::map<uint64_t, uint64_t> kept_through;  // By life: what it and later ones kept of earlier.
  for (const FoundBatch& b : *found) kept_through.emplace(b.mark.life, b.mark.life_from);
  uint64_t bound = UINT64_MAX;
  for (auto life = kept_through.rbegin(); life != kept_through.rend(); ++life) {
    const uint64_t from = life->second;
    life->second = bound;
    bound = std::min(bound, from);
  }
  uint64_t last = 0;
  std::erase_if(*found, [&](const FoundBatch& b) {
    const bool is_void = b.mark.number > kept_through[b.mark.life] || b.mark.number <= last;
    if (!is_void) last = b.mark.number;
    return is_void && !MUTANT(113);
  });
}

class Resolver {
 public:
  explicit Resolver(std::vector<FoundBatch> found) : found_(std::move(found)) {}

  Resolution Run() {
    for (const FoundBatch& b : found_) {
      result_.number_seen = std::max(result_.number_seen, b.mark.number);
      result_.life_seen = std::max(result_.life_seen, b.mark.life);
    }
    DropVoid(&found_);
    // witness_[i]: up to where everything was durable, as batches from i on know.
    witness_.assign(found_.size() + 1, 0);
    for (size_t i = found_.size(); i-- > 0;)
      witness_[i] = std::max(witness_[i + 1], found_[i].mark.durable);
    // Before the oldest live segment there are holes: segments that were used again. Which one that
    // is, is for a batch to say that is accepted itself.
    for (const uint64_t head : HeadsNamed())
      if (TakeFrom(head)) break;
    return std::move(result_);
  }

 private:
  // Newest first.
  std::vector<uint64_t> HeadsNamed() const {
    std::set<uint64_t> heads;
    for (const FoundBatch& b : found_) heads.insert(std::min(b.mark.head, b.segment));
    std::vector<uint64_t> newest_first(heads.rbegin(), heads.rend());
    if (newest_first.size() > kHeadsMax) newest_first.resize(kHeadsMax);
    return newest_first;
  }

  // Takes what there is from this segment on. False if nothing of it says that this is the head.
  bool TakeFrom(uint64_t head) {
    result_.accepted.clear();
    result_.damages.clear();
    result_.head = head;
    size_t i = 0;
    while (i < found_.size() && found_[i].segment < head) ++i;
    while (i < found_.size() && Take(i)) ++i;
    result_.torn = i < found_.size();
    return !result_.accepted.empty() && result_.accepted.back().mark.head >= head;
  }

  // False: the journal ends before it.
  bool Take(size_t i) {
    const FoundBatch& b = found_[i];
    const std::vector<FoundBatch>& accepted = result_.accepted;
    const bool follows = accepted.empty() ? b.segment == result_.head && b.offset == kHeaderBytes
                                          : b.mark.prev == accepted.back().mark.number;
    if (!follows) {
      const uint64_t known = accepted.empty() ? 0 : accepted.back().mark.number;
      // Mutant 114: every hole is a torn tail.
      const uint64_t witness = MUTANT(114) ? 0 : witness_[i];
      if (witness > known) AddDamage(b, known, std::min(witness, b.mark.prev));
      // Mutant 115: what lies behind a hole is taken, whether the hole was durable or not.
      if (witness < b.mark.prev && !MUTANT(115)) return false;
    }
    result_.accepted.push_back(b);
    return true;
  }

  void AddDamage(const FoundBatch& next, uint64_t known, uint64_t last) {
    Damage damage;
    damage.before = result_.accepted.size();
    damage.first = known == 0 ? 0 : known + 1;
    damage.last = last;
    const std::vector<FoundBatch>& accepted = result_.accepted;
    damage.segment = next.segment;
    damage.offset = kHeaderBytes;
    if (accepted.empty()) {
      damage.segment = result_.head;
    } else if (accepted.back().segment == next.segment || next.offset == kHeaderBytes) {
      damage.segment = accepted.back().segment;
      damage.offset = accepted.back().end;
    }
    result_.damages.push_back(damage);
  }

  std::vector<FoundBatch> found_;
  std::vector<uint64_t> witness_;
  Resolution result_;
};

}  // namespace

Resolution Resolve(std::vector<FoundBatch> found) { return Resolver(std::move(found)).Run(); }

}  // namespace dunlin::journal
