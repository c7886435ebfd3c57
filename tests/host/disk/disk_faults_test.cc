// Faults of the real kernel: a full file system, no descriptors left, no permission, a file removed
// underneath, write-back that fails. Each in a child process, which may give up rights and mount
// what it needs where nobody else sees it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/own_mounts.h"

namespace dunlin::host {
namespace {

class DiskFaults : public ::testing::TestWithParam<DiskWay> {
 protected:
  dunlin::testing::TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Ways, DiskFaults, ::testing::ValuesIn(kDiskWays),
                         [](const auto& info) { return info.param.name; });

TEST_P(DiskFaults, AFullFileSystemIsToldAndIsNotTheEnd) {
  const bool skipped = SkippedInChild([this] {
    if (!OwnMounts() || !MountTmpfs(dir_.path(), "1m")) ::_exit(kSkipped);
    SimpleDisk disk(dir_.path(), GetParam());
    const FileId file = disk.Open("a");
    const DiskDone full = disk.Write(file, 0, std::string(2 << 20, 'x'));
    EXPECT_EQ(full.error, DiskError::kNoSpace);
    EXPECT_EQ(full.text, "write " + dir_.File("a") + ": no space left on device");
    EXPECT_LT(disk.Do(disk.queue().FreeSpace()).size, 64u << 10);
    // Space comes back, and the file goes on: a write that failed is no sync that failed.
    EXPECT_TRUE(disk.Do(disk.queue().Truncate(file, 0)).ok());
    EXPECT_TRUE(disk.Write(file, 0, "text").ok());
    EXPECT_TRUE(disk.Do(disk.queue().Sync(file)).ok());
    EXPECT_EQ(disk.Read(file, 0, 10), "text");
  });
  if (skipped) GTEST_SKIP() << "SKIPPED: may not mount a tmpfs in a namespace of its own";
}

TEST_P(DiskFaults, ADurableWriteWithoutSpaceIsToldAndIsNotTheEnd) {
  const bool skipped = SkippedInChild([this] {
    if (!OwnMounts() || !MountTmpfs(dir_.path(), "1m")) ::_exit(kSkipped);
    SimpleDisk disk(dir_.path(), GetParam());
    const FileId file = disk.Open("seg", Access::kDurableWrites);
    AlignedBuffer big(2 << 20, 'x');
    EXPECT_EQ(disk.Do(disk.queue().Write(file, 0, big.data(), big.size())).error,
              DiskError::kNoSpace);
    EXPECT_TRUE(disk.Do(disk.queue().Truncate(file, kDirectAlignment)).ok());
    EXPECT_TRUE(disk.Do(disk.queue().Write(file, 0, big.data(), kDirectAlignment)).ok());
  });
  if (skipped) GTEST_SKIP() << "SKIPPED: may not mount a tmpfs in a namespace of its own";
}

TEST_P(DiskFaults, ADurableWriteThatFailedPoisonsItsFileAlone) {
  ASSERT_FALSE(SkippedInChild([this] {
    SimpleDisk disk(dir_.path(), GetParam());
    const FileId file = disk.Open("seg", Access::kDurableWrites);
    const FileId other = disk.Open("other", Access::kDurableWrites);
    const rlimit limit{1 << 20, 1 << 20};
    CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    ::signal(SIGXFSZ, SIG_IGN);
    AlignedBuffer block(kDirectAlignment, 'x');
    const DiskDone failed = disk.Do(disk.queue().Write(file, 1 << 20, block.data(), block.size()));
    EXPECT_EQ(failed.error, DiskError::kIo);
    EXPECT_EQ(failed.text, "write " + dir_.File("seg") + ": file too large");
    const DiskDone refused = disk.Do(disk.queue().Read(file, 0, block.data(), block.size()));
    EXPECT_EQ(refused.error, DiskError::kPoisoned);
    EXPECT_EQ(refused.text, "read " + dir_.File("seg") + ": an earlier sync of this file failed");
    EXPECT_EQ(disk.Do(disk.queue().Write(file, 0, block.data(), block.size())).error,
              DiskError::kPoisoned);
    EXPECT_EQ(disk.Do(disk.queue().Truncate(file, 0)).error, DiskError::kPoisoned);
    EXPECT_EQ(disk.Do(disk.queue().Sync(file)).error, DiskError::kPoisoned);
    EXPECT_TRUE(disk.Do(disk.queue().Write(other, 0, block.data(), block.size())).ok());
    EXPECT_TRUE(disk.Do(disk.queue().Close(file)).ok());
    const FileId again = disk.Open("seg", Access::kDurableWrites, Creation::kEmptied);
    EXPECT_TRUE(disk.Do(disk.queue().Write(again, 0, block.data(), block.size())).ok());
  }));
}

// An ext4 in a file on a tmpfs that is too small for it: the page cache takes everything, and the
// device below has no room for it.
bool MountLyingDevice(const std::string& path) {
  if (!OwnMounts() || !MountTmpfs(path, "8m")) return false;
  const std::string image = path + "/image", mounted = path + "/fs";
  if (::mkdir(mounted.c_str(), 0700) != 0) return false;
  const std::string command = "truncate -s 64m " + image + " && mkfs.ext4 -q -F -O ^has_journal " +
                              image + " && mount -o loop " + image + " " + mounted;
  return std::system(("PATH=$PATH:/sbin:/usr/sbin; (" + command + ") >/dev/null 2>&1").c_str()) ==
         0;
}

TEST_P(DiskFaults, AFailedSyncIsNeverAskedAgain) {
  const bool skipped = SkippedInChild([this] {
    if (!MountLyingDevice(dir_.path())) ::_exit(kSkipped);
    {
      SimpleDisk disk(dir_.File("fs"), GetParam());
      const FileId file = disk.Open("a");
      const FileId other = disk.Open("b");
      EXPECT_TRUE(disk.Write(file, 0, std::string(16 << 20, 'x')).ok());
      // Two side by side: the kernel tells one of them, and none may be believed.
      const DiskTicket first = disk.queue().Sync(file);
      const DiskTicket second = disk.queue().Sync(file);
      const DiskError errors[] = {disk.Do(first).error, disk.Do(second).error};
      for (const DiskError error : errors) EXPECT_NE(error, DiskError::kNone);
      EXPECT_TRUE(errors[0] == DiskError::kPoisoned || errors[1] == DiskError::kPoisoned);
      EXPECT_EQ(disk.Do(disk.queue().Sync(file)).error, DiskError::kPoisoned);
      EXPECT_EQ(disk.Write(file, 0, "y").error, DiskError::kPoisoned);
      EXPECT_TRUE(disk.Write(other, 0, "y").ok());
      EXPECT_TRUE(disk.Do(disk.queue().Close(file)).ok());
    }
    ::umount2(dir_.File("fs").c_str(), MNT_DETACH);
  });
  if (skipped) GTEST_SKIP() << "SKIPPED: may not mount an ext4 on a loop device";
}

TEST_P(DiskFaults, DescriptorsRunOutAndComeBack) {
  ASSERT_FALSE(SkippedInChild([this] {
    SimpleDisk disk(dir_.path(), GetParam());
    std::vector<FileId> open;
    const rlimit limit{40, 40};
    CHECK(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    DiskDone last;
    do {
      open.push_back(disk.queue().NewFile());
      last = disk.Do(disk.queue().Open(open.back(), "f" + std::to_string(open.size()),
                                       Access::kWrite, Creation::kIfMissing));
    } while (last.ok() && open.size() < 60);
    EXPECT_EQ(last.error, DiskError::kTooManyFiles);
    EXPECT_EQ(disk.Do(disk.queue().List("")).error, DiskError::kTooManyFiles);
    EXPECT_EQ(disk.Do(disk.queue().SyncDir("")).error, DiskError::kTooManyFiles);
    EXPECT_TRUE(disk.Write(open[0], 0, "text").ok());
    EXPECT_TRUE(disk.Do(disk.queue().Sync(open[0])).ok());
    EXPECT_TRUE(disk.Do(disk.queue().Close(open[1])).ok());
    EXPECT_TRUE(disk.Do(disk.queue().SyncDir("")).ok());  // It was never synced: not poisoned.
    EXPECT_EQ(disk.TryOpen("g", Access::kWrite, Creation::kNew), DiskError::kNone);
  }));
}

TEST_P(DiskFaults, MissingPermissionIsTold) {
  std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
  const bool skipped = SkippedInChild([this] {
    { SimpleDisk(dir_.path()).Open("a"); }
    std::filesystem::permissions(dir_.File("a"), std::filesystem::perms(0));
    std::filesystem::create_directory(dir_.File("d"));
    std::filesystem::permissions(dir_.File("d"), std::filesystem::perms(0));
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(kSkipped);
    SimpleDisk disk(dir_.path(), GetParam());
    const DiskDone done =
        disk.Do(disk.queue().Open(disk.queue().NewFile(), "a", Access::kRead, Creation::kExisting));
    EXPECT_EQ(done.error, DiskError::kPermission);
    EXPECT_EQ(done.text, "open " + dir_.File("a") + ": permission denied");
    EXPECT_EQ(disk.Do(disk.queue().List("d")).error, DiskError::kPermission);
    EXPECT_EQ(disk.TryOpen("d/x", Access::kWrite, Creation::kNew), DiskError::kPermission);
  });
  if (skipped) GTEST_SKIP() << "SKIPPED: root cannot give its rights up here";
  std::filesystem::permissions(dir_.File("d"), std::filesystem::perms(0700));
}

TEST_P(DiskFaults, AReadOnlyFileSystemIsToldAsMissingPermission) {
  const bool skipped = SkippedInChild([this] {
    const std::string& path = dir_.path();
    if (!OwnMounts() || !MountTmpfs(path, "1m")) ::_exit(kSkipped);
    if (::mount("tmpfs", path.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
      ::_exit(kSkipped);
    }
    SimpleDisk disk(path, GetParam());
    EXPECT_EQ(disk.TryOpen("a", Access::kWrite, Creation::kNew), DiskError::kPermission);
    EXPECT_EQ(disk.Do(disk.queue().MakeDir("d")).error, DiskError::kPermission);
  });
  if (skipped) GTEST_SKIP() << "SKIPPED: may not mount a tmpfs in a namespace of its own";
}

TEST_P(DiskFaults, WhatIsRemovedUnderneathIsNotFound) {
  SimpleDisk disk(dir_.path(), GetParam());
  const FileId file = disk.Open("d", Access::kWrite, Creation::kNew);
  ASSERT_TRUE(disk.Write(file, 0, "text").ok());
  std::filesystem::remove_all(dir_.path());
  EXPECT_EQ(disk.Read(file, 0, 4), "text");
  EXPECT_TRUE(disk.Do(disk.queue().Sync(file)).ok());
  EXPECT_EQ(disk.Do(disk.queue().Rename("d", "e", Replace::kExisting)).error, DiskError::kNotFound);
  EXPECT_EQ(disk.TryOpen("e", Access::kWrite, Creation::kIfMissing), DiskError::kNotFound);
  EXPECT_EQ(disk.Do(disk.queue().SyncDir("")).error, DiskError::kNotFound);
  EXPECT_EQ(disk.Do(disk.queue().List("")).error, DiskError::kNotFound);
}

}  // namespace
}  // namespace dunlin::host
