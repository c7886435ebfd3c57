// The rules of subjects: what is valid, what is a wildcard, what matches what.
//
// A subject is a row of tokens with '.' between them. Only a token that is '*' or '>' and nothing
// else is a wildcard: '*' stands for one token, '>' for one or more and only at the end. 'foo*' and
// '>>' are plain tokens. Subjects are bytes; nothing here minds their encoding but
// IsValidSubjectText().
//
// Answers are the reference's, for malformed subjects too, where its functions differ from each
// other: so pick the one whose rule you mean. Nothing allocates; all run in the length of their
// arguments, but TokenAt() users beware of loops over it.
#pragma once

#include <cstddef>
#include <string_view>

namespace dunlin::subject {

// --- One subject

// No empty token, no '>' before the last, no space, tab, line feed, form feed or carriage return.
// Other control characters pass, as in the reference.
[[nodiscard]] bool IsValidSubject(std::string_view subject);

// IsValidSubject(), and no zero byte, and UTF-8 without U+FFFD. What 'pedantic' clients are held
// to.
[[nodiscard]] bool IsValidSubjectText(std::string_view subject);

// IsValidSubject() and no wildcard: what a client may publish to.
[[nodiscard]] bool IsValidPublishSubject(std::string_view subject);

// No empty token and no wildcard. Does not mind white space.
[[nodiscard]] bool IsValidLiteralSubject(std::string_view subject);

// No empty token and no '>' before the last: all that the subject index asks for. Does not mind
// white space.
[[nodiscard]] bool IsValidPattern(std::string_view subject);

// A token is '*' or '>'. Says nothing about validity: 'foo..*' has a wildcard, '' has none.
[[nodiscard]] bool HasWildcard(std::string_view subject);
[[nodiscard]] inline bool IsLiteral(std::string_view subject) { return !HasWildcard(subject); }

// A token is empty; the empty subject is one empty token. Such a subject matches nothing, not even
// '>'.
[[nodiscard]] bool HasEmptyToken(std::string_view subject);

// Dots and one; 0 for the empty subject.
[[nodiscard]] size_t TokenCount(std::string_view subject);

// The token at 'index', counted from 1. Empty for index 0 and past the end.
[[nodiscard]] std::string_view TokenAt(std::string_view subject, size_t index);

// --- Two subjects

// Whether a message to 'literal' reaches a subscription to 'pattern'. 'literal' is taken by its
// bytes: a wildcard in it is a plain token.
[[nodiscard]] bool MatchesLiteral(std::string_view literal, std::string_view pattern);

// Whether all that 'subject' can match is matched by 'filter' too; both may have wildcards. 'foo.*'
// is a subset of 'foo.*', '*.*' and '>', and not of 'foo.bar'. False for empty tokens up to the
// decision.
[[nodiscard]] bool SubjectMatchesFilter(std::string_view subject, std::string_view filter);

// Whether some literal subject is matched by both; both may have wildcards.
[[nodiscard]] bool SubjectsCollide(std::string_view a, std::string_view b);

// --- Tokens, one by one

// Walks the tokens of a subject, empty ones included; the empty subject has one, which is empty:
//
//   for (TokenWalk walk(subject); !walk.done(); walk.Next()) use(walk.token());
class TokenWalk {
 public:
  explicit TokenWalk(std::string_view subject) : rest_(subject) { Cut(); }

  bool done() const { return done_; }
  // Nothing comes after this token.
  bool last() const { return last_; }
  // A view into the subject.
  std::string_view token() const { return token_; }
  void Next() {
    done_ = last_;
    if (!done_) Cut();
  }

 private:
  void Cut() {
    const size_t dot = rest_.find('.');
    last_ = dot == std::string_view::npos;
    token_ = rest_.substr(0, dot);
    if (!last_) rest_.remove_prefix(dot + 1);
  }

  std::string_view rest_;
  std::string_view token_;
  bool last_ = false;
  bool done_ = false;
};

[[nodiscard]] inline bool IsStar(std::string_view token) {
  return token.size() == 1 && token[0] == '*';
}
[[nodiscard]] inline bool IsRest(std::string_view token) {
  return token.size() == 1 && token[0] == '>';
}

}  // namespace dunlin::subject
