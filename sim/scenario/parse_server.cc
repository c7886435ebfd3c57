// The verbs about server processes, their files and their monitoring pages.
#include <charconv>

#include "sim/scenario/parser_impl.h"

namespace dunlin::scenario {

bool Parser::ParseServerVerb(std::string_view verb, LineCursor& cursor, Statement* statement) {
  auto& what = statement->what;
  if (verb == "server") return ParseServer(cursor, &what.emplace<ServerStart>());
  if (verb == "restart") return ParseRestart(cursor, &what.emplace<RestartServer>());
  if (verb == "config") return ParseConfig(cursor, &what.emplace<WriteConfig>());
  if (verb == "run") return ParseRun(cursor, &what.emplace<RunProcess>());
  if (verb == "stop") return ParseEnd(EndServer::How::kStop, cursor, &what.emplace<EndServer>());
  if (verb == "kill") return ParseEnd(EndServer::How::kKill, cursor, &what.emplace<EndServer>());
  if (verb == "await") return ParseEnd(EndServer::How::kAwait, cursor, &what.emplace<EndServer>());
  if (verb == "signal") return ParseSignal(cursor, &what.emplace<SignalServer>());
  if (verb == "log") return ParseLog(cursor, &what.emplace<CheckLog>());
  if (verb == "write") return ParseWrite(cursor, &what.emplace<WriteFile>());
  if (verb == "file") return ParseFile(cursor, &what.emplace<CheckFile>());
  if (verb == "files") return ParseFiles(cursor, &what.emplace<CountFiles>());
  return ParseGet(cursor, &what.emplace<GetPage>());
}

bool Parser::ParseServer(LineCursor& cursor, ServerStart* start) {
  start->name = "s";
  const Position at = cursor.Here();
  const Word name = cursor.PeekWord();
  if (IsName(name.text) && name.text != "monitor" && name.text != "bare") {
    start->name = cursor.TakeWord().text;
  }
  if (clients_.count(start->name) > 0 || IsVerb(start->name)) {
    return Fail(at, "'" + start->name + "' is taken; choose another name for the server");
  }
  if (servers_.count(start->name) > 0) {
    return Fail(
        at, "server '" + start->name + "' has been started above; use 'restart', or another name");
  }
  servers_.insert(start->name);
  while (!cursor.AtEnd() && cursor.PeekWord().text[0] != '{') {
    if (cursor.Take("monitor")) {
      start->monitor = true;
    } else if (cursor.Take("bare")) {
      start->bare = true;
    } else if (const auto option = cursor.TakeOption(); option && option->key.text == "args") {
      if (!TakeText(option->value, TextKind::kConfig, Use::kSent, Clients::kNone, &start->args)) {
        return false;
      }
    } else {
      return Fail(option ? option->key.at : cursor.Here(),
                  "expected 'server [NAME] [monitor] [bare] [args=\"...\"] [{ config }]'");
    }
  }
  bool ok = true;
  start->config = ParseRawBlock(cursor, &ok);
  return ok && ExpectEnd(cursor);
}

bool Parser::ParseRestart(LineCursor& cursor, RestartServer* restart) {
  bool ok = true;
  if (!TakeServerName(cursor, &restart->name)) return false;
  restart->config = ParseRawBlock(cursor, &ok);
  return ok && ExpectEnd(cursor);
}

bool Parser::ParseConfig(LineCursor& cursor, WriteConfig* config) {
  bool ok = true;
  if (!TakeServerName(cursor, &config->name)) return false;
  auto text = ParseRawBlock(cursor, &ok);
  if (!ok) return false;
  if (!text) return Fail(cursor.Here(), "expected the new config in '{ ... }'");
  config->config = std::move(*text);
  return ExpectEnd(cursor);
}

bool Parser::ParseRun(LineCursor& cursor, RunProcess* run) {
  bool judged = false;
  while (!cursor.AtEnd() && cursor.PeekWord().text[0] != '{') {
    const Position at = cursor.Here();
    const auto option = cursor.TakeOption();
    const std::string_view key = option ? option->key.text : std::string_view();
    if (key == "args") {
      if (!TakeText(option->value, TextKind::kConfig, Use::kSent, Clients::kNone, &run->args)) {
        return false;
      }
    } else if (key == "exit") {
      if (!ParseExitCode(*option, &run->exit_code)) return false;
      run->exit_span = SpanOf(option->value);
      judged = true;
    } else if (key == "stdout" || key == "stderr") {
      auto& into = key == "stdout" ? run->output : run->errors;
      (key == "stdout" ? run->output_span : run->errors_span) = SpanOf(option->value);
      if (!TakeText(option->value, TextKind::kExpectQuoted, Use::kExpected, Clients::kNone,
                    &into.emplace())) {
        return false;
      }
    } else {
      return Fail(
          at,
          "expected 'run [args=\"...\"] exit=N [stdout=\"...\"] [stderr=\"...\"] [{ config }]'");
    }
  }
  if (!judged) return Fail(cursor.Here(), "expected 'exit=N', the exit code that must come");
  bool ok = true;
  run->config = ParseRawBlock(cursor, &ok);
  return ok && ExpectEnd(cursor);
}

bool Parser::ParseExitCode(const Option& option, int* code) {
  const std::string_view text = option.value.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *code);
  if (error == std::errc() && end == text.data() + text.size() && *code >= 0 && *code < 256)
    return true;
  return Fail(option.value.at, "an exit code is a number from 0 to 255");
}

bool Parser::ParseEnd(EndServer::How how, LineCursor& cursor, EndServer* end) {
  end->how = how;
  if (!TakeServerName(cursor, &end->name)) return false;
  if (const auto option = cursor.TakeOption()) {
    if (option->key.text != "exit") return Fail(option->key.at, "expected 'exit=N'");
    int code = 0;
    if (!ParseExitCode(*option, &code)) return false;
    end->exit_code = code;
  }
  return ExpectEnd(cursor);
}

bool Parser::ParseSignal(LineCursor& cursor, SignalServer* signal) {
  static constexpr std::string_view kNames[] = {"TERM", "INT", "HUP", "USR1", "USR2", "QUIT"};
  if (!TakeServerName(cursor, &signal->name)) return false;
  const Word word = cursor.TakeWord();
  for (size_t i = 0; i < std::size(kNames); i++) {
    if (word.text != kNames[i]) continue;
    signal->signal = static_cast<Signal>(i);
    return ExpectEnd(cursor);
  }
  return Fail(word.at, "expected a signal: TERM, INT, HUP, USR1, USR2 or QUIT");
}

bool Parser::ParseLog(LineCursor& cursor, CheckLog* check) {
  const std::string_view next = cursor.PeekWord().text;
  if (next == "has" || next == "never") {
    if (!DefaultServer(cursor.Here(), &check->name)) return false;
  } else if (!TakeServerName(cursor, &check->name)) {
    return false;
  }
  check->never = cursor.Take("never");
  if (!check->never && !cursor.Take("has")) {
    return Fail(cursor.Here(), "expected 'has \"...\"' or 'never \"...\"'");
  }
  cursor.AtEnd();
  auto quoted = cursor.TakeQuoted();
  if (!quoted && !check->never) {
    if (!ParseCount(cursor.TakeWord(), &check->count)) return false;
    if (!cursor.Take("of")) return Fail(cursor.Here(), "expected 'of \"...\"' after the number");
    cursor.AtEnd();
    quoted = cursor.TakeQuoted();
  }
  if (!quoted) return Fail(cursor.Here(), "expected what the line holds, in double quotes");
  return TakeText(*quoted, TextKind::kExpectQuoted, Use::kExpected, Clients::kNone, &check->text) &&
         ExpectEnd(cursor);
}

bool Parser::ParseWrite(LineCursor& cursor, WriteFile* write) {
  const Word name = cursor.TakeWord();
  if (name.text.empty() || name.text == "{" || name.text.find('/') != std::string_view::npos) {
    return Fail(name.at,
                "expected a file name without '/'; the file is made in the scenario's folder");
  }
  write->name = name.text;
  bool ok = true;
  auto content = ParseRawBlock(cursor, &ok);
  if (!ok) return false;
  if (!content) return Fail(cursor.Here(), "expected the file's content in '{ ... }'");
  write->content = std::move(*content);
  return ExpectEnd(cursor);
}

bool Parser::ParseFile(LineCursor& cursor, CheckFile* check) {
  const Word name = cursor.TakeWord();
  if (name.text.empty()) return Fail(name.at, "expected a file name");
  if (!TakeText(name, TextKind::kConfig, Use::kSent, Clients::kNone, &check->name)) return false;
  if (cursor.Take("absent")) {
    check->what = CheckFile::What::kAbsent;
    return ExpectEnd(cursor);
  }
  if (cursor.Take("has")) {
    check->what = CheckFile::What::kHas;
  } else if (!cursor.Take("is")) {
    return Fail(cursor.Here(), "expected 'is \"...\"', 'has \"...\"' or 'absent'");
  }
  cursor.AtEnd();
  const Position at = cursor.Here();
  const auto quoted = cursor.TakeQuoted();
  if (!quoted) return Fail(at, "expected the content in double quotes");
  return TakeText(*quoted, TextKind::kExpectQuoted, Use::kExpected, Clients::kNone, &check->text) &&
         ExpectEnd(cursor);
}

bool Parser::ParseGet(LineCursor& cursor, GetPage* get) {
  if (cursor.PeekWord().text.starts_with('/')) {
    if (!DefaultServer(cursor.Here(), &get->server)) return false;
  } else if (!TakeServerName(cursor, &get->server)) {
    return false;
  }
  const Word path = cursor.TakeWord();
  if (!path.text.starts_with('/')) return Fail(path.at, "expected a path such as /varz");
  if (!TakeText(path, TextKind::kSendQuoted, Use::kSent, Clients::kNone, &get->path)) return false;
  bool judged = false;
  while (!cursor.AtEnd() && cursor.line()[cursor.position()] != '{' &&
         cursor.PeekWord().text != "exactly") {
    const Position at = cursor.Here();
    const auto option = cursor.TakeOption();
    const std::string_view key = option ? option->key.text : std::string_view();
    if (key == "status") {
      const std::string_view text = option->value.text;
      if (std::from_chars(text.data(), text.data() + text.size(), get->status).ec != std::errc()) {
        return Fail(option->value.at, "a status is a number such as 404");
      }
    } else if (key == "header") {
      if (!TakeText(option->value, TextKind::kExpectQuoted, Use::kExpected, Clients::kNone,
                    &get->headers.emplace_back())) {
        return false;
      }
    } else if (key == "lacks") {
      if (!TakeText(option->value, TextKind::kExpectQuoted, Use::kExpected, Clients::kNone,
                    &get->lacks.emplace_back())) {
        return false;
      }
    } else if (key == "body") {
      get->body_span = SpanOf(option->value);
      if (!TakeText(option->value, TextKind::kExpectQuoted, Use::kExpected, Clients::kNone,
                    &get->body.emplace())) {
        return false;
      }
    } else {
      return Fail(at,
                  "expected 'get [SERVER] /PATH [status=N] [header=\"...\"] [body=\"...\"] "
                  "[lacks=\"...\"] [{ json }]'");
    }
    judged = true;
  }
  if (!cursor.AtEnd()) {
    get->json = ParseJson(cursor);
    if (!get->json || !CheckJson(*get->json, Clients::kNone)) return false;
    judged = true;
  }
  if (!judged)
    return Fail(cursor.Here(),
                "expected what the page must be: { json }, status=N, header= or body=");
  return ExpectEnd(cursor);
}

// 'files "s.log..." 5'.
bool Parser::ParseFiles(LineCursor& cursor, CountFiles* files) {
  const Position at = cursor.Here();
  const auto quoted = cursor.TakeQuoted();
  if (!quoted) return Fail(at, "expected a pattern for file names in double quotes");
  return TakeText(*quoted, TextKind::kExpectQuoted, Use::kExpected, Clients::kNone,
                  &files->pattern) &&
         ParseCount(cursor.TakeWord(), &files->count) && ExpectEnd(cursor);
}

Span Parser::SpanOf(const Word& word) {
  return {word.at.line, word.at.column, word.at.column + static_cast<int>(word.text.size())};
}

bool Parser::TakeServerName(LineCursor& cursor, std::string* name) {
  const Word word = cursor.PeekWord();
  if (servers_.count(word.text) > 0) {
    *name = cursor.TakeWord().text;
    return true;
  }
  const bool names_one =
      IsName(word.text) && word.text != "exit" && !word.text.starts_with("exit=");
  static const std::set<std::string_view> kSignals = {"TERM", "INT", "HUP", "USR1", "USR2", "QUIT"};
  if (!names_one || kSignals.count(word.text) > 0) return DefaultServer(word.at, name);
  return Fail(word.at, "no server '" + std::string(word.text) + "' has been started above" +
                           Suggestion(word.text, {servers_.begin(), servers_.end()}));
}

bool Parser::DefaultServer(Position at, std::string* name) {
  if (servers_.size() == 1) {
    *name = *servers_.begin();
    return true;
  }
  if (servers_.empty()) return Fail(at, "no server has been started above; write 'server' first");
  std::string all;
  for (const std::string& server : servers_) all += (all.empty() ? "" : ", ") + server;
  return Fail(at, "say which server: " + all);
}

}  // namespace dunlin::scenario
