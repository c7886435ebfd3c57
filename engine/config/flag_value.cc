#include "engine/config/flag_value.h"

namespace dunlin::config {
namespace {

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

// Takes '0x', '0o', '0b' or a leading '0' off, and says what base they stand for.
int TakeBase(std::string_view& digits) {
  if (digits.empty() || digits[0] != '0') return 10;
  if (digits.size() >= 3) {
    const char mark = static_cast<char>(digits[1] | 0x20);
    const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (base != 0) {
      digits.remove_prefix(2);
      return base;
    }
  }
  digits.remove_prefix(1);
  return 8;
}

// '_' may stand between two digits, or between a base and the first digit; never twice in a row.
bool UnderscoresAreLegal(std::string_view text) {
  char before = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      before = text[i];
      continue;
    }
    if (before == '\0' || before == '_' || i + 1 == text.size()) return false;
    before = '_';
  }
  return true;
}

}  // namespace

std::optional<bool> ParseFlagBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::variant<int64_t, IntegerFault> ParseFlagInteger(std::string_view text) {
  std::string_view digits = text;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  if (digits.empty()) return IntegerFault::kSyntax;
  const std::string_view unsigned_text = digits;
  const int base = TakeBase(digits);

  uint64_t number = 0;
  for (const char c : digits) {
    if (c == '_') continue;
    const int digit = DigitOf(c);
    if (digit >= base) return IntegerFault::kSyntax;
    if (__builtin_mul_overflow(number, static_cast<uint64_t>(base), &number) ||
        __builtin_add_overflow(number, static_cast<uint64_t>(digit), &number)) {
      return IntegerFault::kRange;
    }
  }
  // '0x' may be followed by '_' as if it were a digit.
  const bool two_letters = digits.size() + 2 == unsigned_text.size();
  if (!UnderscoresAreLegal(unsigned_text.substr(two_letters ? 1 : 0))) return IntegerFault::kSyntax;
  const uint64_t limit = (uint64_t{1} << 63) - (negative ? 0 : 1);
  if (number > limit) return IntegerFault::kRange;
  return static_cast<int64_t>(negative ? -number : number);
}

}  // namespace dunlin::config
