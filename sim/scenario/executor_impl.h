// The inside of the executor: what its parts (executor.cc, execute_server.cc, execute_client.cc)
// share.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/executor.h"
#include "sim/scenario/frame.h"
#include "sim/scenario/http_get.h"

namespace dunlin::scenario {

// A client as the scenario knows it.
struct Client {
  std::string name;
  std::string server;
  ConnectionId connection = -1;
  Framing framing = Framing::kNats;
  bool show_pings = false;
  bool ignored = false;
  bool stalled = false;
  bool spoke = false;             // Has sent CONNECT, so that a PING proves something.
  bool closed = false;            // By us, or seen closed by an expectation.
  std::deque<std::string> items;  // Received, not yet expected.
  PingCounter outgoing;
  int64_t pongs_received = 0;
  int64_t chop = 0;  // Bytes a piece; 0: not chopped.
  std::string cid;   // From INFO.
};

struct KnownServer {
  ServerSpec spec;
  bool running = false;
  bool leaving = false;         // A signal has told it to.
  std::string id, server_name;  // From INFO.
};

struct NeverInLog {
  Position at;
  std::string server;
  const Text* text;
};

class Executor : private Names {
 public:
  Executor(const Script& script, Target& target, Mode mode)
      : script_(script), target_(target), mode_(mode) {}

  Outcome Run();

 private:
  std::optional<std::string> Find(std::string_view name, std::string_view field) const override;

  // ---- Control (executor.cc).
  bool RunBlock(const Block& block);
  bool RunStatement(const Statement& statement);
  bool Do(const Repeat& repeat);
  bool Do(const Let& let);
  bool Do(const OnTargets& on);
  bool Do(const AdvanceTime& advance);
  bool Finish();
  bool FinishClients();
  bool FinishServers();
  int64_t Value(const Count& count) const;
  bool RenderTo(const Text& text, std::string* out);
  Instant Deadline() const { return target_.Now() + patience_; }
  // Waits until 'done' returns true; false when the deadline came first.
  template <typename Done>
  bool WaitFor(Done done) {
    const Instant deadline = Deadline();
    Pump();
    while (!done()) {
      if (!target_.Progress(deadline)) {
        Pump();
        return done();
      }
      Pump();
    }
    return true;
  }
  bool Fail(std::string text);
  bool FailAt(Position at, std::string text);
  // The reason of a target; true if there is none.
  bool Worked(const std::string& problem) { return problem.empty() || Fail(problem); }
  // Adds to the conversation; 'bytes' are made printable, and cut.
  void Note(std::string line, std::string_view bytes = {});
  std::string Surroundings();

  // ---- Servers (execute_server.cc).
  bool Do(const ServerStart& start);
  bool Do(const RestartServer& restart);
  bool Do(const WriteConfig& config);
  bool Do(const RunProcess& run);
  bool Do(const EndServer& end);
  bool Do(const SignalServer& signal);
  bool Do(const CheckLog& check);
  bool Do(const WriteFile& write);
  bool Do(const CheckFile& check);
  bool Do(const CountFiles& files);
  bool Do(const GetPage& get);
  // Puts down what came in place of what was expected; false if this run does not record.
  bool Recorded(const Span& span, std::string text);
  int64_t CountLines(const std::string& server, const Text& text);
  std::string CheckAnswer(const GetPage& get, const HttpAnswer& answer, Captures* captures);
  bool Contains(const Text& text, std::string_view line, Captures* captures);

  // ---- Clients (execute_client.cc).
  bool Do(const OpenClients& open);
  bool Do(const SendLines& send);
  bool Do(const SendBytes& send);
  bool Do(const Expect& expect);
  bool Do(const Share& share);
  bool Do(const ClientAction& action);
  bool Do(const Chop& chop);
  bool Open(const OpenClients& open, const std::string& name);
  bool Handshake(const OpenClients& open, Client& client);
  bool ConnectJson(const OpenClients& open, std::string* json);
  bool SendLinesOf(Client& client, std::string_view lines);
  bool SendBytesOf(Client& client, std::string_view bytes, std::string_view shown);
  void Pump();
  void PumpClient(Client& client);
  void TakeInfo(Client& client, std::string_view info);
  bool Ended(const Client& client);
  // Waits for the next item; false, with the failure, if none comes.
  bool AwaitItem(Client& client, const std::string& expected);
  bool ExpectLine(Client& client, const Expect& expect, const Line& line, const Span& span);
  bool ExpectAnyOrder(Client& client, const Expect& expect);
  bool ExpectUntil(Client& client, const Line& line);
  bool ExpectNothing(Client& client);
  bool ExpectClosed(Client& client);
  bool Record(Client& client, const Expect& expect);
  bool LineMatches(const Line& line, const std::string& item);
  std::string DescribeLine(const Line& line);
  bool Barrier(Client& client);
  Client* Get(const std::string& name);

  const Script& script_;
  Target& target_;
  const Mode mode_;
  Outcome outcome_;
  Position at_;
  Duration patience_ = kPatience;
  bool again_ = false;  // 'within': a page that does not fit is asked for again.
  Captures variables_;
  Client* me_ = nullptr;
  std::map<std::string, Client, std::less<>> clients_;
  std::map<std::string, KnownServer, std::less<>> servers_;
  std::vector<NeverInLog> never_;
  std::deque<std::string> conversation_;  // The last lines, for failures.
};

// The text that stands for exactly these bytes in a scenario, as an expected line.
[[nodiscard]] std::string AsExpected(std::string_view bytes);
// Likewise between double quotes.
[[nodiscard]] std::string AsQuoted(std::string_view bytes);

}  // namespace dunlin::scenario
