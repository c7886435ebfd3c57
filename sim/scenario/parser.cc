#include "sim/scenario/parser.h"

#include <algorithm>
#include <charconv>

#include "sim/scenario/parser_impl.h"

namespace dunlin::scenario {
namespace {

const std::vector<std::string>& Verbs() {
  static const std::vector<std::string> kVerbs = {
      "server", "restart", "config", "run",     "stop",   "kill",   "await",   "signal",
      "log",    "write",   "file",   "files",   "get",    "open",   "connect", "sync",
      "close",  "shut",    "reset",  "stall",   "resume", "ignore", "chop",    "repeat",
      "let",    "on",      "within", "advance", "only",   "skip",   "share",   "else"};
  return kVerbs;
}

std::optional<TargetName> ToTarget(std::string_view word) {
  for (int i = 0; i < kTargetCount; i++) {
    if (word == ToString(static_cast<TargetName>(i))) return static_cast<TargetName>(i);
  }
  return std::nullopt;
}

}  // namespace

const char* ToString(TargetName target) {
  switch (target) {
    case TargetName::kSim: return "sim";
    case TargetName::kDaemon: return "daemon";
    case TargetName::kReference: return "reference";
  }
  return "";
}

bool IsVerb(std::string_view word) {
  return std::find(Verbs().begin(), Verbs().end(), word) != Verbs().end();
}

Parser::Parser(std::string_view text, std::string path, std::vector<Problem>* problems)
    : text_(text),
      path_(std::move(path)),
      problems_(problems),
      lines_(SplitLines(text)),
      variables_({"dir"}) {}

std::optional<Script> Parser::Parse() {
  Script script;
  script.path = path_;
  if (lines_.empty() || !Trimmed(lines_[0]).starts_with('#')) {
    Fail({1, 1}, "the file must begin with a comment ('# ...') that says what must hold");
  }
  ParseHeader(&script);
  only_sim_ = !script.header.runs[static_cast<int>(TargetName::kDaemon)] &&
              !script.header.runs[static_cast<int>(TargetName::kReference)];
  ParseBlock(&script.body, 0, true);
  if (problems_->empty() && script.body.empty()) Fail({1, 1}, "nothing happens in this scenario");
  if (!problems_->empty()) return std::nullopt;
  return script;
}

bool Parser::NextLine(std::string_view* line) {
  while (next_ < lines_.size()) {
    *line = lines_[next_++];
    if (!IsBlankOrComment(*line)) return true;
  }
  return false;
}

size_t Parser::Indent(std::string_view line) { return line.find_first_not_of(" \t"); }

bool Parser::AtBlockEnd(size_t indent) const {
  size_t at = next_;
  while (at < lines_.size() && IsBlankOrComment(lines_[at])) at++;
  return at < lines_.size() && Trimmed(lines_[at]).starts_with('}') && Indent(lines_[at]) <= indent;
}

// After a mistake in a line that opens a block: its lines would only give more, misleading
// mistakes.
void Parser::SkipBlockOf(std::string_view line) {
  if (!Trimmed(line).ends_with('{')) return;
  const size_t indent = Indent(line);
  while (next_ < lines_.size() && !AtBlockEnd(indent)) next_++;
  std::string_view end;
  NextLine(&end);
}

void Parser::ParseHeader(Script* script) {
  std::string_view line;
  while (NextLine(&line)) {
    LineCursor cursor(line, static_cast<int>(next_));
    const bool only = cursor.Take("only");
    if (!only && !cursor.Take("skip")) {
      next_--;
      return;
    }
    bool named[kTargetCount] = {};
    std::string because;
    if (!ParseTargets(cursor, named, &because) || !ExpectEnd(cursor)) continue;
    for (int i = 0; i < kTargetCount; i++) {
      if (named[i] == only) continue;
      script->header.runs[i] = false;
      script->header.because[i] = because;
    }
  }
}

// 'sim, daemon because "..."'.
bool Parser::ParseTargets(LineCursor& cursor, bool (&targets)[kTargetCount], std::string* because) {
  while (true) {
    const Word word = cursor.TakeWord();
    std::string_view name = word.text;
    const bool more = name.ends_with(',');
    if (more) name.remove_suffix(1);
    const auto target = ToTarget(name);
    if (!target) {
      return Fail(word.at, "expected a target (sim, daemon, reference) instead of '" +
                               std::string(name) + "'");
    }
    targets[static_cast<int>(*target)] = true;
    if (!more) break;
  }
  if (!cursor.Take("because")) {
    return Fail(cursor.Here(), "expected 'because \"...\"': a difference needs its reason");
  }
  const Position at = cursor.Here();
  const auto reason = cursor.TakeQuoted();
  if (!reason || reason->text.empty()) return Fail(at, "expected the reason in double quotes");
  *because = reason->text;
  return true;
}

void Parser::ParseBlock(Block* block, size_t indent, bool top) {
  std::string_view line;
  while (problems_->size() < kProblemsMax) {
    if (!top && AtBlockEnd(indent)) return;
    if (!NextLine(&line)) {
      if (!top)
        Fail({static_cast<int>(lines_.size()), 1}, "the file ends within a block; expected '}'");
      return;
    }
    LineCursor cursor(line, static_cast<int>(next_));
    Statement statement;
    statement.at = cursor.Here();
    const size_t behind = next_;
    if (ParseStatement(cursor, &statement)) {
      block->push_back(std::move(statement));
    } else if (next_ == behind) {
      SkipBlockOf(line);
    }
  }
}

bool Parser::ParseStatement(LineCursor& cursor, Statement* statement) {
  const Word first = cursor.PeekWord();
  if (first.text == "within") return ParseWithin(cursor, statement);
  if (first.text == "only" || first.text == "skip") {
    return Fail(first.at,
                "'" + std::string(first.text) + "' stands at the top, before the first statement");
  }
  if (first.text == "}" || first.text == "else") {
    return Fail(first.at, "'" + std::string(first.text) + "' without a block that it ends");
  }
  if (IsVerb(first.text)) {
    cursor.TakeWord();
    return ParseVerb(first.text, cursor, statement);
  }
  return ParseConversation(cursor, statement);
}

bool Parser::ParseVerb(std::string_view verb, LineCursor& cursor, Statement* statement) {
  static constexpr std::string_view kServer[] = {"server", "restart", "config", "run", "stop",
                                                 "kill",   "await",   "signal", "log", "write",
                                                 "file",   "files",   "get"};
  static constexpr std::string_view kControl[] = {"repeat", "let", "on", "advance"};
  if (std::find(std::begin(kServer), std::end(kServer), verb) != std::end(kServer)) {
    return ParseServerVerb(verb, cursor, statement);
  }
  if (std::find(std::begin(kControl), std::end(kControl), verb) != std::end(kControl)) {
    return ParseControl(verb, cursor, statement);
  }
  return ParseClientVerb(verb, cursor, statement);
}

bool Parser::ParseControl(std::string_view verb, LineCursor& cursor, Statement* statement) {
  if (verb == "repeat") return ParseRepeat(cursor, &statement->what.emplace<Repeat>());
  if (verb == "on") return ParseOnTargets(cursor, &statement->what.emplace<OnTargets>());
  if (verb == "advance") {
    const Word word = cursor.TakeWord();
    const auto by = ParseDuration(word.text);
    if (!by) return Fail(word.at, "expected a length of time such as 200ms, 5s, 2m, 1h");
    statement->what = AdvanceTime{*by};
    if (!only_sim_) {
      return Fail(statement->at,
                  "'advance' moves virtual time, which only sim has; say so at the top: "
                  "'only sim because \"...\"'");
    }
    return ExpectEnd(cursor);
  }
  Let& let = statement->what.emplace<Let>();
  const Word name = cursor.TakeWord();
  if (!IsName(name.text)) return Fail(name.at, "expected 'let NAME = TEXT'");
  if (!cursor.Take("=")) return Fail(cursor.Here(), "expected '=' after the name");
  if (!TakeText(cursor.TakeRest(), TextKind::kSendQuoted, Use::kSent, Clients::kNone, &let.value)) {
    return false;
  }
  let.name = name.text;
  variables_.insert(let.name);
  return true;
}

// '{' and nothing behind it.
bool Parser::ParseOpening(LineCursor& cursor) {
  if (!cursor.Take("{")) return Fail(cursor.Here(), "expected '{' at the end of the line");
  return ExpectEnd(cursor);
}

bool Parser::ParseRepeat(LineCursor& cursor, Repeat* repeat) {
  if (!ParseCount(cursor.TakeWord(), &repeat->times)) return false;
  if (cursor.Take("as")) {
    const Word name = cursor.TakeWord();
    if (!IsName(name.text)) return Fail(name.at, "expected a name after 'as'");
    repeat->variable = name.text;
  }
  if (!ParseOpening(cursor)) return false;
  const Names before = variables_;
  variables_.insert(repeat->variable);
  repeat->body = std::make_unique<Block>();
  ParseBlock(repeat->body.get(), Indent(cursor.line()), false);
  variables_ = before;  // What a round captures is forgotten.
  std::string_view end;
  if (!NextLine(&end)) return false;
  LineCursor closing(end, static_cast<int>(next_));
  closing.TakeWord();
  return ExpectEnd(closing);
}

bool Parser::ParseOnTargets(LineCursor& cursor, OnTargets* on) {
  std::string because;
  if (!ParseTargets(cursor, on->targets, &because) || !ParseOpening(cursor)) return false;
  const size_t indent = Indent(cursor.line());
  on->body = std::make_unique<Block>();
  on->otherwise = std::make_unique<Block>();
  ParseBlock(on->body.get(), indent, false);
  std::string_view end;
  if (!NextLine(&end)) return false;
  LineCursor closing(end, static_cast<int>(next_));
  closing.TakeWord();
  if (closing.Take("else")) {
    if (!ParseOpening(closing)) return false;
    ParseBlock(on->otherwise.get(), indent, false);
    if (!NextLine(&end)) return false;
    closing = LineCursor(end, static_cast<int>(next_));
    closing.TakeWord();
  }
  return ExpectEnd(closing);
}

bool Parser::ParseWithin(LineCursor& cursor, Statement* statement) {
  cursor.TakeWord();
  const Word word = cursor.TakeWord();
  const auto within = ParseDuration(word.text);
  if (!within) return Fail(word.at, "expected a length of time such as 200ms, 5s, 2m, 1h");
  if (cursor.AtEnd()) return Fail(cursor.Here(), "expected what must happen within that time");
  if (!ParseStatement(cursor, statement)) return false;
  statement->within = *within;
  return true;
}

std::optional<Text> Parser::ParseRawBlock(LineCursor& cursor, bool* ok) {
  *ok = true;
  if (cursor.AtEnd() || cursor.line()[cursor.position()] != '{') return std::nullopt;
  const Position open = cursor.Here();
  cursor.MoveTo(cursor.position() + 1);
  const Word rest = cursor.TakeRest();
  std::string content;
  Position at = rest.at;
  if (!rest.text.empty()) {
    if (!rest.text.ends_with('}')) {
      *ok = Fail(open, "expected a line break behind '{', or '}' at the end of the line");
      return std::nullopt;
    }
    content = Trimmed(rest.text.substr(0, rest.text.size() - 1));
    content += '\n';
  } else {
    const size_t first = next_;
    const size_t indent = Indent(cursor.line());
    const auto ends = [&](std::string_view l) { return Trimmed(l) == "}" && Indent(l) <= indent; };
    size_t last = first;
    while (last < lines_.size() && !ends(lines_[last])) last++;
    if (last == lines_.size()) {
      *ok = Fail(open, "this '{' has no '}' as far left as its line");
      return std::nullopt;
    }
    size_t common =
        std::string_view::npos;  // What all lines are indented by is not part of the text.
    for (size_t i = first; i < last; i++) common = std::min(common, Indent(lines_[i]));
    if (common == std::string_view::npos) common = 0;
    for (size_t i = first; i < last; i++) {
      content += lines_[i].substr(std::min(common, lines_[i].size()));
      content += '\n';
    }
    next_ = last + 1;
    at = {static_cast<int>(first) + 1, static_cast<int>(common) + 1};
  }
  Text text;
  *ok = TakeText({content, at}, TextKind::kConfig, Use::kSent, Clients::kNone, &text);
  return text;
}

std::optional<JsonPattern> Parser::ParseJson(LineCursor& cursor) {
  const Position at = cursor.Here();
  const std::string_view source =
      text_.substr(static_cast<size_t>(cursor.line().data() - text_.data()) + cursor.position());
  Problem problem;
  size_t consumed = 0;
  auto json = ParseJsonPattern(source, at, &consumed, &problem);
  if (!json) {
    Fail(problem.at, problem.text);
    return std::nullopt;
  }
  const auto passed =
      std::count(source.begin(), source.begin() + static_cast<long>(consumed), '\n');
  if (passed > 0) {
    next_ = static_cast<size_t>(cursor.number() + passed);
    const std::string_view line = lines_[next_ - 1];
    const size_t column = static_cast<size_t>(source.data() + consumed - line.data());
    cursor = LineCursor(line, static_cast<int>(next_));
    cursor.MoveTo(column);
  } else {
    cursor.MoveTo(cursor.position() + consumed);
  }
  return json;
}

bool Parser::TakeText(const Word& word, TextKind kind, Use use, Clients clients, Text* text) {
  Problem problem;
  auto parsed = ParseText(word.text, word.at, kind, &problem);
  if (!parsed) return Fail(problem.at, problem.text);
  *text = std::move(*parsed);
  return CheckNames(*text, use, clients);
}

bool Parser::CheckNames(const Text& text, Use use, Clients clients) {
  for (const Piece& piece : text.pieces) {
    if (piece.kind == Piece::Kind::kVariable && !piece.field.empty()) {
      if (!CheckField(piece)) return false;
      continue;
    }
    std::string name;
    if (piece.kind == Piece::Kind::kVariable || piece.kind == Piece::Kind::kSum) name = piece.text;
    if (piece.kind == Piece::Kind::kRepeated) name = piece.field;
    if (name.empty() || variables_.count(name) > 0) continue;
    if (clients != Clients::kNone && (name == "me" || name == "n")) continue;
    if (use == Use::kExpected && piece.kind == Piece::Kind::kVariable) {
      variables_.insert(name);
      continue;
    }
    return Fail(piece.at, "nothing above gives '" + name + "' a value" +
                              Suggestion(name, {variables_.begin(), variables_.end()}) +
                              "; write '\\$' for a dollar sign");
  }
  return true;
}

bool Parser::CheckField(const Piece& piece) {
  static const std::vector<std::string> kClient = {"cid", "port"};
  static const std::vector<std::string> kServer = {"port", "http", "pid", "id", "name"};
  const bool client = clients_.count(piece.text) > 0;
  if (!client && servers_.count(piece.text) == 0) {
    return Fail(piece.at, "no client or server '" + piece.text + "' stands above");
  }
  const auto& fields = client ? kClient : kServer;
  if (std::find(fields.begin(), fields.end(), piece.field) != fields.end()) return true;
  return Fail(piece.at, client ? "a client has .cid and .port"
                               : "a server has .port, .http, .pid, .id and .name");
}

bool Parser::CheckJson(const JsonPattern& json, Clients clients) {
  std::vector<const Text*> texts;
  CollectTexts(json, &texts);
  for (const Text* text : texts) {
    if (!CheckNames(*text, Use::kExpected, clients)) return false;
  }
  return true;
}

bool Parser::ParseCount(const Word& word, Count* count) {
  if (word.text.starts_with('$')) {
    std::string_view name = word.text.substr(1);
    if (name.starts_with('{') && name.ends_with('}')) name = name.substr(1, name.size() - 2);
    if (variables_.count(name) == 0) {
      return Fail(word.at, "nothing above gives '" + std::string(name) + "' a value");
    }
    count->variable = name;
    return true;
  }
  const char* end = word.text.data() + word.text.size();
  const auto [stop, error] = std::from_chars(word.text.data(), end, count->value);
  if (error != std::errc() || stop != end || count->value < 0 || count->value > 10'000'000) {
    return Fail(word.at,
                "expected a number up to 10000000 instead of '" + std::string(word.text) + "'");
  }
  return true;
}

bool Parser::ExpectEnd(LineCursor& cursor) {
  if (cursor.AtEnd()) return true;
  return Fail(cursor.Here(), "expected the end of the line instead of '" +
                                 std::string(cursor.PeekWord().text) + "'");
}

bool Parser::Fail(Position at, std::string text) {
  if (problems_->size() < kProblemsMax) problems_->push_back({at, std::move(text)});
  return false;
}

std::optional<Script> ParseScript(std::string_view text, std::string path,
                                  std::vector<Problem>* problems) {
  return Parser(text, std::move(path), problems).Parse();
}

std::string FormatProblem(std::string_view path, const Problem& problem) {
  return std::string(path) + ":" + std::to_string(problem.at.line) + ":" +
         std::to_string(problem.at.column) + ": " + problem.text;
}

}  // namespace dunlin::scenario
