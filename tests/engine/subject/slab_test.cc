#include "engine/subject/slab.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <vector>

namespace dunlin::subject {
namespace {

struct Block {
  uint32_t ref;
  size_t bytes;
  char fill;
};

void Fill(Slab& slab, const Block& block) {
  std::memset(slab.At<char>(block.ref), block.fill, block.bytes);
}

bool IsFilled(const Slab& slab, const Block& block) {
  const char* at = slab.At<char>(block.ref);
  for (size_t i = 0; i < block.bytes; ++i) {
    if (at[i] != block.fill) return false;
  }
  return true;
}

TEST(Slab, SmallOnesCostLittle) {
  Slab slab;
  EXPECT_EQ(slab.BytesUsed(), 0u);
  const uint32_t ref = slab.Alloc(12);
  EXPECT_NE(ref, Slab::kNone);
  EXPECT_LE(slab.BytesUsed(), 512u);
  slab.Free(ref);
  EXPECT_EQ(slab.BytesUsed(), 0u);
}

TEST(Slab, ManyBlocksCostLittleMoreThanTheirBytes) {
  Slab slab;
  for (int i = 0; i < 100'000; ++i) (void)slab.Alloc(40);
  EXPECT_LE(slab.BytesUsed(), 100'000u * 41);
}

TEST(Slab, APageGoesWithItsLastBlock) {
  Slab slab;
  const uint32_t keep = slab.Alloc(40);
  std::vector<uint32_t> refs;
  for (int i = 0; i < 100'000; ++i) refs.push_back(slab.Alloc(40));
  for (const uint32_t ref : refs) slab.Free(ref);
  EXPECT_LE(slab.BytesUsed(), 64 * 1024u);  // The table of pages, mostly.
  slab.Free(keep);
  EXPECT_EQ(slab.BytesUsed(), 0u);
}

TEST(Slab, PlacesComeInOrderAndSurviveRemoval) {
  Slab slab;
  std::vector<uint32_t> refs;
  for (uint32_t i = 0; i < 5000; ++i) {
    refs.push_back(slab.Alloc(12));
    slab.At<uint32_t>(refs.back())[1] = i;
  }
  uint32_t count = 0;
  for (uint32_t at = slab.NextPlace(Slab::kNone); at != Slab::kNone; at = slab.NextPlace(at)) {
    EXPECT_EQ(slab.At<uint32_t>(at)[1], count++);
  }
  EXPECT_EQ(count, 5000u);
  const uint32_t middle = refs[2500];
  for (uint32_t i = 2000; i < 4000; ++i) slab.Free(refs[i]);  // Whole pages among them.
  count = 0;
  for (uint32_t at = slab.NextPlace(middle); at != Slab::kNone; at = slab.NextPlace(at)) {
    count += slab.At<uint32_t>(at)[1] >= 4000;
  }
  EXPECT_EQ(count, 1000u);
}

// Blocks keep their bytes, whatever is allocated, resized and freed around them.
RC_GTEST_PROP(SlabProperty, BlocksDoNotTouchEachOther,
              (const std::vector<std::pair<uint8_t, uint16_t>>& ops)) {
  Slab slab;
  std::vector<Block> blocks;
  for (const auto& [kind, number] : ops) {
    const size_t bytes = 1 + number % (kind % 8 == 0 ? 6000 : 200);
    if (kind % 4 < 2 || blocks.empty()) {
      blocks.push_back({slab.Alloc(bytes), bytes, static_cast<char>(number)});
      Fill(slab, blocks.back());
    } else {
      Block& block = blocks[number % blocks.size()];
      RC_ASSERT(IsFilled(slab, block));
      if (kind % 4 == 2) {
        block.ref = slab.Resize(block.ref, bytes);
        block.bytes = std::min(bytes, block.bytes);
        RC_ASSERT(IsFilled(slab, block));
        block.bytes = bytes;
        Fill(slab, block);
      } else {
        slab.Free(block.ref);
        block = blocks.back();
        blocks.pop_back();
      }
    }
    RC_ASSERT(slab.live() == blocks.size());
  }
  for (const Block& block : blocks) {
    RC_ASSERT(IsFilled(slab, block));
    RC_ASSERT(slab.BlockBytes(block.ref) >= block.bytes);
    slab.Free(block.ref);
  }
  RC_ASSERT(slab.BytesUsed() == 0u);
}

}  // namespace
}  // namespace dunlin::subject
