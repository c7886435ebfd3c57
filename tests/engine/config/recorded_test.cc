// Replays data/: what the reference answers to configurations and command lines is what we answer,
// but where the data says why not. recorded.py explains the files and records them anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/config/startup.h"
#include "tests/engine/config/fake_source.h"

namespace dunlin::config {
namespace {

using Lines = std::vector<std::string>;

Lines Split(const std::string& text, char separator) {
  Lines parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

Lines LinesOfFile(const std::string& name) {
  std::ifstream in(SOURCE_ROOT "/tests/engine/config/data/" + name);
  EXPECT_TRUE(in.is_open()) << name;
  std::ostringstream text;
  text << in.rdbuf();
  return Split(text.str(), '\n');
}

// Sorted, without empty lines; the program's name stands alone in front.
Lines Normal(const std::string& standard_error) {
  const std::string prefix = "nats-server: ";
  const bool named = standard_error.starts_with(prefix);
  Lines lines = Split(named ? standard_error.substr(prefix.size()) : standard_error, '\n');
  std::erase(lines, "");
  std::sort(lines.begin(), lines.end());
  if (named) lines.insert(lines.begin(), "nats-server:");
  return lines;
}

std::string Joined(const Lines& lines, const std::string& separator) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : separator) + line;
  return text;
}

// 'EXIT CODE [usage|version]', or 'serve'.
std::string End(const Startup& startup) {
  if (startup.next == Startup::Next::kServe) return "serve";
  std::string end = std::to_string(startup.exit_code);
  if (startup.standard_output.find("Usage: nats-server") != std::string::npos) end += " usage";
  if (startup.standard_output == "nats-server: v2.14.5\n") end += " version";
  return end;
}

// A command line as a shell would split it; only double quotes are known.
Lines Arguments(const std::string& line) {
  Lines arguments;
  for (const std::string& word : Split(line, ' ')) {
    arguments.push_back(word);
    // A quoted argument may be empty or hold a space.
    std::string& last = arguments.back();
    if (arguments.size() > 1 && arguments[arguments.size() - 2].starts_with('"') &&
        !arguments[arguments.size() - 2].ends_with('"')) {
      arguments[arguments.size() - 2] += ' ' + last;
      arguments.pop_back();
    }
  }
  for (std::string& argument : arguments) std::erase(argument, '"');
  return arguments;
}

Startup Start(const std::string& command_line, FakeSource& source) {
  const Lines arguments = Arguments(command_line);
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  return Prepare("nats-server", views, source);
}

struct Case {
  std::string name, command_line = "-t -c t.conf";
  FakeSource source;
  std::string end;  // Of ours, where the data has one, or else of the reference.
  Lines says;
};

std::vector<Case> ReadCases(const std::string& name) {
  std::vector<Case> cases;
  std::string* text = nullptr;
  for (const std::string& line : LinesOfFile(name)) {
    if (line.starts_with("=== ")) {
      cases.emplace_back().name = line.substr(4);
      text = &cases.back().source.files["t.conf"];
    } else if (cases.empty()) {
      continue;
    } else if (line.starts_with("$ ")) {
      cases.back().command_line = line.substr(2);
    } else if (line.starts_with("+++ ")) {
      text = &cases.back().source.files[line.substr(4)];
    } else if (line.starts_with(">>> ")) {
      cases.back().end = line.substr(4);
      text = nullptr;
    } else if (line.starts_with("<<< ")) {
      cases.back().end = line.substr(4, line.find(' ', 4) - 4);
      cases.back().says.clear();
    } else if (text != nullptr) {
      *text += line + '\n';
    } else if (!line.empty()) {
      cases.back().says.push_back(line);
    }
  }
  return cases;
}

void Replay(const std::string& name, size_t cases_min) {
  std::vector<Case> cases = ReadCases(name);
  EXPECT_GE(cases.size(), cases_min);
  for (Case& c : cases) {
    SCOPED_TRACE(name + ": " + c.name);
    const Startup startup = Start(c.command_line, c.source);
    EXPECT_EQ(End(startup), c.end);
    EXPECT_EQ(Joined(Normal(startup.standard_error), "\n"), Joined(c.says, "\n"));
  }
}

TEST(Recorded, CommandLinesEndAsTheReferences) { Replay("flags.cases", 60); }

TEST(Recorded, ConfigurationFilesAreJudgedAsByTheReference) { Replay("files.cases", 18); }

TEST(Recorded, EveryFieldIsJudgedAsByTheReference) {
  const Lines rows = LinesOfFile("fields.tsv");
  ASSERT_GE(rows.size(), 900u);
  for (size_t i = 1; i < rows.size(); ++i) {
    const Lines row = Split(rows[i], '\t');
    ASSERT_GE(row.size(), 2u) << rows[i];
    SCOPED_TRACE(row[0]);
    FakeSource source;
    std::string& text = source.files["t.conf"];
    text = row[0] + '\n';
    for (size_t at; (at = text.find("\\n")) != std::string::npos;) text.replace(at, 2, "\n");
    const Startup startup = Start("-t -c t.conf", source);
    const Lines says = Normal(startup.standard_error);
    const std::string answer =
        startup.exit_code == 0 ? "valid" : Joined({says.begin() + 1, says.end()}, "\\n");
    EXPECT_EQ(answer, row.size() > 2 && !row[2].empty() ? row[2] : row[1]);
  }
}

}  // namespace
}  // namespace dunlin::config
