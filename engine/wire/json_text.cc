#include "engine/wire/json_text.h"

#include <charconv>

#include "engine/base/check.h"
#include "engine/base/utf8.h"

namespace dunlin::wire {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hex digits at the start of 'text'; -1 if they are none.
int32_t ReadHex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexValue(text[static_cast<size_t>(i)]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// Walks over a text; each function takes one thing off, or says that it is not there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }
  bool done() const { return rest_.empty(); }

  void SkipBlanks() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_[0]) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }

  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // A value at the very start of the rest.
  std::optional<JsonText> Value(int depth) {
    const std::string_view start = rest_;
    const auto taken = [&](JsonKind kind) {
      return JsonText{kind, start.substr(0, start.size() - rest_.size())};
    };
    if (rest_.empty()) return std::nullopt;
    switch (rest_[0]) {
      case '{':
        if (!Container('}', depth)) return std::nullopt;
        return taken(JsonKind::kObject);
      case '[':
        if (!Container(']', depth)) return std::nullopt;
        return taken(JsonKind::kArray);
      case '"':
        if (!String()) return std::nullopt;
        return taken(JsonKind::kString);
      case 't':
        if (!Word("true")) return std::nullopt;
        return taken(JsonKind::kBool);
      case 'f':
        if (!Word("false")) return std::nullopt;
        return taken(JsonKind::kBool);
      case 'n':
        if (!Word("null")) return std::nullopt;
        return taken(JsonKind::kNull);
      default:
        if (!Number()) return std::nullopt;
        return taken(JsonKind::kNumber);
    }
  }

  bool String() {
    if (!Take('"')) return false;
    while (!rest_.empty()) {
      const auto c = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c < 0x20) return false;
      if (c == '\\' && !Escape()) return false;
    }
    return false;
  }

 private:
  bool Word(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool Escape() {
    if (Take('u')) {
      if (ReadHex4(rest_) < 0) return false;
      rest_.remove_prefix(4);
      return true;
    }
    if (rest_.empty() || std::string_view("\"\\/bfnrt").find(rest_[0]) == std::string_view::npos)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool Digits() {
    if (rest_.empty() || !IsDigit(rest_[0])) return false;
    while (!rest_.empty() && IsDigit(rest_[0])) rest_.remove_prefix(1);
    return true;
  }

  bool Number() {
    (void)Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) (void)Take('-');
      return Digits();
    }
    return true;
  }

  bool Container(char end, int depth) {
    if (depth >= kJsonDepthMax) return false;
    rest_.remove_prefix(1);
    SkipBlanks();
    if (Take(end)) return true;
    while (true) {
      if (end == '}') {
        if (!String()) return false;
        SkipBlanks();
        if (!Take(':')) return false;
        SkipBlanks();
      }
      if (!Value(depth + 1)) return false;
      SkipBlanks();
      if (Take(end)) return true;
      if (!Take(',')) return false;
      SkipBlanks();
    }
  }

  std::string_view rest_;
};

// What a backslash stands for; 'text' begins behind it. Returns how many bytes it took.
size_t AppendEscaped(std::string_view text, std::string* out) {
  constexpr std::string_view kLetters = "bfnrt", kMeant = "\b\f\n\r\t";
  if (text[0] != 'u') {
    const size_t at = kLetters.find(text[0]);
    *out += at == kLetters.npos ? text[0] : kMeant[at];
    return 1;
  }
  constexpr size_t kSize = 5;  // 'u' and four digits.
  const int32_t first = ReadHex4(text.substr(1));
  if (first < 0xd800 || first > 0xdfff) {
    AppendRune(static_cast<char32_t>(first), out);
    return kSize;
  }
  if (first < 0xdc00 && text.substr(kSize).starts_with("\\u")) {
    const int32_t second = ReadHex4(text.substr(kSize + 2));
    if (second >= 0xdc00 && second <= 0xdfff) {
      AppendRune(static_cast<char32_t>(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)),
                 out);
      return kSize + 1 + kSize;
    }
  }
  AppendRune(kReplacementRune, out);
  return kSize;
}

}  // namespace

std::optional<int64_t> JsonText::Int() const {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string JsonText::String() const {
  std::string_view rest = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    size_t used;
    if (rest[0] == '\\') {
      used = 1 + AppendEscaped(rest.substr(1), &out);
    } else {
      const Rune rune = DecodeRune(rest);
      AppendRune(rune.value, &out);
      used = static_cast<size_t>(rune.bytes);
    }
    rest.remove_prefix(used);
  }
  return out;
}

std::optional<JsonText> ReadJson(std::string_view text) {
  Scanner scanner(text);
  scanner.SkipBlanks();
  const std::optional<JsonText> value = scanner.Value(0);
  scanner.SkipBlanks();
  return scanner.done() ? value : std::nullopt;
}

JsonMembers::JsonMembers(JsonText container)
    : object_(container.kind == JsonKind::kObject),
      rest_(container.text.substr(1, container.text.size() - 2)) {
  CHECK(object_ || container.kind == JsonKind::kArray);
}

bool JsonMembers::Next(std::string* name, JsonText* value) {
  Scanner scanner(rest_);
  scanner.SkipBlanks();
  if (scanner.done()) return false;
  name->clear();
  if (object_) {
    *name = scanner.Value(0)->String();
    scanner.SkipBlanks();
    CHECK(scanner.Take(':'));
    scanner.SkipBlanks();
  }
  *value = *scanner.Value(0);
  scanner.SkipBlanks();
  (void)scanner.Take(',');
  rest_ = scanner.rest();
  return true;
}

bool SameJsonName(std::string_view name, std::string_view wanted) {
  constexpr char32_t kLongS = 0x17f, kKelvin = 0x212a;
  for (const char want : wanted) {
    const Rune rune = DecodeRune(name);
    char32_t folded = rune.value;
    if (folded >= 'A' && folded <= 'Z') folded += 'a' - 'A';
    if (folded == kLongS) folded = 's';
    if (folded == kKelvin) folded = 'k';
    if (rune.bytes == 0 || folded != static_cast<char32_t>(want)) return false;
    name.remove_prefix(static_cast<size_t>(rune.bytes));
  }
  return name.empty();
}

}  // namespace dunlin::wire
