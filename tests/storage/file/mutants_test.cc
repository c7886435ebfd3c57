// Bugs planted in the block store, most of them the reference's own (rows of design/simulation.md,
// section 4): each with a story that goes right without it, and wrong with it.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "tests/storage/file/file_story.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {
namespace {

using sim::CrashKind;

FileStoreOptions SmallBlocks(uint64_t bytes) {
  FileStoreOptions options;
  options.limits.block_bytes = bytes;
  return options;
}

const Script kTen = 10 * Put("a");

bool Storing() {
  return Tell("storing",
              kTen + Script{WantCheckpoint()} + kTen + Script{WantCheckpoint(), Put("b")})
      .empty();
}
bool Skipping() {
  return Tell("skipping", Script{Skip(3), Put("a"), Skip(2), WantCheckpoint(), Put("a"), Skip(100),
                                 WantCheckpoint(), Put("b"), Skip(2)})
      .empty();
}
bool Purging() {
  return Tell("purging", kTen + Script{WantCheckpoint(), Put("b"), PurgeOf("", 0, 0), Put("c"),
                                       WantCheckpoint(), Put("d"), WantCheckpoint()})
      .empty();
}
bool Truncating() {
  return Tell("truncating", kTen + Script{WantCheckpoint(), TruncateTo(7), Put("b"),
                                          WantCheckpoint(), Put("c"), WantCheckpoint()})
      .empty();
}
bool Rewriting() {
  return Tell("rewriting",
              12 * Put("a", 40) + Script{WantCheckpoint(), Remove(2), Remove(4), Remove(6),
                                         Remove(8), Put("b"), WantCheckpoint(), Remove(3), Put("b"),
                                         WantCheckpoint(), Remove(7), Put("c"), WantCheckpoint()})
      .empty();
}
bool AnyStory() {
  return Skipping() && Storing() && Purging() && Truncating() && Rewriting() &&
         Tell("removing", kTen + Script{WantCheckpoint(), Remove(1), Remove(5), Put("b"), Remove(3),
                                        WantCheckpoint(), Remove(6), Put("c"), WantCheckpoint(),
                                        Put("d"), Remove(7), WantCheckpoint(), Put("e")})
             .empty();
}
bool Stopping() {
  return Tell("stopping", kTen + Script{Remove(1), Remove(6), WantCheckpoint(), Put("b")}, Small(),
              {.stop = true})
      .empty();
}

bool HoldsBytesBackForTheJournal() {
  FileStoreOptions options;
  options.limits.writer.write_bytes_min = 1;
  FileWorld world(options);
  world.journal.held = true;
  world.Put("a");
  world.Settle();
  const auto held = world.driver.disk().Contents("S/msgs/1.blk");
  return !held || held->empty();
}

bool KeepsTombstonesThatAreNeeded() {
  FileWorld world(SmallBlocks(200));
  for (int i = 0; i < 12; ++i) world.Put("a", "0123456789");
  world.Remove(2);  // Its tombstone comes to lie in a block whose messages all go.
  for (int i = 0; i < 4; ++i) world.Put("a", "0123456789");
  for (Seq seq = 9; seq <= 16; ++seq) world.Remove(seq);
  for (int i = 0; i < 8; ++i) world.Put("a", "0123456789");
  world.Settle();
  world.Checkpoint();
  world.Crash(CrashKind::kKill);
  return world.Load(2) == "deleted message";
}

bool LastSequenceOutlivesACleanStop() {
  FileWorld world;
  for (int i = 0; i < 5; ++i) world.Put("a");
  for (Seq seq = 1; seq <= 4; ++seq) world.Remove(seq);
  (void)world.store().Erase(world.now(), 5);
  world.Reopen();
  return world.store().State().last_seq == 5;
}

// The tombstone of 2 lies in a block that is empty, and whose other tombstone is needed no more.
bool ACleanStopKeepsTombstones() {
  FileWorld world(SmallBlocks(200));
  for (int i = 0; i < 13; ++i) world.Put("a", "0123456789");
  world.Remove(2);
  world.Remove(6);
  for (int i = 0; i < 7; ++i) world.Put("a", "0123456789");
  for (const Seq seq : {1, 13, 14, 15, 5, 7, 8}) world.Remove(seq);
  world.Reopen();
  return world.store().State().first_seq == 3;
}

bool RewritingKeepsTombstones() {
  FileWorld world(SmallBlocks(1000));
  for (int i = 0; i < 60; ++i) world.Put("a", "0123456789");
  world.Remove(2);
  for (int i = 0; i < 40; ++i) world.Put("a", "0123456789");
  for (Seq seq = 50; seq <= 69; ++seq) world.Remove(seq);
  world.Checkpoint();
  world.Checkpoint();
  world.Crash(CrashKind::kKill);
  return world.Load(2) == "deleted message";
}

FileStoreOptions WithIndex(uint64_t block_bytes) {
  FileStoreOptions options = SmallBlocks(block_bytes);
  options.limits.index.data_bytes_min = 0;
  options.limits.index.slack_bytes = 500;
  return options;
}

// Whether a start after a kill counts the same, and has nothing to complain of.
bool CountsTheSameAfterAKill(FileWorld* world) {
  world->Settle();
  const auto totals = TotalsOf(&world->store(), "");
  const uint64_t bytes = world->store().State().bytes;
  world->Crash(CrashKind::kKill);
  return TotalsOf(&world->store(), "") == totals && world->store().State().bytes == bytes &&
         world->notices.empty();
}

bool IndexHasWhatChangesWhileItIsBuilt() {
  FileStoreOptions options = WithIndex(4000);
  options.limits.records_per_slice = 8;
  FileWorld world(options);
  world.Put("z");
  world.Settle();
  world.Purge();  // What is told after this needs a new base.
  for (int i = 100; i < 160; ++i) world.Put("a." + std::to_string(i));
  world.Settle();
  world.store().WantCheckpoint();
  for (int i = 0; i < 10; ++i) {
    world.Turn();
    world.Put("a.100");
  }
  return CountsTheSameAfterAKill(&world);
}

bool RewritesLeaveOutWhatNobodyCounts() {
  FileWorld world(WithIndex(400));
  for (int i = 0; i < 40; ++i) world.Put("a." + std::to_string(i % 7), "0123456789");
  world.Checkpoint();
  for (Seq seq = 2; seq <= 36; ++seq) {
    if (seq % 4 != 0) world.Remove(seq);
  }
  return CountsTheSameAfterAKill(&world);
}

bool IndexSaysWhatIsOwed() {
  FileStoreOptions options = WithIndex(200);
  options.config.max_msgs = 12;
  options.limits.reader.cache_bytes_max = 0;
  FileWorld world(options);
  for (int i = 0; i < 20; ++i) {
    world.Put("a." + std::to_string(i), "0123456789");
    world.Settle();
  }
  world.Put("b");
  EXPECT_GT(world.store().index().unsettled, 0u);
  world.store().WantCheckpoint();
  return CountsTheSameAfterAKill(&world);
}

bool TakesNothingFromBehindTheCheckpoint() {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    FileStoreOptions options = SmallBlocks(100'000);
    options.limits.writer.write_bytes_min = 1;
    FileWorld world(options, seed);
    for (int i = 0; i < 5; ++i) {
      world.Put("a", std::string(700, 'x'));
      world.Settle();
      if (i == 1) world.Checkpoint();
    }
    world.Crash(CrashKind::kPowerLoss);
    if (!world.notices.empty() || world.store().State().msgs != 5) return false;
  }
  return true;
}

bool ReadsAroundDamage() {
  FileWorld world(SmallBlocks(2000));
  for (int i = 0; i < 60; ++i) world.Put("a", std::string(100, 'x'));
  world.StopClean();
  world.driver.disk().Rot("S/msgs/1.blk", 600, 7);
  world.Boot();
  return world.Load(14).starts_with("a:14 ") && !world.store().Failure();
}

bool GoesOnAfterARemovalOfNothing() {
  FileWorld world;
  for (int i = 0; i < 3; ++i) world.Put("a");
  world.Remove(2);
  world.Remove(2);
  return world.store().Store(world.now(), "a", "", "", 0).ok();
}

bool CustomFirstSequenceIsSetOnce() {
  FileStoreOptions options;
  options.config.first_seq = 100;
  FileWorld world(options);
  world.Put("a");
  world.Settle();
  world.Crash(CrashKind::kKill);
  return world.store().State().last_seq == 100 && world.store().State().msgs == 1;
}

bool NeverUsesASequenceAgain() {
  FileWorld world;
  for (int i = 0; i < 10; ++i) world.Put("a");
  for (Seq seq = 1; seq <= 9; ++seq) world.Remove(seq);
  (void)world.store().Erase(world.now(), 10);
  world.Checkpoint();
  world.Checkpoint();
  world.Crash(CrashKind::kPowerLoss);
  return world.store().State().last_seq == 10;
}

struct Planted {
  int number;
  const char* what;
  bool (*story)();
};

const Planted kPlanted[] = {
    {130, "block bytes are written before the journal has them", HoldsBytesBackForTheJournal},
    {132, "a checkpoint leaves out sealed blocks when it syncs (row 50)", Storing},
    {133, "tombstones go with their block (row 57)", KeepsTombstonesThatAreNeeded},
    {134, "a clean stop leaves nothing that says which sequence was the last (rows 53, 54)",
     LastSequenceOutlivesACleanStop},
    {135, "what was truncated comes back with the block (row 58)", Truncating},
    {138, "what lies behind damage in a block is dropped (row 45)", ReadsAroundDamage},
    {139, "one damaged block, and nothing is taken any more (row 67)", ReadsAroundDamage},
    {140, "removing what is gone is taken for a failure of the disk (row 68)",
     GoesOnAfterARemovalOfNothing},
    {141, "a block is written anew and renamed without a sync (row 49)", Rewriting},
    {142, "a clean stop does not wait for what is written (row 60)", Stopping},
    {143, "a custom first sequence purges at each start (row 69)", CustomFirstSequenceIsSetOnce},
    {144, "rewriting drops tombstones that are needed (row 57)", RewritingKeepsTombstones},
    {148, "recovery believes the length of the head's file (row 55)",
     TakesNothingFromBehindTheCheckpoint},
    {149, "the last sequence is what blocks happen to hold (row 54)", NeverUsesASequenceAgain},
    {150, "blocks that the checkpoint does not name count (row 59)", Purging},
    {159, "a clean stop believes in a floor that it does not leave behind",
     ACleanStopKeepsTombstones},
    {154, "the journal forgets a batch with records from after the checkpoint", AnyStory},
    {190, "what changes while the base of an index is built is not in it",
     IndexHasWhatChangesWhileItIsBuilt},
    {191, "a rewritten block takes its name while an index still counts what it leaves out",
     RewritesLeaveOutWhatNobodyCounts},
    {192, "an index does not say what is still owed", IndexSaysWhatIsOwed},
};

class FileMutants : public testing::TestWithParam<Planted> {
 protected:
  ~FileMutants() override { mutant_switched_on = 0; }
};

TEST_P(FileMutants, AreFound) {
  EXPECT_TRUE(GetParam().story()) << "without the bug";
  mutant_switched_on = GetParam().number;
  bool right = true;
  {
    // The harness complains, too: that is what it should do here.
    testing::TestPartResultArray complaints;
    testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &complaints);
    right = GetParam().story() && complaints.size() == 0;
  }
  EXPECT_FALSE(right) << GetParam().what << ": not found";
}

INSTANTIATE_TEST_SUITE_P(Planted, FileMutants, testing::ValuesIn(kPlanted),
                         [](const auto& info) { return std::to_string(info.param.number); });

}  // namespace
}  // namespace dunlin::file
