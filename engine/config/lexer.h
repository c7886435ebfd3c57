// Configuration text -> tokens, one at a time.
//
// A machine of small states, because what a character means depends on where it stands: at the top,
// in a map, in a map that merely wraps the file ('{ ... }', as JSON has it), in an array. It
// accepts exactly what the reference accepts, so its corners are the reference's, on purpose: a NUL
// byte ends the text, a number directly before ']' is a string, a lone '/' may separate. README.md
// lists them.
//
// Works in place: the text must outlive the Lexer. Memory is proportional to the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::config {

enum class TokenKind : uint8_t {
  kError,  // 'text' says what is wrong. The last token.
  kEnd,    // The last token.
  kComment,
  kKey,
  kString,
  kBool,
  kInteger,  // May have a size suffix.
  kFloat,
  kDateTime,
  kVariable,  // Without its '$'.
  kInclude,   // The path.
  kArrayStart,
  kArrayEnd,
  kMapStart,
  kMapEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  int32_t line = 0;    // Where the token ends, from 1.
  int32_t column = 0;  // Of its first byte; see Position.
  bool operator==(const Token&) const = default;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // After a kError or kEnd there is nothing more to ask for, and the answer is kEnd.
  Token Next();

 private:
  enum class State : uint8_t {
    kTop,
    kTopValueEnd,
    kWrap,  // Inside a '{' that stands where a key could.
    kWrapValueEnd,
    kWrapEnd,
    kKeyStart,
    kKeyEnd,
    kMapKeyStart,
    kMapKeyEnd,
    kMapValue,
    kMapValueEnd,
    kArrayValue,
    kArrayValueEnd,
    kValue,
    kUnderflow,  // More ends than starts: a defect of this machine, reported as an error.
    kStopped,
  };
  // The two ways to write a string in which '\' escapes.
  enum class Quoting : uint8_t { kBare, kDouble };

  State Step();

  // Structure (lexer.cc).
  State Top();
  State TopValueEnd();
  State Wrap();
  State WrapValueEnd();
  State WrapEnd();
  State KeyStart();
  State KeyEnd();
  State MapKeyStart();
  State MapKeyEnd();
  State MapValue();
  State MapValueEnd();
  State MapEnd();
  State ArrayValue();
  State ArrayValueEnd();
  State ArrayEnd();
  State BareKey();
  State BareMapKey();
  State QuotedKey(char quote);
  State QuotedMapKey(char quote);
  State Include();
  State QuotedInclude(char quote);
  State BareInclude();
  State Comment(State after);
  bool SecondSlashFollows();
  bool IsIncludeKeyword() const;

  // Values (lexer_value.cc).
  State Value();
  State SingleQuotedString();
  State EscapedString(Quoting quoting);
  State EndBareString();
  bool Escape();
  bool HexEscape();
  State BlockString();
  State NumberOrMore();
  State SizeSuffix();
  State DateAfterYear();
  State NegativeNumber();
  State Fraction();
  State IpAddress();
  bool IsBool() const;

  // The cursor. Next() and Backup() are the reference's, quirks included, since positions and some
  // corners of the grammar depend on them: Backup() undoes the width of the *last* character read,
  // each time it is called, and forgets no line start.
  char32_t NextRune();
  void Backup();
  char32_t Peek();
  void Skip();  // What was read since the last token belongs to none.
  State SkipTo(State next);

  void Emit(TokenKind kind);
  State Fail(std::string text);
  State EndOrFail();  // At the end of the text, or at a NUL.
  void Push(State state) { stack_.push_back(state); }
  State Pop();

  std::string_view text_;
  State state_ = State::kTop;
  std::vector<State> stack_;  // Where to go on after the value or wrapped map that is open.

  size_t start_ = 0;  // Of the token.
  size_t at_ = 0;
  size_t width_ = 0;  // Of the last character read.
  int32_t line_ = 1;
  size_t line_start_ = 0;        // Of the line of 'at_': its preceding '\n', or 0.
  size_t token_line_start_ = 0;  // Of the line of 'start_'.

  // The part of the string before 'start_', if it had escapes.
  std::string unescaped_;
  bool has_escapes_ = false;

  Token ready_;
  bool is_ready_ = false;
};

// Character classes of the grammar.
inline bool IsBlank(char32_t rune) { return rune == ' ' || rune == '\t'; }
inline bool IsLineEnd(char32_t rune) { return rune == '\n' || rune == '\r'; }
inline bool IsKeySeparator(char32_t rune) { return rune == '=' || rune == ':'; }

// A character as error texts show it.
std::string ShowRune(char32_t rune);

}  // namespace dunlin::config
