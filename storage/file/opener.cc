#include "storage/file/opener.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/store/msg_headers.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"

namespace dunlin::file {
namespace {

// To read a file that the device fails on, before it counts as lost. As in block_reader.cc.
constexpr int kAttempts = 9;
// Of a block that was read, looked at in one call.
constexpr int kRecordsPerSlice = 2048;
// Of one block. What more is lost in it is said at once.
constexpr size_t kNoticesMax = 16;

std::string InMsgs(std::string_view name) {
  return std::string(format::kMsgsDir).append("/").append(name);
}

}  // namespace

void Opener::Begin(const std::optional<crypto::FoundKey>& key) {
  index_key_ = key;
  begun_ = true;
  leftovers_.Begin();
}

void Opener::MakeAndList() {
  make_ = disk_.MakeDir(format::kMsgsDir);
  list_ = disk_.List(format::kMsgsDir, make_);
}

void Opener::Fail(std::string what, const DiskDone& done) {
  failure_ = "stream '" + codec_->stream() + "', " + what + ": " + Describe(done.error);
  if (!done.text.empty()) failure_.append(" (").append(done.text).append(")");
  stage_ = Stage::kFailed;
}

bool Opener::OnDisk(const DiskDone& done) {
  if (keys_.OnDisk(done)) return true;
  if (!leftovers_.done() && leftovers_.OnDisk(done)) {
    if (!leftovers_.failure().empty()) {
      failure_ = "stream '" + codec_->stream() + "', " + leftovers_.failure();
      stage_ = Stage::kFailed;
    } else if (leftovers_.done()) {
      MakeAndList();
    }
    return true;
  }
  if (indexing_ != nullptr && indexing_->OnDisk(done)) return true;
  if (chain_ != nullptr && chain_->OnDisk(done)) return true;
  if (done.ticket == make_) {
    if (!done.ok()) Fail("making its directory", done);
    return true;
  }
  if (done.ticket == list_) {
    if (done.ok()) OnList(done);
    if (!done.ok() && stage_ != Stage::kFailed) Fail("listing its directory", done);
    return true;
  }
  if (done.ticket == open_) {
    if (done.ok() || stage_ == Stage::kFailed) return true;
    read_error_ = std::string("open: ") + Describe(done.error);
    read_done_ = true;
    // The list said that it is there. Too many open files, say, is no reason to give up messages:
    // the next start may read them.
    if (stage_ == Stage::kBlocks && !MUTANT(156)) {
      failure_ = Where() + "0: " + read_error_;
      stage_ = Stage::kFailed;
    }
    return true;
  }
  if (done.ticket == read_) {
    if (done.error == DiskError::kCanceled) return true;
    close_ = disk_.Close(file_);
    if (!done.ok()) read_error_ = std::string("read: ") + Describe(done.error);
    failed_read_ = !done.ok();
    bytes_.resize(done.ok() ? done.size : 0);
    return true;
  }
  if (done.ticket == close_) {
    if (failed_read_ && ++attempts_ < kAttempts) {
      TryAgain();
    } else {
      read_done_ = true;
    }
    return true;
  }
  if (replacing_.OnDisk(done)) {
    if (!replacing_.idle()) return true;
    if (!replacing_.error().empty()) {
      failure_ = "stream '" + codec_->stream() + "', " + replacing_.error();
      stage_ = Stage::kFailed;
    }
    replacing_.Clear();
    return true;
  }
  const auto removed = std::find(removing_.begin(), removing_.end(), done.ticket);
  if (removed == removing_.end()) return false;
  removing_.erase(removed);
  if (!done.ok() && done.error != DiskError::kNotFound) Fail("removing a stray file", done);
  return true;
}

void Opener::BeginFile(std::string name, uint64_t size) {
  name_ = std::move(name);
  size_ = size;
  attempts_ = 0;
  if (size_ <= kTransferBytesMax) return TryAgain();
  // Neither server writes one as long, and a length alone, of a hole, costs nobody any room: it is
  // not to cost memory here.
  bytes_.clear();
  failed_read_ = false;
  read_error_ = "it is " + std::to_string(size_) + " bytes long";
  read_done_ = true;
}

void Opener::TryAgain() {
  bytes_.assign(size_, '\0');
  read_done_ = failed_read_ = false;
  read_error_.clear();
  file_ = disk_.NewFile();
  open_ = disk_.Open(file_, name_, Access::kRead, Creation::kExisting);
  read_ = disk_.Read(file_, 0, reinterpret_cast<uint8_t*>(bytes_.data()), size_, open_);
}

// A new file takes the name.
void Opener::ReplaceFile(std::string bytes) {
  const std::string temporary = name_ + std::string(format::kTemporarySuffix);
  const DiskTicket written = replacing_.Put(temporary, std::move(bytes));
  replacing_.SyncDir(format::kMsgsDir, replacing_.Rename(temporary, name_, written));
}

void Opener::OnList(const DiskDone& done) {
  entries_ = done.entries;
  for (const DirEntry& entry : entries_) {
    if (entry.name != kCheckpointFile) continue;
    stage_ = Stage::kCheckpoint;
    BeginFile(InMsgs(kCheckpointFile), entry.size);
    return;
  }
  // Parts of an index without a checkpoint: a stop was cut off behind its removal, which a power
  // loss may still take back. It is to find them then.
  const bool parts = std::any_of(entries_.begin(), entries_.end(),
                                 [](const auto& entry) { return ParsePartFile(entry.name); });
  if (!parts || MUTANT(199)) return RemoveStrays();
  stage_ = Stage::kNaming;
  replacing_.SyncDir(format::kMsgsDir);
}

void Opener::OnCheckpoint() {
  // Without it nobody can tell which bytes are whole: better no stream than a wrong one.
  const auto fail = [&](std::string_view why) {
    failure_ = "stream '" + codec_->stream() + "', " + InMsgs(kCheckpointFile) +
               ", offset 0: " + std::string(why);
    stage_ = Stage::kFailed;
  };
  if (!read_error_.empty() && MUTANT(157)) return RemoveStrays();
  if (!read_error_.empty()) return fail(read_error_);
  checkpoint_ = DecodeCheckpoint(bytes_, format::StreamChecksum(codec_->stream()));
  if (!checkpoint_) return fail("invalid checksum");
  stage_ = Stage::kNaming;
  ReplaceFile(bytes_);
}

// Temporary files, and blocks that the checkpoint does not name.
void Opener::RemoveStrays() {
  stage_ = Stage::kStrays;
  std::vector<uint32_t> named = checkpoint_ ? checkpoint_->blocks : std::vector<uint32_t>{};
  for (const DirEntry& entry : entries_) {
    if (entry.is_directory) continue;
    const std::optional<uint32_t> block = format::ParseBlockFile(entry.name);
    // Caches that are not kept up to date here: what the reference would believe of them is old.
    const bool cache = entry.name == format::kIndexFile || entry.name == format::kTtlFile ||
                       entry.name == format::kScheduleFile;
    const bool temporary = cache || entry.name.ends_with(format::kTemporarySuffix) ||
                           entry.name.ends_with(".new") ||
                           // Indexes of blocks, as the reference had them before 2.10.
                           entry.name.ends_with(".idx") || entry.name.ends_with(".fss");
    if (KeyLoader::IsKeyFile(entry.name)) continue;
    // Read, and removed once there is a checkpoint: until then it may be all that says how the last
    // stop was.
    if (entry.name == format::kIndexFile && !checkpoint_) {
      index_found_ = true;
      continue;
    }
    if (const std::optional<uint32_t> part = ParsePartFile(entry.name)) {
      const bool used =
          checkpoint_ && std::any_of(checkpoint_->index.begin(), checkpoint_->index.end(),
                                     [&](const auto& named) { return named.number == *part; });
      highest_part_ = std::max(highest_part_, *part);
      if (used) part_files_.push_back(*part);
      if (!used) removing_.push_back(disk_.Remove(InMsgs(entry.name)));
      continue;
    }
    const bool stray = block && checkpoint_ && !MUTANT(150) &&
                       !std::binary_search(named.begin(), named.end(), *block);
    if (temporary || stray) {
      removing_.push_back(disk_.Remove(InMsgs(entry.name)));
    } else if (block) {
      blocks_.push_back(*block);
    }
    if (block) highest_ = std::max(highest_, *block);
  }
  std::sort(blocks_.begin(), blocks_.end());
  all_blocks_ = blocks_;
  if (checkpoint_) {
    highest_ = std::max(highest_, checkpoint_->head);
    lengths_ = BlockLengths(*checkpoint_, entries_);
  }
  keys_.Begin(entries_, blocks_);
}

Opener::Step Opener::Work() {
  if (stage_ == Stage::kCheckpoint && read_done_) OnCheckpoint();
  if (stage_ == Stage::kNaming && replacing_.idle()) RemoveStrays();
  if (stage_ == Stage::kStrays && removing_.empty() && keys_.Work()) {
    stage_ = Stage::kBlocks;
    if (checkpoint_ && !checkpoint_->index.empty()) BeginChain();
    if (index_found_ && !keys_.undecided()) stage_ = Stage::kIndex;
  }
  if (!keys_.failure().empty() && stage_ != Stage::kFailed) {
    failure_ = keys_.failure();
    stage_ = Stage::kFailed;
  }
  if (stage_ == Stage::kFailed) return Step::kFailed;
  if (stage_ == Stage::kDone) return Step::kDone;
  if (stage_ == Stage::kIndex) {
    WorkIndex();
    return index_step_ == IndexOpening::Step::kWait ? Step::kWait : Step::kMore;
  }
  if (stage_ == Stage::kChain) return WorkChain();
  if (stage_ != Stage::kBlocks) return Step::kWait;
  if (block_ == nullptr) {
    if (blocks_.empty()) {
      if (!keys_.settled() || !keys_.Reseal()) return Step::kWait;
      FinishAll();
      return Step::kDone;
    }
    const uint32_t number = blocks_.back();
    blocks_.pop_back();
    block_ = std::make_unique<Block>(number, format::BlockChecksum(codec_->stream(), number));
    uint64_t size = 0;
    for (const DirEntry& entry : entries_) {
      if (entry.name == format::BlockFile(number)) size = entry.size;
    }
    block_->file_bytes = size;
    const bool head = checkpoint_ && number == checkpoint_->head;
    too_long_ = head && size > checkpoint_->head_bytes;
    BeginFile(BlockPath(number), head && !MUTANT(148) ? checkpoint_->head_bytes : size);
    return read_done_ ? Step::kMore : Step::kWait;
  }
  if (!read_done_ || !replacing_.idle()) return Step::kWait;
  if (too_long_) {
    // What lies behind the head's synced bytes is of a life that ended. It must be gone before the
    // block counts whole.
    too_long_ = false;
    if (read_error_.empty()) {
      ReplaceFile(bytes_);
      return Step::kWait;
    }
  }
  if (!ScanSome()) return Step::kMore;
  if (by_chain_) {
    FinishByChain();
    return Step::kMore;
  }
  if (!LookSome()) return Step::kMore;
  FinishBlock();
  return Step::kMore;
}

// What index.db says, or nothing of it.
void Opener::WorkIndex() {
  if (indexing_ == nullptr) {
    indexing_ =
        std::make_unique<IndexOpening>(disk_, codec_, &keys_, index_, slice_, kRecordsPerSlice);
    indexing_->Begin(entries_, blocks_, index_key_);
  }
  index_step_ = indexing_->Work();
  switch (index_step_) {
    case IndexOpening::Step::kMore:
    case IndexOpening::Step::kWait: return;
    case IndexOpening::Step::kDone:
      by_index_ = true;
      ttls_ = indexing_->ttls();
      purged_ = indexing_->point().purged;
      blocks_.clear();
      break;
    case IndexOpening::Step::kUnusable:
      remembered_ = indexing_->remembered();
      if (!indexing_->why().empty() && !MUTANT(205)) {
        notices_.push_back("stream '" + codec_->stream() + "', " + indexing_->why() +
                           "; the index is not used");
      }
      for (const ShortBlock& block : indexing_->shorter()) {
        notices_.push_back(Notice(codec_->stream(), block));
      }
      break;
  }
  indexing_.reset();
  if (MUTANT(241)) removing_.push_back(disk_.Remove(InMsgs(format::kIndexFile)));
  stage_ = Stage::kBlocks;
}

// What speaks of the block being scanned begins so; its offset comes next.
std::string Opener::Where() const {
  return "stream '" + codec_->stream() + "', block " + std::to_string(block_->number) + ", offset ";
}

bool Opener::ScanSome() {
  if (scan_ == nullptr) {
    if (!read_error_.empty()) bytes_.clear();
    if (!keys_.Decide(*block_, bytes_)) return false;
    const std::string where = Where();
    std::string why;
    if (!read_error_.empty()) {
      notices_.push_back(where + "0: " + read_error_ + "; all its messages are lost");
      block_->damage = notices_.back();
    }
    const bool given =
        read_error_.empty() ? keys_.Give(block_.get(), &why) : keys_.Leave(block_.get(), &why);
    if (!given) {
      notices_.push_back(where + "0: " + why + "; all its messages are lost");
      block_->damage = notices_.back();
      bytes_.clear();
    }
    decoder_ = std::make_unique<BlockDecoder>(block_.get(), std::move(bytes_));
    scan_ = std::make_unique<BlockCache>();
    look_ = {};
  }
  if (decoder_ != nullptr) {
    if (decoder_->Step()) return false;
    if (!decoder_->why().empty()) {
      notices_.push_back(Where() + "0: " + decoder_->why() + "; all its messages are lost");
      block_->damage = notices_.back();
      decoder_->records().clear();
    }
    scan_->Take(std::move(decoder_->records()));
    decoder_.reset();
  }
  return scan_->IndexSome(block_->checksum, slice_);
}

// Walks over the records from '*at' on, '*hole' holes being behind, 'records_max' of them. True: to
// the end, or up to 'end'.
template <class Use>
static bool ForSomeRecords(const BlockCache& cache, uint64_t* at, size_t* hole,
                           uint64_t records_max, Use use, uint64_t end = UINT64_MAX) {
  const std::string_view bytes = cache.BytesFrom(0);  // It was read, and so lies in one piece.
  while (*at < bytes.size() && *at < end) {
    if (records_max-- == 0) return false;
    if (*hole < cache.holes().size() && cache.holes()[*hole].begin == *at) {
      *at = cache.holes()[(*hole)++].end;
      continue;
    }
    format::Record record;
    const format::RecordDamage damage = format::DecodeRecord(bytes, *at, nullptr, &record);
    CHECK(damage == format::RecordDamage::kNone);
    use(record);
    *at += record.bytes;
  }
  return true;
}

// First its tombstones, which speak of messages in it, too; then its messages. True: done.
bool Opener::LookSome() {
  Block& block = *block_;
  if (!look_.begun) {
    look_.begun = true;
    for (const BlockCut& cut : checkpoint_ ? checkpoint_->cuts : std::vector<BlockCut>{}) {
      if (cut.block == block.number) block.cut = cut.seq;
    }
    block.erase =
        checkpoint_ && std::find(checkpoint_->erasures.begin(), checkpoint_->erasures.end(),
                                 block.number) != checkpoint_->erasures.end();
    block.first.seq = 1;
  }
  if (!look_.tombstones_done) {
    if (!ForSomeRecords(*scan_, &look_.at, &look_.hole, kRecordsPerSlice,
                        [&](const format::Record& record) { TakeTombstone(record); })) {
      return false;
    }
    look_.tombstones_done = true;
    look_.at = look_.hole = 0;
  }
  return ForSomeRecords(*scan_, &look_.at, &look_.hole, kRecordsPerSlice,
                        [&](const format::Record& record) {
                          NoteHoles(look_.hole, &record);
                          TakeMessage(record);
                        });
}

void Opener::TakeTombstone(const format::Record& record) {
  Block& block = *block_;
  block.last_checksum = record.checksum;
  if (record.kind != format::RecordKind::kTombstone) return;
  if (block.cut != 0 && record.seq > block.cut) return;
  if (record.seq == 0) purged_ = true;
  dead_.Insert(record.seq);
  block.tombs.Insert(record.seq);
  if (record.seq > last_tomb_.seq) last_tomb_ = {record.seq, record.time};
}

// Whether it is a message, or says of a sequence that it is none.
bool Opener::IsNews(const format::Record& record, Seq highest) const {
  return record.kind != format::RecordKind::kTombstone && record.seq > highest &&
         (block_->cut == 0 || record.seq <= block_->cut);
}

// Of what is said of a block each line stands for something that was lost: not for very many.
void Opener::Say(uint64_t offset, const std::string& what, const SeqRange& lost) {
  Block& block = *block_;
  const bool known = lost.last >= lost.first && lost.last > 0;
  if (look_.said++ >= kNoticesMax) {
    if (look_.said == kNoticesMax + 1) look_.more_from = offset;
    look_.more_to = offset;
    if (known) block.lost.push_back({lost, {}});
    return;
  }
  std::string text = Where() + std::to_string(offset) + ": " + what;
  if (known) {
    text += ", messages " + std::to_string(lost.first) + " to " + std::to_string(lost.last) +
            " are lost";
    block.lost.push_back({lost, text});
  }
  notices_.push_back(std::move(text));
}

void Opener::SayHowManyMore() {
  if (look_.said <= kNoticesMax) return;
  block_->more_lost = Where() + std::to_string(look_.more_from) + ": " +
                      std::to_string(look_.said - kNoticesMax) + " more damaged places, up to " +
                      std::to_string(look_.more_to) + "; their messages are lost";
  notices_.push_back(block_->more_lost);
}

// A record behind a gap as no writer leaves one. One of the two sides is wrong; the far one says
// which sequences were used, so it is the near one that is lost.
void Opener::GiveUpBefore(const format::Record& far) {
  Block& block = *block_;
  Say(far.offset,
      "sequence " + std::to_string(far.seq) + " is too far above " + std::to_string(block.last.seq),
      {block.first.seq, block.last.seq});
  // What came before the last one was given up then.
  (void)ForSomeRecords(
      *scan_, &look_.near_at, &look_.near_hole, UINT64_MAX,
      [&](const format::Record& record) {
        if (!IsNews(record, look_.near_highest) || record.seq >= below_) return;
        look_.near_highest = record.seq;
        if (record.kind == format::RecordKind::kMessage && block.Live(record.seq)) {
          index_->TakeFromSubject(record.subject, record.seq);
        }
      },
      far.offset);
  ttls_.erase(ttls_.end() - static_cast<ptrdiff_t>(block.ttls), ttls_.end());
  block.msgs = block.bytes = block.ttls = block.schedules = 0;
  block.deleted.Clear();
  block.first = {block.last.seq + 1, WallTime{}};
  ++block.holes;
}

// What lies in holes is lost; which sequences, the records around them say: 'next' is the first
// one behind those that are numbered below 'up_to'; null: there is none.
void Opener::NoteHoles(size_t up_to, const format::Record* next) {
  if (next != nullptr && (next->kind == format::RecordKind::kTombstone || next->seq == 0)) return;
  for (; look_.noted < up_to; ++look_.noted) {
    const BlockCache::Hole& hole = scan_->holes()[look_.noted];
    const bool between = next != nullptr && look_.above > 0;
    Say(hole.begin,
        std::string(format::Describe(hole.damage)) + "; " + std::to_string(hole.end - hole.begin) +
            " bytes cannot be read",
        between ? SeqRange{look_.above, next->seq - 1} : SeqRange{1, 0});
  }
  if (next != nullptr) look_.above = next->seq + 1;
}

void Opener::TakeMessage(const format::Record& record) {
  Block& block = *block_;
  if (!IsNews(record, look_.highest.seq)) return;
  const Seq floor = checkpoint_ ? checkpoint_->floor : 0;
  const bool lives = record.kind == format::RecordKind::kMessage && record.seq >= floor &&
                     !dead_.Contains(record.seq);
  if (record.seq >= below_) {
    look_.comes_again |= lives;
    return;
  }
  if (IsTooFar(block, record.seq)) GiveUpBefore(record);
  if (block.base == 0) block.base = record.seq;
  look_.highest = {record.seq, record.time};
  if (!lives) return;
  CountMessage(&block, record);
  // Mutant 213: of what the buffer holds in the end.
  index_->AddToSubject(MUTANT(213) ? scan_->At(scan_->size() - 1).subject : record.subject,
                       record.seq);
  if (HasSchedule(record.header)) ++block.schedules;
  const int64_t ttl = record.header.empty() ? 0 : MessageTtl(record.header);
  if (ttl <= 0) return;
  ++block.ttls;
  ttls_.push_back({record.seq, record.time, ttl});
}

void Opener::FinishBlock() {
  Block& block = *block_;
  const SeqTime highest = look_.highest;
  block.top = highest.seq;
  if (block.base != 0) below_ = block.base;
  if (look_.comes_again) {
    notices_.push_back(Where() + "0: it has sequences of a later block; they are passed over");
  }
  if (highest.seq > block.last.seq) {
    if (block.msgs > 0) {
      CountGap(&block, block.last.seq + 1, highest.seq);
    } else {
      block.first = {highest.seq + 1, WallTime{}};
      block.last.seq = highest.seq;
    }
    block.last.time = highest.time;
  }
  NoteHoles(scan_->holes().size(), nullptr);
  SayHowManyMore();
  block.holes += scan_->holes().size();
  MapMessages(&block, *scan_);
  block.raw_bytes = scan_->end();
  block.written = block.raw_bytes;
  // Who wrote a directory without a checkpoint need not have synced it.
  block.synced = checkpoint_ ? block.raw_bytes : 0;
  block.has_file = true;
  const bool last = scanned_.empty();
  // The checkpoint's head is no whole file to it: not to be written anew before the next one. And
  // only the head may be appended to: any other block counts whole.
  const bool head = checkpoint_ && block.number == checkpoint_->head;
  const bool open = last && (head || !checkpoint_) && block.holes == 0 && !block.rewritten &&
                    block.cut == 0 && !block.erase && codec_->Current(block) &&
                    block.damage.empty();
  block.life = open ? BlockLife::kOpen : head ? BlockLife::kSealed : BlockLife::kPassed;
  // The last one is what is asked for first.
  if (last) block.cache = std::move(scan_);
  scan_.reset();
  scanned_.push_back(std::move(block_));
}

void Opener::FinishAll() {
  if (by_chain_) parts_ = checkpoint_->index;
  if (by_index_ || by_chain_) {
    stage_ = Stage::kDone;
    return;
  }
  std::reverse(scanned_.begin(), scanned_.end());
  SeqTime last;
  for (std::unique_ptr<Block>& block : scanned_) {
    // A block of tombstones alone stands where the one before it ended. The last sequence of all
    // may be known by its tombstone only.
    if (block->last.seq < last.seq) {
      block->first = {last.seq + 1, WallTime{}};
      block->last = last;
    }
    if (block->base == 0) block->base = block->last.seq + 1;
    last = block->last;
    index_->msgs += block->msgs;
    index_->bytes += block->bytes;
    index_->blocks.push_back(std::move(block));
  }
  index_->last = last;
  if (last_tomb_.seq > last.seq) index_->last = last_tomb_;
  if (remembered_.seq > index_->last.seq) index_->last = remembered_;
  if (checkpoint_ && checkpoint_->last.seq >= index_->last.seq && !MUTANT(149))
    index_->last = checkpoint_->last;
  // What comes behind a gap that is too large comes into the next block.
  if (Block* head = index_->head();
      head != nullptr && head->last.seq < index_->last.seq && !IsTooFar(*head, index_->last.seq)) {
    CountGap(head, head->last.seq + 1, index_->last.seq);
    head->last.time = index_->last.time;
  }
  index_->FindFirst();
  stage_ = Stage::kDone;
}

}  // namespace dunlin::file
