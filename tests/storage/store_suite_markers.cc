// Delete markers, and what they are for, over restarts and deaths.
#include <set>

#include "engine/store/msg_headers.h"
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

using Kind = StoreChange::Kind;

constexpr int64_t kMarkerSeconds = 5;

StoreConfig WithMarkers() {
  StoreConfig config;
  config.max_age = Seconds(10);
  config.allow_msg_ttl = true;
  config.subject_delete_marker_ttl = Seconds(kMarkerSeconds);
  return config;
}

StoreResult PutMarker(StoreDriver& d, const std::string& subject) {
  return d.Put(subject, "", DeleteMarkerHeaders(Seconds(kMarkerSeconds)), kMarkerSeconds);
}

// What the store wants, done as a stream does it: removals, and markers in place of all that the
// subject has. How many markers. What it has asked for twice is done once.
int Obey(StoreDriver& d) {
  int markers = 0;
  for (const StoreChange& change : d.Changes()) {
    if (d.Load(change.seq).error != StoreError::kNone) continue;
    if (change.kind == Kind::kRemovalWanted) (void)d.Remove(change.seq);
    if (change.kind != Kind::kMarkerWanted) continue;
    EXPECT_TRUE(PutMarker(d, change.subject).ok());
    d.Purge(change.subject, d.State().last_seq, 0);
    ++markers;
  }
  return markers;
}

// Lets time pass a little at a time, as long as the store may take to ask again.
int ObeyFor(StoreDriver& d, int seconds) {
  int markers = Obey(d);
  for (int i = 0; i < seconds; ++i) {
    d.Advance(Seconds(1));
    markers += Obey(d);
  }
  return markers;
}

// For how many messages.
size_t MarkersWanted(StoreDriver& d) {
  std::set<Seq> seqs;
  for (const StoreChange& change : d.Changes()) {
    if (change.kind == Kind::kMarkerWanted) seqs.insert(change.seq);
  }
  return seqs.size();
}

TEST_P(StoreSuite, ADeleteMarkerOutlivesTheProcess) {
  StoreDriver d = Make(WithMarkers());
  d.PutMany("a", 3);
  d.Advance(Seconds(11));
  ASSERT_EQ(Obey(d), 1);
  const GotMsg marker = d.Load(4);
  EXPECT_EQ(FindHeader(marker.header, "Nats-Marker-Reason"), "MaxAge");
  for (int way = 0; way < 3; ++way) {
    SCOPED_TRACE(way);
    d.Settle();
    if (way == 0) d.Reopen();
    if (way == 1) d.ReopenWithoutIndexes();
    if (way == 2) d.Crash();
    EXPECT_EQ(Listing(d), (std::vector<std::string>{"4 a"}));
    EXPECT_EQ(d.Load(4), marker);
    EXPECT_EQ(d.Subject("a"), (SimpleState{1, 4, 4}));
    EXPECT_EQ(MarkersWanted(d), 0u);
  }
  // Its own time was not forgotten, and it gets no marker.
  EXPECT_EQ(ObeyFor(d, kMarkerSeconds + 1), 0);
  EXPECT_EQ(d.State().msgs, 0u);
  d.Settle();
  d.Crash();
  EXPECT_EQ(ObeyFor(d, 15), 0);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().last_seq, 4u);
}

TEST_P(StoreSuite, AMarkerThatNobodyStoredIsAskedForAfterARestart) {
  StoreDriver d = Make(WithMarkers());
  d.PutMany("a", 2);
  d.PutMany("b", 1);
  d.Advance(Seconds(11));
  EXPECT_EQ(MarkersWanted(d), 2u);  // And the process goes before it does anything.
  d.Settle();
  d.Reopen();
  d.Advance(Seconds(3));
  EXPECT_EQ(MarkersWanted(d), 2u);
  d.Settle();
  d.Crash();
  d.Advance(Seconds(3));
  ASSERT_EQ(Obey(d), 2);
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"4 a", "5 b"}));
}

TEST_P(StoreSuite, ADeathBetweenAMarkerAndThePurgeLeavesOneMarker) {
  StoreDriver d = Make(WithMarkers());
  d.PutMany("a", 3);
  d.Advance(Seconds(11));
  ASSERT_EQ(MarkersWanted(d), 1u);
  ASSERT_TRUE(PutMarker(d, "a").ok());
  d.Settle();
  d.Crash();
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"1 a", "2 a", "3 a", "4 a"}));
  d.Changes();
  d.Advance(Seconds(3));
  EXPECT_EQ(Obey(d), 0);
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"4 a"}));
  EXPECT_EQ(ObeyFor(d, kMarkerSeconds + 3), 0);
  EXPECT_EQ(d.State().msgs, 0u);
}

TEST_P(StoreSuite, WhatEndedWhileNoProcessRanIsSeenToByTheNextOne) {
  StoreConfig config = WithMarkers();
  config.max_age = {};
  StoreDriver d = Make(config);
  ASSERT_TRUE(d.Put("a", "", "NATS/1.0\r\nNats-TTL: 60\r\n\r\n", 60).ok());
  ASSERT_TRUE(PutMarker(d, "b").ok());
  ASSERT_TRUE(d.Put("c").ok());
  d.Settle();
  d.Tick(Seconds(61));
  d.Crash();
  EXPECT_EQ(ObeyFor(d, 3), 1);
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"3 c", "4 a"}));
  d.Settle();
  d.Tick(Seconds(kMarkerSeconds));
  d.Reopen();
  EXPECT_EQ(ObeyFor(d, 3), 0);
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"3 c"}));
}

TEST_P(StoreSuite, WithoutMarkersFromARestartOnWhatIsOldJustGoes) {
  StoreDriver d = Make(WithMarkers());
  d.PutMany("a", 2);
  d.Advance(Seconds(11));
  ASSERT_EQ(Obey(d), 1);
  d.PutMany("b", 1);
  StoreConfig config = d.config();
  config.subject_delete_marker_ttl = {};
  d.Settle();
  d.ReopenWith(config);
  if (!d.world().Durable()) {
    ASSERT_TRUE(d.Update(config).ok());
  }
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"3 a", "4 b"}));
  d.Changes();
  d.Advance(Seconds(kMarkerSeconds + 1));
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"4 b"}));
  d.Advance(Seconds(11));
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(MarkersWanted(d), 0u);
}

// Cut off anywhere, without waiting for anything: a subject is what it was, or has its marker, and
// in the end nothing; no sequence that was durable is used again.
TEST_P(StoreSuite, DeathsAmongMarkersLeaveEachSubjectOneOrNothing) {
  StoreDriver d = Make(WithMarkers());
  Seq durable = 0;
  for (int round = 0; round < 25; ++round) {
    SCOPED_TRACE(round);
    const std::string subject = "s." + std::to_string(round % 4);
    d.PutMany(subject, 1 + round % 3);
    if (round % 2 == 0) {
      d.Settle();
      durable = d.State().last_seq;
    }
    d.Advance(Seconds(3));
    Obey(d);
    d.Crash();
    EXPECT_GE(d.State().last_seq, durable);
    durable = d.State().last_seq;
    ObeyFor(d, 3);
    for (const SubjectState& state : d.Subjects(">")) {
      const GotMsg last = d.Last(state.subject);
      ASSERT_EQ(last.error, StoreError::kNone);
      if (!IsDeleteMarker(last.header)) continue;
      EXPECT_EQ(state.state.msgs, 1u) << state.subject;
    }
  }
  d.Settle();
  ObeyFor(d, 30);
  EXPECT_EQ(d.State().msgs, 0u);
  d.Settle();
  d.Crash();
  EXPECT_EQ(ObeyFor(d, 15), 0);
  EXPECT_EQ(d.State().msgs, 0u);
}

}  // namespace
}  // namespace dunlin
