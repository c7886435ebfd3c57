// What is not in memory: read when it is asked for, only if it can answer, and let go of again.
#include <gtest/gtest.h>

#include "tests/storage/file/file_forms.h"

namespace dunlin::file {
namespace {

using Blocks = std::vector<uint32_t>;

// Two messages of five bytes a block, with subjects of ten bytes. After the start only the last
// block is in memory.
std::unique_ptr<FileWorld> Pairs(const std::vector<std::string>& subjects) {
  FileStoreOptions options;
  options.limits.block_bytes = 128;
  auto world = std::make_unique<FileWorld>(options);
  for (const std::string& subject : subjects) world->Put(subject, "hello");
  world->Reopen();
  EXPECT_EQ(Cached(*world).size(), 1u);
  return world;
}

// The sequence found; 0: none.
Seq Next(FileWorld& world, std::vector<std::string> filters, Seq from) {
  LoadMatch match;
  match.filters = std::move(filters);
  match.from = from;
  return world.Run(match) ? match.msg.seq : 0;
}

Seq Last(FileWorld& world, std::string filter) {
  LoadLast last;
  last.subject = std::move(filter);
  return world.Run(last) ? last.msg.seq : 0;
}

SimpleState Filtered(FileWorld& world, std::string filter) {
  FilteredState request;
  request.filter = std::move(filter);
  request.from = 1;
  EXPECT_TRUE(world.Run(request));
  return request.state;
}

const char kA[] = "foo.AA.bar", kB[] = "foo.BB.bar";

TEST(FileCold, ReadsNoBlockBehindTheLastMatch) {
  const auto owned = Pairs({kB, kA, kB, kB, kB, kB, kB, kB, kA, kA, kB, kB, kB, kB});
  FileWorld& world = *owned;
  world.Remove(1);
  world.Remove(2);
  EXPECT_EQ(Next(world, {kA}, 11), 0u);
  EXPECT_EQ(Next(world, {"foo.AA.*"}, 11), 0u);
  EXPECT_LE(Cached(world).size(), 2u);
}

TEST(FileCold, ReadsNoBlockBehindTheLastOneThatAFilterCanMatch) {
  std::vector<std::string> subjects = {"foo.22.bar", "foo.22.baz", "foo.22.bar", "foo.22.baz"};
  for (int i = 0; i < 16; ++i) subjects.emplace_back("foo.22.baz");
  const auto owned = Pairs(subjects);
  FileWorld& world = *owned;
  EXPECT_EQ(world.store().index().blocks.size(), 10u);
  EXPECT_EQ(Next(world, {"foo.*.bar"}, 4), 0u);
  EXPECT_LE(Cached(world).size(), 2u);
}

TEST(FileCold, SkipsToTheFirstBlockThatCanMatch) {
  for (const bool one_subject : {true, false}) {
    for (const Seq from : {0, 3}) {
      std::vector<std::string> subjects;
      for (int i = 0; i < 10; ++i) subjects.emplace_back(!one_subject && i % 2 == 0 ? kB : kA);
      for (const char* subject : {"foo.CC.bar", kA, kA, kA}) subjects.emplace_back(subject);
      const auto owned = Pairs(subjects);
      FileWorld& world = *owned;
      EXPECT_EQ(Next(world, {"foo.CC.bar"}, from), 11u);
      EXPECT_EQ(Cached(world), (Blocks{6, 7}));
      EXPECT_EQ(Next(world, {"foo.CC.bar", "foo.DD.bar"}, from), 11u);
      EXPECT_EQ(Cached(world), (Blocks{6, 7}));
    }
  }
}

TEST(FileCold, FindsTheLastInOneBlock) {
  std::vector<std::string> subjects = {"foo.22.baz", "foo.22.bar"};
  for (int i = 0; i < 20; ++i) subjects.emplace_back("foo.11.foo");
  const auto owned = Pairs(subjects);
  FileWorld& world = *owned;
  EXPECT_EQ(Last(world, "foo.22.*"), 2u);
  EXPECT_EQ(Cached(world), (Blocks{1, 11}));
}

TEST(FileCold, PurgesASubjectThatIsNotThereWithoutALook) {
  const auto owned = Pairs({kA, kA, kA, kA});
  FileWorld& world = *owned;
  EXPECT_EQ(world.Purge(kB), 0u);
  EXPECT_EQ(Cached(world), Blocks{2});
}

TEST(FileCold, RemembersWhereTheFirstOfASubjectIs) {
  std::vector<std::string> subjects = {"foo.22.baz"};
  for (int i = 0; i < 15; ++i) subjects.emplace_back("foo.11.foo");
  subjects.insert(subjects.end(), {"foo.22.baz", "foo.22.baz", "foo.11.foo", "foo.11.foo"});
  const auto owned = Pairs(subjects);
  FileWorld& world = *owned;
  EXPECT_TRUE(world.Remove(1));
  EXPECT_EQ(Filtered(world, "foo.22.baz"), (SimpleState{2, 17, 18}));
  EXPECT_EQ(Filtered(world, "foo.*.baz"), (SimpleState{2, 17, 18}));
  world.Reopen();
  EXPECT_EQ(Filtered(world, "foo.22.baz"), (SimpleState{2, 17, 18}));
  EXPECT_EQ(Cached(world), (Blocks{9, 10}));
}

// A store whose head is let go of: as soon as all of it is written and another block was used last.
// 'pieces': how many stretches of blocks are kept; with none, one message brings its block in.
std::unique_ptr<FileWorld> Forgetful(size_t pieces) {
  FileStoreOptions options;
  options.limits.reader.pieces_max = pieces;
  options.limits.block_bytes = 5000;
  options.limits.reader.cache_bytes_max = 0;
  options.limits.writer.write_bytes_min = 1;
  auto world = std::make_unique<FileWorld>(options);
  world->Put("other", std::string(5000, 'x'));
  return world;
}
void LetGoOfTheHead(FileWorld& world, size_t pieces) {
  world.Settle();
  world.Load(1);
  world.store().Work(world.now());
  EXPECT_EQ(Cached(world), pieces == 0 ? Blocks{1} : Blocks{});
}

TEST(FileCold, LoadsWhatLiesBeforeTheTailThatIsInMemory) {
  for (const size_t pieces : {0, 2}) {
    const auto owned = Forgetful(pieces);
    FileWorld& world = *owned;
    Rng rng(3);
    for (Seq seq = 2; seq <= 100; ++seq) {
      ASSERT_EQ(world.Put("Z", std::to_string(seq)), seq);
      if (seq % 7 == 0) LetGoOfTheHead(world, pieces);
      if (seq % 7 == 2) continue;
      for (const Seq at : {2 + rng.Below(seq - 1), seq}) {
        ASSERT_EQ(world.Load(at), "Z:" + std::to_string(at) + " " + std::to_string(at));
      }
    }
    EXPECT_EQ(world.store().index().blocks.size(), 2u);
  }
}

TEST(FileCold, LettingGoOfAHeadThatIsHalfFullLosesNothing) {
  for (const size_t pieces : {0, 2}) {
    const auto owned = Forgetful(pieces);
    FileWorld& world = *owned;
    for (const char* subject : {"A", "B", "C", "D", "E"}) world.Put(subject, std::string(19, 'A'));
    world.Checkpoint();
    LetGoOfTheHead(world, pieces);
    world.Put("Z", std::string(19, 'A'));
    EXPECT_EQ(world.Load(2), "A:2 " + std::string(19, 'A'));
    EXPECT_EQ(world.Load(7), "Z:7 " + std::string(19, 'A'));
    ExpectSameAfterRestarts(world);
  }
}

// What index.db opens has its head in memory, and is gone on with: what is known of the stretches
// that were added says nothing of those before.
TEST(FileCold, FindsWhatWasThereBeforeACleanStop) {
  FileStoreOptions options;
  options.limits.block_bytes = 1000;
  FileWorld world(options);
  world.Put("foo.11.bar", "before");
  world.Reopen();
  for (int i = 0; i < 100; ++i) world.Put("foo.22.baz", std::string(20, 'x'));
  for (const char* filter : {"foo.*.bar", "foo.11.*", "foo.11.bar"}) {
    EXPECT_EQ(Next(world, {filter}, 1), 1u);
    EXPECT_EQ(Filtered(world, filter), (SimpleState{1, 1, 1}));
  }
}

// The old records still lie in the block that was cut, with sequences that are used again.
TEST(FileCold, FindsWhatCameAfterATruncate) {
  FileWorld world;
  for (int i = 0; i < 10; ++i) world.Put("foo.11.bar", "old");
  EXPECT_TRUE(Truncate(world, 3));
  world.Put("foo.22.bar", "new");
  world.Put("foo.33.bar", "new");
  EXPECT_EQ(Next(world, {"foo.22.*", "foo.33.*"}, 1), 4u);
  EXPECT_EQ(Next(world, {"foo.33.*"}, 1), 5u);
  EXPECT_EQ(world.Purge("foo.*.bar"), 5u);
}

uint64_t CachedBytes(FileWorld& world) {
  uint64_t bytes = 0;
  for (const auto& block : world.store().index().blocks) {
    if (block->cache != nullptr) bytes += block->cache->BytesUsed();
  }
  return bytes;
}

TEST(FileCold, WalkingKeepsNoMoreThanItMay) {
  FileStoreOptions options;
  options.limits.block_bytes = 100;
  options.limits.reader.cache_bytes_max = 500;
  FileWorld world(options);
  for (int i = 0; i < 100; ++i) world.Put("Z", std::string(19, 'Z'));
  world.Checkpoint();
  const auto load = [&](Seq seq) {
    const bool deleted = !world.store().index().Live(seq);
    EXPECT_EQ(world.Load(seq) == "deleted message", deleted);
    world.Turn();
    EXPECT_LE(CachedBytes(world), 700u);
  };
  for (Seq seq = 1; seq <= 100; ++seq) load(seq);
  for (Seq seq = 100; seq >= 1; --seq) load(seq);
  EXPECT_TRUE(world.Remove(2));
  EXPECT_TRUE(world.Remove(99));
  world.Settle();
  for (Seq seq = 1; seq <= 100; ++seq) load(seq);
  // So does what looks through the blocks by itself.
  EXPECT_EQ(world.Purge("Z", 0, 50), 48u);
  world.Settle();
  EXPECT_LE(CachedBytes(world), 700u);
}

// What was removed still counts with its subject until its record was read; whoever would take the
// place of the subject's oldest takes room there.
TEST(FileCold, InDoubtNothingGoesBeyondALimit) {
  FileStoreOptions options;
  options.config.max_msgs_per_subject = 2;
  options.limits.block_bytes = 100;
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (const char* subject : {"a", "a", "b", "b", "c"}) world.Put(subject);
  world.Checkpoint();
  StoreConfig config = world.options.config;
  config.max_msgs = 4;
  config.discard = DiscardPolicy::kNew;
  (void)world.store().UpdateConfig(world.now(), config);
  world.Settle();
  const auto put = [&](const char* subject) {
    return world.store().Store(world.now(), subject, "", "x", 0).error;
  };
  EXPECT_TRUE(world.Remove(1));
  EXPECT_EQ(world.store().State().msgs, 4u);
  EXPECT_EQ(put("a"), StoreError::kMaxMsgs);
  EXPECT_EQ(put("b"), StoreError::kMaxMsgs);
  world.Settle();
  EXPECT_EQ(put("a"), StoreError::kMaxMsgs);
  EXPECT_EQ(put("b"), StoreError::kNone);
  EXPECT_EQ(world.store().State().msgs, 4u);
}

TEST(FileCold, AnswersFromTheDiskAsFromMemory) {
  FileStoreOptions options;
  options.limits.block_bytes = 150;
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (int i = 0; i < 12; ++i) world.Put("foo", "");
  EXPECT_TRUE(world.Remove(2));
  EXPECT_TRUE(Erase(world, 6));
  world.Settle();
  const auto look = [&] {
    for (const Seq seq : {1, 3, 4, 5, 7, 8, 12}) {
      EXPECT_EQ(world.Load(seq), "foo:" + std::to_string(seq) + " ");
    }
    for (const Seq seq : {2, 6}) EXPECT_EQ(world.Load(seq), "deleted message");
  };
  look();
  world.Reopen();
  look();
  // The same from blocks that were written anew.
  for (const Seq seq : {3, 4}) EXPECT_TRUE(world.Remove(seq));
  world.Checkpoint();
  EXPECT_EQ(Records(world, 1), std::vector<std::string>{"1 foo"});
  EXPECT_EQ(world.Load(1), "foo:1 ");
  EXPECT_EQ(world.Load(4), "deleted message");
  ExpectSameAfterRestarts(world);
}

}  // namespace
}  // namespace dunlin::file
