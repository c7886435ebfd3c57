// Reads JSON that a peer has sent, as the reference's decoder (Go's encoding/json) reads it:
// members in their order with repeated names, bytes that are not UTF-8 and lone surrogates replaced
// instead of refused, numbers of any size as long as nobody wants their value.
//
// Nothing is copied but strings. Views point into the text. https://www.rfc-editor.org/rfc/rfc8259
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::wire {

enum class JsonKind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

// Deeper nesting is refused.
inline constexpr int kJsonDepthMax = 10'000;

// One whole value that is known to be right.
struct JsonText {
  JsonKind kind = JsonKind::kNull;
  std::string_view text;  // Without blanks around it.

  // REQUIRES: kind is kBool.
  bool Bool() const { return text[0] == 't'; }
  // Absent: no integer ('1.0' and '1e0' are none), or none of 64 bits. REQUIRES: kind is kNumber.
  [[nodiscard]] std::optional<int64_t> Int() const;
  // Without quotes and escapes. REQUIRES: kind is kString.
  [[nodiscard]] std::string String() const;
};

// Absent: not one JSON value.
[[nodiscard]] std::optional<JsonText> ReadJson(std::string_view text);

// Takes the members of an object or array one by one.
class JsonMembers {
 public:
  // REQUIRES: 'container' came from ReadJson() or Next(), and is an object or array.
  explicit JsonMembers(JsonText container);

  // False: there are no more. 'name' stays empty in an array.
  bool Next(std::string* name, JsonText* value);

 private:
  const bool object_;
  std::string_view rest_;
};

// Whether two names of members are one to the reference: by letters in any case, and by those two
// that Unicode folds into ASCII (the long s, the Kelvin sign). 'wanted' is ASCII in lower case.
[[nodiscard]] bool SameJsonName(std::string_view name, std::string_view wanted);

}  // namespace dunlin::wire
