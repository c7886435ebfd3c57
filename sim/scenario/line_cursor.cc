#include "sim/scenario/line_cursor.h"

namespace dunlin::scenario {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

void LineCursor::SkipBlanks() {
  while (pos_ < line_.size() && IsBlank(line_[pos_])) pos_++;
}

bool LineCursor::AtEnd() {
  SkipBlanks();
  return pos_ >= line_.size() || line_[pos_] == '#';
}

Word LineCursor::PeekWord() const {
  LineCursor copy = *this;
  return copy.TakeWord();
}

Word LineCursor::TakeWord() {
  if (AtEnd()) return {{}, At(pos_)};
  const size_t from = pos_;
  while (pos_ < line_.size() && !IsBlank(line_[pos_])) pos_++;
  return {line_.substr(from, pos_ - from), At(from)};
}

bool LineCursor::Take(std::string_view word) {
  if (PeekWord().text != word) return false;
  TakeWord();
  return true;
}

std::optional<Option> LineCursor::TakeOption() {
  if (AtEnd()) return std::nullopt;
  const size_t from = pos_;
  size_t equals = from;
  while (equals < line_.size() && !IsBlank(line_[equals]) && line_[equals] != '=' &&
         line_[equals] != '"') {
    equals++;
  }
  if (equals >= line_.size() || line_[equals] != '=' || equals == from) return std::nullopt;
  Option option;
  option.key = {line_.substr(from, equals - from), At(from)};
  pos_ = equals + 1;
  if (auto quoted = TakeQuoted()) {
    option.value = *quoted;
    return option;
  }
  const size_t value = pos_;
  while (pos_ < line_.size() && !IsBlank(line_[pos_])) pos_++;
  option.value = {line_.substr(value, pos_ - value), At(value)};
  return option;
}

std::optional<Word> LineCursor::TakeQuoted() {
  if (pos_ >= line_.size() || line_[pos_] != '"') return std::nullopt;
  size_t end = pos_ + 1;
  while (end < line_.size() && line_[end] != '"') end += line_[end] == '\\' ? 2 : 1;
  if (end >= line_.size()) return std::nullopt;
  const Word word{line_.substr(pos_ + 1, end - pos_ - 1), At(pos_ + 1), true};
  pos_ = end + 1;
  return word;
}

Word LineCursor::TakeRest() {
  SkipBlanks();
  size_t end = line_.size();
  while (end > pos_ && IsBlank(line_[end - 1])) end--;
  const Word word{line_.substr(pos_, end - pos_), At(pos_)};
  pos_ = line_.size();
  return word;
}

Position LineCursor::Here() {
  SkipBlanks();
  return At(pos_);
}

}  // namespace dunlin::scenario
