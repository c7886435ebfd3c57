// Block stores and consumers under load. What a stream should hold follows from its last sequence
// alone: each message's bytes from its sequence, and a fixed part of the messages is removed, each
// right after the kRemovedAfter-th later one was stored. Limits keep the streams small. What is
// done to its consumer follows from how much was done (consumer_script.h), which its state says.
//
// Half of the directories are encrypted, with another cipher in some lives, so that files change
// theirs; in half of them some streams are compressed.
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/rng.h"
#include "storage/format/meta_file.h"
#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/storage_loop.h"
#include "tests/host/kill/child.h"
#include "tests/host/kill/consumer_script.h"

namespace dunlin::kill {
namespace {

using host::StorageLoop;

constexpr Seq kRemovedAfter = 10;
constexpr int64_t kMsgsMax = 3'000;
constexpr std::string_view kConsumer = "C";

Rng Of(uint64_t stream, Seq seq) { return Rng(stream).Fork("message", seq); }
bool IsRemoved(uint64_t stream, Seq seq) { return Of(stream, seq).Fork("removed").Chance(1, 5); }
std::string SubjectOf(uint64_t stream, Seq seq) {
  return "s." + std::to_string(Of(stream, seq).Fork("subject").Below(50));
}
std::string HeaderOf(Seq seq) { return seq % 3 == 0 ? "NATS/1.0\r\nA: b\r\n\r\n" : ""; }
std::string PayloadOf(uint64_t stream, Seq seq) {
  Rng rng = Of(stream, seq);
  return std::string(rng.Chance(1, 20) ? rng.Below(9'000) : rng.Below(200),
                     static_cast<char>(rng.Next()));
}

class Child {
 public:
  explicit Child(const ChildOptions& options)
      : options_(options),
        rng_(options.life_seed),
        streams_(1 + Rng(options.directory_seed).Below(4)),
        window_(1 + rng_.Below(rng_.Chance(1, 2) ? 16 : 1'024)),
        disk_(host::OpenDisk(options.directory, host::kDiskWays[rng_.Below(4)])),
        loop_(*disk_, Options(), options.life_seed) {}

  void Run() {
    for (size_t i = 0; i < streams_.size(); ++i) {
      StoreConfig config;
      config.name = "S" + std::to_string(i);
      config.max_msgs = kMsgsMax;
      if (Fixed("compressed", i).Chance(1, 2)) config.compression = StoreCompression::kS2;
      streams_[i].id = loop_.storage().AddStream("A/streams/" + config.name, config);
    }
    loop_.storage().Open(StorageLoop::ReadClocks());
    if (!loop_.RunUntil(Storage::State::kRunning)) throw Wrong{"not running: " + Failure()};
    if (const auto notices = loop_.storage().TakeNotices(); !notices.empty()) {
      throw Wrong{"notice: " + notices[0]};
    }
    for (size_t i = 0; i < streams_.size(); ++i) {
      Verify(i);
      VerifyConsumer(i);
    }
    for (size_t i = 0; i < streams_.size(); ++i) {
      Tell("recovered " + std::to_string(i) + " " + std::to_string(streams_[i].last));
      Tell("recovered " + std::to_string(kConsumers + i) + " " +
           std::to_string(streams_[i].script->count()));
    }
    if (options_.life == Life::kLast) return Stop();
    while (true) Work();
  }

 private:
  struct Stream {
    uint32_t id = 0;
    Seq last = 0;
    uint32_t consumer = 0;
    std::unique_ptr<ConsumerScript> script;
  };
  struct Waiting {
    uint64_t owner;
    uint64_t seq;
    WritePoint point;
  };

  StorageOptions Options() {
    Rng fixed = Rng(options_.directory_seed).Fork("options");
    StorageOptions options;
    options.journal.segment_bytes = (1 + fixed.Below(4)) << 20;
    options.limits.block_bytes = (16 + fixed.Below(200)) << 10;
    options.limits.checkpoint_bytes = (64 + fixed.Below(1'000)) << 10;
    options.consumer_limits.checkpoint_bytes = (1 + fixed.Below(100)) << 10;
    if (Fixed("encrypted").Chance(1, 2)) {
      using crypto::CipherKind;
      options.encryption = {.key = "a key of this directory",
                            .previous_key = "",
                            .cipher = rng_.Chance(1, 2) ? CipherKind::kAes : CipherKind::kChaCha,
                            .entropy = &entropy_};
    }
    options.limits.index.data_bytes_min = 0;  // Small stores have an index for the next start, too.
    options.journal.depth = 1 + static_cast<uint32_t>(rng_.Below(4));
    options.journal.prepare_bytes_ahead = 1 << 20;
    options.journal.gather_bytes_max = 512 << 10;
    if (rng_.Chance(1, 3)) options.journal.access = Access::kWrite;
    return options;
  }

  // The same in all lives of the directory.
  Rng Fixed(const char* what, uint64_t i = 0) const {
    return Rng(options_.directory_seed).Fork(what, i);
  }

  ConsumerStoreConfig ConsumerConfig(size_t i) const {
    constexpr AckPolicy kPolicies[] = {AckPolicy::kExplicit, AckPolicy::kExplicit, AckPolicy::kAll,
                                       AckPolicy::kNone};
    ConsumerStoreConfig config;
    config.name = kConsumer;
    config.ack_policy = kPolicies[Fixed("policy", i).Below(4)];
    return config;
  }

  file::FileConsumerStore& Consumer(size_t i) {
    return *loop_.storage().consumer(streams_[i].consumer);
  }

  file::FileStore& Store(size_t i) { return *loop_.storage().stream(streams_[i].id); }

  std::string Failure() {
    if (const auto failure = loop_.storage().Failure()) return *failure;
    for (size_t i = 0; i < streams_.size(); ++i) {
      if (const auto failure = Store(i).Failure()) return *failure;
      if (streams_[i].consumer == 0) continue;
      if (const auto failure = Consumer(i).Failure()) return *failure;
    }
    return "it waits for nothing";
  }

  // Compares everything that is there with what should be, given the last sequence.
  void Verify(size_t i) {
    const StreamState state = Store(i).State();
    streams_[i].last = state.last_seq;
    uint64_t found = 0, wanted_below_first = 0;
    for (Seq seq = 1; seq <= state.last_seq; ++seq) {
      const bool gone = IsRemoved(i, seq);
      const bool may_be_gone = gone && seq + kRemovedAfter <= state.last_seq;
      const bool must_be_gone = gone && seq + kRemovedAfter < state.last_seq;
      if (seq < state.first_seq) {
        if (!gone) ++wanted_below_first;
        continue;
      }
      LoadMsg load;
      load.seq = seq;
      const bool there = loop_.Finish(Store(i), load) == Progress::kDone;
      const std::string what = Store(i).State().msgs == 0 ? "empty" : std::to_string(seq);
      if (there && must_be_gone) throw Wrong{Name(i) + what + " was removed, and is there"};
      if (!there && !may_be_gone) throw Wrong{Name(i) + what + " is missing: " + load.detail};
      if (!there) continue;
      ++found;
      if (load.msg.subject != SubjectOf(i, seq) || load.msg.header != HeaderOf(seq) ||
          load.msg.payload != PayloadOf(i, seq)) {
        throw Wrong{Name(i) + what + " has wrong bytes"};
      }
    }
    if (found != state.msgs) {
      throw Wrong{Name(i) + std::to_string(found) + " messages, says " +
                  std::to_string(state.msgs)};
    }
    // Only the limit takes what nobody removed: when it is reached, but for one that was removed.
    const auto most = static_cast<uint64_t>(kMsgsMax);
    if (found > most || (wanted_below_first > 0 && found + 2 < most)) {
      throw Wrong{Name(i) + std::to_string(found) + " messages, first " +
                  std::to_string(state.first_seq)};
    }
  }

  // Makes it, if it was not there; and does in memory what was done to it.
  void VerifyConsumer(size_t i) {
    Stream& stream = streams_[i];
    const ConsumerStoreConfig config = ConsumerConfig(i);
    stream.script = std::make_unique<ConsumerScript>(Fixed("consumer", i).Next(), config);
    const std::vector<uint32_t> there = loop_.storage().ConsumersOf(stream.id);
    if (there.size() > 1) throw Wrong{Name(i) + "it has several consumers"};
    if (!there.empty()) {
      stream.consumer = there[0];
      if (const auto failure = Consumer(i).Failure()) throw Wrong{*failure};
      const ConsumerState state = Consumer(i).State();
      if (!stream.script->GoTo(state)) {
        throw Wrong{Name(i) + "its consumer, delivered " +
                    std::to_string(state.delivered.consumer) + ", never was like that"};
      }
      if (state.delivered.stream > stream.last) {
        throw Wrong{Name(i) + "its consumer knows " + std::to_string(state.delivered.stream)};
      }
      return;
    }
    if (options_.life == Life::kLast) return;
    const std::string meta =
        format::EncodeConsumerMeta({}, config.name, format::ConsumerConfigJson(config));
    stream.consumer = loop_.storage().AddConsumer(stream.id, config, meta);
    while (Consumer(i).phase() != file::FileConsumerStore::Phase::kRunning) {
      if (const auto failure = Consumer(i).Failure()) throw Wrong{*failure};
      loop_.Step();
    }
  }

  // What comes next, unless it is of a message that is not stored yet.
  void Serve(size_t i) {
    Stream& stream = streams_[i];
    const ConsumerScript::Op op = stream.script->Next();
    if (op.stream_seq > stream.last) return;
    const ConsumerResult result =
        op.is_ack ? Consumer(i).Acked(op.consumer_seq, op.stream_seq)
                  : Consumer(i).Delivered(op.consumer_seq, op.stream_seq, op.deliveries, op.time);
    if (!result.ok()) throw Wrong{Name(i) + "its consumer: " + Describe(result)};
    stream.script->Done(op);
    waiting_.push_back({kConsumers + i, stream.script->count(), result.point});
  }

  static std::string Name(size_t i) { return "stream " + std::to_string(i) + ": "; }

  void Put(size_t i) {
    Stream& stream = streams_[i];
    const Seq seq = ++stream.last;
    const Now now = StorageLoop::ReadClocks();
    const StoreResult stored =
        Store(i).Store(now, SubjectOf(i, seq), HeaderOf(seq), PayloadOf(i, seq), 0);
    if (!stored.ok() || stored.seq != seq) throw Wrong{Name(i) + "does not store " + Failure()};
    WritePoint point = stored.point;
    if (seq > kRemovedAfter && IsRemoved(i, seq - kRemovedAfter)) {
      const StoreResult removed = Store(i).Remove(now, seq - kRemovedAfter);
      if (!removed.ok() && removed.error != StoreError::kNotFound) {
        throw Wrong{Name(i) + "does not remove: " + DescribeStoreError(removed.error)};
      }
      if (removed.ok()) point = removed.point;
    }
    waiting_.push_back({i, seq, point});
  }

  void Work() {
    while (waiting_.size() < window_ && !loop_.storage().full()) {
      const size_t i = rng_.Below(streams_.size());
      if (rng_.Chance(1, 3)) {
        Put(i);
      } else {
        Serve(i);
      }
      if (rng_.Chance(1, 20)) break;
    }
    loop_.Step();
    if (loop_.storage().Failure()) throw Wrong{Failure()};
    const Durable durable = loop_.storage().durable();
    std::map<uint64_t, uint64_t> acked;  // By owner.
    for (; !waiting_.empty() && durable.Covers(waiting_.front().point); waiting_.pop_front()) {
      acked[waiting_.front().owner] = waiting_.front().seq;
    }
    for (const auto& [owner, seq] : acked) {
      Tell("acked " + std::to_string(owner) + " " + std::to_string(seq));
    }
  }

  void Stop() {
    loop_.storage().Stop(StorageLoop::ReadClocks());
    if (!loop_.RunUntil(Storage::State::kStopped)) throw Wrong{"does not stop: " + Failure()};
    disk_->Drain();
    Tell("done");
  }

  const ChildOptions options_;
  Rng rng_;
  crypto::SeededEntropy entropy_{Rng(options_.life_seed).Fork("entropy")};
  std::vector<Stream> streams_;
  const size_t window_;
  std::unique_ptr<host::HostDisk> disk_;
  StorageLoop loop_;
  std::deque<Waiting> waiting_;
};

}  // namespace

int RunStoreChild(const ChildOptions& options) { return RunChild<Child>(options); }

}  // namespace dunlin::kill
