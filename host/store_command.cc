#include "host/store_command.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "host/files.h"
#include "host/system_error.h"
#include "storage/inspect/inspect.h"
#include "storage/inspect/print.h"

namespace dunlin::host {
namespace {

constexpr std::string_view kUsage =
    " store inspect DIR [options]\n"
    "\n"
    "Says what is in a store directory, and what of it is damaged. Changes nothing.\n"
    "DIR is what 'store_dir' names, or 'jetstream' in it, or the directory of one stream.\n"
    "\n"
    "  --key-env NAME        the environment variable that holds the encryption key\n"
    "  --cipher chacha|aes   only this cipher (default: either)\n"
    "  --account NAME        of a stream's directory (default: $G)\n"
    "  --messages            also each message\n"
    "  --json                one JSON object a line\n"
    "\n"
    "Exit code: 0 if all is whole, 1 if something is damaged or cannot be read.\n";

// A file of a store is a block at most: 8 MiB and a message, compressed or not; an index can be
// larger.
constexpr size_t kFileBytesMax = size_t{4} << 30;

class SystemFiles final : public inspect::Files {
 public:
  std::optional<std::vector<DirEntry>> List(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (directory == nullptr) {
      // What cannot be looked into is not known to be whole.
      if (errno != ENOENT && errno != ENOTDIR)
        closed_.push_back(path + ": " + std::string(ErrorWords(errno)));
      return std::nullopt;
    }
    std::vector<DirEntry> entries;
    while (const dirent* found = ::readdir(directory.get())) {
      DirEntry entry;
      entry.name = found->d_name;
      if (entry.name == "." || entry.name == "..") continue;
      struct stat about {};
      if (::stat((path + "/" + entry.name).c_str(), &about) != 0) continue;
      entry.is_directory = S_ISDIR(about.st_mode);
      entry.size = static_cast<uint64_t>(about.st_size);
      entries.push_back(std::move(entry));
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  std::optional<std::string> Read(const std::string& path, std::string* error) override {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
      if (errno != ENOENT) *error = ErrorWords(errno);
      return std::nullopt;
    }
    Result<std::string> text = ReadWhole(path, kFileBytesMax);
    if (text.ok()) return std::move(text.value());
    *error = text.error().text;
    return std::nullopt;
  }

  // Directories that are there and could not be listed, and why.
  const std::vector<std::string>& closed() const { return closed_; }

 private:
  std::vector<std::string> closed_;
};

// Writes out what a sink has put into its text, as it comes.
class PrintedSink final : public inspect::Sink {
 public:
  explicit PrintedSink(bool json) : text_sink_(&text_), json_sink_(&text_), json_(json) {}

  void OnStreamBegin(const inspect::StreamReport& stream) override {
    sink().OnStreamBegin(stream);
    Print();
  }
  void OnFinding(const inspect::Finding& finding) override {
    sink().OnFinding(finding);
    Print();
  }
  void OnBlock(const inspect::BlockReport& block) override {
    sink().OnBlock(block);
    Print();
  }
  void OnMessage(const format::Record& message) override {
    sink().OnMessage(message);
    Print();
  }
  void OnConsumer(const inspect::ConsumerReport& consumer) override {
    sink().OnConsumer(consumer);
    Print();
  }
  void OnStream(const inspect::StreamReport& stream) override {
    sink().OnStream(stream);
    Print();
  }
  void OnJournal(const inspect::JournalReport& journal) override {
    sink().OnJournal(journal);
    Print();
  }

 private:
  inspect::Sink& sink() { return json_ ? static_cast<inspect::Sink&>(json_sink_) : text_sink_; }
  void Print() {
    (void)std::fwrite(text_.data(), 1, text_.size(), stdout);
    text_.clear();
  }

  std::string text_;
  inspect::TextSink text_sink_;
  inspect::JsonSink json_sink_;
  const bool json_;
};

struct Command {
  std::string directory;
  inspect::Options options;
  bool json = false;
};

int Complain(const std::string& program, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n\nusage: %s%s", program.c_str(), text.c_str(), program.c_str(),
               std::string(kUsage).c_str());
  return 2;
}

// An empty text: all is understood.
std::string Parse(std::span<const std::string_view> args, Command* out) {
  if (args.empty() || args[0] != "inspect") return "there is only 'store inspect'";
  for (size_t i = 1; i < args.size(); ++i) {
    const std::string_view arg = args[i];
    const bool takes_value = arg == "--key-env" || arg == "--cipher" || arg == "--account";
    if (takes_value && i + 1 == args.size()) return std::string(arg) + " needs a value";
    const std::string value(takes_value ? args[++i] : "");
    if (arg == "--key-env") {
      const char* key = std::getenv(value.c_str());
      if (key == nullptr || *key == '\0') return "there is no key in $" + value;
      out->options.key = key;
    } else if (arg == "--cipher") {
      if (value != "chacha" && value != "aes") return "no such cipher: " + value;
      out->options.cipher = value == "aes" ? crypto::CipherKind::kAes : crypto::CipherKind::kChaCha;
    } else if (arg == "--account") {
      out->options.account = value;
    } else if (arg == "--messages") {
      out->options.messages = true;
    } else if (arg == "--json") {
      out->json = true;
    } else if (arg.starts_with("-") || !out->directory.empty()) {
      return "what is " + std::string(arg) + "?";
    } else {
      out->directory = arg;
    }
  }
  return out->directory.empty() ? "which directory?" : "";
}

}  // namespace

int StoreCommand(const std::string& program, std::span<const std::string_view> args) {
  Command command;
  const std::string wrong = Parse(args.subspan(1), &command);
  if (!wrong.empty()) return Complain(program, wrong);
  SystemFiles files;
  PrintedSink sink(command.json);
  const inspect::Totals totals =
      inspect::Inspect(&files, command.directory, command.options, &sink);
  if (!command.json) std::fputs(inspect::Describe(totals).c_str(), stdout);
  for (const std::string& closed : files.closed()) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), closed.c_str());
  }
  return totals.damages == 0 && files.closed().empty() ? 0 : 1;
}

}  // namespace dunlin::host
