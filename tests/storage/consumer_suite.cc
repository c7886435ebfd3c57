#include "tests/storage/consumer_suite.h"

#include <utility>
#include <vector>

#include "storage/format/consumer_state.h"

namespace dunlin {
namespace {

// Whole seconds: that is all that is kept of a time of delivery across a restart.
constexpr WallTime At(int64_t seconds) { return {(1'700'000'000 + seconds) * 1'000'000'000}; }

// What is left of the state after the store was stopped, and after it was cut off.
void ExpectKept(ConsumerWorld& world) {
  const ConsumerState state = world.store().State();
  world.Reopen();
  EXPECT_EQ(world.store().State(), state);
  world.Settle();
  world.Crash();
  EXPECT_EQ(world.store().State(), state);
}

TEST_P(ConsumerSuite, KeepsWhatWasDeliveredAndAcknowledged) {
  const auto world = Make(AckPolicy::kExplicit);
  EXPECT_FALSE(world->store().HasState());
  const uint64_t delivered[] = {100, 110, 130, 150, 165};
  for (uint64_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(world->store().Delivered(i + 1, delivered[i], 1, At(static_cast<int64_t>(i))).ok());
  }
  EXPECT_TRUE(world->store().HasState());
  ExpectKept(*world);
  EXPECT_EQ(Describe(world->store().Acked(3, 101)), "no message found");
  EXPECT_EQ(Describe(world->store().Acked(1, 1)), "no message found");
  ASSERT_TRUE(world->store().Acked(1, 100).ok());
  EXPECT_EQ(world->store().State().ack_floor, (SequencePair{1, 109}));
  ASSERT_TRUE(world->store().Acked(3, 130).ok());
  EXPECT_EQ(world->store().State().ack_floor, (SequencePair{1, 109}));
  ExpectKept(*world);
  ASSERT_TRUE(world->store().Acked(2, 110).ok());
  EXPECT_EQ(world->store().State().ack_floor, (SequencePair{3, 149}));
  ASSERT_TRUE(world->store().Acked(5, 165).ok());
  ASSERT_TRUE(world->store().Acked(4, 150).ok());
  EXPECT_EQ(world->store().State().ack_floor, (SequencePair{5, 165}));
  EXPECT_TRUE(world->store().State().pending.empty());
  ExpectKept(*world);
}

TEST_P(ConsumerSuite, KeepsTheFloorOfAConsumerWithoutAcks) {
  const auto world = Make(AckPolicy::kNone);
  for (const SequencePair at : {SequencePair{1, 100}, {2, 110}, {5, 130}}) {
    ASSERT_TRUE(world->store().Delivered(at.consumer, at.stream, 1, At(0)).ok());
    EXPECT_EQ(world->store().State().delivered, at);
    EXPECT_EQ(world->store().State().ack_floor, at);
    ExpectKept(*world);
  }
  EXPECT_EQ(Describe(world->store().Acked(1, 100)), "ack policy is none");
  EXPECT_EQ(Describe(world->store().Delivered(5, 130, 2, At(0))), "ack policy is none");
}

TEST_P(ConsumerSuite, KeepsRedeliveries) {
  const auto world = Make(AckPolicy::kExplicit);
  for (uint64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(world->store().Delivered(i, 1, i, At(0)).ok());
  }
  ASSERT_TRUE(world->store().Delivered(5, 2, 1, At(0)).ok());
  ExpectKept(*world);
  ASSERT_TRUE(world->store().Delivered(6, 2, 2, At(0)).ok());
  ASSERT_TRUE(world->store().Delivered(7, 3, 1, At(0)).ok());
  ExpectKept(*world);
  EXPECT_EQ(world->store().State().redelivered, (std::vector<Redelivered>{{1, 3}, {2, 1}}));
  EXPECT_EQ(world->store().State().pending.size(), 3u);
  ASSERT_TRUE(world->store().Acked(7, 3).ok());
  ASSERT_TRUE(world->store().Acked(6, 2).ok());
  ExpectKept(*world);
  ASSERT_TRUE(world->store().Acked(4, 1).ok());
  EXPECT_TRUE(world->store().State().pending.empty());
  EXPECT_TRUE(world->store().State().redelivered.empty());
  ExpectKept(*world);
}

TEST_P(ConsumerSuite, KeepsThatARedeliveryEndedThoughTheAckWasRefused) {
  const auto world = Make(AckPolicy::kExplicit, 1);
  ASSERT_TRUE(world->store().Delivered(1, 1, 1, At(0)).ok());
  ASSERT_TRUE(world->store().Delivered(2, 1, 2, At(0)).ok());
  ExpectKept(*world);
  EXPECT_TRUE(world->store().State().pending.empty());
  EXPECT_EQ(world->store().State().redelivered.size(), 1u);
  EXPECT_EQ(world->store().Acked(2, 1).error, ConsumerError::kNotPending);
  EXPECT_TRUE(world->store().State().redelivered.empty());
  ExpectKept(*world);
}

TEST_P(ConsumerSuite, TakesOverAStateThatCanBe) {
  const auto world = Make(AckPolicy::kExplicit);
  ConsumerState state;
  state.delivered = {100, 122};
  state.ack_floor = {50, 123};
  EXPECT_EQ(Describe(world->store().Update(state)), "bad ack floor for stream");
  state.ack_floor = {200, 100};
  EXPECT_EQ(Describe(world->store().Update(state)), "bad ack floor for consumer");
  state.ack_floor = {50, 72};
  for (const uint64_t seq : {70, 72, 140}) {
    state.pending = {{seq, seq, At(1)}};
    EXPECT_EQ(world->store().Update(state).error, ConsumerError::kBadPending);
    EXPECT_EQ(world->store().ForceUpdate(state).error, ConsumerError::kBadPending);
  }
  state.pending = {{75, 51, At(1)}, {80, 52, At(2)}, {111, 53, At(3)}};
  state.redelivered = {{75, 3}, {80, 8}};
  ASSERT_TRUE(world->store().Update(state).ok());
  EXPECT_EQ(world->store().State(), state);
  ExpectKept(*world);

  state.pending.clear();
  state.delivered = {10'000, 10'000};
  state.ack_floor = {100, 100};
  for (uint64_t seq = 101; seq < 8300; ++seq) {
    state.pending.push_back({seq, seq, At(static_cast<int64_t>(seq))});
  }
  ASSERT_TRUE(world->store().Update(state).ok());
  ExpectKept(*world);
}

TEST_P(ConsumerSuite, IgnoresAnOlderStateUnlessForced) {
  const auto world = Make(AckPolicy::kNone);
  ConsumerState state;
  state.delivered = state.ack_floor = {5, 5};
  ASSERT_TRUE(world->store().Update(state).ok());
  ConsumerState older;
  older.delivered = {1, 4};
  older.ack_floor = {1, 3};
  EXPECT_EQ(Describe(world->store().Update(older)), "old update ignored");
  EXPECT_EQ(world->store().State(), state);
  ASSERT_TRUE(world->store().ForceUpdate(older).ok());
  EXPECT_EQ(world->store().State(), older);
  ExpectKept(*world);
}

TEST_P(ConsumerSuite, StartsWhereItIsToldTo) {
  const auto world = Make(AckPolicy::kExplicit);
  ASSERT_TRUE(world->store().SetStarting(22).ok());
  EXPECT_TRUE(world->store().HasState());
  EXPECT_EQ(world->store().State().delivered, (SequencePair{0, 22}));
  ExpectKept(*world);
  ASSERT_TRUE(world->store().Delivered(1, 23, 1, At(0)).ok());
  ASSERT_TRUE(world->store().UpdateStarting(30).ok());
  EXPECT_EQ(world->store().State().delivered, (SequencePair{1, 30}));
  ExpectKept(*world);
  ASSERT_TRUE(world->store().Reset(7).ok());
  EXPECT_EQ(world->store().State().delivered, (SequencePair{0, 7}));
  EXPECT_TRUE(world->store().State().pending.empty());
  ExpectKept(*world);
}

// Else a consumer would be lost at its next start.
TEST_P(ConsumerSuite, HasNoSequenceThatCannotBeWrittenDown) {
  constexpr uint64_t kMax = kConsumerStreamSeqMax;
  for (const uint64_t seq : {kMax, kMax + 1, UINT64_MAX}) {
    const auto world = Make(AckPolicy::kExplicit);
    const auto expect = [&](SequencePair delivered) {
      EXPECT_EQ(world->store().State().delivered, delivered);
      world->Settle();
      world->Crash();
      EXPECT_EQ(world->store().State().delivered, delivered);
      ExpectKept(*world);
    };
    ASSERT_TRUE(world->store().Delivered(1, 5, 2, At(0)).ok());
    ASSERT_TRUE(world->store().RemoveRedeliveredBelow(seq).ok());
    EXPECT_TRUE(world->store().State().redelivered.empty());
    expect({1, 5});
    ASSERT_TRUE(world->store().UpdateStarting(seq).ok());
    expect({1, kMax});
    ASSERT_TRUE(world->store().Reset(seq).ok());
    expect({0, kMax});
    ASSERT_TRUE(world->store().Reset(7).ok());
    ASSERT_TRUE(world->store().SetStarting(seq).ok());
    expect({0, kMax});
    ConsumerState state;
    state.delivered = {3, seq};
    EXPECT_FALSE(world->store().Update(state).ok());  // At best it is older.
    EXPECT_EQ(world->store().ForceUpdate(state).error,
              seq == kMax ? ConsumerError::kNone : ConsumerError::kBadStreamFloor);
    expect({seq == kMax ? uint64_t{3} : uint64_t{0}, kMax});
  }
}

TEST_P(ConsumerSuite, ActsOnAChangedConfiguration) {
  const auto world = Make(AckPolicy::kExplicit);
  ConsumerStoreConfig config;
  config.name = "o22";
  config.ack_policy = AckPolicy::kExplicit;
  config.max_deliver = 1;
  ASSERT_TRUE(world->store().Delivered(1, 1, 1, At(0)).ok());
  ASSERT_TRUE(world->store().UpdateConfig(config).ok());
  world->Reopen();
  ASSERT_TRUE(world->store().Delivered(2, 1, 2, At(0)).ok());
  EXPECT_TRUE(world->store().State().pending.empty());
}

TEST_P(ConsumerSuite, ForgetsRedeliveriesBelowTheStream) {
  const auto world = Make(AckPolicy::kExplicit);
  for (uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(world->store().Delivered(i, i, 2, At(0)).ok());
  }
  ASSERT_TRUE(world->store().RemoveRedeliveredBelow(0).ok());
  EXPECT_EQ(world->store().State().redelivered.size(), 5u);
  ASSERT_TRUE(world->store().RemoveRedeliveredBelow(4).ok());
  EXPECT_EQ(world->store().State().redelivered, (std::vector<Redelivered>{{4, 1}, {5, 1}}));
  ExpectKept(*world);
}

TEST_P(ConsumerSuite, EncodesItsStateAsItIs) {
  const auto world = Make(AckPolicy::kAll);
  for (uint64_t i = 1; i <= 9; ++i) {
    ASSERT_TRUE(world->store().Delivered(i, i * 3, i % 3 + 1, At(static_cast<int64_t>(i))).ok());
  }
  ASSERT_TRUE(world->store().Acked(4, 12).ok());
  ConsumerState read;
  ASSERT_TRUE(format::DecodeConsumerState(world->store().EncodedState(At(60)), &read).ok());
  EXPECT_EQ(read, world->store().State());
}

}  // namespace
}  // namespace dunlin
