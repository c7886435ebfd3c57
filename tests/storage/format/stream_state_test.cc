#include "storage/format/stream_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/storage/format/hex.h"

namespace dunlin::format {
namespace {

Fault FaultOf(std::string_view bytes) {
  ReplicatedState state;
  return DecodeReplicatedState(bytes, &state).fault;
}

TEST(StreamState, WritesRunsAsFirstAndCount) {
  ReplicatedState state{3, 300, 1, 20, 2, 12, {SeqRange{5, 16}}};
  const std::string bytes = EncodeReplicatedState(state);
  EXPECT_EQ(bytes, FromHex("2a01"
                           "03"
                           "ac02"
                           "01"
                           "14"
                           "02"
                           "0c"
                           "21050c"));
  EXPECT_TRUE(IsReplicatedState(bytes));
  ReplicatedState back;
  ASSERT_TRUE(DecodeReplicatedState(bytes, &back).ok());
  EXPECT_EQ(back, state);
}

TEST(StreamState, ReadsSetsAndRunsInTheirOrder) {
  SeqSet set;
  set.Insert(7);
  set.Insert(9);
  ReplicatedState state{3, 300, 1, 90, 0, 15, {SeqRange{2, 2}, set, SeqRange{10, 21}}};
  ReplicatedState back;
  ASSERT_TRUE(DecodeReplicatedState(EncodeReplicatedState(state), &back).ok());
  EXPECT_EQ(back, state);
  EXPECT_EQ(DeletedRanges(back.deleted), (std::vector<SeqRange>{{2, 2}, {7, 7}, {9, 21}}));
}

TEST(StreamState, SaysWhatIsDamaged) {
  EXPECT_FALSE(IsReplicatedState("{\"messages\":0}"));
  EXPECT_EQ(FaultOf(""), Fault::kShort);
  EXPECT_EQ(FaultOf(FromHex("2b01000000000000")), Fault::kBadMagic);
  EXPECT_EQ(FaultOf(FromHex("2a02000000000000")), Fault::kBadVersion);
  EXPECT_EQ(FaultOf(FromHex("2a010000000000")), Fault::kShort);
  EXPECT_EQ(FaultOf(FromHex("2a01"
                            "0000000000"
                            "01"
                            "99")),
            Fault::kBadValue);
  EXPECT_EQ(FaultOf(FromHex("2a01"
                            "0000000000"
                            "01"
                            "1602")),
            Fault::kBadValue);
  EXPECT_EQ(FaultOf(FromHex("2a01"
                            "0000000000"
                            "01"
                            "2101")),
            Fault::kShort);
  // A run past the largest sequence; a run of none is nothing.
  EXPECT_EQ(FaultOf(FromHex("2a01"
                            "0000000000"
                            "01"
                            "21"
                            "ffffffffffffffffff01"
                            "02")),
            Fault::kBadValue);
  ReplicatedState state;
  ASSERT_TRUE(DecodeReplicatedState(FromHex("2a01"
                                            "0000000000"
                                            "01"
                                            "210500"),
                                    &state)
                  .ok());
  EXPECT_TRUE(state.deleted.empty());
}

RC_GTEST_PROP(StreamStateProperty, RangesHoldWhatTheBlocksHold,
              (const std::set<uint16_t>& in_set,
               const std::vector<std::pair<uint16_t, uint8_t>>& runs)) {
  std::set<uint64_t> all(in_set.begin(), in_set.end());
  ReplicatedState state;
  state.num_deleted = 1;
  SeqSet set;
  for (const uint16_t seq : in_set) set.Insert(seq);
  state.deleted.emplace_back(set);
  for (const auto& [first, more] : runs) {
    state.deleted.emplace_back(SeqRange{first, uint64_t{first} + more});
    for (uint64_t seq = first; seq <= uint64_t{first} + more; ++seq) all.insert(seq);
  }
  ReplicatedState back;
  RC_ASSERT(DecodeReplicatedState(EncodeReplicatedState(state), &back).ok());
  std::set<uint64_t> seen;
  uint64_t last = 0;
  bool first_range = true;
  for (const SeqRange& range : DeletedRanges(back.deleted)) {
    RC_ASSERT(first_range || range.first > last + 1);
    first_range = false;
    last = range.last;
    for (uint64_t seq = range.first; seq <= range.last; ++seq) seen.insert(seq);
  }
  RC_ASSERT(seen == all);
}

}  // namespace
}  // namespace dunlin::format
