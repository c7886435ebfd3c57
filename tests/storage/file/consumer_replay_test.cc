// Long records of a consumer whose end a death cut off.
#include "storage/file/consumer_replay.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/disk/disk_driver.h"
#include "storage/file/file_consumer_store.h"
#include "storage/format/meta_file.h"
#include "tests/storage/file/test_journal.h"

namespace dunlin::file {
namespace {

using Type = ConsumerRecordType;

ConsumerStoreConfig Named() {
  ConsumerStoreConfig config;
  config.name = "C";
  return config;
}

std::string Take(ConsumerReplay* replay, Type type, const ConsumerRecord& record,
                 std::string_view rest = "") {
  std::vector<uint8_t> body(record.bytes().begin(), record.bytes().end());
  body.insert(body.end(), rest.begin(), rest.end());
  return replay->Take(static_cast<uint8_t>(type), body);
}

TEST(ConsumerReplay, GluesNoPartsToWhatComesBehindAnotherRecord) {
  ConsumerLedger ledger(Named());
  ConsumerReplay replay(&ledger, 0);
  EXPECT_FALSE(replay.unfinished());
  EXPECT_EQ(Take(&replay, Type::kPart, ConsumerRecord(1), "what was cut off"), "");
  EXPECT_TRUE(replay.unfinished());
  EXPECT_EQ(Take(&replay, Type::kConfig, ConsumerRecord(2).AddSigned(5).Add(0)), "");
  EXPECT_FALSE(replay.unfinished());
  EXPECT_EQ(Take(&replay, Type::kPart, ConsumerRecord(3), "a "), "");
  EXPECT_EQ(Take(&replay, Type::kPart, ConsumerRecord(4), "whole "), "");
  EXPECT_EQ(Take(&replay, Type::kMeta, ConsumerRecord(5), "one"), "");
  EXPECT_FALSE(replay.unfinished());
  EXPECT_EQ(replay.meta().value_or(""), "a whole one");
}

std::string Described(char with, size_t bytes) {
  std::string meta = format::EncodeConsumerMeta(WallTime{1'700'000'000'000'000'000}, "C",
                                                format::ConsumerConfigJson(Named()));
  return meta.insert(meta.size() - 1, ",\"description\":\"" + std::string(bytes, with) + "\"");
}

// A consumer on a journal that can be cut anywhere.
class Lives {
 public:
  // 'meta': of a new one; empty: it is there.
  void Boot(std::string meta) {
    FileConsumerOptions options;
    options.stream = "S";
    options.name = "C";
    options.config = Named();
    options.meta = std::move(meta);
    options.limits.record_bytes = 4000;
    routes_ = std::make_unique<DiskRoutes>();
    store_ = std::make_unique<FileConsumerStore>(
        options, StoreDisk(&driver.queue(), routes_.get(), 1, "S/obs/C"), &journal, Rng(++lives_));
    store_->Open();
    TurnUntil(FileConsumerStore::Phase::kScanned);
    journal.Attach(store_->incarnation());
    for (const TestJournal::Entry& entry : journal.entries) {
      store_->Replay({entry.batch}, entry.kind, entry.body);
    }
    store_->Start(driver.now());
    TurnUntil(FileConsumerStore::Phase::kRunning);
    EXPECT_EQ(store_->TakeNotices(), std::vector<std::string>{});
  }
  void MakeDurable() {
    for (int i = 0; i < 4; ++i) journal.Turn();
  }
  void Die() {
    driver.Crash(sim::CrashKind::kKill);
    store_.reset();
    journal.Die(Rng(++lives_));
  }
  FileConsumerStore& store() { return *store_; }

  sim::DiskDriver driver{1};
  TestJournal journal;

 private:
  void TurnUntil(FileConsumerStore::Phase phase) {
    for (int i = 0; i < 10'000 && store_->phase() != phase; ++i) {
      store_->Work(driver.now());
      journal.Turn();
      if (const auto done = driver.Step()) store_->OnDisk(*done);
    }
    ASSERT_EQ(store_->phase(), phase) << store_->Failure().value_or("");
  }

  uint64_t lives_ = 0;
  std::unique_ptr<DiskRoutes> routes_;
  std::unique_ptr<FileConsumerStore> store_;
};

// Right behind each other, as the journal has them.
TEST(FileConsumerStore, TakesTwoLongRecordsForTwo) {
  Lives lives;
  const std::string first = Described('a', 5), cut_off = Described('b', 9000),
                    last = Described('c', 9000);
  lives.Boot(first);
  ASSERT_TRUE(lives.store().SetMeta(cut_off).ok());
  lives.MakeDurable();
  ASSERT_EQ(lives.journal.entries.back().kind, static_cast<uint8_t>(Type::kMeta));
  lives.journal.entries.pop_back();
  lives.Die();
  lives.Boot("");
  EXPECT_EQ(lives.store().meta(), first);
  ASSERT_TRUE(lives.store().SetMeta(last).ok());
  lives.MakeDurable();
  lives.Die();
  lives.Boot("");
  EXPECT_EQ(lives.store().meta(), last);
}

}  // namespace
}  // namespace dunlin::file
