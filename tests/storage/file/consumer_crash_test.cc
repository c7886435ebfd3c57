// A consumer dies at every point of a story, and once more while it recovers.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/format/consumer_state.h"
#include "tests/storage/crash_runs.h"
#include "tests/storage/file/consumer_world.h"
#include "tests/support/crash_story.h"

namespace dunlin::file {
namespace {

constexpr WallTime At(int64_t seconds) { return {(1'700'000'000 + seconds) * 1'000'000'000}; }

using Step = std::function<WritePoint(FileConsumerStore&)>;
using Script = std::vector<Step>;

Step Deliver(uint64_t consumer_seq, uint64_t stream_seq, uint64_t count = 1) {
  return [=](FileConsumerStore& store) {
    return store.Delivered(consumer_seq, stream_seq, count, At(static_cast<int64_t>(consumer_seq)))
        .point;
  };
}
Step Ack(uint64_t consumer_seq, uint64_t stream_seq) {
  return [=](FileConsumerStore& store) { return store.Acked(consumer_seq, stream_seq).point; };
}
Step Checkpoint() {
  return [](FileConsumerStore& store) {
    store.WantCheckpoint();
    return WritePoint{};
  };
}
Step Meta(std::string description) {
  return [=](FileConsumerStore& store) {
    ConsumerStoreConfig config = store.config();
    config.max_deliver = static_cast<int64_t>(description.size());
    (void)store.UpdateConfig(config);
    std::string meta = MetaOf(config);
    meta.insert(meta.size() - 1, ",\"description\":\"" + description + "\"");
    return store.SetMeta(std::move(meta)).point;
  };
}

// What there is to see of it.
std::string Print(const FileConsumerStore& store) {
  return format::EncodeConsumerState(store.State(), At(0)) + "/" + store.meta() + "/" +
         std::to_string(store.config().max_deliver) + (store.HasState() ? "" : " no state");
}

class ConsumerStory : public sim::CrashStory {
 public:
  ConsumerStory(Script script, bool stop) : script_(std::move(script)), stop_(stop) {}

  void Begin(int life, const Now& now, DiskQueue& queue, Rng rng) override {
    life_ = life;
    storage_ = std::make_unique<Storage>(TinyStorage(), &queue, rng);
    StoreConfig stream;
    stream.name = "S";
    stream_ = storage_->AddStream("A/streams/S", stream);
    storage_->Open(now);
    consumer_ = 0;
  }

  void Turn(const Now& now, const DiskDone* done) override {
    turned_ = now.mono;
    if (done != nullptr) storage_->OnDisk(now, *done);
    if (storage_->NextDeadline() <= now.mono) storage_->OnDeadline(now);
    if (life_ == 0 && storage_->state() == Storage::State::kRunning) Play(now);
    storage_->EndOfStep(now);
  }
  Instant NextDeadline() const override { return Finished() ? kNever : turned_ + Micros(50); }

  bool Finished() const override {
    if (life_ > 0) return storage_->state() == Storage::State::kRunning;
    if (stop_) return storage_->state() == Storage::State::kStopped;
    return made_ && points_.size() == script_.size() && promised_ == points_.size();
  }
  void Died(sim::CrashKind) override { storage_.reset(); }

  std::string Check(sim::SimDisk&) override {
    for (const std::string& notice : storage_->TakeNotices()) return "notice: " + notice;
    const std::vector<uint32_t> found = storage_->ConsumersOf(stream_);
    if (found.empty()) return made_ ? "the consumer is gone" : "";
    if (found.size() > 1) return "there are two";
    const FileConsumerStore& store = *storage_->consumer(found[0]);
    if (store.phase() != FileConsumerStore::Phase::kRunning) {
      return store.Failure().value_or("it does not run");
    }
    const std::string print = Print(store);
    if (seen_.empty()) return "";
    for (size_t i = promised_; i < seen_.size(); ++i) {
      if (seen_[i] == print) return "";
    }
    return "promised " + std::to_string(promised_) + " of " + std::to_string(seen_.size() - 1) +
           " steps; there is something else";
  }

 private:
  void Play(const Now& now) {
    if (consumer_ == 0) {
      ConsumerStoreConfig config;
      config.name = "C";
      consumer_ = storage_->AddConsumer(stream_, config, MetaOf(config));
    }
    FileConsumerStore& store = *storage_->consumer(consumer_);
    if (store.phase() != FileConsumerStore::Phase::kRunning) return;
    if (!made_) seen_.push_back(Print(store));
    made_ = true;
    while (promised_ < points_.size() && storage_->durable().Covers(points_[promised_])) {
      ++promised_;
    }
    for (int i = 0; i < 2 && points_.size() < script_.size(); ++i) {
      points_.push_back(script_[points_.size()](store));
      seen_.push_back(Print(store));
    }
    if (stop_ && promised_ == script_.size()) storage_->Stop(now);
  }

  const Script script_;
  const bool stop_;
  std::unique_ptr<Storage> storage_;
  uint32_t stream_ = 0, consumer_ = 0;
  int life_ = 0;
  Instant turned_;
  bool made_ = false;               // It was there, running: it must be there for ever.
  std::vector<WritePoint> points_;  // Of each step that was done.
  std::vector<std::string> seen_;   // What was there before each step, and after the last one.
  size_t promised_ = 0;             // Steps whose points were durable.
};

void Tell(const char* name, const Script& script, bool stop = false) {
  sim::ExpectSurvivesEveryCrash(
      name, [&] { return std::make_unique<ConsumerStory>(script, stop); }, Deaths(3, 2));
}

TEST(FileConsumerCrash, DeliveringAndAcknowledging) {
  Tell("consumer", {Deliver(1, 1), Deliver(2, 3), Checkpoint(), Ack(1, 1), Deliver(3, 4),
                    Deliver(4, 3, 2), Checkpoint(), Ack(3, 4), Deliver(5, 9), Ack(2, 3)});
}
TEST(FileConsumerCrash, CheckpointsInTheMiddle) {
  Tell("checkpoints", {Deliver(1, 1), Checkpoint(), Deliver(2, 2), Checkpoint(), Deliver(3, 3),
                       Checkpoint(), Ack(2, 2), Checkpoint(), Ack(1, 1), Checkpoint()});
}
TEST(FileConsumerCrash, ChangingItsConfiguration) {
  Tell("meta", {Meta("a"), Deliver(1, 1), Checkpoint(), Meta(std::string(9000, 'b')),
                Deliver(2, 1, 3), Meta("ccc"), Checkpoint(), Deliver(3, 1, 4), Deliver(4, 2)});
}
TEST(FileConsumerCrash, TakingOverAState) {
  ConsumerState state;
  state.delivered = {3000, 3000};
  state.ack_floor = {100, 100};
  for (uint64_t seq = 101; seq <= 1500; ++seq) state.pending.push_back({seq, seq, At(9)});
  const auto update = [state](FileConsumerStore& store) { return store.Update(state).point; };
  const auto starting = [](FileConsumerStore& store) { return store.SetStarting(22).point; };
  const auto reset = [](FileConsumerStore& store) { return store.Reset(7).point; };
  Tell("state", {starting, Deliver(1, 23), update, Ack(101, 101), Checkpoint(), Ack(102, 102),
                 reset, Deliver(1, 8), Checkpoint(), Deliver(2, 9)});
}
TEST(FileConsumerCrash, Stopping) {
  Tell("stop", {Deliver(1, 1), Deliver(2, 2), Checkpoint(), Ack(1, 1), Meta("x")}, true);
}

}  // namespace
}  // namespace dunlin::file
