#include "engine/session/password_checks.h"

#include <algorithm>

#include "engine/base/knob.h"

namespace dunlin::session {

bool PasswordChecks::Add(ConnId conn, bool first_connect) {
  if (waiting_.size() >= KNOB(kWaitingMax, 3)) return false;
  waiting_.push_back({{++tickets_}, conn, first_connect});
  return true;
}

void PasswordChecks::Drop(ConnId conn) {
  std::erase_if(waiting_, [&](const Check& check) { return check.conn == conn; });
  for (Check& check : started_) {
    if (check.conn == conn) check.wanted = false;
  }
}

std::optional<PasswordChecks::Check> PasswordChecks::Start() {
  if (waiting_.empty() || started_.size() >= KNOB(kAtOnce, 1)) return std::nullopt;
  started_.push_back(waiting_.front());
  waiting_.pop_front();
  return started_.back();
}

std::optional<PasswordChecks::Check> PasswordChecks::Finish(Ticket ticket) {
  const auto found = std::find_if(started_.begin(), started_.end(),
                                  [&](const Check& check) { return check.ticket == ticket; });
  if (found == started_.end()) return std::nullopt;
  const Check check = *found;
  started_.erase(found);
  if (!check.wanted) return std::nullopt;
  return check;
}

}  // namespace dunlin::session
