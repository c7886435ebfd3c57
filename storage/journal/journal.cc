#include "storage/journal/journal.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/journal/assets.h"
#include "storage/journal/copier.h"
#include "storage/journal/format.h"
#include "storage/journal/poison.h"
#include "storage/journal/recovery.h"
#include "storage/journal/rewriter.h"
#include "storage/journal/ring.h"
#include "storage/journal/writer.h"

namespace dunlin {
namespace {

// Quiet for so long, and a witness is written for the last batch.
constexpr Duration kWitnessAfter = Seconds(1);
// A disk that was full is asked again.
constexpr Duration kGrowthRetry = Seconds(1);
// A life's batch numbers start so far above all that were seen: those that a power loss took
// unseen (Sync::kInterval) are never given out again.
constexpr uint64_t kLifeStride = uint64_t{1} << 32;
// More than there are starts between two that could read everything.
constexpr uint64_t kUnreadLivesMax = 1u << 16;

}  // namespace

class Journal::Impl {
 public:
  Impl(const JournalOptions& options, DiskQueue* disk, Rng rng)
      : options_(options),
        disk_(disk),
        rng_(rng),
        ring_(options_, disk, &poison_),
        writer_(options_, disk, &ring_, &assets_, &poison_),
        copier_(options_, disk, &ring_, &assets_, &writer_, &poison_),
        recovery_(options_, disk, &ring_, &assets_, &poison_),
        rewriter_(disk, &ring_, &poison_) {
    CHECK(options_.segments_max >= 3 && options_.segments_max < journal::SegmentRing::kSlotsMax);
    CHECK(options_.segment_bytes % kDirectAlignment == 0);
    CHECK(options_.segment_bytes >= 16 * kDirectAlignment);
    CHECK(options_.depth >= 1 && options_.depth <= 4);
    CHECK(options_.sync == JournalOptions::Sync::kAlways || options_.access == Access::kWrite);
  }

  State state() const {
    return poison_.set() && state_ != State::kClosed ? State::kFailed : state_;
  }

  void Open() {
    CHECK(state_ == State::kClosed && !poison_.set());
    state_ = State::kOpening;
    recovery_.Begin();
  }
  void Start();
  void EndOfBatch(Instant now);
  bool OnDisk(const DiskDone& done);
  void OnDeadline(Instant now);
  Instant NextDeadline() const;
  void Stop();
  bool full() const;
  bool stuck() const;
  WritePoint Wanted() const;
  void CheckInvariants() const;

  const JournalOptions options_;
  DiskQueue* const disk_;
  Rng rng_;
  journal::Poison poison_;
  journal::AssetTable assets_;
  journal::SegmentRing ring_;
  journal::Writer writer_;
  journal::Copier copier_;
  journal::Recovery recovery_;
  journal::Rewriter rewriter_;
  State state_ = State::kClosed;
  uint64_t raised_to_ = 0;
  uint64_t sync_through_ = 0;  // Without waiting for the interval.

 private:
  void SyncRecovered();
  void StartWriting();
  void Synced(const DiskDone& done);
  void FreeSegments();
  void Advance();
  void Announce();
  bool WaitsForRoom() const { return ring_.growth_failed() && writer_.LacksRoom(); }
  bool LacksWitness() const;
  void CloseFiles();

  std::vector<DiskTicket> syncs_;   // kStarting: of what was recovered.
  std::vector<DiskTicket> closes_;  // kStopping.
  bool started_ = false;            // The writer has.
  bool closing_ = false;
  Instant now_;
  Instant sync_at_ = kNever, witness_at_ = kNever, grow_at_ = kNever;
};

void Journal::Impl::Start() {
  CHECK(state_ == State::kReplaying && recovery_.done());
  assets_.ForgetUnattached();
  state_ = State::kStarting;
  const journal::Recovery::Outcome& found = recovery_.outcome();
  if (found.empty) {
    Incarnation store;
    for (uint8_t& byte : store.bytes) byte = static_cast<uint8_t>(rng_.Next());
    ring_.SetStore(store);
  }
  ring_.Start(found.tail_goes_on);
  // What was found was visible, which is not to say that it is durable: before anything builds on
  // it, it is.
  if (!MUTANT(122)) rewriter_.Begin(found.unproven);
  if (!rewriter_.busy()) SyncRecovered();
}

void Journal::Impl::SyncRecovered() {
  // Mutant 122: it is not durable.
  if (!MUTANT(122)) {
    for (const uint32_t slot : ring_.live()) syncs_.push_back(disk_->Sync(ring_[slot].file));
  }
  syncs_.push_back(disk_->SyncDir(options_.directory));
}

void Journal::Impl::Synced(const DiskDone& done) {
  if (!done.ok()) poison_.Set("syncing what was recovered", done);
  if (!syncs_.empty()) return;
  if (state_ == State::kStarting && !poison_.set())
    StartWriting();
  else
    Advance();
}

// A first batch without records makes this life known, so that no later one takes its numbers, and
// witnesses what was recovered.
void Journal::Impl::StartWriting() {
  const journal::Recovery::Outcome& found = recovery_.outcome();
  journal::Writer::Life life;
  life.last = found.last;
  life.number = std::max(found.number_seen, raised_to_) + kLifeStride;
  // Lives that cannot be read now, and may be some day, were before this one.
  const uint64_t lives = found.unread ? kUnreadLivesMax : 1;
  life.id = ((found.life_seen >> 32) + lives) << 32 | (rng_.Next() & UINT32_MAX);
  writer_.Start(life);
  started_ = true;
  FreeSegments();
  // Its last block could give space back, if there was any, and nothing else.
  if (!writer_.FitsWitness() && ring_.Available() == 0) ring_.LeaveTail();
  // What was just given back may be used behind this life's first batch, not for it.
  if (ring_.tail() == journal::SegmentRing::kNone &&
      (ring_.Available() == 0 || ring_.SwitchAwaits() >= life.number))
    ring_.AddExtra();
  writer_.SealNow(journal::Writer::Seal::kWitness);
  Advance();
}

bool Journal::Impl::OnDisk(const DiskDone& done) {
  if (std::erase(syncs_, done.ticket) > 0) {
    Synced(done);
    return true;
  }
  if (std::erase(closes_, done.ticket) > 0) {
    if (closes_.empty() && closing_) state_ = State::kClosed;
    return true;
  }
  if (rewriter_.OnDisk(done)) {
    if (state_ == State::kStarting && !rewriter_.busy() && !poison_.set()) SyncRecovered();
    Advance();
    return true;
  }
  const bool is_ours =
      recovery_.OnDisk(done) || ring_.OnDisk(done) || writer_.OnDisk(done) || copier_.OnDisk(done);
  if (!is_ours) return false;
  if (state_ == State::kOpening && recovery_.ready()) state_ = State::kReplaying;
  if (state_ == State::kStarting && started_) {
    if (WaitsForRoom())
      poison_.Set(ring_.WhyNoGrowth() + ": a segment needs " +
                  std::to_string(options_.segment_bytes) + " bytes");
    if (options_.sync == JournalOptions::Sync::kInterval) writer_.SyncNow();
    if (!poison_.set() && writer_.idle() && writer_.durable() == writer_.synced())
      state_ = State::kRunning;
  }
  Advance();
  return true;
}

// Whatever can go on by itself, does.
void Journal::Impl::Advance() {
  if (state_ < State::kStarting || !syncs_.empty() || closing_) return;
  if (!poison_.set() && started_) {
    if (state_ == State::kRunning && copier_.Work()) FreeSegments();
    if (writer_.synced() < sync_through_ && writer_.durable() >= sync_through_) writer_.SyncNow();
    writer_.Submit();
    ring_.Pump(writer_.synced(), writer_.WaitingSlot(), writer_.WaitingEnd());
    writer_.Submit();
  }
  if (state_ == State::kStopping) CloseFiles();
}

void Journal::Impl::FreeSegments() {
  while (ring_.live().size() > 1 && assets_.Users(ring_.live().front()) == 0) {
    // The tail of the last life may be done with while there is none of this one.
    if (ring_.live().front() == ring_.tail()) return;
    // What goes there is not written yet: a file that was given back waits for a batch behind it.
    if (writer_.WaitingSlot() == ring_.live().front() && !MUTANT(252)) return;
    if (copier_.busy()) return;
    copier_.Cancel();
    ring_.FreeOldest(writer_.open_number());
  }
}

// Space that was given back may be used when a batch says so and is synced. If nobody writes one,
// or nobody syncs it, and there is no other space, it is done here.
void Journal::Impl::Announce() {
  const uint64_t awaited = ring_.AwaitedBatch(writer_.synced());
  if (awaited == 0) return;
  if (awaited >= writer_.open_number() && !writer_.has_gathered() && writer_.MayStart())
    writer_.SealNow(journal::Writer::Seal::kWitness);
  if (options_.sync == JournalOptions::Sync::kInterval && awaited <= writer_.durable())
    writer_.SyncNow();
}

// A batch that no later one calls durable; or a segment that was given back, and counts as needed
// until a batch does not name it: it may be sealed with a key that is on its way out.
bool Journal::Impl::LacksWitness() const {
  // It is not worth the last segment, nor one that the disk has no room for.
  if (!writer_.FitsWitness() && ring_.Available() == 0) return false;
  return writer_.LacksWitness() ||
         (writer_.named_head() < ring_.head_id() && writer_.TailRoom() > 0);
}

void Journal::Impl::EndOfBatch(Instant now) {
  now_ = now;
  if ((state_ != State::kRunning && state_ != State::kStopping) || closing_) return;
  if (poison_.set()) return Advance();
  FreeSegments();
  Announce();
  if (writer_.MayStart()) writer_.SealNow(journal::Writer::Seal::kGathered);
  Advance();
  if (options_.sync == JournalOptions::Sync::kInterval && sync_at_ == kNever &&
      writer_.durable() > writer_.synced())
    sync_at_ = now + options_.sync_interval;
  witness_at_ = LacksWitness() ? now + kWitnessAfter : kNever;
  if (ring_.growth_failed() && grow_at_ == kNever) grow_at_ = now + kGrowthRetry;
}

Instant Journal::Impl::NextDeadline() const {
  if (state() != State::kRunning) return kNever;
  return std::min({sync_at_, witness_at_, grow_at_});
}

void Journal::Impl::OnDeadline(Instant now) {
  now_ = now;
  if (state() != State::kRunning) return;
  if (now >= sync_at_) {
    sync_at_ = kNever;
    writer_.SyncNow();
  }
  if (now >= witness_at_) {
    witness_at_ = kNever;
    if (writer_.idle() && writer_.synced() == writer_.durable())
      writer_.SealNow(journal::Writer::Seal::kWitness);
  }
  if (now >= grow_at_) {
    grow_at_ = kNever;
    ring_.RetryGrowth();
  }
  Advance();
}

bool Journal::Impl::full() const {
  if (poison_.set()) return true;
  return !ring_.AnyAvailable() || WaitsForRoom() ||
         writer_.pending_bytes() > options_.gather_bytes_max;
}

bool Journal::Impl::stuck() const {
  return state() == State::kRunning && WaitsForRoom() && writer_.in_flight() == 0;
}

WritePoint Journal::Impl::Wanted() const {
  const std::vector<uint32_t>& live = ring_.live();
  if (live.size() < 2) return {};
  // Whoever is asked pays for files of its own, however little it has in here: with many of them
  // each is asked once for so many bytes, and not sooner.
  const uint64_t share = assets_.Users(live.front()) * options_.wanted_bytes_per_asset;
  const uint64_t few = (share + options_.segment_bytes - 1) / options_.segment_bytes;
  if (live.size() < std::min<uint64_t>(few, (options_.segments_max + 1) / 2)) return {};
  return {std::min(ring_[live.front()].last_batch, writer_.durable())};
}

void Journal::Impl::Stop() {
  CHECK(state_ != State::kClosed && state_ != State::kStopping);
  const bool was_running = state_ == State::kRunning;
  state_ = State::kStopping;
  if (was_running && !poison_.set()) FreeSegments();
  if (was_running) writer_.SealNow(journal::Writer::Seal::kGathered);
  Advance();
}

void Journal::Impl::CloseFiles() {
  if (closing_) return;
  if (WaitsForRoom() && writer_.in_flight() == 0)
    poison_.Set(ring_.WhyNoGrowth() + ": what was gathered cannot be written");
  if (!poison_.set() && started_) {
    if (!writer_.idle()) return;
    if (options_.sync == JournalOptions::Sync::kInterval && writer_.synced() < writer_.durable())
      return writer_.SyncNow();
    if (LacksWitness()) {
      writer_.SealNow(journal::Writer::Seal::kWitness);
      return writer_.Submit();
    }
  }
  if (ring_.busy() || recovery_.busy() || rewriter_.busy() || copier_.busy() ||
      writer_.in_flight() > 0 || writer_.syncing())
    return;
  closing_ = true;
  for (uint32_t slot = 0; slot < ring_.slots(); ++slot)
    if (ring_[slot].file.value != 0) closes_.push_back(disk_->Close(ring_[slot].file));
  for (const FileId file : recovery_.TakeFiles()) closes_.push_back(disk_->Close(file));
  if (closes_.empty()) state_ = State::kClosed;
}

void Journal::Impl::CheckInvariants() const {
  assets_.CheckInvariants();
  ring_.CheckInvariants();
  writer_.CheckInvariants();
}

Journal::Journal(const JournalOptions& options, DiskQueue* disk, Rng rng)
    : impl_(std::make_unique<Impl>(options, disk, rng)) {}
Journal::~Journal() = default;

Journal::State Journal::state() const { return impl_->state(); }
std::optional<std::string> Journal::Failure() const { return impl_->poison_.text; }
void Journal::Open() { impl_->Open(); }

Progress Journal::NextRecovered(Recovered* found) {
  if (state() == State::kFailed) return Progress::kFailed;
  CHECK(impl_->state_ == State::kReplaying);
  return impl_->recovery_.Next(found);
}

AssetNumber Journal::Attach(const Incarnation& incarnation, std::string_view name) {
  CHECK(impl_->state_ >= State::kReplaying);
  const uint32_t asset = impl_->assets_.FindOrAdd(incarnation);
  impl_->assets_.Attach(asset);
  if (!name.empty()) impl_->assets_.SetName(asset, name.substr(0, journal::kNameBytesMax));
  return {asset};
}

AssetNumber Journal::AssetOf(const Incarnation& incarnation) const {
  return {impl_->assets_.Find(incarnation)};
}

std::string Journal::NameOf(const Incarnation& incarnation) const {
  const uint32_t asset = impl_->assets_.Find(incarnation);
  return asset == journal::AssetTable::kNone ? "" : impl_->assets_.name(asset);
}

std::vector<Incarnation> Journal::Unattached() const { return impl_->assets_.Unattached(); }

bool Journal::WasEmpty() const { return impl_->recovery_.outcome().last == 0; }

void Journal::Start() { impl_->Start(); }

void Journal::RaiseTo(WritePoint point) {
  CHECK(impl_->state_ == State::kReplaying);
  impl_->raised_to_ = std::max(impl_->raised_to_, point.batch);
}

WritePoint Journal::Append(AssetNumber asset, uint8_t kind, std::span<const uint8_t> body) {
  return Append(asset, kind, {}, body);
}

WritePoint Journal::Append(AssetNumber asset, uint8_t kind, std::span<const uint8_t> head,
                           std::span<const uint8_t> body) {
  if (impl_->poison_.set() || impl_->state_ == State::kStopping) return kNeverDurable;
  CHECK(impl_->state_ == State::kRunning);
  CHECK(kind < journal::kOwnKinds && impl_->assets_.IsAttached(asset.value));
  return {impl_->writer_.Append(asset.value, kind, head, body)};
}

WritePoint Journal::AppendLast(AssetNumber asset, uint8_t kind) {
  const WritePoint point = Append(asset, kind, {}, {});
  if (point != kNeverDurable) impl_->assets_.Pass(asset.value, point.batch - 1);
  return point;
}

void Journal::SyncSoon(WritePoint point) {
  if (point != kNeverDurable) impl_->sync_through_ = std::max(impl_->sync_through_, point.batch);
}

uint64_t Journal::record_bytes_max() const { return impl_->writer_.record_bytes_max(); }
void Journal::EndOfBatch(Instant now) { impl_->EndOfBatch(now); }
bool Journal::OnDisk(const DiskDone& done) { return impl_->OnDisk(done); }
Durable Journal::durable() const { return Durable({impl_->writer_.durable()}); }
Synced Journal::synced() const { return Synced({impl_->writer_.synced()}); }
WritePoint Journal::next_point() const { return {impl_->writer_.open_number()}; }
bool Journal::full() const { return impl_->full(); }
bool Journal::stuck() const { return impl_->stuck(); }
Instant Journal::NextDeadline() const { return impl_->NextDeadline(); }
void Journal::OnDeadline(Instant now) { impl_->OnDeadline(now); }

void Journal::Passed(AssetNumber asset, WritePoint point) {
  CHECK(impl_->assets_.IsAttached(asset.value));
  CHECK(durable().Covers(point));
  impl_->assets_.Pass(asset.value, point.batch);
}

void Journal::Forget(AssetNumber asset) {
  CHECK(impl_->assets_.IsAttached(asset.value));
  impl_->assets_.Forget(asset.value);
}

WritePoint Journal::Wanted() const { return impl_->Wanted(); }

void Journal::Laggards(std::vector<AssetNumber>* out, size_t max) const {
  if (impl_->ring_.live().empty()) return;
  impl_->assets_.VisitUsers(impl_->ring_.live().front(), max,
                            [&](uint32_t asset) { out->push_back({asset}); });
}

void Journal::Stop() { impl_->Stop(); }

JournalStats Journal::stats() const {
  const journal::Recovery::Outcome& found = impl_->recovery_.outcome();
  JournalStats stats;
  stats.batches = impl_->writer_.batches();
  stats.records = impl_->writer_.records_appended();
  stats.bytes = impl_->writer_.bytes_sealed();
  stats.recovered_records = found.records;
  stats.recovered_bytes = found.bytes;
  stats.damages = found.damages;
  stats.torn_tail = found.torn;
  stats.copied = impl_->copier_.copied();
  stats.segments = static_cast<uint32_t>(impl_->ring_.live().size());
  stats.in_flight = impl_->writer_.in_flight();
  return stats;
}

void Journal::CheckInvariants() const { impl_->CheckInvariants(); }

}  // namespace dunlin
