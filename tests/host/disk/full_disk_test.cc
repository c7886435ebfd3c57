// A store directory on a file system that fills up, on the real kernel: what was promised is there,
// at once, after a restart on the full disk, and when there is room again; and then it goes on.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <memory>
#include <string>

#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/own_mounts.h"
#include "tests/host/disk/storage_loop.h"

namespace dunlin::host {
namespace {

constexpr size_t kPayloadBytes = 2000;

std::string PayloadOf(Seq seq) {
  return std::string(kPayloadBytes, static_cast<char>('a' + seq % 26)) + std::to_string(seq);
}

// One life of a process with one stream.
class Node {
 public:
  explicit Node(const std::string& path, DiskWay way) : disk_(OpenDisk(path, way)) {
    StorageOptions options;
    options.journal.segment_bytes = 1 << 20;
    options.journal.segments_max = 3;
    options.journal.prepare_bytes_ahead = 256 << 10;
    options.limits.block_bytes = 128 << 10;
    options.limits.checkpoint_bytes = 256 << 10;
    loop_ = std::make_unique<StorageLoop>(*disk_, options, 1);
    StoreConfig config;
    config.name = "S";
    id_ = loop_->storage().AddStream("S", config);
  }

  bool Open() {
    loop_->storage().Open(StorageLoop::ReadClocks());
    return loop_->RunUntil(Storage::State::kRunning) && Failure().empty();
  }
  bool Stop() {
    loop_->storage().Stop(StorageLoop::ReadClocks());
    return loop_->RunUntil(Storage::State::kStopped);
  }
  file::FileStore& store() { return *loop_->storage().stream(id_); }
  std::string Failure() {
    if (const auto why = loop_->storage().Failure()) return *why;
    return store().Failure().value_or("");
  }

  // Stores while it is taken and promised, up to 'last'. The last sequence that was promised.
  Seq StoreUpTo(Seq last) {
    // So long it may take to make room; with nothing promised by then there is none.
    constexpr int kPatience = 2000;
    Seq promised = store().State().last_seq;
    StoreResult stored;
    for (int idle = 0; promised < last && idle < kPatience && Failure().empty();) {
      if (stored.seq == promised || stored.seq == 0) {
        if (!loop_->storage().full()) {
          stored = store().Store(StorageLoop::ReadClocks(), "s", "", PayloadOf(promised + 1), 0);
          if (!stored.ok()) break;
        }
      }
      loop_->Step();
      const bool is_promised =
          stored.seq > promised && loop_->storage().durable().Covers(stored.point);
      if (is_promised) promised = stored.seq;
      idle = is_promised ? 0 : idle + 1;
    }
    return promised;
  }

  // The first that is not there as it should be; 0: all are.
  Seq FirstWrong(Seq last) {
    for (Seq seq = 1; seq <= last; ++seq) {
      LoadMsg load;
      load.seq = seq;
      if (loop_->Finish(store(), load) != Progress::kDone || load.msg.payload != PayloadOf(seq)) {
        return seq;
      }
    }
    return 0;
  }

 private:
  std::unique_ptr<HostDisk> disk_;
  std::unique_ptr<StorageLoop> loop_;
  uint32_t id_ = 0;
};

class FullDisk : public ::testing::TestWithParam<DiskWay> {
 protected:
  dunlin::testing::TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Ways, FullDisk, ::testing::Values(kDiskWays[0], kDiskWays[3]),
                         [](const auto& info) { return info.param.name; });

TEST_P(FullDisk, TakesNothingThatWasPromised) {
  const bool skipped = SkippedInChild([this] {
    if (!OwnMounts() || !MountTmpfs(dir_.path(), "12m")) ::_exit(kSkipped);
    constexpr Seq kMore = 100'000;  // Far more than there is room for.
    Seq promised = 0;
    {
      Node node(dir_.path(), GetParam());
      ASSERT_TRUE(node.Open()) << node.Failure();
      promised = node.StoreUpTo(kMore);
      EXPECT_GT(promised * kPayloadBytes, 6u << 20) << node.Failure();
      EXPECT_LT(promised, kMore);
      // It says so, and what it promised can be read.
      EXPECT_NE(node.Failure().find("no space left on device"), std::string::npos)
          << node.Failure();
      EXPECT_EQ(node.FirstWrong(promised), 0u);
      std::printf("full after %llu messages: %s\n", static_cast<unsigned long long>(promised),
                  node.Failure().c_str());
    }
    {
      Node again(dir_.path(), GetParam());
      if (again.Open()) {
        EXPECT_EQ(again.FirstWrong(promised), 0u);
      } else {
        // It has to write before it can vouch for what it reads.
        EXPECT_NE(again.Failure().find("no space left"), std::string::npos) << again.Failure();
        std::printf("a start on the full disk: %s\n", again.Failure().c_str());
      }
    }
    ASSERT_EQ(::mount("tmpfs", dir_.path().c_str(), "tmpfs", MS_REMOUNT, "size=24m"), 0);
    Node roomy(dir_.path(), GetParam());
    ASSERT_TRUE(roomy.Open()) << roomy.Failure();
    EXPECT_EQ(roomy.FirstWrong(promised), 0u);
    const Seq last = roomy.store().State().last_seq;
    EXPECT_EQ(roomy.StoreUpTo(last + 500), last + 500) << roomy.Failure();
    EXPECT_TRUE(roomy.Stop()) << roomy.Failure();
  });
  if (skipped) GTEST_SKIP() << "SKIPPED: may not mount a tmpfs in a namespace of its own";
}

}  // namespace
}  // namespace dunlin::host
