// Skipped sequences, age, times to live, delete markers.
#include "engine/store/msg_headers.h"
#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

using SkipTime = StreamStore::SkipTime;
using Kind = StoreChange::Kind;

TEST_P(StoreSuite, SkipsSequences) {
  StoreDriver d = Make();
  EXPECT_EQ(d.Skip(10, 100).error, StoreError::kInvalidSeq);
  EXPECT_EQ(d.Skip(1, 100).seq, 100u);
  EXPECT_EQ(d.State().first_seq, 101u);
  EXPECT_EQ(d.State().last_seq, 100u);
  EXPECT_EQ(d.Skip(101, 100'000).seq, 100'100u);
  EXPECT_EQ(d.State().first_seq, 100'101u);

  StoreDriver e = Make();
  e.PutMany("foo", 1, "");
  ASSERT_TRUE(e.Skip(2, 10).ok());
  const StreamState state = e.State();
  EXPECT_EQ(state.first_seq, 1u);
  EXPECT_EQ(state.last_seq, 11u);
  EXPECT_EQ(state.msgs, 1u);
  EXPECT_EQ(state.num_deleted, 10u);
  EXPECT_EQ(DeletedSeqs(e).size(), 10u);
  EXPECT_EQ(e.Load(5).error, StoreError::kDeleted);
  e.Reopen();
  EXPECT_EQ(e.State(), state);
  EXPECT_EQ(e.Put("foo").seq, 12u);
}

TEST_P(StoreSuite, JumpsNoFurtherThanFilesCan) {
  constexpr Seq kMax = StreamStore::kJumpMax;
  StoreDriver d = Make();
  d.PutMany("foo", 3);
  const StreamState state = d.State();
  for (const uint64_t count : {kMax - 2, kMax, UINT64_MAX}) {
    EXPECT_EQ(d.Skip(4, count).error, StoreError::kInvalidSeq);
  }
  for (const Seq seq : {kMax + 1, UINT64_MAX}) {
    Compact compact;
    compact.seq = seq;
    EXPECT_EQ(d.store().Run(d.now(), compact), Progress::kFailed);
    EXPECT_EQ(compact.error, StoreError::kInvalidSeq);
    Purge purge;
    purge.below = seq;
    EXPECT_EQ(d.store().Run(d.now(), purge), Progress::kFailed);
    EXPECT_EQ(purge.error, StoreError::kInvalidSeq);
  }
  EXPECT_EQ(d.State(), state);
  EXPECT_EQ(d.Compact(kMax), 3u);
  EXPECT_EQ(d.State().last_seq, kMax - 1);
  EXPECT_EQ(d.Skip(0).seq, kMax);
  EXPECT_EQ(d.Skip(0).error, StoreError::kInvalidSeq);
  d.Reopen();
  EXPECT_EQ(d.Put("foo").seq, kMax + 1);
}

TEST_P(StoreSuite, SkippingKeepsTheLastTime) {
  StoreDriver d = Make();
  const WallTime old{d.now().wall.ns - Hours(24 * 30).ns};
  ASSERT_TRUE(d.PutRaw("foo", "", 1, old).ok());
  EXPECT_EQ(d.State().last_time, old);
  ASSERT_TRUE(d.Skip(2, 10).ok());
  ASSERT_TRUE(d.Skip(12).ok());
  ASSERT_TRUE(d.Skip(13, 5).ok());
  EXPECT_EQ(d.State().last_seq, 17u);
  EXPECT_EQ(d.State().last_time, old);
  const WallTime newer = old + Hours(24 * 15);
  ASSERT_TRUE(d.PutRaw("foo", "", 18, newer).ok());
  EXPECT_EQ(d.FromTime(old), 1u);
  EXPECT_EQ(d.FromTime(old + Hours(24 * 5)), 18u);
  EXPECT_EQ(d.FromTime(newer), 18u);
}

TEST_P(StoreSuite, SkippingFromNothingTakesTheTimeOnce) {
  StoreDriver d = Make();
  EXPECT_EQ(d.State().last_time, WallTime{});
  EXPECT_EQ(d.Skip(0).seq, 1u);
  const WallTime first = d.now().wall;
  EXPECT_EQ(d.State().last_time, first);
  d.Advance(Seconds(1));
  EXPECT_EQ(d.Skip(0, 5).seq, 6u);
  EXPECT_EQ(d.State().last_time, first);
  EXPECT_EQ(d.Skip(0, 1, SkipTime::kAdvance).seq, 7u);
  EXPECT_EQ(d.State().last_time, d.now().wall);
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 8u);
}

TEST_P(StoreSuite, RemovesWhatIsTooOld) {
  StoreConfig config;
  config.max_age = Seconds(10);
  StoreDriver d = Make(config);
  EXPECT_EQ(d.store().NextDeadline(), kNever);
  d.PutMany("foo", 100);
  d.Advance(Seconds(5));
  d.PutMany("foo", 100);
  EXPECT_LE(d.store().NextDeadline(), d.now().mono + Seconds(5));
  EXPECT_EQ(d.State().msgs, 200u);
  d.Advance(Seconds(5));
  EXPECT_EQ(d.State().msgs, 100u);
  EXPECT_EQ(d.State().first_seq, 101u);
  d.Advance(Seconds(6));
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().bytes, 0u);
  EXPECT_EQ(d.store().NextDeadline(), kNever);
  d.PutMany("foo", 100);
  d.Advance(Seconds(9));
  EXPECT_EQ(d.State().msgs, 100u);
  d.Advance(Seconds(2));
  EXPECT_EQ(d.State().msgs, 0u);
}

TEST_P(StoreSuite, CountsAgeFromTheTimeOfTheMessage) {
  StoreConfig config;
  config.max_age = Minutes(1);
  StoreDriver d = Make(config);
  const WallTime old{d.now().wall.ns - Seconds(50).ns};
  ASSERT_TRUE(d.PutRaw("foo", "", 1, old).ok());
  d.Advance(Seconds(5));
  EXPECT_EQ(d.State().msgs, 1u);
  d.Advance(Seconds(6));
  EXPECT_EQ(d.State().msgs, 0u);
}

TEST_P(StoreSuite, FollowsAChangedAge) {
  StoreDriver d = Make();
  StoreConfig config = d.config();
  d.PutMany("foo", 10);
  d.Advance(Minutes(10));
  EXPECT_EQ(d.State().msgs, 10u);
  config.max_age = Hours(1);
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.State().msgs, 10u);
  config.max_age = Minutes(5);
  ASSERT_TRUE(d.Update(config).ok());
  EXPECT_EQ(d.State().msgs, 0u);
  d.PutMany("foo", 10);
  config.max_age = {};
  ASSERT_TRUE(d.Update(config).ok());
  d.Advance(Hours(10));
  EXPECT_EQ(d.State().msgs, 10u);
}

TEST_P(StoreSuite, RemovesAMessageAfterItsTimeToLive) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  StoreDriver d = Make(config);
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(d.Put("test", "", "", i % 2 == 0 ? 1 : 5).ok());
  EXPECT_EQ(d.State().msgs, 10u);
  d.Advance(Millis(999));
  EXPECT_EQ(d.State().msgs, 10u);
  d.Advance(Seconds(1));
  EXPECT_EQ(d.State().msgs, 5u);
  d.Advance(Seconds(4));
  EXPECT_EQ(d.State().msgs, 0u);
  EXPECT_EQ(d.State().first_seq, 11u);
  EXPECT_EQ(d.State().last_seq, 10u);
  EXPECT_EQ(d.store().NextDeadline(), kNever);
}

TEST_P(StoreSuite, AMessageThatNeverExpiresOutlivesItsAge) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  config.max_age = Seconds(10);
  StoreDriver d = Make(config);
  const char* never = "NATS/1.0\r\nNats-TTL: never\r\n\r\n";
  ASSERT_TRUE(d.Put("a", "", never, -1).ok());
  ASSERT_TRUE(d.Put("b").ok());
  ASSERT_TRUE(d.Put("c", "", never, -1).ok());
  ASSERT_TRUE(d.Put("d").ok());
  d.Advance(Seconds(20));
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"1 a", "3 c"}));
  ASSERT_TRUE(d.Put("e").ok());
  d.Advance(Seconds(20));
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"1 a", "3 c"}));
}

TEST_P(StoreSuite, TimesToLiveCountFromWhenTheyAreSwitchedOn) {
  StoreDriver d = Make();
  StoreConfig config = d.config();
  ASSERT_TRUE(d.Put("foo", "", "", 1).ok());
  d.Advance(Seconds(2));
  EXPECT_EQ(d.Load(1).error, StoreError::kNone);
  config.allow_msg_ttl = true;
  ASSERT_TRUE(d.Update(config).ok());
  ASSERT_TRUE(d.Put("foo", "", "", 1).ok());
  d.Advance(Seconds(2));
  EXPECT_NE(d.Load(2).error, StoreError::kNone);
  config.allow_msg_ttl = false;
  ASSERT_TRUE(d.Update(config).ok());
  ASSERT_TRUE(d.Put("foo", "", "", 1).ok());
  d.Advance(Seconds(2));
  EXPECT_EQ(d.Load(3).error, StoreError::kNone);
}

TEST_P(StoreSuite, FindsTimesToLiveInHeadersOfBefore) {
  StoreDriver d = Make();
  StoreConfig config = d.config();
  const char* header = "NATS/1.0\r\nNats-TTL: 30s\r\n\r\n";
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(d.Put("foo", "", i % 2 == 0 ? header : "").ok());
  config.allow_msg_ttl = true;
  ASSERT_TRUE(d.Update(config).ok());
  d.Advance(Seconds(29));
  EXPECT_EQ(d.State().msgs, 20u);
  d.Advance(Seconds(2));
  EXPECT_EQ(d.State().msgs, 10u);
}

TEST_P(StoreSuite, TimesToLiveOutliveTheProcess) {
  StoreConfig config;
  config.allow_msg_ttl = true;
  StoreDriver d = Make(config);
  const char* header = "NATS/1.0\r\nNats-TTL: 60\r\n\r\n";
  ASSERT_TRUE(d.Put("foo", "", header, 60).ok());
  ASSERT_TRUE(d.Put("foo").ok());
  d.Reopen();
  d.Advance(Seconds(30));
  EXPECT_EQ(d.State().msgs, 2u);
  d.Settle();
  d.Crash();
  d.Advance(Seconds(31));
  EXPECT_EQ(d.State().msgs, 1u);
  d.Reopen();
  EXPECT_EQ(d.State().msgs, 1u);
}

// A stream as the reference runs it: it removes what it is asked to, and stores markers.
void Obey(StoreDriver& d, const std::vector<StoreChange>& changes, std::vector<Seq>* markers) {
  for (const StoreChange& change : changes) {
    if (change.kind == Kind::kRemovalWanted) {
      EXPECT_EQ(d.Remove(change.seq), StoreError::kNone);
    }
    if (change.kind == Kind::kMarkerWanted) {
      markers->push_back(change.seq);
      ASSERT_TRUE(d.Put(change.subject, "", DeleteMarkerHeaders(Seconds(1)), 1).ok());
      d.Purge(change.subject, d.State().last_seq, 0);
    }
  }
}

StoreConfig WithMarkers() {
  StoreConfig config;
  config.max_age = Seconds(10);
  config.allow_msg_ttl = true;
  config.subject_delete_marker_ttl = Seconds(1);
  return config;
}

TEST_P(StoreSuite, AsksForAMarkerInPlaceOfTheLastOneOfASubject) {
  StoreDriver d = Make(WithMarkers());
  d.PutMany("test", 3);
  d.Changes();
  d.Advance(Seconds(11));
  EXPECT_EQ(d.State().msgs, 3u) << "it is the owner's to remove them";
  const std::vector<StoreChange> changes = d.Changes();
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].kind, Kind::kRemovalWanted);
  EXPECT_EQ(changes[0].seq, 1u);
  EXPECT_EQ(changes[1].kind, Kind::kRemovalWanted);
  EXPECT_EQ(changes[2].kind, Kind::kMarkerWanted);
  EXPECT_EQ(changes[2].seq, 3u);
  EXPECT_EQ(changes[2].subject, "test");

  std::vector<Seq> markers;
  Obey(d, changes, &markers);
  EXPECT_EQ(Listing(d), (std::vector<std::string>{"4 test"}));
  EXPECT_EQ(FindHeader(d.Load(4).header, "Nats-Marker-Reason"), "MaxAge");
  EXPECT_EQ(FindHeader(d.Load(4).header, "Nats-TTL"), "1s");
  d.Changes();
  // A marker just goes.
  d.Advance(Seconds(2));
  Obey(d, d.Changes(), &markers);
  EXPECT_EQ(markers.size(), 1u);
  EXPECT_EQ(d.State().msgs, 0u);
}

TEST_P(StoreSuite, AsksAgainUntilTheOwnerHasDoneIt) {
  StoreDriver d = Make(WithMarkers());
  d.PutMany("a", 1);
  d.PutMany("b", 1);
  d.Changes();
  d.Advance(Seconds(11));
  EXPECT_EQ(d.Changes().size(), 2u);
  d.Advance(Seconds(1));
  EXPECT_EQ(d.Changes().size(), 0u);
  d.Advance(Seconds(2));
  std::vector<StoreChange> changes = d.Changes();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].kind, Kind::kMarkerWanted);
  // Another message came: the old one is not the last any more.
  ASSERT_TRUE(d.Put("a").ok());
  d.Advance(Seconds(3));
  changes = d.Changes();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].kind, Kind::kRemovalWanted);
  EXPECT_EQ(changes[0].seq, 1u);
  EXPECT_EQ(changes[1].kind, Kind::kMarkerWanted);
}

TEST_P(StoreSuite, AsksForAMarkerWhenATimeToLiveEnds) {
  StoreConfig config = WithMarkers();
  config.max_age = {};
  StoreDriver d = Make(config);
  const char* header = "NATS/1.0\r\nNats-TTL: 5\r\n\r\n";
  ASSERT_TRUE(d.Put("a", "", header, 5).ok());
  ASSERT_TRUE(d.Put("b", "", header, 5).ok());
  ASSERT_TRUE(d.Put("b").ok());
  d.Changes();
  d.Advance(Seconds(6));
  const std::vector<StoreChange> changes = d.Changes();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].kind, Kind::kMarkerWanted);
  EXPECT_EQ(changes[0].subject, "a");
  EXPECT_EQ(changes[1].kind, Kind::kRemovalWanted);
  EXPECT_EQ(changes[1].seq, 2u);
  EXPECT_EQ(d.Remove(2), StoreError::kNone);
  EXPECT_EQ(d.Last("b").seq, 3u);
}

}  // namespace
}  // namespace dunlin
