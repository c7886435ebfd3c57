// Plays one session against our engine and against the reference at once, and compares what each
// client got.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "tests/differential/reference.h"
#include "tests/differential/session.h"
#include "tests/support/node_driver.h"

namespace dunlin::differential {

class Duel {
 public:
  // 'patience': how long the reference may take to send what we expect of it. Only a difference
  // costs it.
  Duel(const config::Options& options, int reference_port, std::chrono::milliseconds patience)
      : ours_(options), port_(reference_port), patience_(patience) {}

  // Absent: no client saw a difference. Else what the first one saw on each side.
  [[nodiscard]] std::optional<std::string> Play(const Session& session);

 private:
  struct Pair {
    int client;
    uint32_t slot;
    Socket socket;
    std::string ours;   // As it came.
    bool gone = false;  // The session closed it.
  };
  Pair* Current(int client);
  void Send(Pair* pair, std::string_view bytes);
  // Waits for what 'first' gets, who has sent PING; then all other open clients send PING and get
  // their answers.
  bool Barrier(Pair* first);
  // Waits until the reference has sent to 'pair' what we have. False: it did not, or it sent
  // something else.
  bool Settle(Pair* pair);
  bool Carry(const Step& step);
  // The client goes on both sides, and what the reference sent until then is all there is.
  bool Part(Pair* pair);
  std::string Difference();

  testing::NodeDriver ours_;
  const int port_;
  const std::chrono::milliseconds patience_;
  std::deque<Pair> pairs_;  // In the order of their connects; a client may have had several.
};

}  // namespace dunlin::differential
