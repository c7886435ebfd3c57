#include "tests/storage/journal/journal_world.h"

#include <algorithm>
#include <cstring>

#include "storage/journal/format.h"
#include "storage/journal/ring.h"

namespace dunlin::journal {
namespace {

Incarnation IncarnationOf(int asset) {
  Incarnation incarnation;
  incarnation.bytes.fill(static_cast<uint8_t>(0xa0 + asset));
  return incarnation;
}

// The record's number in the first bytes, a pattern behind.
std::vector<uint8_t> BodyOf(uint64_t id, size_t bytes) {
  std::vector<uint8_t> body(std::max<size_t>(bytes, sizeof id));
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<uint8_t>(id * 7 + i);
  std::memcpy(body.data(), &id, sizeof id);
  return body;
}

}  // namespace

JournalOptions JournalWorld::SmallOptions() {
  JournalOptions options;
  options.directory = "jetstream/journal";
  options.segment_bytes = 64 * 1024;
  options.segments_max = 4;
  options.prepare_bytes_ahead = 32 * 1024;
  options.gather_bytes_max = 64 * 1024;
  return options;
}

JournalWorld::JournalWorld(uint64_t seed, const JournalOptions& options, sim::SimDiskOptions disk)
    : options_(options), driver_(seed, disk), seed_(seed), numbers_(kAssets) {}

void JournalWorld::Violation(const std::string& what) {
  if (violations_.size() < 5) violations_.push_back(what + " (" + Describe() + ")");
}

std::string JournalWorld::Describe() const {
  return "seed " + std::to_string(seed_) + ", life " + std::to_string(life_) + ", completion " +
         std::to_string(completions_);
}

bool JournalWorld::Boot() { return Replay() && StartAll(); }

bool JournalWorld::Replay() {
  ++life_;
  damages_.clear();
  missing_.clear();
  seen_.clear();
  recovered_ = 0;
  journal_ = std::make_unique<Journal>(options_, &driver_.queue(), Rng(seed_).Fork("life", life_));
  journal_->Open();
  while (journal_->state() == Journal::State::kOpening && Run(1)) {
  }
  if (journal_->state() != Journal::State::kReplaying) return false;
  size_t next = 0;
  Recovered found;
  while (true) {
    const Progress progress = journal_->NextRecovered(&found);
    if (progress == Progress::kDone) break;
    if (progress == Progress::kFailed) return false;
    if (progress == Progress::kWait) {
      if (!Run(1)) {
        Violation("replay waits for nothing");
        return false;
      }
      continue;
    }
    TakeRecovered(found, &next);
  }
  // What did not come is gone, and must not come back.
  for (size_t i = next; i < model_.size(); ++i) {
    const Record& record = model_[i];
    if (MayBeMissing(record) || damage_ >= Damage::kReportedOrAtTheEnd) continue;
    if (damage_ == Damage::kReported) {
      missing_.push_back(record);
      continue;
    }
    Violation("lost record " + std::to_string(i) + " of " + std::to_string(model_.size()) +
              ", batch " + std::to_string(record.point.batch) + ", after " +
              (!crashed_                                 ? "a stop"
               : *crashed_ == sim::CrashKind::kPowerLoss ? "a power loss"
                                                         : "a kill"));
  }
  for (const Record& record : missing_)
    if (!IsReported(record))
      Violation("batch " + std::to_string(record.point.batch) + " is missing, and not reported");
  cut_.insert(cut_.end(), model_.begin() + static_cast<ptrdiff_t>(next), model_.end());
  model_.resize(next);
  crashed_.reset();
  return true;
}

bool JournalWorld::MayBeMissing(const Record& record) const {
  if (record.passed) return true;
  if (!crashed_) return false;
  return *crashed_ == sim::CrashKind::kPowerLoss ? !record.synced : !record.promised;
}

bool JournalWorld::IsReported(const Record& record) const {
  // What is lost may have been a copy of an older record.
  return std::any_of(damages_.begin(), damages_.end(), [&](const Recovered& damage) {
    return damage.last == 0 || record.point.batch <= damage.last;
  });
}

void JournalWorld::TakeRecovered(const Recovered& found, size_t* next) {
  if (found.what == Recovered::What::kDamage) {
    if (damage_ == Damage::kNone) Violation("reports damage: " + found.detail);
    damages_.push_back(found);
    damages_.back().body = {};
    return;
  }
  ++recovered_;
  uint64_t id = 0;
  if (found.body.size() >= sizeof id) std::memcpy(&id, found.body.data(), sizeof id);
  size_t at = *next;
  const auto is_it = [&](const Record& r) {
    return std::memcmp(r.body.data(), &id, sizeof id) == 0;
  };
  const auto rest = model_.begin() + static_cast<ptrdiff_t>(at);
  const bool is_known = std::any_of(rest, model_.end(), is_it);
  if (!is_known && damage_ == Damage::kFilesLost && std::any_of(cut_.begin(), cut_.end(), is_it))
    return;
  if (!is_known) return Violation("an unknown, doubled or misplaced record came");
  while (!is_it(model_[at])) {
    // Whatever comes behind it exists, so it must: all that may be missing here was passed.
    if (!model_[at].passed) {
      if (damage_ == Damage::kNone) Violation("a hole at record " + std::to_string(at));
      missing_.push_back(model_[at]);
      model_[at].passed = true;  // Reported once; it may not be again.
    }
    ++at;
  }
  const Record& record = model_[at];
  if (found.body.size() != record.body.size() ||
      std::memcmp(found.body.data(), record.body.data(), record.body.size()) != 0)
    Violation("a record's body changed");
  if (found.incarnation != IncarnationOf(record.asset)) Violation("a record changed its owner");
  if (found.point != record.point) Violation("a record changed its point");
  if (found.kind != record.asset + 1) Violation("a record changed its kind");
  seen_.insert(record.asset);
  *next = at + 1;
}

bool JournalWorld::StartAll() {
  for (int asset = 0; asset < kAssets; ++asset) {
    // Some have none.
    const std::string name = asset == 0 ? "" : "asset " + std::to_string(asset);
    const std::string known = journal_->NameOf(IncarnationOf(asset));
    const bool may_lack = damage_ != Damage::kNone || !seen_.contains(asset);
    if (known != name && !(known.empty() && may_lack)) Violation("a name is '" + known + "'");
    numbers_[asset] = journal_->Attach(IncarnationOf(asset), name);
  }
  // What stores know of their journal, they keep.
  if (damage_ != Damage::kNone) journal_->RaiseTo(promised_);
  journal_->Start();
  while (journal_->state() == Journal::State::kStarting && Run(1)) {
  }
  if (journal_->state() != Journal::State::kRunning) return false;
  // Recovery made durable what it found.
  promised_ = journal_->durable().through();
  for (Record& record : model_) {
    if (!journal_->durable().Covers(record.point)) Violation("durable() is behind what came");
    record.promised = record.synced = true;
  }
  return true;
}

void JournalWorld::Append(int asset, size_t bytes) {
  Record record;
  record.asset = asset;
  record.body = BodyOf(next_id_++, bytes);
  const size_t head = record.body.size() / 3;
  const std::span<const uint8_t> body(record.body);
  record.point = journal_->Append(numbers_[asset], static_cast<uint8_t>(asset + 1),
                                  body.first(head), body.subspan(head));
  if (!model_.empty() && record.point < model_.back().point) Violation("points go down");
  model_.push_back(std::move(record));
}

void JournalWorld::EndOfStep() {
  LookAtDurable();
  journal_->EndOfBatch(driver_.now().mono);
  journal_->CheckInvariants();
}

void JournalWorld::LookAtDurable() {
  const WritePoint through = journal_->durable().through();
  if (through == WritePoint{}) return;  // Stopped before it ran.
  if (through < promised_) Violation("durable() went back");
  promised_ = through;
  for (Record& record : model_) {
    if (!journal_->durable().Covers(record.point)) continue;
    record.promised = true;
    if (options_.sync == JournalOptions::Sync::kAlways) record.synced = true;
  }
}

bool JournalWorld::Run(int completions) {
  for (int i = 0; i < completions; ++i) {
    const auto done = driver_.Step();
    if (!done) return false;
    ++completions_;
    if (!journal_->OnDisk(*done)) Violation("a completion that is nobody's");
    const Journal::State state = journal_->state();
    if (state == Journal::State::kRunning || state == Journal::State::kStopping) EndOfStep();
    if (completions_ % 16 == 0) CheckSize();
  }
  return true;
}

void JournalWorld::RunAll() {
  while (Run(1)) {
  }
}

void JournalWorld::CheckSize() {
  uint64_t bytes = 0;
  for (const std::string& path : disk().Files())
    if (SegmentRing::SlotOf(path.substr(path.rfind('/') + 1)).value_or(UINT32_MAX) <
        options_.segments_max)
      bytes += disk().Contents(path)->size();
  if (bytes > options_.segments_max * options_.segment_bytes) Violation("the journal is too big");
}

void JournalWorld::Wait() {
  const Instant due = journal_->NextDeadline();
  if (due == kNever) return;
  if (due > driver_.now().mono) driver_.Advance(due - driver_.now().mono);
  journal_->OnDeadline(driver_.now().mono);
  EndOfStep();
}

void JournalWorld::Pass(int asset) {
  WritePoint point;
  for (Record& record : model_) {
    if (record.asset != asset || !record.promised) continue;
    record.passed = true;
    point = record.point;
  }
  if (point.batch != 0) journal_->Passed(numbers_[asset], point);
}

void JournalWorld::Crash(sim::CrashKind kind) {
  driver_.Crash(kind);
  journal_.reset();
  // Under Sync::kInterval a power loss after a kill takes what the kill left.
  if (!crashed_ || kind == sim::CrashKind::kPowerLoss) crashed_ = kind;
}

std::vector<JournalWorld::File> JournalWorld::Files() const {
  std::vector<File> files;
  for (const std::string& path : disk().Files()) {
    const std::string contents = *disk().Contents(path);
    const auto* bytes = reinterpret_cast<const uint8_t*>(contents.data());
    if (contents.size() < kHeaderBytes) continue;
    const auto header = DecodeHeader({bytes, kHeaderBytes});
    if (!header) continue;
    File& file = files.emplace_back();
    file.path = path;
    file.segment = header->id;
    file.seed = SegmentSeed(header->store, header->id);
    for (uint64_t at = kHeaderBytes; at + kMarkBytes <= contents.size();) {
      const auto mark = DecodeMark({bytes + at, kMarkBytes}, file.seed);
      if (!mark) break;
      const uint64_t end = RoundUp(at + kMarkBytes + mark->bytes, header->alignment);
      file.batches.push_back({at, end, mark->number, mark->records});
      at = end;
    }
    if (file.batches.empty()) files.pop_back();  // Only made ready.
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.segment < b.segment; });
  return files;
}

void JournalWorld::StopAfter(int completions) {
  ++life_;
  journal_ = std::make_unique<Journal>(options_, &driver_.queue(), Rng(seed_).Fork("life", life_));
  journal_->Open();
  Recovered found;
  for (int i = 0; i < completions; ++i) {
    Run(1);
    if (journal_->state() == Journal::State::kReplaying &&
        journal_->NextRecovered(&found) == Progress::kDone) {
      for (int asset = 0; asset < kAssets; ++asset) (void)journal_->Attach(IncarnationOf(asset));
      journal_->Start();
    }
  }
  journal_->Stop();
  RunAll();
  if (journal_->state() != Journal::State::kClosed) Violation("does not stop");
  journal_.reset();
}

void JournalWorld::Stop() {
  journal_->Stop();
  RunAll();
  if (journal_->state() != Journal::State::kClosed) return Violation("does not stop");
  LookAtDurable();
  for (Record& record : model_) {
    if (!record.promised) Violation("stopped before all was durable");
    record.synced = true;
  }
  journal_.reset();
}

}  // namespace dunlin::journal
