#include "sim/checkers/queue_once.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dunlin::sim {
namespace {

class QueueOnceChecker : public Checker {
 public:
  explicit QueueOnceChecker(History& history) : history_(history) {}

  void OnDelivered(const Delivery& delivery, SubIndex sub) override {
    if (delivery.message == kNone || sub == kNone) return;
    const std::string& queue = history_.subs()[sub].queue;
    if (queue.empty()) return;
    const auto [it, is_first] = delivered_.insert({{delivery.message, queue}, sub});
    if (!is_first) {
      history_.Violate("queue", history_.NameOfMessage(delivery.message) + " came to " +
                                    history_.NameOfSub(it->second) + " and to " +
                                    history_.NameOfSub(sub));
    }
    std::erase_if(owed_, [&](const Owed& owed) {
      return owed.message == delivery.message && owed.queue == queue;
    });
  }

  void OnPublishKnown(MessageIndex index) override {
    const MessageRecord& message = history_.messages()[index];
    std::map<std::string_view, Group> groups;
    for (const SubIndex sub_index : history_.live_subs()) {
      const SubRecord& sub = history_.subs()[sub_index];
      if (sub.queue.empty() || !SubjectMatches(sub.pattern, message.subject)) continue;
      if (sub.conn == message.conn && !history_.conns()[sub.conn].echo) continue;
      Group& group = groups[sub.queue];
      group.members.push_back(sub.conn);
      if (sub.CertainlySince(message.sent)) group.is_certain = true;
    }
    for (auto& [queue, group] : groups) {
      if (!group.is_certain || delivered_.contains({index, std::string(queue)})) continue;
      // The server may have chosen one that went away, before it learned of that.
      const auto lost = last_loss_.find(queue);
      if (lost != last_loss_.end() && lost->second + kNoticed >= message.sent) continue;
      owed_.push_back({index, std::string(queue), history_.now(), std::move(group.members)});
    }
  }

  void OnPong(ConnIndex conn, Instant ping_sent) override {
    for (Owed& owed : owed_) {
      if (owed.known > ping_sent) continue;
      std::erase(owed.members, conn);
      if (owed.members.empty()) {
        history_.Violate("queue", history_.NameOfMessage(owed.message) +
                                      " came to no member of queue '" + owed.queue + "'");
      }
    }
    std::erase_if(owed_, [](const Owed& owed) { return owed.members.empty(); });
  }

  void OnEnded(ConnIndex conn) override { Lose(conn); }
  void OnLeft(ConnIndex conn) override { Lose(conn); }

 private:
  static constexpr Duration kNoticed = Seconds(15);

  struct Group {
    std::vector<ConnIndex> members;
    bool is_certain = false;
  };
  struct Owed {
    MessageIndex message;
    std::string queue;
    Instant known;
    std::vector<ConnIndex> members;  // Possible ones that have not answered since.
  };

  void Lose(ConnIndex conn) {
    for (const SubIndex sub : history_.subs_of(conn)) {
      const std::string& queue = history_.subs()[sub].queue;
      if (queue.empty()) continue;
      // Of one that can't be reached the server learns in its own time.
      Instant& loss = last_loss_[queue];
      loss =
          history_.conns()[conn].unreachable ? kNever - kNoticed : std::max(loss, history_.now());
      std::erase_if(owed_, [&](const Owed& owed) { return owed.queue == queue; });
    }
  }

  std::map<std::pair<MessageIndex, std::string>, SubIndex> delivered_;
  std::vector<Owed> owed_;
  std::map<std::string, Instant, std::less<>> last_loss_;  // By queue: when a member went away.

  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeQueueOnceChecker(History& history) {
  return std::make_unique<QueueOnceChecker>(history);
}

}  // namespace dunlin::sim
