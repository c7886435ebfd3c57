// Reads one block for the inspector: decrypts, decompresses, walks; after damage, goes on at the
// next whole record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/crypto/highway_hash.h"
#include "storage/crypto/store_cipher.h"
#include "storage/format/damage.h"
#include "storage/format/record.h"

namespace dunlin::inspect {

struct BlockBytes {
  std::string records;
  uint64_t last_checksum = 0;
  bool compressed = false;
  format::Damage damage;  // Of the compressed form.
};

// 'key': of an encrypted block.
[[nodiscard]] BlockBytes UnpackBlock(std::string file, const crypto::DataKey* key);

struct RecordGap {
  format::RecordDamage damage = format::RecordDamage::kNone;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  bool tail = false;  // Nothing whole comes behind it.
};

// The records of a block, over what is damaged.
class BlockScan {
 public:
  // REQUIRES: both outlive this.
  BlockScan(std::string_view records, const crypto::HighwayHash64* checksum)
      : records_(records), checksum_(checksum) {}

  [[nodiscard]] bool Next(format::Record* record);
  const std::vector<RecordGap>& gaps() const { return gaps_; }

 private:
  const std::string_view records_;
  const crypto::HighwayHash64* const checksum_;
  uint64_t offset_ = 0;
  std::vector<RecordGap> gaps_;
};

}  // namespace dunlin::inspect
