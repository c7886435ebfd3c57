#include "engine/store/consumer_ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace dunlin {
namespace {

constexpr WallTime At(int64_t seconds) { return {Seconds(seconds).ns}; }

ConsumerStoreConfig With(AckPolicy policy, int64_t max_deliver = -1) {
  return {.name = "o22", .ack_policy = policy, .max_deliver = max_deliver};
}

ConsumerState StateOf(SequencePair delivered, SequencePair floor,
                      std::vector<PendingAck> pending = {}, std::vector<Redelivered> again = {}) {
  return {delivered, floor, std::move(pending), std::move(again)};
}

ConsumerError Put(ConsumerLedger& ledger, const ConsumerState& state) {
  return ledger.Update(state, ConsumerLedger::Force::kNo).error;
}

TEST(ConsumerLedger, WithoutAcksTheFloorFollowsDelivery) {
  ConsumerLedger ledger(With(AckPolicy::kNone));
  EXPECT_FALSE(ledger.HasState());
  for (const SequencePair at : {SequencePair{1, 100}, {2, 110}, {5, 130}}) {
    EXPECT_EQ(ledger.Delivered(at.consumer, at.stream, 1, At(1)).error, ConsumerError::kNone);
    EXPECT_EQ(ledger.State(), StateOf(at, at));
  }
  EXPECT_EQ(ledger.Acked(1, 100).error, ConsumerError::kNoAckPolicy);
  EXPECT_EQ(ledger.Delivered(5, 130, 2, At(1)).error, ConsumerError::kNoAckPolicy);
  EXPECT_TRUE(ledger.HasState());
}

TEST(ConsumerLedger, TheFloorFollowsAcksAsTheyFillGaps) {
  ConsumerLedger ledger(With(AckPolicy::kExplicit));
  const uint64_t delivered[] = {100, 110, 130, 150, 165};
  for (uint64_t i = 0; i < 5; ++i) ledger.Delivered(i + 1, delivered[i], 1, At(1));
  EXPECT_EQ(ledger.State().delivered, (SequencePair{5, 165}));
  EXPECT_EQ(ledger.Acked(3, 101).error, ConsumerError::kNotPending);
  EXPECT_EQ(ledger.Acked(1, 1).error, ConsumerError::kNotPending);

  const auto ack = [&](uint64_t consumer, uint64_t stream) {
    const size_t pending = ledger.pending();
    EXPECT_EQ(ledger.Acked(consumer, stream).error, ConsumerError::kNone);
    EXPECT_EQ(ledger.pending(), pending - 1);
    return ledger.State().ack_floor;
  };
  EXPECT_EQ(ack(1, 100), (SequencePair{1, 109}));
  EXPECT_EQ(ack(3, 130), (SequencePair{1, 109}));
  EXPECT_EQ(ack(2, 110), (SequencePair{3, 149}));
  EXPECT_EQ(ack(5, 165), (SequencePair{3, 149}));
  EXPECT_EQ(ack(4, 150), (SequencePair{5, 165}));

  for (uint64_t i = 0; i < 5; ++i) ledger.Delivered(6 + i, i == 4 ? 200 : 170 + i, 1, At(2));
  EXPECT_EQ(ack(7, 171), (SequencePair{5, 165}));
  EXPECT_EQ(ack(8, 172), (SequencePair{5, 165}));
}

TEST(ConsumerLedger, CountsRedeliveriesUntilTheAck) {
  ConsumerLedger ledger(With(AckPolicy::kExplicit));
  for (uint64_t i = 1; i <= 4; ++i) ledger.Delivered(i, 1, i, At(1));
  ledger.Delivered(5, 2, 1, At(1));
  ledger.Delivered(6, 2, 2, At(1));
  ledger.Delivered(7, 3, 1, At(1));
  EXPECT_EQ(ledger.State().redelivered, (std::vector<Redelivered>{{1, 3}, {2, 1}}));
  EXPECT_EQ(ledger.pending(), 3u);
  EXPECT_EQ(ledger.State().pending[0].consumer_seq, 1u) << "that of the first delivery";

  ledger.Acked(7, 3);
  ledger.Acked(6, 2);
  EXPECT_EQ(ledger.Acked(4, 1).error, ConsumerError::kNone);
  EXPECT_EQ(ledger.pending(), 0u);
  EXPECT_TRUE(ledger.State().redelivered.empty());
  EXPECT_EQ(ledger.State().ack_floor, (SequencePair{7, 3}));
}

TEST(ConsumerLedger, AnAckOfWhatIsPastTheFloorStillEndsARedelivery) {
  ConsumerLedger ledger(With(AckPolicy::kExplicit, 1));
  ledger.Delivered(1, 1, 1, At(1));
  ledger.Delivered(2, 1, 2, At(1));
  ledger.Delivered(3, 2, 1, At(1));
  EXPECT_EQ(ledger.pending(), 1u) << "1 was delivered too often";
  EXPECT_EQ(ledger.Acked(3, 2).error, ConsumerError::kNone);
  EXPECT_EQ(ledger.State().redelivered.size(), 1u);
  const ConsumerLedger::Outcome late = ledger.Acked(2, 1);
  EXPECT_EQ(late.error, ConsumerError::kNone);
  EXPECT_TRUE(late.changed) << "it has to be kept";
  EXPECT_TRUE(ledger.State().redelivered.empty());
  EXPECT_FALSE(ledger.Acked(2, 1).changed);
}

TEST(ConsumerLedger, AnAckOfAllTakesWhatIsBelow) {
  for (const AckPolicy policy : {AckPolicy::kAll, AckPolicy::kFlowControl}) {
    ConsumerLedger ledger(With(policy));
    for (uint64_t i = 1; i <= 10; ++i) ledger.Delivered(i, i * 10, 1, At(1));
    ledger.Delivered(11, 30, 2, At(1));
    EXPECT_EQ(ledger.Acked(4, 40).error, ConsumerError::kNone);
    EXPECT_EQ(ledger.State().ack_floor, (SequencePair{4, 40}));
    EXPECT_EQ(ledger.pending(), 6u);
    EXPECT_TRUE(ledger.State().redelivered.empty());
    EXPECT_EQ(ledger.Acked(3, 30).error, ConsumerError::kNone) << "old, and nothing happens";
    EXPECT_EQ(ledger.State().ack_floor, (SequencePair{4, 40}));
  }
}

TEST(ConsumerLedger, TakesOverAStateThatCanBe) {
  ConsumerLedger ledger(With(AckPolicy::kExplicit));
  EXPECT_EQ(Put(ledger, StateOf({1, 22}, {})), ConsumerError::kNone);
  EXPECT_EQ(Put(ledger, StateOf({100, 122}, {50, 123})), ConsumerError::kBadStreamFloor);
  EXPECT_EQ(Put(ledger, StateOf({100, 122}, {200, 100})), ConsumerError::kBadConsumerFloor);
  EXPECT_EQ(Put(ledger, StateOf({100, 122}, {50, 72})), ConsumerError::kNone);
  for (const uint64_t seq : {70, 72, 140}) {
    const ConsumerLedger::Outcome bad = ledger.Update(
        StateOf({100, 122}, {50, 72}, {{seq, seq, At(1)}}), ConsumerLedger::Force::kYes);
    EXPECT_EQ(bad.error, ConsumerError::kBadPending);
    EXPECT_EQ(Describe(ConsumerResult{bad.error, bad.seq, {}}),
              "bad pending entry, sequence [" + std::to_string(seq) + "] out of range");
  }
  const ConsumerState full =
      StateOf({100, 122}, {50, 72}, {{75, 1, At(1)}, {111, 2, At(2)}}, {{22, 3}, {44, 8}});
  EXPECT_EQ(Put(ledger, full), ConsumerError::kNone);
  EXPECT_EQ(ledger.State(), full);
}

TEST(ConsumerLedger, IgnoresAnOlderStateUnlessForced) {
  ConsumerLedger ledger(With(AckPolicy::kExplicit));
  const ConsumerState older = StateOf({9, 9}, {5, 5}), newer = StateOf({10, 10}, {5, 5});
  ASSERT_EQ(Put(ledger, newer), ConsumerError::kNone);
  EXPECT_EQ(Put(ledger, older), ConsumerError::kOldUpdate);
  EXPECT_EQ(Put(ledger, StateOf({10, 10}, {5, 4})), ConsumerError::kOldUpdate);
  EXPECT_EQ(ledger.State(), newer);
  EXPECT_EQ(ledger.Update(older, ConsumerLedger::Force::kYes).error, ConsumerError::kNone);
  EXPECT_EQ(ledger.State(), older);
}

TEST(ConsumerLedger, StartsAndStartsAnew) {
  ConsumerLedger ledger(With(AckPolicy::kExplicit));
  ledger.SetStarting(22);
  EXPECT_EQ(ledger.State(), StateOf({0, 22}, {0, 22}));
  EXPECT_TRUE(ledger.HasState());
  ledger.Delivered(1, 23, 1, At(1));
  EXPECT_FALSE(ledger.UpdateStarting(23));
  EXPECT_TRUE(ledger.UpdateStarting(30));
  EXPECT_EQ(ledger.State().delivered, (SequencePair{1, 30}));
  EXPECT_EQ(ledger.State().ack_floor, (SequencePair{0, 22}));
  ledger.Reset(7);
  EXPECT_EQ(ledger.State(), StateOf({0, 7}, {0, 7}));

  ConsumerLedger none(With(AckPolicy::kNone));
  EXPECT_TRUE(none.UpdateStarting(30));
  EXPECT_EQ(none.State(), StateOf({0, 30}, {0, 30}));
}

TEST(ConsumerLedger, ForgetsRedeliveriesBelowTheStream) {
  ConsumerLedger ledger(With(AckPolicy::kExplicit));
  for (uint64_t i = 1; i <= 5; ++i) ledger.Delivered(i, i, 2, At(1));
  EXPECT_FALSE(ledger.RemoveRedeliveredBelow(0));
  EXPECT_FALSE(ledger.RemoveRedeliveredBelow(1));
  EXPECT_TRUE(ledger.RemoveRedeliveredBelow(4));
  EXPECT_EQ(ledger.State().redelivered, (std::vector<Redelivered>{{4, 1}, {5, 1}}));
}

// Deliveries in order, acks in any: the floor rises only, and once everything is acknowledged it is
// where delivery is.
RC_GTEST_PROP(ConsumerLedgerProperty, TheFloorOnlyRisesAndReachesDelivery, ()) {
  ConsumerLedger ledger(With(*rc::gen::element(AckPolicy::kExplicit, AckPolicy::kAll)));
  uint64_t consumer = 0, stream = 0;
  SequencePair floor;
  for (int i = *rc::gen::inRange(1, 80); i > 0; --i) {
    const std::vector<PendingAck> pending = ledger.State().pending;
    const int what = *rc::gen::inRange(0, 4);
    if (what < 2 || pending.empty()) {
      ledger.Delivered(++consumer, stream += *rc::gen::inRange<uint64_t>(1, 4), 1, At(1));
    } else {
      const PendingAck any = pending[*rc::gen::inRange<size_t>(0, pending.size())];
      if (what == 2) {
        RC_ASSERT(ledger.Acked(any.consumer_seq, any.stream_seq).error == ConsumerError::kNone);
      } else {
        ledger.Delivered(++consumer, any.stream_seq, 2, At(2));
      }
    }
    const ConsumerState state = ledger.State();
    RC_ASSERT(ConsumerLedger::Validate(state).error == ConsumerError::kNone);
    RC_ASSERT(state.ack_floor.consumer >= floor.consumer);
    RC_ASSERT(state.ack_floor.stream >= floor.stream);
    RC_ASSERT(state.delivered == (SequencePair{consumer, stream}));
    floor = state.ack_floor;
  }
  for (const PendingAck& pending : ledger.State().pending) {
    ledger.Acked(pending.consumer_seq, pending.stream_seq);
  }
  RC_ASSERT(ledger.State().redelivered.empty());
  if (ledger.config().ack_policy == AckPolicy::kExplicit && consumer > 0) {
    RC_ASSERT(ledger.State().ack_floor == (SequencePair{consumer, stream}));
  }
}

}  // namespace
}  // namespace dunlin
