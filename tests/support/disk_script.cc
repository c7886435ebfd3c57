#include "tests/support/disk_script.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "engine/base/check.h"

namespace dunlin {
namespace {

using Words = std::vector<std::string>;

// Memory that durable writes may use.
struct Freed {
  void operator()(uint8_t* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<uint8_t[], Freed>;

Memory NewMemory(size_t size) {
  const size_t whole = (size / kDirectAlignment + 1) * kDirectAlignment;
  Memory memory(static_cast<uint8_t*>(std::aligned_alloc(kDirectAlignment, whole)));
  CHECK(memory != nullptr);
  std::memset(memory.get(), '?', whole);
  return memory;
}

// Words are separated by blanks; a text in quotes is one word, with its quotes.
Words SplitWords(std::string_view line) {
  Words words;
  for (size_t at = line.find_first_not_of(' '); at != std::string_view::npos;
       at = line.find_first_not_of(' ', at)) {
    size_t end = line[at] == '"' ? line.find('"', at + 1) : line.find(' ', at);
    if (end != std::string_view::npos && line[at] == '"') ++end;
    end = std::min(end, line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// "text", or 4096*x.
std::optional<std::string> BytesOf(const std::string& word) {
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"')
    return word.substr(1, word.size() - 2);
  const size_t star = word.find('*');
  if (star == std::string::npos || star + 2 != word.size()) return std::nullopt;
  const char fill = word.back() == '0' ? '\0' : word.back();
  return std::string(std::stoull(word), fill);
}

std::string Shown(std::string_view bytes) {
  std::string shown;
  for (size_t i = 0; i < bytes.size();) {
    const size_t end = std::min(bytes.find_first_not_of(bytes[i], i), bytes.size());
    const std::string byte = bytes[i] == '\0' ? "\\0" : std::string(1, bytes[i]);
    shown += end - i > 3 ? byte + "{" + std::to_string(end - i) + "}" : std::string();
    if (end - i <= 3) {
      for (size_t j = i; j < end; ++j) shown += byte;
    }
    i = end;
  }
  return '"' + shown + '"';
}

const char* NameOf(DiskError error) {
  switch (error) {
    case DiskError::kNone: return "ok";
    case DiskError::kNotFound: return "not_found";
    case DiskError::kExists: return "exists";
    case DiskError::kNoSpace: return "no_space";
    case DiskError::kPermission: return "permission";
    case DiskError::kTooManyFiles: return "too_many_files";
    case DiskError::kIo: return "io";
    case DiskError::kPoisoned: return "poisoned";
    case DiskError::kCanceled: return "canceled";
  }
  return "";
}

// The outcome as a script would say it.
std::string OutcomeOf(const DiskDone& done, DiskOp::Kind kind, const uint8_t* data,
                      const Words& expected) {
  if (!done.ok() || expected.empty() || expected[0] == "ok") return NameOf(done.error);
  if (kind == DiskOp::Kind::kRead)
    return Shown({reinterpret_cast<const char*>(data), static_cast<size_t>(done.size)});
  if (kind == DiskOp::Kind::kOpen) return "size " + std::to_string(done.size);
  if (kind != DiskOp::Kind::kList) return NameOf(done.error);
  std::string names;
  for (const DirEntry& entry : done.entries) {
    if (!names.empty()) names += ' ';
    names += entry.name;
    names += entry.is_directory ? "/" : ":" + std::to_string(entry.size);
  }
  return names.empty() ? "nothing" : names;
}

std::string ExpectedOutcome(const Words& expected) {
  if (expected.empty()) return "ok";
  if (const auto bytes = BytesOf(expected[0])) return Shown(*bytes);
  std::string joined = expected[0];
  for (size_t i = 1; i < expected.size(); ++i) joined += " " + expected[i];
  return joined;
}

class Run {
 public:
  explicit Run(DiskScriptTarget& target) : target_(target) {}

  std::string Line(int number, std::string_view line) {
    Words words = SplitWords(line);
    if (words.empty() || words[0][0] == '#') return "";
    const bool goes_on = words[0] == "+";
    if (goes_on) words.erase(words.begin());
    const std::string problem = Issue(number, std::move(words));
    if (!problem.empty() || goes_on) return problem;
    return Finish();
  }

  std::string Finish() {
    std::map<DiskTicket, DiskDone> done;
    for (DiskDone& one : target_.FinishAll()) done[one.ticket] = std::move(one);
    const std::vector<Issued> issued = std::exchange(issued_, {});
    for (const Issued& one : issued) {
      if (done.count(one.ticket) == 0) return At(one.line) + "was not completed";
      const DiskDone& end = done[one.ticket];
      const std::string got = OutcomeOf(end, one.kind, one.memory.get(), one.expected);
      const std::string wanted = ExpectedOutcome(one.expected);
      if (got != wanted)
        return At(one.line) + "expected " + wanted + ", got " + got + " " + end.text;
    }
    return "";
  }

 private:
  struct Issued {
    int line = 0;
    DiskTicket ticket;
    DiskOp::Kind kind = DiskOp::Kind::kOpen;
    Words expected;
    Memory memory;
  };

  static std::string At(int line) { return "line " + std::to_string(line) + ": "; }

  std::string Issue(int number, Words words) {
    Issued issued;
    issued.line = number;
    const auto equals = std::find(words.begin(), words.end(), "=");
    if (equals != words.end()) issued.expected.assign(equals + 1, words.end());
    words.erase(equals, words.end());
    std::string name;
    if (!words.empty() && words[0].back() == ':') {
      name = words[0].substr(0, words[0].size() - 1);
      words.erase(words.begin());
    }
    DiskTicket after;
    if (words.size() > 2 && words[words.size() - 2] == "after") {
      if (names_.count(words.back()) == 0) return At(number) + "nothing has this name";
      after = names_[words.back()];
      words.resize(words.size() - 2);
    }
    if (words.empty()) return At(number) + "an operation is missing";
    if (words == Words{"restart"}) {
      names_.clear();
      target_.Restart();
      return "";
    }
    if (!Append(words, after, &issued)) return At(number) + "not understood: " + words[0];
    if (!name.empty()) names_[name] = issued.ticket;
    issued_.push_back(std::move(issued));
    return "";
  }

  bool Append(const Words& words, DiskTicket after, Issued* issued) {
    return AppendOnFile(words, after, issued) || AppendOnNames(words, after, issued);
  }

  bool AppendOnFile(const Words& words, DiskTicket after, Issued* issued) {
    DiskQueue& queue = target_.queue();
    const std::string& verb = words[0];
    if (verb == "open" && words.size() == 5) {
      static const Words kAccess{"read", "write", "durable"};
      static const Words kCreation{"existing", "if_missing", "new", "emptied"};
      const auto access = std::find(kAccess.begin(), kAccess.end(), words[3]) - kAccess.begin();
      const auto creation =
          std::find(kCreation.begin(), kCreation.end(), words[4]) - kCreation.begin();
      if (access == 3 || creation == 4) return false;
      const FileId file = queue.NewFile();
      files_[words[1]] = file;
      return SetIssued(issued, DiskOp::Kind::kOpen,
                       queue.Open(file, words[2], static_cast<Access>(access),
                                  static_cast<Creation>(creation), after));
    }
    const auto file = words.size() > 1 ? files_.find(words[1]) : files_.end();
    if (file == files_.end()) return false;
    const FileId id = file->second;
    if (verb == "close") return SetIssued(issued, DiskOp::Kind::kClose, queue.Close(id, after));
    if (verb == "sync") return SetIssued(issued, DiskOp::Kind::kSync, queue.Sync(id, after));
    if (words.size() < 3) return false;
    const uint64_t number = std::stoull(words[2]);
    if (verb == "truncate")
      return SetIssued(issued, DiskOp::Kind::kTruncate, queue.Truncate(id, number, after));
    if (words.size() != 4) return false;
    if (verb == "read") {
      const size_t size = std::stoull(words[3]);
      issued->memory = NewMemory(size);
      return SetIssued(issued, DiskOp::Kind::kRead,
                       queue.Read(id, number, issued->memory.get(), size, after));
    }
    const std::optional<std::string> bytes = BytesOf(words[3]);
    if (verb != "write" || !bytes) return false;
    issued->memory = NewMemory(bytes->size());
    std::memcpy(issued->memory.get(), bytes->data(), bytes->size());
    return SetIssued(issued, DiskOp::Kind::kWrite,
                     queue.Write(id, number, issued->memory.get(), bytes->size(), after));
  }

  bool AppendOnNames(const Words& words, DiskTicket after, Issued* issued) {
    DiskQueue& queue = target_.queue();
    const std::string& verb = words[0];
    using Kind = DiskOp::Kind;
    if (verb == "free_space") return SetIssued(issued, Kind::kFreeSpace, queue.FreeSpace(after));
    if (words.size() < 2) return false;
    const std::string path = words[1] == "." ? "" : words[1];
    if (verb == "sync_dir") return SetIssued(issued, Kind::kSyncDir, queue.SyncDir(path, after));
    if (verb == "remove") return SetIssued(issued, Kind::kRemove, queue.Remove(path, after));
    if (verb == "make_dir") return SetIssued(issued, Kind::kMakeDir, queue.MakeDir(path, after));
    if (verb == "remove_tree")
      return SetIssued(issued, Kind::kRemoveTree, queue.RemoveTree(path, after));
    if (verb == "list") return SetIssued(issued, Kind::kList, queue.List(path, after));
    if (verb != "rename" || words.size() != 4) return false;
    const Replace replace = words[3] == "existing" ? Replace::kExisting : Replace::kNever;
    return SetIssued(issued, Kind::kRename, queue.Rename(path, words[2], replace, after));
  }

  static bool SetIssued(Issued* issued, DiskOp::Kind kind, DiskTicket ticket) {
    issued->kind = kind;
    issued->ticket = ticket;
    return true;
  }

  DiskScriptTarget& target_;
  std::map<std::string, FileId> files_;
  std::map<std::string, DiskTicket> names_;
  std::vector<Issued> issued_;
};

}  // namespace

std::string RunDiskScript(std::string_view script, DiskScriptTarget& target) {
  Run run(target);
  int number = 0;
  std::istringstream lines{std::string(script)};
  for (std::string line; std::getline(lines, line);) {
    const std::string problem = run.Line(++number, line);
    if (!problem.empty()) return problem + "\n  " + line;
  }
  return run.Finish();
}

std::vector<DiskScriptFile> ReadDiskScripts(const std::string& source_root) {
  std::vector<DiskScriptFile> files;
  const std::filesystem::path folder = source_root + "/tests/support/disk_scripts";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path());
    std::ostringstream script;
    script << in.rdbuf();
    files.push_back({entry.path().stem().string(), script.str()});
  }
  std::sort(files.begin(), files.end(),
            [](const DiskScriptFile& a, const DiskScriptFile& b) { return a.name < b.name; });
  return files;
}

}  // namespace dunlin
