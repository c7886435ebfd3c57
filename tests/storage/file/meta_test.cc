// meta.inf, meta.sum and meta.key of a stream: written, read back, changed, and cut off in the
// middle of all that.
#include <gtest/gtest.h>

#include "storage/catalog.h"
#include "storage/format/checksum_key.h"
#include "storage/format/meta_file.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using crypto::CipherKind;
using sim::CrashKind;

std::string Meta(const std::string& description) {
  StoreConfig config;
  config.name = "S";
  std::string json = format::StreamConfigJson(config, {description});
  return format::EncodeStreamMeta({1'700'000'000'000'000'000}, json);
}

crypto::SeededEntropy& TestEntropy() {
  static crypto::SeededEntropy entropy{Rng(5)};
  return entropy;
}
const crypto::KeyRing& Ring(CipherKind cipher) {
  static const crypto::KeyRing chacha({"key", "", CipherKind::kChaCha, &TestEntropy()}, "A");
  static const crypto::KeyRing aes({"key", "", CipherKind::kAes, &TestEntropy()}, "A");
  return cipher == CipherKind::kAes ? aes : chacha;
}

FileStoreOptions With(const std::string& meta, const crypto::KeyRing* keys = nullptr) {
  FileStoreOptions options;
  options.meta = meta;
  options.keys = keys;
  return options;
}

std::string File(FileWorld& world, const std::string& name) {
  return world.driver.disk().Contents("S/" + name).value_or("");
}
// What the reference would find: nullopt if it would not take the files.
std::optional<std::string> Read(FileWorld& world, const crypto::KeyRing* keys) {
  const std::string meta = File(world, "meta.inf");
  if (format::MetaSum(meta, format::StreamChecksum("S")) != File(world, "meta.sum")) {
    return std::nullopt;
  }
  if (keys == nullptr) return meta;
  const auto key = keys->OpenStream("S", File(world, "meta.key"));
  if (!key || !key->current) return std::nullopt;
  return crypto::Open(key->key.kind, key->key.seed, meta);
}

// As who looks for streams before he opens them does. REQUIRES: no store.
void EndWhatWasBegun(FileWorld* world, const crypto::KeyRing* keys) {
  DiskRoutes routes;
  MetaFiles meta(StoreDisk(&world->driver.queue(), &routes, 1, "S"), {"", "S", ""}, keys);
  meta.Read();
  for (int turns = 0; turns < 1000 && !meta.Work(); ++turns) {
    if (const auto done = world->driver.Step()) (void)meta.OnDisk(*done);
  }
  EXPECT_EQ(meta.failure(), "");
}

TEST(Meta, IsThereOnceTheStoreRuns) {
  FileWorld world(With(Meta("a")));
  EXPECT_EQ(Read(world, nullptr), Meta("a"));
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(Read(world, nullptr), Meta("a"));
}

TEST(Meta, IsSealedInAnEncryptedStore) {
  for (const CipherKind cipher : {CipherKind::kChaCha, CipherKind::kAes}) {
    FileWorld world(With(Meta("visible"), &Ring(cipher)));
    EXPECT_EQ(File(world, "meta.inf").find("visible"), std::string::npos);
    EXPECT_EQ(Read(world, &Ring(cipher)), Meta("visible"));
  }
}

TEST(Meta, StaysAsItIsIfNobodySaysWhatItIsToBe) {
  FileWorld world(With(Meta("a"), &Ring(CipherKind::kAes)));
  const std::string before = File(world, "meta.inf");
  world.options.meta.clear();
  world.Reopen();
  EXPECT_EQ(File(world, "meta.inf"), before);
}

TEST(Meta, ChangesWithTheConfiguration) {
  FileWorld world(With(Meta("a")));
  world.store().UpdateMeta(Meta("b"));
  EXPECT_FALSE(world.store().MetaDurable());
  world.Settle();
  EXPECT_TRUE(world.store().MetaDurable());
  world.options.meta.clear();
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(Read(world, nullptr), Meta("b"));
}

// What limits took by records that a power loss may take must not be back under other limits.
TEST(Meta, WaitsForWhatWasDecidedBefore) {
  FileWorld world(With(Meta("a")));
  world.Put("a");
  world.journal.unsynced = world.journal.held = true;
  world.store().UpdateMeta(Meta("b"));
  world.Settle();
  EXPECT_EQ(Read(world, nullptr), Meta("a"));
  world.journal.held = false;
  world.Settle();  // Where the journal is synced later, a checkpoint is taken.
  EXPECT_TRUE(world.store().MetaDurable());
  EXPECT_EQ(Read(world, nullptr), Meta("b"));
}

TEST(Meta, AStopDoesNotLeaveItOut) {
  FileWorld world(With(Meta("a")));
  world.Put("a");
  world.journal.unsynced = true;
  world.store().UpdateMeta(Meta("b"));
  world.options.meta.clear();
  world.store().Stop(world.now());
  world.TurnWhile(FileStore::Phase::kStopping);
  EXPECT_EQ(world.store().phase(), FileStore::Phase::kStopped);
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(Read(world, nullptr), Meta("b"));
}

// A new one was written, and its name was not changed any more.
TEST(Meta, WhatWasCutOffIsNotLeftOver) {
  FileWorld world(With(Meta("a")));
  world.StopClean();
  world.driver.disk().Put("S/meta.inf.tmp", Meta("b"));
  world.Boot();
  EXPECT_FALSE(world.driver.disk().Contents("S/meta.inf.tmp"));
  EXPECT_EQ(Read(world, nullptr), Meta("a"));
}

// One nonce in 256 begins as JSON does. The first key's name was not changed any more.
TEST(Meta, WhatIsSealedMayBeginLikeJson) {
  for (const CipherKind cipher : {CipherKind::kChaCha, CipherKind::kAes}) {
    const crypto::KeyRing& ring = Ring(cipher);
    FileWorld world(With(Meta("a"), &ring));
    world.StopClean();
    const crypto::NewKey key = ring.NewForStream("S");
    std::string sealed;
    while (!sealed.starts_with('{')) {
      sealed = crypto::Seal(key.key.kind, key.key.seed, Meta("b"), ring.entropy());
    }
    sim::SimDisk& disk = world.driver.disk();
    disk.Delete("S/meta.key");
    disk.Delete("S/meta.sum");
    disk.Put("S/meta.inf", sealed);
    disk.Put("S/meta.key.tmp", key.file);
    disk.Put("S/meta.sum.tmp", format::MetaSum(sealed, format::StreamChecksum("S")));
    EndWhatWasBegun(&world, &ring);
    EXPECT_EQ(Read(world, &ring), Meta("b"));
    world.options.meta.clear();
    world.Boot();
    EXPECT_EQ(Read(world, &ring), Meta("b"));
  }
}

// The old one or the new one, and always one that the reference takes.
TEST(Meta, AChangeMayDieAnywhere) {
  for (const crypto::KeyRing* keys :
       std::initializer_list<const crypto::KeyRing*>{nullptr, &Ring(CipherKind::kChaCha)}) {
    bool old_seen = false, new_seen = false;
    for (int turns = 0; turns < 40; ++turns) {
      for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerLoss}) {
        FileWorld world(With(Meta("a"), keys), static_cast<uint64_t>(turns) + 1);
        world.store().UpdateMeta(Meta("b"));
        world.TurnTimes(turns);
        const bool durable = world.store().MetaDurable();
        world.options.meta.clear();
        world.Crash(kind, FileWorld::Up::kNo);
        world.Begin();
        world.TurnTimes(turns % 7);
        world.Crash(kind, FileWorld::Up::kNo);
        EndWhatWasBegun(&world, keys);
        world.Boot();
        const std::optional<std::string> found = Read(world, keys);
        ASSERT_TRUE(found == Meta("a") || found == Meta("b")) << turns << found.value_or("nothing");
        EXPECT_TRUE(!durable || found == Meta("b"));
        old_seen = old_seen || found == Meta("a");
        new_seen = new_seen || found == Meta("b");
      }
    }
    EXPECT_TRUE(old_seen && new_seen);
  }
}

TEST(Meta, AChangeOfCipherMayDieAnywhere) {
  const crypto::KeyRing *from = &Ring(CipherKind::kAes), *to = &Ring(CipherKind::kChaCha);
  for (const crypto::KeyRing* before : {from, static_cast<const crypto::KeyRing*>(nullptr)}) {
    for (int turns = 0; turns < 60; ++turns) {
      for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerLoss}) {
        FileWorld world(With(Meta("a"), before), static_cast<uint64_t>(turns) + 1);
        world.Put("a");
        world.StopClean();
        world.options.keys = to;
        world.options.meta.clear();
        world.Begin();
        world.TurnTimes(turns);
        world.Crash(kind, FileWorld::Up::kNo);
        world.Begin();
        world.TurnTimes(turns % 11);
        world.Crash(kind);
        ASSERT_EQ(Read(world, to), Meta("a")) << turns;
        ASSERT_EQ(world.Load(1), "a:1 x") << turns;
      }
    }
  }
}

TEST(Meta, AnotherKeyIsRefusedBeforeAnythingElse) {
  FileWorld world(With(Meta("a"), &Ring(CipherKind::kAes)));
  world.StopClean();
  const crypto::KeyRing other({"other", "", CipherKind::kAes, &TestEntropy()}, "A");
  world.options.keys = &other;
  FileStore& store = world.Begin();
  world.TurnWhile(FileStore::Phase::kOpening);
  EXPECT_EQ(*store.Failure(), "stream 'S', meta.key, offset 0: unable to recover keys");
  world.options.keys = nullptr;
  FileStore& again = world.Begin();
  world.TurnWhile(FileStore::Phase::kOpening);
  EXPECT_EQ(*again.Failure(),
            "stream 'S', meta.key, offset 0: encrypted store encountered with no main key");
}

TEST(Meta, ADamagedSumIsWrittenAnewByAnOwnerWhoKnows) {
  FileWorld world(With(Meta("a")));
  world.StopClean();
  world.driver.disk().Put("S/meta.sum", "0000000000000000");
  world.Boot();
  EXPECT_EQ(Read(world, nullptr), Meta("a"));
}

// --- The catalog of a directory.

std::vector<FoundStream> Catalog(sim::DiskDriver* driver,
                                 const crypto::EncryptionOptions& options) {
  StreamCatalog catalog(&driver->queue(), options);
  catalog.Begin();
  for (int turns = 0; turns < 10'000 && !catalog.done(); ++turns) {
    catalog.Work();
    const auto done = driver->Step();
    EXPECT_TRUE(!done || catalog.OnDisk(*done));
  }
  EXPECT_TRUE(catalog.done());
  EXPECT_EQ(catalog.failure(), "");
  return catalog.streams();
}
void PutStream(sim::DiskDriver* driver, const std::string& account, const std::string& name) {
  StoreConfig config;
  config.name = name;
  config.max_msgs = 7;
  const std::string json =
      format::EncodeStreamMeta({1}, format::StreamConfigJson(config, {name + ".>"}));
  const std::string directory = account + "/streams/" + name;
  driver->disk().Put(directory + "/meta.inf", json);
  driver->disk().Put(directory + "/meta.sum", format::MetaSum(json, format::StreamChecksum(name)));
}

TEST(StreamCatalog, FindsTheStreamsOfAllAccounts) {
  sim::DiskDriver driver(1);
  PutStream(&driver, "B", "ONE");
  PutStream(&driver, "A", "TWO");
  PutStream(&driver, "A", "ONE");
  driver.disk().Put("journal/1.seg", "something else");
  const std::vector<FoundStream> found = Catalog(&driver, {});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].directory, "A/streams/ONE");
  EXPECT_EQ(found[1].directory, "A/streams/TWO");
  EXPECT_EQ(found[2].directory, "B/streams/ONE");
  EXPECT_EQ(found[2].account, "B");
  for (const FoundStream& stream : found) {
    EXPECT_EQ(stream.problem, "");
    EXPECT_EQ(stream.meta.config.max_msgs, 7);
  }
}

TEST(StreamCatalog, PassesOverWhatWasDeleted) {
  sim::DiskDriver driver(1);
  PutStream(&driver, "A", "ONE");
  driver.disk().Put("A/streams/.TWO.0123456789abcdef/meta.inf.tmp", "half");
  driver.disk().Put("A/streams/.TWO.0123456789abcdef/meta.sum.tmp", "half");
  const std::vector<FoundStream> found = Catalog(&driver, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].directory, "A/streams/ONE");
  EXPECT_TRUE(driver.disk().Contents("A/streams/.TWO.0123456789abcdef/meta.inf.tmp"));
}

TEST(StreamCatalog, SaysWhatIsWrongWithAStream) {
  sim::DiskDriver driver(1);
  for (const char* name : {"GOOD", "NOMETA", "BADSUM", "OTHER", "NOJSON"}) {
    PutStream(&driver, "A", name);
  }
  driver.disk().Delete("A/streams/NOMETA/meta.inf");
  driver.disk().Put("A/streams/BADSUM/meta.sum", "0123456789abcdef");
  const std::string good = *driver.disk().Contents("A/streams/GOOD/meta.inf");
  driver.disk().Put("A/streams/OTHER/meta.inf", good);
  driver.disk().Put("A/streams/OTHER/meta.sum",
                    format::MetaSum(good, format::StreamChecksum("OTHER")));
  driver.disk().Put("A/streams/NOJSON/meta.inf", "nonsense");
  driver.disk().Put("A/streams/NOJSON/meta.sum",
                    format::MetaSum("nonsense", format::StreamChecksum("NOJSON")));
  const std::vector<FoundStream> found = Catalog(&driver, {});
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0].problem, "A/streams/BADSUM/meta.inf, offset 0: checksums do not match");
  EXPECT_EQ(found[1].problem, "");
  EXPECT_NE(found[2].problem, "");
  EXPECT_EQ(found[3].problem, "A/streams/NOMETA/meta.inf, offset 0: missing stream metafile");
  EXPECT_EQ(found[4].problem,
            "A/streams/OTHER/meta.inf, offset 0: the stream's name is 'GOOD', its directory's is "
            "'OTHER'");
}

}  // namespace
}  // namespace dunlin::file
