#include "engine/subject/subject.h"

#include <cstdint>

namespace dunlin::subject {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }
bool IsWildcard(std::string_view token) { return IsStar(token) || IsRest(token); }

// Reads one code point of UTF-8 at 'at' and moves past it. False for bytes that are not UTF-8
// (overlong forms, surrogates and what is past U+10FFFF included) and for U+FFFD itself.
bool SkipRune(std::string_view text, size_t* at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
  };
  const uint32_t lead = byte(*at);
  if (lead < 0x80) return ++*at, true;
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  if (lead < 0xc2 || lead > 0xf4) return false;
  uint32_t rune = lead & (0x3f >> more);
  for (int i = 1; i <= more; ++i) {
    const uint32_t next = byte(*at + static_cast<size_t>(i));
    if ((next & 0xc0) != 0x80) return false;
    rune = rune << 6 | (next & 0x3f);
  }
  *at += static_cast<size_t>(more) + 1;
  if (more == 2 && (rune < 0x800 || (rune >= 0xd800 && rune <= 0xdfff))) return false;
  if (more == 3 && (rune < 0x10000 || rune > 0x10ffff)) return false;
  return rune != 0xfffd;
}

struct Wildcards {
  bool star = false;
  bool rest = false;
  bool any() const { return star || rest; }
};

Wildcards FindWildcards(std::string_view subject) {
  Wildcards found;
  for (TokenWalk walk(subject); !walk.done(); walk.Next()) {
    found.star |= IsStar(walk.token());
    found.rest |= IsRest(walk.token());
  }
  return found;
}

// One token of each of two patterns. The reference looks at the first byte alone, so that '*x'
// counts as a wildcard here.
bool TokensCanMeet(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  return a[0] == '*' || a[0] == '>' || b[0] == '*' || b[0] == '>' || a == b;
}

// REQUIRES: both have wildcards.
bool PatternsCollide(std::string_view a, bool a_rest, std::string_view b, bool b_rest) {
  const size_t a_tokens = TokenCount(a), b_tokens = TokenCount(b);
  if (a_tokens < b_tokens && !a_rest) return false;
  if (b_tokens < a_tokens && !b_rest) return false;
  TokenWalk at_a(a), at_b(b);
  for (; !at_a.done() && !at_b.done(); at_a.Next(), at_b.Next()) {
    if (!TokensCanMeet(at_a.token(), at_b.token())) return false;
  }
  return true;
}

}  // namespace

bool IsValidSubject(std::string_view subject) {
  if (!IsValidPattern(subject)) return false;
  for (const char c : subject) {
    if (IsSpace(c)) return false;
  }
  return true;
}

bool IsValidSubjectText(std::string_view subject) {
  for (size_t at = 0; at < subject.size();) {
    if (subject[at] == '\0' || !SkipRune(subject, &at)) return false;
  }
  return IsValidSubject(subject);
}

bool IsValidPublishSubject(std::string_view subject) {
  return IsValidSubject(subject) && IsLiteral(subject);
}

bool IsValidLiteralSubject(std::string_view subject) {
  for (TokenWalk walk(subject); !walk.done(); walk.Next()) {
    if (walk.token().empty() || IsWildcard(walk.token())) return false;
  }
  return true;
}

bool IsValidPattern(std::string_view subject) {
  for (TokenWalk walk(subject); !walk.done(); walk.Next()) {
    if (walk.token().empty() || (IsRest(walk.token()) && !walk.last())) return false;
  }
  return true;
}

bool HasWildcard(std::string_view subject) {
  for (size_t i = 0; i < subject.size(); ++i) {
    if (subject[i] != '*' && subject[i] != '>') continue;
    if ((i == 0 || subject[i - 1] == '.') && (i + 1 == subject.size() || subject[i + 1] == '.')) {
      return true;
    }
  }
  return false;
}

bool HasEmptyToken(std::string_view subject) {
  bool at_start = true;
  for (const char c : subject) {
    if (c == '.' && at_start) return true;
    at_start = c == '.';
  }
  return at_start;
}

size_t TokenCount(std::string_view subject) {
  if (subject.empty()) return 0;
  size_t dots = 0;
  for (const char c : subject) dots += c == '.';
  return dots + 1;
}

std::string_view TokenAt(std::string_view subject, size_t index) {
  size_t at = 1;
  for (TokenWalk walk(subject); !walk.done(); walk.Next(), ++at) {
    if (at == index) return walk.token();
  }
  return {};
}

bool MatchesLiteral(std::string_view literal, std::string_view pattern) {
  // Both empty is a match in the reference; nothing else empty is.
  if (pattern.empty() || literal.empty()) return pattern.empty() && literal.empty();
  size_t at = 0;  // Where the present token of 'literal' starts.
  for (TokenWalk walk(pattern);; walk.Next()) {
    const std::string_view token = walk.token();
    if (walk.last()) {
      const std::string_view rest = literal.substr(at);
      if (IsRest(token)) return !rest.empty();
      if (IsStar(token)) return !rest.empty() && rest.find('.') == std::string_view::npos;
      return rest == token;
    }
    const size_t dot = literal.find('.', at);
    if (dot == std::string_view::npos) return false;
    if (!IsStar(token) && literal.substr(at, dot - at) != token) return false;
    at = dot + 1;
  }
}

bool SubjectMatchesFilter(std::string_view subject, std::string_view filter) {
  TokenWalk at(subject);
  for (TokenWalk want(filter); !want.done(); want.Next(), at.Next()) {
    if (at.done() || want.token().empty()) return false;
    if (IsRest(want.token())) return true;
    if (at.token().empty() || IsRest(at.token())) return false;
    if (IsStar(at.token())) {
      if (!IsStar(want.token())) return false;
      continue;
    }
    // The reference takes any filter token that starts with '*' for a wildcard here.
    if (want.token()[0] != '*' && want.token() != at.token()) return false;
  }
  return at.done();
}

bool SubjectsCollide(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const Wildcards in_a = FindWildcards(a), in_b = FindWildcards(b);
  if (!in_a.any() && !in_b.any()) return false;
  if (!in_a.any()) return SubjectMatchesFilter(a, b);
  if (!in_b.any()) return SubjectMatchesFilter(b, a);
  return PatternsCollide(a, in_a.rest, b, in_b.rest);
}

}  // namespace dunlin::subject
