// The language of stories, and those who tell them: mistakes of a file are shown where they are,
// what is written down reads as the same story, and a story that goes wrong is seen to.
#include "sim/store/story.h"

#include <gtest/gtest.h>

#include "sim/store/consumer_twin.h"
#include "sim/store/story_campaign.h"
#include "sim/store/story_run.h"
#include "sim/store/stream_history.h"

namespace dunlin {
extern int mutant_switched_on;  // engine/base/mutant.h
}

namespace dunlin::sim {
namespace {

std::string ProblemsOf(const std::string& text) {
  std::vector<scenario::Problem> problems;
  const auto story = ParseStory(text, "x.scn", &problems);
  EXPECT_EQ(story.has_value(), problems.empty());
  std::string out;
  for (const scenario::Problem& problem : problems) {
    out += std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column) + " " +
           problem.text + "\n";
  }
  return out;
}
// Of a line behind a right beginning, which is its third one.
std::string ProblemOf(const std::string& line) {
  return ProblemsOf("# x\nstorage\nstream S\n" + line + "\nsettle\n");
}

Story StoryOf(const std::string& text) {
  std::vector<scenario::Problem> problems;
  auto story = ParseStory(text, "x.scn", &problems);
  for (const scenario::Problem& problem : problems) ADD_FAILURE() << problem.text;
  return story.value_or(Story());
}

std::string FailureOf(const std::string& lines, const std::string& stream = "stream S") {
  const StoryResult result = RunStory(StoryOf("# x\nstorage\n" + stream + "\n" + lines));
  return result.failures.empty() ? "" : result.failures[0].text;
}

TEST(StoryLanguage, IsKnownByItsFirstStatement) {
  EXPECT_TRUE(IsStory("# a story\n\nstorage seed=1\n"));
  EXPECT_FALSE(IsStory("# a server\nserver s\n"));
  EXPECT_FALSE(IsStory(""));
}

TEST(StoryLanguage, ShowsMistakesWhereTheyAre) {
  const std::pair<const char*, const char*> kLines[] = {
      {"stor S a", "4:1 there is no 'stor' (did you mean 'store'?)\n"},
      {"store T a", "4:7 no stream 'T' stands above\n"},
      {"store", "4:6 expected the name of a stream\n"},
      {"store S", "4:8 expected the subject of the message\n"},
      {"store S a x0", "4:11 expected how often, such as x10\n"},
      {"store S a sise=3",
       "4:11 'sise' is not known here (did you mean 'size'?); there is size, payload, header, ttl, "
       "error\n"},
      {"store S a size=3q", "4:16 expected a number of bytes such as 300, 64k or 2m\n"},
      {"store S a payload=\"\\q\"",
       "4:20 expected \\n, \\r, \\t, \\0, \\\\, \\\" or \\xHH behind a backslash\n"},
      {"store S a ttl=1500ms", "4:15 a message lives for whole seconds, or never ends\n"},
      {"remove S", "4:9 expected a sequence\n"},
      {"deleted S 7..3", "4:11 expected sequences in order, such as 3..7 9\n"},
      {"purge S a below=x", "4:17 expected a number\n"},
      {"turn", "4:5 expected how many turns\n"},
      {"advance 5", "4:9 expected a length of time such as 200ms, 5s, 2m, 1h\n"},
      {"kill now", "4:6 'now' is not known here; there is in\n"},
      {"kill after", "4:11 expected what the disk does, such as rename\n"},
      {"kill after remov x",
       "4:12 expected what the disk does, such as rename (did you mean 'remove'?)\n"},
      {"kill after rename", "4:18 expected what it does that to: streams/S/msgs/1.blk\n"},
      {"stop after rename x", "4:6 'after' is not known here; there is in\n"},
      {"faults stal=3", "4:8 there is no fault 'stal' (did you mean 'stall'?)\n"},
      {"faults sync=x",
       "4:8 expected how often in a million, and how often at most: sync=5000/3\n"},
      {"fail rain", "4:6 expected what fails next: read, write, sync, space, files or stall\n"},
      {"rot", "4:4 expected a file, such as streams/S/msgs/1.blk\n"},
      {"expect S", "4:9 expected a sequence, or what the state is: msgs=3 last=7\n"},
      {"expect S 3 was a", "4:12 expected 'is' or 'gone'\n"},
      {"expect notice damage", "4:15 expected what it says, in double quotes\n"},
      {"expect file x away", "4:15 expected 'there' or 'absent'\n"},
      {"add S consumer", "4:15 expected the name of a consumer\n"},
      {"add S consumer C acks=some", "4:23 expected none, all or explicit\n"},
      {"deliver S C", "4:12 expected a sequence of the stream\n"},
      {"deliver S C 1 x0", "4:15 expected how many, such as x10\n"},
      {"state S C delivered=3",
       "4:21 expected the consumer's sequence and the stream's, such as 9/20\n"},
      {"state S C pending=2/7 pending=1/3", "4:31 sequences of the stream stand in order\n"},
      {"expect S consumer C",
       "4:20 expected 'absent', 'failed', or what it has: delivered=9/20 pending=3\n"},
      {"settle down", "4:8 expected the end of the line instead of 'down'\n"},
      {"}", "4:1 '}' without a block that it ends\n"},
      {"at every moment {", "4:1 expected 'at every point [twice] [kill|power_loss] {'\n"},
      {"stream S", "4:8 there is a stream 'S' already\n"},
      {"stream T discard=some", "4:18 expected old or new\n"},
      {"storage", "4:1 'storage' stands once, before everything else\n"},
  };
  for (const auto& [line, problem] : kLines) EXPECT_EQ(ProblemOf(line), problem) << line;
  EXPECT_EQ(ProblemsOf("storage\n"),
            "1:1 the file must begin with a comment ('# ...') that says what must hold\n");
  EXPECT_EQ(ProblemsOf("# x\nsettle\n"), "2:1 a story of stores begins with 'storage'\n");
  EXPECT_EQ(ProblemsOf("# x\nstorage\nsettle\n"), "1:1 there is no 'stream' in this story\n");
  EXPECT_EQ(ProblemsOf("# x\nstorage\nstream S\n"), "1:1 nothing happens in this story\n");
  EXPECT_EQ(ProblemsOf("# x\nstorage\nstream S\nat every point {\n"),
            "4:1 the file ends within a block; expected '}'\n"
            "4:1 nothing happens in this block\n");
}

TEST(StoryLanguage, WhatIsWrittenDownReadsAsTheSameStory) {
  for (uint64_t seed = 1; seed < 12; ++seed) {
    const StorySeedResult told = RunStorySeed(seed);
    const std::string text = FormatStory(told.story);
    const Story again = StoryOf(text);
    EXPECT_EQ(FormatStory(again), text);
    const StoryResult result = RunStory(again, {.mode = StoryRunner::Mode::kLenient});
    EXPECT_EQ(result.hash, told.result.hash) << "seed " << seed;
  }
}

TEST(StoryRunner, ADeathComesAfterWhatItSays) {
  const std::string begin = "store S a\nsettle\n", end = "stop\nstart\nexpect S msgs=1\n";
  const std::string remove = "kill after remove streams/S/msgs/checkpoint\n";
  EXPECT_EQ(FailureOf(begin + remove +
                      "stop\nexpect file streams/S/msgs/checkpoint absent\n"
                      "expect file streams/S/msgs/index.db there\nstart\n"),
            "");
  const std::string write = "power_loss 3 after write streams/S/msgs/checkpoint.tmp x2\n";
  const std::string text = "# x\nstorage\nstream S\n" + write + "settle\n";
  EXPECT_NE(FormatStory(StoryOf(text)).find(write), std::string::npos);
  EXPECT_EQ(FailureOf(begin + "kill after rename streams/S/msgs/9.blk\n" + end),
            "life 1: what its death comes after was not done");
  EXPECT_EQ(FailureOf(begin + "kill after rename streams/S/msgs/9.blk\n"),
            "life 1: what its death comes after was not done");
  EXPECT_EQ(FailureOf("store S a\ncheckpoint\nturn until rename streams/S/msgs/checkpoint\n"
                      "turn until rename streams/S/msgs/9.blk\n"),
            "life 1: what it turns for is not done");
}

TEST(StoryRunner, SaysWhatIsNotAsExpected) {
  EXPECT_EQ(FailureOf("store S a x3\nexpect S msgs=3 last=3\nexpect S 2 is a\nremove S 2\n"
                      "expect S 2 gone \"deleted message\"\ncheck\n"),
            "");
  EXPECT_EQ(FailureOf("store S a x3\nexpect S msgs=2\n"), "life 1: msgs is 3, not 2");
  EXPECT_EQ(FailureOf("store S a payload=\"x\"\nexpect S 1 is a \"y\"\n"),
            "life 1: message 1 is 'a' 'x', not 'a' 'y'");
  EXPECT_EQ(FailureOf("remove S 7\n"),
            "life 1: stream S: a removal is refused (stream store EOF), "
            "not taken");
  EXPECT_EQ(FailureOf("expect notice \"lost\"\n"),
            "life 0: no notice has \"lost\"; there is nothing");
  EXPECT_EQ(FailureOf("store S a\nstart\n"), "life 1: the process runs already");
  EXPECT_EQ(FailureOf("store S a\nkill\nstore S a\n"),
            "life 1: the process does not run: 'start' it first");
}

TEST(StoryRunner, AConsumerIsWhatItsTwinIs) {
  const std::string setup = "store S a x9\nadd S consumer C\ndeliver S C 1 x5\nack S C 2\n";
  EXPECT_EQ(FailureOf(setup + "expect S consumer C delivered=5/5 floor=0/0 pending=4\n"
                              "ack S C 1\nexpect S consumer C floor=2/2 pending=3\n"
                              "deliver S C 4\nexpect S consumer C delivered=6/5 redelivered=1\n"
                              "stop\nstart\nexpect S consumer C floor=2/2 redelivered=1\n"
                              "drop S consumer C\nkill\nstart\ncheck\n"),
            "");
  EXPECT_EQ(FailureOf(setup + "expect S consumer C pending=5\n"),
            "life 1: consumer C: pending is 4, not 5");
  EXPECT_EQ(FailureOf(setup + "ack S C 2\n"),
            "life 1: consumer C: 'ack' is refused (no message found), not taken");
  EXPECT_EQ(FailureOf(setup + "ack S D 2\n"), "life 1: there is no consumer D: 'add' it first");
  EXPECT_EQ(FailureOf(setup + "expect S consumer C absent\n"), "life 1: consumer C is there");
}

// Damage to the files of one is its own trouble.
TEST(StoryRunner, ADamagedConsumerKeepsNobodyFromStarting) {
  EXPECT_EQ(FailureOf("store S a x9\nadd S consumer C\nadd S consumer D\ndeliver S C 1\n"
                      "deliver S D 1 x3\nstop\ncut streams/S/obs/C/o.dat to=20\nstart\n"
                      "expect S consumer C failed \"o.dat, offset\"\n"
                      "expect S consumer D delivered=3/3 pending=3\nexpect S msgs=9\ncheck\n"),
            "");
}

TEST(ConsumerHistory, IsWhatItWasAtOrAfterThePromise) {
  const auto history = [] {
    ConsumerHistory history;
    ConsumerTwin twin(ConsumerStoreConfig{.name = "C"});
    history.Added(twin);
    history.Runs();
    for (uint64_t seq = 1; seq <= 3; ++seq) {
      EXPECT_EQ(twin.Deliver(seq, seq, 1, {}), ConsumerError::kNone);
      history.Changed(twin, {seq});
    }
    history.Promised({2}, ConsumerHistory::Survives::kKill);
    return history;
  };
  ConsumerTwin found(ConsumerStoreConfig{.name = "C"});
  Moment moment;
  EXPECT_NE(history().TakeRecovered(std::nullopt, false, &moment), "");
  (void)found.Deliver(1, 1, 1, {});
  EXPECT_NE(history().TakeRecovered(found, false, &moment), "");
  EXPECT_EQ(moment.below, UINT64_MAX);
  EXPECT_EQ(history().TakeRecovered(found, true, &moment), "");
  EXPECT_EQ(moment.from, 1u);
  EXPECT_EQ(moment.below, 2u);
  (void)found.Deliver(2, 2, 1, {});
  EXPECT_EQ(history().TakeRecovered(found, false, &moment), "");
  // Both at one moment there never were.
  EXPECT_EQ(moment.from, 2u);
  EXPECT_EQ(moment.below, 2u);
  (void)found.Ack(1, 1);
  EXPECT_NE(history().TakeRecovered(found, false, &moment), "");
}

TEST(StoryRunner, ALimitIsKeptAndTimePasses) {
  EXPECT_EQ(
      FailureOf("store S a x9\nexpect S msgs=5 first=5\nadvance 11s\nexpect S msgs=0 last=9\n",
                "stream S max_msgs=5 max_age=10s"),
      "");
  EXPECT_EQ(
      FailureOf("store S a ttl=2s\nstore S a ttl=never\nadvance 20s\ncheck\nexpect S msgs=1\n",
                "stream S ttl max_age=10s memory"),
      "");
}

TEST(StoryRunner, StopsAtEveryPointAndFindsWhatIsWrongThere) {
  const std::string block =
      "at every point {\n  store S a x4\n  checkpoint\n  truncate S 2\n"
      "  store S b\n  checkpoint\n}\n";
  const StoryResult result = RunStory(StoryOf("# x\nstorage\nstream S\n" + block));
  EXPECT_TRUE(result.failures.empty()) << result.failures[0].text;
  EXPECT_GT(result.points, 10u);
  EXPECT_EQ(result.runs, 4 * result.points + 2);
  mutant_switched_on = 135;  // What was truncated comes back with the block.
  EXPECT_NE(FailureOf(block), "");
  mutant_switched_on = 0;
}

TEST(StoryCampaign, ABugShrinksToAFewLines) {
  mutant_switched_on = 140;  // Removing what is gone is taken for a failure of the disk.
  StorySeedResult told;
  for (uint64_t seed = 1; seed < 30 && told.result.failures.empty(); ++seed)
    told = RunStorySeed(seed);
  ASSERT_FALSE(told.result.failures.empty());
  const std::string kind = KindOfFailure(told.result.failures[0].text);
  const Story small = ShrinkStory(told.story, kind);
  EXPECT_LE(small.steps.size(), 6u) << FormatStory(small);
  const StoryResult again = RunStory(small, {.mode = StoryRunner::Mode::kLenient});
  ASSERT_FALSE(again.failures.empty());
  EXPECT_EQ(KindOfFailure(again.failures[0].text), kind);
  mutant_switched_on = 0;
}

TEST(StoryCampaign, KindsAreTextsWithoutNumbersAndQuotes) {
  EXPECT_EQ(KindOfFailure("life 3: 17 is 'a' 'b c', not gone"),
            KindOfFailure("life 12: 1 is 'xyz' '', not gone"));
  EXPECT_NE(KindOfFailure("msgs is 3"), KindOfFailure("last is 3"));
}

// --- The oracle is held to its word: what it must refuse, it refuses.

class History {
 public:
  explicit History(const StoreConfig& config = {}) : history(config) {
    for (uint64_t batch = 1; batch <= 3; ++batch) Store(batch);
    history.Promised({2}, StreamHistory::Survives::kPowerLoss);
  }
  void Store(uint64_t batch) {
    StreamTwin after = history.now();
    EXPECT_EQ(after.Store(history.config(), Msg(batch)), StoreError::kNone);
    history.Changed(after, WritePoint{batch});
  }
  const TwinMsg* Msg(uint64_t number) {
    return history.Keep({"s", "", std::to_string(number), {static_cast<int64_t>(number)}, 0, 40});
  }
  StreamTwin Contents(Seq first, Seq last, Seq without = 0) {
    std::vector<StreamTwin::Entry> entries;
    for (Seq seq = first; seq <= last; ++seq) {
      if (seq != without) entries.push_back({seq, Msg(seq)});
    }
    StreamState state;
    state.first_seq = first;
    state.last_seq = last;
    StreamTwin twin;
    twin.Become(entries, state);
    return twin;
  }
  std::string Recovers(const StreamTwin& found, bool lost_power = true) {
    return history.TakeRecovered(found, {1000}, lost_power);
  }
  StreamHistory history;
};

TEST(StreamHistory, TakesWhatIsBetweenPromisedAndAsked) {
  History two, three, one, four, hole;
  EXPECT_EQ(two.Recovers(two.Contents(1, 2)), "");
  EXPECT_EQ(three.Recovers(three.Contents(1, 3)), "");
  EXPECT_NE(one.Recovers(one.Contents(1, 1)), "");
  EXPECT_NE(four.Recovers(four.Contents(1, 4)), "");
  EXPECT_NE(hole.Recovers(hole.Contents(1, 3, 2)), "");
}

TEST(StreamHistory, RefusesWhatComesBackAndASequenceThatIsUsedAgain) {
  History removed;
  StreamTwin after = removed.history.now();
  EXPECT_EQ(after.Remove(2), StoreError::kNone);
  removed.history.Changed(after, WritePoint{4});
  removed.history.Promised({4}, StreamHistory::Survives::kPowerLoss);
  EXPECT_NE(removed.Recovers(removed.Contents(1, 3)), "");
  EXPECT_EQ(removed.Recovers(removed.Contents(1, 3, 2)), "");

  History purged;
  after = purged.history.now();
  EXPECT_EQ(after.Purge("", 0, 0), 3u);
  purged.history.Changed(after, WritePoint{4});
  purged.history.PromisedAll();
  EXPECT_NE(purged.Recovers(StreamTwin()), "");
  EXPECT_EQ(purged.Recovers(purged.Contents(4, 3)), "");
}

TEST(StreamHistory, AJobThatWasCutOffIsDoneOrWasNeverBegun) {
  History history;
  history.history.PromisedAll();
  StreamTwin after = history.history.now();
  EXPECT_EQ(after.Compact(3), 2u);
  history.history.JobBegins(after);
  EXPECT_NE(History(history).Recovers(history.Contents(1, 2)), "");
  EXPECT_NE(History(history).Recovers(history.Contents(2, 3)), "");
  EXPECT_EQ(History(history).Recovers(history.Contents(1, 3)), "");
  EXPECT_EQ(history.Recovers(history.Contents(3, 3)), "");
}

TEST(StreamHistory, WhatIsDoneBitByBitMayBeDoneInPart) {
  History history;
  history.history.PromisedAll();
  StreamTwin after = history.history.now();
  EXPECT_EQ(after.Compact(3), 2u);
  history.history.ChangedBitByBit(after);
  EXPECT_NE(History(history).Recovers(history.Contents(1, 2)), "");
  EXPECT_EQ(history.Recovers(history.Contents(2, 3)), "");
}

TEST(StreamHistory, WhatIsDueMayBeGone) {
  StoreConfig config;
  config.max_age = Nanos(997);
  History history(config);
  EXPECT_EQ(history.Recovers(history.Contents(3, 3)), "");  // 1 and 2 went by age, 3 by chance not.
  History early(config);
  EXPECT_NE(early.history.TakeRecovered(early.Contents(3, 3), {500}, true), "");
}

TEST(StreamHistory, APromiseForKillsOnlyMayBeLostWithThePower) {
  const auto make = [] {
    StreamHistory history((StoreConfig()));
    StreamTwin after;
    after.Skip(1, {1}, false);
    history.Changed(after, WritePoint{1});
    history.Promised({1}, StreamHistory::Survives::kKill);
    return history;
  };
  EXPECT_NE(make().TakeRecovered(StreamTwin(), {}, false), "");
  EXPECT_EQ(make().TakeRecovered(StreamTwin(), {}, true), "");
}

}  // namespace
}  // namespace dunlin::sim
