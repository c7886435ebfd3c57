// A thread for what the engine must not wait for: questions in, answers out, in their order.
//
// It starts with the first question. All calls but the thread's own come from the event loop, which
// watches fd(). The engine has few questions out at once, so neither queue needs a limit of its
// own.
#pragma once

#include <optional>
#include <string>

#include "engine/base/ids.h"
#include "engine/server/outbox.h"

namespace dunlin::host {

class ComputeThread {
 public:
  struct Question {
    Ticket ticket;
    Computation computation;
    std::string first, second;  // See Outbox::Arguments(). Wiped when answered.
  };
  struct Answer {
    Ticket ticket;
    bool yes;
  };

  ComputeThread();
  // Does not wait for a computation that is under way: the process is about to end.
  ~ComputeThread();
  ComputeThread(const ComputeThread&) = delete;
  ComputeThread& operator=(const ComputeThread&) = delete;

  // Readable while Take() may have something.
  int fd() const;
  void Ask(Question question);
  std::optional<Answer> Take();

 private:
  struct Shared;
  Shared* const shared_;  // Lives on with a thread that is still computing.
};

}  // namespace dunlin::host
