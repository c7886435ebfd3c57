// The forms in which the blocks of a store may lie on the disk, and a look at what lies there.
//
// A suite of its own per file:
//
//   class FileErase : public FileForms {};
//   INSTANTIATE_TEST_SUITE_P(Forms, FileErase, kFileForms, FormName);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/format/block_file.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/record.h"
#include "tests/storage/file/file_world.h"

namespace dunlin::file {

struct Form {
  const char* name;
  StoreCompression compression;
  std::optional<crypto::CipherKind> cipher = std::nullopt;
};
inline void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }
inline std::string FormName(const ::testing::TestParamInfo<Form>& info) { return info.param.name; }

class FileForms : public ::testing::TestWithParam<Form> {
 protected:
  FileStoreOptions Options(uint64_t block_bytes = 0) const {
    FileStoreOptions options;
    options.config.compression = GetParam().compression;
    options.limits.block_bytes = block_bytes;
    options.keys = keys_ ? &*keys_ : nullptr;
    return options;
  }
  bool Compressing() const { return GetParam().compression != StoreCompression::kNone; }

  void SetUp() override {
    if (GetParam().cipher) {
      keys_.emplace(crypto::EncryptionOptions{"key", "", *GetParam().cipher, &entropy_}, "A");
    }
  }

 private:
  crypto::SeededEntropy entropy_{Rng(5)};
  std::optional<crypto::KeyRing> keys_;
};

inline const auto kFileForms = ::testing::Values(
    Form{"Plain", StoreCompression::kNone}, Form{"Compressed", StoreCompression::kS2},
    Form{"Sealed", StoreCompression::kNone, crypto::CipherKind::kChaCha},
    Form{"SealedCompressed", StoreCompression::kS2, crypto::CipherKind::kAes});

// Numbers of the blocks that have a file, in order.
inline std::vector<uint32_t> BlocksOf(FileWorld& world) {
  std::vector<uint32_t> out;
  for (const std::string& name : world.Files()) {
    if (const auto number = format::ParseBlockFile(name)) out.push_back(*number);
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline std::string PathOf(uint32_t block) { return "S/msgs/" + format::BlockFile(block); }

// A block's file, decrypted.
inline std::string OpenedFile(FileWorld& world, uint32_t block) {
  std::string bytes = world.driver.disk().Contents(PathOf(block)).value_or("");
  if (world.options.keys == nullptr || bytes.empty()) return bytes;
  const auto sealed = world.driver.disk().Contents("S/msgs/" + format::BlockKeyFile(block));
  const auto key = world.options.keys->OpenBlock("S", block, sealed.value_or(""));
  if (!key) {
    ADD_FAILURE() << "no key for " << PathOf(block);
    return "";
  }
  crypto::BlockCipher(key->key).Apply(0, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());
  return bytes;
}

// The records of a block's file, as they are.
inline std::string PlainBytes(FileWorld& world, uint32_t block) {
  format::BlockUnpacker unpacker(OpenedFile(world, block));
  while (unpacker.Step()) {
  }
  EXPECT_TRUE(unpacker.damage().ok()) << PathOf(block);
  return unpacker.records();
}

inline bool IsCompressed(FileWorld& world, uint32_t block) {
  format::BlockHeader header;
  EXPECT_TRUE(format::ReadBlockHeader(OpenedFile(world, block), &header).ok());
  return header.compression != StoreCompression::kNone;
}

// Each record of a block's file: '3 foo' a message, 'gone 4' what was erased or skipped, 'tomb 5'.
inline std::vector<std::string> Records(FileWorld& world, uint32_t block) {
  const std::string bytes = PlainBytes(world, block);
  const auto checksum = format::BlockChecksum("S", block);
  format::RecordReader reader(bytes, &checksum);
  format::Record record;
  std::vector<std::string> out;
  while (reader.Next(&record)) {
    const std::string seq = std::to_string(record.seq);
    switch (record.kind) {
      case format::RecordKind::kMessage:
        out.push_back(seq + " " + std::string(record.subject));
        break;
      case format::RecordKind::kErased: out.push_back("gone " + seq); break;
      case format::RecordKind::kTombstone: out.push_back("tomb " + seq); break;
    }
  }
  EXPECT_EQ(reader.damage(), format::RecordDamage::kNone);
  return out;
}

// Whether any block on the disk holds these bytes, in whatever form.
inline bool DiskHolds(FileWorld& world, const std::string& text) {
  for (const uint32_t block : BlocksOf(world)) {
    if (PlainBytes(world, block).find(text) != std::string::npos) return true;
    if (world.driver.disk().Contents(PathOf(block))->find(text) != std::string::npos) return true;
  }
  return false;
}

// Turns until nothing moves, and says which blocks were written anew meanwhile.
inline std::vector<uint32_t> Rewritten(FileWorld& world) {
  std::vector<uint32_t> out;
  for (int quiet = 0; quiet < 3;) {
    quiet = world.Turn() ? 0 : quiet + 1;
    for (const std::string& name : world.Files()) {
      if (!name.ends_with(format::kTemporarySuffix)) continue;
      const auto block =
          format::ParseBlockFile(name.substr(0, name.size() - format::kTemporarySuffix.size()));
      if (block && (out.empty() || out.back() != *block)) out.push_back(*block);
    }
  }
  return out;
}

// Numbers of the blocks that are in memory.
inline std::vector<uint32_t> Cached(FileWorld& world) {
  std::vector<uint32_t> out;
  for (const auto& block : world.store().index().blocks) {
    if (block->cache != nullptr) out.push_back(block->number);
  }
  return out;
}

inline uint64_t Compact(FileWorld& world, Seq seq) {
  dunlin::Compact job;
  job.seq = seq;
  EXPECT_TRUE(world.Run(job));
  if (job.purged > 0) world.last_point = job.point;
  return job.purged;
}
inline bool Truncate(FileWorld& world, Seq seq) {
  dunlin::Truncate job;
  job.seq = seq;
  return world.Run(job);
}
inline bool Erase(FileWorld& world, Seq seq) { return world.store().Erase(world.now(), seq).ok(); }

// State and deleted sequences are the same after a clean stop, and after a power loss.
inline void ExpectSameAfterRestarts(FileWorld& world) {
  world.Settle();
  const StreamState state = world.store().State();
  const std::vector<SeqRange> deleted = world.store().Deleted();
  world.Crash(sim::CrashKind::kPowerLoss);
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.store().Deleted(), deleted);
  world.Reopen();
  EXPECT_EQ(world.store().State(), state);
  EXPECT_EQ(world.store().Deleted(), deleted);
  EXPECT_TRUE(world.notices.empty()) << world.notices[0];
}

}  // namespace dunlin::file
