// The checks of rules.h, applied to this repository and to the libraries that were just built.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "tests/tidy/rules.h"

namespace dunlin::tidy {
namespace {

const std::string kRules = std::string(SOURCE_ROOT) + "/tests/tidy/";

std::vector<std::string> RuleLines(const std::string& name) {
  return SplitLines(ReadFile(kRules + name));
}

const std::vector<SourceFile>& Repository() {
  static const std::vector<SourceFile> files = ReadRepository(SOURCE_ROOT);
  return files;
}

const Allowances& Allowed() {
  static const Allowances allowed = ParseAllowances(RuleLines("allowances.txt"));
  return allowed;
}

std::vector<SourceFile> FilesUnder(std::initializer_list<std::string_view> folders) {
  std::vector<SourceFile> files;
  for (const SourceFile& file : Repository()) {
    for (const std::string_view folder : folders) {
      if (Under(file.path, folder)) files.push_back(file);
    }
  }
  return files;
}

void ExpectNone(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) ADD_FAILURE() << finding.where << ": " << finding.what;
}

std::string OutputOf(const std::string& command) {
  struct Closer {
    void operator()(FILE* pipe) const { pclose(pipe); }
  };
  const std::unique_ptr<FILE, Closer> pipe(popen(command.c_str(), "r"));
  std::string output;
  std::array<char, 65536> chunk;
  for (size_t n; pipe && (n = fread(chunk.data(), 1, chunk.size(), pipe.get())) > 0;)
    output.append(chunk.data(), n);
  return output;
}

TEST(Tidy, TheRepositoryIsSeen) { EXPECT_GT(Repository().size(), 30u); }

TEST(Tidy, IncludesPointDownTheLayers) {
  ExpectNone(CheckLayers(Repository(), ParseLayers(RuleLines("layers.txt"))));
}

TEST(Tidy, NothingBannedIsWritten) {
  std::vector<Finding> findings;
  const std::vector<Ban> bans = ParseBans(RuleLines("bans.txt"), &findings);
  EXPECT_GT(bans.size(), 30u);
  ExpectNone(findings);
  ExpectNone(CheckBans(Repository(), bans));
}

TEST(Tidy, NothingDependsOnHashOrderOrAddresses) {
  const auto files = FilesUnder({"engine", "storage", "net", "sim"});
  ExpectNone(CheckUnorderedIteration(files));
  ExpectNone(CheckAddressOrder(files));
}

TEST(Tidy, FilesAreShort) { ExpectNone(CheckLength(Repository(), Allowed())); }

TEST(Tidy, FoldersExplainThemselves) { ExpectNone(CheckReadmes(Repository(), Allowed())); }

TEST(Tidy, EverySourceIsCompiled) { ExpectNone(CheckListed(Repository(), Allowed())); }

TEST(Tidy, HeadersOpenWithWhatTheyAreFor) { ExpectNone(CheckHeaders(Repository())); }

TEST(Tidy, AllowancesAreForSomethingThatIsThere) {
  ExpectNone(CheckAllowances(Repository(), Allowed()));
}

TEST(Tidy, NoPathOfOneMachineIsCommitted) {
  // Put together here, so that this file passes.
  ExpectNone(CheckMachinePaths(
      FilesUnder({"engine", "storage", "net", "sim", "host", "tests", "scenarios", "scripts", ".ci",
                  "README.md", "meson.build"}),
      {std::string("/wor") + "k/", std::string("/roo") + "t/", std::string("/tmp/re") + "f"}));
}

class TidyLibrary : public testing::TestWithParam<const char*> {};

TEST_P(TidyLibrary, MakesNoSystemCall) {
  ExpectNone(CheckSymbols(OutputOf("nm -A -u -P '" + std::string(GetParam()) + "'"),
                          ParseSymbolRules(RuleLines("symbols.txt"))));
}

// Named after the library: 'libengine.a' is Pure/TidyLibrary.MakesNoSystemCall/engine.
std::string LibraryName(const testing::TestParamInfo<const char*>& info) {
  return std::filesystem::path(info.param).stem().string().substr(3);
}

INSTANTIATE_TEST_SUITE_P(Pure, TidyLibrary, testing::Values(PURE_LIBRARIES), LibraryName);

}  // namespace
}  // namespace dunlin::tidy
