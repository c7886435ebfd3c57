// What stands around the records of a block file: nothing; or, once a block is full in a stream
// with compression,
//
//   "cmp", algorithm (1: S2), length of the records (uvarint)
//   the records as a stream of S2, but for
//   the last record's checksum, 8 bytes as they are: so that it can be read at the end of any block
//
// and, around all that, the stream cipher of an encrypted store (storage/crypto/store_cipher.h).
//
// A block whose first record is 7,368,035 bytes long (or 24 MB) begins with "cmp" too. The
// reference then takes that record for a header; we look whether it is one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/store/stream_store.h"
#include "storage/format/damage.h"
#include "storage/s2/stream.h"

namespace dunlin::format {

// More bytes of records than any block has: the largest block, and a largest record behind it.
inline constexpr uint64_t kBlockRecordBytesMax = 64u << 20;

struct BlockHeader {
  StoreCompression compression = StoreCompression::kNone;
  uint64_t record_bytes = 0;  // As the header says. Not covered by a checksum.
  size_t header_bytes = 0;    // 0: there is none, the records begin at once.
};
// 'bytes' are decrypted. Damage: an algorithm that we do not know, a header that is cut short.
[[nodiscard]] Damage ReadBlockHeader(std::string_view bytes, BlockHeader* out);

// The checksum of the last record, compressed or not; 0 if there is none.
[[nodiscard]] uint64_t LastChecksum(std::string_view bytes);

// Gets the records out of a decrypted block file, in slices:
//
//   BlockUnpacker unpacker(std::move(bytes));
//   while (unpacker.Step()) {}
//   if (unpacker.damage().ok()) use(unpacker.records());
class BlockUnpacker {
 public:
  explicit BlockUnpacker(std::string bytes);
  BlockUnpacker(const BlockUnpacker&) = delete;
  BlockUnpacker& operator=(const BlockUnpacker&) = delete;

  // Decompresses at most 4 MiB. False: nothing is left to do.
  [[nodiscard]] bool Step();

  // Offset of the compressed chunk in the file. kBadValue: what is there is no S2.
  const Damage& damage() const { return damage_; }
  // With damage: what came before it.
  std::string& records() { return header_.header_bytes == 0 ? bytes_ : records_; }
  const BlockHeader& header() const { return header_; }

 private:
  void Finish();

  std::string bytes_, records_;
  BlockHeader header_;
  Damage damage_;
  std::optional<s2::StreamDecoder> decoder_;
};

// Makes the compressed form of the records of a whole block, in slices:
//
//   BlockCompressor compressor(records, &file);
//   while (compressor.Step()) {}
class BlockCompressor {
 public:
  // REQUIRES: there is at least one record; 'records' and 'out' outlive this.
  BlockCompressor(std::string_view records, std::string* out);

  // Compresses at most 256 KiB. False: nothing is left to do.
  [[nodiscard]] bool Step();

 private:
  std::string_view left_;
  std::string_view checksum_;
  std::string* const out_;
  s2::StreamEncoder encoder_;
};
// The whole at once.
[[nodiscard]] std::string CompressBlock(std::string_view records);

}  // namespace dunlin::format
