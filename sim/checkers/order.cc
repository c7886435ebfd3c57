#include "sim/checkers/order.h"

#include <map>
#include <string>
#include <utility>

namespace dunlin::sim {
namespace {

class OrderChecker : public Checker {
 public:
  explicit OrderChecker(History& history) : history_(history) {}

  void OnDelivered(const Delivery& delivery, SubIndex sub) override {
    if (delivery.message == kNone || sub == kNone) return;
    const MessageRecord& message = history_.messages()[delivery.message];
    if (const uint64_t last = Advance(&by_sub_, sub, message); last >= message.seq) {
      history_.Violate("order", history_.NameOfMessage(delivery.message) + " on " +
                                    history_.NameOfSub(sub) + " behind seq " +
                                    std::to_string(last));
    }
    if (const uint64_t last = Advance(&by_conn_, delivery.conn, message); last > message.seq) {
      history_.Violate("order", history_.NameOfMessage(delivery.message) + " at " +
                                    history_.NameOf(delivery.conn) + " behind seq " +
                                    std::to_string(last));
    }
  }

 private:
  // By receiver (subscription or connection) and publishing connection: the last seq seen.
  using LastSeen = std::map<std::pair<uint32_t, ConnIndex>, uint64_t>;

  // Returns what was the last one before.
  static uint64_t Advance(LastSeen* seen, uint32_t receiver, const MessageRecord& message) {
    uint64_t& last = (*seen)[{receiver, message.conn}];
    return std::exchange(last, std::max(last, message.seq));
  }

  LastSeen by_sub_;
  LastSeen by_conn_;

  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeOrderChecker(History& history) {
  return std::make_unique<OrderChecker>(history);
}

}  // namespace dunlin::sim
