#include <gtest/gtest.h>

#include <string>

#include "storage/crypto/journal_cipher.h"
#include "storage/inspect/inspect.h"
#include "storage/inspect/print.h"
#include "storage/journal/format.h"
#include "tests/storage/file/consumer_world.h"
#include "tests/storage/inspect/memory_files.h"
#include "tests/storage/journal/journal_world.h"

namespace dunlin::inspect {
namespace {

using journal::JournalWorld;

class JournalInspect : public testing::Test {
 protected:
  // Twenty records in batches of their own, then the power goes.
  void Write(JournalWorld* world) {
    ASSERT_TRUE(world->Boot());
    for (int i = 0; i < 20; ++i) {
      world->Append(i % 3, 300);
      world->EndOfStep();
      world->RunAll();
    }
    for (const std::string& what : world->violations()) ADD_FAILURE() << what;
    for (const JournalWorld::File& file : Segments(*world)) {
      files_.files["d/" + file.path] = *world->disk().Contents(file.path);
    }
  }
  // By their names: what is in them may be encrypted.
  static std::vector<JournalWorld::File> Segments(const JournalWorld& world) {
    std::vector<JournalWorld::File> segments;
    for (int slot = 0; slot < 64; ++slot) {
      JournalWorld::File file;
      file.path = "jetstream/journal/" + std::to_string(slot) + ".seg";
      if (world.disk().Contents(file.path)) segments.push_back(file);
    }
    return segments;
  }
  std::string Report(const Options& options = {}) {
    std::string text;
    TextSink sink(&text);
    damages_ = Inspect(&files_, "d", options, &sink).damages;
    return text;
  }

  // There is a moment when the record of a deletion is durable and the files are still there.
  void ExpectWillGo(file::ConsumerOnDisk* world, const std::string& line) {
    for (int i = 0; i < 100; ++i) {
      files_.files.clear();
      for (const std::string& path : world->driver.disk().Files())
        files_.files["d/jetstream/" + path] = *world->driver.disk().Contents(path);
      if (Report().find(line) != std::string::npos) break;
      ASSERT_LT(i, 99) << Report();
      world->Turn();
    }
    world->Die(sim::CrashKind::kKill);
  }

  MemoryFiles files_;
  uint64_t damages_ = 0;
};

TEST_F(JournalInspect, CountsWhatWouldBeReplayed) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  Write(&world);
  const std::string report = Report();
  EXPECT_EQ(damages_, 0u) << report;
  EXPECT_NE(report.find("journal: "), std::string::npos) << report;
  EXPECT_NE(report.find(" to replay"), std::string::npos) << report;
}

TEST_F(JournalInspect, NamesBatchesThatWereDurableAndAreGone) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  Write(&world);
  const JournalWorld::File file = world.Files().front();
  ASSERT_GE(file.batches.size(), 5u);
  files_.files["d/" + file.path][file.batches[2].offset + journal::kMarkBytes + 20] ^= 1;
  const std::string number = std::to_string(file.batches[2].number);
  EXPECT_NE(Report().find("batches " + number + " to " + number + ", which were durable, are gone"),
            std::string::npos)
      << Report();
  EXPECT_EQ(damages_, 1u);
}

TEST_F(JournalInspect, OpensAnEncryptedJournalWithItsKeyOnly) {
  crypto::JournalCipher cipher("k");
  JournalOptions journal = JournalWorld::SmallOptions();
  journal.cipher = &cipher;
  JournalWorld world(1, journal);
  Write(&world);
  world.Crash(sim::CrashKind::kPowerLoss);
  ASSERT_TRUE(world.Boot());  // It reads itself.
  EXPECT_EQ(world.recovered(), 20u);
  Options options;
  options.key = "k";
  EXPECT_NE(Report(options).find(" to replay, encrypted"), std::string::npos) << Report(options);
  EXPECT_EQ(damages_, 0u);
  EXPECT_NE(Report().find("is encrypted, and no key was given"), std::string::npos);
  options.key = "another";
  EXPECT_NE(Report(options).find("is encrypted with another key"), std::string::npos);
}

// After a crash, the files do not have what the journal has: whoever looks must not take that for a
// loss.
TEST_F(JournalInspect, SaysWhatAStartWillApply) {
  const auto store = [](file::ConsumerOnDisk& world, int messages) {
    file::FileStore& store = *world.storage().stream(world.stream());
    for (int i = 0; i < messages; ++i) EXPECT_TRUE(store.Store(world.now(), "a", "", "x", 0).ok());
    world.Settle();
  };
  ConsumerStoreConfig consumer;
  consumer.name = "c";
  file::ConsumerOnDisk world(consumer);
  store(world, 7);
  world.storage().stream(world.stream())->WantCheckpoint();
  world.Settle();
  store(world, 5);
  world.Die(sim::CrashKind::kPowerLoss);
  const auto report = [&] {
    files_.files.clear();
    for (const std::string& path : world.driver.disk().Files()) {
      files_.files["d/jetstream/" + path] = *world.driver.disk().Contents(path);
    }
    return Report();
  };
  const std::string text = report();
  EXPECT_NE(
      text.find("  stream S (account A): a start applies 5 records more, messages up to 12\n"),
      std::string::npos)
      << text;
  world.Boot();
  world.Stop();
  EXPECT_EQ(report().find("a start applies"), std::string::npos);

  files_.files["d/jetstream/A/streams/S/msgs/checkpoint"] = "rubbish";
  EXPECT_NE(Report().find("DAMAGE d/jetstream/A/streams/S/msgs/checkpoint: is no checkpoint of "
                          "this stream"),
            std::string::npos)
      << Report();
}

// Likewise of consumers, and what they have then.
TEST_F(JournalInspect, SaysWhatAStartWillMakeOfConsumers) {
  ConsumerStoreConfig consumer;
  consumer.name = "c";
  file::ConsumerOnDisk world(consumer);
  const auto report = [&] {
    files_.files.clear();
    for (const std::string& path : world.driver.disk().Files())
      files_.files["d/jetstream/" + path] = *world.driver.disk().Contents(path);
    return Report();
  };
  for (uint64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(world.store().Delivered(i, i + 10, 1, WallTime{1}).ok());
    if (i == 2) world.Checkpoint();
  }
  ASSERT_TRUE(world.store().Acked(1, 11).ok());
  consumer.max_deliver = 5;
  ASSERT_TRUE(world.store().UpdateConfig(consumer).ok());
  // In several records.
  std::string meta = file::MetaOf(consumer);
  meta.insert(meta.size() - 1, ",\"description\":\"" + std::string(9000, 'x') + "\"");
  ASSERT_TRUE(world.store().SetMeta(meta).ok());
  ASSERT_TRUE(world.store().Acked(2, 12).ok());
  world.Settle();
  world.Die(sim::CrashKind::kPowerLoss);
  const std::string text = report();
  EXPECT_NE(text.find("  consumer c: delivered 2 (stream 12), ack floor 0 (stream 0), 2 pending, 0 "
                      "redelivered\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  consumer S > c (account A): a start applies 8 records more: delivered 4 "
                      "(stream 14), ack floor 2 (stream 12), 2 pending, 0 redelivered\n"),
            std::string::npos)
      << text;
  const std::string before = files_.files["d/jetstream/A/streams/S/obs/c/o.dat"];
  world.Boot();
  EXPECT_EQ(world.store().State().ack_floor, (SequencePair{2, 12}));
  world.Stop();
  EXPECT_EQ(report().find("a start applies"), std::string::npos);

  // Batches of before, of another one or damaged, belong to nobody.
  const std::string path = "d/jetstream/A/streams/S/obs/c/o.dat";
  files_.files[path] = before.substr(0, before.size() - 1) + "?";
  EXPECT_NE(Report().find("DAMAGE " + path + " at offset 0: invalid checksum"), std::string::npos)
      << Report();
  files_.files.erase(path);
  EXPECT_NE(Report().find("DAMAGE " + path + ": is missing"), std::string::npos) << Report();
}

TEST_F(JournalInspect, SaysThatAConsumerWillGo) {
  ConsumerStoreConfig consumer;
  consumer.name = "c";
  file::ConsumerOnDisk world(consumer);
  (void)world.storage().DeleteConsumer(world.storage().ConsumersOf(world.stream()).at(0));
  ExpectWillGo(&world, "  consumer S > c (account A): was deleted, and goes\n");
}

TEST_F(JournalInspect, SaysThatAStreamWillGo) {
  ConsumerStoreConfig consumer;
  consumer.name = "c";
  file::ConsumerOnDisk world(consumer);
  (void)world.storage().DeleteStream(world.stream());
  ExpectWillGo(&world, "  stream S (account A): was deleted, and goes\n");
}

// A block that ends between two records is as whole as any: only the checkpoint says that it was
// longer, and only the journal that it went, or was written anew.
TEST_F(JournalInspect, KnowsHowLongBlocksWere) {
  ConsumerStoreConfig consumer;
  consumer.name = "c";
  file::ConsumerOnDisk world(consumer);
  file::FileStore& store = *world.storage().stream(world.stream());
  const auto add = [&](int messages) {
    for (int i = 0; i < messages; ++i)
      EXPECT_TRUE(store.Store(world.now(), "a", "", std::string(100, 'x'), 0).ok());
    world.Settle();
  };
  add(200);
  store.WantCheckpoint();
  world.Settle();
  // Most of the first block goes: it is written anew.
  for (Seq seq = 2; seq < 100; ++seq) EXPECT_TRUE(store.Remove(world.now(), seq).ok());
  world.Settle();
  world.Die(sim::CrashKind::kKill);
  for (const std::string& path : world.driver.disk().Files())
    files_.files["d/jetstream/" + path] = *world.driver.disk().Contents(path);
  const std::string msgs = "d/jetstream/A/streams/S/msgs/";
  ASSERT_LT(files_.files[msgs + "1.blk"].size(), 500u);
  EXPECT_EQ(Report().find("written"), std::string::npos) << Report();
  const uint64_t others = damages_;  // This world has no metadata.

  constexpr size_t kRecord = 22 + 1 + 100 + 8;
  std::string& block = files_.files[msgs + "5.blk"];
  ASSERT_EQ(block.size(), 30 * kRecord);
  block.resize(20 * kRecord);
  files_.files.erase(msgs + "6.blk");
  const std::string report = Report();
  EXPECT_EQ(damages_, others + 2) << report;
  EXPECT_NE(report.find("DAMAGE " + msgs + "5.blk: is 2620 bytes long; 3930 were written\n"),
            std::string::npos)
      << report;
  EXPECT_NE(report.find("DAMAGE " + msgs + "6.blk: is missing\n"), std::string::npos) << report;

  // Who cannot read all of the journal knows of less.
  std::erase_if(files_.files, [](const auto& file) { return file.first.ends_with(".seg"); });
  files_.files["d/jetstream/journal/1.seg"] = std::string(5000, 'D');
  files_.files["d/jetstream/journal/1.seg"][journal::kHeaderBytes + 1] = 'j';
  EXPECT_NE(Report().find("5.blk: is 2620 bytes long; 3930 were written, unless the journal"),
            std::string::npos)
      << Report();
  EXPECT_EQ(damages_, others + 1);
}

// What a start after a crash learns from, or not.
TEST_F(JournalInspect, NamesThePartsOfAnIndex) {
  ConsumerStoreConfig consumer;
  consumer.name = "c";
  crypto::SeededEntropy entropy{Rng(5)};
  for (const bool encrypted : {false, true}) {
    StorageOptions storage = file::TinyStorage();
    storage.limits.index.data_bytes_min = 0;
    if (encrypted) storage.encryption = {"k", "", crypto::CipherKind::kAes, &entropy};
    file::ConsumerOnDisk world(consumer, storage);
    file::FileStore& store = *world.storage().stream(world.stream());
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 40; ++i)
        EXPECT_TRUE(store.Store(world.now(), "a", "", std::string(100, 'x'), 0).ok());
      store.WantCheckpoint();
      world.Settle();
    }
    world.Die(sim::CrashKind::kPowerLoss);
    files_.files.clear();
    std::vector<std::string> parts;
    for (const std::string& path : world.driver.disk().Files()) {
      files_.files["d/jetstream/" + path] = *world.driver.disk().Contents(path);
      if (path.ends_with(".part")) parts.push_back("d/jetstream/" + path);
    }
    ASSERT_GE(parts.size(), 2u);
    Options options;
    if (encrypted) options.key = "k";
    const std::string number = std::to_string(parts.size()),
                      index = "  index for a start after a crash: ";
    const std::string whole = Report(options);
    EXPECT_NE(whole.find(index + number + " parts, "), std::string::npos) << whole;
    EXPECT_NE(whole.find(" bytes: whole\n"), std::string::npos) << whole;
    const uint64_t others = damages_;  // This world has no metadata.

    std::string& part = files_.files[parts[0]];
    part[part.size() / 2] ^= 1;
    files_.files["d/jetstream/A/streams/S/msgs/index-99.part"] = "of before";
    const std::string report = Report(options);
    EXPECT_EQ(damages_, others + 1) << report;
    EXPECT_NE(report.find("DAMAGE " + parts[0] + ": is not what the checkpoint says"),
              std::string::npos)
        << report;
    EXPECT_NE(report.find(" bytes: not used, 1 not whole\n"), std::string::npos) << report;
    EXPECT_NE(report.find("note d/jetstream/A/streams/S/msgs/index-99.part: belongs to no "
                          "checkpoint, and goes\n"),
              std::string::npos)
        << report;

    files_.files.erase(parts[0]);
    const std::string without = Report(options);
    EXPECT_EQ(damages_, others) << without;
    EXPECT_NE(without.find("note " + parts[0] + ": is missing: the blocks are read\n"),
              std::string::npos)
        << without;
  }
}

}  // namespace
}  // namespace dunlin::inspect
