// Reads a file from front to back through one buffer, a slice at a time.
//
//   const uint8_t* bytes = reader.Get(at, size);
//   if (bytes == nullptr) return;  // Until OnDisk() has taken the read's completion.
//
// A slice that cannot be read is read again, in smaller pieces; what is left, pages that the device
// refuses, read as zeros and are counted: zeros are never valid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/disk.h"
#include "storage/journal/aligned_buffer.h"

namespace dunlin::journal {

class Reader {
 public:
  static constexpr size_t kSliceBytes = 1 << 20;

  explicit Reader(DiskQueue* disk) : disk_(disk) {}

  // REQUIRES: no read is under way.
  void Start(FileId file, uint64_t length);

  // Bytes [at, at + size), until the next call; nullptr: they are being read. 'at' never goes back
  // behind an earlier one's. REQUIRES: at + size <= length.
  const uint8_t* Get(uint64_t at, uint64_t size);

  bool OnDisk(const DiskDone& done);
  bool busy() const { return ticket_.value != 0; }
  void Free() { buffer_.Free(); }

  // The first offset that could not be read, if any.
  std::optional<uint64_t> unreadable() const { return unreadable_; }
  const std::string& error() const { return error_; }

 private:
  void Issue();

  DiskQueue* disk_;
  FileId file_;
  uint64_t length_ = 0;
  AlignedBuffer buffer_;
  uint64_t base_ = 0;    // The offset in the file that the buffer begins with.
  uint64_t filled_ = 0;  // Bytes of it.
  uint64_t wanted_ = 0;  // To be filled up to.
  size_t piece_ = kSliceBytes;
  size_t issued_ = 0;
  int short_reads_ = 0, failures_ = 0;  // In a row.
  DiskTicket ticket_;
  std::optional<uint64_t> unreadable_;
  std::string error_;
};

}  // namespace dunlin::journal
