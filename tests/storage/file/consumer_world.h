// A stream and a consumer of it on a simulated disk, over their lives: the whole of Storage.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/disk/disk_driver.h"
#include "storage/format/meta_file.h"
#include "storage/storage.h"

namespace dunlin::file {

inline StorageOptions TinyStorage() {
  StorageOptions options;
  options.journal.segment_bytes = 64u << 10;
  options.journal.segments_max = 3;
  options.journal.prepare_bytes_ahead = 16u << 10;
  options.limits.block_bytes = 4000;
  options.consumer_limits.record_bytes = 4000;
  return options;
}

inline std::string MetaOf(const ConsumerStoreConfig& config) {
  return format::EncodeConsumerMeta(WallTime{1'700'000'000'000'000'000}, config.name,
                                    format::ConsumerConfigJson(config));
}

class ConsumerOnDisk {
 public:
  explicit ConsumerOnDisk(ConsumerStoreConfig config, StorageOptions options = TinyStorage(),
                          uint64_t seed = 1)
      : driver(seed), options(std::move(options)), config_(std::move(config)) {
    Boot();
  }

  Now now() const { return driver.now(); }
  Storage& storage() { return *storage_; }
  FileConsumerStore& store() { return *storage_->consumer(consumer_); }
  uint32_t stream() const { return stream_; }

  bool Turn() {
    const auto done = driver.Step();
    if (done) storage_->OnDisk(now(), *done);
    if (storage_->NextDeadline() <= now().mono) storage_->OnDeadline(now());
    storage_->EndOfStep(now());
    return done.has_value();
  }
  void Settle() {
    storage_->EndOfStep(now());
    for (int quiet = 0; quiet < 3;) quiet = Turn() ? 0 : quiet + 1;
  }
  void Checkpoint() {
    store().WantCheckpoint();
    Settle();
  }
  // A clean stop.
  void Stop() {
    Settle();
    storage_->Stop(now());
    Settle();
    EXPECT_EQ(storage_->state(), Storage::State::kStopped);
    storage_.reset();
  }
  void Die(sim::CrashKind kind, uint64_t variant = 0) {
    driver.Crash(kind, variant);
    storage_.reset();
  }

  // The consumer is made if it is not there. 'turns': only so many, whatever has come about by
  // then.
  void Boot(int turns = 100'000) {
    storage_ = std::make_unique<Storage>(options, &driver.queue(), rng_.Fork("life", ++lives_));
    StoreConfig stream;
    stream.name = "S";
    stream_ = storage_->AddStream("A/streams/S", stream);
    storage_->Open(now());
    for (int i = 0; i < turns && storage_->state() != Storage::State::kRunning; ++i) {
      if (storage_->state() == Storage::State::kFailed) break;
      Turn();
    }
    if (turns < 100'000) {
      for (int i = 0; i < turns; ++i) Turn();
      return;
    }
    ASSERT_EQ(storage_->state(), Storage::State::kRunning) << storage_->Failure().value_or("");
    const std::vector<uint32_t> found = storage_->ConsumersOf(stream_);
    if (!found.empty()) {
      consumer_ = found[0];
    } else {
      consumer_ = storage_->AddConsumer(stream_, config_, MetaOf(config_));
      Settle();
    }
    ASSERT_EQ(store().phase(), FileConsumerStore::Phase::kRunning)
        << store().Failure().value_or("");
    for (std::string& notice : storage_->TakeNotices()) notices.push_back(std::move(notice));
  }

  sim::DiskDriver driver;
  StorageOptions options;            // Of the next life.
  std::vector<std::string> notices;  // Of all openings.

 private:
  const ConsumerStoreConfig config_;
  Rng rng_{7};
  uint64_t lives_ = 0;
  std::unique_ptr<Storage> storage_;
  uint32_t stream_ = 0, consumer_ = 0;
};

}  // namespace dunlin::file
