// Writes JSON text piece by piece, exactly as Go's encoding/json prints it: what clients and tools
// of the reference see of INFO, of the monitoring pages and of system events.
//
//   std::string text;
//   JsonOut json(&text, JsonStyle::kIndent2);
//   json.BeginObject();
//   json.String("name", "a<b");         // "name": "a\u003cb"
//   json.BeginArray("ports");
//   json.Int(4222);
//   json.EndArray();
//   json.EndObject();
//
// The text grows at the end only, so the owner may take away what is there between two calls and go
// on: a long listing is written in slices. Nothing is checked but nesting; leaving out empty
// members is the caller's affair.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin {

enum class JsonStyle : uint8_t {
  kCompact,  // No white space: json.Marshal.
  kIndent2,  // json.MarshalIndent(v, "", "  "), as most monitoring pages are.
  kIndent3,  // Three spaces, as /ipqueuesz and /raftz are.
};

class JsonOut {
 public:
  // REQUIRES: 'out' outlives this.
  JsonOut(std::string* out, JsonStyle style);

  // Values: the whole document, or the next element of the array that is open.
  void BeginObject();
  void BeginArray();
  void String(std::string_view value);
  void Int(int64_t value);
  void Uint(uint64_t value);
  void Bool(bool value);
  void Double(double value);  // What JSON has no number for (NaN, infinities) becomes null.
  void Null();
  void Raw(std::string_view json);  // A value that is JSON already.

  // The same as members of the object that is open.
  void BeginObject(std::string_view key);
  void BeginArray(std::string_view key);
  void String(std::string_view key, std::string_view value);
  void Int(std::string_view key, int64_t value);
  void Uint(std::string_view key, uint64_t value);
  void Bool(std::string_view key, bool value);
  void Double(std::string_view key, double value);
  void Null(std::string_view key);
  void Raw(std::string_view key, std::string_view json);

  void EndObject();
  void EndArray();

  // Objects and arrays that are open.
  size_t depth() const { return levels_.size(); }

 private:
  struct Level {
    char close;
    bool empty;
  };

  void Begin(char open, char close);
  void End(char close);
  void BeforeElement();
  void Key(std::string_view key);
  void NewLine();

  std::string* out_;
  const int indent_;  // Spaces a level; 0: all on one line.
  std::vector<Level> levels_;
};

// Appends 'value' in quotes, escaped as Go's encoder does: <, >, & and U+2028, U+2029 as \uXXXX, so
// that the text may stand in HTML; each byte that is not part of valid UTF-8 as \ufffd.
void AppendJsonString(std::string_view value, std::string* out);

// Appends the shortest digits that read back as 'value'; with an exponent below 1e-6 and from 1e21
// on.
void AppendJsonDouble(double value, std::string* out);

}  // namespace dunlin
