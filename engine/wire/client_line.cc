#include "engine/wire/client_line.h"

#include <cstring>

namespace dunlin::wire {
namespace {

// What follows a verb.
enum class Tail : uint8_t {
  kSpaceThenArgs,  // At least one space or tab, then arguments.
  kArgs,           // Arguments, spaces before them or not.
  kIgnored,        // Anything up to the line feed.
};

struct Verb {
  const char* text;
  uint8_t size;
  Tail tail;
  ClientVerb verb;
  uint8_t state_1,
      state_2;  // ClientLine::reference_state after one byte and after two; then it counts on.
};

constexpr Verb kVerbs[] = {
    {"PUB", 3, Tail::kSpaceThenArgs, ClientVerb::kPub, 29, 30},
    {"PING", 4, Tail::kIgnored, ClientVerb::kPing, 29, 34},
    {"PONG", 4, Tail::kIgnored, ClientVerb::kPong, 29, 37},
    {"SUB", 3, Tail::kSpaceThenArgs, ClientVerb::kSub, 43, 44},
    {"UNSUB", 5, Tail::kSpaceThenArgs, ClientVerb::kUnsub, 59, 60},
    {"HPUB", 4, Tail::kSpaceThenArgs, ClientVerb::kHpub, 18, 19},
    {"CONNECT", 7, Tail::kArgs, ClientVerb::kConnect, 10, 11},
    {"HMSG", 4, Tail::kSpaceThenArgs, ClientVerb::kHmsg, 18, 24},
    {"INFO", 4, Tail::kArgs, ClientVerb::kInfo, 71, 72},
    {"+OK", 3, Tail::kIgnored, ClientVerb::kOk, 1, 2},
    {"-ERR", 4, Tail::kSpaceThenArgs, ClientVerb::kErr, 4, 5},
};

constexpr char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// How many bytes of 'input' agree with the verb, at most its length.
size_t Agreement(std::string_view input, const Verb& verb) {
  size_t n = 0;
  while (n < verb.size && n < input.size() && Upper(input[n]) == verb.text[n]) ++n;
  return n;
}

// ClientLine::reference_state behind so many bytes of a verb.
int ReferenceState(const Verb& verb, size_t agreed) {
  return agreed == 0 ? 0 : agreed == 1 ? verb.state_1 : verb.state_2 + static_cast<int>(agreed) - 2;
}

// Splits at runs of the bytes that 'is_gap' names; returns how many pieces, counting at most N + 1.
template <size_t N, class IsGap>
size_t Split(std::string_view args, std::string_view (&out)[N], IsGap is_gap) {
  size_t count = 0;
  size_t i = 0;
  while (true) {
    while (i < args.size() && is_gap(args[i])) ++i;
    if (i == args.size()) return count;
    const size_t start = i;
    while (i < args.size() && !is_gap(args[i])) ++i;
    if (count == N) return N + 1;
    out[count++] = args.substr(start, i - start);
  }
}

constexpr auto kGapOfPub = [](char c) { return c == ' ' || c == '\t'; };
constexpr auto kGapOfSub = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };

}  // namespace

const char* VerbName(ClientVerb verb) {
  for (const Verb& v : kVerbs) {
    if (v.verb == verb) return v.text;
  }
  return "?";
}

LineStatus ReadClientLine(std::string_view input, size_t args_max, ClientLine* line) {
  const Verb* verb = nullptr;
  size_t wrong_at = 0;
  line->reference_state = 0;
  for (const Verb& candidate : kVerbs) {
    const size_t agreed = Agreement(input, candidate);
    if (agreed == candidate.size) {
      verb = &candidate;
      break;
    }
    if (agreed == input.size()) {
      line->size = input.size();
      return LineStatus::kPartial;
    }
    if (agreed > wrong_at) {
      wrong_at = agreed;
      line->reference_state = ReferenceState(candidate, agreed);
    }
  }
  if (verb == nullptr) {
    line->size = wrong_at;
    return LineStatus::kUnknown;
  }
  line->verb = verb->verb;
  line->args = {};
  size_t at = verb->size;
  if (verb->tail == Tail::kIgnored) {
    const size_t end = input.find('\n', at);
    line->size = end == std::string_view::npos ? at : end + 1;
    return end == std::string_view::npos ? LineStatus::kPartial : LineStatus::kLine;
  }
  line->size = input.size();
  if (at == input.size()) return LineStatus::kPartial;
  if (verb->tail == Tail::kSpaceThenArgs && !IsBlank(input[at])) {
    line->size = at;
    line->reference_state = ReferenceState(*verb, at);
    return LineStatus::kUnknown;
  }
  while (at < input.size() && IsBlank(input[at])) ++at;
  if (at == input.size()) {
    line->size = verb->size + 1;  // One blank stands for a run of them.
    return LineStatus::kPartial;
  }
  // The first byte is an argument's, even if it is a line feed.
  const size_t end = input.find('\n', at + 1);
  if (end == std::string_view::npos) {
    line->args = input.substr(at);
    return line->args.size() > args_max + 1 ? LineStatus::kTooLong : LineStatus::kPartial;
  }
  std::string_view args = input.substr(at, end - at);
  if (args.size() > 1 && std::memchr(args.data() + 1, '\r', args.size() - 1) != nullptr) {
    args.remove_suffix(1);
  }
  line->args = args;
  line->size = end + 1;
  return args.size() > args_max ? LineStatus::kTooLong : LineStatus::kLine;
}

int32_t ReadSize(std::string_view digits) {
  constexpr size_t kDigitsMax = 9;
  if (digits.empty() || digits.size() > kDigitsMax) return -1;
  int32_t n = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    n = n * 10 + (c - '0');
  }
  return n;
}

PubStatus ReadPub(std::string_view args, PubArgs* out) {
  std::string_view part[3];
  const size_t count = Split(args, part, kGapOfPub);
  if (count != 2 && count != 3) return PubStatus::kBadCount;
  out->subject = part[0];
  out->reply = count == 3 ? part[1] : std::string_view{};
  out->header_text = {};
  out->size_text = part[count - 1];
  out->header_size = -1;
  out->size = ReadSize(out->size_text);
  return out->size < 0 ? PubStatus::kBadSize : PubStatus::kOk;
}

PubStatus ReadHpub(std::string_view args, PubArgs* out) {
  std::string_view part[4];
  const size_t count = Split(args, part, kGapOfPub);
  if (count != 3 && count != 4) return PubStatus::kBadCount;
  out->subject = part[0];
  out->reply = count == 4 ? part[1] : std::string_view{};
  out->header_text = part[count - 2];
  out->size_text = part[count - 1];
  out->header_size = ReadSize(out->header_text);
  out->size = ReadSize(out->size_text);
  if (out->header_size < 0) return PubStatus::kBadHeaderSize;
  if (out->size < 0) return PubStatus::kBadSize;
  return out->header_size > out->size ? PubStatus::kHeaderBeyondSize : PubStatus::kOk;
}

bool ReadSub(std::string_view args, SubArgs* out) {
  std::string_view part[3];
  const size_t count = Split(args, part, kGapOfSub);
  if (count != 2 && count != 3) return false;
  out->subject = part[0];
  out->queue = count == 3 ? part[1] : std::string_view{};
  out->sid = part[count - 1];
  return true;
}

bool ReadUnsub(std::string_view args, UnsubArgs* out) {
  std::string_view part[2];
  const size_t count = Split(args, part, kGapOfSub);
  if (count != 1 && count != 2) return false;
  out->sid = part[0];
  out->max = count == 2 ? ReadSize(part[1]) : -1;
  return true;
}

}  // namespace dunlin::wire
