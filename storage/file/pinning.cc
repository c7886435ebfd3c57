// FileStore: holding still for a snapshot.
#include <algorithm>

#include "engine/base/check.h"
#include "storage/file/file_store.h"

namespace dunlin::file {

void FileStore::Pin() {
  CHECK(!pinned_.wanted);
  pinned_ = {};
  pinned_.wanted = true;
  checkpoint_wanted_ = true;
  Touch();
}

void FileStore::Unpin() {
  pinned_ = {};
  writer_.Keep(1, 0);
}

void FileStore::Unpin(uint32_t below) {
  pinned_.first = std::max(pinned_.first, below);
  if (!pinned_.blocks.empty()) writer_.Keep(pinned_.first, pinned_.blocks.back().number);
}

// The checkpoint that is begun now is the one to hold on to, if it is taken.
void FileStore::PinMoment() {
  if (pinned_.wanted && !pinned_.ready) pinned_.number = UINT64_MAX;  // That of before is none.
  // A file that is being replaced would be another one when it is read.
  if (!pinned_.wanted || pinned_.ready || writer_.rewriter().busy()) return;
  if (job_.active()) return;  // Half of what it does is no moment.
  ++pinned_.moment;
  pinned_.number = record_number_;
  pinned_.state = State();
  pinned_.blocks.clear();
  pinned_.first = 0;
  for (const auto& block : index_.blocks) {
    if (block->msgs == 0) continue;
    Pinned::Block copy;
    copy.number = block->number;
    copy.msgs = block->msgs;
    copy.file_bytes = block->life == BlockLife::kOpen ? block->raw_bytes : UINT64_MAX;
    copy.first = std::max(block->first.seq, index_.first.seq);
    copy.last = block->cut == 0 ? block->last.seq : std::min(block->last.seq, block->cut);
    copy.deleted = block->deleted;
    pinned_.blocks.push_back(std::move(copy));
  }
  if (pinned_.blocks.empty() && pinned_.state.last_seq > 0) {
    Pinned::Block place;
    place.number = index_.blocks.empty() ? 1 : index_.blocks.back()->number;
    pinned_.blocks.push_back(std::move(place));
  }
  Unpin(0);
}

void FileStore::WorkPinning() {
  if (!pinned_.wanted || pinned_.ready || writer_.checkpointing()) return;
  pinned_.ready =
      pinned_.moment > 0 && writer_.taken() && writer_.taken()->number >= pinned_.number;
  // It came to nothing, or it was too early for it.
  if (!pinned_.ready && !job_.active()) checkpoint_wanted_ = true;
}

void FileStore::DecryptPinned(uint32_t number, uint64_t offset, uint8_t* bytes,
                              size_t count) const {
  const Block* block = index_.ByNumber(number);
  if (block == nullptr) block = writer_.Kept(number);
  CHECK(block != nullptr);
  if (block->cipher != nullptr) block->cipher->Apply(offset, bytes, count);
}

}  // namespace dunlin::file
