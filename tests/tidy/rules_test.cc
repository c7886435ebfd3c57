// Every check, shown to fail on what it is there to stop, and to let the neighbouring honest case
// pass.
#include "tests/tidy/rules.h"

#include <gtest/gtest.h>

namespace dunlin::tidy {
namespace {

SourceFile File(std::string path, std::string_view text) {
  return {std::move(path), SplitLines(text)};
}

std::vector<std::string> Wheres(const std::vector<Finding>& findings) {
  std::vector<std::string> wheres;
  for (const Finding& finding : findings) wheres.push_back(finding.where);
  return wheres;
}

using Where = std::vector<std::string>;

TEST(TidyCode, LeavesOnlyCodeInItsPlace) {
  const auto code = CodeOnly(
      SplitLines("int a; // time()\nf(\"rand() \\\" x\"); g('\"'); /* fork(\nfork() */ h();"));
  EXPECT_EQ(code[0], "int a;          ");
  EXPECT_EQ(code[1].find("rand"), std::string::npos);
  EXPECT_NE(code[1].find("g('"), std::string::npos);
  EXPECT_EQ(code[2], "          h();");
}

TEST(TidyCode, KnowsRawStringsAndDigitSeparators) {
  const auto code =
      CodeOnly(SplitLines("auto s = R\"x(fork() \" )\nmore )x\"; int n = 1'000'000; f();"));
  EXPECT_EQ(code[0].find("fork"), std::string::npos);
  EXPECT_EQ(code[1].find("more"), std::string::npos);
  EXPECT_NE(code[1].find("1'000'000; f();"), std::string::npos);
}

const std::vector<std::string> kLayers = {"# comment", "engine/base : <absl",
                                          "engine/session : engine/base", "host : engine <sys/"};

Where LayerFindings(std::string path, std::string_view text) {
  return Wheres(CheckLayers({File(std::move(path), text)}, ParseLayers(kLayers)));
}

TEST(TidyLayers, AnIncludeUpwardsIsFound) {
  EXPECT_EQ(LayerFindings("engine/base/x.cc", "\n#include \"engine/session/y.h\"\n"),
            Where{"engine/base/x.cc:2"});
  EXPECT_EQ(LayerFindings("engine/session/x.cc", "#include \"engine/base/y.h\"\n"), Where{});
}

TEST(TidyLayers, SystemAndThirdPartyHeadersAreLayersToo) {
  EXPECT_EQ(LayerFindings("engine/session/x.cc", "#include <absl/hash/hash.h>\n"),
            Where{"engine/session/x.cc:1"});
  EXPECT_EQ(LayerFindings("engine/session/x.cc", "# include <unistd.h>\n"),
            Where{"engine/session/x.cc:1"});
  EXPECT_EQ(LayerFindings("engine/base/x.cc", "#include <absl/hash/hash.h>\n#include <vector>\n"),
            Where{});
  EXPECT_EQ(LayerFindings("host/x.cc", "#include <sys/epoll.h>\n#include \"engine/base/y.h\"\n"),
            Where{});
}

TEST(TidyLayers, AFolderWithoutALineIsFound) {
  EXPECT_EQ(LayerFindings("elsewhere/x.cc", ""), Where{"elsewhere/x.cc"});
}

TEST(TidyLayers, ASimilarNameIsNotTheFolder) {
  EXPECT_EQ(LayerFindings("engine/session/x.cc", "#include \"engine/baseline/y.h\"\n"),
            Where{"engine/session/x.cc:1"});
}

Where BanFindings(std::string path, std::string_view text, std::string ban) {
  std::vector<Finding> malformed;
  const auto bans = ParseBans({std::move(ban)}, &malformed);
  EXPECT_TRUE(malformed.empty());
  return Wheres(CheckBans({File(std::move(path), text)}, bans));
}

TEST(TidyBans, ABannedTokenIsFoundInItsFoldersOnly) {
  const char* ban = "std::thread | code | engine sim | engine/odd | why";
  EXPECT_EQ(BanFindings("engine/x.cc", "int a;\nstd::thread t;\n", ban), Where{"engine/x.cc:2"});
  EXPECT_EQ(BanFindings("host/x.cc", "std::thread t;\n", ban), Where{});
  EXPECT_EQ(BanFindings("engine/odd/x.cc", "std::thread t;\n", ban), Where{});
}

TEST(TidyBans, CodeBansPassCommentsAndStringsTextBansDoNot) {
  EXPECT_EQ(BanFindings("engine/x.cc", "// std::thread\nf(\"std::thread\");\n",
                        "std::thread | code | * | | why"),
            Where{});
  EXPECT_EQ(BanFindings("a/README.md", "later: TODO\n", "TODO | text | * | | why"),
            Where{"a/README.md:1"});
}

TEST(TidyBans, ATokenIsAWholeWordUnlessItSaysOtherwise) {
  EXPECT_EQ(
      BanFindings("a/x.cc", "operand(1); rand(1);\noperand(2);\n", "rand( | code | * | | why"),
      Where{"a/x.cc:1"});
  EXPECT_EQ(BanFindings("a/x.cc", "std::threads t;\n", "std::thread | code | * | | why"), Where{});
  EXPECT_EQ(BanFindings("a/x.cc", "std::atomic_bool b;\n", "std::atomic* | code | * | | why"),
            Where{"a/x.cc:1"});
}

TEST(TidyBans, AnIncludedHeaderCanBeBanned) {
  EXPECT_EQ(BanFindings("a/x.cc", "#include <iostream>\n", "<iostream> | code | * | | why"),
            Where{"a/x.cc:1"});
}

TEST(TidyBans, AMalformedLineIsFound) {
  std::vector<Finding> findings;
  EXPECT_TRUE(ParseBans({"std::thread | code | engine"}, &findings).empty());
  EXPECT_EQ(Wheres(findings), Where{"bans.txt:1"});
}

TEST(TidyOrder, IteratingAnUnorderedContainerIsFoundAcrossHeaderAndSource) {
  const SourceFile header =
      File("a/x.h", "std::unordered_map<int, std::string> table_;\nstd::map<int, int> rows_;\n");
  const SourceFile source =
      File("a/x.cc",
           "for (const auto& [k, v] : table_) f(k);\nauto at = table_.begin();\n"
           "for (auto& r : rows_) f(r);\ntable_.find(3);\n");
  EXPECT_EQ(Wheres(CheckUnorderedIteration({header, source})), (Where{"a/x.cc:1", "a/x.cc:2"}));
}

TEST(TidyOrder, OrderingByAddressIsFound) {
  EXPECT_EQ(Wheres(CheckAddressOrder({File("a/x.cc",
                                           "std::map<Node*, int> m;\nstd::map<int, Node*> n;\n"
                                           "std::set<const dunlin::Node *> s;\n")})),
            (Where{"a/x.cc:1", "a/x.cc:3"}));
}

Where SymbolFindings(std::string_view nm_output) {
  return Wheres(CheckSymbols(nm_output, ParseSymbolRules({"ban socket epoll_* fprintf # comment",
                                                          "allow check.cc.o fprintf"})));
}

TEST(TidySymbols, ASystemCallInAPureLibraryIsFound) {
  EXPECT_EQ(SymbolFindings("build/libengine.a[x.cc.o]: socket U         "
                           "\nbuild/libengine.a[y.cc.o]: epoll_wait U\n"),
            (Where{"x.cc.o", "y.cc.o"}));
  EXPECT_EQ(SymbolFindings(
                "build/libengine.a[x.cc.o]: memcpy U\nbuild/libengine.a[x.cc.o]: socketry U\n"),
            Where{});
}

TEST(TidySymbols, AnAllowanceIsForOneObjectFile) {
  EXPECT_EQ(SymbolFindings("l.a[l.a.p/check.cc.o]: fprintf U\nl.a[other.cc.o]: fprintf U\n"),
            Where{"other.cc.o"});
}

TEST(TidySymbols, SeeingNothingIsAFinding) {
  EXPECT_EQ(SymbolFindings("nm: no such file\n"), Where{"nm"});
}

TEST(TidyFiles, ALongSourceIsFoundUnlessExcused) {
  const SourceFile file = File("engine/a/x.cc", std::string(kLinesMax + 1, '\n'));
  EXPECT_EQ(Wheres(CheckLength({file}, {})), Where{"engine/a/x.cc"});
  EXPECT_EQ(Wheres(CheckLength({file}, ParseAllowances({"long-file engine/a/x.cc"}))), Where{});
  EXPECT_EQ(Wheres(CheckLength({File("engine/a/x.cc", std::string(kLinesMax, '\n'))}, {})),
            Where{});
}

TEST(TidyFiles, AFolderWithoutReadmeIsFound) {
  const SourceFile source = File("engine/a/x.cc", "int x;\n");
  EXPECT_EQ(Wheres(CheckReadmes({source}, {})), Where{"engine/a"});
  EXPECT_EQ(Wheres(CheckReadmes({source, File("engine/a/README.md", "Short.\n")}, {})), Where{});
  EXPECT_EQ(Wheres(CheckReadmes({source, File("engine/a/README.md", std::string(61, '\n'))}, {})),
            Where{"engine/a/README.md"});
}

TEST(TidyFiles, ASourceThatIsNeverCompiledIsFound) {
  const SourceFile build =
      File("engine/a/meson.build", "engine_sources += files(\n  'x.cc',\n  # 'z.cc',\n)\n");
  EXPECT_EQ(Wheres(CheckListed({build, File("engine/a/x.cc", ""), File("engine/a/y.cc", ""),
                                File("engine/a/z.cc", "")},
                               {})),
            (Where{"engine/a/y.cc", "engine/a/z.cc"}));
}

TEST(TidyFiles, AHeaderWithoutCommentOrPragmaIsFound) {
  EXPECT_EQ(
      Wheres(CheckHeaders({File("a/x.h", "// What it is.\n#pragma once\n\n#include <vector>\n")})),
      Where{});
  EXPECT_EQ(Wheres(CheckHeaders({File("a/x.h", "#pragma once\n")})), Where{"a/x.h:1"});
  EXPECT_EQ(Wheres(CheckHeaders({File("a/x.h", "// What it is.\n#include <vector>\n")})),
            Where{"a/x.h"});
}

TEST(TidyFiles, APlantedBugInAHeaderIsFound) {
  const std::string text =
      "// As MUTANT(1).\n#pragma once\nint f() { return MUTANT(1) ? 1 : 0; }\n";
  EXPECT_EQ(Wheres(CheckHeaders({File("a/x.h", text)})), Where{"a/x.h:3"});
  EXPECT_EQ(Wheres(CheckHeaders({File("engine/base/mutant.h", text)})), Where{});
}

TEST(TidyFiles, AnAllowanceForNothingIsFound) {
  const auto allowed = ParseAllowances({"long-file a/x.cc", "no-readme a"});
  EXPECT_EQ(Wheres(CheckAllowances({File("a/y.cc", "")}, allowed)), Where{"allowances.txt"});
}

TEST(TidyFiles, APathOfOneMachineIsFound) {
  const std::vector<std::string> prefixes = {
      "/wor"
      "k/"};
  EXPECT_EQ(Wheres(CheckMachinePaths({File("a/x.sh",
                                           "cd "
                                           "/wor"
                                           "k/h\ncd ../a/wor"
                                           "k/b\ncd $x/networ"
                                           "k/\n")},
                                     prefixes)),
            Where{"a/x.sh:1"});
}

}  // namespace
}  // namespace dunlin::tidy
