#include "storage/journal/rewriter.h"

#include <algorithm>

namespace dunlin::journal {

void Rewriter::Begin(std::vector<Stretch> stretches) {
  stretches_ = std::move(stretches);
  for (Stretch& stretch : stretches_) {
    // A file may be open in another way now than when it was written.
    stretch.begin = stretch.begin / kDirectAlignment * kDirectAlignment;
    stretch.end = RoundUp(stretch.end, kDirectAlignment);
  }
  Advance();
}

void Rewriter::Advance() {
  while (!stretches_.empty() && !poison_->set()) {
    const Stretch& stretch = stretches_.front();
    Segment& segment = (*ring_)[stretch.slot];
    if (!started_) {
      reader_.Start(segment.file, stretch.file_bytes);
      at_ = stretch.begin;
      started_ = true;
    }
    const uint64_t end = std::min(stretch.end, stretch.file_bytes);
    if (at_ >= end) {
      started_ = false;
      stretches_.erase(stretches_.begin());
      continue;
    }
    const uint64_t size = std::min<uint64_t>(end - at_, Reader::kSliceBytes);
    const uint8_t* bytes = reader_.Get(at_, size);
    if (bytes == nullptr) return;
    wanted_ = RoundUp(size, kDirectAlignment);  // Zeros behind the file's end.
    // What lies behind it does not matter.
    if (reader_.unreadable() && *reader_.unreadable() < at_ + size) {
      poison_->Set(ring_->NameOf(stretch.slot) + ", offset " +
                   std::to_string(*reader_.unreadable()) +
                   ": cannot be read any more: " + reader_.error());
      return;
    }
    write_ = disk_->Write(segment.file, at_, bytes, wanted_);
    segment.dirty = true;
    return;
  }
  if (!poison_->set()) reader_.Free();
}

bool Rewriter::OnDisk(const DiskDone& done) {
  if (reader_.OnDisk(done)) {
    if (!reader_.busy()) Advance();
    return true;
  }
  if (write_.value == 0 || done.ticket != write_) return false;
  write_ = {};
  if (!done.ok()) {
    poison_->Set("writing " + ring_->NameOf(stretches_.front().slot) + " at offset " +
                     std::to_string(at_) + " once more",
                 done);
    return true;
  }
  at_ += wanted_;
  Advance();
  return true;
}

}  // namespace dunlin::journal
