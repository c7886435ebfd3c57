// The reference server itself judges: the same texts through 'nats-server -t' and through our
// parser give the same error, to the byte, or the same digest. A program of its own, as it starts
// the reference some hundred times. SKIPPED where there is no reference: $DUNLIN_ORACLE, or
// nats-server on the PATH.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/rng.h"
#include "tests/engine/config/parse_for_test.h"

namespace dunlin::config {
namespace {

// Each is a whole text, and once more the inside of a map.
const std::string_view kTexts[] = {
    "",
    "foo = 1",
    "foo = bar",
    "foo",
    "foo\n",
    "  foo  ",
    "foo =",
    "foo = \n 1",
    "foo\n1",
    "= 1",
    ": 1",
    " :foo = 22",
    "foo = 1 bar",
    "foo = 1; bar = 2",
    "foo = 1, bar = 2,",
    "foo = 1,, bar = 2",
    "foo { bar",
    "foo { bar = ",
    "foo { bar = }",
    "foo { 'bar",
    "foo { \"bar",
    "foo { bar = 1 baz = 2 }",
    "foo { bar = , }",
    "foo { ] }",
    "foo { : }",
    "foo { = }",
    "foo { / bar = 1 }",
    "foo { bar = 1 / baz = 2 }",
    "foo {}",
    "foo {} bar",
    "foo { bar {} baz {} }",
    "foo { bar = 1 } }",
    "}",
    "{",
    "{}",
    "{ foo = 1 }",
    "{ foo = 1 } }",
    "{ foo = 1 } bar",
    "{ { foo = 1 } , bar = 2 }",
    "{ { foo = 1 } bar = 2 }",
    "{ foo = 1",
    "{ foo = 1 bar }",
    "{ foo",
    "{ } # c\n foo = 1",
    "{ # c\n foo = 1 # d\n }",
    "{ foo = 1 // d\n / }",
    "foo [",
    "foo [ ]",
    "foo [ , ]",
    "foo [ / ]",
    "foo [ // c\n ]",
    "foo [ # c\n 1 ]",
    "foo [1]",
    "foo [1 2 ]",
    "foo [1, 2 ]",
    "foo [1,]",
    "foo [a,b]",
    "foo [a]",
    "foo ['a'b]",
    "foo [1k]",
    "foo [a / b]",
    "foo [}",
    "foo [ {a: 1} {b: 2} ]",
    "foo [ {a: 1}\n {b: 2} ]",
    "foo [[[a], [b]], c ]",
    "foo [true]",
    "foo [-1 ]",
    "foo = 'a",
    "foo = '",
    "foo = \"a",
    "foo = \"",
    "foo = [\"",
    "foo = 'a'b",
    "foo = \"a\" b",
    "foo = a'b",
    "'foo",
    "\"foo",
    "'foo' 1",
    "'foo'1",
    "\"foo\"{}",
    "'foo",
    "foo = ''",
    "foo = a\\tb",
    "foo = \"\\t\\n\\r\\\"\\\\\"",
    "foo = '\\t'",
    "foo = \\y",
    "foo = \"\\q\"",
    "foo = \"\\x4\"",
    "foo = \"\\x41\\x62\"",
    "foo = \\x",
    "foo = \\xg1",
    "foo = \"\\x\n\"",
    "foo = \\\xc3\xa9",
    "foo = \"\\\n\"",
    "foo = (\nabc\n)\n",
    "foo = (\nabc\n)",
    "foo = (\nabc",
    "foo (\n a)b\n )\n)\nbar = 1\n",
    "foo = ()",
    "foo = (\n\xc3\xa9)\n)\n",
    "foo (x\n)y\n)\n",
    "foo = true",
    "foo = Yes",
    "foo = OFF",
    "foo = truex",
    "foo = \\x74rue",
    "foo = t rue",
    "foo = 0",
    "foo = -0",
    "foo = -1",
    "foo = --1",
    "foo = -",
    "foo = -a",
    "foo = -.5",
    "foo = .5",
    "foo = 5.",
    "foo = 5.x",
    "foo = 5.5",
    "foo = -5.5",
    "foo = 5.5.5",
    "foo = 1.2.3.4:5",
    "foo = 1:2",
    "foo = 5.5k",
    "foo = 1e5",
    "foo = 00012",
    "foo = 9223372036854775807",
    "foo = 9223372036854775808",
    "foo = -9223372036854775808",
    "foo = 99999999999999999999",
    "foo = 9223372036854775807k",
    "foo = 1kb",
    "foo = 1KiB",
    "foo = 1kbb",
    "foo = 1kx",
    "foo = 7e",
    "foo = 7EiB",
    "foo = 16EiB",
    "foo = 3Gyz",
    "foo = 3_000",
    "foo = 3,000",
    "foo = \xd9\xa3",
    "foo = 1\xd9\xa3",
    "foo = 0.0000001",
    "foo = -0.0",
    "foo = 123456789012345678901234567890.5",
    "foo = 2016-05-04T18:53:41Z",
    "foo = 2016-05-04",
    "foo = 2016-05-04T18:53:41",
    "foo = 2016-13-04T18:53:41Z",
    "foo = 2015-02-29T18:53:41Z",
    "foo = 2016-02-29T24:53:41Z",
    "foo = 16-05-04",
    "foo = 2016-",
    "foo = 2016-x",
    "foo = 0000-01-01T00:00:00Z",
    "foo = 9999-12-31T23:59:59Z",
    "foo = 2016-05-04T18:53:41Zx",
    "foo = $bar",
    "bar = 1\nfoo = $bar",
    "bar { a = $b }\n",
    "foo = $",
    "foo = $2a$10$abc",
    "foo = [ $2a$10$abc ]",
    "a = 1, b = $a, c = $b",
    "a {x = 1}\nb = $a\nc [ $a, $b ]\n",
    "a = 1\nm { a = 2, b = $a }",
    "foo = \"$bar\"",
    "foo = $V1",
    "foo = $V2",
    "foo = $V3",
    "foo = $V4",
    "foo = $V5",
    "foo = $V6",
    "foo = $V7",
    "foo = $V8",
    "foo = $V9",
    "foo = [ $V1, $V2 ]",
    "V1 = 1\nfoo = $V1",
    "foo = $V_NONE",
    "include 'inc/a.conf'",
    "include inc/a.conf",
    "include inc/a.conf; x = 1",
    "include \"inc/a.conf\" x = 1",
    "include 'inc/b.conf'",
    "include 'inc/bad.conf'",
    "include 'inc/half.conf'",
    "include 'none.conf'",
    "include inc/../inc/./a.conf",
    "include [",
    "include {",
    "include (",
    "include 1",
    "include -",
    "include \\",
    "include \n",
    "include 'x",
    "include \"x",
    "include = 1",
    "include",
    "INCLUDE inc/a.conf",
    "foo { include inc/a.conf }",
    "foo { include inc/a.conf}",
    "foo [ include ]",
    "foo { include 'inc/bad.conf' }",
    "# c",
    "// c",
    "/ c",
    "/",
    "foo = 1 # c",
    "foo = 1 // c",
    "foo = 1 / c",
    "foo # c\n= 1",
    "foo = # c",
    "foo = a#b",
    "foo = a//b",
    "#",
    "foo=1\r\nbar=2\r\n",
    "\xef\xbb\xbf"
    "foo = 1",
    "\xff = 1",
    "foo = \xff",
    "foo\xc2\xa0= 1",
    "foo =\xc2\xa0"
    "1",
    "a.b.c = 1",
    "a,a,a",
    "{\"a\": {\"b\": [ 1, 2 ]}, \"c\": \"d\"}",
    "{\"a\": [{\"b\": 1}, {\"b\": 2}]}",
    "foo = \"<>&\\x01\\x08\\x0c\\x7f\\xff\xe2\x80\xa8\"",
    "z = 1, y = 2, Z = 3",
};
constexpr int kMutants = 150;

std::map<std::string, std::string> IncludableFiles() {
  return {{"inc/a.conf", "a = 1\nb { include \"c.conf\" }\n"},
          {"inc/b.conf", "include a.conf\ninclude \"./c.conf\"\n"},
          {"inc/c.conf", "c = [x, y]\n"},
          {"inc/bad.conf", "a = 1\nb = .5\n"},
          {"inc/half.conf", "a = 1\nhalf"}};
}

std::map<std::string, std::string> Environment() {
  return {{"V1", "22"},
          {"V2", "two words"},
          {"V3", "$V1"},
          {"V4", "$V5"},
          {"V5", "$V4"},
          {"V6", "{a: [x, y], b: 1}"},
          {"V7", "[ $V1, 3Gyz]"},
          {"V8", "1\ninclude inc/none.conf"},
          {"V9", ""}};
}

// The text is the inside of a map that an option refers to, so the reference has no complaint about
// unknown fields and prints the digest of it all.
std::string Wrapped(std::string_view text) {
  return "w {\n" + std::string(text) + "\n}\nport = $w\nport = 4222\n";
}

std::vector<std::string> Cases() {
  std::vector<std::string> cases;
  for (const std::string_view text : kTexts) cases.emplace_back(text);
  Rng rng(1);
  for (int i = 0; i < kMutants; ++i) {
    std::string text(kTexts[rng.Below(std::size(kTexts))]);
    for (uint64_t n = 1 + rng.Below(3); n > 0; --n) {
      static constexpr std::string_view kPieces = "{}[]()=:,;#/\"'\\$.-\n\t x1k";
      const size_t at = rng.Below(text.size() + 1);
      if (rng.Chance(1, 3))
        text.erase(at, 1 + rng.Below(3));
      else if (rng.Chance(1, 2))
        text.insert(at, 1, kPieces[rng.Below(kPieces.size())]);
      else
        text.insert(at, kTexts[rng.Below(std::size(kTexts))]);
    }
    cases.push_back(std::move(text));
  }
  const size_t bare = cases.size();
  for (size_t i = 0; i < bare; ++i) cases.push_back(Wrapped(cases[i]));
  return cases;
}

// A folder of its own that is gone after the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "dunlin-oracle-XXXXXX").string();
    path_ = ::mkdtemp(name.data()) ? name : "";
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

  void Write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

 private:
  std::filesystem::path path_;
};

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

// Runs the reference over each file of the folder that is named 'N.conf'; its output is in 'N.out'.
bool RunReference(const Folder& folder) {
  const char* const named = std::getenv("DUNLIN_ORACLE");
  const std::string oracle = named ? named : "nats-server";
  if (std::system(("command -v " + Quoted(oracle) + " >/dev/null 2>&1").c_str()) != 0) return false;
  std::string command = "cd " + Quoted(folder.path().string());
  for (const auto& [name, value] : Environment())
    command += " && export " + name + "=" + Quoted(value);
  command +=
      " && for f in *.conf; do " + Quoted(oracle) + " -t -c $f >${f%.conf}.out 2>&1; done; true";
  return std::system(command.c_str()) == 0;
}

// What the reference says of a text that does not parse begins so; what it says about options does
// not.
bool IsParseError(const std::string& said) {
  for (const std::string_view start :
       {"Parse error on", "config is invalid", "variable reference", "error parsing include",
        "expected ", "integer '", "float '"}) {
    if (said.starts_with("nats-server: " + std::string(start))) return true;
  }
  return false;
}

TEST(ConfigOracle, TheReferenceSaysTheSame) {
  const Folder folder;
  ASSERT_FALSE(folder.path().empty());
  const std::vector<std::string> cases = Cases();
  for (size_t i = 0; i < cases.size(); ++i) folder.Write(std::to_string(i) + ".conf", cases[i]);
  for (const auto& [name, text] : IncludableFiles()) folder.Write(name, text);
  if (!RunReference(folder)) {
    GTEST_SKIP()
        << "SKIPPED: no reference server: neither DUNLIN_ORACLE nor nats-server on the PATH";
  }
  FakeSource source;
  source.files = IncludableFiles();
  source.env = Environment();
  int errors = 0, digests = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string name = std::to_string(i) + ".conf";
    source.files[name] = cases[i];
    const auto ours = ParseFile(name, source);
    const std::string theirs = folder.Read(std::to_string(i) + ".out");
    SCOPED_TRACE(cases[i]);
    if (!ours.ok()) {
      EXPECT_EQ("nats-server: " + ours.error().text + '\n', theirs);
      ++errors;
    } else if (theirs.find(" is valid (") != theirs.npos) {
      EXPECT_EQ(
          "nats-server: configuration file " + name + " is valid (" + Digest(ours->root) + ")\n",
          theirs);
      ++digests;
    } else {
      EXPECT_FALSE(IsParseError(theirs)) << theirs;
    }
  }
  // A test that compares nothing would pass.
  EXPECT_GT(errors, 200);
  EXPECT_GT(digests, 100);
  RecordProperty("errors_compared", errors);
  RecordProperty("digests_compared", digests);
  std::printf("%d errors and %d digests compared\n", errors, digests);
}

}  // namespace
}  // namespace dunlin::config
