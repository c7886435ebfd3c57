// What is kept in memory, and that nothing is different without it.
#include <gtest/gtest.h>

#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

// Everything is written at once, and only kept while it is needed.
FileStoreOptions Forgetful(uint64_t block_bytes) {
  FileStoreOptions options;
  options.limits.block_bytes = block_bytes;
  options.limits.reader.cache_bytes_max = 0;
  options.limits.reader.pieces_max = 0;
  options.limits.writer.write_bytes_min = 1;
  return options;
}

size_t Cached(FileWorld& world) {
  size_t count = 0;
  for (const auto& block : world.store().index().blocks) count += block->cache != nullptr ? 1 : 0;
  return count;
}

template <class Do>
uint64_t DiskWork(FileWorld& world, Do what) {
  const uint64_t before = world.driver.disk().completions();
  what();
  return world.driver.disk().completions() - before;
}

TEST(FileCache, ABlockIsReadOnceWhileItIsKept) {
  FileStoreOptions options;
  options.limits.writer.write_bytes_min = 1;
  FileWorld world(options);
  for (int i = 0; i < 500; ++i) world.Put("foo.bar", std::string(1024, '0'));
  world.Reopen();
  EXPECT_EQ(DiskWork(world,
                     [&] {
                       for (int i = 0; i < 3; ++i) {
                         for (Seq seq = 1; seq <= 500; seq += 50) world.Load(seq);
                       }
                     }),
            0u)
      << "the last block is what a start leaves in memory";
}

TEST(FileCache, IsLetGoOfAndReadAgain) {
  FileWorld world(Forgetful(300'000));
  for (int i = 0; i < 500; ++i) world.Put("foo.bar", std::string(1024, '0'));
  world.Settle();
  const auto load = [&](Seq seq) {
    return DiskWork(world, [&] {
      EXPECT_EQ(world.Load(seq).substr(0, 8), "foo.bar:");
      world.Settle();
    });
  };
  load(500);
  EXPECT_EQ(load(1), 3u) << "opened, read, closed";
  EXPECT_EQ(load(1), 0u);
  EXPECT_EQ(load(2), 0u);
  EXPECT_EQ(load(500), 3u);
  EXPECT_EQ(Cached(world), 1u) << "what was asked for last stays";
}

TEST(FileCache, KeepsNoMoreThanItMayWhenNobodyReads) {
  FileStoreOptions options = Forgetful(1000);
  options.limits.reader.cache_bytes_max = 3000;
  FileWorld world(options);
  for (int i = 0; i < 200; ++i) {
    world.Put("a", std::string(70, 'x'));
    if (i % 10 == 0) world.Settle();
  }
  world.Settle();
  EXPECT_LE(Cached(world), 3u);
}

// What it grew by while it was being read was written, and let go of, before anybody looked.
TEST(FileCache, ABlockThatGrowsWhileItIsReadIsReadWhole) {
  for (const bool grows_again : {false, true}) {
    FileWorld world(Forgetful(1000));
    for (int i = 0; i < 15; ++i) world.Put("a", std::string(69, 'x'));
    world.Settle();
    world.Load(1);
    world.Settle();
    LoadMsg load;
    load.seq = 15;
    ASSERT_NE(world.store().Run(load), Progress::kDone);
    world.Put("b", "16");
    world.Settle();
    world.Load(1);
    world.Settle();
    if (grows_again) world.Put("c", "17");
    EXPECT_EQ(world.Load(16), "b:16 16");
    EXPECT_EQ(world.Load(15).substr(0, 5), "a:15 ");
    if (grows_again) {
      EXPECT_EQ(world.Load(17), "c:17 17");
    }
  }
}

TEST(FileCache, WhatIsBeingWrittenAndWhatWasWrittenAreOne) {
  FileWorld world(Forgetful(100'000));
  for (int i = 1; i <= 5; ++i) world.Put("foo", "msg" + std::to_string(i));
  world.Settle();
  for (int i = 6; i <= 10; ++i) world.Put("bar", "msg" + std::to_string(i));
  EXPECT_EQ(world.Load(8), "bar:8 msg8");
  EXPECT_EQ(world.Load(1), "foo:1 msg1");
  world.Settle();
  world.Put("baz", "msg11");
  EXPECT_EQ(world.Load(1), "foo:1 msg1");
  EXPECT_EQ(world.Load(6), "bar:6 msg6");
  EXPECT_EQ(world.Load(11), "baz:11 msg11");
}

TEST(FileCache, WhatIsStoredAfterItWasLetGoOfIsFoundAgain) {
  FileWorld world(Forgetful(100'000));
  for (int i = 0; i < 10; ++i) world.Put("zzz", "Hello World!");
  world.Settle();
  for (int i = 0; i < 10; ++i) world.Put("zzz", "Hello World! - 22");
  EXPECT_EQ(world.store().State().msgs, 20u);
  world.ReopenWithoutIndexes();
  EXPECT_EQ(world.store().State().msgs, 20u);
  for (Seq seq = 1; seq <= 20; ++seq) {
    EXPECT_EQ(world.Load(seq),
              "zzz:" + std::to_string(seq) + (seq <= 10 ? " Hello World!" : " Hello World! - 22"));
  }
}

// Memory that held another block before.
TEST(FileCache, EachMessageHasItsOwnSubject) {
  FileWorld world(Forgetful(1024));
  const auto subject = [](Seq seq) {
    return "foo.seq-" + std::to_string(seq) + "-" + std::string(40, 'A');
  };
  for (Seq seq = 1; seq <= 256; ++seq) world.Put(subject(seq), "payload");
  world.Settle();
  Rng rng(9);
  for (int i = 0; i < 300; ++i) {
    const Seq seq = rng.Below(256) + 1;
    EXPECT_EQ(world.Load(seq), subject(seq) + ":" + std::to_string(seq) + " payload");
    world.Settle();
  }
}

TEST(FileCache, APurgeOfASubjectReadsOnlyWhereItIs) {
  FileWorld world(Forgetful(33));
  for (int i = 0; i < 20; ++i) world.Put("foo", "");
  world.Put("bar", "");
  world.options.limits.reader.cache_bytes_max = 1 << 20;
  world.Reopen();
  EXPECT_EQ(world.Purge("bar"), 1u);
  EXPECT_LE(Cached(world), 1u);
}

TEST(FileCache, APurgeOfASubjectKeepsNoMoreThanItMay) {
  FileStoreOptions options = Forgetful(1024);
  options.limits.reader.cache_bytes_max = 4000;
  FileWorld world(options);
  for (int i = 0; i < 300; ++i) {
    world.Put("foo.foo", std::string(99, 'A'));
    world.Put("foo.bar", std::string(99, 'A'));
  }
  world.Checkpoint();
  EXPECT_EQ(world.Purge("foo.bar"), 300u);
  world.Settle();
  EXPECT_LE(Cached(world), 4u);
  EXPECT_EQ(world.store().State().msgs, 300u);
}

TEST(FileCache, ASearchSkipsBlocksThatCannotHaveIt) {
  FileWorld world(Forgetful(4096));
  for (int i = 0; i < 5000; ++i) world.Put("foo.A", std::string(99, 'Z'));
  for (int i = 0; i < 10; ++i) world.Put("foo.B", std::string(99, 'Z'));
  world.options.limits.reader.cache_bytes_max = 1 << 20;
  world.Reopen();
  const uint64_t work = DiskWork(world, [&] {
    LoadMatch match;
    match.filters = {"foo.B"};
    EXPECT_TRUE(world.Run(match));
    EXPECT_EQ(match.msg.seq, 5001u);
  });
  EXPECT_LE(work, 3u);
  EXPECT_LE(Cached(world), 2u);
}

// A message that a limit pushes out, whose block must be read for that, goes by another way
// meanwhile: by hand, by age. reference: the store was disabled for good.
TEST(FileCache, WhatALimitWaitsForMayGoMeanwhile) {
  for (const bool by_age : {false, true}) {
    FileStoreOptions options = Forgetful(170);
    options.config.max_msgs_per_subject = 1;
    if (by_age) options.config.max_age = Seconds(1);
    FileWorld world(options);
    for (int round = 0; round < 20; ++round) {
      Seq seqs[4];
      for (int w = 0; w < 4; ++w) {
        seqs[w] = world.Put("foo." + std::to_string(w), std::string(128, '0'));
        if (round % 2 == w % 2) world.Turn();
      }
      for (int i = 0; i < round % 5; ++i) world.Turn();
      if (by_age) {
        world.driver.Advance(Millis(990));
        while (world.store().NextDeadline() <= world.now().mono && !world.store().Failure()) {
          world.store().OnDeadline(world.now());
          world.Turn();
        }
      } else {
        for (const Seq seq : seqs) (void)world.Remove(seq);
      }
      ASSERT_EQ(world.store().Failure(), std::nullopt);
    }
    world.Settle();
    ASSERT_EQ(world.store().Failure(), std::nullopt);
    EXPECT_LE(world.store().State().msgs, 4u);
    EXPECT_EQ(world.Put("foo.healthy"), 81u);
    world.Settle();
    world.store().CheckInvariants();
  }
}

}  // namespace
}  // namespace dunlin::file
