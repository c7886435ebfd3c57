// The bytes of a block in memory, in chunks; and the one budget of all caches.
#include "storage/file/block_cache.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "engine/base/rng.h"
#include "storage/format/checksum_key.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

const crypto::HighwayHash64 kChecksum = format::BlockChecksum("S", 1);

std::string PayloadOf(Seq seq, size_t bytes) {
  return std::string(bytes, static_cast<char>('a' + seq % 26));
}

void Put(BlockCache* cache, CachePool* pool, Seq seq, size_t bytes, std::string* plain) {
  std::string encoded;
  format::Record record;
  record.checksum = format::AppendMessage(kChecksum, seq, WallTime{1}, "foo", "",
                                          PayloadOf(seq, bytes), &encoded);
  record.seq = seq;
  record.bytes = static_cast<uint32_t>(encoded.size());
  std::memcpy(cache->RoomAtEnd(encoded.size(), pool), encoded.data(), encoded.size());
  EXPECT_EQ(cache->Append(record), encoded);
  *plain += encoded;
}

// Messages 10, 20, 30 ...: of all sizes, so that chunks end anywhere.
struct Filled {
  explicit Filled(CachePool* pool) : cache(0, 0) {
    Rng rng(4);
    for (Seq seq = 10; seq <= kLast; seq += 10) {
      const size_t bytes = rng.Below(20) == 0 ? rng.Below(100'000) : rng.Below(300);
      sizes.push_back(bytes);
      offsets.push_back(plain.size());
      Put(&cache, pool, seq, bytes, &plain);
    }
  }
  void ExpectFound(Seq seq) const {
    format::Record record;
    ASSERT_TRUE(cache.Find(seq, &record)) << seq;
    EXPECT_EQ(record.payload, PayloadOf(seq, sizes[seq / 10 - 1])) << seq;
    EXPECT_EQ(record.offset, offsets[seq / 10 - 1]) << seq;
  }
  std::string All() const {
    std::string all;
    while (cache.from() + all.size() < cache.end()) {
      all += cache.BytesFrom(cache.from() + all.size());
    }
    return all;
  }
  static constexpr Seq kLast = 10'000;
  BlockCache cache;
  std::string plain;
  std::vector<size_t> sizes;
  std::vector<uint64_t> offsets;
};

TEST(BlockCache, FindsWhatIsAppendedInAllItsChunks) {
  CachePool pool(UINT64_MAX);
  const Filled filled(&pool);
  EXPECT_EQ(filled.All(), filled.plain);
  Rng rng(5);
  for (int i = 0; i < 3'000; ++i) filled.ExpectFound(rng.Below(Filled::kLast / 10) * 10 + 10);
  format::Record record;
  EXPECT_FALSE(filled.cache.Find(15, &record));
  EXPECT_TRUE(filled.cache.CoversAll());
}

TEST(BlockCache, LetsGoOfItsFrontAndTakesItBack) {
  CachePool pool(UINT64_MAX);
  Filled filled(&pool);
  const size_t all = filled.cache.BytesUsed();
  filled.cache.LetGoBelow(filled.plain.size() / 2, UINT64_MAX);
  EXPECT_LT(filled.cache.BytesUsed(), all * 3 / 4);
  const uint64_t from = filled.cache.from();
  EXPECT_LE(from, filled.plain.size() / 2);
  EXPECT_GT(from, filled.plain.size() / 4);
  EXPECT_EQ(filled.All(), filled.plain.substr(from));
  for (Seq seq = 10; seq <= Filled::kLast; seq += 10) {
    EXPECT_EQ(filled.cache.Covers(seq), filled.offsets[seq / 10 - 1] >= from) << seq;
    if (filled.cache.Covers(seq)) filled.ExpectFound(seq);
  }

  BlockCache whole;
  whole.Take(filled.plain.substr(0, from));
  while (!whole.IndexSome(kChecksum, 10'000)) {
  }
  whole.Join(&filled.cache);
  EXPECT_TRUE(whole.CoversAll());
  EXPECT_EQ(whole.end(), filled.plain.size());
  EXPECT_EQ(whole.size(), Filled::kLast / 10);
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(whole.At(i).payload, PayloadOf(whole.SeqAt(i), filled.sizes[i]));
  }
  Put(&whole, &pool, Filled::kLast + 1, 100, &filled.plain);
  EXPECT_EQ(whole.BytesFrom(whole.OffsetAt(whole.size() - 1)).size(), 100 + 33u);
}

// What lies between two messages, that is no record: one may begin at each place.
TEST(BlockCache, LooksForTheEndOfDamageBitByBit) {
  constexpr size_t kHoles = 50, kHoleBytes = 4'000, kSlice = 10'000;
  Rng rng(6);
  std::string plain;
  for (size_t i = 0; i <= kHoles; ++i) {
    format::AppendMessage(kChecksum, i + 1, WallTime{1}, "foo", "", PayloadOf(i + 1, 100), &plain);
    if (i == kHoles) break;
    for (size_t n = 0; n < kHoleBytes; ++n) plain.push_back(static_cast<char>(rng.Below(256)));
  }
  BlockCache at_once, in_slices;
  at_once.Take(plain);
  ASSERT_TRUE(at_once.IndexSome(kChecksum, SIZE_MAX));
  in_slices.Take(plain);
  size_t calls = 1;
  while (!in_slices.IndexSome(kChecksum, kSlice)) ++calls;
  EXPECT_GE(calls, kHoles * kHoleBytes * format::RecordSearch::kPlaceCost / kSlice);
  ASSERT_EQ(in_slices.holes().size(), kHoles);
  ASSERT_EQ(at_once.holes().size(), kHoles);
  for (size_t i = 0; i < kHoles; ++i) {
    EXPECT_EQ(in_slices.holes()[i].begin, at_once.holes()[i].begin);
    EXPECT_EQ(in_slices.holes()[i].end, at_once.holes()[i].end);
    EXPECT_EQ(in_slices.holes()[i].end - in_slices.holes()[i].begin, kHoleBytes);
  }
  EXPECT_EQ(in_slices.size(), kHoles + 1);
  EXPECT_TRUE(in_slices.DescribeHoles().ends_with(", and 42 more")) << in_slices.DescribeHoles();
}

TEST(BlockCache, KeepsTheMessageThatIsLookedAtAndThoseBehindIt) {
  CachePool pool(UINT64_MAX);
  Filled filled(&pool);
  filled.cache.LetGoBelow(filled.plain.size(), 500);
  EXPECT_GT(filled.cache.from(), 0u);
  for (Seq seq = 500; seq <= Filled::kLast; seq += 10) filled.ExpectFound(seq);
}

TEST(BlockCache, ATombstoneInAChunkThatGoesIsNoMessage) {
  BlockCache cache;
  std::string plain;
  for (Seq seq = 1; seq <= 200; ++seq) {
    format::Record record;
    record.kind = format::RecordKind::kTombstone;
    record.bytes = format::kEmptyRecordBytes;
    format::EncodeTombstone(kChecksum, seq, WallTime{1},
                            cache.RoomAtEnd(format::kEmptyRecordBytes, nullptr));
    cache.Append(record);
  }
  Put(&cache, nullptr, 201, 10, &plain);
  cache.LetGoBelow(cache.end(), UINT64_MAX);
  EXPECT_GT(cache.from(), 0u);
  format::Record record;
  EXPECT_TRUE(cache.Covers(201) && cache.Find(201, &record));
}

// The block that is being written is as large as it gets, and of it only the end is kept.
TEST(CachePool, AStoreKeepsItsShareWhileAllAreAboveTheBudget) {
  constexpr uint64_t kBudget = 400'000;
  CachePool pool(kBudget);
  FileStoreOptions options;
  options.limits.writer.write_bytes_min = 1;
  options.pool = &pool;
  FileWorld a(options), b(options);
  const auto fill = [](FileWorld& world) {
    for (int i = 0; i < 500; ++i) {
      world.Put("foo", std::string(1024, '0'));
      if (i % 20 == 0) world.Settle();
    }
    world.Settle();
  };
  fill(a);
  EXPECT_LE(pool.bytes(), kBudget + 2 * CachePool::kChunkBytes);
  EXPECT_GT(pool.bytes(), kBudget / 4);
  fill(b);
  a.store().TrimCaches();
  EXPECT_LE(pool.bytes(), kBudget + 2 * CachePool::kChunkBytes);
  for (FileWorld* world : {&a, &b}) {
    for (const Seq seq : {1, 250, 500}) EXPECT_EQ(world->Load(seq).substr(0, 4), "foo:");
  }
}

TEST(CachePool, WhatIsNotWrittenStaysWhateverTheBudget) {
  CachePool pool(0);
  FileStoreOptions options;
  options.limits.writer.write_bytes_min = UINT64_MAX;
  options.pool = &pool;
  FileWorld world(options);
  for (int i = 0; i < 500; ++i) world.Put("foo", std::string(1024, '0'));
  world.Settle();
  EXPECT_GE(pool.bytes(), 500u * 1024);
  EXPECT_EQ(world.Load(1).substr(0, 4), "foo:");
}

}  // namespace
}  // namespace dunlin::file
