// Text in a scenario with parts that are filled in (when it is sent) or found out (when it is
// expected).
//
//   alice > PUB $inbox # | ${x*100}         '|' CR LF, '#' a size, $inbox a variable, ${..*..}
//   repeated alice < MSG foo * $reply ${1..9} | ...  '*' a word, $reply captured or equal, a
//   number, any bytes
//
// What is special depends on where the text stands: see TextKind.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/problem.h"

namespace dunlin::scenario {

enum class TextKind : uint8_t {
  kSend,          // Variables, escapes, '|', '#'.
  kExpect,        // Likewise, and patterns: '*', '...', ranges, captures.
  kSendQuoted,    // As kSend, but '|' and '#' are themselves: the pieces of '>>'.
  kExpectQuoted,  // As kExpect, but '|', '#' and '*' are themselves: option values, JSON strings.
  kConfig,        // Only ${...}; '$${' stays as '${'.
};

struct Piece {
  enum class Kind : uint8_t {
    kLiteral,   // 'text'.
    kVariable,  // The value of 'text' (and its 'field': ${alice.cid}); when expected and unknown, a
                // capture.
    kSum,       // The number that variable 'text' holds, plus 'low'.
    kRepeated,  // 'text', 'low' times, or as often as variable 'field' says.
    kSize,      // Sent: the size of the headers or of the whole payload. Expected: any number.
    kAnyWord,   // One or more bytes, none of them blank.
    kAnyRun,    // Any bytes, also none.
    kRange,     // A number from 'low' to 'high', but not 'excluded'.
  };
  Kind kind = Kind::kLiteral;
  Position at;
  std::string text;
  std::string field;
  int64_t low = 0;
  int64_t high = 0;
  std::optional<int64_t> excluded;
};

struct Text {
  Position at;
  std::vector<Piece> pieces;
};

// What a repeated text may grow to.
inline constexpr int64_t kRepeatedBytesMax = 128 * 1024 * 1024;

// Parses 'source', which stands at 'at'. On failure 'problem' says why.
[[nodiscard]] std::optional<Text> ParseText(std::string_view source, Position at, TextKind kind,
                                            Problem* problem);

// Reads a comparison such as '>= 5', '< 3', '!= 0' or '1..9' into a kRange piece; nothing if it is
// none.
[[nodiscard]] std::optional<Piece> ParseRange(std::string_view source);

// Whether a number, given as text, is in the range.
[[nodiscard]] bool InRange(const Piece& range, std::string_view number);

// Whether 'name' can be a variable, a client or a server: letters, digits, '_' and '-', a letter
// first.
[[nodiscard]] bool IsName(std::string_view name);

// Where variables get their values. Fields are looked up on things that the scenario names.
class Names {
 public:
  virtual ~Names() = default;
  virtual std::optional<std::string> Find(std::string_view name, std::string_view field) const = 0;
};

using Captures = std::map<std::string, std::string, std::less<>>;

// The text to send. An unknown variable or a wrong number is the problem.
[[nodiscard]] std::optional<std::string> Render(const Text& text, const Names& names,
                                                Problem* problem);

// Whether 'bytes' are what 'text' says, all of them. New captures are added only if so.
[[nodiscard]] bool Matches(const Text& text, std::string_view bytes, const Names& names,
                           Captures* captures);

// The pattern as a person reads it in a failure: variables filled in, repeated text shortened.
[[nodiscard]] std::string Describe(const Text& text, const Names& names);

// Bytes as a person reads them: CR LF as ' | ', other control bytes escaped, long runs shortened.
[[nodiscard]] std::string Printable(std::string_view bytes);

}  // namespace dunlin::scenario
