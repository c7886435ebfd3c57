// Walks over one line of a scenario: words, quoted texts, 'key=value' options.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/scenario/problem.h"

namespace dunlin::scenario {

struct Word {
  std::string_view text;
  Position at;
  bool quoted =
      false;  // It stood in double quotes; 'text' is what is between them, escapes and all.
};

struct Option {
  Word key;
  Word value;
};

class LineCursor {
 public:
  LineCursor(std::string_view line, int number) : line_(line), number_(number) {}

  // Nothing but blanks or a comment is left.
  bool AtEnd();
  // The next word, and moves behind it. Empty at the end.
  Word TakeWord();
  Word PeekWord() const;
  // The next word if it is 'word'.
  bool Take(std::string_view word);
  // 'key=value' or 'key="va lue"' if that is what comes next.
  std::optional<Option> TakeOption();
  // A text in double quotes, with its escapes left alone.
  std::optional<Word> TakeQuoted();
  // All that is left, without blanks around it; a '#' is not special.
  Word TakeRest();

  Position Here();
  size_t position() const { return pos_; }
  int number() const { return number_; }
  std::string_view line() const { return line_; }
  void MoveTo(size_t pos) { pos_ = pos; }

 private:
  void SkipBlanks();
  Position At(size_t pos) const { return {number_, static_cast<int>(pos) + 1}; }

  std::string_view line_;
  int number_;
  size_t pos_ = 0;
};

}  // namespace dunlin::scenario
