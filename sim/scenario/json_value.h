// JSON as it was received. Keeps what a comparison to the byte needs: the order of fields and the
// exact spelling of numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::scenario {

struct JsonField;

struct JsonValue {
  enum class Kind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;  // 'true' or 'false', a number as written, a string without its escapes.
  std::vector<JsonValue> items;
  std::vector<JsonField> fields;

  // nullptr: there is no such field.
  const JsonValue* Field(std::string_view name) const;
};

struct JsonField {
  std::string first;
  JsonValue second;
};

// Nesting that is still read.
inline constexpr int kJsonDepthMax = 64;

// Nothing, and a sentence in 'error', if 'text' is not one JSON value.
[[nodiscard]] std::optional<JsonValue> ParseJson(std::string_view text, std::string* error);

// On one line, for failures; cut after 'bytes_max'.
[[nodiscard]] std::string ToText(const JsonValue& value, size_t bytes_max = 2000);

}  // namespace dunlin::scenario
