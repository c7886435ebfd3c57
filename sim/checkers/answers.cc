#include "sim/checkers/answers.h"

#include <algorithm>
#include <string>

namespace dunlin::sim {
namespace {

class AnswersChecker : public Checker {
 public:
  explicit AnswersChecker(History& history) : history_(history) {}

  void OnTime() override {
    for (ConnIndex i = 0; i < history_.conns().size(); ++i) {
      const ConnRecord& conn = history_.conns()[i];
      if (conn.ping_sent == kNever || conn.unreachable) continue;
      Instant since = std::max(conn.ping_sent, conn.heard);
      if (conn.faulted) {
        if (history_.healed() == kNever) continue;
        since = std::max(since, history_.healed());
      }
      if (history_.now() - since > kBound) {
        history_.Violate("answers", history_.NameOf(i) +
                                        " waits for a PONG and has heard nothing for " +
                                        FormatDuration(history_.now() - since));
      }
    }
  }

 private:
  static constexpr Duration kBound = Seconds(5);

  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeAnswersChecker(History& history) {
  return std::make_unique<AnswersChecker>(history);
}

}  // namespace dunlin::sim
