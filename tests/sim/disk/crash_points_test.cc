// The enumerator, on a component that is right and on ones that are wrong in ways it must find.
#include "sim/disk/crash_points.h"

#include <gtest/gtest.h>

#include "tests/support/crash_story.h"

namespace dunlin::sim {
namespace {

// How a file is replaced; all but the first are mistakes that people make.
enum class Way { kRight, kWithoutSync, kWithoutSyncDir, kInPlace, kWaitsForNothing };

// Replaces the contents of 'state' by "1", then "2", ... "5", each 600 bytes long, and promises
// each once it should be durable. After a crash the file must hold what was promised last, or what
// was under way, and nothing else.
class ReplaceStory : public CrashStory {
 public:
  explicit ReplaceStory(Way way) : way_(way) {}

  void Begin(int life, const Now&, DiskQueue& queue, Rng) override {
    queue_ = &queue;
    life_ = life;
    last_ = {};
    read_.assign(2000, '?');
    recovered_.reset();
    if (life == 0) StartNext();
    if (life > 0) Recover();
  }

  void Turn(const Now&, const DiskDone* done) override {
    if (!done) return;
    if (life_ > 0) {
      if (done->ticket == last_) recovered_ = done->ok() ? read_.substr(0, done->size) : "";
      return;
    }
    if (done->ticket == last_) promised_ = begun_;
    if (++completed_ == last_.value && begun_ < 5) StartNext();
  }

  bool Finished() const override { return life_ == 0 ? promised_ == 5 : recovered_.has_value(); }
  void Died(CrashKind) override { queue_ = nullptr; }

  std::string Check(SimDisk&) override {
    if (promised_ == 0 && recovered_->empty()) return "";
    for (int n = promised_; n <= begun_; ++n) {
      if (n > 0 && *recovered_ == Contents(n)) return "";
    }
    return "promised " + std::to_string(promised_) + ", and there is something else";
  }

 private:
  static std::string Contents(int n) { return std::string(600, static_cast<char>('0' + n)); }

  void StartNext() {
    contents_ = Contents(++begun_);
    const auto* bytes = reinterpret_cast<const uint8_t*>(contents_.data());
    const FileId file = queue_->NewFile();
    if (way_ == Way::kInPlace) {
      last_ = queue_->Open(file, "state", Access::kWrite, Creation::kIfMissing);
      last_ = queue_->Write(file, 0, bytes, contents_.size(), last_);
      last_ = queue_->Sync(file, last_);
      last_ = queue_->SyncDir("", last_);
      last_ = queue_->Close(file, last_);
      return;
    }
    last_ = queue_->Open(file, "temp", Access::kWrite, Creation::kEmptied);
    last_ = queue_->Write(file, 0, bytes, contents_.size(), last_);
    if (way_ != Way::kWithoutSync) last_ = queue_->Sync(file, last_);
    last_ = queue_->Close(file, last_);
    last_ = queue_->Rename("temp", "state", Replace::kExisting, last_);
    if (way_ != Way::kWithoutSyncDir)
      last_ = queue_->SyncDir("", way_ == Way::kWaitsForNothing ? DiskTicket{} : last_);
  }

  void Recover() {
    const FileId file = queue_->NewFile();
    last_ = queue_->Open(file, "state", Access::kRead, Creation::kExisting);
    last_ = queue_->Read(file, 0, reinterpret_cast<uint8_t*>(read_.data()), read_.size(), last_);
  }

  const Way way_;
  DiskQueue* queue_ = nullptr;
  int life_ = 0;
  int begun_ = 0, promised_ = 0;
  std::string contents_;
  std::string read_;
  DiskTicket last_;
  uint64_t completed_ = 0;  // Of life 0.
  std::optional<std::string> recovered_;
};

CrashStoryMaker Replacing(Way way) {
  return [way] { return std::make_unique<ReplaceStory>(way); };
}

TEST(CrashPoints, WhatIsRightSurvivesThemAll) {
  ExpectSurvivesEveryCrash("replace", Replacing(Way::kRight));
}

TEST(CrashPoints, AreAllPointsOfAShortStory) {
  const CrashReport report = RunCrashPoints("replace", Replacing(Way::kRight), {});
  EXPECT_EQ(report.effects, 30u);
  EXPECT_TRUE(report.exhaustive());
  EXPECT_GT(report.runs, 31u * 8);
  EXPECT_EQ(report.hash, RunCrashPoints("replace", Replacing(Way::kRight), {}).hash);
}

TEST(CrashPoints, AreNotAllWithoutBothKindsOfDeath) {
  const auto report = [](uint64_t kills, uint64_t power_losses) {
    return RunCrashPoints("replace", Replacing(Way::kRight),
                          {.kills = kills, .power_losses = power_losses, .recoveries_cut = 0});
  };
  EXPECT_TRUE(report(1, 1).exhaustive());
  EXPECT_FALSE(report(0, 1).exhaustive());
  EXPECT_FALSE(report(1, 0).exhaustive());
}

TEST(CrashPoints, ALongStoryIsBounded) {
  const CrashReport report =
      RunCrashPoints("replace", Replacing(Way::kRight), {.recoveries_cut = 0, .runs_max = 80});
  EXPECT_FALSE(report.exhaustive());
  EXPECT_LE(report.runs, 100u);
  EXPECT_GE(report.runs, 60u);
}

class MistakesTest : public testing::TestWithParam<Way> {};

TEST_P(MistakesTest, AreFoundAndTheLineReproducesThem) {
  const CrashStoryMaker make = Replacing(GetParam());
  const CrashReport report = RunCrashPoints("replace", make, {});
  ASSERT_FALSE(report.failures.empty());
  EXPECT_LE(report.failures.size(), 6u);
  const std::string& failure = report.failures[0];
  ASSERT_EQ(failure.substr(0, 8), "replace ");
  const size_t colon = failure.find(": ");
  const std::optional<CrashPoint> point = ParseCrashPoint(failure.substr(8, colon - 8));
  ASSERT_TRUE(point.has_value()) << failure;
  EXPECT_EQ(RunCrashPoint(make, *point, {}), failure.substr(colon + 2));
}

INSTANTIATE_TEST_SUITE_P(CrashPoints, MistakesTest,
                         testing::Values(Way::kWithoutSync, Way::kWithoutSyncDir, Way::kInPlace,
                                         Way::kWaitsForNothing));

TEST(CrashPoint, IsATextAndBack) {
  const CrashPoint once{17, CrashKind::kPowerLoss, 3, {}};
  EXPECT_EQ(FormatCrashPoint(once), "17 power_loss 3");
  EXPECT_EQ(ParseCrashPoint("17 power_loss 3"), once);
  const CrashPoint twice{17, CrashKind::kKill, 0, CrashAgain{4, CrashKind::kPowerLoss, 9}};
  EXPECT_EQ(ParseCrashPoint(FormatCrashPoint(twice)), twice);
  for (const char* bad : {"", "x", "17", "17 kill", "17 kil 0", "1 kill 0 then", "1 kill 0 4 kill"})
    EXPECT_FALSE(ParseCrashPoint(bad).has_value()) << bad;
}

}  // namespace
}  // namespace dunlin::sim
