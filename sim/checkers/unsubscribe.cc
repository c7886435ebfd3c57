#include "sim/checkers/unsubscribe.h"

#include <algorithm>
#include <string>

namespace dunlin::sim {
namespace {

class UnsubscribeChecker : public Checker {
 public:
  explicit UnsubscribeChecker(History& history) : history_(history) {}

  void OnDelivered(const Delivery&, SubIndex index) override {
    if (index == kNone) return;
    const SubRecord& sub = history_.subs()[index];
    if (sub.unsub_known == kNever) return;
    const uint64_t allowed = std::max(sub.max, sub.deliveries_when_unsub_known);
    if (sub.deliveries > allowed) {
      history_.Violate("unsubscribe", history_.NameOfSub(index) + " got delivery " +
                                          std::to_string(sub.deliveries) + " after UNSUB " +
                                          std::to_string(sub.max) + ", with " +
                                          std::to_string(sub.deliveries_when_unsub_known) +
                                          " when that was known");
    }
  }

 private:
  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeUnsubscribeChecker(History& history) {
  return std::make_unique<UnsubscribeChecker>(history);
}

}  // namespace dunlin::sim
