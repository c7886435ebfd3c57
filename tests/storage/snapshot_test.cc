// Snapshots of streams: what is in them, whatever happens to the stream meanwhile.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "storage/format/consumer_state.h"
#include "storage/format/record.h"
#include "storage/format/tar.h"
#include "storage/s2/stream.h"
#include "tests/storage/crash_runs.h"
#include "tests/storage/file/consumer_world.h"
#include "tests/support/crash_story.h"

namespace dunlin {
extern int mutant_switched_on;  // engine/base/mutant.h
namespace {

using file::ConsumerOnDisk;
using file::FileStore;
using sim::CrashKind;

ConsumerStoreConfig Consumer() {
  ConsumerStoreConfig config;
  config.name = "C";
  return config;
}

constexpr std::string_view kMeta = R"({"created":"2026-11-22T00:00:00Z","name":"S"})";

struct Unpacked {
  std::map<std::string, std::string> files;
  bool whole = false;
};

Unpacked Unpack(const std::string& archive) {
  Unpacked out;
  std::string tar;
  EXPECT_EQ(s2::DecodeStream(archive, 1u << 30, &tar), s2::StreamFault::kNone);
  format::TarReader reader;
  reader.Feed(tar);
  while (true) {
    switch (reader.Next()) {
      case format::TarReader::Piece::kFile: out.files[reader.name()]; break;
      case format::TarReader::Piece::kData: out.files[reader.name()].append(reader.data()); break;
      case format::TarReader::Piece::kEnd: out.whole = true; return out;
      case format::TarReader::Piece::kNeed: return out;
      case format::TarReader::Piece::kDamaged: ADD_FAILURE() << reader.why(); return out;
    }
  }
}

// 'seq subject payload' of each message in it.
std::string MessagesIn(const Unpacked& unpacked) {
  std::map<uint64_t, std::string> all;
  for (const auto& [name, bytes] : unpacked.files) {
    if (!name.starts_with("msgs/")) continue;
    format::RecordReader reader(bytes, nullptr);
    format::Record record;
    while (reader.Next(&record)) {
      if (record.kind != format::RecordKind::kMessage) continue;
      all[record.seq] = std::to_string(record.seq) + " " + std::string(record.subject) + " " +
                        std::string(record.payload.substr(0, 4)) + "\n";
    }
    EXPECT_TRUE(reader.at_end()) << name;
  }
  std::string out;
  for (const auto& [seq, text] : all) out += text;
  return out;
}

class SnapshotTest : public testing::Test {
 protected:
  explicit SnapshotTest(StorageOptions options = file::TinyStorage())
      : world(Consumer(), std::move(options)) {}

  FileStore& store() { return *world.storage().stream(world.stream()); }
  void Put(int count, const std::string& text = "p") {
    for (int i = 0; i < count; ++i) {
      world.driver.Advance(Millis(1));
      ASSERT_TRUE(store().Store(world.now(), "s." + std::to_string(i % 5), "", text, 0).ok());
      if (i % 20 == 0) world.Settle();
    }
    world.Settle();
  }
  uint32_t Begin() {
    return world.storage().BeginSnapshot(world.stream(), std::string(kMeta),
                                         Storage::WithConsumers::kYes);
  }
  // Reads on; true: to the end.
  bool Read(uint32_t id, std::string* out, int calls = 100'000) {
    for (int i = 0; i < calls; ++i) {
      const Progress progress = world.storage().ReadSnapshot(world.now(), id, out);
      if (progress == Progress::kDone) return true;
      if (progress == Progress::kFailed) {
        ADD_FAILURE() << world.storage().snapshot(id)->failure();
        return false;
      }
      if (progress == Progress::kWait) world.Turn();
    }
    return false;
  }
  static std::string Messages(const Unpacked& unpacked) { return MessagesIn(unpacked); }
  std::string Messages() {
    std::string out;
    for (Seq seq = store().State().first_seq; seq <= store().State().last_seq;) {
      LoadMatch load;
      load.from = seq;
      const Progress progress = store().Run(load);
      if (progress == Progress::kMore || progress == Progress::kWait) {
        world.Turn();
        continue;
      }
      if (progress == Progress::kFailed) break;
      out += std::to_string(load.msg.seq) + " " + std::string(load.msg.subject) + " " +
             std::string(load.msg.payload.substr(0, 4)) + "\n";
      seq = load.msg.seq + 1;
    }
    return out;
  }

  ConsumerOnDisk world;
};

TEST_F(SnapshotTest, HasMetadataMessagesAndConsumers) {
  Put(60, std::string(300, 'x'));
  ASSERT_TRUE(world.store().Delivered(1, 7, 1, world.now().wall).ok());
  ASSERT_TRUE(store().Remove(world.now(), 1).ok());
  ASSERT_TRUE(store().Remove(world.now(), 33).ok());
  const std::string messages = Messages();
  const uint32_t id = Begin();
  std::string archive;
  ASSERT_TRUE(Read(id, &archive));
  const Unpacked unpacked = Unpack(archive);
  EXPECT_TRUE(unpacked.whole);
  EXPECT_EQ(unpacked.files.at("meta.inf"), kMeta);
  EXPECT_EQ(unpacked.files.at("meta.sum").size(), 16u);
  EXPECT_EQ(unpacked.files.at("obs/C/meta.inf"), file::MetaOf(Consumer()));
  ConsumerState state;
  ASSERT_TRUE(format::DecodeConsumerState(unpacked.files.at("obs/C/o.dat"), &state).ok());
  EXPECT_EQ(state.delivered, (SequencePair{1, 7}));
  EXPECT_EQ(Messages(unpacked), messages);
  EXPECT_EQ(world.storage().snapshot(id)->state(), store().State());
  world.storage().EndSnapshot(id);
}

// Everything that can happen to a stream happens while a snapshot is being read, a bit at a time.
TEST_F(SnapshotTest, IsOfOneMoment) {
  Put(200, std::string(300, 'x'));
  for (Seq seq = 3; seq < 200; seq += 7) {
    ASSERT_TRUE(store().Remove(world.now(), seq).ok());
  }
  ASSERT_TRUE(world.store().Delivered(1, 7, 1, world.now().wall).ok());
  world.Settle();
  const std::string messages = Messages();
  const uint32_t id = Begin();
  std::string archive;
  while (!store().pinned().ready) world.Turn();
  for (int round = 0; round < 12; ++round) {
    ASSERT_FALSE(Read(id, &archive, 2));
    switch (round) {
      case 0: Put(10, "later"); break;
      case 1: ASSERT_TRUE(world.store().Delivered(2, 9, 1, world.now().wall).ok()); break;
      case 2: ASSERT_TRUE(store().Erase(world.now(), 151).ok()); break;
      case 3:
        for (Seq seq = 100; seq < 150; ++seq) (void)store().Remove(world.now(), seq);
        break;
      case 5: {
        Compact compact;
        compact.seq = 170;
        while (store().Run(world.now(), compact) != Progress::kDone) world.Turn();
        break;
      }
      case 7: {
        Truncate truncate;
        truncate.seq = 190;
        while (store().Run(world.now(), truncate) != Progress::kDone) world.Turn();
        break;
      }
      case 8: {
        Purge purge;
        while (store().Run(world.now(), purge) != Progress::kDone) world.Turn();
        break;
      }
      default: Put(5, "last"); break;
    }
    store().WantCheckpoint();
    world.Settle();
  }
  ASSERT_TRUE(Read(id, &archive));
  const Unpacked unpacked = Unpack(archive);
  EXPECT_EQ(Messages(unpacked), messages);
  ConsumerState state;
  ASSERT_TRUE(format::DecodeConsumerState(unpacked.files.at("obs/C/o.dat"), &state).ok());
  EXPECT_EQ(state.delivered, (SequencePair{1, 7}));
  world.storage().EndSnapshot(id);
  world.Settle();
  // What was kept for it goes.
  const std::string now = Messages();
  store().WantCheckpoint();
  world.Settle();
  size_t blocks = 0;
  for (const std::string& path : world.driver.disk().Files()) blocks += path.ends_with(".blk");
  EXPECT_LE(blocks, 3u);
  EXPECT_EQ(Messages(), now);
  world.Die(sim::CrashKind::kPowerLoss);
  world.Boot();
  EXPECT_EQ(Messages(), now);
}

class SnapshotMutant : public SnapshotTest {
 protected:
  ~SnapshotMutant() override { mutant_switched_on = 0; }
};

// Planted bug 215 (row 66): what is removed while a snapshot is read is not in it.
TEST_F(SnapshotMutant, LeavesOutWhatIsRemovedMeanwhile) {
  Put(60, std::string(300, 'x'));
  for (const int mutant : {0, 215}) {
    mutant_switched_on = mutant;
    const std::string messages = Messages();
    const uint32_t id = Begin();
    while (!store().pinned().ready) world.Turn();
    ASSERT_TRUE(store().Remove(world.now(), mutant == 0 ? 30 : 31).ok());
    std::string archive;
    ASSERT_TRUE(Read(id, &archive));
    EXPECT_EQ(MessagesIn(Unpack(archive)) == messages, mutant == 0);
    world.storage().EndSnapshot(id);
    world.Settle();
  }
}

// What the archive holds, in the directory of a stream, is that stream.
TEST_F(SnapshotTest, OpensAgainAsItWas) {
  Put(120, std::string(300, 'x'));
  const auto look = [&] {
    const StreamState state = store().State();
    const uint32_t id = Begin();
    std::string archive;
    ASSERT_TRUE(Read(id, &archive));
    world.storage().EndSnapshot(id);
    sim::DiskDriver driver(9);
    for (const auto& [name, bytes] : Unpack(archive).files) {
      driver.disk().Put("A/streams/S/" + name, bytes);
    }
    Storage copy(file::TinyStorage(), &driver.queue(), Rng(3));
    StoreConfig config;
    config.name = "S";
    const uint32_t stream = copy.AddStream("A/streams/S", config);
    copy.Open(driver.now());
    for (int i = 0; i < 100'000 && copy.state() != Storage::State::kRunning; ++i) {
      if (const auto done = driver.Step()) copy.OnDisk(driver.now(), *done);
      copy.EndOfStep(driver.now());
    }
    ASSERT_EQ(copy.state(), Storage::State::kRunning);
    // There is no index.db: who starts on it cannot know that it is a snapshot.
    EXPECT_EQ(copy.TakeNotices(),
              std::vector<std::string>{"stream 'S', msgs, offset 0: " + std::string(kBlocksAlone)});
    EXPECT_EQ(copy.stream(stream)->State(), state);
    ASSERT_EQ(copy.ConsumersOf(stream).size(), 1u);
    EXPECT_EQ(copy.consumer(copy.ConsumersOf(stream)[0])->State(), world.store().State());
    driver.Crash(sim::CrashKind::kKill);
  };
  look();
  for (Seq seq = 1; seq <= 40; ++seq) ASSERT_TRUE(store().Remove(world.now(), seq).ok());
  ASSERT_TRUE(world.store().Delivered(1, 7, 1, WallTime{1'700'000'000'000'000'000}).ok());
  world.Settle();
  look();
  for (Seq seq = 41; seq <= 120; seq += 3) ASSERT_TRUE(store().Remove(world.now(), seq).ok());
  ASSERT_TRUE(store().Remove(world.now(), 120).ok());
  store().WantCheckpoint();
  world.Settle();
  look();
  Purge purge;
  while (store().Run(world.now(), purge) != Progress::kDone) world.Turn();
  world.Settle();
  look();
}

class LargeSnapshotTest : public SnapshotTest {
 protected:
  LargeSnapshotTest() : SnapshotTest(StorageOptions()) {}
};

// What comes behind damage is looked for some places at a time.
TEST_F(LargeSnapshotTest, LooksBehindDamageSomeBytesAtATime) {
  constexpr size_t kBytes = 400'000;
  Put(1, std::string(kBytes, 'x'));
  Put(1);
  const uint32_t id = Begin();
  const std::string path = "A/streams/S/msgs/1.blk";
  for (int i = 0; i < 1'000 && !world.driver.disk().Contents(path); ++i) world.Turn();
  world.Settle();
  std::string bytes = *world.driver.disk().Contents(path);
  ASSERT_GT(bytes.size(), kBytes);
  bytes[kBytes] = 'y';
  world.driver.disk().Put(path, bytes);
  std::string archive;
  Progress progress = Progress::kMore;
  size_t calls = 0;
  for (; progress != Progress::kFailed && calls < 10'000; ++calls) {
    progress = world.storage().ReadSnapshot(world.now(), id, &archive);
    if (progress == Progress::kWait) world.Turn();
  }
  EXPECT_EQ(world.storage().snapshot(id)->failure(),
            "stream 'S', block 1, offset 0: invalid checksum");
  // A call looks at 256 KiB; to look at a place costs sixteen bytes.
  EXPECT_GE(calls, kBytes * 16 / (256u << 10));
}

class EncryptedSnapshotTest : public SnapshotTest {
 protected:
  EncryptedSnapshotTest() : SnapshotTest(Encrypted()) {}

  static StorageOptions Encrypted() {
    static crypto::SeededEntropy entropy{Rng(5)};
    StorageOptions options = file::TinyStorage();
    options.encryption = {"key", "", crypto::CipherKind::kAes, &entropy};
    return options;
  }
};

TEST_F(EncryptedSnapshotTest, IsPlain) {
  Put(60, std::string(300, 'x'));
  const std::string messages = Messages();
  const uint32_t id = Begin();
  std::string archive;
  ASSERT_TRUE(Read(id, &archive));
  const Unpacked unpacked = Unpack(archive);
  EXPECT_EQ(Messages(unpacked), messages);
  EXPECT_EQ(unpacked.files.at("obs/C/meta.inf"), file::MetaOf(Consumer()));
  world.storage().EndSnapshot(id);
}

TEST_F(SnapshotTest, OnlyOneAtATimeUntilItIsOver) {
  Put(5);
  const uint32_t first = Begin();
  EXPECT_NE(first, 0u);
  EXPECT_EQ(Begin(), 0u);
  world.storage().EndSnapshot(first);
  const uint32_t second = Begin();
  EXPECT_NE(second, 0u);
  std::string archive;
  EXPECT_TRUE(Read(second, &archive));
  world.storage().EndSnapshot(second);
}

TEST_F(SnapshotTest, OfAnEmptyStreamSaysWhereItGoesOn) {
  Put(5);
  Purge purge;
  while (store().Run(world.now(), purge) != Progress::kDone) world.Turn();
  world.Settle();
  const uint32_t id = Begin();
  std::string archive;
  ASSERT_TRUE(Read(id, &archive));
  world.storage().EndSnapshot(id);
  const Unpacked unpacked = Unpack(archive);
  EXPECT_EQ(Messages(unpacked), "");
  uint64_t last = 0;
  for (const auto& [name, bytes] : unpacked.files) {
    if (!name.starts_with("msgs/")) continue;
    format::RecordReader reader(bytes, nullptr);
    format::Record record;
    while (reader.Next(&record)) last = record.seq;
  }
  EXPECT_EQ(last, 5u);
}

TEST_F(SnapshotTest, EndsWithItsStream) {
  Put(60, std::string(300, 'x'));
  const uint32_t id = Begin();
  std::string archive;
  ASSERT_FALSE(Read(id, &archive, 8));
  (void)world.storage().DeleteStream(world.stream());
  EXPECT_EQ(world.storage().ReadSnapshot(world.now(), id, &archive), Progress::kFailed);
  world.Settle();
  EXPECT_TRUE(world.storage().swept());
  world.storage().EndSnapshot(id);
  EXPECT_EQ(world.storage().snapshot(id), nullptr);
}

TEST_F(SnapshotTest, DoesNotHoldUpACleanStop) {
  Put(60, std::string(300, 'x'));
  const uint32_t id = Begin();
  std::string archive;
  ASSERT_FALSE(Read(id, &archive, 8));
  const std::string messages = Messages();
  world.Stop();
  world.Boot();
  EXPECT_EQ(Messages(), messages);
}

// A snapshot is read, a piece a turn, while the stream changes, and the process dies anywhere. The
// stream is what it was promised to be, nothing that was kept for the snapshot stays behind, and
// the next one is whole.
class SnapshotStory : public sim::CrashStory {
 public:
  void Begin(int life, const Now& now, DiskQueue& queue, Rng rng) override {
    life_ = life;
    storage_ = std::make_unique<Storage>(file::TinyStorage(), &queue, rng);
    StoreConfig config;
    config.name = "S";
    stream_ = storage_->AddStream("A/streams/S", config);
    storage_->Open(now);
    snapshot_ = 0;
    archive_.clear();
    found_.clear();
    next_ = 0;
    stage_ = Stage::kBegin;
  }

  void Turn(const Now& now, const DiskDone* done) override {
    turned_ = now.mono;
    if (done != nullptr) storage_->OnDisk(now, *done);
    if (storage_->NextDeadline() <= now.mono) storage_->OnDeadline(now);
    if (storage_->state() == Storage::State::kRunning) life_ == 0 ? Play(now) : Look(now);
    storage_->EndOfStep(now);
    while (life_ == 0 && promised_ < points_.size() &&
           storage_->durable().Covers(points_[promised_])) {
      ++promised_;
    }
  }
  Instant NextDeadline() const override { return Finished() ? kNever : turned_ + Micros(50); }
  bool Finished() const override {
    return stage_ == Stage::kOver && storage_->stream(stream_)->idle() &&
           (life_ > 0 || promised_ == points_.size());
  }
  void Died(CrashKind) override { storage_.reset(); }

  std::string Check(sim::SimDisk& disk) override {
    for (const std::string& notice : storage_->TakeNotices()) return "notice: " + notice;
    size_t blocks = 0;
    for (const std::string& path : disk.Files()) {
      if (path.ends_with(".tmp")) return "left behind: " + path;
      blocks += path.ends_with(".blk");
    }
    if (blocks > storage_->stream(stream_)->index().blocks.size()) return "blocks are left behind";
    if (MessagesIn(Unpack(archive_)) != found_) return "the next snapshot is another stream";
    for (size_t i = promised_; i < states_.size(); ++i) {
      if (found_ == states_[i]) return "";
    }
    return "promised " + std::to_string(promised_) + " steps (" + states_[promised_] +
           "), there is " + found_;
  }

 private:
  enum class Stage : uint8_t { kBegin, kReading, kOver };

  FileStore& store() { return *storage_->stream(stream_); }
  void Note(WritePoint point) {
    points_.push_back(point);
    std::string state;
    for (const auto& [seq, text] : messages_) state += text;
    states_.push_back(std::move(state));
  }
  void Put(const Now& now, const char* subject, int count) {
    for (int i = 0; i < count; ++i) {
      const StoreResult stored = store().Store(now, subject, "", std::string(300, 'x'), 0);
      messages_[stored.seq] = std::to_string(stored.seq) + " " + subject + " xxxx\n";
      if (i + 1 == count) Note(stored.point);
    }
  }
  void Take(const Now& now, Seq seq, bool erase) {
    const StoreResult taken = erase ? store().Erase(now, seq) : store().Remove(now, seq);
    messages_.erase(seq);
    Note(taken.point);
  }

  void Play(const Now& now) {
    if (stage_ == Stage::kOver) return;
    if (stage_ == Stage::kBegin) {
      Put(now, "a", 24);
      store().WantCheckpoint();
      snapshot_ = storage_->BeginSnapshot(stream_, std::string(kMeta), Storage::WithConsumers::kNo);
      stage_ = Stage::kReading;
    }
    switch (++turns_) {
      case 10: Put(now, "b", 3); break;
      case 15: Take(now, 3, false); break;
      case 20: Take(now, 14, true); break;
      case 25:
        for (Seq seq = 4; seq <= 13; ++seq) Take(now, seq, false);
        store().WantCheckpoint();
        break;
      default: break;
    }
    if (snapshot_ != 0) Read(now);
    if (snapshot_ == 0 && turns_ > 30) stage_ = Stage::kOver;
  }

  // The next piece; the last one ends it.
  void Read(const Now& now) {
    const Progress progress = storage_->ReadSnapshot(now, snapshot_, &archive_);
    if (progress == Progress::kMore || progress == Progress::kWait) return;
    EXPECT_EQ(progress, Progress::kDone) << storage_->snapshot(snapshot_)->failure();
    storage_->EndSnapshot(snapshot_);
    snapshot_ = 0;
  }

  void Look(const Now& now) {
    if (stage_ == Stage::kOver) return;
    if (stage_ == Stage::kReading) {
      Read(now);
      if (snapshot_ == 0) stage_ = Stage::kOver;
      return;
    }
    if (store().phase() != FileStore::Phase::kRunning || !store().idle()) return;
    const StreamState state = store().State();
    for (next_ = std::max(next_, state.first_seq); next_ <= state.last_seq;) {
      LoadMatch load;
      load.from = next_;
      const Progress progress = store().Run(load);
      if (progress == Progress::kMore || progress == Progress::kWait) return;
      if (progress == Progress::kFailed) break;
      found_ += std::to_string(load.msg.seq) + " " + std::string(load.msg.subject) + " " +
                std::string(load.msg.payload.substr(0, 4)) + "\n";
      next_ = load.msg.seq + 1;
    }
    snapshot_ = storage_->BeginSnapshot(stream_, std::string(kMeta), Storage::WithConsumers::kNo);
    stage_ = Stage::kReading;
  }

  std::unique_ptr<Storage> storage_;
  uint32_t stream_ = 0, snapshot_ = 0;
  int life_ = 0, turns_ = 0;
  Stage stage_ = Stage::kBegin;
  Instant turned_;
  std::map<Seq, std::string> messages_;  // As they should be now.
  std::vector<std::string> states_{""};  // Before each step, and after the last one.
  std::vector<WritePoint> points_;
  size_t promised_ = 0;
  std::string archive_, found_;
  Seq next_ = 0;
};

TEST(SnapshotCrash, WhileItIsRead) {
  sim::ExpectSurvivesEveryCrash(
      "snapshot", [] { return std::make_unique<SnapshotStory>(); }, Deaths(2, 1));
}

}  // namespace
}  // namespace dunlin
