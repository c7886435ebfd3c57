#include "sim/scenario/json_pattern.h"

namespace dunlin::scenario {
namespace {

using Kind = JsonPattern::Kind;

struct TypeWord {
  std::string_view word;
  Kind kind;
};
constexpr TypeWord kTypeWords[] = {
    {"any", Kind::kAny},           {"absent", Kind::kAbsent},    {"null", Kind::kNull},
    {"true", Kind::kBool},         {"false", Kind::kBool},       {"string", Kind::kAnyString},
    {"int", Kind::kAnyInt},        {"number", Kind::kAnyNumber}, {"bool", Kind::kAnyBool},
    {"object", Kind::kAnyObject},  {"array", Kind::kAnyArray},   {"time", Kind::kTime},
    {"duration", Kind::kDuration},
};

class PatternParser {
 public:
  PatternParser(std::string_view source, Position at, Problem* problem)
      : source_(source), line_(at.line), column_(at.column), problem_(problem) {}

  bool Parse(JsonPattern* out) { return ParseValue(out, 0); }
  size_t consumed() const { return pos_; }

 private:
  bool ParseValue(JsonPattern* out, int depth) {
    SkipBlanks();
    out->at = Here();
    if (depth > kJsonDepthMax) return Fail("nested too deep");
    if (AtEnd()) return Fail("the JSON pattern does not end; expected a value");
    const char c = Peek();
    if (c == '{') return ParseObject(out, depth);
    if (c == '[') return ParseArray(out, depth);
    if (c == '"') return ParseString(out);
    if (c == '$') return ParseVariable(out);
    if (TakeWord("exactly")) {
      SkipBlanks();
      if (AtEnd() || Peek() != '{') return Fail("expected '{' after 'exactly'");
      out->extent = JsonPattern::Extent::kExactly;
      return ParseObject(out, depth);
    }
    if (TakeWord("any order")) {
      SkipBlanks();
      if (AtEnd() || Peek() != '[') return Fail("expected '[' after 'any order'");
      out->order = JsonPattern::Order::kAny;
      return ParseArray(out, depth);
    }
    return ParseScalar(out);
  }

  bool ParseObject(JsonPattern* out, int depth) {
    const Position open = Here();
    out->kind = Kind::kObject;
    Advance(1);
    while (true) {
      SkipSeparators();
      if (AtEnd()) return FailAt(open, "this '{' has no '}'");
      if (Peek() == '}') {
        Advance(1);
        return true;
      }
      auto& field = out->fields.emplace_back();
      if (!ParseFieldName(&field.first)) return false;
      SkipBlanks();
      if (AtEnd() || Peek() != ':')
        return Fail("expected ':' after the field '" + field.first + "'");
      Advance(1);
      if (!ParseValue(&field.second, depth + 1)) return false;
    }
  }

  bool ParseFieldName(std::string* name) {
    if (Peek() == '"') {
      const size_t close = source_.find('"', pos_ + 1);
      if (close == std::string_view::npos) return Fail("a field name without its closing '\"'");
      *name = source_.substr(pos_ + 1, close - pos_ - 1);
      Advance(close + 1 - pos_);
      return true;
    }
    *name = TakeNameChars();
    return !name->empty() || Fail("expected a field name or '}'");
  }

  bool ParseArray(JsonPattern* out, int depth) {
    const Position open = Here();
    out->kind = Kind::kArray;
    out->extent = JsonPattern::Extent::kExactly;
    Advance(1);
    while (true) {
      SkipSeparators();
      if (AtEnd()) return FailAt(open, "this '[' has no ']'");
      if (Peek() == ']') {
        Advance(1);
        return true;
      }
      if (source_.substr(pos_).starts_with("...")) {
        Advance(3);
        SkipSeparators();
        if (AtEnd() || Peek() != ']') return Fail("expected ']' after '...'");
        out->extent = JsonPattern::Extent::kAtLeast;
        continue;
      }
      if (!ParseValue(&out->items.emplace_back(), depth + 1)) return false;
    }
  }

  bool ParseString(JsonPattern* out) {
    const Position start{line_, column_ + 1};
    size_t end = pos_ + 1;
    while (end < source_.size() && source_[end] != '"' && source_[end] != '\n') {
      end += source_[end] == '\\' ? 2 : 1;
    }
    if (end >= source_.size() || source_[end] != '"')
      return Fail("a string without its closing '\"'");
    const auto text = ParseText(source_.substr(pos_ + 1, end - pos_ - 1), start,
                                TextKind::kExpectQuoted, problem_);
    if (!text) return false;
    out->kind = Kind::kString;
    out->string = *text;
    Advance(end + 1 - pos_);
    return true;
  }

  bool ParseVariable(JsonPattern* out) {
    size_t end = pos_ + 1;
    if (end < source_.size() && source_[end] == '{') {
      end = source_.find('}', end);
      if (end == std::string_view::npos) return Fail("'${' without its '}'");
      end++;
    } else {
      while (end < source_.size() && IsName(source_.substr(pos_ + 1, end - pos_))) end++;
    }
    const auto text =
        ParseText(source_.substr(pos_, end - pos_), Here(), TextKind::kExpectQuoted, problem_);
    if (!text) return false;
    if (text->pieces.size() == 1 && text->pieces[0].kind == Piece::Kind::kRange) {
      out->kind = Kind::kRange;
      out->range = text->pieces[0];
    } else {
      out->kind = Kind::kVariable;
      out->string = *text;
    }
    Advance(end - pos_);
    return true;
  }

  // A number, a range, or a word for a type.
  bool ParseScalar(JsonPattern* out) {
    if (std::string_view("<>!").find(Peek()) != std::string_view::npos) return ParseComparison(out);
    size_t end = pos_;
    while (end < source_.size() &&
           std::string_view(" \t\r\n,}])(").find(source_[end]) == std::string_view::npos) {
      end++;
    }
    const std::string_view word = source_.substr(pos_, end - pos_);
    if (const auto range = ParseRange(word)) {
      out->kind = Kind::kRange;
      out->range = *range;
      Advance(word.size());
      return true;
    }
    if (!word.empty() && word.find_first_not_of("+-.0123456789eE") == std::string_view::npos) {
      out->kind = Kind::kNumber;
      out->text = word;
      Advance(word.size());
      return true;
    }
    for (const TypeWord& type : kTypeWords) {
      if (type.word != word) continue;
      out->kind = type.kind;
      out->text = word;
      Advance(word.size());
      return ParseSize(out);
    }
    return Fail("'" + std::string(word.substr(0, 40)) +
                "' is no value; expected a number, \"text\", true, false, null, {...}, [...], a "
                "comparison (> 5, 1..9), $name, or one of any, absent, string, int, number, bool, "
                "object, array, time, duration");
  }

  bool ParseComparison(JsonPattern* out) {
    size_t end = pos_ + 1;
    if (end < source_.size() && source_[end] == '=') end++;
    while (end < source_.size() && source_[end] == ' ') end++;
    while (end < source_.size() &&
           std::string_view("-0123456789").find(source_[end]) != std::string_view::npos) {
      end++;
    }
    const auto range = ParseRange(source_.substr(pos_, end - pos_));
    if (!range) return Fail("expected a whole number after the comparison");
    out->kind = Kind::kRange;
    out->range = *range;
    Advance(end - pos_);
    return true;
  }

  // The '(56)' of 'string(56)' and 'array(>2)'.
  bool ParseSize(JsonPattern* out) {
    if (AtEnd() || Peek() != '(') return true;
    const size_t close = source_.find(')', pos_);
    if (out->kind != Kind::kAnyString && out->kind != Kind::kAnyArray) {
      return Fail("only 'string' and 'array' have a size");
    }
    if (close == std::string_view::npos) return Fail("this '(' has no ')'");
    const std::string inside(source_.substr(pos_ + 1, close - pos_ - 1));
    auto range = ParseRange(inside);
    if (!range) range = ParseRange(inside + ".." + inside);
    if (!range) return Fail("a size is a number or a comparison, such as (56) or (>2)");
    out->range = *range;
    out->sized = true;
    Advance(close + 1 - pos_);
    return true;
  }

  std::string TakeNameChars() {
    const size_t from = pos_;
    while (!AtEnd() && (IsName(source_.substr(pos_, 1)) || Peek() == '-' || Peek() == '$' ||
                        (Peek() >= '0' && Peek() <= '9'))) {
      Advance(1);
    }
    return std::string(source_.substr(from, pos_ - from));
  }

  bool TakeWord(std::string_view word) {
    if (!source_.substr(pos_).starts_with(word)) return false;
    const size_t end = pos_ + word.size();
    if (end < source_.size() && IsName(source_.substr(end, 1))) return false;
    Advance(word.size());
    return true;
  }

  void SkipBlanks() {
    while (!AtEnd()) {
      if (Peek() == '#') {
        while (!AtEnd() && Peek() != '\n') Advance(1);
      } else if (std::string_view(" \t\r\n").find(Peek()) != std::string_view::npos) {
        Advance(1);
      } else {
        return;
      }
    }
  }
  void SkipSeparators() {
    SkipBlanks();
    while (!AtEnd() && Peek() == ',') {
      Advance(1);
      SkipBlanks();
    }
  }

  bool AtEnd() const { return pos_ >= source_.size(); }
  char Peek() const { return source_[pos_]; }
  Position Here() const { return {line_, column_}; }
  void Advance(size_t count) {
    for (size_t i = 0; i < count; i++, pos_++) {
      column_++;
      if (source_[pos_] == '\n') {
        line_++;
        column_ = 1;
      }
    }
  }
  bool Fail(std::string text) { return FailAt(Here(), std::move(text)); }
  bool FailAt(Position at, std::string text) {
    *problem_ = {at, std::move(text)};
    return false;
  }

  std::string_view source_;
  size_t pos_ = 0;
  int line_;
  int column_;
  Problem* problem_;
};

}  // namespace

std::optional<JsonPattern> ParseJsonPattern(std::string_view source, Position at, size_t* consumed,
                                            Problem* problem) {
  PatternParser parser(source, at, problem);
  JsonPattern pattern;
  if (!parser.Parse(&pattern)) return std::nullopt;
  *consumed = parser.consumed();
  return pattern;
}

void CollectTexts(const JsonPattern& pattern, std::vector<const Text*>* texts) {
  if (pattern.kind == Kind::kString || pattern.kind == Kind::kVariable) {
    texts->push_back(&pattern.string);
  }
  for (const JsonPattern& item : pattern.items) CollectTexts(item, texts);
  for (const auto& [name, field] : pattern.fields) CollectTexts(field, texts);
}

}  // namespace dunlin::scenario
