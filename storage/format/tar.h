// An archive of files, as snapshots of streams are: POSIX tar, regular files only.
//
// Each file: a header of 512 bytes (name, size, time, a checksum), the bytes, zeros up to the next
// multiple of 512. At the end two blocks of zeros. A name of more than 100 bytes stands in a record
// in front of the header (pax, "path=..."); the reference writes such records for every file (for
// the fractions of seconds of its time), so they are read, and other keys passed over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin::format {

inline constexpr size_t kTarBlockBytes = 512;

// A regular file of 'size' bytes, mode 0600, owned by "nats". REQUIRES: the name has no zero byte.
void AppendTarHeader(std::string_view name, uint64_t size, WallTime time, std::string* out);
// What follows a file's bytes.
void AppendTarPadding(uint64_t size, std::string* out);
void AppendTarEnd(std::string* out);

// Takes an archive apart, as its bytes come in:
//
//   reader.Feed(bytes);
//   while (true) switch (reader.Next()) {
//     case TarReader::Piece::kFile:   reader.name(), reader.size(); its bytes come next
//     case TarReader::Piece::kData:   reader.data(): some of them
//     case TarReader::Piece::kNeed:   Feed() more
//     case TarReader::Piece::kEnd:    what comes behind it means nothing
//     case TarReader::Piece::kDamaged:
//   }
//
// Whatever it is fed it keeps no more than a header and a pax record of at most kPaxBytesMax.
class TarReader {
 public:
  static constexpr uint64_t kPaxBytesMax = 64u << 10;
  enum class Piece : uint8_t { kFile, kData, kNeed, kEnd, kDamaged };

  // REQUIRES: Next() has said kNeed, or nothing yet. The bytes outlive the calls of Next() up to
  // the next kNeed.
  void Feed(std::string_view bytes);
  [[nodiscard]] Piece Next();

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }
  std::string_view data() const { return data_; }  // Until Next() is called again.
  // Of the archive: where the damage is.
  uint64_t offset() const { return offset_; }
  const std::string& why() const { return why_; }

 private:
  enum class State : uint8_t { kHeader, kPax, kSkipped, kData, kPadding, kEnd, kDamaged };
  Piece TakeHeader();
  bool TakePax();
  Piece Fail(std::string why);
  // Collects 'count' bytes in held_. False: there are not that many yet.
  bool Gather(uint64_t count);

  State state_ = State::kHeader;
  std::string_view in_;
  std::string held_;
  std::string name_, pax_name_;
  uint64_t size_ = 0, left_ = 0, padding_ = 0;
  uint64_t offset_ = 0;
  std::string_view data_;
  std::string why_;
};

}  // namespace dunlin::format
