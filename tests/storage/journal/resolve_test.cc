#include "storage/journal/resolve.h"

#include <gtest/gtest.h>

namespace dunlin::journal {
namespace {

constexpr uint64_t kBatch = 4096;

// A segment's batches one behind the other; 'Hole' leaves the place of one free.
class Found {
 public:
  Found& Segment(uint64_t id) {
    segment_ = id;
    at_ = kHeaderBytes;
    return *this;
  }
  Found& Life(uint64_t life, uint64_t from) {
    life_ = life;
    from_ = from;
    return *this;
  }
  Found& Head(uint64_t head) {
    head_ = head;
    return *this;
  }
  Found& Batch(uint64_t number, uint64_t prev, uint64_t durable) {
    FoundBatch batch;
    batch.segment = segment_;
    batch.slot = static_cast<uint32_t>(segment_ % 4);
    batch.offset = at_;
    batch.end = at_ += kBatch;
    batch.mark.number = number;
    batch.mark.prev = prev;
    batch.mark.durable = durable;
    batch.mark.head = head_;
    batch.mark.life = life_;
    batch.mark.life_from = from_;
    batches_.push_back(batch);
    return *this;
  }
  Found& Hole() {
    at_ += kBatch;
    return *this;
  }
  Resolution Resolved() const { return Resolve(batches_); }

 private:
  uint64_t segment_ = 1, at_ = kHeaderBytes, life_ = 1, from_ = 0, head_ = 1;
  std::vector<FoundBatch> batches_;
};

std::vector<uint64_t> Numbers(const Resolution& resolution) {
  std::vector<uint64_t> numbers;
  for (const FoundBatch& batch : resolution.accepted) numbers.push_back(batch.mark.number);
  return numbers;
}

using Expected = std::vector<uint64_t>;

TEST(Resolve, NothingIsNothing) {
  const Resolution r = Resolve({});
  EXPECT_TRUE(r.accepted.empty() && r.damages.empty() && !r.torn);
}

TEST(Resolve, AHoleThatWasNeverDurableEndsTheJournal) {
  const Resolution r =
      Found().Batch(1, 0, 0).Batch(2, 1, 0).Hole().Batch(4, 3, 2).Batch(5, 4, 2).Resolved();
  EXPECT_EQ(Numbers(r), (Expected{1, 2}));
  EXPECT_TRUE(r.torn);
  EXPECT_TRUE(r.damages.empty());
  EXPECT_EQ(r.number_seen, 5u);
}

TEST(Resolve, AHoleThatWasDurableIsDamage) {
  const Resolution r =
      Found().Batch(1, 0, 0).Hole().Hole().Batch(4, 3, 2).Batch(5, 4, 3).Resolved();
  EXPECT_EQ(Numbers(r), (Expected{1, 4, 5}));
  ASSERT_EQ(r.damages.size(), 1u);
  EXPECT_EQ(r.damages[0].before, 1u);
  EXPECT_EQ(r.damages[0].first, 2u);
  EXPECT_EQ(r.damages[0].last, 3u);
  EXPECT_EQ(r.damages[0].offset, kHeaderBytes + kBatch);
  EXPECT_FALSE(r.torn);
}

// Of a hole of two, the second was not: what is behind it was never promised.
TEST(Resolve, AHoleThatWasPartlyDurableIsBoth) {
  const Resolution r = Found().Batch(1, 0, 0).Hole().Hole().Batch(4, 3, 2).Resolved();
  EXPECT_EQ(Numbers(r), (Expected{1}));
  ASSERT_EQ(r.damages.size(), 1u);
  EXPECT_EQ(r.damages[0].first, 2u);
  EXPECT_EQ(r.damages[0].last, 2u);
  EXPECT_TRUE(r.torn);
}

// 3 was torn, 4 whole and never promised. The second life kept 2, and wrote less than there was.
TEST(Resolve, WhatAnEarlierLifeCouldNotPromiseNeverComesBack) {
  const Resolution r = Found()
                           .Batch(1, 0, 0)
                           .Batch(2, 1, 1)
                           .Life(2, 2)
                           .Batch(100, 2, 2)
                           .Life(1, 0)
                           .Batch(4, 3, 2)
                           .Resolved();
  EXPECT_EQ(Numbers(r), (Expected{1, 2, 100}));
  EXPECT_FALSE(r.torn);
}

TEST(Resolve, NorWhenTheLaterLifesFirstBatchesAreRotten) {
  const Resolution r = Found()
                           .Batch(1, 0, 0)
                           .Batch(2, 1, 1)
                           .Hole()
                           .Life(1, 0)
                           .Batch(4, 3, 2)
                           .Life(2, 2)
                           .Segment(2)
                           .Batch(102, 101, 101)
                           .Resolved();
  EXPECT_EQ(Numbers(r), (Expected{1, 2, 102}));
  ASSERT_EQ(r.damages.size(), 1u);
  EXPECT_EQ(r.damages[0].first, 3u);
  EXPECT_EQ(r.damages[0].last, 101u);
}

TEST(Resolve, HolesInSegmentsThatWereGivenBackDoNotMatter) {
  const Resolution r =
      Found().Segment(1).Batch(1, 0, 0).Segment(3).Batch(5, 4, 4).Head(3).Batch(6, 5, 5).Resolved();
  EXPECT_EQ(Numbers(r), (Expected{5, 6}));
  EXPECT_TRUE(r.damages.empty());
  EXPECT_EQ(r.head, 3u);
}

// Sync::kInterval: 7 says that 3 is the oldest, but 7 is behind a hole that was never synced.
TEST(Resolve, OnlyAnAcceptedBatchSaysWhatWasGivenBack) {
  const Resolution r = Found()
                           .Segment(2)
                           .Head(2)
                           .Batch(4, 3, 3)
                           .Segment(3)
                           .Batch(5, 4, 3)
                           .Hole()
                           .Head(3)
                           .Batch(7, 6, 4)
                           .Resolved();
  EXPECT_EQ(Numbers(r), (Expected{4, 5}));
  EXPECT_EQ(r.head, 2u);
  EXPECT_TRUE(r.torn && r.damages.empty());
}

// Sync::kInterval: 2 is the oldest, and nothing of it was synced.
TEST(Resolve, AMissingOldestSegmentThatWasNeverDurableIsNot) {
  const Resolution r =
      Found().Segment(1).Batch(3, 2, 2).Head(2).Segment(3).Batch(6, 5, 2).Batch(7, 6, 2).Resolved();
  EXPECT_EQ(Numbers(r), (Expected{3}));
  EXPECT_TRUE(r.torn && r.damages.empty());
}

TEST(Resolve, AMissingOldestSegmentIsDamage) {
  const Resolution r = Found().Head(2).Segment(3).Batch(5, 4, 4).Batch(6, 5, 5).Resolved();
  EXPECT_EQ(Numbers(r), (Expected{5, 6}));
  ASSERT_EQ(r.damages.size(), 1u);
  EXPECT_EQ(r.damages[0].first, 0u);
  EXPECT_EQ(r.damages[0].last, 4u);
  EXPECT_EQ(r.damages[0].segment, 2u);
}

TEST(Resolve, ASegmentWhoseFirstBatchIsLostIsDamage) {
  const Resolution r = Found().Head(2).Segment(2).Hole().Batch(5, 4, 4).Batch(6, 5, 5).Resolved();
  EXPECT_EQ(Numbers(r), (Expected{5, 6}));
  ASSERT_EQ(r.damages.size(), 1u);
  EXPECT_EQ(r.damages[0].offset, kHeaderBytes);
}

TEST(Resolve, OfANewJournalThatNeverPromisedAnythingNothingIsLeft) {
  const Resolution r = Found().Hole().Batch(2, 1, 0).Resolved();
  EXPECT_TRUE(r.accepted.empty() && r.damages.empty());
  EXPECT_TRUE(r.torn);
}

}  // namespace
}  // namespace dunlin::journal
