#include "storage/inspect/journal_inspector.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/base/hex.h"
#include "storage/asset_journal.h"
#include "storage/file/journal_record.h"
#include "storage/format/record.h"
#include "storage/journal/ring.h"

namespace dunlin::inspect {
namespace {

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

JournalInspector::JournalInspector(Files* files, const Options& options, Sink* sink, Owners* owners,
                                   ConsumerOwners* consumers, std::string directory)
    : files_(files),
      options_(options),
      sink_(sink),
      owners_(owners),
      consumers_(consumers),
      directory_(std::move(directory)) {}

void JournalInspector::Damage(const std::string& file, std::optional<uint64_t> offset,
                              std::string text) {
  ++damages_;
  sink_->OnFinding({Finding::Severity::kDamage, file, offset, std::move(text)});
}

void JournalInspector::Run() {
  const auto entries = files_->List(directory_);
  if (!entries) return;
  if (!options_.key.empty()) cipher_ = std::make_unique<crypto::JournalCipher>(options_.key);
  for (const DirEntry& entry : *entries) {
    const auto slot = journal::SegmentRing::SlotOf(entry.name);
    if (slot && !entry.is_directory) ScanSegment(directory_ + "/" + entry.name, *slot);
  }
  FindReplays(Decide());
  sink_->OnJournal(report_);
}

void JournalInspector::ScanSegment(const std::string& file, uint32_t slot) {
  std::string error;
  const auto text = files_->Read(file, &error);
  if (!text) return Damage(file, std::nullopt, error);
  const std::span<const uint8_t> bytes = AsBytes(*text);
  if (bytes.size() < journal::kHeaderBytes) return;  // Being made when the process ended.
  const auto header = journal::DecodeHeader(bytes.first(journal::kHeaderBytes));
  if (!header) {
    // Used once, batches begin with a mark: else it was never used.
    if (bytes.size() > journal::kHeaderBytes + 1 && bytes[journal::kHeaderBytes] == 'D' &&
        bytes[journal::kHeaderBytes + 1] == 'j') {
      Damage(file, 0, "has no whole header");
    }
    return;
  }
  ++report_.segments;
  report_.store = ToHex(header->store.bytes);
  segment_files_[header->id] = file;
  if (header->encrypted) {
    report_.encrypted = true;
    if (cipher_ == nullptr) return Damage(file, std::nullopt, "is encrypted, and no key was given");
    if (!cipher_->Open({header->store, header->id, 0, 0}, {}, header->key_check, nullptr)) {
      return Damage(file, std::nullopt, "is encrypted with another key");
    }
  }
  const uint32_t seed = journal::SegmentSeed(header->store, header->id);
  const uint64_t step = std::max<uint64_t>(header->alignment, 1);
  std::vector<uint8_t> scratch;
  for (uint64_t at = journal::kHeaderBytes; at + journal::kMarkBytes <= bytes.size();) {
    const auto mark = journal::DecodeMark(bytes.subspan(at, journal::kMarkBytes), seed);
    const uint64_t size = mark ? journal::kMarkBytes + uint64_t{mark->bytes} : 0;
    if (!mark || size > bytes.size() - at) {
      at += step;
      continue;
    }
    const auto records = journal::OpenBatch(*mark, bytes.data() + at, header->store, header->id,
                                            seed, cipher_.get(), &scratch);
    if (!records) {
      at += step;
      continue;
    }
    const uint64_t end = journal::RoundUp(at + size, step);
    found_.push_back({header->id, slot, at, end, *mark});
    at = end;
  }
}

std::vector<journal::FoundBatch> JournalInspector::Decide() {
  std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.segment, a.offset) < std::pair(b.segment, b.offset);
  });
  journal::Resolution resolution = journal::Resolve(std::move(found_));
  for (const journal::FoundBatch& batch : resolution.accepted) {
    ++report_.batches;
    report_.records += batch.mark.records;
    report_.bytes += batch.mark.bytes;
  }
  if (!resolution.accepted.empty()) {
    report_.first_batch = resolution.accepted.front().mark.number;
    report_.last_batch = resolution.accepted.back().mark.number;
  }
  report_.torn_tail = resolution.torn;
  for (const journal::Damage& damage : resolution.damages) {
    const auto file = segment_files_.find(damage.segment);
    Damage(file == segment_files_.end() ? directory_ : file->second, damage.offset,
           damage.first == 0 ? "the beginning of what was durable is missing"
                             : "batches " + std::to_string(damage.first) + " to " +
                                   std::to_string(damage.last) + ", which were durable, are gone");
  }
  return std::move(resolution.accepted);
}

// A second pass, a segment at a time: all of a journal may not fit into memory.
void JournalInspector::FindReplays(const std::vector<journal::FoundBatch>& batches) {
  if (owners_->empty() && consumers_->empty()) return;
  uint64_t segment = 0;
  std::optional<std::string> text;
  std::optional<journal::SegmentHeader> header;
  std::vector<uint8_t> scratch;
  for (const journal::FoundBatch& batch : batches) {
    if (!text || batch.segment != segment) {
      segment = batch.segment;
      std::string error;
      text = files_->Read(segment_files_[segment], &error);
      if (!text || text->size() < journal::kHeaderBytes) return;  // It changes under our hands.
      header = journal::DecodeHeader(AsBytes(*text).first(journal::kHeaderBytes));
    }
    if (!header || batch.end > text->size()) return;
    const uint32_t seed = journal::SegmentSeed(header->store, header->id);
    const auto records =
        journal::OpenBatch(batch.mark, AsBytes(*text).data() + batch.offset, header->store,
                           header->id, seed, cipher_.get(), &scratch);
    if (!records) return;
    journal::RecordReader reader(*records, seed);
    for (journal::RecordView record; reader.Next(&record);) TakeRecord(record);
  }
  whole_ = true;
  for (auto& [incarnation, replay] : replays_) report_.replays.push_back(std::move(replay));
  std::sort(report_.replays.begin(), report_.replays.end(), [](const Replay& a, const Replay& b) {
    return std::pair(a.account, a.stream) < std::pair(b.account, b.stream);
  });
  for (const auto& [incarnation, run] : consumer_runs_) {
    const ConsumerOwner& owner = consumers_->at(incarnation);
    const uint64_t records = run.replay.number() - owner.record;
    if (records == 0 && !run.deleted) continue;
    report_.consumers.push_back(
        {owner.account, owner.stream, owner.consumer, records, owner.ledger.State(), run.deleted});
  }
  std::sort(report_.consumers.begin(), report_.consumers.end(), [](const auto& a, const auto& b) {
    return std::tie(a.account, a.stream, a.consumer) < std::tie(b.account, b.stream, b.consumer);
  });
}

void JournalInspector::TakeRecord(const journal::RecordView& record) {
  if (record.kind == journal::kDeclare) {
    const auto incarnation = record.body.first(sizeof(Incarnation::bytes));
    std::copy(incarnation.begin(), incarnation.end(), assets_[record.asset].bytes.begin());
    return;
  }
  const bool copied = (record.flags & journal::kCopied) != 0;
  const Incarnation& incarnation = copied ? record.incarnation : assets_[record.asset];
  if (const auto owner = owners_->find(incarnation); owner != owners_->end()) {
    TakeStreamRecord(incarnation, &owner->second, record);
  } else if (const auto consumer = consumers_->find(incarnation); consumer != consumers_->end()) {
    TakeConsumerRecord(incarnation, &consumer->second, record);
  }
}

void JournalInspector::TakeConsumerRecord(const Incarnation& incarnation, ConsumerOwner* owner,
                                          const journal::RecordView& record) {
  ConsumerRun& run =
      consumer_runs_
          .try_emplace(incarnation,
                       ConsumerRun{file::ConsumerReplay(&owner->ledger, owner->record)})
          .first->second;
  if (record.kind == kAssetDeleted) {
    run.deleted = true;
    return;
  }
  const std::string problem = run.replay.Take(record.kind, record.body);
  if (!problem.empty()) Damage(owner->file, std::nullopt, problem);
}

void JournalInspector::TakeStreamRecord(const Incarnation& incarnation, Owner* owner,
                                        const journal::RecordView& record) {
  // What says so has no head.
  const bool deleted = record.kind == kAssetDeleted;
  file::JournalHead head;
  if (!deleted && (!file::DecodeJournalHead(record.body, &head) || head.number <= owner->record))
    return;
  Replay& replay = replays_[incarnation];
  replay.account = owner->account;
  replay.stream = owner->stream;
  if (deleted) {
    replay.deleted = true;
    return;
  }
  owner->lengths.Take(static_cast<file::RecordType>(record.kind), head);
  // Numbers go up by one; one that was copied is there twice.
  replay.records = std::max(replay.records, head.number - owner->record);
  if (record.kind != static_cast<uint8_t>(file::RecordType::kAppend)) return;
  const auto body = record.body.subspan(file::kJournalHeadBytes);
  format::Record message;
  const std::string_view bytes(reinterpret_cast<const char*>(body.data()), body.size());
  if (format::DecodeRecord(bytes, 0, nullptr, &message) == format::RecordDamage::kNone &&
      message.kind == format::RecordKind::kMessage) {
    replay.last_seq = std::max(replay.last_seq, message.seq);
  }
}

}  // namespace dunlin::inspect
