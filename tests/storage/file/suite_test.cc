// The block store in the suite of all stores: as it is, and with everything as small as can be, so
// that blocks come and go and hardly anything is in memory.
#include <gtest/gtest.h>

#include <memory>

#include "sim/disk/disk_driver.h"
#include "storage/file/file_store.h"
#include "tests/storage/file/test_journal.h"
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

class BlockWorld final : public StoreWorld {
 public:
  BlockWorld(const StoreConfig& config, const file::FileLimits& limits, const Now& now,
             std::optional<crypto::CipherKind> cipher = std::nullopt)
      : limits_(limits), compression_(config.compression), driver_(1) {
    if (cipher) keys_.emplace(crypto::EncryptionOptions{"key", "", *cipher, &entropy_}, "A");
    Boot(now, config);
  }
  ~BlockWorld() override { store_->CheckInvariants(); }

  StreamStore& store() override { return *store_; }
  void Settle(const Now& now) override {
    for (int quiet = 0; quiet < 3;) quiet = Turn(now) ? 0 : quiet + 1;
  }
  bool Durable() const override { return true; }
  void Reopen(const Now& now, const StoreConfig& config, Indexes indexes) override {
    Settle(now);
    store_->Stop(now);
    Settle(now);
    EXPECT_EQ(store_->phase(), file::FileStore::Phase::kStopped);
    if (indexes == Indexes::kDeleted) {
      for (const std::string& path : driver_.disk().Files()) {
        if (path.ends_with(".db")) driver_.disk().Delete(path);
      }
    }
    Boot(now, config);
  }
  void Crash(const Now& now, const StoreConfig& config) override {
    // All that was decided is durable, so that it is known what must be there. What is being done
    // about it in files is cut off where it is.
    while (journal_.Turn()) continue;
    const sim::CrashKind kind =
        rng_.Chance(1, 2) ? sim::CrashKind::kPowerLoss : sim::CrashKind::kKill;
    driver_.Crash(kind);
    store_.reset();
    journal_.Die(rng_.Fork("die", rng_.Next()), kind);
    Boot(now, config);
  }
  uint64_t CountedBytes(size_t subject, size_t header, size_t payload) const override {
    return FileMsgBytes(subject, header, payload);
  }

 private:
  bool Turn(const Now& now) {
    store_->Work(now);
    bool moved = journal_.Turn();
    if (const auto done = driver_.Step()) {
      routes_->Take(done->ticket);
      store_->OnDisk(*done);
      moved = true;
    }
    store_->Work(now);
    return moved;
  }
  void Boot(const Now& now, StoreConfig config) {
    config.compression = compression_;
    store_.reset();
    routes_ = std::make_unique<file::DiskRoutes>();
    store_ = std::make_unique<file::FileStore>(
        file::FileStoreOptions{config, limits_, keys_ ? &*keys_ : nullptr, {}},
        file::StoreDisk(&driver_.queue(), routes_.get(), 1, "S"), &journal_,
        rng_.Fork("store", rng_.Next()));
    store_->Open();
    while (store_->phase() == file::FileStore::Phase::kOpening) Turn(now);
    journal_.Attach(store_->incarnation());
    for (const auto& entry : journal_.entries)
      store_->Replay({entry.batch}, entry.kind, entry.body);
    store_->Start(now);
    Settle(now);
    EXPECT_EQ(store_->phase(), file::FileStore::Phase::kRunning);
    for (const std::string& notice : store_->TakeNotices()) ADD_FAILURE() << notice;
  }

  const file::FileLimits limits_;
  crypto::SeededEntropy entropy_{Rng(9)};
  std::optional<crypto::KeyRing> keys_;
  const StoreCompression compression_;
  sim::DiskDriver driver_;
  file::TestJournal journal_;
  Rng rng_{7};
  std::unique_ptr<file::DiskRoutes> routes_;
  std::unique_ptr<file::FileStore> store_;
};

std::unique_ptr<StoreWorld> MakeBlocks(const StoreConfig& config, const Now& now) {
  return std::make_unique<BlockWorld>(config, file::FileLimits{}, now);
}

file::FileLimits TinyLimits() {
  file::FileLimits limits;
  limits.block_bytes = 200;
  limits.reader.index_bytes_per_slice = 50;
  limits.writer.write_bytes_min = 1;
  limits.checkpoint_bytes = 2000;
  return limits;
}

std::unique_ptr<StoreWorld> MakeTinyBlocks(const StoreConfig& config, const Now& now) {
  return std::make_unique<BlockWorld>(config, TinyLimits(), now);
}
std::unique_ptr<StoreWorld> MakeSealedBlocks(const StoreConfig& config, const Now& now) {
  return std::make_unique<BlockWorld>(config, TinyLimits(), now, crypto::CipherKind::kChaCha);
}

// Compressed and encrypted. The owner's configuration may change; that it is compressed does not.
std::unique_ptr<StoreWorld> MakePacked(const StoreConfig& config, const Now& now) {
  file::FileLimits limits;
  limits.block_bytes = 1500;
  limits.checkpoint_bytes = 4000;
  StoreConfig packed = config;
  packed.compression = StoreCompression::kS2;
  return std::make_unique<BlockWorld>(packed, limits, now, crypto::CipherKind::kAes);
}

INSTANTIATE_TEST_SUITE_P(Blocks, StoreSuite,
                         ::testing::Values(StoreKind{"Whole", &MakeBlocks},
                                           StoreKind{"Tiny", &MakeTinyBlocks},
                                           StoreKind{"Sealed", &MakeSealedBlocks},
                                           StoreKind{"Packed", &MakePacked}),
                         StoreKindName);

}  // namespace
}  // namespace dunlin
