#include "host/store_command.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "storage/format/checksum_key.h"
#include "storage/format/meta_file.h"
#include "storage/format/record.h"

namespace dunlin::host {
namespace {

namespace fs = std::filesystem;

class StoreCommandTest : public testing::Test {
 protected:
  StoreCommandTest() {
    std::string name = (fs::temp_directory_path() / "dunlin-store-XXXXXX").string();
    root_ = mkdtemp(name.data());
    const fs::path stream = root_ / "jetstream/$G/streams/S";
    fs::create_directories(stream / "msgs");
    StoreConfig config;
    config.name = "S";
    const std::string meta = format::EncodeStreamMeta({}, format::StreamConfigJson(config, {"a"}));
    Write(stream / "meta.inf", meta);
    Write(stream / "meta.sum", format::MetaSum(meta, format::StreamChecksum("S")));
    block_ = stream / "msgs/1.blk";
    for (uint64_t seq = 1; seq <= 3; ++seq) {
      format::AppendMessage(format::BlockChecksum("S", 1), seq, {}, "a", "", "text", &records_);
    }
    Write(block_, records_);
  }
  ~StoreCommandTest() override { fs::remove_all(root_); }

  static void Write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  int Run(std::vector<std::string_view> args) {
    args.insert(args.begin(), "store");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = StoreCommand("dunlin", args);
    output_ = testing::internal::GetCapturedStdout();
    errors_ = testing::internal::GetCapturedStderr();
    return status;
  }

  fs::path root_, block_;
  std::string records_, output_, errors_;
};

TEST_F(StoreCommandTest, AFolderThatCannotBeListedIsNotEmpty) {
  const fs::path loop = root_ / "jetstream/$G/streams/S/obs";
  fs::create_symlink(loop, loop);
  EXPECT_EQ(Run({"inspect", root_.string()}), 1);
  EXPECT_NE(errors_.find("streams/S/obs: "), std::string::npos) << errors_;
}

TEST_F(StoreCommandTest, ShowsWhatIsInADirectory) {
  const std::string root = root_.string();
  EXPECT_EQ(Run({"inspect", root}), 0);
  EXPECT_NE(output_.find("stream S (account $G)"), std::string::npos) << output_;
  EXPECT_NE(output_.find("1 stream, 3 messages, 0 consumers, no damage\n"), std::string::npos);
  EXPECT_EQ(Run({"inspect", root + "/jetstream/", "--messages", "--json"}), 0);
  EXPECT_NE(output_.find("{\"kind\":\"message\",\"seq\":3,"), std::string::npos) << output_;
  EXPECT_EQ(Run({"inspect", root + "/jetstream/$G/streams/S", "--account", "A"}), 0);
  EXPECT_NE(output_.find("stream S (account A)"), std::string::npos) << output_;
}

TEST_F(StoreCommandTest, FailsOnDamageAndChangesNothing) {
  records_[50] ^= 1;
  Write(block_, records_);
  EXPECT_EQ(Run({"inspect", root_.string()}), 1);
  EXPECT_NE(output_.find("1.blk at offset 35: invalid checksum"), std::string::npos) << output_;
  std::ifstream in(block_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), records_);
  EXPECT_EQ(Run({"inspect", "/no/such/directory"}), 1);
}

TEST_F(StoreCommandTest, ExplainsItself) {
  for (const std::vector<std::string_view>& args :
       {std::vector<std::string_view>{},
        {"mend", "x"},
        {"inspect"},
        {"inspect", "a", "b"},
        {"inspect", "a", "--cipher", "rot13"},
        {"inspect", "a", "--key-env"},
        {"inspect", "a", "--key-env", "DUNLIN_NO_SUCH_KEY"},
        {"inspect", "a", "--what"}}) {
    EXPECT_EQ(Run(args), 2);
    EXPECT_NE(errors_.find("usage: dunlin store inspect DIR [options]\n"), std::string::npos);
    EXPECT_EQ(output_, "");
  }
}

}  // namespace
}  // namespace dunlin::host
