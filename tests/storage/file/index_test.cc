// index.db: opening by it, and without it, comes to the same; one that is old, damaged or not ours
// is passed over.
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/format/checksum_key.h"
#include "tests/storage/file/everything.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

const char kIndex[] = "S/msgs/index.db";

FileStoreOptions Blocks(uint64_t bytes = 400) {
  FileStoreOptions options;
  options.limits.block_bytes = bytes;
  options.config.allow_msg_ttl = true;
  return options;
}

// Something of everything.
void Fill(FileWorld* world) {
  for (int i = 0; i < 40; ++i) {
    world->Put("s." + std::to_string(i % 5), "payload " + std::to_string(i),
               i % 7 == 3 ? Header("Nats-TTL: 1h") : "");
  }
  for (const Seq seq : {1, 2, 6, 7, 20, 21, 22, 40}) world->Remove(seq);
  EXPECT_TRUE(world->store().Skip(world->now(), 0, 6, StreamStore::SkipTime::kKeep).ok());
  world->Put("t", "behind the gap");
  world->Purge("s.3", 21, 0);
  world->Checkpoint();
  world->Put("t", "last");
}

std::string IndexOf(FileWorld& world) { return world.driver.disk().Contents(kIndex).value_or(""); }

TEST(IndexDb, SaysWhatTheBlocksWouldSay) {
  FileWorld world(Blocks());
  world.index_stays = true;
  Fill(&world);
  const std::string was = Everything(world);
  world.Reopen();
  EXPECT_TRUE(world.store().opened_by_index());
  EXPECT_EQ(Everything(world), was);
  world.StopClean();
  world.driver.disk().Delete(kIndex);
  world.Boot();
  EXPECT_FALSE(world.store().opened_by_index());
  EXPECT_EQ(Everything(world), was);
  EXPECT_TRUE(world.notices.empty());
}

TEST(IndexDb, ReadsNoBlockButTheLast) {
  FileStoreOptions options = Blocks();
  options.config.allow_msg_ttl = false;
  FileWorld world(options);
  world.index_stays = true;
  for (int i = 0; i < 60; ++i) world.Put("a", "0123456789");
  world.StopClean();
  // They cannot be told from good ones without reading them.
  std::string spoilt = *world.driver.disk().Contents("S/msgs/2.blk");
  spoilt[20] ^= 1;
  world.driver.disk().Put("S/msgs/2.blk", spoilt);
  world.Boot();
  EXPECT_TRUE(world.store().opened_by_index());
  EXPECT_TRUE(world.notices.empty());
  EXPECT_EQ(world.store().State().msgs, 60u);
  EXPECT_EQ(world.Load(60), "a:60 0123456789");
}

TEST(IndexDb, GoesAsSoonAsTheStoreIsOpen) {
  FileWorld world(Blocks());
  world.index_stays = true;
  Fill(&world);
  world.StopClean();
  EXPECT_FALSE(IndexOf(world).empty());
  world.Boot();
  EXPECT_TRUE(IndexOf(world).empty());
  world.Crash(CrashKind::kPowerLoss);
  EXPECT_TRUE(IndexOf(world).empty());
}

// reference: TestFileStoreFullStateBasics and others put an old one back.
TEST(IndexDb, AnOldOneIsPassedOver) {
  FileWorld world(Blocks());
  world.index_stays = true;
  Fill(&world);
  world.StopClean();
  const std::string old = IndexOf(world);
  for (const int change : {0, 1, 2, 3}) {
    world.Boot();
    switch (change) {
      case 0: world.Put("a"); break;
      case 1: world.Remove(30); break;
      case 2: world.Purge("", 12, 0); break;
      case 3: world.Purge(); break;
    }
    world.Settle();
    const std::string was = Everything(world);
    world.StopClean();
    world.driver.disk().Put(kIndex, old);
    world.Boot();
    EXPECT_FALSE(world.store().opened_by_index()) << change;
    EXPECT_EQ(Everything(world), was) << change;
    world.StopClean();
  }
}

TEST(IndexDb, ADamagedOneIsPassedOver) {
  FileWorld world(Blocks());
  world.index_stays = true;
  Fill(&world);
  const std::string was = Everything(world);
  world.StopClean();
  const std::string index = IndexOf(world);
  for (size_t at = 0; at < index.size(); at += 1 + index.size() / 25) {
    std::string damaged = index;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    if (at % 2 == 0) damaged.resize(at);
    world.driver.disk().Put(kIndex, damaged);
    world.Boot();
    EXPECT_FALSE(world.store().opened_by_index());
    ASSERT_EQ(Everything(world), was);
    world.StopClean();
    ASSERT_EQ(IndexOf(world).size(), index.size());
  }
}

TEST(IndexDb, BlocksThatAreNotAsItSaysAreRead) {
  const auto opened_with = [](const char* change) {
    FileWorld world(Blocks());
    world.index_stays = true;
    Fill(&world);
    world.StopClean();
    sim::SimDisk& disk = world.driver.disk();
    const std::string second = *disk.Contents("S/msgs/2.blk");
    if (change == std::string("missing")) disk.Delete("S/msgs/2.blk");
    if (change == std::string("longer")) disk.Put("S/msgs/2.blk", second + second.substr(0, 1));
    if (change == std::string("one more")) disk.Put("S/msgs/99.blk", "");
    world.Boot();
    return world.store().opened_by_index();
  };
  EXPECT_TRUE(opened_with("nothing"));
  EXPECT_FALSE(opened_with("missing"));
  EXPECT_FALSE(opened_with("longer"));
  EXPECT_FALSE(opened_with("one more"));
}

// The reference erases a message where it lies: in the last block nothing else changes.
TEST(IndexDb, AMessageErasedInTheLastBlockStaysErased) {
  FileWorld world(Blocks(0));
  world.index_stays = true;
  for (int i = 0; i < 5; ++i) world.Put("a", "0123456789");
  world.StopClean();
  std::string block = *world.driver.disk().Contents("S/msgs/1.blk");
  const uint64_t record = block.size() / 5;
  Rng rng(1);
  const crypto::HighwayHash64 checksum = format::BlockChecksum("S", 1);
  format::EraseRecord(checksum, 3, reinterpret_cast<uint8_t*>(block.data()) + 2 * record, record,
                      &rng);
  world.driver.disk().Put("S/msgs/1.blk", block);
  world.Boot();
  EXPECT_FALSE(world.store().opened_by_index());
  EXPECT_EQ(world.Load(3), "deleted message");
  EXPECT_EQ(world.store().State().msgs, 4u);
}

// reference: TestFileStoreTrailingSkipMsgsFromStreamStateFile, RecoverDoesNotResetStreamState.
TEST(IndexDb, SequencesOfBlocksThatAreGoneAreNotUsedAgain) {
  for (const bool all_gone : {false, true}) {
    FileWorld world(Blocks(0));
    world.index_stays = true;
    for (int i = 0; i < 10; ++i) world.Put("foo", "");
    world.StopClean();
    const std::string block = *world.driver.disk().Contents("S/msgs/1.blk");
    if (all_gone) {
      world.driver.disk().Delete("S/msgs/1.blk");
    } else {
      world.driver.disk().Put("S/msgs/1.blk", block.substr(0, block.size() / 2));
    }
    for (int life = 0; life < 3; ++life) {
      world.Boot();
      EXPECT_EQ(world.store().State().msgs, all_gone ? 0u : 5u);
      EXPECT_EQ(world.store().State().last_seq, 10u);
      EXPECT_EQ(world.Load(7), all_gone ? "no message found" : "deleted message");
      if (life == 0) world.Crash(CrashKind::kPowerLoss);
      world.StopClean();
    }
    world.Boot();
    EXPECT_EQ(world.Put("foo"), 11u);
  }
}

TEST(IndexDb, MessagesStillExpire) {
  FileWorld world(Blocks());
  world.index_stays = true;
  world.Put("a", "soon", Header("Nats-TTL: 5s"), 5);
  for (int i = 0; i < 20; ++i) world.Put("a", "0123456789");
  world.Reopen();
  ASSERT_TRUE(world.store().opened_by_index());
  world.driver.Advance(Seconds(6));
  world.store().OnDeadline(world.now());
  world.Settle();
  EXPECT_EQ(world.Load(1), "no message found");
}

TEST(IndexDb, ManySubjectsGoInSlices) {
  FileStoreOptions options;
  options.limits.records_per_slice = 64;
  FileWorld world(options);
  world.index_stays = true;
  for (int i = 0; i < 3000; ++i) world.Put("subject." + std::to_string(i * 7919 % 2500));
  const auto totals = TotalsOf(&world.store(), "");
  world.Reopen();
  EXPECT_TRUE(world.store().opened_by_index());
  EXPECT_EQ(TotalsOf(&world.store(), ""), totals);
  EXPECT_EQ(totals.size(), 2500u);
}

// What a valid one is made into, with a checksum that is right.
void Change(FileWorld* world, size_t at, size_t size, const std::string& by) {
  std::string file = IndexOf(*world);
  file.resize(file.size() - 8);
  file.replace(at, size, by);
  format::AppendIndexChecksum(format::StreamChecksum("S"), &file);
  world->driver.disk().Put(kIndex, file);
}

// reference: TestFileStoreRecoverFullStateDetectCorruptState.
TEST(IndexDb, AWrongCountUnderARightChecksumIsPassedOver) {
  FileWorld world(Blocks(0));
  world.index_stays = true;
  for (int i = 1; i <= 10; ++i) world.Put("foo." + std::to_string(i), "abc");
  world.StopClean();
  ASSERT_EQ(IndexOf(world)[2], 10);
  Change(&world, 2, 1, std::string(1, '\0'));
  world.Boot();
  EXPECT_FALSE(world.store().opened_by_index());
  EXPECT_EQ(world.store().State().msgs, 10u);
}

// reference: TestFileStoreCorruptPSIMOnDisk.
TEST(IndexDb, ASubjectThatCannotBeIsPassedOver) {
  FileWorld world(Blocks(0));
  world.index_stays = true;
  world.Put("foo.bar", "ABC");
  world.Put("foo.baz", "XYZ");
  world.StopClean();
  const size_t at = IndexOf(world).find("foo.bar");
  ASSERT_NE(at, std::string::npos);
  Change(&world, at + 3, 3, "\xEF\xBF\xBD");
  world.Boot();
  EXPECT_FALSE(world.store().opened_by_index());
  for (const auto& [subject, payload] :
       {std::pair{"foo.bar", "ABC"}, std::pair{"foo.baz", "XYZ"}}) {
    LoadLast last;
    last.subject = subject;
    EXPECT_TRUE(world.Run(last));
    EXPECT_EQ(last.msg.payload, payload);
  }
}

// reference: TestFileStoreRestoreIndexWithMatchButLeftOverBlocks.
TEST(IndexDb, AnOldOneWhoseLastBlockIsStillThereIsPassedOver) {
  FileStoreOptions options = Blocks(256);
  options.config.max_msgs_per_subject = 1;
  FileWorld world(options);
  world.index_stays = true;
  for (int i = 1; i <= 12; ++i) world.Put("foo." + std::to_string(i), "hello");
  world.StopClean();
  const std::string old = IndexOf(world);
  ASSERT_FALSE(old.empty());
  world.Boot();
  for (int i = 1; i <= 6; ++i) world.Put("foo." + std::to_string(i), "hello");
  world.StopClean();
  world.driver.disk().Put(kIndex, old);
  world.Boot();
  EXPECT_FALSE(world.store().opened_by_index());
  EXPECT_EQ(world.store().State().msgs, 12u);
  EXPECT_EQ(world.store().State().first_seq, 7u);
  EXPECT_EQ(world.store().State().last_seq, 18u);
}

// reference: TestFileStoreMsgBlkFailOnKernelFaultLostDataReporting.
TEST(IndexDb, SaysWhichBlocksAreMissing) {
  FileWorld world(Blocks());
  world.index_stays = true;
  for (int i = 0; i < 100; ++i) world.Put("foo", "Hello World");
  uint64_t lost = 0;
  for (const int which : {0, 1, 2}) {  // The first block, the last one, one in between.
    const auto& blocks = world.store().index().blocks;
    ASSERT_GT(blocks.size(), 5u);
    const size_t place = which == 0 ? 0 : which == 1 ? blocks.size() - 1 : blocks.size() - 3;
    const uint32_t number = blocks[place]->number;
    const StreamState before = world.store().State();
    const uint64_t goes = blocks[place]->msgs;
    lost += which == 0 ? 0 : goes;
    const Seq first = blocks[place]->first.seq;
    ASSERT_GT(goes, 0u);
    world.StopClean();
    world.driver.disk().Delete("S/msgs/" + std::to_string(number) + ".blk");
    world.notices.clear();
    world.Boot();
    EXPECT_FALSE(world.store().opened_by_index());
    ASSERT_EQ(world.notices.size(), 1u) << which;
    EXPECT_EQ(world.notices[0], "stream 'S', block " + std::to_string(number) +
                                    ", offset 0: the file is missing; its messages are lost");
    const StreamState state = world.store().State();
    EXPECT_EQ(state.msgs, before.msgs - goes);
    EXPECT_EQ(state.first_seq, which == 0 ? first + goes : before.first_seq);
    EXPECT_EQ(state.last_seq, 100u);
    EXPECT_EQ(state.num_deleted, lost);
  }
}

// reference: its own blocks end so whenever the last message of one is deleted.
TEST(IndexDb, IsWrittenIfABlockEndsInDeletedMessages) {
  for (const bool rewritten : {false, true}) {
    FileWorld world(Blocks());
    world.index_stays = true;
    for (int i = 0; i < 60; ++i) world.Put("a", "0123456789");
    const auto& blocks = world.store().index().blocks;
    const Block& second = *blocks[1];
    const Seq from = rewritten ? second.first.seq + 2 : second.last.seq;
    const Seq to = second.last.seq;
    for (Seq seq = from; seq <= to; ++seq) world.Remove(seq);
    world.Settle();
    world.Checkpoint();
    world.Settle();
    const std::string was = Everything(world);
    world.Reopen();
    EXPECT_TRUE(world.store().opened_by_index());
    EXPECT_EQ(Everything(world), was);
    // And so for the next one.
    world.Put("a");
    world.Reopen();
    EXPECT_TRUE(world.store().opened_by_index());
    EXPECT_TRUE(world.notices.empty());
  }
}

TEST(IndexDb, SealedInAnEncryptedStore) {
  crypto::SeededEntropy entropy{Rng(5)};
  const crypto::KeyRing keys({"key", "", crypto::CipherKind::kAes, &entropy}, "A");
  FileStoreOptions options = Blocks();
  options.keys = &keys;
  FileWorld world(options);
  world.index_stays = true;
  Fill(&world);
  world.Put("a.subject.to.look.for");
  const std::string was = Everything(world);
  world.StopClean();
  EXPECT_EQ(IndexOf(world).find("subject.to.look"), std::string::npos);
  world.Boot();
  EXPECT_TRUE(world.store().opened_by_index());
  EXPECT_EQ(Everything(world), was);
  EXPECT_TRUE(world.notices.empty());
}

}  // namespace
}  // namespace dunlin::file
