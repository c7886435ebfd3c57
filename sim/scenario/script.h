// A scenario as it was read: what every line asks for, and where it stands. Plain data; the parser
// makes it, the executor carries it out. scenarios/README.md shows the language.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/time.h"
#include "sim/scenario/json_pattern.h"
#include "sim/scenario/problem.h"
#include "sim/scenario/text.h"

namespace dunlin::scenario {

enum class TargetName : uint8_t { kSim, kDaemon, kReference };
inline constexpr int kTargetCount = 3;
[[nodiscard]] const char* ToString(TargetName target);

// 'only ... because' and 'skip ... because', merged.
struct Header {
  bool runs[kTargetCount] = {true, true, true};
  std::string because[kTargetCount];
};

// A number in the file, or a variable that will hold one.
struct Count {
  int64_t value = 1;
  std::string variable;
};

// A stretch of the file that recording may replace.
struct Span {
  int line = 0, column = 0, column_end = 0;
};

struct Statement;
using Block = std::vector<Statement>;

// ---- Servers.

struct ServerStart {
  std::string name;
  bool monitor = false;
  bool bare = false;
  Text args;
  std::optional<Text> config;
};
struct RestartServer {
  std::string name;
  std::optional<Text> config;
};
struct WriteConfig {
  std::string name;
  Text config;
};
// Runs a process to its end.
struct RunProcess {
  Text args;
  std::optional<Text> config;  // In 's.conf'.
  int exit_code = 0;
  std::optional<Text> output, errors;
  Span exit_span, output_span, errors_span;  // Of the values, without quotes.
};
struct EndServer {
  enum class How : uint8_t { kStop, kKill, kAwait };
  std::string name;
  How how = How::kStop;
  std::optional<int> exit_code;
};
enum class Signal : uint8_t { kTerm, kInt, kHup, kUsr1, kUsr2, kQuit };
struct SignalServer {
  std::string name;
  Signal signal = Signal::kTerm;
};
struct CountFiles {
  Text pattern;
  Count count;
};
struct CheckLog {
  std::string name;
  bool never = false;
  Count count;
  Text text;
};
struct WriteFile {
  std::string name;
  Text content;
};
struct CheckFile {
  enum class What : uint8_t { kIs, kHas, kAbsent };
  Text name;
  What what = What::kIs;
  Text text;
};
struct GetPage {
  std::string server;
  Text path;
  int status = 200;
  std::vector<Text> headers;
  std::optional<Text> body;
  Span body_span;
  std::vector<Text> lacks;  // What the body must not hold.
  std::optional<JsonPattern> json;
};

// ---- Clients.

struct ConnectField {
  enum class Form : uint8_t { kAsWritten, kString, kLeftOut };  // true, "text", -
  std::string name;
  Form form = Form::kAsWritten;
  Text value;
};
struct OpenClients {
  std::vector<std::string> names;
  std::string server;
  bool handshake = true;  // 'connect', not 'open'.
  bool monitor = false;
  bool show_pings = false;
  int receive_buffer = 0;            // Bytes; 0: the system's default.
  std::vector<ConnectField> fields;  // Of CONNECT, over the defaults.
};
struct SendLines {
  std::vector<std::string> names;
  std::vector<Text> lines;
};
struct SendBytes {
  std::vector<std::string> names;
  std::vector<Text> pieces;
};
struct Line {
  Text text;
  std::optional<JsonPattern> json;  // What follows the text.
};
struct Expect {
  enum class What : uint8_t { kLine, kAnyOrder, kMaybe, kUntil, kNothing, kClosed, kRecord };
  std::vector<std::string> names;
  What what = What::kLine;
  Count count;  // kLine: so often.
  std::vector<Line> lines;
  std::vector<Span> spans;  // Of each line.
};
struct Share {
  std::vector<std::string> names;
  Count total;
  std::optional<Piece> each;
  std::string by;  // Counted by what this captures; empty: by client.
  Line line;
};
struct ClientAction {
  enum class What : uint8_t { kSync, kClose, kShut, kReset, kStall, kResume, kIgnore };
  What what = What::kSync;
  std::vector<std::string> names;  // kSync: empty for all.
};
struct Chop {
  std::vector<std::string> names;
  Count bytes;  // 0: no longer.
};

// ---- Control.

struct Repeat {
  Count times;
  std::string variable = "i";
  std::unique_ptr<Block> body;
};
struct Let {
  std::string name;
  Text value;
};
struct OnTargets {
  bool targets[kTargetCount] = {};
  std::unique_ptr<Block> body, otherwise;
};
struct AdvanceTime {
  Duration by;
};

struct Statement {
  Position at;
  std::optional<Duration> within;
  std::variant<ServerStart, RestartServer, WriteConfig, RunProcess, EndServer, SignalServer,
               CheckLog, WriteFile, CheckFile, CountFiles, GetPage, OpenClients, SendLines,
               SendBytes, Expect, Share, ClientAction, Chop, Repeat, Let, OnTargets, AdvanceTime>
      what;
};

struct Script {
  std::string path;
  Header header;
  Block body;
};

}  // namespace dunlin::scenario
