// Logins whose password is being compared with a hash, which takes a driver a while: who is being
// checked and who waits, in the order of coming.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "engine/base/ids.h"

namespace dunlin::session {

class PasswordChecks {
 public:
  // Who comes when so many wait would not be checked within any sensible auth_timeout.
  static constexpr size_t kWaitingMax = 1'000;
  // More are not given to the driver: who leaves while waiting costs nothing.
  static constexpr size_t kAtOnce = 4;

  struct Check {
    Ticket ticket;
    ConnId conn;
    bool first_connect = true;
    bool wanted = true;  // False: dropped while the driver computes.
  };

  // False: too many wait.
  [[nodiscard]] bool Add(ConnId conn, bool first_connect);
  // 'conn' is not interested any more. An answer that is on its way is swallowed.
  void Drop(ConnId conn);
  // The next to be given to the driver, if there is one and the driver has not enough to do.
  std::optional<Check> Start();
  // The driver has answered 'ticket'. Nothing: nobody is interested.
  std::optional<Check> Finish(Ticket ticket);

  size_t waiting() const { return waiting_.size(); }

 private:
  std::deque<Check> waiting_;
  std::vector<Check> started_;  // At most kAtOnce.
  uint64_t tickets_ = 0;
};

}  // namespace dunlin::session
