#include "storage/file/chain_opening.h"

#include <algorithm>

#include "storage/format/checksum_key.h"

namespace dunlin::file {
ChainOpening::ChainOpening(const StoreDisk& disk, const Checkpoint& checkpoint, std::string stream,
                           const crypto::FoundKey* key, StreamIndex* index, int entries_per_slice)
    : checkpoint_(checkpoint),
      stream_(std::move(stream)),
      checksum_(format::StreamChecksum(stream_)),
      key_(key),
      index_(index),
      entries_per_slice_(entries_per_slice),
      reads_(disk) {
  for (const IndexPart& part : checkpoint.index) reads_.Add(PartPath(part.number));
}

ChainOpening::Step ChainOpening::Unusable(std::string why) {
  why_ = std::move(why);
  index_->blocks.clear();
  index_->subjects.Clear();
  index_->msgs = index_->bytes = index_->unsettled = 0;
  index_->first = index_->last = {};
  return Step::kUnusable;
}

ChainOpening::Step ChainOpening::Work() {
  if (!reads_.done()) return Step::kWait;
  if (!reads_.failure().empty()) return Unusable(reads_.failure() + ": not now");
  if (plain_) return WorkPlain();
  if (reader_ == nullptr) return NextPart();
  switch (reader_->Work()) {
    case PartReader::Step::kMore: return Step::kMore;
    case PartReader::Step::kUnusable:
      return Unusable(PartPath(checkpoint_.index[part_].number) + ", offset 0: it is damaged");
    case PartReader::Step::kOtherKey: return Unusable("");  // There was no checkpoint since.
    case PartReader::Step::kDone: break;
  }
  plain_.emplace(reader_->plain());
  headed_ = false;
  before_ = 0;
  return Step::kMore;
}

ChainOpening::Step ChainOpening::NextPart() {
  if (part_ == checkpoint_.index.size()) return Finish();
  const IndexPart& part = checkpoint_.index[part_];
  std::string* const file = reads_.Get(PartPath(part.number));
  if (file == nullptr) return Unusable(PartPath(part.number) + ", offset 0: it is missing");
  reader_ = std::make_unique<PartReader>(std::move(*file), part, checksum_, key_);
  return Step::kMore;
}

bool ChainOpening::ReadHead() {
  headed_ = true;
  const uint8_t kind = plain_->U8();
  // First the base, of at least one part.
  const bool base = kind == kBasePart && (part_ == 0 || !changes_);
  if (!base && (kind != kChangesPart || part_ == 0)) return false;
  changes_ = !base;
  blocks_left_ = 0;
  if (kind == kBasePart) return plain_->ok();
  if (!ReadChangesHead(&*plain_, &head_)) return false;
  blocks_left_ = head_.blocks;
  return true;
}

ChainOpening::Step ChainOpening::WorkPlain() {
  const auto unusable = [&] {
    return Unusable(PartPath(checkpoint_.index[part_].number) +
                    ", offset 0: it contradicts itself");
  };
  if (!headed_ && !ReadHead()) return unusable();
  for (int budget = entries_per_slice_; budget > 0; --budget) {
    if (blocks_left_ > 0) {
      std::unique_ptr<Block> block = ReadBlockEntry(&*plain_, stream_);
      if (block == nullptr) return unusable();
      --blocks_left_;
      blocks_[block->number] = std::move(block);
      continue;
    }
    if (plain_->at_end()) {
      plain_.reset();
      reader_.reset();
      ++part_;
      return Step::kMore;
    }
    std::string_view subject;
    SubjectInfo info;
    if (!ReadSubjectEntry(&*plain_, &before_, &subject, &info)) return unusable();
    if (info.total == 0) {
      index_->subjects.Remove(subject);
      continue;
    }
    const SubjectMap::Inserted made = index_->subjects.Insert(subject);
    if (made.value == nullptr) return unusable();
    *made.value = info;
  }
  return Step::kMore;
}

// The blocks that the checkpoint names, and what it says of them all.
ChainOpening::Step ChainOpening::Finish() {
  const auto unusable = [&] { return Unusable("the index contradicts the checkpoint"); };
  if (part_ < 2 || head_.number != checkpoint_.number) return unusable();
  const Block* before = nullptr;
  for (const uint32_t number : checkpoint_.blocks) {
    const auto found = blocks_.find(number);
    if (found == blocks_.end()) return unusable();
    std::unique_ptr<Block> block = std::move(found->second);
    blocks_.erase(found);
    if (before != nullptr && before->last.seq > block->last.seq) return unusable();
    before = block.get();
    index_->msgs += block->msgs;
    index_->bytes += block->bytes;
    index_->unsettled += block->unsettled.size();
    index_->blocks.push_back(std::move(block));
  }
  index_->last = checkpoint_.last;
  index_->FindFirst();
  if (index_->msgs != head_.msgs || index_->bytes != head_.bytes ||
      index_->msgs != checkpoint_.msgs || index_->first.seq > checkpoint_.floor ||
      (before != nullptr && before->last.seq > index_->last.seq)) {
    return unusable();
  }
  return Step::kDone;
}

}  // namespace dunlin::file
