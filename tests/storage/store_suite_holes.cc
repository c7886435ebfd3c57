// Where sequences are missing: first and last, and what is deleted between them, whatever made the
// holes and whatever comes after them.
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

TEST_P(StoreSuite, HolesCloseAsTheFirstMovesOn) {
  StoreDriver d = Make();
  d.PutMany("foo", 10, "Hello World!");
  const auto remove = [&](Seq seq, Seq first, uint64_t holes) {
    EXPECT_EQ(d.Remove(seq), StoreError::kNone);
    EXPECT_EQ(d.State().first_seq, first) << "after " << seq;
    EXPECT_EQ(d.State().num_deleted, holes) << "after " << seq;
    EXPECT_EQ(DeletedSeqs(d).size(), holes) << "after " << seq;
  };
  remove(2, 1, 1);
  remove(4, 1, 2);
  remove(8, 1, 3);
  EXPECT_EQ(d.State().msgs, 7u);
  remove(1, 3, 2);
  remove(3, 5, 1);
  remove(5, 6, 1);
  remove(7, 6, 2);
  remove(6, 9, 0);
}

TEST_P(StoreSuite, SkippingAloneLeavesNoHoles) {
  for (const uint64_t more : {0, 3}) {
    StoreDriver d = Make();
    EXPECT_EQ(d.Skip(1).seq, 1u);
    if (more > 0) {
      EXPECT_EQ(d.Skip(2, more).seq, 4u);
    }
    const StreamState state = d.State();
    EXPECT_EQ(state.msgs, 0u);
    EXPECT_EQ(state.first_seq, 2 + more);
    EXPECT_EQ(state.last_seq, 1 + more);
    EXPECT_EQ(state.num_deleted, 0u);
    EXPECT_TRUE(DeletedSeqs(d).empty());
    d.Settle();
    d.Crash();
    EXPECT_EQ(d.State(), state);
    d.Reopen();
    EXPECT_EQ(d.State(), state);
    EXPECT_TRUE(DeletedSeqs(d).empty());
    EXPECT_EQ(d.Put("foo").seq, 2 + more);
    EXPECT_EQ(d.State().num_deleted, 0u);
  }
}

TEST_P(StoreSuite, LoadsOnBothSidesOfWhatWasSkipped) {
  for (const bool at_once : {false, true}) {
    StoreDriver d = Make();
    d.PutMany("foo", 1, "before");
    if (at_once) {
      EXPECT_EQ(d.Skip(2, 10).seq, 11u);
    } else {
      for (Seq seq = 2; seq <= 11; ++seq) EXPECT_EQ(d.Skip(seq).seq, seq);
    }
    d.PutMany("foo", 1, "after");
    for (int life = 0; life < 2; ++life) {
      EXPECT_EQ(d.Load(1).payload, "before");
      for (Seq seq = 2; seq <= 11; ++seq) EXPECT_EQ(d.Load(seq).error, StoreError::kDeleted);
      EXPECT_EQ(d.Load(12).payload, "after");
      EXPECT_EQ(d.State().num_deleted, 10u);
      EXPECT_EQ(d.Next({}, 2).seq, 12u);
      EXPECT_EQ(d.Prev({}, 11).seq, 1u);
      d.Reopen();
    }
  }
}

TEST_P(StoreSuite, SkipsVeryFar) {
  StoreDriver d = Make();
  d.PutMany("foo", 1, "before");
  EXPECT_EQ(d.Skip(2, 100'000).seq, 100'001u);
  d.PutMany("foo", 1, "after");
  const StreamState state = d.State();
  EXPECT_EQ(state.msgs, 2u);
  EXPECT_EQ(state.num_deleted, 100'000u);
  EXPECT_EQ(d.store().Deleted(), (std::vector<SeqRange>{{2, 100'001}}));
  d.Settle();
  d.Crash();
  EXPECT_EQ(d.State(), state);
  d.Reopen();
  EXPECT_EQ(d.State(), state);
  EXPECT_EQ(d.Next({}, 2).payload, "after");
}

TEST_P(StoreSuite, CompactsToALastOneThatIsDeleted) {
  StoreDriver d = Make();
  d.PutMany("foo", 100, "ZZ");
  EXPECT_EQ(d.Remove(100), StoreError::kNone);
  EXPECT_EQ(d.Compact(100), 99u);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.Put("foo", "ZZ").seq, 101u);
  EXPECT_EQ(d.State().first_seq, 101u);
}

TEST_P(StoreSuite, CompactsBetweenMessages) {
  for (const bool compact_first : {false, true}) {
    StoreDriver d = Make();
    d.PutMany("foo", 1, "first");
    if (compact_first) {
      EXPECT_EQ(d.Compact(2), 1u);
    }
    EXPECT_EQ(d.Put("foo", "second").seq, 2u);
    if (!compact_first) {
      EXPECT_EQ(d.Compact(2), 1u);
    }
    EXPECT_EQ(d.Load(2).payload, "second");
    EXPECT_EQ(d.State().msgs, 1u);
    EXPECT_EQ(d.State().first_seq, 2u);
    EXPECT_EQ(d.State().last_seq, 2u);
  }
}

TEST_P(StoreSuite, CompactsAgainAfterMore) {
  StoreDriver d = Make();
  for (const Seq last : {5, 10}) {
    d.PutMany("foo", 5, "ouch");
    d.Compact(last);
    EXPECT_EQ(d.State().first_seq, last);
    EXPECT_EQ(d.State().last_seq, last);
    EXPECT_EQ(d.State().msgs, 1u);
    EXPECT_EQ(d.Load(last).payload, "ouch");
    d.Reopen();
    EXPECT_EQ(d.Load(last).payload, "ouch");
  }
}

TEST_P(StoreSuite, ForgetsASubjectUpToItsLastOne) {
  StoreDriver d = Make();
  d.PutMany("A", 10, std::string(99, 'x'));
  EXPECT_EQ(d.Compact(10), 9u);
  EXPECT_EQ(d.Subject("A"), (SimpleState{1, 10, 10}));
  EXPECT_EQ(d.Filtered("A"), (SimpleState{1, 10, 10}));
  EXPECT_EQ(d.Last("A").seq, 10u);
}

TEST_P(StoreSuite, SaysWhyAMessageIsNotThereWhenAllAreGone) {
  StoreDriver d = Make();
  EXPECT_EQ(d.Load(1).error, StoreError::kEof);
  d.PutMany("foo", 3);
  d.PurgeAll();
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(d.Load(3).error, StoreError::kNotFound);
    EXPECT_EQ(d.Load(d.State().first_seq).error, StoreError::kEof);
    EXPECT_EQ(d.Next({}, 1).error, StoreError::kEof);
    EXPECT_EQ(d.Last("foo").error, StoreError::kNotFound);
    d.Reopen();
  }
}

}  // namespace
}  // namespace dunlin
