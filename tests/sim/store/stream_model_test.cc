// The oracle of the store campaign is held to its word: what it must refuse, it refuses.
#include "sim/store/stream_model.h"

#include <gtest/gtest.h>

namespace dunlin::sim {
namespace {

// A stream with messages 1 to 3, each in a batch of its own; the first two are promised.
StreamModel Model(StreamModel::Limits limits = {}) {
  StreamModel model(limits);
  for (uint64_t batch = 1; batch <= 3; ++batch) model.Store({batch}, "s", std::to_string(batch));
  model.Promised({2}, true);
  return model;
}

StreamContents Contents(Seq first, Seq last) {
  StreamContents contents;
  for (Seq seq = first; seq <= last; ++seq) contents.messages[seq] = {"s", std::to_string(seq)};
  contents.first = first;
  contents.last = last;
  return contents;
}

TEST(StreamModel, TakesWhatIsBetweenPromisedAndAsked) {
  EXPECT_EQ(Model().TakeRecovered(Contents(1, 2), true), "");
  EXPECT_EQ(Model().TakeRecovered(Contents(1, 3), true), "");
}

TEST(StreamModel, RefusesALostPromise) {
  EXPECT_NE(Model().TakeRecovered(Contents(1, 1), false), "");
  EXPECT_NE(Model().TakeRecovered(StreamContents(), true), "");
}

TEST(StreamModel, RefusesWhatNobodyAsked) {
  EXPECT_NE(Model().TakeRecovered(Contents(1, 4), false), "");
  StreamContents other = Contents(1, 3);
  other.messages[2].payload = "x";
  EXPECT_NE(Model().TakeRecovered(other, false), "");
  StreamContents hole = Contents(1, 3);
  hole.messages.erase(2);
  EXPECT_NE(Model().TakeRecovered(hole, false), "");
}

TEST(StreamModel, RefusesARemovedMessageThatComesBack) {
  StreamModel model = Model();
  model.Remove({4}, 2);
  model.Promised({4}, true);
  EXPECT_NE(model.TakeRecovered(Contents(1, 3), false), "");
}

TEST(StreamModel, RefusesASequenceThatGoesBack) {
  StreamModel model = Model();
  model.Purge("", 0, 0);
  model.JobDone({4});
  model.Promised({4}, true);
  EXPECT_NE(model.TakeRecovered(StreamContents(), false), "");
  StreamContents empty;
  empty.first = 4;
  empty.last = 3;
  EXPECT_EQ(model.TakeRecovered(empty, false), "");
}

TEST(StreamModel, APromiseForKillsOnlyMayBeLostWithThePower) {
  const auto model = [] {
    StreamModel promised((StreamModel::Limits()));
    promised.Store({1}, "s", "1");
    promised.Promised({1}, false);
    return promised;
  };
  EXPECT_NE(model().TakeRecovered(StreamContents(), false), "");
  EXPECT_EQ(model().TakeRecovered(StreamContents(), true), "");
}

TEST(StreamModel, GoesOnFromWhatWasFound) {
  StreamModel model = Model();
  EXPECT_EQ(model.TakeRecovered(Contents(1, 2), false), "");
  EXPECT_EQ(model.now().last, 2u);
  EXPECT_NE(model.TakeRecovered(Contents(1, 3), false), "");
}

TEST(StreamModel, AJobThatWasCutOffIsDoneOrWasNeverBegun) {
  const auto model = [] {
    StreamModel purged = Model();
    purged.Promised({3}, true);
    purged.Purge("s", 3, 0);
    return purged;
  };
  StreamContents half = Contents(1, 3);
  half.messages.erase(2);
  EXPECT_NE(model().TakeRecovered(half, false), "");
  EXPECT_EQ(model().TakeRecovered(Contents(1, 3), false), "");
  EXPECT_EQ(model().TakeRecovered(Contents(3, 3), false), "");
}

TEST(StreamModel, EnforcesLimits) {
  EXPECT_EQ(Model({.max_msgs = 2}).now(), Contents(2, 3));
  EXPECT_EQ(Model({.max_msgs_per_subject = 1}).now(), Contents(3, 3));
}

}  // namespace
}  // namespace dunlin::sim
