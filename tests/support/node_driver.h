// Drives one Server in memory for tests: no sockets, time by hand, bytes in and out as strings.
//
// Keeps the contract of server.h, and takes it at its word: after the step that reports what was
// written, the memory that the engine was shown is overwritten.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/server/server.h"

namespace dunlin::testing {

class NodeDriver {
 public:
  explicit NodeDriver(config::Options options = {}, uint64_t seed = 1);

  // A client's slot. What it is sent by the server piles up until Take(). 'window': see
  // SetWindow().
  uint32_t Connect(std::string_view address = "127.0.0.1", int64_t window = -1);
  // One kBytes event and the steps that follow from it.
  void Send(uint32_t slot, std::string_view bytes);
  // The peer sends no more.
  void Finish(uint32_t slot);
  // The peer closes.
  void Hangup(uint32_t slot);
  // The peer closes, and another connects in the same batch, with the same slot.
  void HangupAndReconnect(uint32_t slot);
  // The transport takes 'bytes' more bytes before it blocks; -1: any number.
  void SetWindow(uint32_t slot, int64_t bytes);
  void Advance(Duration d);
  void Command(Command command);

  // What the engine has asked to be computed and was not answered yet.
  struct Asked {
    Ticket ticket;
    std::string first, second;
  };
  std::deque<Asked>& asked() { return asked_; }
  // Answers the oldest of asked().
  void Answer(bool yes);
  // The whole body that a monitoring page answers with.
  std::string Get(std::string_view target);

  // Takes what has arrived at the client.
  std::string Take(uint32_t slot);
  bool reads_paused(uint32_t slot) const { return conns_.at(slot).paused; }
  bool open(uint32_t slot) const { return conns_.at(slot).open; }
  const std::vector<std::string>& log() const { return log_; }
  Server& server() { return server_; }
  int64_t steps() const { return steps_; }
  bool keep_output = true;  // False: count, do not keep.
  int64_t bytes_out = 0;
  // For benchmarks: a clock, and the longest step that it saw.
  int64_t (*clock_ns)() = nullptr;
  int64_t worst_step_ns = 0;

 private:
  struct Conn {
    ConnId id;
    bool open = true;
    bool blocked = false;
    bool paused = false;
    int64_t window = -1;
    std::string output;
    std::deque<std::string> waiting;  // Sent while reads were paused.
  };

  void Run(const Event& event);
  void Step(const std::vector<Event>& batch);
  void RunUntilQuiet();
  // Carries out the outbox; the events that this gives are left in next_.
  void CarryOut();
  void WriteOut(Conn& conn);

  Server server_;
  Now now_{Instant{Seconds(1'000).ns}, WallTime{1'800'000'000'000'000'000}};
  Outbox out_;
  std::map<uint32_t, Conn> conns_;
  uint32_t next_slot_ = 0;
  std::vector<Event> next_;
  std::vector<uint8_t> arena_;
  std::vector<std::string> log_;
  std::deque<Asked> asked_;
  std::string page_;
  uint64_t tickets_ = 0;
  int64_t steps_ = 0;
};

}  // namespace dunlin::testing
