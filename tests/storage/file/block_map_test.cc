// What is known of blocks that are not in memory, and what that saves.
#include "storage/file/block_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/subject/subject.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

FileStoreOptions SmallCache() {
  FileStoreOptions options;
  options.limits.block_bytes = 128u << 10;
  options.limits.reader.cache_bytes_max = 256u << 10;
  options.limits.reader.pieces_max = 2;
  return options;
}

uint64_t CachedBytes(const FileStore& store) {
  uint64_t total = 0;
  for (const auto& block : store.index().blocks) {
    if (block->cache != nullptr) total += block->cache->BytesUsed();
  }
  return total;
}

void Fill(FileWorld* world, int messages) {
  for (int i = 1; i <= messages; ++i) {
    world->Put("orders." + std::to_string(i % 7), std::string(1000, 'x') + std::to_string(i));
    if (i % 50 == 0) world->Settle();
  }
  world->Checkpoint();
}

std::string Token() {
  static const char* const kTokens[] = {"a", "b", "orders", "new", "a long token of 20 bytes", "7"};
  return kTokens[*rc::gen::inRange(0, 6)];
}

// Who loads messages in order reads each block, not each stretch. (To open a file counts as much as
// to read it.)
TEST(BlockMapCold, InOrderABlockIsReadOnce) {
  FileStoreOptions options = SmallCache();
  options.limits.block_bytes = 512u << 10;
  options.limits.reader.cache_bytes_max = 600u << 10;
  FileWorld world(options);
  Fill(&world, 2'000);
  const uint64_t before = world.bytes_seen;
  for (Seq seq = 1; seq <= 1'400; ++seq) EXPECT_FALSE(world.Load(seq).empty());
  EXPECT_LE(world.bytes_seen - before, 5u * 2'000 * 1'040);
}

RC_GTEST_PROP(BlockMapProperty, NeverRulesOutWhatMatches, ()) {
  std::string subject, filter;
  const int tokens = *rc::gen::inRange(1, 9), asked = *rc::gen::inRange(1, 9);
  for (int i = 0; i < tokens; ++i) subject += (i > 0 ? "." : "") + Token();
  for (int i = 0; i < asked; ++i) {
    const int wild = *rc::gen::inRange(0, 4);
    filter += (i > 0 ? "." : "") + (wild == 0 ? "*" : wild == 1 && i + 1 == asked ? ">" : Token());
  }
  TokenSet set;
  set.Add(subject);
  if (*rc::gen::arbitrary<bool>()) set.Add("something.else");
  const std::vector<std::string> filters{filter};
  if (subject::MatchesLiteral(subject, filter)) RC_ASSERT(TokenQuery(filters).MayMatch(set));
}

TEST(BlockMap, RulesOutOtherTokensAndOtherNumbersOfThem) {
  TokenSet set;
  set.Add("foo.1.bar");
  set.Add("foo.2.bar");
  const auto may = [&](const std::string& filter) {
    const std::vector<std::string> filters{filter};
    return TokenQuery(filters).MayMatch(set);
  };
  EXPECT_TRUE(may("foo.*.bar"));
  EXPECT_TRUE(may("foo.>"));
  EXPECT_TRUE(may(">"));
  EXPECT_FALSE(may("foo.*.baz"));
  EXPECT_FALSE(may("foo.*"));
  EXPECT_FALSE(may("foo.*.bar.>"));
}

TEST(BlockMap, AMessageIsReadWithoutItsBlock) {
  FileWorld world(SmallCache());
  Fill(&world, 1000);
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const Seq seq = rng.Below(1000) + 1;
    ASSERT_EQ(world.Load(seq), "orders." + std::to_string(seq % 7) + ":" + std::to_string(seq) +
                                   " " + std::string(1000, 'x') + std::to_string(seq));
  }
  EXPECT_LE(CachedBytes(world.store()), 512u << 10);
  size_t cached = 0;
  for (const auto& block : world.store().index().blocks) cached += block->cache != nullptr ? 1 : 0;
  EXPECT_LE(cached, 3u);
}

// Nobody ever reads: what is written is let go of all the same.
TEST(BlockMap, AStoreThatIsOnlyWrittenKeepsItsCacheWithinItsLimit) {
  FileWorld world(SmallCache());
  Fill(&world, 2000);
  EXPECT_LE(CachedBytes(world.store()), 512u << 10);
}

TEST(BlockMap, TruncatesMoreThanTheCacheHolds) {
  FileWorld world(SmallCache());
  Fill(&world, 1500);
  Truncate truncate;
  truncate.seq = 200;
  ASSERT_TRUE(world.Run(truncate));
  EXPECT_EQ(world.store().State().msgs, 200u);
  EXPECT_EQ(world.store().State().last_seq, 200u);
  world.Crash(sim::CrashKind::kKill);
  EXPECT_EQ(world.store().State().msgs, 200u);
  EXPECT_EQ(world.Put("orders.new"), 201u);
}

TEST(BlockMap, ASearchFindsTheSameWithAndWithoutTokens) {
  FileWorld world(SmallCache());
  for (int i = 1; i <= 1500; ++i) {
    world.Put(i == 1400 ? "orders.x.old" : "orders." + std::to_string(i) + ".new",
              std::string(500, 'x'));
    if (i % 100 == 0) world.Settle();
  }
  world.Checkpoint();
  for (int turn = 0; turn < 2; ++turn) {
    LoadMatch load;
    load.filters = {"orders.*.old"};
    load.from = 1;
    ASSERT_TRUE(world.Run(load));
    EXPECT_EQ(load.msg.seq, 1400u);
    load = {};
    load.filters = {"orders.*.none"};
    load.from = 1;
    EXPECT_FALSE(world.Run(load));
    EXPECT_EQ(load.error, StoreError::kEof);
  }
}

}  // namespace
}  // namespace dunlin::file
