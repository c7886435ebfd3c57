#include "storage/journal/recovery.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace dunlin::journal {
namespace {

// The header, and what tells whether anything ever followed it.
constexpr size_t kLookBytes = kHeaderBytes + kDirectAlignment;
constexpr int kAttempts = 3;

bool IsZero(const uint8_t* bytes, size_t size) {
  return std::all_of(bytes, bytes + size, [](uint8_t b) { return b == 0; });
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

Recovery::Recovery(const JournalOptions& options, DiskQueue* disk, SegmentRing* ring,
                   AssetTable* assets, Poison* poison)
    : options_(options),
      disk_(disk),
      ring_(ring),
      assets_(assets),
      poison_(poison),
      reader_(disk) {}

void Recovery::Begin() {
  step_ = Step::kDirectory;
  directory_ops_.push_back(disk_->MakeDir(options_.directory));
  for (std::string path = options_.directory; !path.empty();) {
    path = ParentOf(path);
    directory_ops_.push_back(disk_->SyncDir(path, directory_ops_.back()));
  }
  list_ = disk_->List(options_.directory, directory_ops_.back());
  waiting_ = directory_ops_.size() + 1;
}

bool Recovery::OnDisk(const DiskDone& done) {
  if (reader_.OnDisk(done)) {
    if (reader_.busy() || poison_->set()) return true;
    if (step_ == Step::kScan)
      Scan();
    else if (step_ == Step::kCopies)
      LoadCopies();
    return true;
  }
  if (std::erase(directory_ops_, done.ticket) > 0) {
    --waiting_;
    if (!done.ok()) poison_->Set("making " + options_.directory, done);
    return true;
  }
  if (list_.value != 0 && done.ticket == list_) {
    list_ = {};
    --waiting_;
    OnList(done);
    return true;
  }
  const auto file = std::find_if(files_.begin(), files_.end(),
                                 [&](const File& f) { return f.ticket == done.ticket; });
  if (file == files_.end()) return false;
  file->ticket = {};
  --waiting_;
  if (step_ == Step::kFiles) {
    if (!done.ok()) poison_->Set("opening " + ring_->NameOf(file->slot), done);
    file->length = done.size;
    file->is_open = done.ok();
    if (waiting_ > 0 || poison_->set()) return true;
    step_ = Step::kHeaders;
    for (File& f : files_) {
      f.header.Grow(kLookBytes, 0);
      std::memset(f.header.data(), 0, kLookBytes);
      f.ticket = disk_->Read(f.file, 0, f.header.data(), kLookBytes);
      ++waiting_;
    }
  } else {
    if (!done.ok() && ++file->attempts < 2 * kAttempts) {
      // What lies behind the header is read again with the batches, and may be missing.
      file->header_only = file->attempts >= kAttempts;
      std::memset(file->header.data(), 0, kLookBytes);
      file->ticket = disk_->Read(file->file, 0, file->header.data(),
                                 file->header_only ? kHeaderBytes : kLookBytes);
      ++waiting_;
      return true;
    }
    // Its segment would be taken for one that is not there, and overwritten.
    if (!done.ok()) poison_->Set("reading " + ring_->NameOf(file->slot), done);
    if (waiting_ == 0 && !poison_->set()) HeadersRead();
  }
  return true;
}

void Recovery::OnList(const DiskDone& done) {
  if (!done.ok()) {
    poison_->Set("listing " + options_.directory, done);
    return;
  }
  for (const DirEntry& entry : done.entries) {
    const auto slot = SegmentRing::SlotOf(entry.name);
    if (!slot || entry.is_directory) continue;  // Not ours: left alone.
    File& file = files_.emplace_back();
    file.slot = *slot;
    file.file = disk_->NewFile();
    file.ticket =
        disk_->Open(file.file, ring_->NameOf(*slot), options_.access, Creation::kExisting);
    ++waiting_;
  }
  step_ = Step::kFiles;
  if (files_.empty()) HeadersRead();
}

// False: the file says nothing.
bool Recovery::JudgeHeader(File* file) {
  const uint8_t* bytes = file->header.data();
  file->decoded = DecodeHeader({bytes, kHeaderBytes});
  if (file->decoded) return true;
  // Damaged, or never used: batches start with a mark.
  const bool is_mark = bytes[kHeaderBytes] == 'D' && bytes[kHeaderBytes + 1] == 'j';
  const bool was_used = file->header_only ? !IsZero(bytes, kHeaderBytes) : is_mark;
  if (was_used) headless_.push_back({0, 0, 0, 0, 0, file->slot});
  return false;
}

void Recovery::HeadersRead() {
  const File* first = nullptr;
  uint64_t id_seen = 0;
  for (File& file : files_) {
    if (!JudgeHeader(&file)) continue;
    const SegmentHeader& header = *file.decoded;
    if (first == nullptr) first = &file;
    if (header.store != first->decoded->store) {
      poison_->Set(ring_->NameOf(file.slot) + " and " + ring_->NameOf(first->slot) +
                   " belong to different stores");
      return;
    }
    if (header.encrypted) {
      if (options_.cipher == nullptr) {
        poison_->Set(ring_->NameOf(file.slot) + " is encrypted, and there is no key");
        return;
      }
      file.locked =
          !options_.cipher->Open({header.store, header.id, 0, 0}, {}, header.key_check, nullptr);
    }
    file.seed = SegmentSeed(header.store, header.id);
    id_seen = std::max(id_seen, header.id);
  }
  outcome_.empty = first == nullptr;
  if (first != nullptr) ring_->SetStore(first->decoded->store);
  DropDoubles();
  ring_->RaiseIds(id_seen);
  step_ = Step::kScan;
  Scan();
}

// Orders the files by what they hold. One that holds what another one does was swapped in by
// somebody; what it held before is missed when the batches are joined.
void Recovery::DropDoubles() {
  const auto id = [](const File& f) { return f.decoded ? f.decoded->id : 0; };
  std::stable_sort(files_.begin(), files_.end(), [&](const File& a, const File& b) {
    return id(a) != id(b) ? id(a) < id(b) : a.slot < b.slot;
  });
  for (size_t i = files_.size(); i-- > 1;)
    if (id(files_[i]) == id(files_[i - 1])) files_[i].decoded.reset();
}

void Recovery::Scan() {
  while (at_file_ < files_.size()) {
    File& file = files_[at_file_];
    if (file.decoded && !file.locked) {
      if (!file_started_) {
        reader_.Start(file.file, file.length);
        at_ = kHeaderBytes;
        file_started_ = true;
      }
      if (!ScanFile(&file)) return;
      file.unreadable = reader_.unreadable().has_value();
      file.begun |= reader_.unreadable() == kHeaderBytes;
    }
    file_started_ = false;
    ++at_file_;
  }
  Decide();
}

// False: goes on after a read.
bool Recovery::ScanFile(File* file) {
  const uint64_t step = file->decoded->alignment;
  while (at_ + kMarkBytes <= file->length) {
    const uint8_t* bytes = reader_.Get(at_, kMarkBytes);
    if (bytes == nullptr) return false;
    const auto mark = DecodeMark({bytes, kMarkBytes}, file->seed);
    file->begun |= at_ == kHeaderBytes && mark;
    const uint64_t size = mark ? kMarkBytes + uint64_t{mark->bytes} : 0;
    if (!mark || size > file->length - at_) {
      at_ += step;
      continue;
    }
    bytes = reader_.Get(at_, size);
    if (bytes == nullptr) return false;
    FoundBatch batch{file->decoded->id, file->slot, at_, RoundUp(at_ + size, step), *mark};
    if (!OpenBatch(*mark, bytes, ring_->store(), file->decoded->id, file->seed, options_.cipher,
                   &scratch_)) {
      broken_ = batch;
      at_ += step;
      continue;
    }
    at_ = batch.end;
    found_.push_back(batch);
  }
  return true;
}

void Recovery::Decide() {
  Resolution resolution = Resolve(std::move(found_));
  found_ = {};
  if (!LeaveLocked(resolution.head)) return;
  accepted_ = std::move(resolution.accepted);
  damages_ = resolution.damages;
  for (const Damage& damage : headless_) damages_.insert(damages_.begin(), damage);
  outcome_.number_seen = std::max(resolution.number_seen, broken_.mark.number);
  outcome_.life_seen = std::max(resolution.life_seen, broken_.mark.life);
  outcome_.unread =
      std::any_of(files_.begin(), files_.end(), [](const File& file) { return file.unreadable; });
  outcome_.last = accepted_.empty() ? 0 : accepted_.back().mark.number;
  outcome_.torn =
      resolution.torn || (broken_.mark.number > outcome_.last &&
                          (accepted_.empty() || broken_.mark.life >= accepted_.back().mark.life));
  AdoptFiles();
  FindUnproven();
  outcome_.damages = damages_.size();
  step_ = Step::kCopies;
  LoadCopies();
}

// What is encrypted with a key before the previous one may only be what nobody needs any more:
// segments before the oldest live one. They are used again, like any other.
bool Recovery::LeaveLocked(uint64_t head) {
  for (File& file : files_) {
    if (!file.decoded || !file.locked) continue;
    if (head == 0 || file.decoded->id >= head) {
      poison_->Set(ring_->NameOf(file.slot) + " is encrypted with another key");
      return false;
    }
    file.decoded.reset();
  }
  return true;
}

// Whether the segment would get such a header today: what goes on in it can be read with its key.
bool Recovery::SealedAsToday(const SegmentHeader& header) const {
  if (header.encrypted != (options_.cipher != nullptr)) return false;
  if (!header.encrypted) return true;
  std::array<uint8_t, 16> today{};
  options_.cipher->Seal({header.store, header.id, 0, 0}, {}, {}, today.data());
  return today == header.key_check;
}

void Recovery::AdoptFiles() {
  for (File& file : files_) {
    Segment& segment = ring_->Adopt(file.slot);
    segment.file = file.file;
    file.is_open = false;
    segment.length =
        std::min(file.length / kDirectAlignment * kDirectAlignment, options_.segment_bytes);
    if (!file.decoded) continue;
    segment.id = file.decoded->id;
    segment.seed = file.seed;
    segment.alignment = file.decoded->alignment;
    segment.name_is_durable = true;  // Nothing is headed before it is.
  }
  for (size_t i = 0; i < accepted_.size(); ++i) {
    const FoundBatch& batch = accepted_[i];
    if (i == 0 || accepted_[i - 1].slot != batch.slot) ring_->AddLive(batch.slot);
    Segment& segment = (*ring_)[batch.slot];
    if (batch.offset > segment.end) segment.gaps.push_back({segment.end, batch.offset});
    segment.end = batch.end;
    segment.last_batch = batch.mark.number;
  }
  if (accepted_.empty()) {
    // Nor is one of which nothing can be read an empty journal.
    for (const File& file : files_) {
      if (file.decoded && file.begun && file.unreadable)
        damages_.push_back({0, 0, 0, file.decoded->id, kHeaderBytes, file.slot});
    }
    return;
  }
  const File& last = FileOf(accepted_.back().slot);
  const Segment& tail = (*ring_)[last.slot];
  // Not to be told from a batch that was there. Files are in the order of segments.
  const bool cut_short = std::any_of(files_.begin(), files_.end(), [&](const File& file) {
    return file.decoded && file.decoded->id > tail.id && file.begun && file.unreadable;
  });
  if (last.unreadable || cut_short) {
    damages_.push_back({accepted_.size(), outcome_.last + 1, 0, tail.id, tail.end, last.slot});
  }
  const bool whole = std::none_of(damages_.begin(), damages_.end(),
                                  [&](const Damage& damage) { return damage.segment == tail.id; });
  outcome_.tail_goes_on =
      !last.unreadable && !cut_short && whole && last.slot < options_.segments_max &&
      last.decoded->alignment == ring_->alignment() &&
      last.decoded->segment_bytes == options_.segment_bytes && SealedAsToday(*last.decoded) &&
      tail.end <= tail.length && tail.end + ring_->alignment() <= options_.segment_bytes;
}

void Recovery::FindUnproven() {
  uint64_t proven = 0;
  for (const FoundBatch& batch : accepted_) proven = std::max(proven, batch.mark.durable);
  for (const FoundBatch& batch : accepted_) {
    if (batch.mark.number <= proven) continue;
    std::vector<Stretch>& unproven = outcome_.unproven;
    const bool goes_on = !unproven.empty() && unproven.back().slot == batch.slot &&
                         unproven.back().end == batch.offset;
    if (!goes_on)
      unproven.push_back({batch.slot, batch.offset, batch.offset, FileOf(batch.slot).length});
    unproven.back().end = batch.end;
  }
}

std::vector<FileId> Recovery::TakeFiles() {
  std::vector<FileId> files;
  for (File& file : files_) {
    if (file.is_open) files.push_back(file.file);
    file.is_open = false;
  }
  return files;
}

Recovery::File& Recovery::FileOf(uint32_t slot) {
  const auto file =
      std::find_if(files_.begin(), files_.end(), [&](const File& f) { return f.slot == slot; });
  CHECK(file != files_.end());
  return *file;
}

Progress Recovery::Load(const FoundBatch& batch, std::span<const uint8_t>* records) {
  const File& file = FileOf(batch.slot);
  if (reading_slot_ != batch.slot) {
    reader_.Start(file.file, file.length);
    reading_slot_ = batch.slot;
  }
  const uint8_t* bytes = reader_.Get(batch.offset, kMarkBytes + uint64_t{batch.mark.bytes});
  if (bytes == nullptr) return Progress::kWait;
  const auto opened = OpenBatch(batch.mark, bytes, ring_->store(), batch.segment, file.seed,
                                options_.cipher, &scratch_);
  if (!opened) {
    poison_->Set(ring_->NameOf(batch.slot) + ", offset " + std::to_string(batch.offset) +
                 ": changed while it was being read");
    return Progress::kFailed;
  }
  *records = *opened;
  return Progress::kDone;
}

void Recovery::LoadCopies() {
  for (; at_batch_ < accepted_.size(); ++at_batch_) {
    const FoundBatch& batch = accepted_[at_batch_];
    if ((batch.mark.flags & kHasCopies) == 0) continue;
    std::span<const uint8_t> records;
    if (Load(batch, &records) != Progress::kDone) return;
    RecordReader reader(records, FileOf(batch.slot).seed);
    RecordView record;
    while (reader.Next(&record)) {
      if ((record.flags & kCopied) == 0) continue;
      const uint32_t asset = assets_->FindOrAdd(record.incarnation);
      assets_->AddUse(asset, batch.slot, batch.segment, record.batch,
                      RecordBytes(kCopyPrefixBytes + record.body.size()));
      copies_.push_back({record.batch,
                         record.index,
                         asset,
                         record.kind,
                         {record.body.begin(), record.body.end()}});
    }
  }
  // A copy that was copied again is there twice.
  const auto place = [](const Copy& c) { return std::pair(c.batch, c.index); };
  std::stable_sort(copies_.begin(), copies_.end(),
                   [&](const Copy& a, const Copy& b) { return place(a) < place(b); });
  copies_.erase(std::unique(copies_.begin(), copies_.end(),
                            [&](const Copy& a, const Copy& b) { return place(a) == place(b); }),
                copies_.end());
  at_batch_ = 0;
  reading_slot_ = UINT32_MAX;
  step_ = Step::kReplay;
}

Progress Recovery::Next(Recovered* found) {
  CHECK(ready());
  if (poison_->set()) return Progress::kFailed;
  if (reader_.busy()) return Progress::kWait;
  while (true) {
    if (item_.what == Item::What::kNone) {
      const Progress progress = Fill();
      if (progress != Progress::kDone) return progress;
    }
    const bool no_item = item_.what == Item::What::kNone;
    if (at_copy_ < copies_.size()) {
      const Copy& copy = copies_[at_copy_];
      const auto place = std::pair(copy.batch, copy.index);
      const auto next = std::pair(item_.batch, item_.index);
      if (!no_item && item_.what == Item::What::kRecord && place == next) {
        ++at_copy_;  // The original is still there.
        continue;
      }
      // Mutant 121: copies come where they lie: behind everything that is older than the copy.
      if (no_item || (place < next && !MUTANT(121))) {
        GiveCopy(found);
        return Progress::kMore;
      }
    }
    if (no_item) break;
    Give(found);
    return Progress::kMore;
  }
  replayed_ = true;
  reader_.Free();
  copies_ = {};
  accepted_ = {};
  declared_ = {};
  return Progress::kDone;
}

void Recovery::GiveCopy(Recovered* found) {
  const Copy& copy = copies_[at_copy_++];
  *found = {};
  found->asset = {copy.asset};
  found->incarnation = assets_->incarnation(copy.asset);
  found->point = {copy.batch};
  found->kind = copy.kind;
  found->body = copy.body;
  ++outcome_.records;
  outcome_.bytes += copy.body.size();
}

void Recovery::Give(Recovered* found) {
  *found = {};
  if (item_.what == Item::What::kRecord) {
    found->asset = {item_.asset};
    found->incarnation = assets_->incarnation(item_.asset);
    found->point = {item_.batch};
    found->kind = item_.kind;
    found->body = item_.body;
    ++outcome_.records;
    outcome_.bytes += item_.body.size();
  } else {
    found->what = Recovered::What::kDamage;
    found->first = item_.damage.first;
    found->last = item_.damage.last;
    found->offset = item_.damage.offset;
    found->detail = item_.detail;
    const auto file = std::find_if(files_.begin(), files_.end(), [&](const File& f) {
      return f.slot == item_.damage.slot || (f.decoded && f.decoded->id == item_.damage.segment);
    });
    if (file != files_.end()) found->file = ring_->NameOf(file->slot);
    if (found->detail.empty()) {
      found->detail =
          (found->file.empty() ? "segment " + std::to_string(item_.damage.segment) : found->file) +
          ", offset " + std::to_string(item_.damage.offset) +
          ": batches that were durable are damaged or lost";
    }
  }
  item_ = {};
}

// Sets item_ to the next thing in the files, or to none at the end.
Progress Recovery::Fill() {
  while (true) {
    if (batch_open_ && FillFromBatch()) return Progress::kDone;
    if (at_damage_ < damages_.size() && damages_[at_damage_].before <= at_batch_) {
      item_.what = Item::What::kDamage;
      item_.damage = damages_[at_damage_++];
      item_.batch = at_batch_ < accepted_.size() ? accepted_[at_batch_].mark.number : UINT64_MAX;
      return Progress::kDone;
    }
    if (at_batch_ == accepted_.size()) return Progress::kDone;
    const FoundBatch& batch = accepted_[at_batch_];
    if (at_batch_ > 0 && accepted_[at_batch_ - 1].slot != batch.slot) declared_.clear();
    std::span<const uint8_t> records;
    const Progress progress = Load(batch, &records);
    if (progress != Progress::kDone) return progress;
    records_ = RecordReader(records, FileOf(batch.slot).seed);
    index_ = 0;
    batch_open_ = true;
    unknown_told_ = false;
  }
}

// False: the batch has no more.
bool Recovery::FillFromBatch() {
  const FoundBatch& batch = accepted_[at_batch_];
  RecordView record;
  while (records_.Next(&record)) {
    const uint32_t index = index_++;
    if (record.kind == kDeclare) {
      Incarnation incarnation;
      std::memcpy(incarnation.bytes.data(), record.body.data(), 16);
      if (record.asset >= declared_.size()) declared_.resize(record.asset + 1, AssetTable::kNone);
      declared_[record.asset] = assets_->FindOrAdd(incarnation);
      const auto name = record.body.subspan(sizeof incarnation);
      if (!name.empty()) {
        assets_->SetName(declared_[record.asset],
                         {reinterpret_cast<const char*>(name.data()), name.size()});
      }
      continue;
    }
    if ((record.flags & kCopied) != 0) continue;  // In copies_.
    uint32_t asset = record.asset < declared_.size() ? declared_[record.asset] : AssetTable::kNone;
    // The number may have changed hands in a batch that is lost.
    if (asset != AssetTable::kNone && assets_->tag(asset) != record.tag) asset = AssetTable::kNone;
    item_.batch = batch.mark.number;
    item_.index = index;
    if (asset != AssetTable::kNone) {
      assets_->AddUse(asset, batch.slot, batch.segment, batch.mark.number,
                      RecordBytes(record.body.size()));
      item_.what = Item::What::kRecord;
      item_.asset = asset;
      item_.kind = record.kind;
      item_.body = record.body;
      return true;
    }
    if (unknown_told_) continue;
    unknown_told_ = true;
    ++outcome_.damages;
    item_.what = Item::What::kDamage;
    item_.damage = {0,         batch.mark.number, batch.mark.number, batch.segment, batch.offset,
                    batch.slot};
    item_.detail = ring_->NameOf(batch.slot) + ", offset " + std::to_string(batch.offset) +
                   ": records whose owner is lost with an earlier batch";
    return true;
  }
  batch_open_ = false;
  ++at_batch_;
  return false;
}

}  // namespace dunlin::journal
