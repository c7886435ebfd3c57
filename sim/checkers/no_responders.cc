#include "sim/checkers/no_responders.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace dunlin::sim {
namespace {

class NoRespondersChecker : public Checker {
 public:
  explicit NoRespondersChecker(History& history) : history_(history) {}

  void OnPublished(MessageIndex index) override {
    const MessageRecord& message = history_.messages()[index];
    if (!message.reply.empty()) by_reply_[{message.conn, message.reply}] = index;
  }

  void OnNoResponders(ConnIndex conn, std::string_view reply) override {
    const auto it = by_reply_.find({conn, std::string(reply)});
    if (it == by_reply_.end() || !history_.conns()[conn].no_responders) {
      history_.Violate("no-responders", "503 to " + history_.NameOf(conn) + " for '" +
                                            std::string(reply) + "', which it did not ask for");
      return;
    }
    const MessageRecord& message = history_.messages()[it->second];
    answered_.insert(it->second);
    for (const SubIndex index : history_.live_subs()) {
      const SubRecord& sub = history_.subs()[index];
      // A server may have dropped an excused connection already, unknown to its client.
      if (!history_.conns()[sub.conn].excused && sub.CertainlySince(message.sent) &&
          Hears(sub, message)) {
        history_.Violate("no-responders", "503 for " + history_.NameOfMessage(it->second) +
                                              " in spite of " + history_.NameOfSub(index));
        return;
      }
    }
  }

  void OnPublishKnown(MessageIndex index) override {
    const MessageRecord& message = history_.messages()[index];
    if (message.reply.empty() || !history_.conns()[message.conn].no_responders) return;
    if (answered_.erase(index) > 0) return;
    for (const SubRecord& sub : history_.subs()) {
      if (Hears(sub, message)) return;
    }
    // The 503 itself goes to the subscription for the reply: without one nobody hears it.
    for (const SubIndex sub : history_.subs_of(message.conn)) {
      const SubRecord& inbox = history_.subs()[sub];
      if (inbox.queue.empty() && inbox.CertainlySince(message.sent) &&
          SubjectMatches(inbox.pattern, message.reply)) {
        history_.Violate("no-responders", "no 503 for " + history_.NameOfMessage(index));
        return;
      }
    }
  }

 private:
  bool Hears(const SubRecord& sub, const MessageRecord& message) const {
    if (sub.conn == message.conn && !history_.conns()[sub.conn].echo) return false;
    return SubjectMatches(sub.pattern, message.subject);
  }

  std::map<std::pair<ConnIndex, std::string>, MessageIndex> by_reply_;
  std::set<MessageIndex> answered_;

  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeNoRespondersChecker(History& history) {
  return std::make_unique<NoRespondersChecker>(history);
}

}  // namespace dunlin::sim
