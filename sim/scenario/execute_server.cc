// The verbs about server processes, their files and their monitoring pages.
#include "sim/scenario/executor_impl.h"

namespace dunlin::scenario {
namespace {

// For failures: not a whole page.
std::string Shortened(std::string_view text) {
  static constexpr size_t kBytesMax = 2000;
  return Printable(text.substr(0, kBytesMax)) + (text.size() > kBytesMax ? "..." : "");
}

}  // namespace

bool Executor::Do(const ServerStart& start) {
  KnownServer& server = servers_[start.name];
  server.spec.name = start.name;
  server.spec.monitor = start.monitor;
  server.spec.bare = start.bare;
  if (!RenderTo(start.args, &server.spec.args)) return false;
  if (start.config && !RenderTo(*start.config, &server.spec.config.emplace())) return false;
  Note("server " + start.name);
  server.running = true;
  return Worked(target_.Start(server.spec));
}

bool Executor::Do(const RestartServer& restart) {
  KnownServer& server = servers_[restart.name];
  if (restart.config && !RenderTo(*restart.config, &server.spec.config.emplace())) return false;
  if (server.running && !target_.ExitCode(restart.name)) {
    if (!Worked(target_.Send(restart.name, Signal::kTerm))) return false;
    if (!WaitFor([&] { return target_.ExitCode(restart.name).has_value(); })) {
      return Fail("server " + restart.name + " did not end when it was told to stop");
    }
  }
  Note("restart " + restart.name);
  server.running = true;
  server.leaving = false;
  return Worked(target_.Start(server.spec));
}

bool Executor::Do(const WriteConfig& config) {
  KnownServer& server = servers_[config.name];
  if (!RenderTo(config.config, &server.spec.config.emplace())) return false;
  return Worked(target_.WriteFile(config.name + ".conf", *server.spec.config));
}

bool Executor::Do(const RunProcess& run) {
  ServerSpec spec;
  spec.name = "s";
  spec.bare = true;
  if (!RenderTo(run.args, &spec.args)) return false;
  if (run.config && !RenderTo(*run.config, &spec.config.emplace())) return false;
  const ProcessResult result = target_.Run(spec, Deadline());
  if (!Worked(result.problem)) return false;
  const std::string said =
      "\n    stdout: " + Shortened(result.output) + "\n    stderr: " + Shortened(result.errors);
  if (result.exit_code != run.exit_code &&
      !Recorded(run.exit_span, std::to_string(result.exit_code))) {
    return Fail("expected exit code " + std::to_string(run.exit_code) + ", got " +
                std::to_string(result.exit_code) + said);
  }
  // A line end at the end is not part of what is said.
  const auto fits = [&](const std::optional<Text>& text, std::string bytes) {
    if (bytes.ends_with('\n')) bytes.pop_back();
    return !text || Matches(*text, bytes, *this, &variables_);
  };
  if (!fits(run.output, result.output) && !Recorded(run.output_span, AsQuoted(result.output))) {
    return Fail("stdout is not as expected: " + Describe(*run.output, *this) + said);
  }
  if (!fits(run.errors, result.errors) && !Recorded(run.errors_span, AsQuoted(result.errors))) {
    return Fail("stderr is not as expected: " + Describe(*run.errors, *this) + said);
  }
  return true;
}

bool Executor::Do(const EndServer& end) {
  KnownServer& server = servers_[end.name];
  if (end.how == EndServer::How::kStop && !Worked(target_.Send(end.name, Signal::kTerm)))
    return false;
  if (end.how == EndServer::How::kKill && !Worked(target_.Kill(end.name))) return false;
  if (!WaitFor([&] { return target_.ExitCode(end.name).has_value(); })) {
    return Fail("server " + end.name + " has not ended");
  }
  server.running = false;
  const int code = *target_.ExitCode(end.name);
  Note("server " + end.name + " ended with " + std::to_string(code));
  if (end.exit_code && code != *end.exit_code) {
    return Fail("expected exit code " + std::to_string(*end.exit_code) + " of server " + end.name +
                ", got " + std::to_string(code));
  }
  return true;
}

bool Executor::Do(const SignalServer& signal) {
  if (signal.signal != Signal::kHup && signal.signal != Signal::kUsr1) {
    servers_[signal.name].leaving = true;
  }
  Note("signal " + signal.name);
  return Worked(target_.Send(signal.name, signal.signal));
}

bool Executor::Contains(const Text& text, std::string_view line, Captures* captures) {
  Text open;
  open.at = text.at;
  open.pieces.emplace_back().kind = Piece::Kind::kAnyRun;
  open.pieces.insert(open.pieces.end(), text.pieces.begin(), text.pieces.end());
  open.pieces.emplace_back().kind = Piece::Kind::kAnyRun;
  return Matches(open, line, *this, captures);
}

int64_t Executor::CountLines(const std::string& server, const Text& text) {
  int64_t count = 0;
  for (const std::string& line : target_.Log(server)) {
    Captures captures;
    if (!Contains(text, line, &captures)) continue;
    if (count++ == 0) variables_.merge(captures);
  }
  return count;
}

bool Executor::Do(const CheckLog& check) {
  if (check.never) {
    never_.push_back({at_, check.name, &check.text});
    return CountLines(check.name, check.text) == 0 ||
           Fail("server " + check.name +
                " has logged what it must never: " + Describe(check.text, *this));
  }
  const int64_t wanted = Value(check.count);
  const std::string what = Describe(check.text, *this);
  if (WaitFor([&] { return CountLines(check.name, check.text) >= wanted; })) return true;
  return Fail("expected " + std::to_string(wanted) + " log lines of server " + check.name +
              " with: " + what);
}

bool Executor::Do(const WriteFile& write) {
  std::string content;
  return RenderTo(write.content, &content) && Worked(target_.WriteFile(write.name, content));
}

bool Executor::Do(const CheckFile& check) {
  std::string name;
  if (!RenderTo(check.name, &name)) return false;
  std::optional<std::string> content;
  const auto fits = [&] {
    content = target_.ReadFile(name);
    if (check.what == CheckFile::What::kAbsent) return !content.has_value();
    if (!content) return false;
    if (check.what == CheckFile::What::kHas) return Contains(check.text, *content, &variables_);
    return Matches(check.text, *content, *this, &variables_);
  };
  if (WaitFor(fits)) return true;
  const std::string expected =
      check.what == CheckFile::What::kAbsent ? "absent" : Describe(check.text, *this);
  return Fail("file " + name + ": expected " + expected + ", got " +
              (content ? Shortened(*content) : "no such file"));
}

bool Executor::Do(const CountFiles& files) {
  const int64_t wanted = Value(files.count);
  std::string names;
  const auto fits = [&] {
    int64_t count = 0;
    names.clear();
    for (const std::string& name : target_.ListFiles()) {
      names += " " + name;
      Captures ignored;
      count += Matches(files.pattern, name, *this, &ignored);
    }
    return count == wanted;
  };
  if (WaitFor(fits)) return true;
  return Fail("expected " + std::to_string(wanted) + " files named " +
              Describe(files.pattern, *this) + ", there are" + names);
}

std::string Executor::CheckAnswer(const GetPage& get, const HttpAnswer& answer,
                                  Captures* captures) {
  if (!answer.problem.empty()) return answer.problem;
  if (answer.status != get.status) {
    return "expected status " + std::to_string(get.status) + ", got " +
           std::to_string(answer.status) + " with " + Shortened(answer.body);
  }
  for (const Text& header : get.headers) {
    bool found = false;
    for (const std::string& line : answer.headers) found |= Matches(header, line, *this, captures);
    if (found) continue;
    std::string all;
    for (const std::string& line : answer.headers) all += "\n    " + line;
    return "expected the header " + Describe(header, *this) + ", got" + all;
  }
  if (get.body && !Matches(*get.body, answer.body, *this, captures) &&
      !Recorded(get.body_span, AsQuoted(answer.body))) {
    return "expected the body " + Describe(*get.body, *this) + ", got " + Shortened(answer.body);
  }
  for (const Text& text : get.lacks) {
    Captures ignored;
    if (Contains(text, answer.body, &ignored)) {
      return "the body must not hold " + Describe(text, *this) + ", got " + Shortened(answer.body);
    }
  }
  if (!get.json) return "";
  std::string error;
  const auto json = ParseJson(answer.body, &error);
  if (!json) return "the body is no JSON: " + error + ": " + Shortened(answer.body);
  return Mismatch(*get.json, *json, *this, captures);
}

bool Executor::Do(const GetPage& get) {
  std::string path;
  if (!RenderTo(get.path, &path)) return false;
  const Instant deadline = Deadline();
  std::string problem;
  do {
    const HttpAnswer answer = HttpGet(target_, get.server, path, deadline);
    Pump();
    Captures captures = variables_;
    problem = CheckAnswer(get, answer, &captures);
    if (problem.empty()) {
      variables_ = std::move(captures);
      return true;
    }
    if (again_) target_.Progress(std::min(deadline, target_.Now() + Millis(5)));
  } while (again_ && target_.Now() < deadline);
  return Fail("GET " + path + ": " + problem);
}

}  // namespace dunlin::scenario
