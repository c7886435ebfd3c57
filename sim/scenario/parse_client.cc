// The verbs about clients, and the conversation: NAMES > ..., NAMES >> ..., NAMES < ..., NAMES
// share ...
#include <algorithm>
#include <charconv>

#include "sim/scenario/parser_impl.h"

namespace dunlin::scenario {
namespace {

const std::vector<std::string>& ConnectFields() {
  static const std::vector<std::string> kFields = {
      "verbose", "pedantic", "headers",    "no_responders", "echo", "protocol",
      "user",    "pass",     "auth_token", "name",          "lang", "version",
      "jwt",     "nkey",     "sig",        "tls_required"};
  return kFields;
}

// The word before a line's first blank or '|'.
std::string_view FirstWord(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t|"));
}

// Where the JSON starts in 'INFO {...}' or '... | json {...}'.
size_t JsonStart(std::string_view text) {
  if (FirstWord(text) == "INFO" || FirstWord(text) == "CONNECT") {
    const size_t at = text.find_first_not_of(" \t", FirstWord(text).size());
    const std::string_view rest = at == std::string_view::npos ? "" : text.substr(at);
    return rest.starts_with('{') || rest.starts_with("exactly") ? at : std::string_view::npos;
  }
  const size_t mark = text.find("| json ");
  return mark == std::string_view::npos ? mark : mark + 7;
}

}  // namespace

bool Parser::ParseClientVerb(std::string_view verb, LineCursor& cursor, Statement* statement) {
  auto& what = statement->what;
  if (verb == "open" || verb == "connect") {
    OpenClients& open = what.emplace<OpenClients>();
    open.handshake = verb == "connect";
    return ParseOpen(cursor, &open);
  }
  if (verb == "chop") return ParseChop(cursor, &what.emplace<Chop>());
  using What = ClientAction::What;
  static constexpr std::pair<std::string_view, What> kActions[] = {
      {"sync", What::kSync},    {"close", What::kClose}, {"shut", What::kShut},
      {"reset", What::kReset},  {"stall", What::kStall}, {"resume", What::kResume},
      {"ignore", What::kIgnore}};
  for (const auto& [name, action] : kActions) {
    if (verb == name) return ParseAction(action, cursor, &what.emplace<ClientAction>());
  }
  return Fail({cursor.number(), 1}, "'" + std::string(verb) + "' does not stand here");
}

bool Parser::ParseOpen(LineCursor& cursor, OpenClients* open) {
  if (!TakeClients(cursor, Client::kNew, &open->names)) return false;
  while (!cursor.AtEnd()) {
    if (cursor.Take("on")) {
      if (!TakeServerName(cursor, &open->server)) return false;
    } else if (!open->handshake && cursor.Take("monitor")) {
      open->monitor = true;
    } else if (const auto option = cursor.TakeOption()) {
      if (!ParseOpenOption(*option, open)) return false;
    } else {
      return Fail(cursor.Here(),
                  open->handshake
                      ? "expected 'connect NAMES [on SERVER] [pings=show] [FIELD=VALUE ...]'"
                      : "expected 'open NAMES [on SERVER] [monitor] [pings=show] [rcvbuf=N]'");
    }
  }
  if (open->server.empty() && !DefaultServer(cursor.Here(), &open->server)) return false;
  clients_.insert(open->names.begin(), open->names.end());
  return true;
}

bool Parser::ParseOpenOption(const Option& option, OpenClients* open) {
  const std::string key(option.key.text);
  if (key == "pings") {
    if (option.value.text != "show") return Fail(option.value.at, "expected 'pings=show'");
    open->show_pings = true;
    return true;
  }
  if (key == "rcvbuf") {
    const std::string_view text = option.value.text;
    const auto result =
        std::from_chars(text.data(), text.data() + text.size(), open->receive_buffer);
    if (result.ec == std::errc() && open->receive_buffer > 0) return true;
    return Fail(option.value.at, "a receive buffer is a number of bytes");
  }
  const auto& fields = ConnectFields();
  if (!open->handshake || std::find(fields.begin(), fields.end(), key) == fields.end()) {
    return Fail(option.key.at,
                open->handshake
                    ? "'" + key + "' is no field of CONNECT" + Suggestion(key, fields)
                    : "'" + key + "' is no option of 'open'; there are pings=show and rcvbuf=N");
  }
  ConnectField& field = open->fields.emplace_back();
  field.name = key;
  const std::string_view value = option.value.text;
  if (value == "-" && !option.value.quoted) {
    field.form = ConnectField::Form::kLeftOut;
    return true;
  }
  const bool literal =
      value == "true" || value == "false" || value == "null" ||
      (!value.empty() && value.find_first_not_of("-0123456789") == std::string_view::npos);
  field.form = literal && !option.value.quoted ? ConnectField::Form::kAsWritten
                                               : ConnectField::Form::kString;
  return TakeText(option.value, TextKind::kSendQuoted, Use::kSent, Clients::kMany, &field.value);
}

bool Parser::ParseAction(ClientAction::What what, LineCursor& cursor, ClientAction* action) {
  action->what = what;
  if (what == ClientAction::What::kSync && cursor.AtEnd()) return true;
  return TakeClients(cursor, Client::kKnown, &action->names) && ExpectEnd(cursor);
}

bool Parser::ParseChop(LineCursor& cursor, Chop* chop) {
  return TakeClients(cursor, Client::kKnown, &chop->names) &&
         ParseCount(cursor.TakeWord(), &chop->bytes) && ExpectEnd(cursor);
}

// 'alice', 'alice, bob' or 'c1..c50'.
bool Parser::TakeClients(LineCursor& cursor, Client client, std::vector<std::string>* names) {
  while (true) {
    Word word = cursor.TakeWord();
    const bool more = word.text.ends_with(',');
    if (more) word.text.remove_suffix(1);
    const size_t dots = word.text.find("..");
    const size_t before = names->size();
    if (dots != std::string_view::npos) {
      if (!ExpandRange(word, word.text.substr(0, dots), word.text.substr(dots + 2), names))
        return false;
    } else if (IsName(word.text)) {
      names->emplace_back(word.text);
    } else {
      return Fail(word.at, word.text.empty()
                               ? "expected a client's name"
                               : "'" + std::string(word.text) + "' is no name for a client");
    }
    for (size_t i = before; i < names->size(); i++) {
      const std::string& name = (*names)[i];
      if (client == Client::kKnown && clients_.count(name) == 0) {
        return Fail(word.at, "no client '" + name + "' has been opened above" +
                                 Suggestion(name, {clients_.begin(), clients_.end()}));
      }
      if (client == Client::kNew && (IsVerb(name) || servers_.count(name) > 0)) {
        return Fail(word.at, "'" + name + "' is taken; choose another name for the client");
      }
    }
    if (!more) return true;
  }
}

bool Parser::ExpandRange(const Word& word, std::string_view first, std::string_view last,
                         std::vector<std::string>* names) {
  const auto split = [](std::string_view name, std::string_view* stem) {
    size_t at = name.size();
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') at--;
    *stem = name.substr(0, at);
    int64_t number = -1;
    std::from_chars(name.data() + at, name.data() + name.size(), number);
    return number;
  };
  std::string_view stem, other;
  const int64_t from = split(first, &stem), to = split(last, &other);
  if (!IsName(stem) || stem != other || from < 0 || to < from || to - from >= 100'000) {
    return Fail(word.at, "expected a range of clients such as c1..c50");
  }
  for (int64_t i = from; i <= to; i++) names->push_back(std::string(stem) + std::to_string(i));
  return true;
}

bool Parser::ParseConversation(LineCursor& cursor, Statement* statement) {
  // A first word that is neither a client nor followed by an operator is a mistyped verb.
  LineCursor ahead = cursor;
  const Word first = ahead.TakeWord();
  const std::string_view next = ahead.PeekWord().text;
  const bool operates = next == ">" || next == ">>" || next == "<" || next == "share";
  if (!operates && !first.text.ends_with(',') && clients_.count(first.text) == 0) {
    std::vector<std::string> verbs = {"server", "connect", "open",    "sync",  "repeat", "restart",
                                      "signal", "within",  "advance", "close", "reset",  "ignore",
                                      "await",  "write",   "config",  "stall", "resume", "stop"};
    return Fail(first.at, "unknown verb '" + std::string(first.text) + "'" +
                              Suggestion(first.text, verbs) +
                              "; expected a verb, or CLIENT followed by '>', '>>', '<' or 'share'");
  }
  std::vector<std::string> names;
  if (!TakeClients(cursor, Client::kKnown, &names)) return false;
  const Word op = cursor.TakeWord();
  if (op.text == ">") {
    SendLines& send = statement->what.emplace<SendLines>();
    send.names = std::move(names);
    return ParseSend(cursor, &send);
  }
  if (op.text == ">>") {
    SendBytes& send = statement->what.emplace<SendBytes>();
    send.names = std::move(names);
    return ParseSendBytes(cursor, &send);
  }
  if (op.text == "<") {
    Expect& expect = statement->what.emplace<Expect>();
    expect.names = std::move(names);
    return ParseExpect(cursor, &expect);
  }
  if (op.text == "share") {
    Share& share = statement->what.emplace<Share>();
    share.names = std::move(names);
    return ParseShare(cursor, &share);
  }
  return Fail(op.at, "expected '>', '>>', '<' or 'share' after the client's name");
}

bool Parser::ParseSend(LineCursor& cursor, SendLines* send) {
  Word rest = cursor.TakeRest();
  if (rest.text != "{") {
    return TakeText(rest, TextKind::kSend, Use::kSent, Clients::kMany, &send->lines.emplace_back());
  }
  const size_t indent = Indent(cursor.line());
  std::string_view line;
  bool good = true;
  while (!AtBlockEnd(indent)) {
    if (!NextLine(&line)) return Fail(rest.at, "this '{' has no '}' as far left as its line");
    LineCursor inner(line, static_cast<int>(next_));
    good &= TakeText(inner.TakeRest(), TextKind::kSend, Use::kSent, Clients::kMany,
                     &send->lines.emplace_back());
  }
  NextLine(&line);
  return good;
}

bool Parser::ParseSendBytes(LineCursor& cursor, SendBytes* send) {
  do {
    const Position at = cursor.Here();
    const auto quoted = cursor.TakeQuoted();
    if (!quoted) return Fail(at, "expected bytes in double quotes after '>>'");
    if (!TakeText(*quoted, TextKind::kSendQuoted, Use::kSent, Clients::kMany,
                  &send->pieces.emplace_back())) {
      return false;
    }
  } while (!cursor.AtEnd());
  return true;
}

bool Parser::ParseExpect(LineCursor& cursor, Expect* expect) {
  using What = Expect::What;
  const Word rest = LineCursor(cursor).TakeRest();
  const auto is = [&](std::string_view word) {
    return rest.text == word || (rest.text.starts_with(word) && rest.text[word.size()] == ' ' &&
                                 LineCursor(rest.text.substr(word.size()), 0).AtEnd());
  };
  if (is("nothing") || is("closed") || is("?")) {
    expect->what = is("nothing") ? What::kNothing : is("closed") ? What::kClosed : What::kRecord;
    expect->spans.push_back({rest.at.line, rest.at.column, rest.at.column + 1});
    return true;
  }
  if (rest.text.empty())
    return Fail(rest.at, "expected what the client receives, 'nothing' or 'closed'");
  LineCursor ahead = cursor;
  if (ahead.Take("any") && ahead.Take("order")) {
    cursor = ahead;
    return ParseAnyOrder(cursor, expect);
  }
  if (cursor.Take("maybe")) {
    expect->what = What::kMaybe;
  } else if (cursor.Take("until")) {
    expect->what = What::kUntil;
  } else {
    ahead = cursor;
    const Word count = ahead.TakeWord();
    if (ahead.Take("of") && !count.text.empty()) {
      if (!ParseCount(count, &expect->count)) return false;
      cursor = ahead;
    }
  }
  const Word line = LineCursor(cursor).TakeRest();
  const int end = line.at.column + static_cast<int>(line.text.size());
  expect->spans.push_back({line.at.line, line.at.column, end});
  return ParseExpectedLine(cursor, &expect->lines.emplace_back(), Clients::kMany);
}

bool Parser::ParseAnyOrder(LineCursor& cursor, Expect* expect) {
  expect->what = Expect::What::kAnyOrder;
  const Position at = cursor.Here();
  const size_t indent = Indent(cursor.line());
  if (!ParseOpening(cursor)) return false;
  std::string_view line;
  bool good = true;
  while (!AtBlockEnd(indent)) {
    if (!NextLine(&line)) return Fail(at, "this '{' has no '}' as far left as its line");
    LineCursor inner(line, static_cast<int>(next_));
    good &= ParseExpectedLine(inner, &expect->lines.emplace_back(), Clients::kMany);
  }
  NextLine(&line);
  if (!good) return false;
  if (expect->lines.empty()) return Fail(at, "expected at least one line between '{' and '}'");
  return true;
}

bool Parser::ParseExpectedLine(LineCursor& cursor, Line* line, Clients clients) {
  const Word rest = LineCursor(cursor).TakeRest();
  const size_t json = JsonStart(rest.text);
  if (json == std::string_view::npos) {
    cursor.TakeRest();
    return TakeText(rest, TextKind::kExpect, Use::kExpected, clients, &line->text);
  }
  const size_t mark = rest.text.substr(0, json).rfind("json ");
  const std::string head(rest.text.substr(0, mark == std::string_view::npos ? json : mark));
  if (!TakeText({head, rest.at}, TextKind::kExpect, Use::kExpected, clients, &line->text))
    return false;
  if (mark ==
      std::string_view::npos) {  // Trailing blanks of a text do not count, but here one does.
    line->text.pieces.back().text += ' ';
  }
  cursor.MoveTo(static_cast<size_t>(rest.at.column) - 1 + json);
  line->json = ParseJson(cursor);
  return line->json && CheckJson(*line->json, clients) && ExpectEnd(cursor);
}

bool Parser::ParseShare(LineCursor& cursor, Share* share) {
  if (!ParseCount(cursor.TakeWord(), &share->total)) return false;
  if (cursor.Take("each")) {
    const Word word = cursor.TakeWord();
    share->each = ParseRange(word.text);
    if (!share->each) return Fail(word.at, "expected a range such as 5..20 or >=5 after 'each'");
  }
  if (cursor.Take("by")) {
    const Word word = cursor.TakeWord();
    if (!word.text.starts_with('$') || !IsName(word.text.substr(1)) ||
        variables_.count(word.text.substr(1)) > 0) {
      return Fail(word.at, "expected a new name after 'by', such as $sid");
    }
    share->by = word.text.substr(1);
  }
  if (!cursor.Take("of")) {
    return Fail(cursor.Here(), "expected 'NAMES share N [each A..B] [by $NAME] of LINE'");
  }
  if (!ParseExpectedLine(cursor, &share->line, Clients::kNone)) return false;
  variables_.erase(share->by);
  return true;
}

}  // namespace dunlin::scenario
