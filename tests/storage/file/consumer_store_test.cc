// The consumer store on disk: in the suite of all consumer stores, and what is its own: its files,
// and what becomes of them.
#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <optional>

#include "storage/crypto/store_cipher.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "tests/storage/consumer_suite.h"
#include "tests/storage/file/consumer_world.h"

namespace dunlin {
namespace {

using file::ConsumerOnDisk;
using file::ConsumerTrailer;
using file::FileConsumerStore;
using file::MetaOf;
using sim::CrashKind;

class FileConsumerWorld final : public ConsumerWorld {
 public:
  FileConsumerWorld(const ConsumerStoreConfig& config, const StorageOptions& options)
      : world_(config, options) {}
  ~FileConsumerWorld() override { EXPECT_TRUE(world_.notices.empty()) << world_.notices[0]; }

  ConsumerStore& store() override { return world_.store(); }
  void Settle() override { world_.Settle(); }
  bool Durable() const override { return true; }
  void Reopen() override {
    SetMeta();
    world_.Stop();
    world_.Boot();
  }
  void Crash() override {
    SetMeta();
    world_.Settle();
    ++crashes_;
    world_.Die(crashes_ % 2 == 0 ? CrashKind::kKill : CrashKind::kPowerLoss, crashes_);
    world_.Boot();
  }

 private:
  // As the owner would, with each change of the configuration.
  void SetMeta() {
    const std::string meta = MetaOf(world_.store().config());
    if (meta == world_.store().meta()) return;
    EXPECT_TRUE(world_.store().SetMeta(meta).ok());
  }

  ConsumerOnDisk world_;
  uint64_t crashes_ = 0;
};

std::unique_ptr<ConsumerWorld> MakeFileConsumer(const ConsumerStoreConfig& config) {
  return std::make_unique<FileConsumerWorld>(config, file::TinyStorage());
}
// Takes a checkpoint at every turn.
std::unique_ptr<ConsumerWorld> MakeEagerConsumer(const ConsumerStoreConfig& config) {
  StorageOptions options = file::TinyStorage();
  options.consumer_limits.checkpoint_bytes = 1;
  return std::make_unique<FileConsumerWorld>(config, options);
}

INSTANTIATE_TEST_SUITE_P(File, ConsumerSuite,
                         ::testing::Values(ConsumerKind{"File", &MakeFileConsumer},
                                           ConsumerKind{"Eager", &MakeEagerConsumer}),
                         ConsumerKindName);

constexpr WallTime At(int64_t seconds) { return {(1'700'000'000 + seconds) * 1'000'000'000}; }
constexpr std::string_view kFolder = "A/streams/S/obs/C/";

ConsumerStoreConfig Explicit() {
  ConsumerStoreConfig config;
  config.name = "C";
  return config;
}

std::vector<std::string> Files(ConsumerOnDisk& world) {
  std::vector<std::string> out;
  for (const std::string& path : world.driver.disk().Files()) {
    if (path.starts_with(kFolder)) out.push_back(path.substr(kFolder.size()));
  }
  return out;
}

std::string Contents(ConsumerOnDisk& world, std::string_view name) {
  return world.driver.disk().Contents(std::string(kFolder) + std::string(name)).value_or("");
}

TEST(FileConsumerStore, LeavesTheFilesOfTheReferenceBehindAfterACleanStop) {
  ConsumerOnDisk world(Explicit());
  for (uint64_t i = 1; i <= 9; ++i) {
    ASSERT_TRUE(world.store().Delivered(i, i * 2, 1, At(static_cast<int64_t>(i))).ok());
  }
  ASSERT_TRUE(world.store().Acked(3, 6).ok());
  const ConsumerState state = world.store().State();
  world.Stop();
  EXPECT_EQ(Files(world), (std::vector<std::string>{"meta.inf", "meta.sum", "o.dat"}));
  // The reference's, and a line end.
  const std::string meta = MetaOf(Explicit()) + "\n";
  EXPECT_EQ(Contents(world, "meta.inf"), meta);
  EXPECT_EQ(Contents(world, "meta.sum"), format::MetaSum(meta, format::ConsumerChecksum("S", "C")));
  ConsumerState read;
  ASSERT_TRUE(format::DecodeConsumerState(Contents(world, "o.dat"), &read).ok());
  EXPECT_EQ(read, state);
}

TEST(FileConsumerStore, OpensAStateThatTheReferenceWrote) {
  ConsumerOnDisk world(Explicit());
  ConsumerState state;
  state.delivered = {20, 30};
  state.ack_floor = {5, 6};
  state.pending = {{7, 6, At(1)}, {9, 8, At(2)}};
  state.redelivered = {{7, 2}};
  world.Stop();
  world.driver.disk().Put(std::string(kFolder) + "o.dat",
                          format::EncodeConsumerState(state, At(5)));
  world.Boot();
  EXPECT_EQ(world.store().State(), state);
  EXPECT_TRUE(world.store().HasState());
  // From then on it is ours, journal and all.
  ASSERT_TRUE(world.store().Acked(6, 7).ok());
  const ConsumerState after = world.store().State();
  world.Settle();
  world.Die(CrashKind::kPowerLoss);
  world.Boot();
  EXPECT_EQ(world.store().State(), after);
}

// A death between the two calls of a change, say: the metadata has it, and what is behind the state
// in the journal has not.
TEST(FileConsumerStore, GoesOnByTheConfigurationThatItsMetadataSays) {
  ConsumerOnDisk world(Explicit());
  ConsumerStoreConfig three = Explicit();
  three.max_deliver = 3;
  ASSERT_TRUE(world.store().SetMeta(MetaOf(three)).ok());
  world.Checkpoint();
  world.Die(CrashKind::kPowerLoss);
  world.Boot();
  ASSERT_TRUE(world.store().Delivered(1, 1, 1, At(1)).ok());
  ASSERT_TRUE(world.store().Delivered(2, 1, 4, At(2)).ok());
  const ConsumerState state = world.store().State();
  EXPECT_TRUE(state.pending.empty());
  world.Settle();
  world.Die(CrashKind::kPowerLoss);
  world.Boot();
  EXPECT_EQ(world.store().State(), state);
}

// The reference writes an o.dat once there is a state. Ours is there from the making on.
TEST(FileConsumerStore, MissesOnlyAnODatOfItsOwn) {
  ConsumerOnDisk world(Explicit());
  world.Stop();
  const std::string folder(kFolder), meta = MetaOf(Explicit());
  world.driver.disk().Put(folder + "meta.inf", meta);
  world.driver.disk().Put(folder + "meta.sum",
                          format::MetaSum(meta, format::ConsumerChecksum("S", "C")));
  world.driver.disk().Delete(folder + "o.dat");
  world.Boot();
  EXPECT_TRUE(world.notices.empty()) << world.notices[0];
  EXPECT_FALSE(world.store().HasState());
  world.Settle();
  // From the first start on it is ours.
  EXPECT_EQ(Contents(world, "meta.inf"), meta + "\n");
  EXPECT_NE(Contents(world, "o.dat"), "");
  world.Stop();
  // What it writes is a state, with no trailer.
  ConsumerState state;
  state.delivered = {3, 7};
  world.driver.disk().Put(folder + "o.dat", format::EncodeConsumerState(state, At(5)));
  world.Boot();
  EXPECT_EQ(world.store().State().delivered, state.delivered);
  world.Stop();
}

// Of one that was found at a start, too.
TEST(FileConsumerStore, TakesACheckpointWhenTheJournalHasEnoughOfIt) {
  StorageOptions options = file::TinyStorage();
  options.consumer_limits.checkpoint_bytes = 500;
  ConsumerOnDisk world(Explicit(), options);
  world.Stop();
  world.Boot();
  const std::string before = Contents(world, "o.dat");
  for (uint64_t i = 1; i <= 200; ++i) {
    ASSERT_TRUE(world.store().Delivered(i, i, 1, At(1)).ok());
  }
  world.Settle();  // One batch, which the journal has room for.
  EXPECT_NE(Contents(world, "o.dat"), before);
}

class EncryptedConsumer : public testing::Test {
 protected:
  StorageOptions Encrypted(const std::string& key, crypto::CipherKind cipher,
                           const std::string& previous = "") {
    StorageOptions options = file::TinyStorage();
    options.encryption = {key, previous, cipher, &entropy_};
    return options;
  }
  // What stands in o.dat, with this key.
  static std::optional<ConsumerState> Sealed(ConsumerOnDisk& world, const std::string& key) {
    const crypto::SecretKey kek = crypto::MasterKey(key, "A").ForConsumer("S", "C");
    for (const auto cipher : {crypto::CipherKind::kChaCha, crypto::CipherKind::kAes}) {
      const auto data = crypto::OpenKeyFile(cipher, kek, Contents(world, "meta.key"));
      if (!data) continue;
      const auto plain = crypto::Open(cipher, data->seed, Contents(world, "o.dat"));
      ConsumerState state;
      if (plain && format::DecodeConsumerState(*plain, &state).ok()) return state;
    }
    return std::nullopt;
  }

  crypto::SeededEntropy entropy_{Rng(5)};
};

TEST_F(EncryptedConsumer, SealsWhatItWrites) {
  for (const auto cipher : {crypto::CipherKind::kChaCha, crypto::CipherKind::kAes}) {
    ConsumerOnDisk world(Explicit(), Encrypted("k", cipher));
    ASSERT_TRUE(world.store().Delivered(1, 5, 1, At(3)).ok());
    const ConsumerState state = world.store().State();
    world.Stop();
    ConsumerState read;
    EXPECT_FALSE(format::DecodeConsumerState(Contents(world, "o.dat"), &read).ok());
    EXPECT_EQ(Contents(world, "meta.inf").find("name"), std::string::npos);
    EXPECT_EQ(Sealed(world, "k"), state);
    world.Boot();
    EXPECT_EQ(world.store().State(), state);
    EXPECT_EQ(world.store().meta(), MetaOf(Explicit()));
  }
}

// Nothing, the first key with either cipher, another key, and each change cut off at many places.
TEST_F(EncryptedConsumer, GoesOverToOtherKeysAndCiphers) {
  const StorageOptions kinds[] = {file::TinyStorage(), Encrypted("k1", crypto::CipherKind::kChaCha),
                                  Encrypted("k1", crypto::CipherKind::kAes),
                                  Encrypted("k2", crypto::CipherKind::kAes, "k1")};
  for (int cut = 0; cut < 24; ++cut) {
    ConsumerOnDisk world(Explicit(), kinds[0]);
    ASSERT_TRUE(world.store().Delivered(1, 5, 1, At(3)).ok());
    ConsumerState state = world.store().State();
    world.Stop();
    for (size_t kind = 1; kind < std::size(kinds); ++kind) {
      world.options = kinds[kind];
      world.Boot(cut);
      world.Die(cut % 2 == 0 ? CrashKind::kKill : CrashKind::kPowerLoss,
                static_cast<uint64_t>(cut));
      world.Boot();
      ASSERT_EQ(world.store().State(), state) << kind << " " << cut;
      ASSERT_TRUE(world.store().Delivered(kind + 1, 5 + kind, 1, At(3)).ok());
      state = world.store().State();
      world.Stop();
      EXPECT_EQ(Files(world),
                (std::vector<std::string>{"meta.inf", "meta.key", "meta.sum", "o.dat"}));
      EXPECT_EQ(Sealed(world, kind == 3 ? "k2" : "k1"), state);
    }
    EXPECT_TRUE(world.notices.empty()) << world.notices[0];
  }
}

}  // namespace
}  // namespace dunlin
