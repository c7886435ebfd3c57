// Encrypted block stores: what stands in the files, changes of key and cipher, and deaths in the
// middle of them.
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "tests/storage/file/file_story.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using crypto::CipherKind;
using sim::CrashKind;

crypto::SeededEntropy& TestEntropy() {
  static crypto::SeededEntropy entropy{Rng(5)};
  return entropy;
}
crypto::KeyRing Ring(CipherKind cipher, std::string key = "key", std::string previous = "") {
  return crypto::KeyRing({std::move(key), std::move(previous), cipher, &TestEntropy()}, "A");
}
const crypto::KeyRing& ChaCha() {
  static const crypto::KeyRing ring = Ring(CipherKind::kChaCha);
  return ring;
}
const crypto::KeyRing& Aes() {
  static const crypto::KeyRing ring = Ring(CipherKind::kAes);
  return ring;
}

FileStoreOptions Sealed(const crypto::KeyRing& keys) {
  FileStoreOptions options = Small();
  options.keys = &keys;
  return options;
}

std::string Bytes(FileWorld& world, const std::string& file) {
  return world.driver.disk().Contents("S/msgs/" + file).value_or("");
}
// All that stands in block files.
std::string AllBytes(FileWorld& world) {
  std::string all;
  for (const std::string& name : world.Files()) {
    if (name.ends_with(".blk")) all += Bytes(world, name);
  }
  return all;
}
std::vector<std::string> KeysWithoutBlock(FileWorld& world) {
  std::vector<std::string> out;
  const std::vector<std::string> files = world.Files();
  for (const std::string& name : files) {
    const auto number = format::ParseBlockKeyFile(name);
    const bool alone =
        number && std::find(files.begin(), files.end(), format::BlockFile(*number)) == files.end();
    if (alone || name.ends_with(".tmp")) out.push_back(name);
  }
  return out;
}

class Encryption : public ::testing::TestWithParam<CipherKind> {
 protected:
  const crypto::KeyRing& ring() const { return GetParam() == CipherKind::kAes ? Aes() : ChaCha(); }
};
INSTANTIATE_TEST_SUITE_P(Ciphers, Encryption,
                         ::testing::Values(CipherKind::kChaCha, CipherKind::kAes),
                         [](const auto& info) {
                           return info.param == CipherKind::kAes ? "Aes" : "ChaCha";
                         });

TEST_P(Encryption, NothingReadableIsInTheFiles) {
  FileWorld world(Sealed(ring()));
  for (int i = 0; i < 12; ++i) world.Put("subject.of.it", "MARKER-PAYLOAD");
  world.Checkpoint();
  EXPECT_EQ(AllBytes(world).find("MARKER"), std::string::npos);
  EXPECT_EQ(AllBytes(world).find("subject"), std::string::npos);
  world.Reopen();
  EXPECT_EQ(AllBytes(world).find("MARKER"), std::string::npos);
  for (Seq seq = 1; seq <= 12; ++seq) {
    EXPECT_EQ(world.Load(seq), "subject.of.it:" + std::to_string(seq) + " MARKER-PAYLOAD");
  }
}

TEST_P(Encryption, AFileIsWhatTheReferenceReads) {
  FileStoreOptions options = Sealed(ring());
  options.limits.block_bytes = 0;
  options.limits.writer.write_bytes_min = 1;
  FileWorld world(options);
  for (int i = 0; i < 9; ++i) {  // Appended in many writes, after a restart too.
    world.Put("a", "payload " + std::to_string(i));
    world.Settle();
    if (i == 4) world.Reopen();
  }
  world.StopClean();
  for (const uint32_t number : {1u, 2u}) {
    const auto key = ring().OpenBlock("S", number, Bytes(world, format::BlockKeyFile(number)));
    if (number == 2 && Bytes(world, "2.blk").empty()) break;
    ASSERT_TRUE(key.has_value());
    EXPECT_TRUE(key->current);
    std::string bytes = Bytes(world, format::BlockFile(number));
    crypto::BlockCipher(key->key).Apply(0, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());
    const auto checksum = format::BlockChecksum("S", number);
    format::RecordReader reader(bytes, &checksum);
    int records = 0;
    for (format::Record record; reader.Next(&record);) ++records;
    EXPECT_TRUE(reader.at_end());
    EXPECT_GT(records, 0);
  }
}

TEST_P(Encryption, ARewrittenBlockGetsANewKey) {
  FileStoreOptions options = Sealed(ring());
  FileWorld world(options);
  for (int i = 0; i < 14; ++i) world.Put("a", "0123456789");
  world.Checkpoint();
  const std::string block = Bytes(world, "2.blk"), key = Bytes(world, "2.key");
  ASSERT_FALSE(block.empty());
  const Seq in_second = 7;
  ASSERT_TRUE(world.store().Erase(world.now(), in_second).ok());
  world.Settle();
  world.Checkpoint();
  ASSERT_NE(Bytes(world, "2.blk"), block);
  EXPECT_NE(Bytes(world, "2.key"), key);
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(world.Load(in_second), "deleted message");
  EXPECT_EQ(world.Load(in_second + 1).substr(0, 4), "a:8 ");
  EXPECT_TRUE(world.notices.empty());
}

TEST_P(Encryption, KeysGoWithTheirBlocks) {
  FileWorld world(Sealed(ring()));
  for (int i = 0; i < 20; ++i) world.Put("a", "0123456789");
  world.Checkpoint();
  world.Purge();
  world.Settle();
  EXPECT_EQ(KeysWithoutBlock(world), std::vector<std::string>{});
  world.Put("b");
  world.Reopen();
  EXPECT_EQ(KeysWithoutBlock(world), std::vector<std::string>{});
}

TEST_P(Encryption, WithoutAKeyTheStreamIsRefused) {
  FileWorld world(Sealed(ring()));
  world.Put("a");
  world.StopClean();
  world.options.keys = nullptr;
  FileStore& store = world.Begin();
  world.TurnWhile(FileStore::Phase::kOpening);
  ASSERT_EQ(store.phase(), FileStore::Phase::kFailed);
  EXPECT_EQ(*store.Failure(),
            "stream 'S', msgs/1.key, offset 0: encrypted store encountered with no main key");
}

TEST_P(Encryption, AnotherKeyIsRefusedAndNothingIsTouched) {
  FileWorld world(Sealed(ring()));
  for (int i = 0; i < 9; ++i) world.Put("a", "0123456789");
  world.StopClean();
  const std::string before = AllBytes(world);
  const crypto::KeyRing other = Ring(GetParam(), "another key");
  world.options.keys = &other;
  FileStore& store = world.Begin();
  world.TurnWhile(FileStore::Phase::kOpening);
  ASSERT_EQ(store.phase(), FileStore::Phase::kFailed);
  EXPECT_EQ(*store.Failure(), "stream 'S', meta.key, offset 0: unable to recover keys");
  EXPECT_EQ(AllBytes(world), before);
}

TEST_P(Encryption, ADamagedKeyFileLosesItsBlockOnly) {
  FileWorld world(Sealed(ring()));
  for (int i = 0; i < 14; ++i) world.Put("a", "0123456789");
  world.StopClean();
  world.driver.disk().Put("S/msgs/2.key", "short");
  world.Boot();
  ASSERT_EQ(world.notices.size(), 1u);
  EXPECT_EQ(world.notices[0],
            "stream 'S', block 2, offset 0: encryption bad key size; all its messages are lost");
  EXPECT_EQ(world.Load(1), "a:1 0123456789");
  EXPECT_EQ(world.Load(14), "a:14 0123456789");
}

// The reference makes the key of a plain block first, and died before it encrypted the block. The
// key must be gone before an index speaks for the block: then nobody finds out that it is plain.
TEST_P(Encryption, AKeyThatItsBlockNeverGotGoes) {
  FileWorld world(Small());
  for (int i = 0; i < 14; ++i) world.Put("a", "0123456789");
  world.StopClean();
  world.driver.disk().Put("S/msgs/1.key", ring().NewForBlock("S", 1).file);
  world.options.keys = &ring();
  const FileStore& store = world.Begin();
  world.TurnWhile(FileStore::Phase::kOpening);
  ASSERT_EQ(store.phase(), FileStore::Phase::kScanned) << store.Failure().value_or("");
  world.Crash(CrashKind::kPowerLoss, FileWorld::Up::kNo);
  EXPECT_EQ(Bytes(world, "1.key"), "");
  EXPECT_NE(Bytes(world, "1.blk").find("0123456789"), std::string::npos);
  world.Boot();
  for (Seq seq = 1; seq <= 14; ++seq) {
    EXPECT_EQ(world.Load(seq), "a:" + std::to_string(seq) + " 0123456789");
  }
  EXPECT_EQ(world.notices, std::vector<std::string>{});
}

// What the operator may change between two starts.
struct Change {
  const char* name;
  const crypto::KeyRing* from;
  const crypto::KeyRing* to;
};
const crypto::KeyRing& Renewed() {
  static const crypto::KeyRing ring = Ring(CipherKind::kChaCha, "new key", "key");
  return ring;
}
class Conversion : public ::testing::TestWithParam<Change> {};
INSTANTIATE_TEST_SUITE_P(Changes, Conversion,
                         ::testing::Values(Change{"PlainToChaCha", nullptr, &ChaCha()},
                                           Change{"PlainToAes", nullptr, &Aes()},
                                           Change{"ChaChaToAes", &ChaCha(), &Aes()},
                                           Change{"AesToChaCha", &Aes(), &ChaCha()},
                                           Change{"KeyAndCipher", &Aes(), &Renewed()}),
                         [](const auto& info) { return std::string(info.param.name); });

FileStoreOptions Before(const Change& change) {
  FileStoreOptions options = Small();
  options.keys = change.from;
  options.config.compression = StoreCompression::kS2;
  return options;
}
void Fill(FileWorld* world) {
  for (int i = 0; i < 10; ++i) world->Put("a", "MARKER " + std::to_string(i % 10));
  world->Remove(3);
  world->Checkpoint();  // Blocks get compressed.
}
std::string Everything(FileWorld& world) {
  std::string all;
  for (Seq seq = 1; seq <= world.store().State().last_seq; ++seq) all += world.Load(seq) + "\n";
  return all;
}
bool AllCurrent(FileWorld& world) {
  bool all = true;
  for (const std::string& name : world.Files()) {
    const auto block = format::ParseBlockFile(name);
    if (!block) continue;
    const auto key =
        world.options.keys->OpenBlock("S", *block, Bytes(world, format::BlockKeyFile(*block)));
    all = all && key && key->current;
  }
  return all;
}

TEST_P(Conversion, AllBlocksAreWrittenAnew) {
  FileWorld world(Before(GetParam()));
  Fill(&world);
  const std::string was = Everything(world);
  world.StopClean();
  world.options.keys = GetParam().to;
  world.Boot();
  EXPECT_EQ(Everything(world), was);
  world.Put("b");
  world.Settle();
  EXPECT_TRUE(AllCurrent(world));
  EXPECT_EQ(AllBytes(world).find("MARKER"), std::string::npos);
  world.Reopen();
  EXPECT_EQ(Everything(world), was + "b:11 x\n");
  EXPECT_EQ(world.notices, std::vector<std::string>{});
}

// The start that converts dies anywhere, and once more on its way up again.
TEST_P(Conversion, MayDieAnywhere) {
  FileStoreOptions to = Before(GetParam());
  to.keys = GetParam().to;
  const Script script = 6 * Put("MARKER") + Script{Remove(3), WantCheckpoint(), RestartWith(to),
                                                   Put("MARKER"), WantCheckpoint()};
  const auto check = [](sim::SimDisk& disk, size_t promised) -> std::string {
    for (const std::string& path : disk.Files()) {
      const std::string bytes = disk.Truth(path).value_or("");
      if (path.ends_with(".blk") && promised > 8 && bytes.find("MARKER") != std::string::npos)
        return path + " is not encrypted";
    }
    return "";
  };
  for (const std::string& failure :
       Tell(GetParam().name, script, Before(GetParam()), {.check = check}))
    ADD_FAILURE() << failure;
}

// reference: TestFileStoreEncryptedPurgeRecoveryAfterKeyRename. It died while it purged: the key of
// the block that is to be all there is was moved, and the block was not; or both were.
TEST_P(Encryption, APurgeOfTheReferenceThatWasCutOff) {
  for (const bool decided : {false, true}) {
    FileStoreOptions options = Sealed(ring());
    options.meta = "{}";
    FileWorld world(options);
    for (int i = 0; i < 12; ++i) world.Put("a", "0123456789");
    world.StopClean();
    sim::SimDisk& disk = world.driver.disk();
    const crypto::NewKey key = ring().NewForBlock("S", 99);
    std::string block;
    format::AppendTombstone(format::BlockChecksum("S", 99), 12, {1}, &block);
    crypto::BlockCipher(key.key).Apply(0, reinterpret_cast<uint8_t*>(block.data()), block.size());
    disk.Put("S/__new_msgs__/99.key", key.file);
    disk.Put(decided ? "S/__new_msgs__/99.blk" : "S/msgs/99.blk", block);
    disk.Put("S/__msgs__/1.blk", "of an earlier one");
    world.Boot();
    EXPECT_EQ(world.store().State().msgs, decided ? 0u : 12u);
    EXPECT_EQ(world.store().State().last_seq, 12u);
    world.Crash(CrashKind::kPowerLoss);
    EXPECT_EQ(world.store().State().msgs, decided ? 0u : 12u);
    for (const std::string& path : disk.Files()) {
      EXPECT_EQ(path.find("__"), std::string::npos) << path;
    }
    EXPECT_TRUE(world.notices.empty());
  }
}

void RunStory(const char* name, const Script& script, const FileStoreOptions& options,
              bool stop = false) {
  for (const std::string& failure : Tell(name, script, options, {.stop = stop}))
    ADD_FAILURE() << failure;
}

TEST(EncryptionCrash, Storing) {
  RunStory(
      "sealed storing",
      10 * Put("a") + Script{WantCheckpoint()} + 10 * Put("a") + Script{WantCheckpoint(), Put("b")},
      Sealed(ChaCha()));
}
TEST(EncryptionCrash, KeyRotation) {
  FileStoreOptions options = Sealed(Aes());
  options.config.compression = StoreCompression::kS2;
  RunStory("key rotation", Sparse(EraseOf), options);
}
TEST(EncryptionCrash, DroppingAndStopping) {
  RunStory("sealed purge, stop",
           10 * Put("a") + Script{WantCheckpoint(), CompactTo(7), Put("b"), PurgeOf("", 0, 0),
                                  Put("c"), WantCheckpoint(), Put("d"), Remove(13)},
           Sealed(ChaCha()), true);
}

// Turns until a store is open whose only block has nothing that can be read.
int TurnsToOpen(FileStoreOptions options, size_t bytes) {
  options.limits.block_bytes = 1u << 20;
  FileWorld world(options);
  world.Put("a", std::string(bytes, 'x'));
  world.StopClean();
  world.driver.disk().Put("S/msgs/1.blk", std::string(Bytes(world, "1.blk").size(), 'y'));
  const FileStore& store = world.Begin();
  int turns = 0;
  for (; store.phase() == FileStore::Phase::kOpening && turns < 10'000; ++turns) world.Turn();
  return turns;
}

// Which key a damaged block is encrypted with takes two searches through all of it: under its key,
// and as it is.
TEST_P(Encryption, ADamagedBlockIsLookedThroughSomeBytesAtATime) {
  constexpr size_t kBytes = 400'000;
  // A call, two of them a turn, looks at 256 KiB; to look at a place costs sixteen bytes.
  constexpr int kTurnsOfASearch = kBytes * 16 / (256u << 10) / 2;
  EXPECT_GE(TurnsToOpen(Sealed(ring()), kBytes),
            TurnsToOpen(Small(), kBytes) + 2 * kTurnsOfASearch);
}

}  // namespace
}  // namespace dunlin::file
