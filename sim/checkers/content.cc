#include "sim/checkers/content.h"

#include <string>

namespace dunlin::sim {
namespace {

class ContentChecker : public Checker {
 public:
  explicit ContentChecker(History& history) : history_(history) {}

  void OnDelivered(const Delivery& delivery, SubIndex sub) override {
    if (delivery.message == kNone) {
      Violate(delivery, "a message that nobody published");
      return;
    }
    const MessageRecord& message = history_.messages()[delivery.message];
    const ConnRecord& receiver = history_.conns()[delivery.conn];
    if (sub == kNone) {
      Violate(delivery, "to a sid that was never subscribed: " + std::string(delivery.sid));
    } else if (!SubjectMatches(history_.subs()[sub].pattern, message.subject)) {
      Violate(delivery, "to a subscription that does not match: " + history_.NameOfSub(sub));
    }
    if (delivery.subject != message.subject) {
      Violate(delivery, "subject '" + std::string(delivery.subject) + "'");
    }
    if (delivery.reply != message.reply) {
      Violate(delivery, "reply '" + std::string(delivery.reply) + "', not '" + message.reply + "'");
    }
    if (delivery.payload_size != message.payload_size ||
        delivery.payload_hash != message.payload_hash) {
      Violate(delivery, "payload of " + std::to_string(delivery.payload_size) + " bytes, not the " +
                            std::to_string(message.payload_size) + " published");
    }
    if (delivery.headers_hash != (receiver.headers ? message.headers_hash : 0)) {
      Violate(delivery, "other headers than published");
    }
    if (message.conn == delivery.conn && !receiver.echo)
      Violate(delivery, "echoed against its wish");
  }

 private:
  void Violate(const Delivery& delivery, const std::string& what) {
    const std::string name = delivery.message == kNone
                                 ? "delivery on '" + std::string(delivery.subject) + "'"
                                 : history_.NameOfMessage(delivery.message);
    history_.Violate("content", name + " to " + history_.NameOf(delivery.conn) + ": " + what);
  }

  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeContentChecker(History& history) {
  return std::make_unique<ContentChecker>(history);
}

}  // namespace dunlin::sim
