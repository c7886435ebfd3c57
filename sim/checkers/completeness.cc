#include "sim/checkers/completeness.h"

#include <string>
#include <vector>

namespace dunlin::sim {
namespace {

class CompletenessChecker : public Checker {
 public:
  explicit CompletenessChecker(History& history) : history_(history) {}

  void OnSubscribed(ConnIndex, SubIndex sub) override {
    owed_.resize(sub + 1);
    early_.resize(sub + 1);
  }

  void OnDelivered(const Delivery& delivery, SubIndex sub) override {
    if (delivery.message == kNone || sub == kNone) return;
    if (history_.messages()[delivery.message].known == kNever) {
      early_[sub].push_back(delivery.message);
    } else {
      std::erase_if(owed_[sub], [&](const Owed& owed) { return owed.message == delivery.message; });
    }
  }

  void OnPublishKnown(MessageIndex index) override {
    const MessageRecord& message = history_.messages()[index];
    for (const SubIndex sub : history_.live_subs()) {
      const bool here = std::erase(early_[sub], index) > 0;
      if (!here && Owes(history_.subs()[sub], message)) {
        owed_[sub].push_back({index, history_.now()});
      }
    }
  }

  void OnPong(ConnIndex conn, Instant ping_sent) override {
    for (const SubIndex index : history_.subs_of(conn)) {
      std::vector<Owed>& owed = owed_[index];
      if (owed.empty() || owed.front().known > ping_sent) continue;
      const SubRecord& sub = history_.subs()[index];
      // One that was ended meanwhile is owed nothing any more; one with a maximum, only up to that.
      const bool excepted = sub.max > 0 ? sub.deliveries >= sub.max : sub.unsub_sent != kNever;
      if (!excepted) {
        history_.Violate("lost", history_.NameOfMessage(owed.front().message) + " never came to " +
                                     history_.NameOfSub(index));
      }
      std::erase_if(owed, [&](const Owed& one) { return one.known <= ping_sent; });
    }
  }

  void OnEnded(ConnIndex conn) override { Forget(conn); }
  void OnLeft(ConnIndex conn) override { Forget(conn); }

 private:
  struct Owed {
    MessageIndex message;
    Instant known;  // Since when.
  };

  bool Owes(const SubRecord& sub, const MessageRecord& message) const {
    if (!sub.queue.empty() || sub.known > message.sent) return false;
    if (sub.unsub_sent != kNever && sub.max == 0) return false;
    if (sub.conn == message.conn && !history_.conns()[sub.conn].echo) return false;
    return SubjectMatches(sub.pattern, message.subject);
  }

  void Forget(ConnIndex conn) {
    for (const SubIndex sub : history_.subs_of(conn)) {
      owed_[sub].clear();
      early_[sub].clear();
    }
  }

  std::vector<std::vector<Owed>> owed_;           // By subscription, oldest first.
  std::vector<std::vector<MessageIndex>> early_;  // Here before their publisher knew: not owed.

  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeCompletenessChecker(History& history) {
  return std::make_unique<CompletenessChecker>(history);
}

}  // namespace dunlin::sim
