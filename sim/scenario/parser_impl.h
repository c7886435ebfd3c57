// The inside of the parser: what its parts (parser.cc, parse_server.cc, parse_client.cc) share.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/line_cursor.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/words.h"

namespace dunlin::scenario {

class Parser {
 public:
  Parser(std::string_view text, std::string path, std::vector<Problem>* problems);

  std::optional<Script> Parse();

 private:
  using Names = std::set<std::string, std::less<>>;
  // Text that stands in a line, and may be used by all clients of a statement.
  enum class Use : uint8_t { kSent, kExpected };
  enum class Clients : uint8_t { kNone, kOne, kMany };  // Whether ${me} and ${n} mean something.

  // ---- Lines and blocks (parser.cc).
  bool NextLine(std::string_view* line);
  static size_t Indent(std::string_view line);
  bool AtBlockEnd(size_t indent) const;
  void SkipBlockOf(std::string_view line);
  void ParseHeader(Script* script);
  bool ParseTargets(LineCursor& cursor, bool (&targets)[kTargetCount], std::string* because);
  void ParseBlock(Block* block, size_t indent, bool top);
  bool ParseStatement(LineCursor& cursor, Statement* statement);
  bool ParseVerb(std::string_view verb, LineCursor& cursor, Statement* statement);
  bool ParseControl(std::string_view verb, LineCursor& cursor, Statement* statement);
  bool ParseOpening(LineCursor& cursor);
  bool ParseRepeat(LineCursor& cursor, Repeat* repeat);
  bool ParseOnTargets(LineCursor& cursor, OnTargets* on);
  bool ParseWithin(LineCursor& cursor, Statement* statement);
  // A block of raw text behind the '{' that comes next; nothing if no '{' comes next. 'ok' is
  // cleared on a mistake.
  std::optional<Text> ParseRawBlock(LineCursor& cursor, bool* ok);
  // JSON that starts at the cursor and may go on for lines.
  std::optional<JsonPattern> ParseJson(LineCursor& cursor);

  // ---- Servers (parse_server.cc).
  bool ParseServerVerb(std::string_view verb, LineCursor& cursor, Statement* statement);
  bool ParseServer(LineCursor& cursor, ServerStart* start);
  bool ParseRestart(LineCursor& cursor, RestartServer* restart);
  bool ParseConfig(LineCursor& cursor, WriteConfig* config);
  bool ParseRun(LineCursor& cursor, RunProcess* run);
  bool ParseEnd(EndServer::How how, LineCursor& cursor, EndServer* end);
  bool ParseSignal(LineCursor& cursor, SignalServer* signal);
  bool ParseLog(LineCursor& cursor, CheckLog* check);
  bool ParseWrite(LineCursor& cursor, WriteFile* write);
  bool ParseFile(LineCursor& cursor, CheckFile* check);
  bool ParseFiles(LineCursor& cursor, CountFiles* files);
  bool ParseGet(LineCursor& cursor, GetPage* get);
  static Span SpanOf(const Word& word);
  bool TakeServerName(LineCursor& cursor, std::string* name);
  bool DefaultServer(Position at, std::string* name);
  bool ParseExitCode(const Option& option, int* code);

  // ---- Clients (parse_client.cc).
  bool ParseClientVerb(std::string_view verb, LineCursor& cursor, Statement* statement);
  bool ParseOpen(LineCursor& cursor, OpenClients* open);
  bool ParseOpenOption(const Option& option, OpenClients* open);
  bool ParseAction(ClientAction::What what, LineCursor& cursor, ClientAction* action);
  bool ParseChop(LineCursor& cursor, Chop* chop);
  bool ParseConversation(LineCursor& cursor, Statement* statement);
  bool ParseSend(LineCursor& cursor, SendLines* send);
  bool ParseSendBytes(LineCursor& cursor, SendBytes* send);
  bool ParseExpect(LineCursor& cursor, Expect* expect);
  bool ParseAnyOrder(LineCursor& cursor, Expect* expect);
  bool ParseExpectedLine(LineCursor& cursor, Line* line, Clients clients);
  bool ParseShare(LineCursor& cursor, Share* share);
  enum class Client : uint8_t { kKnown, kNew };
  bool TakeClients(LineCursor& cursor, Client client, std::vector<std::string>* names);
  bool ExpandRange(const Word& word, std::string_view first, std::string_view last,
                   std::vector<std::string>* names);

  // ---- Shared.
  bool TakeText(const Word& word, TextKind kind, Use use, Clients clients, Text* text);
  bool CheckNames(const Text& text, Use use, Clients clients);
  bool CheckField(const Piece& piece);
  bool CheckJson(const JsonPattern& json, Clients clients);
  bool ParseCount(const Word& word, Count* count);
  bool ExpectEnd(LineCursor& cursor);
  bool Fail(Position at, std::string text);

  std::string_view text_;
  std::string path_;
  std::vector<Problem>* problems_;
  std::vector<std::string_view> lines_;
  size_t next_ = 0;  // Index of the next line to read.

  Names servers_, clients_, variables_;
  bool only_sim_ = false;  // The header says so.
};

// Verbs, for suggestions and because clients cannot be called so.
[[nodiscard]] bool IsVerb(std::string_view word);

}  // namespace dunlin::scenario
