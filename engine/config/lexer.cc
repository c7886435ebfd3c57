#include "engine/config/lexer.h"

#include <utility>

#include "engine/base/utf8.h"

namespace dunlin::config {
namespace {

// 'İ' lower-cases to 'i' in the reference, so 'İNCLUDE' includes.
constexpr char32_t kDottedCapitalI = 0x130;

std::string LowerCase(std::string_view text) {
  std::string lower;
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (rune.value == kDottedCapitalI) {
      lower += 'i';
    } else if (rune.value >= 'A' && rune.value <= 'Z') {
      lower += static_cast<char>(rune.value + ('a' - 'A'));
    } else {
      lower += text.substr(0, static_cast<size_t>(rune.bytes));
    }
    text.remove_prefix(static_cast<size_t>(rune.bytes));
  }
  return lower;
}

}  // namespace

std::string ShowRune(char32_t rune) {
  if (rune == '\n') return "\\n";
  std::string text;
  AppendRune(rune, &text);
  return text;
}

Token Lexer::Next() {
  while (!is_ready_ && state_ != State::kStopped) state_ = Step();
  if (!is_ready_) return Token{TokenKind::kEnd, "", line_, 0};
  is_ready_ = false;
  return std::move(ready_);
}

Lexer::State Lexer::Step() {
  switch (state_) {
    case State::kTop: return Top();
    case State::kTopValueEnd: return TopValueEnd();
    case State::kWrap: return Wrap();
    case State::kWrapValueEnd: return WrapValueEnd();
    case State::kWrapEnd: return WrapEnd();
    case State::kKeyStart: return KeyStart();
    case State::kKeyEnd: return KeyEnd();
    case State::kMapKeyStart: return MapKeyStart();
    case State::kMapKeyEnd: return MapKeyEnd();
    case State::kMapValue: return MapValue();
    case State::kMapValueEnd: return MapValueEnd();
    case State::kArrayValue: return ArrayValue();
    case State::kArrayValueEnd: return ArrayValueEnd();
    case State::kValue: return Value();
    case State::kUnderflow: return Fail("BUG in lexer: no states to pop.");
    case State::kStopped: break;
  }
  return State::kStopped;
}

// ------------------------------------------------------------------------------ The top and wraps

Lexer::State Lexer::Top() {
  const char32_t r = NextRune();
  if (IsSpaceRune(r)) return SkipTo(State::kTop);
  if (r == '{') {
    Push(State::kTop);
    return SkipTo(State::kWrap);
  }
  if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kTop);
  if (r == '/' || r == 0) return EndOrFail();
  Backup();
  Push(State::kTopValueEnd);
  return State::kKeyStart;
}

Lexer::State Lexer::TopValueEnd() {
  for (;;) {
    const char32_t r = NextRune();
    if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kTop);
    if (r == '/' || IsBlank(r)) continue;
    if (IsLineEnd(r) || r == 0 || r == ';' || r == ',' || r == '}') return SkipTo(State::kTop);
    return Fail("Expected a top-level value to end with a new line, comment or EOF, but got '" +
                ShowRune(r) + "' instead.");
  }
}

Lexer::State Lexer::Wrap() {
  const char32_t r = NextRune();
  if (IsSpaceRune(r)) return SkipTo(State::kWrap);
  if (r == '{') {
    Push(State::kWrapEnd);
    return SkipTo(State::kWrap);
  }
  if (r == '}') {
    Skip();
    return Pop();
  }
  if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kWrap);
  if (r == '/' || r == 0) return EndOrFail();
  Backup();
  Push(State::kWrapValueEnd);
  return State::kKeyStart;
}

Lexer::State Lexer::WrapValueEnd() {
  for (;;) {
    const char32_t r = NextRune();
    if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kWrapValueEnd);
    if (r == '/' || IsBlank(r)) continue;
    if (IsLineEnd(r) || r == ';' || r == ',') return SkipTo(State::kWrap);
    if (r == '}') {
      Backup();
      return State::kWrapEnd;
    }
    return Fail("Expected a block-level value to end with a new line, comment or EOF, but got '" +
                ShowRune(r) + "' instead.");
  }
}

Lexer::State Lexer::WrapEnd() {
  for (;;) {
    const char32_t r = NextRune();
    if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kWrap);
    if (r == '/' || IsLineEnd(r) || IsBlank(r)) continue;
    if (r == ';' || r == ',') return SkipTo(State::kWrap);
    if (r == '}') {
      Skip();
      return Pop();
    }
    return Fail("Expected a block-level to end with a '}', but got '" + ShowRune(r) + "' instead.");
  }
}

// -------------------------------------------------------------------------------------------- Keys

Lexer::State Lexer::KeyStart() {
  const char32_t r = Peek();
  if (IsKeySeparator(r)) return Fail("Unexpected key separator '" + ShowRune(r) + "'");
  if (IsSpaceRune(r)) {
    NextRune();
    return SkipTo(State::kKeyStart);
  }
  if (r == '"' || r == '\'') {
    NextRune();
    Skip();
    return QuotedKey(static_cast<char>(r));
  }
  Skip();
  NextRune();
  return BareKey();
}

Lexer::State Lexer::QuotedKey(char quote) {
  for (;;) {
    const char32_t r = Peek();
    if (r == 0) return EndOrFail();
    if (r == static_cast<char32_t>(quote)) {
      Emit(TokenKind::kKey);
      NextRune();
      return SkipTo(State::kKeyEnd);
    }
    NextRune();
  }
}

Lexer::State Lexer::BareKey() {
  for (;;) {
    const char32_t r = Peek();
    if (IsSpaceRune(r) && IsIncludeKeyword()) return Include();
    if (IsSpaceRune(r) || IsKeySeparator(r) || r == 0) {
      Emit(TokenKind::kKey);
      return State::kKeyEnd;
    }
    NextRune();
  }
}

Lexer::State Lexer::KeyEnd() {
  const char32_t r = NextRune();
  if (IsSpaceRune(r)) return SkipTo(State::kKeyEnd);
  if (IsKeySeparator(r)) return SkipTo(State::kValue);
  if (r == 0) {
    Emit(TokenKind::kEnd);
    return State::kStopped;
  }
  Backup();
  return State::kValue;
}

// -------------------------------------------------------------------------------------------- Maps

Lexer::State Lexer::MapKeyStart() {
  const char32_t r = Peek();
  if (IsKeySeparator(r)) return Fail("Unexpected key separator '" + ShowRune(r) + "'.");
  if (r == ']') return Fail("Unexpected array end ']' processing map.");
  if (r == 0) return Fail("Unexpected EOF processing map.");
  if (IsSpaceRune(r)) {
    NextRune();
    return SkipTo(State::kMapKeyStart);
  }
  if (r == '}') {
    NextRune();
    return MapEnd();
  }
  if (r == '"' || r == '\'') {
    NextRune();
    Skip();
    return QuotedMapKey(static_cast<char>(r));
  }
  if (r == '#' || r == '/') {
    NextRune();
    if (r == '#' || SecondSlashFollows()) return Comment(State::kMapKeyStart);
    // A lone '/' is no part of the key that it stands before.
  }
  Skip();
  NextRune();
  return BareMapKey();
}

Lexer::State Lexer::QuotedMapKey(char quote) {
  for (;;) {
    const char32_t r = Peek();
    if (r == 0) {
      return Fail(quote == '\'' ? "Unexpected EOF processing quoted map key."
                                : "Unexpected EOF processing double quoted map key.");
    }
    if (r == static_cast<char32_t>(quote)) {
      Emit(TokenKind::kKey);
      NextRune();
      return SkipTo(State::kMapKeyEnd);
    }
    NextRune();
  }
}

Lexer::State Lexer::BareMapKey() {
  for (;;) {
    const char32_t r = Peek();
    if (r == 0) return Fail("Unexpected EOF processing map key.");
    if (IsSpaceRune(r) && IsIncludeKeyword()) {
      Push(State::kMapValueEnd);
      return Include();
    }
    if (IsSpaceRune(r) || IsKeySeparator(r)) {
      Emit(TokenKind::kKey);
      return State::kMapKeyEnd;
    }
    NextRune();
  }
}

Lexer::State Lexer::MapKeyEnd() {
  const char32_t r = NextRune();
  if (IsSpaceRune(r)) return SkipTo(State::kMapKeyEnd);
  if (IsKeySeparator(r)) return SkipTo(State::kMapValue);
  Backup();
  return State::kMapValue;
}

Lexer::State Lexer::MapValue() {
  const char32_t r = NextRune();
  if (IsSpaceRune(r)) return SkipTo(State::kMapValue);
  if (r == ',') return Fail("Unexpected map value terminator \",\".");
  if (r == '}') return MapEnd();
  Backup();
  Push(State::kMapValueEnd);
  return State::kValue;
}

Lexer::State Lexer::MapValueEnd() {
  const char32_t r = NextRune();
  if (IsBlank(r)) return SkipTo(State::kMapValueEnd);
  if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kMapValueEnd);
  if (r == '/' || r == ';' || r == ',' || IsLineEnd(r)) return SkipTo(State::kMapKeyStart);
  if (r == '}') return MapEnd();
  return Fail("Expected a map value terminator \",\" or a map terminator \"}\", but got '" +
              ShowRune(r) + "' instead.");
}

Lexer::State Lexer::MapEnd() {
  Skip();
  Emit(TokenKind::kMapEnd);
  return Pop();
}

// ------------------------------------------------------------------------------------------ Arrays

Lexer::State Lexer::ArrayValue() {
  const char32_t r = NextRune();
  if (IsSpaceRune(r)) return SkipTo(State::kArrayValue);
  if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kArrayValue);
  if (r == '/' || r == ',') return Fail("Unexpected array value terminator ','.");
  if (r == ']') return ArrayEnd();
  Backup();
  Push(State::kArrayValueEnd);
  return State::kValue;
}

Lexer::State Lexer::ArrayValueEnd() {
  const char32_t r = NextRune();
  if (IsBlank(r)) return SkipTo(State::kArrayValueEnd);
  if (r == '#' || (r == '/' && SecondSlashFollows())) return Comment(State::kArrayValueEnd);
  if (r == '/' || r == ',' || IsLineEnd(r)) return SkipTo(State::kArrayValue);
  if (r == ']') return ArrayEnd();
  return Fail("Expected an array value terminator \",\" or an array terminator \"]\", but got '" +
              ShowRune(r) + "' instead.");
}

Lexer::State Lexer::ArrayEnd() {
  Skip();
  Emit(TokenKind::kArrayEnd);
  return Pop();
}

// --------------------------------------------------------------------------- Includes and comments

bool Lexer::IsIncludeKeyword() const {
  return LowerCase(text_.substr(start_, at_ - start_)) == "include";
}

Lexer::State Lexer::Include() {
  Skip();
  char32_t r = NextRune();
  while (IsBlank(r)) r = NextRune();
  Backup();
  Skip();
  r = NextRune();
  if (r == '\'' || r == '"') {
    Skip();
    return QuotedInclude(static_cast<char>(r));
  }
  if (r == '[') return Fail("Expected include value but found start of an array");
  if (r == '{') return Fail("Expected include value but found start of a map");
  if (r == '(') return Fail("Expected include value but found start of a block");
  if (IsDigitRune(r) || r == '-') {
    return Fail("Expected include value but found start of a number");
  }
  if (r == '\\') return Fail("Expected include value but found escape sequence");
  if (IsLineEnd(r)) return Fail("Expected include value but found new line");
  Backup();
  return BareInclude();
}

Lexer::State Lexer::QuotedInclude(char quote) {
  for (;;) {
    const char32_t r = NextRune();
    if (r == static_cast<char32_t>(quote)) {
      Backup();
      Emit(TokenKind::kInclude);
      NextRune();
      Skip();
      return Pop();
    }
    if (r == 0) {
      return Fail(quote == '\'' ? "Unexpected EOF in quoted include"
                                : "Unexpected EOF in double quoted include");
    }
  }
}

Lexer::State Lexer::BareInclude() {
  for (;;) {
    const char32_t r = NextRune();
    if (r == '\'') {
      Backup();
      Emit(TokenKind::kInclude);
      NextRune();
      Skip();
      return Pop();
    }
    if (IsLineEnd(r) || r == 0 || r == ';' || r == '}' || IsBlank(r)) {
      Backup();
      Emit(TokenKind::kInclude);
      return Pop();
    }
  }
}

Lexer::State Lexer::Comment(State after) {
  Skip();
  for (char32_t r = Peek(); !IsLineEnd(r) && r != 0; r = Peek()) NextRune();
  Emit(TokenKind::kComment);
  return after;
}

bool Lexer::SecondSlashFollows() {
  if (NextRune() == '/') return true;
  Backup();
  return false;
}

// ------------------------------------------------------------------------------------------ Cursor

char32_t Lexer::NextRune() {
  if (at_ >= text_.size()) {
    width_ = 0;
    return 0;
  }
  if (text_[at_] == '\n') {
    ++line_;
    line_start_ = at_;
  }
  const Rune rune = DecodeRune(text_.substr(at_));
  width_ = static_cast<size_t>(rune.bytes);
  at_ += width_;
  return rune.value;
}

void Lexer::Backup() {
  at_ -= width_;
  if (at_ < text_.size() && text_[at_] == '\n') --line_;
}

char32_t Lexer::Peek() {
  const char32_t r = NextRune();
  Backup();
  return r;
}

void Lexer::Skip() {
  start_ = at_;
  token_line_start_ = line_start_;
}

Lexer::State Lexer::SkipTo(State next) {
  Skip();
  return next;
}

void Lexer::Emit(TokenKind kind) {
  ready_.kind = kind;
  ready_.text = std::exchange(unescaped_, {});
  ready_.text += text_.substr(start_, at_ - start_);
  ready_.line = line_;
  ready_.column = static_cast<int32_t>(static_cast<int64_t>(at_ - token_line_start_) -
                                       static_cast<int64_t>(ready_.text.size()));
  is_ready_ = true;
  has_escapes_ = false;
  Skip();
}

Lexer::State Lexer::Fail(std::string text) {
  ready_ = {TokenKind::kError, std::move(text), line_, static_cast<int32_t>(at_ - line_start_)};
  is_ready_ = true;
  return State::kStopped;
}

Lexer::State Lexer::EndOrFail() {
  if (at_ > start_) return Fail("Unexpected EOF.");
  Emit(TokenKind::kEnd);
  return State::kStopped;
}

Lexer::State Lexer::Pop() {
  if (stack_.empty()) return State::kUnderflow;
  const State top = stack_.back();
  stack_.pop_back();
  return top;
}

}  // namespace dunlin::config
