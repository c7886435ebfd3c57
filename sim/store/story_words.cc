#include "sim/store/story_words.h"

#include <algorithm>

#include "engine/base/hex.h"
#include "sim/scenario/words.h"

namespace dunlin::sim {
namespace {

using Verb = StoryStep::Verb;

struct VerbWord {
  Verb verb;
  const char* word;
};
constexpr VerbWord kVerbs[] = {
    {Verb::kStore, "store"},
    {Verb::kSkip, "skip"},
    {Verb::kRemove, "remove"},
    {Verb::kErase, "erase"},
    {Verb::kDeleted, "deleted"},
    {Verb::kPurge, "purge"},
    {Verb::kCompact, "compact"},
    {Verb::kTruncate, "truncate"},
    {Verb::kConfig, "config"},
    {Verb::kAdd, "add"},
    {Verb::kDrop, "drop"},
    {Verb::kDeliver, "deliver"},
    {Verb::kAck, "ack"},
    {Verb::kStarting, "starting"},
    {Verb::kForget, "forget"},
    {Verb::kState, "state"},
    {Verb::kCheckpoint, "checkpoint"},
    {Verb::kTurn, "turn"},
    {Verb::kSettle, "settle"},
    {Verb::kAdvance, "advance"},
    {Verb::kStop, "stop"},
    {Verb::kKill, "kill"},
    {Verb::kPowerLoss, "power_loss"},
    {Verb::kStart, "start"},
    {Verb::kFaults, "faults"},
    {Verb::kFail, "fail"},
    {Verb::kSpace, "space"},
    {Verb::kRot, "rot"},
    {Verb::kCut, "cut"},
    {Verb::kDelete, "delete"},
    {Verb::kForeign, "foreign"},
    {Verb::kWipe, "wipe"},
    {Verb::kEncrypt, "encrypt"},
    {Verb::kCheck, "check"},
    {Verb::kExpectState, "expect"},
};

struct FailureWords {
  DiskFault fault;
  const char* word;
};
constexpr FailureWords kFailures[] = {
    {DiskFault::kReadError, "read"},     {DiskFault::kWriteError, "write"},
    {DiskFault::kSyncError, "sync"},     {DiskFault::kSpaceError, "space"},
    {DiskFault::kTooManyFiles, "files"}, {DiskFault::kStall, "stall"},
};

struct RateWord {
  const char* word;
  FaultRate DiskFaults::*rate;
};
constexpr RateWord kRates[] = {
    {"read", &DiskFaults::read_error},
    {"write", &DiskFaults::write_error},
    {"sync", &DiskFaults::sync_error},
    {"space", &DiskFaults::space_error},
    {"files", &DiskFaults::too_many_files},
    {"stall", &DiskFaults::stall},
    {"rot", &DiskFaults::rot_at_restart},
    {"rot_on_read", &DiskFaults::rot_on_read},
    {"cut", &DiskFaults::truncated_at_restart},
    {"zeroed", &DiskFaults::zeroed_at_restart},
    {"deleted", &DiskFaults::deleted_at_restart},
    {"swapped", &DiskFaults::swapped_at_restart},
    {"foreign", &DiskFaults::foreign_at_restart},
};

struct OpName {
  DiskOp::Kind kind;
  const char* word;
};
constexpr OpName kOps[] = {
    {DiskOp::Kind::kOpen, "open"},        {DiskOp::Kind::kRead, "read"},
    {DiskOp::Kind::kWrite, "write"},      {DiskOp::Kind::kTruncate, "truncate"},
    {DiskOp::Kind::kSync, "sync"},        {DiskOp::Kind::kClose, "close"},
    {DiskOp::Kind::kSyncDir, "sync_dir"}, {DiskOp::Kind::kRename, "rename"},
    {DiskOp::Kind::kRemove, "remove"},    {DiskOp::Kind::kMakeDir, "make_dir"},
    {DiskOp::Kind::kList, "list"},
};

struct Escaped {
  char letter;
  char byte;
};
constexpr Escaped kEscaped[] = {{'n', '\n'}, {'r', '\r'},  {'t', '\t'},
                                {'0', '\0'}, {'\\', '\\'}, {'"', '"'}};

}  // namespace

std::optional<Verb> VerbOf(std::string_view word) {
  for (const VerbWord& verb : kVerbs) {
    if (word == verb.word) return verb.verb;
  }
  return std::nullopt;
}

const char* WordOf(Verb verb) {
  for (const VerbWord& known : kVerbs) {
    if (known.verb == verb) return known.word;
  }
  return "expect";
}

std::vector<std::string> StepWords() {
  std::vector<std::string> words = {"at"};
  for (const VerbWord& verb : kVerbs) words.emplace_back(verb.word);
  return words;
}

FaultRate* FaultNamed(std::string_view word, DiskFaults* faults) {
  for (const RateWord& rate : kRates) {
    if (word == rate.word) return &(faults->*rate.rate);
  }
  return nullptr;
}

std::vector<std::string> FaultWords() {
  std::vector<std::string> words;
  for (const RateWord& rate : kRates) words.emplace_back(rate.word);
  return words;
}

std::optional<DiskFault> FailureNamed(std::string_view word) {
  for (const FailureWords& failure : kFailures) {
    if (word == failure.word) return failure.fault;
  }
  return std::nullopt;
}

const char* FailureWord(DiskFault fault) {
  for (const FailureWords& failure : kFailures) {
    if (failure.fault == fault) return failure.word;
  }
  return "";
}

std::optional<DiskOp::Kind> OpNamed(std::string_view word) {
  for (const OpName& op : kOps) {
    if (word == op.word) return op.kind;
  }
  return std::nullopt;
}

const char* OpWord(DiskOp::Kind kind) {
  for (const OpName& op : kOps) {
    if (op.kind == kind) return op.word;
  }
  return "";
}

std::vector<std::string> OpWords() {
  std::vector<std::string> words;
  for (const OpName& op : kOps) words.emplace_back(op.word);
  return words;
}

bool ReadSync(std::string_view word, JournalOptions* journal) {
  journal->sync = JournalOptions::Sync::kAlways;
  journal->access = word == "direct" ? Access::kDurableWrites : Access::kWrite;
  if (word == "direct" || word == "buffered") return true;
  const auto interval = scenario::ParseDuration(word);
  if (!interval || *interval <= Duration{}) return false;
  journal->sync = JournalOptions::Sync::kInterval;
  journal->sync_interval = *interval;
  return true;
}

bool ReadChoice(std::string_view key, std::string_view word, StoreConfig* config,
                std::string* choices) {
  if (key == "discard") {
    *choices = "old or new";
    config->discard = word == "new" ? DiscardPolicy::kNew : DiscardPolicy::kOld;
    return word == "old" || word == "new";
  }
  if (key == "compression") {
    *choices = "none or s2";
    config->compression = word == "s2" ? StoreCompression::kS2 : StoreCompression::kNone;
    return word == "none" || word == "s2";
  }
  *choices = "limits, interest or workqueue";
  config->retention = word == "interest"    ? RetentionPolicy::kInterest
                      : word == "workqueue" ? RetentionPolicy::kWorkQueue
                                            : RetentionPolicy::kLimits;
  return word == "limits" || word == "interest" || word == "workqueue";
}

bool ReadAckPolicy(std::string_view word, AckPolicy* policy) {
  for (const AckPolicy one : {AckPolicy::kNone, AckPolicy::kAll, AckPolicy::kExplicit}) {
    if (word != AckPolicyWord(one)) continue;
    *policy = one;
    return true;
  }
  return false;
}

const char* AckPolicyWord(AckPolicy policy) {
  return policy == AckPolicy::kNone ? "none" : policy == AckPolicy::kExplicit ? "explicit" : "all";
}

std::string ConsumerErrorText(ConsumerError error) {
  const std::string text = Describe(ConsumerResult{error, 0, {}});
  return text.substr(0, text.find(','));
}

std::string TtlHeader(int64_t seconds) {
  return "NATS/1.0\r\nNats-TTL: " + (seconds < 0 ? "never" : std::to_string(seconds)) + "\r\n\r\n";
}

bool Unescape(std::string_view text, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out->push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return false;
    if (text[i] == 'x') {
      if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0)
        return false;
      out->push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
      continue;
    }
    const auto* known = std::find_if(std::begin(kEscaped), std::end(kEscaped),
                                     [&](const Escaped& e) { return e.letter == text[i]; });
    if (known == std::end(kEscaped)) return false;
    out->push_back(known->byte);
  }
  return true;
}

std::string Escape(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto* known = std::find_if(std::begin(kEscaped), std::end(kEscaped),
                                     [&](const Escaped& e) { return e.byte == c; });
    if (known != std::end(kEscaped)) {
      out += {'\\', known->letter};
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) {
      out += {'\\', 'x', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace dunlin::sim
