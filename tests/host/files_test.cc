#include "host/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/support/temp_dir.h"

namespace dunlin::host {
namespace {

using testing::ReadText;
using testing::TempDir;

TEST(Files, PidFileHoldsTheNumberAlone) {
  const TempDir dir;
  ASSERT_FALSE(WritePidFile(dir.File("x.pid"), 4711));
  EXPECT_EQ(ReadText(dir.File("x.pid")), "4711");
  ASSERT_FALSE(WritePidFile(dir.File("x.pid"), 12));
  EXPECT_EQ(ReadText(dir.File("x.pid")), "12");
}

TEST(Files, SaysWhyAFileCannotBeWritten) {
  const auto failed = WritePidFile("/nonexistent/x.pid", 1);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->text, "open /nonexistent/x.pid: no such file or directory");
  const auto full = WriteWhole("/dev/full", "x", 0600);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->text, "write /dev/full: no space left on device");
}

TEST(Files, ReadsWholeFilesUpToALimit) {
  const TempDir dir;
  ASSERT_FALSE(WriteWhole(dir.File("x"), std::string(100'000, 'x'), 0600));
  const auto whole = ReadWhole(dir.File("x"), 100'000);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole.value().size(), 100'000u);
  const auto cut = ReadWhole(dir.File("x"), 99'999);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().text, "read " + dir.File("x") + ": file too large");
  const auto none = ReadWhole(dir.File("y"), 1);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().text, "open " + dir.File("y") + ": no such file or directory");
  const auto directory = ReadWhole(dir.path(), 1);
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().text, "read " + dir.path() + ": is a directory");
}

TEST(Files, PortsFileIsNamedAfterTheProgramAndItsPid) {
  EXPECT_EQ(PortsFilePath("/run", "/usr/bin/dunlin", 42), "/run/dunlin_42.ports");
  EXPECT_EQ(PortsFilePath("/run/", "dunlin", 42), "/run/dunlin_42.ports");
}

TEST(Files, PortsListTheUrlsOfWhatListens) {
  EXPECT_EQ(PortsJson({{"nats://127.0.0.1:4222"}, {"http://127.0.0.1:8222", "http://[::1]:8222"}}),
            R"({"nats":["nats://127.0.0.1:4222"],)"
            R"("monitoring":["http://127.0.0.1:8222","http://[::1]:8222"]})");
  EXPECT_EQ(PortsJson({}), "{}");
}

TEST(Files, AListenerOnEveryAddressHasManyUrls) {
  EXPECT_EQ(ListenUrls("nats", "127.0.0.1", 4222),
            std::vector<std::string>{"nats://127.0.0.1:4222"});
  EXPECT_EQ(ListenUrls("nats", "::1", 4222), std::vector<std::string>{"nats://[::1]:4222"});
  const auto urls = ListenUrls("nats", "::", 4222);
  EXPECT_NE(std::find(urls.begin(), urls.end(), "nats://127.0.0.1:4222"), urls.end());
}

}  // namespace
}  // namespace dunlin::host
