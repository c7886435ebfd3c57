#include "sim/checkers/cause.h"

#include <string>

namespace dunlin::sim {
namespace {

class CauseChecker : public Checker {
 public:
  explicit CauseChecker(History& history) : history_(history) {}

  void OnEnded(ConnIndex conn) override {
    if (!history_.conns()[conn].excused) {
      history_.Violate("cause", history_.NameOf(conn) + " was closed without a cause");
    }
  }

  void OnError(ConnIndex conn, std::string_view words) override {
    if (!history_.conns()[conn].excused) {
      history_.Violate("cause", history_.NameOf(conn) + " was told '" + std::string(words) + "'");
    }
  }

 private:
  History& history_;
};

}  // namespace

std::unique_ptr<Checker> MakeCauseChecker(History& history) {
  return std::make_unique<CauseChecker>(history);
}

}  // namespace dunlin::sim
