#include "sim/scenario/text.h"

#include <charconv>

namespace dunlin::scenario {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsNameChar(char c) {
  return IsLower(c) || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '-';
}

std::string_view Trimmed(std::string_view s) {
  while (!s.empty() && IsBlank(s.front())) s.remove_prefix(1);
  while (!s.empty() && IsBlank(s.back())) s.remove_suffix(1);
  return s;
}

std::optional<int64_t> ToNumber(std::string_view s) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc() || end != s.data() + s.size() || s.empty()) return std::nullopt;
  return value;
}

// Parses one text. Keeps the position in the source for problems.
class TextParser {
 public:
  TextParser(std::string_view source, Position at, TextKind kind, Problem* problem)
      : source_(source), at_(at), kind_(kind), problem_(problem) {}

  std::optional<Text> Parse() {
    Text text;
    text.at = at_;
    if (!PipesSplit()) {
      if (!ParsePart(0, source_.size())) return std::nullopt;
    } else if (!ParseParts()) {
      return std::nullopt;
    }
    text.pieces = std::move(pieces_);
    return text;
  }

 private:
  bool PipesSplit() const { return kind_ == TextKind::kSend || kind_ == TextKind::kExpect; }
  bool Expecting() const { return kind_ == TextKind::kExpect || kind_ == TextKind::kExpectQuoted; }

  // '|' separates parts; blanks around it do not count.
  bool ParseParts() {
    size_t from = 0;
    for (size_t i = 0;; i++) {
      const bool end = i >= source_.size();
      if (!end && source_[i] == '\\') {
        i++;
        continue;
      }
      if (!end && source_[i] == '$' && i + 1 < source_.size() && source_[i + 1] == '{') {
        const size_t close = source_.find('}', i);
        if (close != std::string_view::npos) i = close;
        continue;
      }
      if (!end && source_[i] != '|') continue;
      const size_t to = end ? source_.size() : i;
      const std::string_view part = Trimmed(source_.substr(from, to - from));
      const size_t start = part.empty() ? from : static_cast<size_t>(part.data() - source_.data());
      part_++;
      if (!ParsePart(start, start + part.size())) return false;
      if (end) return true;
      AddLiteral("\r\n", i);
      from = i + 1;
    }
  }

  bool ParsePart(size_t from, size_t to) {
    sized_ = PipesSplit() && part_ == 1 && HasSizes(source_.substr(from, to - from));
    pos_ = from;
    part_from_ = from;
    end_ = to;
    while (pos_ < end_) {
      if (!ParseOne()) return false;
    }
    return true;
  }

  static bool HasSizes(std::string_view line) {
    const std::string_view verb = line.substr(0, line.find_first_of(" \t"));
    return verb == "PUB" || verb == "HPUB" || verb == "MSG" || verb == "HMSG";
  }

  // Whether the one character at 'pos_' is a word of its own.
  bool LoneWord() const {
    return (pos_ == part_from_ || IsBlank(source_[pos_ - 1])) &&
           (pos_ + 1 >= end_ || IsBlank(source_[pos_ + 1]));
  }

  bool ParseOne() {
    const char c = source_[pos_];
    if (c == '$') return ParseDollar();
    if (kind_ == TextKind::kConfig) return TakeLiteral(1);
    if (c == '\\') return ParseEscape();
    if (c == '#' && sized_ && LoneWord()) return Take(Piece::Kind::kSize, 1);
    if (kind_ == TextKind::kExpect && c == '*' && LoneWord()) return Take(Piece::Kind::kAnyWord, 1);
    if (Expecting() && source_.substr(pos_, end_ - pos_).starts_with("...")) {
      return Take(Piece::Kind::kAnyRun, 3);
    }
    return TakeLiteral(1);
  }

  bool Take(Piece::Kind kind, size_t size) {
    Add(kind);
    pos_ += size;
    return true;
  }

  bool TakeLiteral(size_t size) {
    AddLiteral(source_.substr(pos_, size), pos_);
    pos_ += size;
    return true;
  }

  bool ParseEscape() {
    if (pos_ + 1 >= end_) return Fail("a '\\' at the end; write '\\\\' for a backslash");
    const char c = source_[pos_ + 1];
    static constexpr std::string_view kFrom = "rnt0s\\|$*#.\"", kTo("\r\n\t\0 \\|$*#.\"", 12);
    if (c == 'x') {
      int value = 0;
      const char* digits = source_.data() + pos_ + 2;
      if (pos_ + 4 > end_ || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) {
        return Fail("'\\x' takes two hexadecimal digits");
      }
      AddLiteral(std::string(1, static_cast<char>(value)), pos_);
      pos_ += 4;
      return true;
    }
    const size_t index = kFrom.find(c);
    if (index == std::string_view::npos) {
      return Fail(std::string("unknown escape '\\") + c +
                  "'; there are \\r \\n \\t \\0 \\s \\xHH \\\\ \\| \\$ \\* \\# \\. \\\"");
    }
    AddLiteral(kTo.substr(index, 1), pos_);
    pos_ += 2;
    return true;
  }

  bool ParseDollar() {
    const bool config = kind_ == TextKind::kConfig;
    if (config && source_.substr(pos_).starts_with("$${")) {
      AddLiteral("${", pos_);
      pos_ += 3;
      return true;
    }
    if (pos_ + 1 < end_ && source_[pos_ + 1] == '{') return ParseBraces();
    if (config || pos_ + 1 >= end_ || !IsLower(source_[pos_ + 1])) return TakeLiteral(1);
    size_t to = pos_ + 1;
    while (to < end_ && IsNameChar(source_[to]) && source_[to] != '-') to++;
    Add(Piece::Kind::kVariable).text = source_.substr(pos_ + 1, to - pos_ - 1);
    pos_ = to;
    return true;
  }

  bool ParseBraces() {
    const size_t close = source_.find('}', pos_);
    if (close == std::string_view::npos || close >= end_) return Fail("'${' without its '}'");
    const std::string_view inside = Trimmed(source_.substr(pos_ + 2, close - pos_ - 2));
    if (!ParseExpression(inside)) return false;
    pos_ = close + 1;
    return true;
  }

  bool ParseExpression(std::string_view inside) {
    if (const auto star = inside.rfind('*'); star != std::string_view::npos) {
      return ParseRepeated(inside.substr(0, star), inside.substr(star + 1));
    }
    if (auto range = ParseRange(inside)) {
      if (!Expecting()) return Fail("a range of numbers can be expected, not sent");
      range->at = Here(pos_);
      pieces_.push_back(*range);
      return true;
    }
    if (const auto sign = inside.find_first_of("+-"); sign != std::string_view::npos && sign > 0) {
      const auto number = ToNumber(inside.substr(sign + 1));
      if (number && IsName(inside.substr(0, sign))) {
        Piece& piece = Add(Piece::Kind::kSum);
        piece.text = inside.substr(0, sign);
        piece.low = inside[sign] == '-' ? -*number : *number;
        return true;
      }
    }
    const size_t dot = inside.find('.');
    const std::string_view name = inside.substr(0, dot);
    const std::string_view field =
        dot == std::string_view::npos ? std::string_view() : inside.substr(dot + 1);
    if (!IsName(name) || (dot != std::string_view::npos && !IsName(field))) {
      return Fail("'${" + std::string(inside) +
                  "}' is not understood; there are ${name}, ${name.field}, ${name+1}, ${text*100}" +
                  (Expecting() ? ", ${1..9}, ${>=5}" : ""));
    }
    Piece& piece = Add(Piece::Kind::kVariable);
    piece.text = name;
    piece.field = field;
    return true;
  }

  bool ParseRepeated(std::string_view what, std::string_view count) {
    Problem inner;
    const auto unescaped = ParseText(what, Here(pos_ + 2), TextKind::kSendQuoted, &inner);
    if (!unescaped) return Fail(inner.text);
    std::string text;
    for (const Piece& piece : unescaped->pieces) {
      if (piece.kind != Piece::Kind::kLiteral) return Fail("only plain text can be repeated");
      text += piece.text;
    }
    Piece piece;
    piece.kind = Piece::Kind::kRepeated;
    piece.at = Here(pos_);
    piece.text = text;
    if (const auto number = ToNumber(count)) {
      piece.low = *number;
      if (*number < 0 || *number * static_cast<int64_t>(text.size()) > kRepeatedBytesMax) {
        return Fail("a repeated text has at most 134217728 bytes");
      }
    } else if (IsName(count)) {
      piece.field = count;
    } else {
      return Fail("'*' in '${...}' takes a number or a variable's name after it");
    }
    pieces_.push_back(std::move(piece));
    return true;
  }

  Piece& Add(Piece::Kind kind) {
    Piece piece;
    piece.kind = kind;
    piece.at = Here(pos_);
    pieces_.push_back(std::move(piece));
    return pieces_.back();
  }

  void AddLiteral(std::string_view bytes, size_t pos) {
    if (pieces_.empty() || pieces_.back().kind != Piece::Kind::kLiteral) {
      Piece piece;
      piece.at = Here(pos);
      pieces_.push_back(std::move(piece));
    }
    pieces_.back().text += bytes;
  }

  // Only the text of a config has several lines; all were indented alike.
  Position Here(size_t pos) const {
    Position here = at_;
    for (size_t i = 0; i < pos; i++) {
      here.column++;
      if (source_[i] == '\n') here = {here.line + 1, at_.column};
    }
    return here;
  }

  bool Fail(std::string text) {
    *problem_ = {Here(pos_), std::move(text)};
    return false;
  }

  std::string_view source_;
  Position at_;
  TextKind kind_;
  Problem* problem_;
  std::vector<Piece> pieces_;
  size_t pos_ = 0;
  size_t part_from_ = 0;
  size_t end_ = 0;
  int part_ = 0;        // From 1.
  bool sized_ = false;  // '#' in the present part is a size.
};

// The text of one piece that needs no more than the variables; nothing for patterns and captures.
std::optional<std::string> Value(const Piece& piece, const Names& names) {
  switch (piece.kind) {
    case Piece::Kind::kLiteral: return piece.text;
    case Piece::Kind::kVariable: return names.Find(piece.text, piece.field);
    case Piece::Kind::kSum: {
      const auto value = names.Find(piece.text, "");
      const auto number = value ? ToNumber(*value) : std::nullopt;
      if (!number) return std::nullopt;
      return std::to_string(*number + piece.low);
    }
    case Piece::Kind::kRepeated: {
      int64_t count = piece.low;
      if (!piece.field.empty()) {
        const auto value = names.Find(piece.field, "");
        const auto number = value ? ToNumber(*value) : std::nullopt;
        if (!number || *number < 0) return std::nullopt;
        count = *number;
      }
      if (count * static_cast<int64_t>(piece.text.size()) > kRepeatedBytesMax) return std::nullopt;
      std::string out;
      out.reserve(piece.text.size() * static_cast<size_t>(count));
      for (int64_t i = 0; i < count; i++) out += piece.text;
      return out;
    }
    default: return std::nullopt;
  }
}

// A text whose known parts are filled in: literals, captures and patterns are left.
std::vector<Piece> Resolved(const Text& text, const Names& names) {
  std::vector<Piece> out;
  for (const Piece& piece : text.pieces) {
    auto value = Value(piece, names);
    if (!value) {
      out.push_back(piece);
    } else if (!out.empty() && out.back().kind == Piece::Kind::kLiteral) {
      out.back().text += *value;
    } else {
      out.emplace_back();
      out.back().text = std::move(*value);
    }
  }
  return out;
}

bool InWord(char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; }

// Matches resolved pieces against bytes, trying what '...' and captures may stand for.
class Matcher {
 public:
  Matcher(const std::vector<Piece>& pieces, std::string_view bytes, Captures* captures)
      : pieces_(pieces), bytes_(bytes), captures_(captures) {}

  bool From(size_t index, size_t pos) {
    if (index == pieces_.size()) return pos == bytes_.size();
    const Piece& piece = pieces_[index];
    switch (piece.kind) {
      case Piece::Kind::kLiteral:
        return bytes_.substr(pos).starts_with(piece.text) &&
               From(index + 1, pos + piece.text.size());
      case Piece::Kind::kAnyRun: return AnyRun(index, pos);
      case Piece::Kind::kAnyWord: {
        const size_t end = WordEnd(pos);
        return end > pos && From(index + 1, end);
      }
      case Piece::Kind::kSize:
      case Piece::Kind::kRange: {
        const size_t end = NumberEnd(pos);
        if (end == pos) return false;
        if (piece.kind == Piece::Kind::kRange && !InRange(piece, bytes_.substr(pos, end - pos))) {
          return false;
        }
        return From(index + 1, end);
      }
      case Piece::Kind::kVariable: return Capture(index, pos);
      default: return false;  // A number that could not be made: reported by Describe().
    }
  }

 private:
  bool AnyRun(size_t index, size_t pos) {
    if (index + 1 == pieces_.size()) return true;
    const Piece& next = pieces_[index + 1];
    for (size_t at = pos; at <= bytes_.size(); at++) {
      if (next.kind == Piece::Kind::kLiteral) {
        at = bytes_.find(next.text, at);
        if (at == std::string_view::npos) return false;
      }
      if (From(index + 1, at)) return true;
    }
    return false;
  }

  bool Capture(size_t index, size_t pos) {
    const Piece& piece = pieces_[index];
    if (!piece.field.empty()) return false;
    const auto known = captures_->find(piece.text);
    if (known != captures_->end()) {  // Captured earlier in this same text.
      const std::string value = known->second;
      return bytes_.substr(pos).starts_with(value) && From(index + 1, pos + value.size());
    }
    for (size_t end = WordEnd(pos); end > pos; end--) {
      (*captures_)[piece.text] = std::string(bytes_.substr(pos, end - pos));
      if (From(index + 1, end)) return true;
      captures_->erase(piece.text);
    }
    return false;
  }

  size_t WordEnd(size_t pos) const {
    while (pos < bytes_.size() && InWord(bytes_[pos])) pos++;
    return pos;
  }
  size_t NumberEnd(size_t pos) const {
    size_t end = pos;
    if (end < bytes_.size() && bytes_[end] == '-') end++;
    const size_t digits = end;
    while (end < bytes_.size() && IsDigit(bytes_[end])) end++;
    return end == digits ? pos : end;
  }

  const std::vector<Piece>& pieces_;
  std::string_view bytes_;
  Captures* captures_;
};

// Fills in '#': the payload starts after the first line; its header ends with an empty line.
std::string WithSizes(const std::vector<std::string>& between) {
  const std::string& last = between.back();
  const size_t line_end = last.find("\r\n");
  const std::string_view payload = line_end == std::string::npos
                                       ? std::string_view()
                                       : std::string_view(last).substr(line_end + 2);
  std::string out = between[0];
  for (size_t i = 1; i < between.size(); i++) {
    size_t size = payload.size();
    if (i + 1 < between.size()) {
      const size_t blank = payload.find("\r\n\r\n");
      size = blank == std::string_view::npos ? payload.size() : blank + 4;
    }
    out += std::to_string(size) + between[i];
  }
  return out;
}

}  // namespace

std::optional<Text> ParseText(std::string_view source, Position at, TextKind kind,
                              Problem* problem) {
  return TextParser(source, at, kind, problem).Parse();
}

std::optional<Piece> ParseRange(std::string_view source) {
  source = Trimmed(source);
  Piece piece;
  piece.kind = Piece::Kind::kRange;
  piece.low = INT64_MIN;
  piece.high = INT64_MAX;
  const auto rest = [&](size_t skip) { return ToNumber(Trimmed(source.substr(skip))); };
  std::optional<int64_t> n;
  if (source.starts_with(">=") && (n = rest(2))) {
    piece.low = *n;
  } else if (source.starts_with("<=") && (n = rest(2))) {
    piece.high = *n;
  } else if (source.starts_with("!=") && (n = rest(2))) {
    piece.excluded = *n;
  } else if (source.starts_with(">") && (n = rest(1)) && *n < INT64_MAX) {
    piece.low = *n + 1;
  } else if (source.starts_with("<") && (n = rest(1)) && *n > INT64_MIN) {
    piece.high = *n - 1;
  } else if (const size_t dots = source.find(".."); dots != std::string_view::npos) {
    const auto low = ToNumber(source.substr(0, dots)), high = ToNumber(source.substr(dots + 2));
    if (!low || !high) return std::nullopt;
    piece.low = *low;
    piece.high = *high;
  } else {
    return std::nullopt;
  }
  return piece;
}

bool InRange(const Piece& range, std::string_view number) {
  const size_t point = number.find_first_of(".eE");
  const auto value = ToNumber(number.substr(0, point));
  if (!value || *value < range.low) return false;
  // 5.5 is above 5: a fraction counts on the upper side only.
  if (*value > range.high || (*value == range.high && point != std::string_view::npos))
    return false;
  return !range.excluded || *value != *range.excluded;
}

bool IsName(std::string_view name) {
  if (name.empty() || IsDigit(name[0]) || name[0] == '-') return false;
  for (const char c : name) {
    if (!IsNameChar(c)) return false;
  }
  return true;
}

std::optional<std::string> Render(const Text& text, const Names& names, Problem* problem) {
  std::vector<std::string> between(1);  // Cut at every '#'.
  for (const Piece& piece : text.pieces) {
    if (piece.kind == Piece::Kind::kSize) {
      between.emplace_back();
      continue;
    }
    auto value = Value(piece, names);
    if (!value) {
      const std::string field = piece.field.empty() ? "" : "." + piece.field;
      *problem = {piece.at, "'" + piece.text + field + "' has no usable value here"};
      return std::nullopt;
    }
    between.back() += *value;
  }
  return between.size() == 1 ? std::move(between[0]) : WithSizes(between);
}

bool Matches(const Text& text, std::string_view bytes, const Names& names, Captures* captures) {
  const std::vector<Piece> pieces = Resolved(text, names);
  Captures found = *captures;
  if (!Matcher(pieces, bytes, &found).From(0, 0)) return false;
  *captures = std::move(found);
  return true;
}

std::string Describe(const Text& text, const Names& names) {
  std::string out;
  for (const Piece& piece : Resolved(text, names)) {
    switch (piece.kind) {
      case Piece::Kind::kLiteral: out += Printable(piece.text); break;
      case Piece::Kind::kAnyRun: out += "..."; break;
      case Piece::Kind::kAnyWord: out += "*"; break;
      case Piece::Kind::kSize: out += "#"; break;
      case Piece::Kind::kRange:
        if (piece.excluded) {
          out += "${!=" + std::to_string(*piece.excluded) + "}";
        } else if (piece.low == INT64_MIN) {
          out += "${<=" + std::to_string(piece.high) + "}";
        } else if (piece.high == INT64_MAX) {
          out += "${>=" + std::to_string(piece.low) + "}";
        } else {
          out += "${" + std::to_string(piece.low) + ".." + std::to_string(piece.high) + "}";
        }
        break;
      default:
        out += "${" + piece.text + (piece.field.empty() ? "" : "." + piece.field) + "}";
        break;
    }
  }
  return out;
}

std::string Printable(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i++) {
    const char c = bytes[i];
    size_t run = 1;
    while (i + run < bytes.size() && bytes[i + run] == c) run++;
    if (run > 40) {
      out += "${";
      out += c == '\r' ? "\\r" : c == '\n' ? "\\n" : std::string(1, c);
      out += "*" + std::to_string(run) + "}";
      i += run - 1;
    } else if (bytes.substr(i).starts_with("\r\n")) {
      out += " | ";
      i++;
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) >= 127) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += {'\\', 'x', kHex[(c >> 4) & 15], kHex[c & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace dunlin::scenario
