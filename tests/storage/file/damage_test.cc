// Files that are not what was written: what can be read is given out, the rest is said aloud.
#include <gtest/gtest.h>

#include "tests/storage/file/file_forms.h"

namespace dunlin::file {
namespace {

// The messages that can be loaded, as 'subject:seq'.
std::vector<std::string> Readable(FileWorld& world, Seq last) {
  std::vector<std::string> out;
  for (Seq seq = 1; seq <= last; ++seq) {
    LoadMsg load;
    load.seq = seq;
    if (world.Run(load)) out.push_back(std::string(load.msg.subject) + ":" + std::to_string(seq));
  }
  return out;
}

// Changes one byte after another of a stopped store's only block.
TEST(FileDamage, FindsEveryByteThatChanged) {
  FileWorld made;
  for (int i = 0; i < 3; ++i) made.Put("foo", "Hello World");
  made.StopClean();
  const std::string good = *made.driver.disk().Contents(PathOf(1));
  const size_t each = FileMsgBytes(3, 0, 11);
  ASSERT_EQ(good.size(), 3 * each);
  made.Boot();
  EXPECT_TRUE(made.notices.empty());
  for (size_t at = 0; at < good.size(); ++at) {
    FileWorld world;
    world.StopClean();
    std::string bad = good;
    bad[at] = static_cast<char>(~bad[at]);
    world.driver.disk().Put(PathOf(1), bad);
    world.Boot();
    ASSERT_FALSE(world.notices.empty()) << "byte " << at;
    EXPECT_TRUE(world.notices[0].starts_with("stream 'S', block 1, offset ")) << world.notices[0];
    std::vector<std::string> rest;
    for (size_t i = 0; i < 3; ++i) {
      if (at / each != i) rest.push_back("foo:" + std::to_string(i + 1));
    }
    EXPECT_EQ(Readable(world, 3), rest) << "byte " << at;
    EXPECT_EQ(world.store().State().msgs, 2u) << "byte " << at;
    EXPECT_EQ(world.store().State().bytes, 2 * each) << "byte " << at;
  }
}

TEST(FileDamage, PassesOverSequencesThatGoBack) {
  struct Case {
    std::vector<Seq> seqs;
    uint64_t msgs;
    std::vector<SeqRange> deleted;
    Seq last;
  };
  for (const Case& c : {Case{{1, 3, 2, 4}, 3, {{2, 2}}, 4}, Case{{1, 2, 2, 3}, 3, {}, 3},
                        Case{{2, 4, 12}, 3, {{3, 3}, {5, 11}}, 12}}) {
    FileWorld world;
    world.StopClean();
    std::string bytes;
    const auto checksum = format::BlockChecksum("S", 1);
    for (const Seq seq : c.seqs) {
      format::AppendMessage(checksum, seq, WallTime{Seconds(1).ns}, "foo", "", std::to_string(seq),
                            &bytes);
    }
    world.driver.disk().Put(PathOf(1), bytes);
    world.Boot();
    for (int life = 0; life < 2; ++life) {
      EXPECT_EQ(world.store().State().msgs, c.msgs);
      EXPECT_EQ(world.store().State().first_seq, c.seqs[0]);
      EXPECT_EQ(world.store().State().last_seq, c.last);
      EXPECT_EQ(world.store().Deleted(), c.deleted);
      for (Seq seq = 1; seq <= c.last; ++seq) {
        const bool there = std::count(c.seqs.begin(), c.seqs.end(), seq) > 0 &&
                           std::none_of(c.deleted.begin(), c.deleted.end(), [&](SeqRange range) {
                             return seq >= range.first && seq <= range.last;
                           });
        const std::string number = std::to_string(seq);
        EXPECT_EQ(world.Load(seq), there             ? "foo:" + number + " " + number
                                   : seq < c.seqs[0] ? "no message found"
                                                     : "deleted message");
      }
      world.Reopen();
    }
    EXPECT_EQ(world.Put("foo"), c.last + 1);
  }
}

// However many places of a block are damaged, a log gets a few lines; and whoever asks for a
// message that is lost is told so.
TEST(FileDamage, SaysOfManyPlacesHowManyTheyAre) {
  constexpr Seq kLast = 400;
  FileWorld world;
  for (Seq seq = 1; seq <= kLast; ++seq) world.Put("foo", "Hello World");
  world.StopClean();
  std::string bytes = *world.driver.disk().Contents(PathOf(1));
  const size_t each = FileMsgBytes(3, 0, 11);
  for (size_t at = each; at < bytes.size(); at += 2 * each)
    bytes[at + each - 1] = static_cast<char>(~bytes[at + each - 1]);
  world.driver.disk().Put(PathOf(1), bytes);
  world.notices.clear();
  world.Boot();
  EXPECT_EQ(world.store().State().msgs, kLast / 2);
  ASSERT_EQ(world.notices.size(), 17u);
  EXPECT_EQ(world.notices[1], "stream 'S', block 1, offset " + std::to_string(3 * each) +
                                  ": invalid checksum; " + std::to_string(each) +
                                  " bytes cannot be read, messages 4 to 4 are lost");
  EXPECT_EQ(world.notices[16], "stream 'S', block 1, offset " + std::to_string(33 * each) +
                                   ": 184 more damaged places, up to " +
                                   std::to_string(399 * each) + "; their messages are lost");
  for (const Seq seq : {Seq{4}, Seq{34}, kLast - 2}) {
    LoadMsg load;
    load.seq = seq;
    EXPECT_FALSE(world.Run(load));
    EXPECT_EQ(load.error, StoreError::kFailed);
    EXPECT_EQ(load.detail, world.notices[seq == 4 ? 1 : 16]);
  }
  EXPECT_EQ(world.Load(3), "foo:3 Hello World");
  EXPECT_EQ(world.Load(kLast - 1), "foo:399 Hello World");
}

FileStoreOptions BlocksOf(uint64_t bytes) {
  FileStoreOptions options;
  options.limits.block_bytes = bytes;
  return options;
}

void PutTen(size_t payload, FileWorld* world) {
  for (int i = 0; i < 10; ++i) world->Put("foo", std::string(payload, 'x'));
}

// What was removed and could not be read counts no bytes.
TEST(FileDamage, BytesThatCannotBeReadDoNotCount) {
  FileWorld world(BlocksOf(1'000));
  PutTen(100, &world);
  world.StopClean();
  std::string bytes = *world.driver.disk().Contents(PathOf(1));
  world.Boot();
  const uint64_t each = FileMsgBytes(3, 0, 100);
  ASSERT_EQ(world.store().index().blocks[0]->msgs, 7u);
  bytes[each - 1] = static_cast<char>(~bytes[each - 1]);
  world.driver.disk().Put(PathOf(1), bytes);
  for (Seq seq = 1; seq <= 7; ++seq) {
    EXPECT_TRUE(world.Remove(seq));
    world.Settle();
    EXPECT_EQ(world.store().State().bytes, (10 - seq) * each) << seq;
    world.store().CheckInvariants();
  }
}

// While it runs, by hand. Who has to read it gives it up, says so, and is at rest.
TEST(FileDamage, ABlockThatIsTakenAwayIsSpokenOf) {
  FileWorld world(BlocksOf(1'000));
  PutTen(100, &world);
  world.Reopen();
  world.driver.disk().Delete(PathOf(1));
  EXPECT_TRUE(world.Remove(1));
  EXPECT_FALSE(world.TurnTimes(1'000)) << "it goes on asking for the file";
  const std::vector<std::string> notices = world.store().TakeNotices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_TRUE(notices[0].starts_with("stream 'S', block 1, offset 0: open: no such file"));
  EXPECT_EQ(world.Load(9), "foo:9 " + std::string(100, 'x'));
  world.store().CheckInvariants();
}

// However often it is met.
TEST(FileDamage, ABlockThatCannotBeReadIsSpokenOfOnce) {
  FileStoreOptions options = BlocksOf(1'000);
  options.config.max_msgs_per_subject = 10;
  FileWorld world(options);
  PutTen(100, &world);
  world.Reopen();
  world.driver.disk().Delete(PathOf(1));
  std::vector<std::string> notices;
  for (int i = 0; i < 5; ++i) {  // The subject's oldest message is in it.
    world.Put("foo");
    world.Settle();
    for (std::string& notice : world.store().TakeNotices()) notices.push_back(std::move(notice));
  }
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_TRUE(notices[0].starts_with("stream 'S', block 1, offset 0: open: no such file"));
}

// A store in blocks of two messages, of which only the last one is in memory.
std::unique_ptr<FileWorld> Cold() {
  auto world = std::make_unique<FileWorld>(BlocksOf(100));
  PutTen(17, world.get());
  return world;
}

TEST(FileDamage, AReadThatFailsSpoilsNoLaterOne) {
  const auto owned = Cold();
  FileWorld& world = *owned;
  world.Remove(1);
  world.Reopen();
  sim::DiskFaults faults;
  // A block is tried three times before somebody is told.
  faults.read_error = {1'000'000, 3};
  world.driver.disk().SetFaults(faults);
  LoadMsg load;
  load.seq = 4;
  EXPECT_FALSE(world.Run(load));
  EXPECT_EQ(load.error, StoreError::kFailed);
  EXPECT_TRUE(load.detail.starts_with("stream 'S', block 2, offset 0: read: ")) << load.detail;
  EXPECT_EQ(world.Load(4).substr(0, 6), "foo:4 ");
  EXPECT_FALSE(world.store().Failure());
  // A count that cannot be made is no count.
  world.Reopen();
  faults.read_error = {1'000'000, 6};
  world.driver.disk().SetFaults(faults);
  CountPending count;
  count.filters = {"foo"};
  count.from = 6;
  EXPECT_FALSE(world.Run(count));
  EXPECT_EQ(count.error, StoreError::kFailed);
  count = {};
  count.filters = {"foo"};
  count.from = 6;
  EXPECT_TRUE(world.Run(count));
  EXPECT_EQ(count.total, 5u);
}

TEST(FileDamage, AFileThatGotShorterKeepsItsOtherMessages) {
  for (const size_t left : {0, 25, 75}) {
    const auto owned = Cold();
    FileWorld& world = *owned;
    world.Reopen();
    const std::string whole = *world.driver.disk().Contents(PathOf(2));
    ASSERT_EQ(whole.size(), 100u);
    world.driver.disk().Put(PathOf(2), whole.substr(0, left));
    LoadMsg load;
    load.seq = 4;
    EXPECT_FALSE(world.Run(load));
    EXPECT_EQ(load.error, StoreError::kFailed);
    EXPECT_TRUE(load.detail.starts_with("stream 'S', block 2")) << load.detail;
    EXPECT_NE(load.detail.find("offset "), std::string::npos) << load.detail;
    std::vector<std::string> rest = {"foo:1", "foo:2"};
    for (const char* name : {"foo:5", "foo:6", "foo:7", "foo:8", "foo:9", "foo:10"}) {
      rest.emplace_back(name);
    }
    if (left == 75) rest.insert(rest.begin() + 2, "foo:3");
    EXPECT_EQ(Readable(world, 10), rest) << left;
    EXPECT_EQ(world.Put("foo"), 11u);
  }
}

TEST(FileDamage, SaysWhichBlocksAreMissingAfterACrash) {
  for (const uint32_t block : {1u, 3u, 5u}) {
    const auto owned = Cold();
    FileWorld& world = *owned;
    world.Checkpoint();
    world.driver.disk().Delete(PathOf(block));
    world.Crash(sim::CrashKind::kKill);
    ASSERT_EQ(world.notices.size(), 1u) << block;
    EXPECT_EQ(world.notices[0], "stream 'S', block " + std::to_string(block) +
                                    ", offset 0: the file is missing; its messages are lost");
    const StreamState state = world.store().State();
    EXPECT_EQ(state.msgs, 8u);
    EXPECT_EQ(state.first_seq, block == 1 ? 3u : 1u);
    EXPECT_EQ(state.last_seq, 10u) << "it is never used again";
    EXPECT_EQ(state.num_deleted, block == 1 ? 0u : 2u);
    EXPECT_EQ(world.Put("foo"), 11u);
  }
}

// Longer than one transfer of the disk may be, and than any block: somebody let it grow.
constexpr size_t kTooLong = kTransferBytesMax + 1;

TEST(FileDamage, ABlockThatNobodyWroteSoLongIsLostAlone) {
  const auto owned = Cold();
  FileWorld& world = *owned;
  world.StopClean();
  std::string bytes = *world.driver.disk().Contents(PathOf(1));
  bytes.resize(kTooLong, '\0');
  world.driver.disk().Put(PathOf(1), bytes);
  world.Boot();
  ASSERT_EQ(world.notices.size(), 1u);
  EXPECT_EQ(world.notices[0],
            "stream 'S', block 1, offset 0: it is 67108865 bytes long; all its messages are lost");
  EXPECT_EQ(Readable(world, 10), (std::vector<std::string>{"foo:3", "foo:4", "foo:5", "foo:6",
                                                           "foo:7", "foo:8", "foo:9", "foo:10"}));
  EXPECT_EQ(world.Put("foo"), 11u);
}

TEST(FileDamage, ACheckpointThatNobodyWroteSoLongIsSaid) {
  const auto owned = Cold();
  FileWorld& world = *owned;
  world.Checkpoint();
  world.Crash(sim::CrashKind::kKill, FileWorld::Up::kNo);
  const std::string name = "msgs/" + std::string(kCheckpointFile);
  ASSERT_TRUE(world.driver.disk().Contents("S/" + name).has_value());
  world.driver.disk().Put("S/" + name, std::string(kTooLong, '\0'));
  const FileStore& store = world.Begin();
  world.TurnWhile(FileStore::Phase::kOpening);
  ASSERT_EQ(store.phase(), FileStore::Phase::kFailed);
  EXPECT_EQ(*store.Failure(), "stream 'S', " + name + ", offset 0: it is 67108865 bytes long");
}

TEST(FileDamage, AFileThatWentIsAnErrorForItsMessagesAlone) {
  const auto owned = Cold();
  FileWorld& world = *owned;
  world.Reopen();
  world.driver.disk().Delete(PathOf(1));
  LoadMsg load;
  load.seq = 1;
  EXPECT_FALSE(world.Run(load));
  EXPECT_EQ(load.error, StoreError::kFailed);
  EXPECT_TRUE(load.detail.starts_with("stream 'S', block 1, offset 0: open: ")) << load.detail;
  EXPECT_EQ(Readable(world, 10).size(), 8u);
  EXPECT_FALSE(world.store().Failure());
}

TEST(FileDamage, RemovesIndexFilesOfOldVersions) {
  FileWorld world;
  for (int i = 0; i < 10; ++i) world.Put("foo");
  world.StopClean();
  world.driver.disk().Put("S/msgs/1.idx", std::string(99, 'i'));
  world.driver.disk().Put("S/msgs/1.fss", std::string(99, 'f'));
  world.Boot();
  for (const std::string& name : world.Files()) {
    EXPECT_FALSE(name.ends_with(".idx") || name.ends_with(".fss")) << name;
  }
  EXPECT_EQ(world.store().State().msgs, 10u);
  EXPECT_TRUE(world.notices.empty());
}

}  // namespace
}  // namespace dunlin::file
