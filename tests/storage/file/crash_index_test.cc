// The index that a checkpoint names: a start after a crash learns from it what the blocks would say
// and reads hardly any of them; without it, or if it is not what it should be, it reads them all.
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/file/index_part.h"
#include "tests/storage/file/everything.h"
#include "tests/storage/file/file_story.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

FileStoreOptions Indexed(uint64_t block_bytes = 400) {
  FileStoreOptions options;
  options.limits.block_bytes = block_bytes;
  options.limits.index.data_bytes_min = 0;
  options.limits.index.slack_bytes = 500;
  options.config.allow_msg_ttl = true;
  return options;
}

// Something of everything, with checkpoints in between.
void Fill(FileWorld* world) {
  for (int i = 0; i < 40; ++i) {
    world->Put("s." + std::to_string(i % 5), "payload " + std::to_string(i),
               i % 7 == 3 ? Header("Nats-TTL: 1h") : "");
    if (i == 25) world->Checkpoint();
  }
  for (const Seq seq : {1, 2, 6, 7, 20, 21, 22, 40}) world->Remove(seq);
  world->Checkpoint();
  EXPECT_TRUE(world->store().Skip(world->now(), 0, 6, StreamStore::SkipTime::kKeep).ok());
  world->Put("t", "behind the gap");
  world->Purge("s.3", 21, 0);
  world->Checkpoint();
  world->Put("t", "last");
  world->Remove(30);
  world->Settle();
}

std::vector<std::string> Parts(FileWorld& world) {
  std::vector<std::string> out = world.Files();
  std::erase_if(out, [](const std::string& name) { return !ParsePartFile(name); });
  return out;
}
void DeleteParts(FileWorld* world) {
  for (const std::string& part : Parts(*world)) world->driver.disk().Delete("S/msgs/" + part);
}
// Another byte in the middle: no record there is whole any more.
void Spoil(FileWorld* world, const std::string& name) {
  std::string bytes = world->Bytes(name);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  world->driver.disk().Put("S/msgs/" + name, bytes);
}
std::string HeadFile(FileWorld& world) {
  uint32_t highest = 0;
  for (const auto& block : world.store().index().blocks) highest = block->number;
  return std::to_string(highest) + ".blk";
}

TEST(CrashIndex, SaysWhatTheBlocksWouldSay) {
  for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerLoss}) {
    FileWorld world(Indexed());
    Fill(&world);
    const std::string was = Everything(world);
    world.Crash(kind);
    EXPECT_TRUE(world.store().opened_by_index());
    EXPECT_EQ(Everything(world), was);
    world.Crash(kind, FileWorld::Up::kNo);
    DeleteParts(&world);
    world.Boot();
    EXPECT_FALSE(world.store().opened_by_index());
    EXPECT_EQ(Everything(world), was);
  }
}

TEST(CrashIndex, NoMoreBlocksAreReadIfThereAreMore) {
  for (const int messages : {50, 500}) {
    FileStoreOptions options = Indexed();
    options.config.allow_msg_ttl = false;
    FileWorld world(options);
    for (int i = 0; i < messages; ++i) world.Put("a." + std::to_string(i % 20), "0123456789");
    world.Checkpoint();
    world.Put("a.1", "behind it");
    world.Settle();
    const std::string head = HeadFile(world);
    world.Crash(CrashKind::kKill, FileWorld::Up::kNo);
    ASSERT_GT(world.BlockFiles().size(), static_cast<size_t>(messages) / 20);
    for (const std::string& name : world.BlockFiles()) {
      if (name != head) Spoil(&world, name);
    }
    world.Boot();
    EXPECT_TRUE(world.store().opened_by_index());
    EXPECT_TRUE(world.notices.empty());
    EXPECT_EQ(world.store().State().msgs, static_cast<uint64_t>(messages) + 1);
    EXPECT_EQ(world.Load(static_cast<Seq>(messages) + 1),
              "a.1:" + std::to_string(messages + 1) + " behind it");
  }
}

TEST(CrashIndex, OneThatIsNotWhatTheCheckpointSaysIsPassedOver) {
  FileWorld world(Indexed());
  world.journal.keep_passed = true;
  Fill(&world);
  const std::string was = Everything(world);
  world.Crash(CrashKind::kKill);
  ASSERT_TRUE(world.store().opened_by_index());
  world.Crash(CrashKind::kKill, FileWorld::Up::kNo);
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string& name : world.Files()) files.emplace_back(name, world.Bytes(name));
  const auto entries = world.journal.entries;
  const auto restore = [&] {
    for (const std::string& name : world.Files()) world.driver.disk().Delete("S/msgs/" + name);
    for (const auto& [name, bytes] : files) world.driver.disk().Put("S/msgs/" + name, bytes);
    world.journal.entries = entries;
  };
  for (const std::string& part : Parts(world)) {
    const std::string bytes = world.Bytes(part);
    for (size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 15) {
      restore();
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      if (at % 2 == 0) damaged.resize(at);
      world.driver.disk().Put("S/msgs/" + part, damaged);
      world.notices.clear();
      world.Boot();
      EXPECT_FALSE(world.store().opened_by_index());
      ASSERT_EQ(world.notices.size(), 1u);
      EXPECT_NE(world.notices[0].find("all blocks are read"), std::string::npos);
      ASSERT_EQ(Everything(world), was);
      world.Crash(CrashKind::kKill, FileWorld::Up::kNo);
    }
    restore();
  }
}

// Whole, of the same store, and not the one that the checkpoint names.
TEST(CrashIndex, AnOldOneIsPassedOver) {
  FileWorld world(Indexed());
  for (int i = 0; i < 20; ++i) world.Put("a");
  world.Checkpoint();
  const std::vector<std::string> before = Parts(world);
  ASSERT_FALSE(before.empty());
  const std::string old = world.Bytes(before.back());
  for (int i = 0; i < 20; ++i) world.Put("b");
  world.Checkpoint();
  const std::vector<std::string> after = Parts(world);
  ASSERT_NE(after.back(), before.back());
  const std::string was = Everything(world);
  world.Crash(CrashKind::kKill, FileWorld::Up::kNo);
  world.driver.disk().Put("S/msgs/" + after.back(), old);
  world.Boot();
  EXPECT_FALSE(world.store().opened_by_index());
  EXPECT_EQ(Everything(world), was);
}

TEST(CrashIndex, ABlockThatIsNotAsLongAsItSaysIsRead) {
  FileWorld world(Indexed());
  for (int i = 0; i < 40; ++i) world.Put("a", "0123456789");
  world.Checkpoint();
  world.Crash(CrashKind::kKill, FileWorld::Up::kNo);
  const std::string second = world.Bytes("2.blk");
  world.driver.disk().Put("S/msgs/2.blk", second.substr(0, second.size() / 2));
  world.Boot();
  EXPECT_FALSE(world.store().opened_by_index());
  EXPECT_LT(world.store().State().msgs, 40u);
  EXPECT_EQ(world.store().State().last_seq, 40u);
  EXPECT_GE(world.notices.size(), 2u);
}

// What goes at the front is looked up in its block, once more, by a start that had it counted.
TEST(CrashIndex, KnowsWhatALimitTookSince) {
  FileStoreOptions options = Indexed();
  options.config.max_msgs = 30;
  FileWorld world(options);
  for (int i = 0; i < 40; ++i) world.Put("a." + std::to_string(i), "0123456789");
  world.Checkpoint();
  for (int i = 0; i < 12; ++i) world.Put("a." + std::to_string(i), "0123456789");
  world.Settle();
  const std::string was = Everything(world);
  world.Crash(CrashKind::kKill);
  EXPECT_TRUE(world.store().opened_by_index());
  EXPECT_TRUE(world.notices.empty());
  EXPECT_EQ(Everything(world), was);
}

TEST(CrashIndex, FilesOfDroppedBlocksGoWithTheNextCheckpoint) {
  FileWorld world(Indexed());
  for (int i = 0; i < 40; ++i) world.Put("a", "0123456789");
  world.Checkpoint();
  const size_t blocks = world.BlockFiles().size();
  for (Seq seq = 1; seq <= 30; ++seq) world.Remove(seq);
  world.Settle();
  EXPECT_EQ(world.BlockFiles().size(), blocks);
  world.Checkpoint();
  EXPECT_LT(world.BlockFiles().size(), blocks);
}

// The base of an index is built in slices, and messages come and go meanwhile.
TEST(CrashIndex, WhatChangesWhileItIsBuiltIsInIt) {
  FileStoreOptions options = Indexed();
  options.limits.records_per_slice = 16;
  FileWorld world(options);
  for (int i = 0; i < 300; ++i) world.Put("a." + std::to_string(i));
  for (int round = 0; round < 5; ++round) {
    world.store().WantCheckpoint();
    for (int i = 0; i < 40; ++i) {
      world.Turn();
      world.Put("a." + std::to_string(i * 7 % 300));
      world.Remove(static_cast<Seq>(1 + round * 50 + i));
      world.Put("b." + std::to_string(round * 100 + i));
    }
    // What is left of the base: its slices move nothing on the disk.
    for (int i = 0; i < 60; ++i) world.Turn();
    world.Settle();
    const auto totals = TotalsOf(&world.store(), "");
    const std::string was = Everything(world);
    world.Crash(CrashKind::kKill);
    ASSERT_TRUE(world.store().opened_by_index()) << round;
    ASSERT_EQ(TotalsOf(&world.store(), ""), totals) << round;
    ASSERT_EQ(Everything(world), was) << round;
  }
}

TEST(CrashIndex, TheChainIsBegunAnewBeforeItIsLong) {
  FileWorld world(Indexed(4000));
  size_t most = 0;
  uint64_t bytes = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 10; ++i) world.Put("a." + std::to_string((round + i) % 20));
    world.Checkpoint();
    most = std::max(most, Parts(world).size());
    uint64_t now = 0;
    for (const std::string& part : Parts(world)) now += world.Bytes(part).size();
    bytes = std::max(bytes, now);
  }
  EXPECT_GT(most, 3u);
  EXPECT_LT(most, 40u);
  EXPECT_LT(bytes, 10'000u);
  const std::string was = Everything(world);
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_TRUE(world.store().opened_by_index());
  EXPECT_EQ(Everything(world), was);
}

// A block is written anew when no recovery counts any more what it leaves out.
bool RewritingKeepsCounts() {
  FileWorld world(Indexed());
  for (int i = 0; i < 40; ++i) world.Put("a." + std::to_string(i % 7), "0123456789");
  world.Checkpoint();
  for (Seq seq = 2; seq <= 36; ++seq) {
    if (seq % 4 != 0) world.Remove(seq);
  }
  bool right = true;
  for (int turns = 0; turns < 12 && right; ++turns) {
    world.TurnTimes(turns * 3);
    const auto totals = TotalsOf(&world.store(), "");
    world.Settle();
    world.Crash(CrashKind::kKill);
    right = TotalsOf(&world.store(), "") == totals && world.notices.empty();
    world.Remove(static_cast<Seq>(turns * 3 + 4));
  }
  return right;
}
TEST(CrashIndex, CountsOutWhatARewriteHasLeftOut) { EXPECT_TRUE(RewritingKeepsCounts()); }

TEST(CrashIndex, OutlivesManyCrashes) {
  FileWorld world(Indexed());
  Rng rng(7);
  for (int life = 0; life < 40; ++life) {
    for (uint64_t i = 0; i < 5 + rng.Below(15); ++i) {
      world.Put("s." + std::to_string(rng.Below(9)));
      if (rng.Chance(1, 3)) world.Remove(1 + rng.Below(world.store().State().last_seq));
      if (rng.Chance(1, 6)) world.Checkpoint();
    }
    world.Settle();
    const std::string was = Everything(world);
    world.Crash(rng.Chance(1, 2) ? CrashKind::kKill : CrashKind::kPowerLoss, FileWorld::Up::kNo);
    const bool deleted = rng.Chance(1, 8);
    if (deleted) DeleteParts(&world);
    world.Boot();
    ASSERT_EQ(Everything(world), was) << life;
  }
  world.Checkpoint();
  world.Crash(CrashKind::kKill);
  EXPECT_TRUE(world.store().opened_by_index());
}

TEST(CrashIndex, ACleanStopLeavesNothingOfIt) {
  FileWorld world(Indexed());
  Fill(&world);
  ASSERT_FALSE(Parts(world).empty());
  world.StopClean();
  EXPECT_TRUE(Parts(world).empty());
  // One that comes back is a stray.
  world.driver.disk().Put("S/msgs/index-3.part", "DLIX");
  world.Boot();
  EXPECT_EQ(world.Bytes("index-3.part"), "");
}

TEST(CrashIndex, SealedInAnEncryptedStore) {
  crypto::SeededEntropy entropy{Rng(5)};
  const crypto::KeyRing keys({"key", "", crypto::CipherKind::kAes, &entropy}, "A");
  FileStoreOptions options = Indexed();
  options.keys = &keys;
  FileWorld world(options);
  Fill(&world);
  for (int life = 0; life < 3; ++life) {
    world.Put("a.subject.to.look.for");
    world.Checkpoint();
    world.Settle();
    for (const std::string& part : Parts(world)) {
      EXPECT_EQ(world.Bytes(part).find("subject.to.look"), std::string::npos);
    }
    ASSERT_FALSE(Parts(world).empty());
    const std::string was = Everything(world);
    world.Crash(CrashKind::kPowerLoss);
    EXPECT_TRUE(world.store().opened_by_index());
    EXPECT_EQ(Everything(world), was);
    EXPECT_TRUE(world.notices.empty());
  }
}

// --- At every point.

FileStoreOptions SmallIndexed() {
  FileStoreOptions options = Small();
  options.limits.index.data_bytes_min = 0;
  options.limits.index.slack_bytes = 100;
  return options;
}

void RunStory(const char* name, const Script& script,
              const FileStoreOptions& options = SmallIndexed()) {
  for (const std::string& failure : Tell(name, script, options, {false, 40})) {
    ADD_FAILURE() << "interval: " << failure;
  }
}

Script Mixed(int messages) {
  Script script;
  for (int i = 0; i < messages; ++i) {
    script.push_back(Put("s." + std::to_string(i * 7 % 5)));
    if (i % 8 == 5) script.push_back(WantCheckpoint());
  }
  return script;
}

// A stop gives up a block's new file that it would have to wait for; the old one has tombstones
// that the new one was to leave out.
TEST(CrashIndex, KnowsTheTombstonesOfABlockWhoseRewriteWasGivenUp) {
  const auto rewriting = [](FileWorld& world) {
    const std::vector<std::string> files = world.Files();
    return std::find(files.begin(), files.end(), "2.blk.tmp") != files.end();
  };
  int given_up = 0;
  for (int before = 0; before < 40; ++before) {
    for (int turns = 0; turns < 40; ++turns) {
      FileWorld world(Indexed(1200));
      for (int i = 0; i < 12; ++i) world.Put("a", std::string(90, 'x'));
      world.Checkpoint();
      world.SyncDeleted({{5, 8}});
      for (int i = 0; i < 8; ++i)
        world.Put("b", std::string(90, 'y'), Header("Nats-TTL: 1h"), 3600);
      for (int i = 0; i < 12; ++i) world.Put("c", std::string(90, 'z'));
      world.Checkpoint();
      Compact compact;
      compact.seq = 10;
      EXPECT_TRUE(world.Run(compact));
      world.SyncDeleted({{11, 15}});
      world.TurnTimes(before);
      given_up += rewriting(world);
      world.store().Stop(world.now());
      world.TurnTimes(turns);
      world.Crash(CrashKind::kPowerLoss);
      EXPECT_TRUE(world.notices.empty()) << before << ", " << turns << ": " << world.notices[0];
    }
  }
  EXPECT_GT(given_up, 0);
}

TEST(CrashIndexStory, StoringAndRemoving) {
  RunStory("removing", Mixed(16) + Script{Remove(1), Remove(5), Remove(10), WantCheckpoint(),
                                          Remove(2), Put("b"), Remove(3), Remove(4), Remove(6),
                                          WantCheckpoint(), Remove(7), Put("c"), Remove(9),
                                          WantCheckpoint(), Put("d"), Remove(12)});
}
TEST(CrashIndexStory, EnforcingLimits) {
  FileStoreOptions options = SmallIndexed();
  options.config.max_msgs = 8;
  options.config.max_msgs_per_subject = 2;
  RunStory("limits", Mixed(24), options);
}
TEST(CrashIndexStory, RewritingSparseBlocks) {
  FileStoreOptions options = SmallIndexed();
  options.config.compression = StoreCompression::kS2;
  RunStory("rewrite", Sparse(Remove), options);
}
TEST(CrashIndexStory, PurgingAndTruncating) {
  RunStory("purging", Mixed(10) + Script{PurgeOf("s.1", 0, 1), WantCheckpoint(), CompactTo(5),
                                         Put("b"), WantCheckpoint(), TruncateTo(8), Put("c"),
                                         WantCheckpoint(), Put("d"), WantCheckpoint(),
                                         PurgeOf("", 0, 0), Put("e"), WantCheckpoint(), Put("f")});
}
TEST(CrashIndexStory, Erasing) {
  const auto erase = [](Seq seq) {
    return [=](FileStore& store, const Now& now) { return store.Erase(now, seq).point; };
  };
  RunStory("erase", Mixed(8) + Script{erase(3), Put("b"), erase(9), WantCheckpoint(), Remove(2),
                                      Put("c"), WantCheckpoint()});
}

}  // namespace
}  // namespace dunlin::file
