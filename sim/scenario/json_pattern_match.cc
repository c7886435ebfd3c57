#include "sim/scenario/json_pattern.h"

namespace dunlin::scenario {
namespace {

using Kind = JsonPattern::Kind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsInt(const JsonValue& value) {
  return value.kind == JsonValue::Kind::kNumber &&
         value.text.find_first_of(".eE") == std::string::npos;
}

// RFC 3339 with optional fraction, in UTC or with an offset.
bool LooksLikeTime(std::string_view s) {
  static constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (s.size() <= kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); i++) {
    if (kShape[i] == 'd' ? !IsDigit(s[i]) : s[i] != kShape[i]) return false;
  }
  s.remove_prefix(kShape.size());
  if (s[0] == '.') {
    size_t digits = 1;
    while (digits < s.size() && IsDigit(s[digits])) digits++;
    if (digits == 1 || digits > 10) return false;
    s.remove_prefix(digits);
  }
  return s == "Z" || (s.size() == 6 && (s[0] == '+' || s[0] == '-'));
}

// As Go prints durations, or uptimes of monitoring ('1d2h3m4s').
bool LooksLikeDuration(std::string_view s) {
  if (s.starts_with("-")) s.remove_prefix(1);
  while (!s.empty()) {
    size_t digits = 0;
    while (digits < s.size() && (IsDigit(s[digits]) || s[digits] == '.')) digits++;
    if (digits == 0) return false;
    s.remove_prefix(digits);
    bool unit = false;
    for (const std::string_view u : {"ns", "\xC2\xB5s", "ms", "s", "m", "h", "d", "y"}) {
      if (!s.starts_with(u)) continue;
      s.remove_prefix(u.size());
      unit = true;
      break;
    }
    if (!unit) return false;
    if (s.empty()) return true;
  }
  return false;
}

std::string_view KindName(JsonValue::Kind kind) {
  switch (kind) {
    case JsonValue::Kind::kNull: return "null";
    case JsonValue::Kind::kBool: return "a bool";
    case JsonValue::Kind::kNumber: return "a number";
    case JsonValue::Kind::kString: return "a string";
    case JsonValue::Kind::kArray: return "an array";
    case JsonValue::Kind::kObject: return "an object";
  }
  return "";
}

class Comparison {
 public:
  Comparison(const Names& names, Captures* captures) : names_(names), captures_(captures) {}

  bool Check(const JsonPattern& pattern, const JsonValue& value, const std::string& path) {
    using V = JsonValue::Kind;
    switch (pattern.kind) {
      case Kind::kAny: return true;
      case Kind::kAbsent: return Fail(path, "absent", value);
      case Kind::kNull: return value.kind == V::kNull || Fail(path, "null", value);
      case Kind::kBool:
        return (value.kind == V::kBool && value.text == pattern.text) ||
               Fail(path, pattern.text, value);
      case Kind::kNumber:
        return (value.kind == V::kNumber && value.text == pattern.text) ||
               Fail(path, pattern.text, value);
      case Kind::kString:
        return (value.kind == V::kString &&
                Matches(pattern.string, value.text, names_, captures_)) ||
               Fail(path, '"' + Describe(pattern.string, names_) + '"', value);
      case Kind::kVariable: return CheckVariable(pattern, value, path);
      case Kind::kRange:
        return (value.kind == V::kNumber && InRange(pattern.range, value.text)) ||
               Fail(path, Range(pattern.range), value);
      case Kind::kArray: return CheckArray(pattern, value, path);
      case Kind::kObject: return CheckObject(pattern, value, path);
      default: return CheckType(pattern, value, path);
    }
  }

  std::string TakeProblem() { return std::move(problem_); }

 private:
  bool CheckType(const JsonPattern& pattern, const JsonValue& value, const std::string& path) {
    using V = JsonValue::Kind;
    bool good = false;
    size_t size = 0;
    switch (pattern.kind) {
      case Kind::kAnyString:
        good = value.kind == V::kString;
        size = value.text.size();
        break;
      case Kind::kAnyArray:
        good = value.kind == V::kArray;
        size = value.items.size();
        break;
      case Kind::kAnyInt: good = IsInt(value); break;
      case Kind::kAnyNumber: good = value.kind == V::kNumber; break;
      case Kind::kAnyBool: good = value.kind == V::kBool; break;
      case Kind::kAnyObject: good = value.kind == V::kObject; break;
      case Kind::kTime: good = value.kind == V::kString && LooksLikeTime(value.text); break;
      case Kind::kDuration: good = value.kind == V::kString && LooksLikeDuration(value.text); break;
      default: break;
    }
    if (good && pattern.sized) good = InRange(pattern.range, std::to_string(size));
    if (good) return true;
    return Fail(path, pattern.text + (pattern.sized ? " of size " + Range(pattern.range) : ""),
                value);
  }

  bool CheckVariable(const JsonPattern& pattern, const JsonValue& value, const std::string& path) {
    if (value.kind == JsonValue::Kind::kArray || value.kind == JsonValue::Kind::kObject) {
      return Fail(path, "a value that can be captured", value);
    }
    // A captured string may hold blanks, unlike a captured word of a line.
    const Piece& piece = pattern.string.pieces[0];
    const bool plain = pattern.string.pieces.size() == 1 && piece.kind == Piece::Kind::kVariable &&
                       piece.field.empty() && captures_->find(piece.text) == captures_->end();
    if (plain && !names_.Find(piece.text, "")) {
      (*captures_)[piece.text] = value.text;
      return true;
    }
    return Matches(pattern.string, value.text, names_, captures_) ||
           Fail(path, Describe(pattern.string, names_), value);
  }

  bool CheckArray(const JsonPattern& pattern, const JsonValue& value, const std::string& path) {
    if (value.kind != JsonValue::Kind::kArray) return Fail(path, "an array", value);
    if (pattern.order == JsonPattern::Order::kAny) return CheckUnordered(pattern, value, path);
    for (size_t i = 0; i < pattern.items.size(); i++) {
      const std::string item = path + "[" + std::to_string(i) + "]";
      if (i >= value.items.size())
        return FailText(item, "expected, but there are fewer items", value);
      if (!Check(pattern.items[i], value.items[i], item)) return false;
    }
    return CheckItemCount(pattern, value, path);
  }

  // Takes the first item that fits, in the order of the pattern: enough for distinct patterns.
  bool CheckUnordered(const JsonPattern& pattern, const JsonValue& value, const std::string& path) {
    std::vector<bool> taken(value.items.size());
    for (size_t i = 0; i < pattern.items.size(); i++) {
      bool found = false;
      for (size_t j = 0; j < value.items.size() && !found; j++) {
        const Captures before = *captures_;
        if (!taken[j] && Check(pattern.items[i], value.items[j], path)) {
          taken[j] = found = true;
        } else {
          *captures_ = before;
        }
      }
      if (!found) {
        return FailText(path, "no item fits number " + std::to_string(i + 1) + " of the pattern",
                        value);
      }
    }
    problem_.clear();
    return CheckItemCount(pattern, value, path);
  }

  bool CheckItemCount(const JsonPattern& pattern, const JsonValue& value, const std::string& path) {
    return pattern.extent == JsonPattern::Extent::kAtLeast ||
           pattern.items.size() == value.items.size() ||
           FailText(path, "expected " + std::to_string(pattern.items.size()) + " items", value);
  }

  bool CheckObject(const JsonPattern& pattern, const JsonValue& value, const std::string& path) {
    if (value.kind != JsonValue::Kind::kObject) return Fail(path, "an object", value);
    const std::string prefix = path.empty() ? "" : path + ".";
    size_t present = 0;
    for (const auto& [name, field] : pattern.fields) {
      const JsonValue* got = value.Field(name);
      if (got == nullptr) {
        if (field.kind == Kind::kAbsent) continue;
        return FailText(prefix + name, "expected, but there is no such field", value);
      }
      if (!Check(field, *got, prefix + name)) return false;
      if (pattern.extent == JsonPattern::Extent::kExactly && value.fields[present].first != name) {
        return FailText(prefix + name,
                        "expected in place " + std::to_string(present + 1) + ", where '" +
                            value.fields[present].first + "' is",
                        value);
      }
      present++;
    }
    if (pattern.extent == JsonPattern::Extent::kExactly && present != value.fields.size()) {
      return FailText(prefix + value.fields[present].first, "not expected", value);
    }
    return true;
  }

  static std::string Range(const Piece& range) {
    Text text;
    text.pieces.push_back(range);
    class None : public Names {
      std::optional<std::string> Find(std::string_view, std::string_view) const override {
        return std::nullopt;
      }
    };
    return Describe(text, None());
  }

  bool Fail(const std::string& path, const std::string& expected, const JsonValue& value) {
    problem_ = (path.empty() ? "the value" : path) + ": expected " + expected + ", got " +
               std::string(KindName(value.kind)) + ": " + ToText(value, 300);
    return false;
  }
  bool FailText(const std::string& path, const std::string& what, const JsonValue& value) {
    problem_ = (path.empty() ? "the value" : path) + ": " + what + ", in " + ToText(value, 600);
    return false;
  }

  const Names& names_;
  Captures* captures_;
  std::string problem_;
};

}  // namespace

std::string Mismatch(const JsonPattern& pattern, const JsonValue& value, const Names& names,
                     Captures* captures) {
  Captures tried = *captures;
  Comparison check(names, &tried);
  if (!check.Check(pattern, value, "")) return check.TakeProblem();
  *captures = std::move(tried);
  return "";
}

}  // namespace dunlin::scenario
