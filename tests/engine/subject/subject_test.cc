#include "engine/subject/subject.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace dunlin::subject {
namespace {

TEST(Subject, LiteralSubjectsHaveNoEmptyTokenAndNoWildcard) {
  EXPECT_TRUE(IsValidLiteralSubject("foo"));
  for (const auto* bad : {"", ".foo", "foo.", "foo..bar", "foo.bar.*", "foo.bar.>", "*", ">"}) {
    EXPECT_FALSE(IsValidLiteralSubject(bad)) << bad;
  }
  // A wildcard character inside a token is nothing special.
  for (const auto* good : {"foo*", "foo**", "foo.**", "foo*bar", "foo.*bar", "foo*.bar", "*bar",
                           "foo>", "foo>>", "foo.>>", "foo>bar", "foo.>bar", "foo>.bar", ">bar"}) {
    EXPECT_TRUE(IsValidLiteralSubject(good)) << good;
  }
}

TEST(Subject, ValidSubjectsMayHaveWildcardsInTheirPlaces) {
  for (const auto* bad : {"", ".", ".foo", "foo.", "foo..bar", ">.bar", "foo.>.bar"}) {
    EXPECT_FALSE(IsValidSubject(bad)) << bad;
    EXPECT_FALSE(IsValidPattern(bad)) << bad;
  }
  for (const auto* good :
       {"foo", "foo.bar.*", "foo.bar.>", "*", ">", "foo*", "foo**", "foo.**", "foo*bar", "foo.*bar",
        "foo*.bar", "*bar", "foo>", "foo.>>", "foo>bar", "foo.>bar", "foo>.bar", ">bar"}) {
    EXPECT_TRUE(IsValidSubject(good)) << good;
    EXPECT_TRUE(IsValidPattern(good)) << good;
  }
}

TEST(Subject, WhiteSpaceIsRefusedWhereTheReferenceMindsIt) {
  for (const auto* spaced : {" ", "a b", "a.\t", "a.b\n", "\f.a", "\r"}) {
    EXPECT_FALSE(IsValidSubject(spaced));
    EXPECT_FALSE(IsValidPublishSubject(spaced));
    EXPECT_TRUE(IsValidPattern(spaced));
    EXPECT_TRUE(IsValidLiteralSubject(spaced));
  }
  EXPECT_TRUE(IsValidSubject("a\x01\v\x7f.b"));
}

TEST(Subject, PedanticTextHasNoZeroByteAndIsUtf8) {
  constexpr std::string_view kWithZero("foo.bar.baz.\0", 13);
  EXPECT_TRUE(IsValidSubject(kWithZero));
  EXPECT_FALSE(IsValidSubjectText(kWithZero));
  EXPECT_TRUE(IsValidSubjectText("caf\xc3\xa9.\xf0\x9f\x98\x80"));
  EXPECT_FALSE(IsValidSubjectText("caf\xc3"));
  EXPECT_FALSE(IsValidSubjectText("\xef\xbf\xbd"));
  for (const auto* overlong : {"\xc0\x80", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf"}) {
    EXPECT_FALSE(IsValidSubjectText(overlong));
  }
  for (const auto* beyond : {"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(IsValidSubjectText(beyond));
  }
  for (const auto* edge : {"\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsValidSubjectText(edge));
  }
}

TEST(Subject, KnowsLiteralsFromPatterns) {
  for (const auto* literal : {"foo", "foo.bar", "foo*.bar", ""})
    EXPECT_TRUE(IsLiteral(literal)) << literal;
  for (const auto* pattern : {"*", ">", "foo.*", "foo.>", "foo.*.>", "foo.*.bar", "foo.bar.>"}) {
    EXPECT_TRUE(HasWildcard(pattern)) << pattern;
  }
}

TEST(Subject, TokensAreCountedFromOne) {
  EXPECT_EQ(TokenAt("foo.bar.baz.*", 0), "");
  EXPECT_EQ(TokenAt("foo.bar.baz.*", 1), "foo");
  EXPECT_EQ(TokenAt("foo.bar.baz.*", 2), "bar");
  EXPECT_EQ(TokenAt("foo.bar.baz.*", 3), "baz");
  EXPECT_EQ(TokenAt("foo.bar.baz.*", 4), "*");
  EXPECT_EQ(TokenAt("foo.bar.baz.*", 5), "");
  EXPECT_EQ(TokenCount("foo.bar.baz.*"), 4u);
  EXPECT_EQ(TokenCount(""), 0u);
}

TEST(Subject, LiteralsMatchPatterns) {
  struct Case {
    std::string_view literal, pattern;
    bool matches;
  };
  for (const Case& c : std::vector<Case>{
           {"foo", "foo", true},
           {"foo", "bar", false},
           {"foo", "*", true},
           {"foo", ">", true},
           {"foo.bar", ">", true},
           {"foo.bar", "foo.>", true},
           {"foo.bar", "bar.>", false},
           {"stats.test.22", "stats.>", true},
           {"stats.test.22", "stats.*.*", true},
           {"foo.bar", "foo", false},
           {"stats.test.foos", "stats.test.foos", true},
           {"stats.test.foos", "stats.test.foo", false},
           {"stats.test", "stats.test.*", false},
           {"stats.test.foos", "stats.*", false},
           {"stats.test.foos", "stats.*.*.foos", false},
           // No wildcards, since they share a token with something else.
           {"*bar", "*bar", true},
           {"foo*", "foo*", true},
           {"foo*bar", "foo*bar", true},
           {"foo.***.bar", "foo.***.bar", true},
           {">bar", ">bar", true},
           {"foo>", "foo>", true},
           {"foo>bar", "foo>bar", true},
           {"foo.>>>.bar", "foo.>>>.bar", true},
       }) {
    EXPECT_EQ(MatchesLiteral(c.literal, c.pattern), c.matches) << c.literal << " " << c.pattern;
  }
}

TEST(Subject, AFilterCoversItsSubsets) {
  EXPECT_TRUE(SubjectMatchesFilter("foo.bar", "foo.bar"));
  EXPECT_TRUE(SubjectMatchesFilter("foo.*", ">"));
  EXPECT_TRUE(SubjectMatchesFilter("foo.*", "*.*"));
  EXPECT_TRUE(SubjectMatchesFilter("foo.*", "foo.*"));
  EXPECT_FALSE(SubjectMatchesFilter("foo.*", "foo.bar"));
  EXPECT_TRUE(SubjectMatchesFilter("foo.>", ">"));
  EXPECT_TRUE(SubjectMatchesFilter("foo.>", "*.>"));
  EXPECT_TRUE(SubjectMatchesFilter("foo.>", "foo.>"));
  EXPECT_FALSE(SubjectMatchesFilter("foo.>", "foo.bar"));
  EXPECT_FALSE(SubjectMatchesFilter("foo..bar", "foo.*"));
  EXPECT_FALSE(SubjectMatchesFilter("foo.*", "foo..bar"));
}

TEST(Subject, PatternsCollideIfOneLiteralCouldMatchBoth) {
  EXPECT_FALSE(SubjectsCollide("foo.*", "foo.*.bar.>"));
  EXPECT_FALSE(SubjectsCollide("foo.*.bar.>", "foo.*"));
  EXPECT_TRUE(SubjectsCollide("foo.*", "foo.foo"));
  EXPECT_TRUE(SubjectsCollide("foo.*", "*.foo"));
  EXPECT_TRUE(SubjectsCollide("foo.bar.>", "*.bar.foo"));
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// 'yes' and 'no' as digits, in the order of the columns of the file.
std::string Digits(const std::vector<bool>& answers) {
  std::string digits;
  for (const bool yes : answers) digits += yes ? '1' : '0';
  return digits;
}

// reference_answers.tsv holds what v2.14.5 of the reference answered for odd pairs of subjects.
TEST(Subject, AnswersAsTheReferenceDoesForOddSubjects) {
  std::ifstream file(SOURCE_ROOT "/tests/engine/subject/reference_answers.tsv");
  std::string line;
  ASSERT_TRUE(std::getline(file, line)) << "no file, or no header";
  int cases = 0;
  for (; std::getline(file, line); ++cases) {
    std::istringstream row(line);
    std::string a_hex, b_hex, of_one, of_two, count, second;
    row >> a_hex >> b_hex >> of_one >> of_two >> count >> second;
    const std::string a = FromHex(a_hex.substr(2)), b = FromHex(b_hex.substr(2));
    SCOPED_TRACE("'" + a + "' '" + b + "'");
    EXPECT_EQ(of_one, Digits({IsValidSubject(a), IsValidSubjectText(a), IsValidPublishSubject(a),
                              IsValidLiteralSubject(a), HasWildcard(a)}));
    EXPECT_EQ(of_two,
              Digits({MatchesLiteral(a, b), SubjectMatchesFilter(a, b), SubjectsCollide(a, b)}));
    EXPECT_EQ(std::to_string(TokenCount(a)), count);
    EXPECT_EQ(TokenAt(a, 2), FromHex(second.substr(2)));
  }
  EXPECT_GE(cases, 1000);
}

}  // namespace
}  // namespace dunlin::subject
