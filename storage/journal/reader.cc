#include "storage/journal/reader.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "storage/journal/format.h"

namespace dunlin::journal {
namespace {
constexpr int kShortReadsMax = 3;  // In a row that bring less than a page.
constexpr int kAttempts = 3;       // To read one page.
}  // namespace

void Reader::Start(FileId file, uint64_t length) {
  CHECK(!busy());
  file_ = file;
  length_ = length;
  base_ = filled_ = 0;
  piece_ = kSliceBytes;
  unreadable_.reset();
  error_.clear();
}

const uint8_t* Reader::Get(uint64_t at, uint64_t size) {
  CHECK(!busy() && at + size <= length_ && at >= base_);
  if (at + size <= base_ + filled_) return buffer_.data() + (at - base_);
  // Move what is still wanted to the front, then fill up behind it.
  const uint64_t base = at / kDirectAlignment * kDirectAlignment;
  const uint64_t end = base_ + filled_;
  const uint64_t keep = end > base ? end - base : 0;
  if (keep > 0) std::memmove(buffer_.data(), buffer_.data() + (base - base_), keep);
  base_ = base;
  filled_ = keep;
  const uint64_t most = RoundUp(length_ - base, kDirectAlignment);
  wanted_ = std::min<uint64_t>(
      most, RoundUp(std::max<uint64_t>(at - base + size, kSliceBytes), kDirectAlignment));
  buffer_.Grow(wanted_, filled_);
  Issue();
  return nullptr;
}

void Reader::Issue() {
  issued_ = std::min<uint64_t>(wanted_ - filled_, piece_);
  ticket_ = disk_->Read(file_, base_ + filled_, buffer_.data() + filled_, issued_);
}

bool Reader::OnDisk(const DiskDone& done) {
  if (!busy() || done.ticket != ticket_) return false;
  ticket_ = {};
  uint64_t got = done.size;
  if (!done.ok() && issued_ > kDirectAlignment) {
    piece_ = issued_ / 2 / kDirectAlignment * kDirectAlignment;
    Issue();
    return true;
  }
  if (!done.ok() && ++failures_ < kAttempts) {
    Issue();
    return true;
  }
  failures_ = 0;
  if (!done.ok()) {
    if (!unreadable_) {
      unreadable_ = base_ + filled_;
      error_ = done.text;
    }
    std::memset(buffer_.data() + filled_, 0, issued_);
    got = issued_;
  } else if (base_ + filled_ + got >= length_) {
    // The file's end. What is missing to a whole page reads as zeros.
    std::memset(buffer_.data() + filled_ + got, 0, wanted_ - filled_ - got);
    got = wanted_ - filled_;
  } else if (got % kDirectAlignment != 0 || got == 0) {
    // A short read in the middle: go on from the last whole page; none: the file became shorter.
    if (got < kDirectAlignment && ++short_reads_ > kShortReadsMax) {
      if (!unreadable_) unreadable_ = base_ + filled_ + got;
      error_ = "the file ended early";
      std::memset(buffer_.data() + filled_ + got, 0, issued_ - got);
      got = issued_;
    }
    got = got / kDirectAlignment * kDirectAlignment;
  }
  if (got > 0) short_reads_ = 0;
  filled_ += got;
  if (done.ok()) piece_ = kSliceBytes;
  if (filled_ < wanted_) Issue();
  return true;
}

}  // namespace dunlin::journal
