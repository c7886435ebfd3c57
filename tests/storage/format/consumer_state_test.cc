#include "storage/format/consumer_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "tests/storage/format/hex.h"

namespace dunlin::format {
namespace {

ConsumerState Decoded(std::string_view hex) {
  ConsumerState state;
  EXPECT_TRUE(DecodeConsumerState(FromHex(hex), &state).ok());
  return state;
}

Fault FaultOf(std::string_view bytes) {
  ConsumerState state;
  return DecodeConsumerState(bytes, &state).fault;
}

TEST(ConsumerState, ReadsWhatTheReferenceWroteForAConsumerThatHasNothing) {
  EXPECT_EQ(Decoded("1602000000000000"), ConsumerState{});
  EXPECT_EQ(EncodeConsumerState({}, {}), FromHex("1602000000000000"));
}

// A byte more, which means nothing to who reads it.
TEST(ConsumerState, SaysThatMoreIsToFollow) {
  for (const uint64_t seq : {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128},
                             uint64_t{16384}, (uint64_t{1} << 63) - 1}) {
    ConsumerState state;
    state.delivered = {seq, seq};
    state.ack_floor = {seq, seq};
    const std::string plain = EncodeConsumerState(state, {});
    const std::string more = EncodeConsumerState(state, {}, StateEnds::kBeforeMore);
    EXPECT_EQ(more.size(), plain.size() + 1);
    EXPECT_EQ(HowConsumerStateEnds(plain), StateEnds::kThere);
    EXPECT_EQ(HowConsumerStateEnds(more), StateEnds::kBeforeMore);
    ConsumerState read;
    uint64_t used = 0;
    ASSERT_TRUE(DecodeConsumerState(more, &read, &used).ok());
    EXPECT_EQ(read, state);
    EXPECT_EQ(used, more.size());
  }
}

TEST(ConsumerState, WritesSequencesAboveTheFloorAndSecondsBeforeTheBase) {
  ConsumerState state;
  state.delivered = {.consumer = 10, .stream = 205};
  state.ack_floor = {.consumer = 4, .stream = 200};
  state.pending = {{201, 5, {1'000'000'000'000}}, {205, 10, {1'003'999'999'999}}};
  state.redelivered = {{201, 3}};
  const std::string bytes = EncodeConsumerState(state, {1'004'500'000'000});
  EXPECT_EQ(bytes, FromHex("160204c8010acd0102"
                           "da0f"
                           "01010a"
                           "050604"
                           "010103"));
  ConsumerState back;
  ASSERT_TRUE(DecodeConsumerState(bytes, &back).ok());
  state.pending[1].delivered = {1'003'000'000'000};
  EXPECT_EQ(back, state);
}

TEST(ConsumerState, ReadsTheFirstVersion) {
  // Floor 4/8; delivered counts from there; one pending, 7 seconds after the base of 100.
  const ConsumerState state = Decoded(
      "1601"
      "04080301"
      "01"
      "c801"
      "020e"
      "00");
  EXPECT_EQ(state.delivered, (SequencePair{.consumer = 6, .stream = 8}));
  ASSERT_EQ(state.pending.size(), 1u);
  EXPECT_EQ(state.pending[0], (PendingAck{10, 0, {107'000'000'000}}));
}

TEST(ConsumerState, SortsEntriesAndKeepsTheLastOfEquals) {
  const ConsumerState state = Decoded(
      "1602"
      "00000505"
      "03"
      "00"
      "040400"
      "020200"
      "040500"
      "02"
      "0307"
      "0308");
  ASSERT_EQ(state.pending.size(), 2u);
  EXPECT_EQ(state.pending[0].stream_seq, 2u);
  EXPECT_EQ(state.pending[1].consumer_seq, 5u);
  ASSERT_EQ(state.redelivered.size(), 1u);
  EXPECT_EQ(state.redelivered[0].count, 8u);
}

// A redelivered message with sequence 0 was once written, and is left out.
TEST(ConsumerState, ReadsAStateWithARedeliveredMessageThatIsNone) {
  const ConsumerState state = Decoded(
      "16020101030201"
      "98f48a8a0c"
      "010386fa0a"
      "01"
      "0001");
  EXPECT_EQ(state.delivered, (SequencePair{.consumer = 3, .stream = 2}));
  ASSERT_EQ(state.pending.size(), 1u);
  EXPECT_EQ(state.pending[0].stream_seq, 2u);
  EXPECT_TRUE(state.redelivered.empty());
}

TEST(ConsumerState, KeepsWhatIsPendingBelowTheFloor) {
  ConsumerState state;
  state.delivered = {.consumer = 1192, .stream = 10'185};
  state.ack_floor = {.consumer = 1189, .stream = 10'815};
  state.pending = {{10'782, 1190, {7'000'000'000}},
                   {10'810, 1191, {8'000'000'000}},
                   {10'815, 1192, {9'000'000'000}}};
  ConsumerState back;
  ASSERT_TRUE(DecodeConsumerState(EncodeConsumerState(state, {17'000'000'000}), &back).ok());
  EXPECT_EQ(back, state);
}

TEST(ConsumerState, RefusesWhatCannotBe) {
  EXPECT_EQ(FaultOf(""), Fault::kShort);
  EXPECT_EQ(FaultOf(FromHex("1702000000000000")), Fault::kBadMagic);
  EXPECT_EQ(FaultOf(FromHex("1603000000000000")), Fault::kBadVersion);
  EXPECT_EQ(FaultOf(FromHex("16020000000000")), Fault::kShort);
  EXPECT_EQ(FaultOf(FromHex("160200000000010000")), Fault::kShort);
  // A pending sequence of 0, and sequences at which a store would run backwards.
  EXPECT_EQ(FaultOf(FromHex("1602000000000100"
                            "000000"
                            "00")),
            Fault::kBadValue);
  EXPECT_EQ(FaultOf(FromHex("160200ffffffffffffffffff01000000"
                            "00")),
            Fault::kBadValue);
  // More entries than any bytes could hold.
  EXPECT_EQ(FaultOf(FromHex("160200000000ffffffffffffffffff0100")), Fault::kShort);
}

RC_GTEST_PROP(ConsumerStateProperty, ReadsBackWhatItWrites,
              (uint32_t floor, const std::map<uint16_t, std::pair<uint16_t, int32_t>>& pending,
               const std::map<uint16_t, uint16_t>& redelivered, int32_t now)) {
  ConsumerState state;
  state.ack_floor = {.consumer = floor / 2, .stream = floor};
  state.delivered = {.consumer = floor / 2 + 70'000, .stream = floor + 70'000ull};
  for (const auto& [seq, entry] : pending) {
    state.pending.push_back({floor + seq + 1ull,
                             floor / 2 + entry.first + 1ull,
                             {int64_t{entry.second} * 1'000'000'000}});
  }
  for (const auto& [seq, count] : redelivered) {
    state.redelivered.push_back({floor + seq + 1ull, count + 1ull});
  }
  const std::string bytes = EncodeConsumerState(state, {int64_t{now} * 999'999'999});
  ConsumerState back;
  RC_ASSERT(DecodeConsumerState(bytes, &back).ok());
  RC_ASSERT(back == state);
  // Cut anywhere, it is never taken for whole.
  const size_t cut = *rc::gen::inRange<size_t>(0, bytes.size());
  RC_ASSERT(!DecodeConsumerState(bytes.substr(0, cut), &back).ok());
}

}  // namespace
}  // namespace dunlin::format
