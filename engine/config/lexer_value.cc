// The Lexer's states that read one value.

#include "engine/base/hex.h"
#include "engine/base/utf8.h"
#include "engine/config/lexer.h"

namespace dunlin::config {
namespace {

bool IsSizeSuffix(char32_t r) {
  switch (r) {
    case 'k':
    case 'm':
    case 'g':
    case 't':
    case 'p':
    case 'e':
    case 'K':
    case 'M':
    case 'G':
    case 'T':
    case 'P':
    case 'E': return true;
    default: return false;
  }
}

// What may follow a number. ']' may not: '[1]' does not hold a number.
bool EndsNumber(char32_t r) {
  return IsLineEnd(r) || r == 0 || r == '}' || r == ';' || r == ',' || IsBlank(r);
}

bool EndsBareString(char32_t r) {
  return IsLineEnd(r) || r == 0 || r == ';' || r == ',' || r == ']' || r == '}' || IsBlank(r);
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

}  // namespace

Lexer::State Lexer::Value() {
  const char32_t r = NextRune();
  if (IsBlank(r)) return SkipTo(State::kValue);
  if (IsDigitRune(r)) return NumberOrMore();
  switch (r) {
    case '[':
      Skip();
      Emit(TokenKind::kArrayStart);
      return State::kArrayValue;
    case '{':
      Skip();
      Emit(TokenKind::kMapStart);
      return State::kMapKeyStart;
    case '\'': Skip(); return SingleQuotedString();
    case '"': Skip(); return EscapedString(Quoting::kDouble);
    case '(': Skip(); return BlockString();
    case '-': return NegativeNumber();
    case '.': return Fail("Floats must start with a digit");
    case '\r':
    case '\n': return Fail("Expected value but found new line");
    default: break;
  }
  Backup();
  return EscapedString(Quoting::kBare);
}

// ----------------------------------------------------------------------------------------- Strings

Lexer::State Lexer::SingleQuotedString() {
  for (;;) {
    const char32_t r = NextRune();
    if (r == 0) return EndOrFail();
    if (r == '\'') {
      Backup();
      Emit(TokenKind::kString);
      NextRune();
      Skip();
      return Pop();
    }
  }
}

Lexer::State Lexer::EscapedString(Quoting quoting) {
  const char32_t closing = quoting == Quoting::kDouble ? '"' : '\'';
  for (;;) {
    const char32_t r = NextRune();
    if (r == '\\') {
      if (!Escape()) return State::kStopped;
    } else if (quoting == Quoting::kBare && EndsBareString(r)) {
      Backup();
      return EndBareString();
    } else if (r == closing) {  // Ends a bare string too.
      Backup();
      Emit(TokenKind::kString);
      NextRune();
      Skip();
      return Pop();
    } else if (r == 0) {
      return EndOrFail();
    }
  }
}

// A word with an escape in it is never a boolean or a variable.
Lexer::State Lexer::EndBareString() {
  if (has_escapes_) {
    Emit(TokenKind::kString);
  } else if (IsBool()) {
    Emit(TokenKind::kBool);
  } else if (start_ < text_.size() && text_[start_] == '$') {
    ++start_;
    Emit(TokenKind::kVariable);
  } else {
    Emit(TokenKind::kString);
  }
  return Pop();
}

bool Lexer::IsBool() const {
  const std::string_view word = text_.substr(start_, at_ - start_);
  for (const char* spelling : {"true", "false", "on", "off", "yes", "no"}) {
    if (EqualsIgnoringCase(word, spelling)) return true;
  }
  return false;
}

// The '\' has just been read. False after Fail().
bool Lexer::Escape() {
  unescaped_ += text_.substr(start_, at_ - 1 - start_);
  has_escapes_ = true;
  start_ = at_;
  const char32_t r = NextRune();
  switch (r) {
    case 'x': return HexEscape();
    case 't': unescaped_ += '\t'; break;
    case 'n': unescaped_ += '\n'; break;
    case 'r': unescaped_ += '\r'; break;
    case '"': unescaped_ += '"'; break;
    case '\\': unescaped_ += '\\'; break;
    default:
      Fail("Invalid escape character '" + ShowRune(r) +
           "'. Only the following escape characters are allowed: "
           "\\xXX, \\t, \\n, \\r, \\\", \\\\.");
      return false;
  }
  start_ = at_;
  return true;
}

bool Lexer::HexEscape() {
  for (int i = 0; i < 2; ++i) {
    if (IsLineEnd(NextRune())) {
      Fail("Expected two hexadecimal digits after '\\x', but hit end of line");
      return false;
    }
  }
  // Two bytes, whatever characters were read; at the end of the text the '\x' itself.
  const std::string_view digits = text_.substr(at_ - 2, 2);
  const int high = HexDigit(digits[0]), low = HexDigit(digits[1]);
  if (high < 0 || low < 0) {
    Fail("Expected two hexadecimal digits after '\\x', but got '" + std::string(digits) + "'");
    return false;
  }
  unescaped_ += static_cast<char>(high << 4 | low);
  start_ = at_;
  return true;
}

// Ends at a ')' that has a line of its own: the string keeps both line ends but not the ')'. Where
// the text itself ends directly after the ')', the string keeps the ')', as in the reference.
Lexer::State Lexer::BlockString() {
  for (;;) {
    char32_t r = NextRune();
    if (r == 0) return Fail("Unexpected EOF processing block.");
    if (r != ')') continue;
    Backup();
    Backup();  // All of this steps over one-byte characters, or over one byte of a longer one.
    const bool starts_line = NextRune() == '\n';
    NextRune();
    if (!starts_line) continue;
    r = NextRune();
    if (r == '\n' || r == 0) {
      Backup();
      Backup();
      Emit(TokenKind::kString);
      NextRune();
      Skip();
      return Pop();
    }
    Backup();
  }
}

// ----------------------------------------------------------------------------------------- Numbers

// One digit has been read. An integer, a float, a date, an address, or a string that starts so.
Lexer::State Lexer::NumberOrMore() {
  char32_t r = NextRune();
  while (IsDigitRune(r)) r = NextRune();
  if (r == '-') {
    if (at_ - start_ != 5) return Fail("All ISO8601 dates must be in full Zulu form.");
    return DateAfterYear();
  }
  if (r == '.') return Fraction();
  if (IsSizeSuffix(r)) return SizeSuffix();
  // What ended the number is read already: a ']' or a quote becomes part of the string.
  if (!EndsNumber(r)) return EscapedString(Quoting::kBare);
  Backup();
  Emit(TokenKind::kInteger);
  return Pop();
}

// Its first letter has been read: '1k', '1Mb', '1GiB'; but '1Ghz' is a string.
Lexer::State Lexer::SizeSuffix() {
  char32_t r = NextRune();
  while (r == 'b' || r == 'B' || r == 'i' || r == 'I') r = NextRune();
  Backup();
  if (!EndsNumber(r) && !IsDigitRune(r)) return EscapedString(Quoting::kBare);
  Emit(TokenKind::kInteger);
  return Pop();
}

Lexer::State Lexer::DateAfterYear() {
  for (const char expected : std::string_view("00-00T00:00:00Z")) {
    const char32_t r = NextRune();
    if (expected == '0') {
      if (!IsDigitRune(r)) {
        return Fail("Expected digit in ISO8601 datetime, but found '" + ShowRune(r) + "' instead.");
      }
    } else if (r != static_cast<char32_t>(expected)) {
      return Fail(std::string("Expected '") + expected + "' in ISO8601 datetime, but found '" +
                  ShowRune(r) + "' instead.");
    }
  }
  Emit(TokenKind::kDateTime);
  return Pop();
}

Lexer::State Lexer::NegativeNumber() {
  char32_t r = NextRune();
  if (r == '.') return Fail("Floats must start with a digit, not '.'.");
  if (!IsDigitRune(r)) return Fail("Expected a digit but got '" + ShowRune(r) + "'.");
  while (IsDigitRune(r)) r = NextRune();
  if (r == '.') return Fraction();
  if (IsSizeSuffix(r)) return SizeSuffix();
  Backup();
  Emit(TokenKind::kInteger);
  return Pop();
}

// The '.' has been read.
Lexer::State Lexer::Fraction() {
  char32_t r = NextRune();
  if (!IsDigitRune(r)) {
    return Fail("Floats must have a digit after the '.', but got '" + ShowRune(r) + "' instead.");
  }
  while (IsDigitRune(r)) r = NextRune();
  if (r == '.') return IpAddress();
  Backup();
  Emit(TokenKind::kFloat);
  return Pop();
}

Lexer::State Lexer::IpAddress() {
  char32_t r = NextRune();
  while (IsDigitRune(r) || r == '.' || r == ':' || r == '-') r = NextRune();
  Backup();
  Emit(TokenKind::kString);
  return Pop();
}

}  // namespace dunlin::config
