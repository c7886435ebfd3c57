#include "sim/scenario/executor.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "sim/scenario/executor_impl.h"
#include "sim/scenario/parser.h"

namespace dunlin::scenario {
namespace {

constexpr size_t kConversationLinesMax = 40;
constexpr size_t kLogLinesShown = 15;

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

Outcome Executor::Run() {
  const int index = static_cast<int>(target_.name());
  if (!script_.header.runs[index]) {
    return {Verdict::kSkipped, script_.header.because[index], {}};
  }
  if (RunBlock(script_.body)) {
    patience_ = kPatience;
    Finish();
  }
  return std::move(outcome_);
}

bool Executor::RunBlock(const Block& block) {
  for (const Statement& statement : block) {
    if (!RunStatement(statement)) return false;
  }
  return true;
}

bool Executor::RunStatement(const Statement& statement) {
  at_ = statement.at;
  patience_ = statement.within.value_or(kPatience);
  again_ = statement.within.has_value();
  return std::visit([this](const auto& what) { return Do(what); }, statement.what);
}

bool Executor::Do(const Repeat& repeat) {
  const Captures before = variables_;
  const int64_t times = Value(repeat.times);
  for (int64_t i = 1; i <= times; i++) {
    variables_ = before;
    variables_[repeat.variable] = std::to_string(i);
    if (!RunBlock(*repeat.body)) return false;
  }
  variables_ = before;
  return true;
}

bool Executor::Do(const Let& let) {
  std::string value;
  if (!RenderTo(let.value, &value)) return false;
  variables_[let.name] = std::move(value);
  return true;
}

bool Executor::Do(const OnTargets& on) {
  return RunBlock(on.targets[static_cast<int>(target_.name())] ? *on.body : *on.otherwise);
}

bool Executor::Do(const AdvanceTime& advance) {
  const bool worked = Worked(target_.Advance(advance.by));
  Pump();
  return worked;
}

std::optional<std::string> Executor::Find(std::string_view name, std::string_view field) const {
  if (field.empty()) {
    if (name == "dir") return target_.Folder();
    if (me_ != nullptr && name == "me") return me_->name;
    if (me_ != nullptr && name == "n") {
      const size_t digits = me_->name.find_last_not_of("0123456789") + 1;
      return digits < me_->name.size() ? std::optional(me_->name.substr(digits)) : std::nullopt;
    }
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : std::optional(found->second);
  }
  if (const auto client = clients_.find(name); client != clients_.end()) {
    if (field == "port") return std::to_string(target_.LocalPort(client->second.connection));
    return client->second.cid.empty() ? std::nullopt : std::optional(client->second.cid);
  }
  const auto server = servers_.find(name);
  if (server == servers_.end()) return std::nullopt;
  if (field == "id") return server->second.id;
  if (field == "name") return server->second.server_name;
  std::optional<int64_t> number;
  if (field == "pid") {
    number = target_.PidOf(server->first);
  } else {
    number = target_.PortOf(server->first, field == "http" ? Port::kMonitor : Port::kClient);
  }
  return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

int64_t Executor::Value(const Count& count) const {
  if (count.variable.empty()) return count.value;
  const std::string text = Find(count.variable, "").value_or("0");
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool Executor::RenderTo(const Text& text, std::string* out) {
  Problem problem;
  auto rendered = Render(text, *this, &problem);
  if (!rendered) return FailAt(problem.at, problem.text);
  *out = std::move(*rendered);
  return true;
}

// What must be true of every scenario in the end.
bool Executor::Finish() { return FinishClients() && FinishServers() && Worked(target_.Verify()); }

bool Executor::FinishClients() {
  for (auto& [name, client] : clients_) {
    me_ = &client;
    if (client.closed || client.ignored || client.stalled) continue;
    const auto server = servers_.find(client.server);
    if (server != servers_.end() && !server->second.running) continue;
    Pump();
    if (!Ended(client) && client.spoke && !Barrier(client)) return false;
    while (client.show_pings && !client.items.empty() && client.items.front() == "PING") {
      client.items.pop_front();
    }
    if (!client.items.empty()) {
      return Fail("at the end: nothing expected that " + name + " received\n    " +
                  Printable(client.items.front()));
    }
    if (Ended(client)) {
      return Fail("at the end: the server has closed " + name + ", and nothing expected that");
    }
    if (const auto rest = target_.Received(client.connection); !rest.empty()) {
      return Fail("at the end: " + name + " received a beginning without an end\n    " +
                  Printable(rest));
    }
  }
  me_ = nullptr;
  return true;
}

bool Executor::FinishServers() {
  for (auto& [name, server] : servers_) {
    if (!server.running || server.leaving) continue;
    if (const auto code = target_.ExitCode(name)) {
      return Fail("at the end: server " + name + " has ended with exit code " +
                  std::to_string(*code) + ", and nothing expected that");
    }
    const bool proven =
        std::any_of(clients_.begin(), clients_.end(), [&, &name = name](const auto& entry) {
          const Client& client = entry.second;
          return client.server == name && client.spoke && !client.closed && !client.stalled;
        });
    if (proven) continue;
    std::string problem;
    const ConnectionId probe = target_.Open(name, Port::kClient, 0, &problem);
    if (probe < 0) return Fail("at the end: server " + name + " no longer answers: " + problem);
    const bool answers = WaitFor([&] {
      return !target_.Received(probe).empty() || target_.State(probe) != ConnectionState::kOpen;
    });
    target_.Close(probe);
    if (!answers) return Fail("at the end: server " + name + " accepts, but says nothing");
  }
  for (const auto& [name, server] : servers_) {
    for (const std::string& line : target_.Log(name)) {
      for (const std::string_view sign : {"panic:", "fatal error:", "CHECK failed", "Sanitizer"}) {
        if (::dunlin::scenario::Contains(line, sign)) {
          return Fail("at the end: server " + name + " has logged\n    " + line);
        }
      }
    }
  }
  for (const NeverInLog& never : never_) {
    at_ = never.at;
    if (CountLines(never.server, *never.text) > 0) {
      return Fail("server " + never.server +
                  " has logged what it must never: " + Describe(*never.text, *this));
    }
  }
  return true;
}

void Executor::Note(std::string line, std::string_view bytes) {
  static constexpr size_t kBytesMax = 300;
  line += Printable(bytes.substr(0, kBytesMax));
  if (bytes.size() > kBytesMax) line += "...";
  conversation_.push_back(std::move(line));
  if (conversation_.size() > kConversationLinesMax) conversation_.pop_front();
}

bool Executor::Fail(std::string text) { return FailAt(at_, std::move(text)); }

bool Executor::FailAt(Position at, std::string text) {
  if (outcome_.verdict == Verdict::kFailed)
    return false;  // The first failure is the one that tells.
  outcome_.verdict = Verdict::kFailed;
  outcome_.text = FormatProblem(script_.path, {at, std::move(text)}) + "\n" + Surroundings();
  return false;
}

std::string Executor::Surroundings() {
  std::string out;
  if (!conversation_.empty()) out += "  the conversation before:\n";
  for (const std::string& line : conversation_) out += "    " + line + "\n";
  for (const auto& [name, server] : servers_) {
    const auto& log = target_.Log(name);
    if (log.empty()) continue;
    out += "  the end of the log of " + name + ":\n";
    const size_t from = log.size() > kLogLinesShown ? log.size() - kLogLinesShown : 0;
    for (size_t i = from; i < log.size(); i++) out += "    " + log[i].substr(0, 400) + "\n";
  }
  return out;
}

Outcome RunScript(const Script& script, Target& target, Mode mode) {
  return Executor(script, target, mode).Run();
}

std::string Replaced(std::string_view text, std::vector<Replacement> replacements) {
  // By line, and from right to left within it. What was recorded last for a place counts.
  std::map<int, std::map<int, Replacement, std::greater<>>> by_line;
  for (Replacement& r : replacements)
    by_line[r.span.line].insert_or_assign(r.span.column, std::move(r));
  std::string out;
  for (int line = 1; !text.empty(); line++) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view present = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string changed(present), more;
    for (const auto& [column, r] : by_line[line]) {
      const size_t from = static_cast<size_t>(r.span.column) - 1;
      changed.replace(from, static_cast<size_t>(r.span.column_end - r.span.column), r.text);
      for (const std::string& after : r.more) {
        more += std::string(present.substr(0, from)) + after + "\n";
      }
    }
    out += changed + "\n" + more;
  }
  return out;
}

}  // namespace dunlin::scenario
