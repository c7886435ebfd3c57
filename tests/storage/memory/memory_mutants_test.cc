// Planted bugs: each is found by a story that finds nothing when the bug is off.
#include <gtest/gtest.h>

#include "engine/store/msg_headers.h"
#include "storage/memory/memory_store.h"
#include "tests/storage/memory/memory_world.h"

namespace dunlin {

extern int mutant_switched_on;  // engine/base/mutant.h

namespace {

const StoreKind kKind = {"Memory", &MakeMemory};

StoreDriver With(StoreConfig config = {}) { return StoreDriver(kKind, std::move(config)); }

// Each: does the store do what it must?
bool RefusesTheNextOfAFullSubject() {
  StoreConfig config;
  config.discard = DiscardPolicy::kNew;
  config.discard_new_per_subject = true;
  config.max_msgs_per_subject = 2;
  StoreDriver d = With(config);
  d.PutMany("a", 2);
  return d.Put("a").error == StoreError::kMaxMsgsPerSubject;
}

bool KnowsTheTimeOfTheNewFirst() {
  StoreDriver d = With();
  d.PutMany("a", 1);
  d.Advance(Seconds(1));
  const StoreResult second = d.Put("a");
  d.Remove(1);
  return d.State().first_time == second.time;
}

bool SkippingOnNothingMovesTheFirst() {
  StoreDriver d = With();
  d.Skip(1, 10);
  return d.State().first_seq == 11;
}

bool CountsAPartOfASubject() {
  StoreDriver d = With();
  d.PutMany("a", 5);
  d.PutMany("b", 5);
  return d.Pending({"a"}, 3) == 3 && d.Pending({"*"}, 8, true) == 1;
}

bool KeepsAsManyAsAsked() {
  StoreDriver d = With();
  d.PutMany("a", 10);
  return d.Purge("a", 0, 4) == 6;
}

bool KeepsToTheBytesExactly() {
  StoreConfig config;
  config.max_bytes = static_cast<int64_t>(2 * MemoryMsgBytes(1, 0, 2) - 1);
  StoreDriver d = With(config);
  d.PutMany("a", 2);
  return d.State().msgs == 1;
}

bool AMarkerLeavesNoMarker() {
  StoreConfig config;
  config.max_age = Seconds(10);
  config.subject_delete_marker_ttl = Seconds(5);
  StoreDriver d = With(config);
  d.Put("a", "", DeleteMarkerHeaders(Seconds(5)), 5);
  d.Changes();
  d.Advance(Seconds(11));
  const std::vector<StoreChange> changes = d.Changes();
  return changes.size() == 1 && changes[0].kind == StoreChange::Kind::kRemovalWanted;
}

bool NeverMeansNever() {
  StoreConfig config;
  config.max_age = Seconds(10);
  StoreDriver d = With(config);
  d.Put("a", "", "NATS/1.0\r\nNats-TTL: never\r\n\r\n", -1);
  d.Advance(Seconds(20));
  return d.State().msgs == 1;
}

bool CompactingLeavesTheSequenceItself() {
  StoreDriver d = With();
  d.PutMany("a", 10);
  return d.Compact(6) == 5;
}

bool FindsTheLastAtTheBoundItself() {
  StoreDriver d = With();
  d.PutMany("a", 10);
  return d.MultiLasts({"a"}, 5).seqs == std::vector<Seq>{5};
}

struct Planted {
  int number;
  const char* what;
  bool (*story)();
};

const Planted kPlanted[] = {
    {180, "a full subject takes one more", RefusesTheNextOfAFullSubject},
    {181, "the first time is that of a message that is gone", KnowsTheTimeOfTheNewFirst},
    {182, "sequences skipped on nothing count as deleted", SkippingOnNothingMovesTheFirst},
    {183, "a subject counted from its middle has one too many", CountsAPartOfASubject},
    {184, "a purge keeps one too many", KeepsAsManyAsAsked},
    {185, "one byte more than the limit is kept", KeepsToTheBytesExactly},
    {186, "a delete marker is followed by another one", AMarkerLeavesNoMarker},
    {187, "what never expires goes by age", NeverMeansNever},
    {188, "a compaction takes the sequence that it goes up to", CompactingLeavesTheSequenceItself},
    {189, "the last one up to a sequence is the one before it", FindsTheLastAtTheBoundItself},
};

class MemoryMutants : public testing::TestWithParam<Planted> {
 protected:
  ~MemoryMutants() override { mutant_switched_on = 0; }
};

TEST_P(MemoryMutants, AreFound) {
  EXPECT_TRUE(GetParam().story()) << "without the bug";
  mutant_switched_on = GetParam().number;
  EXPECT_FALSE(GetParam().story()) << GetParam().what << ": not found";
}

INSTANTIATE_TEST_SUITE_P(Planted, MemoryMutants, testing::ValuesIn(kPlanted),
                         [](const auto& info) { return std::to_string(info.param.number); });

}  // namespace
}  // namespace dunlin
