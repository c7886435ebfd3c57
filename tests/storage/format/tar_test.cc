#include "storage/format/tar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace dunlin::format {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::string Archive(const Files& files) {
  std::string out;
  for (const auto& [name, bytes] : files) {
    AppendTarHeader(name, bytes.size(), WallTime{1'700'000'000'000'000'000}, &out);
    out += bytes;
    AppendTarPadding(bytes.size(), &out);
  }
  AppendTarEnd(&out);
  return out;
}

// Fed 'piece' bytes at a time. 'why': of damage, or "short".
Files Read(const std::string& archive, size_t piece, std::string* why) {
  Files out;
  TarReader reader;
  size_t at = 0;
  while (true) {
    switch (reader.Next()) {
      case TarReader::Piece::kFile: out.emplace_back(reader.name(), ""); break;
      case TarReader::Piece::kData: out.back().second += reader.data(); break;
      case TarReader::Piece::kEnd: return out;
      case TarReader::Piece::kDamaged: *why = reader.why(); return out;
      case TarReader::Piece::kNeed:
        if (at == archive.size()) {
          *why = "short";
          return out;
        }
        reader.Feed(std::string_view(archive).substr(at, piece));
        at += std::min(piece, archive.size() - at);
        break;
    }
  }
}

TEST(Tar, IsMadeOfBlocksOf512Bytes) {
  const std::string archive = Archive({{"a", "x"}, {"b", std::string(512, 'y')}});
  EXPECT_EQ(archive.size(), 6 * kTarBlockBytes);
  EXPECT_EQ(archive.substr(257, 8), std::string("ustar\00000", 8));
  EXPECT_EQ(archive.substr(265, 4), "nats");
}

TEST(Tar, KeepsLongNames) {
  const Files files{{"obs/" + std::string(255, 'n') + "/meta.inf", "x"}, {"short", "y"}};
  std::string why;
  EXPECT_EQ(Read(Archive(files), 100, &why), files);
  EXPECT_EQ(why, "");
}

TEST(Tar, SaysWhatIsWrong) {
  std::string archive = Archive({{"a", "x"}});
  archive[3] = 'b';
  std::string why;
  (void)Read(archive, 1000, &why);
  EXPECT_EQ(why, "invalid checksum of a header");
  archive = Archive({{"a", "x"}});
  (void)Read(archive.substr(0, 700), 1000, &why);
  EXPECT_EQ(why, "short");
}

RC_GTEST_PROP(TarProperty, ReadsBackWhatItWrites, (const std::vector<std::string>& contents)) {
  Files files;
  for (size_t i = 0; i < contents.size(); ++i) {
    files.emplace_back("file" + std::to_string(i), contents[i]);
  }
  const auto piece = *rc::gen::inRange<size_t>(1, 2000);
  std::string why;
  RC_ASSERT(Read(Archive(files), piece, &why) == files);
  RC_ASSERT(why.empty());
}

RC_GTEST_PROP(TarProperty, TakesAnyBytes, (const std::string& bytes)) {
  std::string archive = Archive({{"a", "some"}}), why;
  const auto at = *rc::gen::inRange<size_t>(0, archive.size());
  archive.replace(at, bytes.size(), bytes);
  (void)Read(archive, 300, &why);
}

}  // namespace
}  // namespace dunlin::format
