// The verbs about clients, and the conversation.
#include <algorithm>

#include "sim/scenario/executor_impl.h"

namespace dunlin::scenario {
namespace {

bool HasConnect(std::string_view bytes) {
  return bytes.starts_with("CONNECT ") || bytes.find("\nCONNECT ") != std::string_view::npos;
}

// The answer to our own PING.
void TakeLastPong(Client& client) {
  const auto pong = std::find(client.items.rbegin(), client.items.rend(), "PONG");
  if (pong != client.items.rend()) client.items.erase(std::next(pong).base());
}

std::string JsonQuoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string AsExpected(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i++) {
    const char c = bytes[i];
    const bool alone =
        (i == 0 || bytes[i - 1] == ' ') && (i + 1 == bytes.size() || bytes[i + 1] == ' ');
    const bool before_name = i + 1 < bytes.size() &&
                             ((bytes[i + 1] >= 'a' && bytes[i + 1] <= 'z') || bytes[i + 1] == '{');
    if (c == '\\' || c == '|' || (c == '$' && before_name) || (c == '*' && alone) ||
        (c == '#' && alone) || bytes.substr(i).starts_with("...")) {
      out += '\\';
      out += c;
    } else if (c == ' ' &&
               (i == 0 || i + 1 == bytes.size() || bytes[i - 1] == '\n' || bytes[i + 1] == '\r')) {
      out += "\\s";
    } else if (bytes.substr(i).starts_with("\r\n")) {
      out += " | ";
      i++;
    } else {
      out += Printable(bytes.substr(i, 1));
    }
  }
  return out;
}

std::string AsQuoted(std::string_view bytes) {
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  std::string out;
  for (size_t i = 0; i < bytes.size(); i++) {
    const char next = i + 1 < bytes.size() ? bytes[i + 1] : ' ';
    const bool variable = bytes[i] == '$' && ((next >= 'a' && next <= 'z') || next == '{');
    if (bytes[i] == '"' || bytes[i] == '\\' || variable || bytes.substr(i).starts_with("...")) {
      out += '\\';
      out += bytes[i];
    } else if (bytes[i] == '\r') {
      out += "\\r";
    } else {
      out += Printable(bytes.substr(i, 1));
    }
  }
  return out;
}

bool Executor::Recorded(const Span& span, std::string text) {
  if (mode_ != Mode::kRecord || span.line == 0) return false;
  outcome_.replacements.push_back({span, std::move(text), {}});
  return true;
}

Client* Executor::Get(const std::string& name) {
  const auto found = clients_.find(name);
  if (found == clients_.end()) {
    Fail("no client " + name + " has been opened");
    return nullptr;
  }
  me_ = &found->second;
  return me_;
}

bool Executor::Do(const OpenClients& open) {
  for (const std::string& name : open.names) {
    if (!Open(open, name)) return false;
  }
  if (!open.handshake) return true;
  for (const std::string& name : open.names) {
    if (!Handshake(open, *Get(name))) return false;
  }
  return true;
}

bool Executor::Open(const OpenClients& open, const std::string& name) {
  const auto existing = clients_.find(name);
  if (existing != clients_.end() && !existing->second.closed) {
    return Fail("client " + name + " is open already");
  }
  Client client;
  client.name = name;
  client.server = open.server;
  client.framing = open.monitor ? Framing::kLines : Framing::kNats;
  client.show_pings = open.show_pings;
  std::string problem;
  client.connection = target_.Open(open.server, open.monitor ? Port::kMonitor : Port::kClient,
                                   open.receive_buffer, &problem);
  if (client.connection < 0) return Fail("client " + name + " cannot connect: " + problem);
  Note("open " + name);
  clients_.insert_or_assign(name, std::move(client));
  return true;
}

bool Executor::ConnectJson(const OpenClients& open, std::string* json) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"verbose", "false"}, {"pedantic", "false"}, {"headers", "true"}};
  for (const ConnectField& field : open.fields) {
    auto place = std::find_if(fields.begin(), fields.end(),
                              [&](const auto& f) { return f.first == field.name; });
    if (field.form == ConnectField::Form::kLeftOut) {
      if (place != fields.end()) fields.erase(place);
      continue;
    }
    std::string value;
    if (!RenderTo(field.value, &value)) return false;
    if (field.form == ConnectField::Form::kString) value = JsonQuoted(value);
    if (place == fields.end()) place = fields.emplace(fields.end(), field.name, "");
    place->second = std::move(value);
  }
  *json = "{";
  for (const auto& [name, value] : fields) {
    *json += (json->size() > 1 ? "," : "") + JsonQuoted(name) + ":" + value;
  }
  *json += "}";
  return true;
}

bool Executor::Handshake(const OpenClients& open, Client& client) {
  std::string json;
  if (!ConnectJson(open, &json)) return false;
  if (!AwaitItem(client, "INFO {...}")) return false;
  if (!client.items.front().starts_with("INFO ")) {
    return Fail("client " + client.name + " expected INFO, got " + Printable(client.items.front()));
  }
  client.items.pop_front();
  if (!SendLinesOf(client, "CONNECT " + json + "\r\nPING\r\n")) return false;
  std::string item;
  while (item != "PONG") {
    if (!AwaitItem(client, "PONG")) return false;
    item = client.items.front();
    client.items.pop_front();
    if (item != "+OK" && item != "PONG") {
      return Fail("client " + client.name + " cannot connect: " + Printable(item));
    }
  }
  // Who can take an INFO at any time gets one with its account now.
  const bool takes_info = json.find("\"protocol\":1") != std::string::npos;
  if (!takes_info) return true;
  if (!AwaitItem(client, "INFO {...}")) return false;
  if (!client.items.front().starts_with("INFO ")) {
    return Fail("client " + client.name + " expected INFO, got " + Printable(client.items.front()));
  }
  client.items.pop_front();
  return true;
}

bool Executor::SendLinesOf(Client& client, std::string_view lines) {
  client.outgoing.Add(lines);
  client.spoke |= HasConnect(lines);
  return SendBytesOf(client, lines, lines.substr(0, lines.size() - 2));
}

bool Executor::SendBytesOf(Client& client, std::string_view bytes, std::string_view shown) {
  if (client.closed) return Fail("client " + client.name + " is closed");
  Note(client.name + " > ", shown);
  if (client.chop == 0) {
    target_.Send(client.connection, bytes);
    return true;
  }
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, static_cast<size_t>(client.chop));
    target_.Send(client.connection, piece);
    bytes.remove_prefix(piece.size());
    if (!bytes.empty() && !Worked(target_.Flush(client.connection, Deadline()))) return false;
  }
  return true;
}

bool Executor::Do(const SendLines& send) {
  for (const std::string& name : send.names) {
    Client* client = Get(name);
    if (client == nullptr) return false;
    std::string bytes;
    for (const Text& line : send.lines) {
      std::string rendered;
      if (!RenderTo(line, &rendered)) return false;
      bytes += rendered + "\r\n";
    }
    if (!SendLinesOf(*client, bytes)) return false;
  }
  return true;
}

bool Executor::Do(const SendBytes& send) {
  for (const std::string& name : send.names) {
    Client* client = Get(name);
    if (client == nullptr) return false;
    std::string all;
    for (size_t i = 0; i < send.pieces.size(); i++) {
      std::string piece;
      if (!RenderTo(send.pieces[i], &piece)) return false;
      all += piece;
      if (!SendBytesOf(*client, piece, piece)) return false;
      if (i + 1 < send.pieces.size() && !Worked(target_.Flush(client->connection, Deadline())))
        return false;
    }
    client->outgoing.Add(all);
    client->spoke |= HasConnect(all);
  }
  return true;
}

void Executor::Pump() {
  for (auto& [name, client] : clients_) {
    if (!client.closed) PumpClient(client);
  }
}

void Executor::PumpClient(Client& client) {
  const Stream stream =
      target_.State(client.connection) == ConnectionState::kOpen ? Stream::kOpen : Stream::kEnded;
  while (auto frame = NextFrame(target_.Received(client.connection), client.framing, stream)) {
    target_.Consume(client.connection, frame->size);
    if (client.ignored) continue;
    if (frame->malformed) {
      client.items.push_back(frame->text + "  (a payload or line that is not ended by CR LF)");
      continue;
    }
    if (client.framing == Framing::kNats) {
      if (frame->text == "PING" && !client.show_pings) {
        target_.Send(client.connection, "PONG\r\n");
        continue;
      }
      if (frame->text.starts_with("INFO ")) TakeInfo(client, frame->text);
      if (frame->text == "PONG") client.pongs_received++;
    }
    Note(client.name + " < ", frame->text);
    client.items.push_back(std::move(frame->text));
  }
}

void Executor::TakeInfo(Client& client, std::string_view info) {
  std::string error;
  const auto json = ParseJson(info.substr(5), &error);
  if (!json) return;
  if (const JsonValue* cid = json->Field("client_id")) client.cid = cid->text;
  KnownServer& server = servers_[client.server];
  if (const JsonValue* id = json->Field("server_id")) server.id = id->text;
  if (const JsonValue* name = json->Field("server_name")) server.server_name = name->text;
}

bool Executor::Ended(const Client& client) {
  return target_.State(client.connection) != ConnectionState::kOpen;
}

bool Executor::AwaitItem(Client& client, const std::string& expected) {
  if (client.closed) return Fail("client " + client.name + " is closed");
  WaitFor([&] { return !client.items.empty() || Ended(client); });
  if (!client.items.empty()) return true;
  const auto rest = target_.Received(client.connection);
  return Fail("client " + client.name + " expected\n    " + expected + "\n  but " +
              (Ended(client)  ? "the connection was closed"
               : rest.empty() ? "nothing came"
                              : "only a beginning came: " + Printable(rest)));
}

bool Executor::LineMatches(const Line& line, const std::string& item) {
  if (!line.json) return Matches(line.text, item, *this, &variables_);
  for (size_t at = item.find_first_of("{["); at != std::string::npos;
       at = item.find_first_of("{[", at + 1)) {
    Captures captures = variables_;
    if (!Matches(line.text, std::string_view(item).substr(0, at), *this, &captures)) continue;
    std::string error;
    const auto json = ParseJson(std::string_view(item).substr(at), &error);
    if (!json || !Mismatch(*line.json, *json, *this, &captures).empty()) return false;
    variables_ = std::move(captures);
    return true;
  }
  return false;
}

std::string Executor::DescribeLine(const Line& line) {
  return Describe(line.text, *this) + (line.json ? "{...}" : "");
}

bool Executor::Do(const Expect& expect) {
  using What = Expect::What;
  for (const std::string& name : expect.names) {
    Client* client = Get(name);
    if (client == nullptr) return false;
    bool good = true;
    switch (expect.what) {
      case What::kLine:
        for (int64_t i = Value(expect.count); i > 0 && good; i--) {
          good = ExpectLine(*client, expect, expect.lines[0], expect.spans[0]);
        }
        break;
      case What::kMaybe:
        WaitFor([&] { return !client->items.empty() || Ended(*client); });
        if (!client->items.empty() && LineMatches(expect.lines[0], client->items.front())) {
          client->items.pop_front();
        }
        break;
      case What::kAnyOrder: good = ExpectAnyOrder(*client, expect); break;
      case What::kUntil: good = ExpectUntil(*client, expect.lines[0]); break;
      case What::kNothing: good = ExpectNothing(*client); break;
      case What::kClosed: good = ExpectClosed(*client); break;
      case What::kRecord: good = Record(*client, expect); break;
    }
    if (!good) return false;
  }
  return true;
}

bool Executor::ExpectLine(Client& client, const Expect& expect, const Line& line,
                          const Span& span) {
  if (!AwaitItem(client, DescribeLine(line))) return false;
  const std::string item = client.items.front();
  if (LineMatches(line, item)) {
    client.items.pop_front();
    return true;
  }
  if (mode_ == Mode::kRecord && !line.json && expect.names.size() == 1) {
    outcome_.replacements.push_back({span, AsExpected(item), {}});
    client.items.pop_front();
    return true;
  }
  std::string why = "client " + client.name + " expected\n    " + DescribeLine(line) +
                    "\n  but got\n    " + Printable(item);
  if (line.json) {
    std::string error;
    const size_t at = item.find('{');
    const auto json = ParseJson(std::string_view(item).substr(std::min(at, item.size())), &error);
    Captures captures = variables_;
    if (json) why += "\n  " + Mismatch(*line.json, *json, *this, &captures);
  }
  return Fail(why);
}

bool Executor::ExpectAnyOrder(Client& client, const Expect& expect) {
  std::vector<const Line*> open;
  for (const Line& line : expect.lines) open.push_back(&line);
  while (!open.empty()) {
    if (!AwaitItem(client, DescribeLine(*open[0]))) return false;
    const std::string item = client.items.front();
    const auto fits = std::find_if(open.begin(), open.end(),
                                   [&](const Line* l) { return LineMatches(*l, item); });
    if (fits == open.end()) {
      std::string all;
      for (const Line* line : open) all += "\n    " + DescribeLine(*line);
      return Fail("client " + client.name + " expected one of" + all + "\n  but got\n    " +
                  Printable(item));
    }
    open.erase(fits);
    client.items.pop_front();
  }
  return true;
}

bool Executor::ExpectUntil(Client& client, const Line& line) {
  while (true) {
    if (!AwaitItem(client, DescribeLine(line))) return false;
    const bool found = LineMatches(line, client.items.front());
    client.items.pop_front();
    if (found) return true;
  }
}

// Everything that the server sends because of what it got until now has arrived.
bool Executor::Barrier(Client& client) {
  if (target_.Settle()) {
    Pump();
    return true;
  }
  if (!SendLinesOf(client, "PING\r\n")) return false;
  const int64_t pongs = client.outgoing.pings();
  WaitFor([&] { return client.pongs_received >= pongs || Ended(client); });
  if (client.pongs_received < pongs) {
    if (!client.items.empty()) {
      return Fail("client " + client.name + " got\n    " + Printable(client.items.front()) +
                  "\n  and no PONG");
    }
    return Fail("client " + client.name +
                (Ended(client) ? " was closed by the server" : " got no PONG to its PING"));
  }
  TakeLastPong(client);
  return true;
}

bool Executor::ExpectNothing(Client& client) {
  if (client.closed) return Fail("client " + client.name + " is closed");
  if (client.items.empty() && !Barrier(client)) return false;
  if (!client.items.empty()) {
    return Fail("client " + client.name + " expected nothing, but got\n    " +
                Printable(client.items.front()));
  }
  if (Ended(client)) return Fail("client " + client.name + " expected nothing, but was closed");
  return true;
}

bool Executor::ExpectClosed(Client& client) {
  if (client.closed) return Fail("client " + client.name + " is closed already");
  WaitFor([&] { return !client.items.empty() || Ended(client); });
  if (!client.items.empty()) {
    return Fail("client " + client.name + " expected the end of the connection, but got\n    " +
                Printable(client.items.front()));
  }
  if (!Ended(client)) return Fail("client " + client.name + " is still open");
  Note(client.name + " < closed");
  target_.Close(client.connection);
  client.closed = true;
  return true;
}

bool Executor::Record(Client& client, const Expect& expect) {
  if (mode_ != Mode::kRecord)
    return Fail("'?' stands for what has not been recorded; run with --update");
  if (target_.Settle()) {
    Pump();
  } else {
    SendLinesOf(client, "PING\r\n");
    const int64_t pongs = client.outgoing.pings();
    WaitFor([&] { return client.pongs_received >= pongs || Ended(client); });
    if (client.pongs_received >= pongs) TakeLastPong(client);
  }
  std::vector<std::string> lines;
  for (const std::string& item : client.items) {
    lines.push_back(item.starts_with("INFO ") ? "INFO { }" : AsExpected(item));
  }
  client.items.clear();
  if (Ended(client)) {
    lines.push_back("closed");
    client.closed = true;
  }
  if (lines.empty()) lines.push_back("nothing");
  outcome_.replacements.push_back(
      {expect.spans[0], lines[0], std::vector<std::string>(lines.begin() + 1, lines.end())});
  return true;
}

bool Executor::Do(const Share& share) {
  const int64_t total = Value(share.total);
  std::map<std::string, int64_t> taken;
  int64_t count = 0;
  std::string wrong;
  WaitFor([&] {
    for (const std::string& name : share.names) {
      Client* client = Get(name);
      while (client != nullptr && wrong.empty() && count < total && !client->items.empty()) {
        const std::string& item = client->items.front();
        if (!LineMatches(share.line, item)) {
          wrong = "client " + name + " got\n    " + Printable(item);
          break;
        }
        client->items.pop_front();
        count++;
        taken[share.by.empty() ? name : variables_[share.by]]++;
        if (!share.by.empty()) variables_.erase(share.by);
      }
    }
    return count >= total || !wrong.empty();
  });
  if (!wrong.empty()) return Fail("expected\n    " + DescribeLine(share.line) + "\n  but " + wrong);
  if (count < total) {
    return Fail("expected " + std::to_string(total) + " in all, got " + std::to_string(count));
  }
  if (share.by.empty()) {
    for (const std::string& name : share.names) taken.try_emplace(name, 0);
  }
  for (const auto& [name, number] : taken) {
    if (share.each && !InRange(*share.each, std::to_string(number))) {
      return Fail(name + " got " + std::to_string(number) + " of " + std::to_string(total));
    }
  }
  return true;
}

bool Executor::Do(const ClientAction& action) {
  using What = ClientAction::What;
  std::vector<std::string> names = action.names;
  if (names.empty()) {
    for (const auto& [name, client] : clients_) {
      if (!client.closed && !client.stalled && !client.ignored && client.spoke)
        names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    Client* client = Get(name);
    if (client == nullptr) return false;
    if (client->closed) return Fail("client " + name + " is closed");
    if (action.what == What::kSync) {
      if (!Barrier(*client)) return false;
      continue;
    }
    static constexpr const char* kNames[] = {"sync",  "close",  "shut",  "reset",
                                             "stall", "resume", "ignore"};
    Note(kNames[static_cast<int>(action.what)] + (" " + name));
    switch (action.what) {
      case What::kClose: target_.Close(client->connection); break;
      case What::kReset: target_.Reset(client->connection); break;
      case What::kShut: target_.Shut(client->connection); break;
      case What::kStall: target_.Stall(client->connection); break;
      case What::kResume: target_.Resume(client->connection); break;
      default: break;
    }
    client->closed = action.what == What::kClose || action.what == What::kReset;
    if (action.what == What::kStall) client->stalled = true;
    if (action.what == What::kResume) client->stalled = false;
    if (action.what == What::kIgnore) {
      client->ignored = true;
      client->items.clear();
    }
  }
  return true;
}

bool Executor::Do(const Chop& chop) {
  for (const std::string& name : chop.names) {
    Client* client = Get(name);
    if (client == nullptr) return false;
    client->chop = Value(chop.bytes);
  }
  return true;
}

}  // namespace dunlin::scenario
