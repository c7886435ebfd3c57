#include "storage/inspect/stream_inspector.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/subject/subject.h"
#include "storage/file/checkpoint.h"
#include "storage/file/index_part.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/index_state.h"
#include "storage/format/timer_file.h"
#include "storage/inspect/block_scan.h"

namespace dunlin::inspect {
namespace {

using format::Record;
using format::RecordKind;

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string Join(std::string_view directory, std::string_view name) {
  return std::string(directory) + "/" + std::string(name);
}

// Whether the oldest messages go by their number or bytes. With discard new they stay, however many
// there are: it is asked before one is stored (file/limits.cc).
bool HasLimitsAtFront(const StoreConfig& config) {
  return config.discard == DiscardPolicy::kOld && (config.max_msgs > 0 || config.max_bytes > 0);
}

std::string Count(uint64_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

}  // namespace

StreamInspector::StreamInspector(Files* files, const Options& options, Sink* sink,
                                 std::string account, std::string directory)
    : files_(files),
      options_(options),
      sink_(sink),
      directory_(std::move(directory)),
      name_(BaseName(directory_)) {
  report_.account = std::move(account);
  report_.name = name_;
  if (!options.key.empty()) master_.emplace(options.key, report_.account);
}

void StreamInspector::Run() {
  const bool made = IsMade();
  if (made) ReadMeta();
  report_.opened = made && (!sealed_ || key_);
  sink_->OnStreamBegin(report_);
  if (!made) {
    Note(directory_, "has no metadata and no messages: it was being made when the server ended");
  }
  if (report_.opened) {
    const std::vector<uint32_t> numbers = ListBlocks();
    CollectDeleted(numbers);
    ReadIndex();
    if (report_.index != IndexStatus::kCurrent) CountTotals(numbers);
    for (const uint32_t number : numbers) CountBlock(number);
    FinishState();
    if (report_.index == IndexStatus::kCurrent && !broken_) CompareIndex();
    CheckTimers();
    CheckParts();
  }
  ReadConsumers();
  sink_->OnStream(report_);
}

void StreamInspector::Damage(const std::string& file, std::optional<uint64_t> offset,
                             std::string text) {
  ++damages_;
  sink_->OnFinding({Finding::Severity::kDamage, file, offset, std::move(text)});
}

void StreamInspector::Note(const std::string& file, std::string text) {
  sink_->OnFinding({Finding::Severity::kNote, file, std::nullopt, std::move(text)});
}

std::optional<std::string> StreamInspector::Required(const std::string& file) {
  std::string error;
  std::optional<std::string> bytes = files_->Read(file, &error);
  if (!bytes) Damage(file, std::nullopt, error.empty() ? "is missing" : error);
  return bytes;
}

std::optional<crypto::DataKey> StreamInspector::OpenKey(const std::string& file,
                                                        const std::string& bytes,
                                                        const crypto::SecretKey& key_encryption_key,
                                                        bool report) {
  for (const auto kind : {crypto::CipherKind::kChaCha, crypto::CipherKind::kAes}) {
    if (options_.cipher && *options_.cipher != kind) continue;
    auto key = crypto::OpenKeyFile(kind, key_encryption_key, bytes);
    if (key) return key;
  }
  if (report) Damage(file, std::nullopt, "does not open with this key");
  return std::nullopt;
}

std::optional<std::string> StreamInspector::OpenMeta(const std::string& directory,
                                                     const crypto::HighwayHash64& checksum,
                                                     const crypto::SecretKey* key_encryption_key,
                                                     std::optional<crypto::DataKey>* key) {
  const std::string file = Join(directory, format::kMetaFile);
  std::optional<std::string> bytes = Required(file);
  if (!bytes || !HasSum(directory, *bytes, checksum)) return std::nullopt;
  // Likewise a key that is not renamed yet.
  const std::string key_file = Join(directory, format::kMetaKeyFile);
  std::string error;
  const auto now = files_->Read(key_file, &error);
  const auto pending = files_->Read(key_file + std::string(format::kTemporarySuffix), &error);
  if (!now && (!pending || bytes->starts_with('{'))) return bytes;
  sealed_ = true;
  if (key_encryption_key == nullptr) {
    Damage(file, std::nullopt, "is encrypted, and no key was given");
    return std::nullopt;
  }
  for (const auto* const key_bytes : {&now, &pending}) {
    if (!*key_bytes) continue;
    *key = OpenKey(key_file, **key_bytes, *key_encryption_key, false);
    if (!*key) continue;
    if (auto plain = crypto::Open((*key)->kind, (*key)->seed, *bytes)) return plain;
  }
  *key = OpenKey(key_file, now ? *now : *pending, *key_encryption_key, true);
  if (*key) Damage(file, std::nullopt, "does not open with the key in meta.key");
  return std::nullopt;
}

// A start that finds meta.inf renamed and its sum not goes on where the last life was cut off
// (file/meta_files.h).
bool StreamInspector::HasSum(const std::string& directory, const std::string& meta,
                             const crypto::HighwayHash64& checksum) {
  const std::string file = Join(directory, format::kMetaSumFile);
  const std::string right = format::MetaSum(meta, checksum);
  std::string error;
  if (files_->Read(file + std::string(format::kTemporarySuffix), &error) == right) return true;
  const auto sum = Required(file);
  if (!sum || *sum == right) return true;
  Damage(Join(directory, format::kMetaFile), std::nullopt, "invalid checksum");
  return false;
}

// What was cut off before its metadata was durable was promised to nobody. There is no block then.
bool StreamInspector::IsMade() {
  std::string error;
  const bool whole = files_->Read(Join(directory_, format::kMetaFile), &error).has_value() &&
                     files_->Read(Join(directory_, format::kMetaSumFile), &error).has_value();
  const auto entries = files_->List(Join(directory_, format::kMsgsDir));
  return whole || !error.empty() ||
         (entries && std::any_of(entries->begin(), entries->end(), [](const DirEntry& entry) {
            return format::ParseBlockFile(entry.name).has_value();
          }));
}

void StreamInspector::ReadMeta() {
  std::optional<crypto::SecretKey> kek;
  if (master_) kek = master_->ForStream(name_);
  const auto plain =
      OpenMeta(directory_, format::StreamChecksum(name_), kek ? &*kek : nullptr, &key_);
  if (key_) report_.cipher = key_->kind;
  if (!plain) return;
  Result<format::StreamMeta> meta = format::DecodeStreamMeta(*plain);
  const std::string file = Join(directory_, format::kMetaFile);
  if (!meta.ok()) return Damage(file, std::nullopt, meta.error().text);
  report_.meta = std::move(meta.value());
  report_.meta_known = true;
  if (report_.meta.config.name != name_) {
    Damage(file, std::nullopt, "is of a stream named \"" + report_.meta.config.name + "\"");
  }
}

// Where messages are: in a purge that was cut off behind its tombstone, the new directory counts.
void StreamInspector::FindMessages() {
  msgs_ = Join(directory_, format::kMsgsDir);
  const std::string fresh = Join(directory_, format::kNewMsgsDir);
  if (const auto entries = files_->List(fresh)) {
    const bool counts = std::any_of(entries->begin(), entries->end(), [](const DirEntry& entry) {
      return format::ParseBlockFile(entry.name).has_value();
    });
    Note(fresh, counts ? "was left by a purge that was cut off, and counts: what is in msgs goes"
                       : "was left by a purge that was cut off, and goes");
    if (counts) msgs_ = fresh;
  }
  const std::string purged = Join(directory_, format::kPurgedDir);
  if (files_->List(purged)) Note(purged, "was left by a purge that was cut off, and goes");
}

std::vector<uint32_t> StreamInspector::ListBlocks() {
  FindMessages();
  std::vector<uint32_t> numbers;
  const auto entries = files_->List(msgs_);
  if (!entries) {
    if (!report_.meta.in_memory) Damage(msgs_, std::nullopt, "is missing");
    return numbers;
  }
  for (const DirEntry& entry : *entries) {
    if (const auto number = format::ParseBlockFile(entry.name)) {
      numbers.push_back(*number);
    } else if (entry.name.ends_with(format::kTemporarySuffix)) {
      Note(Join(msgs_, entry.name), "was left by a write that was cut off");
    }
  }
  std::sort(numbers.begin(), numbers.end());
  report_.blocks = numbers.size();
  return numbers;
}

bool StreamInspector::FindBlockKey(uint32_t number, bool report,
                                   std::optional<crypto::DataKey>* key) {
  if (!sealed_) return true;
  const std::string file = Join(msgs_, format::BlockKeyFile(number));
  std::string error;
  const auto bytes = files_->Read(file, &error);
  if (!bytes) {
    if (report) Damage(file, std::nullopt, error.empty() ? "is missing" : error);
    return false;
  }
  *key = OpenKey(file, *bytes, master_->ForBlock(name_, number), report);
  return key->has_value();
}

std::optional<std::string> StreamInspector::LoadBlock(uint32_t number, bool report,
                                                      BlockReport* block, uint64_t* last_checksum) {
  const std::string file = Join(msgs_, format::BlockFile(number));
  std::string error;
  std::optional<std::string> bytes = files_->Read(file, &error);
  std::optional<crypto::DataKey> key;
  if (!bytes || !FindBlockKey(number, report, &key)) {
    if (report && !bytes) Damage(file, std::nullopt, error.empty() ? "is missing" : error);
    broken_ = true;
    return std::nullopt;
  }
  block->number = number;
  block->file_bytes = bytes->size();
  BlockBytes unpacked = UnpackBlock(std::move(*bytes), key ? &*key : nullptr);
  if (!unpacked.damage.ok()) {
    broken_ = true;
    if (report) {
      Damage(file, unpacked.damage.offset,
             std::string(Describe(unpacked.damage.fault)) + " (compressed block)");
    }
  }
  block->compressed = unpacked.compressed;
  block->record_bytes = unpacked.records.size();
  *last_checksum = unpacked.last_checksum;
  return std::move(unpacked.records);
}

// The first pass: a tombstone may be in any block, before or behind.
void StreamInspector::CollectDeleted(const std::vector<uint32_t>& numbers) {
  for (const uint32_t number : numbers) {
    BlockReport block;
    last_block_ = number;
    last_checksum_ = 0;
    const auto records = LoadBlock(number, true, &block, &last_checksum_);
    if (records) CollectDeleted(number, *records);
  }
}

void StreamInspector::CollectDeleted(uint32_t number, const std::string& records) {
  const auto checksum = format::BlockChecksum(name_, number);
  BlockScan scan(records, &checksum);
  Record record;
  bool any = false;
  uint64_t tombstone = 0;
  WallTime tombstone_time;
  while (scan.Next(&record)) {
    if (record.kind != RecordKind::kTombstone) {
      any = any || record.seq > 0;
      continue;
    }
    deleted_.Insert(record.seq);
    if (record.seq < tombstone) continue;
    tombstone = record.seq;
    tombstone_time = record.time;
  }
  // A block of tombstones alone remembers the last sequence (reference: the same).
  if (!any && tombstone > tombstone_last_) {
    tombstone_last_ = tombstone;
    tombstone_last_time_ = tombstone_time;
  }
  const std::string file = Join(msgs_, format::BlockFile(number));
  for (const RecordGap& gap : scan.gaps()) {
    broken_ = true;
    Damage(file, gap.offset,
           std::string(Describe(gap.damage)) + "; " + Count(gap.bytes, "byte") +
               (gap.tail ? " to the end, nothing whole behind: a write that was cut off, or rot"
                         : " up to the next whole record"));
  }
}

void StreamInspector::ReadIndex() {
  const std::string file = Join(msgs_, format::kIndexFile);
  std::string error;
  const auto bytes = files_->Read(file, &error);
  if (!bytes) {
    if (!error.empty()) Damage(file, std::nullopt, error);
    return;
  }
  report_.index = IndexStatus::kDamaged;
  std::string_view content;
  const format::Damage damage =
      format::CheckIndexFile(*bytes, format::StreamChecksum(name_), &content);
  if (!damage.ok()) return Damage(file, damage.offset, Describe(damage.fault));
  std::optional<std::string> plain;
  if (key_) {
    plain = crypto::Open(key_->kind, key_->seed, content);
    if (!plain) return Damage(file, std::nullopt, "does not open with the key in meta.key");
    content = *plain;
  }
  index_ = DecodeIndex(content);
  if (!index_) return;
  const bool current =
      index_->tail.last_block == last_block_ && index_->tail.last_checksum == last_checksum_;
  report_.index = current ? IndexStatus::kCurrent : IndexStatus::kStale;
}

std::optional<StreamInspector::Index> StreamInspector::DecodeIndex(std::string_view content) {
  using Piece = format::IndexReader::Piece;
  format::IndexReader reader(content);
  Index index;
  while (true) {
    switch (reader.Next()) {
      case Piece::kSubject:
        index.subjects[std::string(reader.subject().subject)] = reader.subject().msgs;
        break;
      case Piece::kBlock: index.blocks[reader.block().number] = reader.block(); break;
      case Piece::kEnd:
        index.stream = reader.stream();
        index.tail = reader.tail();
        return index;
      case Piece::kDamaged:
        Damage(Join(msgs_, format::kIndexFile), reader.damage().offset,
               Describe(reader.damage().fault));
        return std::nullopt;
    }
  }
}

// What limits took away left no trace in the blocks: it is taken away anew (reference: the same).
// For that, what there is has to be known first. (Age is not applied: there is no clock here.)
void StreamInspector::CountTotals(const std::vector<uint32_t>& numbers) {
  const StoreConfig& config = report_.meta.config;
  if (!HasLimitsAtFront(config) && config.max_msgs_per_subject <= 0) return;
  for (const uint32_t number : numbers) {
    BlockReport block;
    uint64_t last_checksum = 0, last = 0;
    const auto records = LoadBlock(number, false, &block, &last_checksum);
    if (!records) continue;
    const auto checksum = format::BlockChecksum(name_, number);
    BlockScan scan(*records, &checksum);
    Record record;
    while (scan.Next(&record)) {
      if (record.kind == RecordKind::kTombstone || record.seq <= last) continue;
      last = record.seq;
      if (record.kind == RecordKind::kErased || deleted_.Contains(record.seq)) continue;
      ++limit_msgs_;
      limit_bytes_ += record.bytes;
      if (config.max_msgs_per_subject > 0) ++limit_subjects_[std::string(record.subject)];
    }
  }
}

bool StreamInspector::IsOverLimits(const Record& record) {
  const StoreConfig& config = report_.meta.config;
  const bool over =
      HasLimitsAtFront(config) &&
      ((config.max_msgs > 0 && limit_msgs_ > static_cast<uint64_t>(config.max_msgs)) ||
       (config.max_bytes > 0 && limit_bytes_ > static_cast<uint64_t>(config.max_bytes)));
  uint64_t* of_subject = nullptr;
  bool over_subject = false;
  if (config.max_msgs_per_subject > 0) {
    of_subject = &limit_subjects_[std::string(record.subject)];
    over_subject = *of_subject > static_cast<uint64_t>(config.max_msgs_per_subject);
  }
  if (!over && !over_subject) return false;
  --limit_msgs_;
  limit_bytes_ -= record.bytes;
  if (of_subject != nullptr) --*of_subject;
  return true;
}

bool StreamInspector::IsAlive(uint32_t block, const Record& record) {
  if (record.kind != RecordKind::kMessage) return false;
  if (report_.index != IndexStatus::kCurrent) {
    return !deleted_.Contains(record.seq) && !IsOverLimits(record);
  }
  const auto known = index_->blocks.find(block);
  return known != index_->blocks.end() && record.seq >= known->second.first_seq &&
         !known->second.deleted.Contains(record.seq);
}

void StreamInspector::CountBlock(uint32_t number) {
  BlockReport block;
  uint64_t last_checksum = 0;
  const auto records = LoadBlock(number, false, &block, &last_checksum);
  if (!records) return;
  const auto checksum = format::BlockChecksum(name_, number);
  BlockScan scan(*records, &checksum);
  StreamState& state = report_.state;
  Block& kept = blocks_[number];
  uint64_t last = 0;
  Record record;
  while (scan.Next(&record)) {
    ++block.records;
    if (record.kind == RecordKind::kTombstone) {
      ++block.tombstones;
      if (record.seq == state.last_seq) state.last_time = record.time;
      continue;
    }
    if (record.kind == RecordKind::kErased) ++block.erased;
    if (record.seq <= last) continue;  // Says nothing new.
    last = record.seq;
    if (record.seq >= state.last_seq) {
      state.last_seq = record.seq;
      state.last_time = record.time;
    }
    if (IsAlive(number, record)) CountMessage(record, &block, &kept);
  }
  sink_->OnBlock(block);
}

void StreamInspector::CountMessage(const Record& record, BlockReport* block, Block* kept) {
  if (!subject::IsValidSubject(record.subject)) {
    Damage(Join(msgs_, format::BlockFile(block->number)), record.offset,
           "a subject that is none: its length is damaged");
  }
  StreamState& state = report_.state;
  if (state.msgs == 0) {
    state.first_seq = record.seq;
    state.first_time = record.time;
  }
  if (block->msgs == 0) block->first_seq = record.seq;
  block->last_seq = record.seq;
  ++block->msgs;
  ++kept->msgs;
  ++state.msgs;
  state.bytes += record.bytes;
  kept->bytes += record.bytes;
  ++report_.subjects[std::string(record.subject)];
  if (options_.messages) sink_->OnMessage(record);
}

void StreamInspector::FinishState() {
  StreamState& state = report_.state;
  if (tombstone_last_ > state.last_seq) {
    state.last_seq = tombstone_last_;
    state.last_time = tombstone_last_time_;
  }
  if (state.msgs == 0) state.first_seq = state.last_seq + 1;
  state.num_subjects = report_.subjects.size();
  state.num_deleted = state.last_seq + 1 - state.first_seq - state.msgs;
  if (report_.index == IndexStatus::kStale && index_->stream.last_seq > state.last_seq) {
    Damage(Join(msgs_, format::kIndexFile), std::nullopt,
           "knows of sequence " + std::to_string(index_->stream.last_seq) + ", the blocks end at " +
               std::to_string(state.last_seq));
  }
}

void StreamInspector::CompareIndex() {
  const std::string file = Join(msgs_, format::kIndexFile);
  const format::IndexStream& index = index_->stream;
  StreamState& state = report_.state;
  const bool agrees = index.msgs == state.msgs && index.bytes == state.bytes &&
                      index.last_seq == state.last_seq &&
                      (state.msgs == 0 || index.first_seq == state.first_seq);
  if (!agrees) Damage(file, std::nullopt, "contradicts the blocks: messages, bytes or sequences");
  for (const auto& [number, block] : blocks_) {
    const auto known = index_->blocks.find(number);
    const bool same = known == index_->blocks.end() ? block.msgs == 0
                                                    : known->second.msgs() == block.msgs &&
                                                          known->second.bytes == block.bytes;
    if (!same) Damage(file, std::nullopt, "contradicts " + format::BlockFile(number));
  }
  for (const auto& [number, block] : index_->blocks) {
    if (block.msgs() > 0 && !blocks_.contains(number)) {
      Damage(file, std::nullopt, "knows of " + format::BlockFile(number) + ", which is missing");
    }
  }
  // A stream without subjects of its own is not tracked.
  if (!index_->subjects.empty() && index_->subjects != report_.subjects) {
    Damage(file, std::nullopt, "contradicts the blocks: messages of subjects");
  }
}

std::optional<uint64_t> StreamInspector::CountTimers(const std::string& file, bool schedules) {
  std::string error;
  const auto bytes = files_->Read(file, &error);
  if (!bytes) {
    if (!error.empty()) Damage(file, std::nullopt, error);
    return std::nullopt;
  }
  format::TimerFileReader reader(
      schedules ? format::TimerFile::kSchedules : format::TimerFile::kTtls, *bytes);
  uint64_t entries = 0;
  format::TimerEntry entry;
  while (reader.Next(&entry)) ++entries;
  if (!reader.damage().ok()) {
    Damage(file, reader.damage().offset, Describe(reader.damage().fault));
  }
  return entries;
}

void StreamInspector::CheckTimers() {
  report_.ttl_entries = CountTimers(Join(msgs_, format::kTtlFile), false);
  report_.schedule_entries = CountTimers(Join(msgs_, format::kScheduleFile), true);
}

// Of the index that a start after a crash learns from; whether there is a checkpoint that can be
// read is said by whoever looks for what the journal has.
void StreamInspector::CheckParts() {
  std::string error;
  const auto bytes = files_->Read(Join(msgs_, file::kCheckpointFile), &error);
  const auto checksum = format::StreamChecksum(name_);
  const auto checkpoint = bytes ? file::DecodeCheckpoint(*bytes, checksum) : std::nullopt;
  std::set<std::string> named;
  const auto key = key_ ? std::optional(crypto::FoundKey{*key_, true}) : std::nullopt;
  for (const file::IndexPart& part :
       checkpoint ? checkpoint->index : std::vector<file::IndexPart>{}) {
    ++report_.parts;
    report_.parts_bytes += part.bytes;
    const std::string path = Join(msgs_, file::PartFile(part.number));
    named.insert(file::PartFile(part.number));
    auto contents = files_->Read(path, &error);
    if (!contents) {
      Note(path, error.empty() ? "is missing: the blocks are read" : error);
      continue;
    }
    file::PartReader reader(*std::move(contents), part, checksum, key ? &*key : nullptr);
    auto step = file::PartReader::Step::kMore;
    while (step == file::PartReader::Step::kMore) step = reader.Work();
    if (step == file::PartReader::Step::kDone) {
      ++report_.parts_whole;
    } else if (step == file::PartReader::Step::kOtherKey) {
      Note(path, "does not open with the stream's key: the blocks are read");
    } else {
      Damage(path, std::nullopt, "is not what the checkpoint says: the blocks are read");
    }
  }
  for (const DirEntry& entry : files_->List(msgs_).value_or(std::vector<DirEntry>{})) {
    if (file::ParsePartFile(entry.name) && !named.contains(entry.name))
      Note(Join(msgs_, entry.name), "belongs to no checkpoint, and goes");
  }
}

}  // namespace dunlin::inspect
