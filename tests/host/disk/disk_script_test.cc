// The scripts that both disks must agree with, on the real one: each of its ways.
#include "tests/support/disk_script.h"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/host/disk/disk_fixture.h"

namespace dunlin::host {
namespace {

class HostTarget : public DiskScriptTarget {
 public:
  explicit HostTarget(DiskWay way) : way_(way) { Restart(); }

  DiskQueue& queue() override { return disk_->queue(); }
  std::vector<DiskDone> FinishAll() override { return disk_->blocking.TakeAll(); }
  void Restart() override { disk_ = std::make_unique<SimpleDisk>(dir_.path(), way_); }

 private:
  const DiskWay way_;
  dunlin::testing::TempDir dir_;
  std::unique_ptr<SimpleDisk> disk_;
};

using Param = std::tuple<DiskScriptFile, DiskWay>;
class HostDiskScript : public ::testing::TestWithParam<Param> {};

TEST_P(HostDiskScript, Holds) {
  HostTarget target(std::get<DiskWay>(GetParam()));
  EXPECT_EQ(RunDiskScript(std::get<DiskScriptFile>(GetParam()).script, target), "");
}

std::string NameOf(const ::testing::TestParamInfo<Param>& info) {
  return std::get<DiskScriptFile>(info.param).name + "_" + std::get<DiskWay>(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(Scripts, HostDiskScript,
                         ::testing::Combine(::testing::ValuesIn(ReadDiskScripts(SOURCE_ROOT)),
                                            ::testing::ValuesIn(kDiskWays)),
                         NameOf);

}  // namespace
}  // namespace dunlin::host
