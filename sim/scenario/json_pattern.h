// What a JSON value must look like: a subset by default, with types, ranges and captures.
// scenarios/README.md shows the language.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/json_value.h"
#include "sim/scenario/problem.h"
#include "sim/scenario/text.h"

namespace dunlin::scenario {

struct JsonFieldPattern;

struct JsonPattern {
  enum class Kind : uint8_t {
    kAny,
    kAbsent,
    kNull,
    kBool,
    kNumber,
    kString,  // Equal to 'text' ('string' for kString).
    kAnyString,
    kAnyInt,
    kAnyNumber,
    kAnyBool,
    kAnyObject,
    kAnyArray,
    kTime,
    kDuration,
    kRange,
    kVariable,
    kArray,
    kObject,
  };
  enum class Extent : uint8_t { kExactly, kAtLeast };  // Of arrays and objects.
  enum class Order : uint8_t { kAsWritten, kAny };     // Of arrays.

  Kind kind = Kind::kAny;
  Position at;
  std::string text;
  Text string;  // kString and kVariable.
  Piece range;  // kRange; and the size of strings and arrays, if 'sized'.
  bool sized = false;
  Extent extent = Extent::kAtLeast;
  Order order = Order::kAsWritten;
  std::vector<JsonPattern> items;
  std::vector<JsonFieldPattern> fields;
};

struct JsonFieldPattern {
  std::string first;
  JsonPattern second;
};

// Parses one pattern from the start of 'source', which stands at 'at' and may go on behind the
// pattern; 'consumed' tells how far it reaches. On failure 'problem' says why.
[[nodiscard]] std::optional<JsonPattern> ParseJsonPattern(std::string_view source, Position at,
                                                          size_t* consumed, Problem* problem);

// Empty if 'value' is what 'pattern' says; else where it is not, such as 'connections[0].cid: ...'.
[[nodiscard]] std::string Mismatch(const JsonPattern& pattern, const JsonValue& value,
                                   const Names& names, Captures* captures);

// Every text in the pattern, to check its variables.
void CollectTexts(const JsonPattern& pattern, std::vector<const Text*>* texts);

}  // namespace dunlin::scenario
