// The suite of all stores on a real disk, below all of storage with its real journal.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "engine/base/check.h"
#include "storage/storage.h"
#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/storage_loop.h"
#include "tests/storage/store_suite.h"
#include "tests/support/temp_dir.h"

namespace dunlin::host {
namespace {

class HostWorld final : public StoreWorld {
 public:
  HostWorld(const StoreConfig& config, const Now& now, DiskWay way) : way_(way) {
    Boot(now, config);
  }

  StreamStore& store() override { return *storage().stream(id_); }
  void Settle(const Now& now) override {
    while (loop_->Step(now)) continue;
  }
  bool Durable() const override { return true; }
  void Reopen(const Now& now, const StoreConfig& config, Indexes indexes) override {
    storage().Stop(now);
    Settle(now);
    EXPECT_EQ(storage().state(), Storage::State::kStopped);
    Close();
    if (indexes == Indexes::kDeleted) {
      for (const char* name : {"index.db", "thw.db"})
        std::filesystem::remove(dir_.path() + "/A/streams/S/msgs/" + name);
    }
    Boot(now, config);
  }
  // As a kill that comes when nothing is under way: what was written stays. tests/host/kill has the
  // real ones, at any time.
  void Crash(const Now& now, const StoreConfig& config) override {
    Settle(now);
    Close();
    Boot(now, config);
  }
  uint64_t CountedBytes(size_t subject, size_t header, size_t payload) const override {
    return FileMsgBytes(subject, header, payload);
  }

 private:
  Storage& storage() { return loop_->storage(); }

  void Boot(const Now& now, const StoreConfig& config) {
    disk_ = OpenDisk(dir_.path(), way_);
    StorageOptions options;
    options.journal.segment_bytes = 16 << 20;
    options.journal.segments_max = 3;
    options.journal.prepare_bytes_ahead = 64 << 10;
    options.limits.block_bytes = 4000;
    options.limits.writer.write_bytes_min = 100;
    options.limits.checkpoint_bytes = 20'000;
    loop_ = std::make_unique<StorageLoop>(*disk_, options, ++lives_);
    id_ = storage().AddStream("A/streams/S", config);
    storage().Open(now);
    Settle(now);
    CHECK(storage().state() == Storage::State::kRunning);
    for (const std::string& notice : storage().TakeNotices()) ADD_FAILURE() << notice;
  }

  void Close() {
    loop_.reset();
    disk_.reset();
  }

  const DiskWay way_;
  testing::TempDir dir_;
  std::unique_ptr<HostDisk> disk_;
  std::unique_ptr<StorageLoop> loop_;
  uint64_t lives_ = 0;
  uint32_t id_ = 0;
};

std::unique_ptr<StoreWorld> MakeBest(const StoreConfig& config, const Now& now) {
  return std::make_unique<HostWorld>(config, now, kDiskWays[0]);
}
std::unique_ptr<StoreWorld> MakeThreads(const StoreConfig& config, const Now& now) {
  return std::make_unique<HostWorld>(config, now, kDiskWays[3]);
}

INSTANTIATE_TEST_SUITE_P(Host, StoreSuite,
                         ::testing::Values(StoreKind{"Best", &MakeBest},
                                           StoreKind{"ThreadsBuffered", &MakeThreads}),
                         StoreKindName);

}  // namespace
}  // namespace dunlin::host
