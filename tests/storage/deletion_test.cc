// Streams and consumers that are deleted, and made anew under the same names at once.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/format/consumer_state.h"
#include "tests/storage/crash_runs.h"
#include "tests/storage/file/consumer_world.h"
#include "tests/support/crash_story.h"

namespace dunlin {
namespace {

using file::FileConsumerStore;
using file::FileStore;
using file::MetaOf;
using sim::CrashKind;

ConsumerStoreConfig Named(std::string name) {
  ConsumerStoreConfig config;
  config.name = std::move(name);
  return config;
}
StoreConfig Stream(std::string name) {
  StoreConfig config;
  config.name = std::move(name);
  return config;
}

std::vector<std::string> FilesBelow(sim::SimDisk& disk, std::string_view folder) {
  std::vector<std::string> out;
  for (const std::string& path : disk.Files()) {
    if (path.starts_with(folder)) out.push_back(path);
  }
  return out;
}

// Deletes the stream or the consumer, makes another one under its name in the same step, and goes
// on with that. Everything of the old one says "old".
class DeletionStory : public sim::CrashStory {
 public:
  enum class What : uint8_t { kStream, kConsumer };
  DeletionStory(What what, bool again, bool stop) : what_(what), again_(again), stop_(stop) {}

  void Begin(int life, const Now& now, DiskQueue& queue, Rng rng) override {
    life_ = life;
    storage_ = std::make_unique<Storage>(file::TinyStorage(), &queue, rng);
    // Whether there is to be one is its owner's to know: it was told before the deletion.
    stream_ = storage_->AddStream("A/streams/S", Stream("S"));
    storage_->Open(now);
  }

  void Turn(const Now& now, const DiskDone* done) override {
    turned_ = now.mono;
    if (done != nullptr) storage_->OnDisk(now, *done);
    if (storage_->NextDeadline() <= now.mono) storage_->OnDeadline(now);
    if (life_ == 0 && storage_->state() == Storage::State::kRunning) Play(now);
    if (life_ > 0 && stage_looked_ == 0 && storage_->state() == Storage::State::kRunning) Look();
    storage_->EndOfStep(now);
  }
  Instant NextDeadline() const override { return Finished() ? kNever : turned_ + Micros(50); }

  bool Finished() const override {
    if (life_ > 0) return stage_looked_ != 0 && storage_->swept();
    if (stop_) return storage_->state() == Storage::State::kStopped;
    return stage_ == 5 && storage_->swept();
  }
  void Died(CrashKind) override {
    storage_.reset();
    stage_looked_ = 0;
  }

  std::string Check(sim::SimDisk& disk) override {
    for (const std::string& path : disk.Files()) {
      if (path.find("/.") != std::string::npos) return "left behind: " + path;
    }
    // Old, none or new; and not back behind what was promised.
    if (seen_ < promised_) {
      return "promised " + std::to_string(promised_) + ", there is " + std::to_string(seen_) + " " +
             text_;
    }
    return "";
  }

 private:
  // 0: nothing promised. 1: the old one is there. 2: it is gone. 3: the new one is there.
  void Promise(int what) { promised_ = std::max(promised_, what); }

  void Play(const Now& now) {
    if (stage_ == 0) {
      if (!Put(now, "old")) return;
      stage_ = 1;
    } else if (stage_ == 1 && Durable()) {
      Promise(1);
      if (what_ == What::kStream) {
        point_ = storage_->DeleteStream(stream_);
        if (again_) stream_ = storage_->AddStream("A/streams/S", Stream("S"));
      } else {
        point_ = storage_->DeleteConsumer(consumer_);
        if (again_) consumer_ = storage_->AddConsumer(stream_, Named("C"), MetaOf(Named("C")));
      }
      stage_ = 2;
    }
    if (stage_ == 2 && Durable()) {
      Promise(2);
      stage_ = again_ ? 3 : 5;
    }
    if (stage_ == 3 && Put(now, "new")) stage_ = 4;
    if (stage_ == 4 && Durable()) {
      Promise(3);
      stage_ = 5;
    }
    if (stage_ == 5 && stop_) storage_->Stop(now);
  }
  bool Durable() const { return storage_->durable().Covers(point_); }

  // True: it is done.
  bool Put(const Now& now, const std::string& text) {
    FileStore& store = *storage_->stream(stream_);
    if (store.phase() != FileStore::Phase::kRunning) return false;
    if (what_ == What::kConsumer || text == "old") {
      if (consumer_ == 0) {
        consumer_ = storage_->AddConsumer(stream_, Named("C"), MetaOf(Named("C")));
      }
      FileConsumerStore& consumer = *storage_->consumer(consumer_);
      if (consumer.phase() != FileConsumerStore::Phase::kRunning) return false;
      point_ = consumer.SetStarting(text == "old" ? 1000 : 2000).point;
      (void)consumer.Delivered(1, text == "old" ? 1001 : 2001, 1, now.wall);
    }
    if (what_ == What::kStream) {
      for (int i = 0; i < (text == "old" ? 30 : 3); ++i) {
        point_ = store.Store(now, text, "", std::string(300, 'p'), 0).point;
      }
    }
    if (text == "old") store.WantCheckpoint();
    return true;
  }

  void Look() {
    if (!storage_->consumers_ready(stream_)) return;
    FileStore& store = *storage_->stream(stream_);
    if (store.phase() != FileStore::Phase::kRunning) return;
    text_.clear();
    for (const auto& [subject, total] : TotalsOf(&store, "")) text_ += subject + " ";
    uint64_t at = 0;
    for (const uint32_t id : storage_->ConsumersOf(stream_)) {
      at = storage_->consumer(id)->State().ack_floor.stream;
      text_ += "consumer " + std::to_string(at) + " ";
    }
    if (what_ == What::kStream) {
      const bool is_old = text_.find("old") != std::string::npos || at != 0;
      const bool is_new = text_.find("new") != std::string::npos;
      seen_ = is_old && is_new ? -1 : is_new ? 3 : is_old ? (promised_ >= 2 ? -1 : 1) : 2;
      if (!is_new && !is_old && promised_ == 1 && stage_ < 2) seen_ = -1;
      if (promised_ == 1 && is_old && at != 1000) seen_ = -1;
    } else {
      const bool is_old = at == 1000;
      seen_ = at == 2000 ? 3 : is_old ? (promised_ >= 2 ? -1 : 1) : 2;
    }
    stage_looked_ = 1;
  }

  const What what_;
  const bool again_, stop_;
  std::unique_ptr<Storage> storage_;
  uint32_t stream_ = 0, consumer_ = 0;
  int life_ = 0, stage_ = 0, stage_looked_ = 0;
  int promised_ = 0, seen_ = 0;
  WritePoint point_;
  Instant turned_;
  std::string text_;
};

void Tell(const char* name, DeletionStory::What what, bool again, bool stop = false) {
  sim::ExpectSurvivesEveryCrash(
      name, [&] { return std::make_unique<DeletionStory>(what, again, stop); }, Deaths(3, 3));
}

TEST(Deletion, OfAStream) { Tell("delete", DeletionStory::What::kStream, false); }
TEST(Deletion, OfAStreamThatIsMadeAnewAtOnce) {
  Tell("delete, again", DeletionStory::What::kStream, true);
}
TEST(Deletion, OfAStreamThatIsMadeAnewAndStopped) {
  Tell("delete, again, stop", DeletionStory::What::kStream, true, true);
}
TEST(Deletion, OfAConsumer) { Tell("delete consumer", DeletionStory::What::kConsumer, false); }
TEST(Deletion, OfAConsumerThatIsMadeAnewAtOnce) {
  Tell("delete consumer, again", DeletionStory::What::kConsumer, true);
}
TEST(Deletion, OfAConsumerThatIsMadeAnewAndStopped) {
  Tell("delete consumer, again, stop", DeletionStory::What::kConsumer, true, true);
}

// reference: TestFileStoreStreamDeleteDirNotEmpty: whatever else lies in it goes along.
TEST(Deletion, LeavesNothingOfTheDirectoryBehind) {
  file::ConsumerOnDisk world(Named("C"));
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(world.storage()
                    .stream(world.stream())
                    ->Store(world.now(), "a", "", std::string(300, 'x'), 0)
                    .ok());
  }
  world.driver.disk().Put("A/streams/S/g", "OK");
  world.driver.disk().Put("A/streams/S/obs/D/deep/er", "OK");
  world.Settle();
  EXPECT_GT(FilesBelow(world.driver.disk(), "A/streams/").size(), 5u);
  (void)world.storage().DeleteStream(world.stream());
  // Somebody goes on writing there.
  for (int i = 0; i < 20; ++i) {
    world.Turn();
    for (const std::string& path : world.driver.disk().Files()) {
      if (!path.starts_with("A/streams/.") || i % 5 != 0) continue;
      world.driver.disk().Put(path.substr(0, path.find('/', 11)) + "/h", "OK");
      break;
    }
  }
  world.Settle();
  EXPECT_EQ(FilesBelow(world.driver.disk(), "A/streams/"), std::vector<std::string>{});
  EXPECT_TRUE(world.storage().swept());
}

// The disk does not let the old one go: a new one of its name has nothing of it, or is refused.
TEST(Deletion, NothingIsMadeInThePlaceOfWhatCannotBeRemoved) {
  int made = 0, refused = 0;
  for (const auto fault : {&sim::DiskFaults::space_error, &sim::DiskFaults::sync_error}) {
    for (int turns = 0; turns < 60; ++turns) {
      file::ConsumerOnDisk world(Named("C"));
      Storage& storage = world.storage();
      for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(storage.stream(world.stream())
                        ->Store(world.now(), "a", "", std::string(300, 'x'), 0)
                        .ok());
      }
      storage.stream(world.stream())->WantCheckpoint();
      world.Settle();
      (void)storage.DeleteStream(world.stream());
      const bool late = turns % 2 == 1;
      uint32_t again = late ? 0 : storage.AddStream("A/streams/S", Stream("S"));
      for (int i = 0; i < turns / 2; ++i) world.Turn();
      sim::DiskFaults faults;
      (faults.*fault) = {1'000'000, 1};
      world.driver.disk().SetFaults(faults);
      world.Settle();
      world.driver.disk().SetFaults({});
      if (storage.state() != Storage::State::kRunning) continue;  // The journal was hit.
      if (late) again = storage.AddStream("A/streams/S", Stream("S"));
      world.Settle();
      const FileStore& store = *storage.stream(again);
      if (store.phase() == FileStore::Phase::kRunning) {
        EXPECT_EQ(store.State().last_seq, 0u) << turns;
        ++made;
      } else if (!store.Failure() ||
                 store.Failure()->find("cannot be removed") != std::string::npos) {
        EXPECT_EQ(store.phase(), FileStore::Phase::kFailed) << turns;
        ++refused;
      }
      world.Stop();
    }
  }
  EXPECT_GT(made, 0);
  EXPECT_GT(refused, 0);
}

// reference: TestFileStoreNoDirectoryNotEmptyError: deleted in the middle of writing its state.
TEST(Deletion, OfConsumersThatAreBusy) {
  file::ConsumerOnDisk world(Named("C"));
  for (int i = 0; i < 100; ++i) {
    const std::string name = "delcons_" + std::to_string(i % 7);
    const uint32_t id =
        world.storage().AddConsumer(world.stream(), Named(name), MetaOf(Named(name)));
    while (world.storage().consumer(id)->phase() != FileConsumerStore::Phase::kRunning) {
      world.Turn();
    }
    for (int turn = 0; turn < i % 11; ++turn) {
      ASSERT_TRUE(world.storage().consumer(id)->SetStarting(static_cast<uint64_t>(turn)).ok());
      world.storage().consumer(id)->WantCheckpoint();
      world.Turn();
    }
    (void)world.storage().DeleteConsumer(id);
    EXPECT_EQ(world.storage().consumer(id), nullptr);
  }
  world.Settle();
  EXPECT_EQ(FilesBelow(world.driver.disk(), "A/streams/S/obs/").size(), 3u);  // Those of C.
  EXPECT_TRUE(world.storage().TakeNotices().empty());
}

}  // namespace
}  // namespace dunlin
