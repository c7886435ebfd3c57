// One stream's directory; see inspect.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/seq_set.h"
#include "storage/crypto/highway_hash.h"
#include "storage/format/index_state.h"
#include "storage/inspect/inspect.h"
#include "storage/inspect/journal_inspector.h"

namespace dunlin::inspect {

class StreamInspector {
 public:
  // REQUIRES: all outlive this. 'directory' ends in the stream's name.
  StreamInspector(Files* files, const Options& options, Sink* sink, std::string account,
                  std::string directory);

  void Run();

  uint64_t msgs() const { return report_.state.msgs; }
  uint64_t consumers() const { return consumers_; }
  uint64_t damages() const { return damages_; }
  // What the journal may have more of, or its deletion.
  const ConsumerOwners& owners() const { return owners_; }

 private:
  // What a pass over a block gave, to hold against the index.
  struct Block {
    uint64_t msgs = 0, bytes = 0;
  };
  // index.db, read.
  struct Index {
    format::IndexStream stream;
    std::map<std::string, uint64_t> subjects;
    std::map<uint32_t, format::IndexBlock> blocks;
    format::IndexTail tail;
  };

  bool IsMade();
  void ReadMeta();
  void FindMessages();
  std::vector<uint32_t> ListBlocks();
  // Nothing: it cannot be read, and that has been said.
  std::optional<std::string> LoadBlock(uint32_t number, bool report, BlockReport* block,
                                       uint64_t* last_checksum);
  bool FindBlockKey(uint32_t number, bool report, std::optional<crypto::DataKey>* key);
  void CollectDeleted(const std::vector<uint32_t>& numbers);
  void CollectDeleted(uint32_t number, const std::string& records);
  void ReadIndex();
  std::optional<Index> DecodeIndex(std::string_view content);
  void CountTotals(const std::vector<uint32_t>& numbers);
  void CountBlock(uint32_t number);
  void CountMessage(const format::Record& record, BlockReport* block, Block* kept);
  bool IsAlive(uint32_t block, const format::Record& record);
  bool IsOverLimits(const format::Record& record);
  void FinishState();
  void CompareIndex();
  void CheckTimers();
  std::optional<uint64_t> CountTimers(const std::string& file, bool schedules);
  void ReadConsumers();
  void ReadConsumer(const std::string& name);
  std::optional<std::string> OpenConsumerState(const std::string& directory,
                                               const crypto::SecretKey* key_encryption_key,
                                               const std::optional<crypto::DataKey>& key);
  void ReadConsumerState(const std::string& file, const std::string& bytes, ConsumerReport* report);
  bool IsUnmade(const std::string& directory, const std::string& name);
  void CheckParts();

  // A file that must be there; its absence is damage.
  std::optional<std::string> Required(const std::string& file);
  // meta.inf: checked against meta.sum and opened, if sealed. nullopt: that has been said.
  bool HasSum(const std::string& directory, const std::string& meta,
              const crypto::HighwayHash64& checksum);
  std::optional<std::string> OpenMeta(const std::string& directory,
                                      const crypto::HighwayHash64& checksum,
                                      const crypto::SecretKey* key_encryption_key,
                                      std::optional<crypto::DataKey>* key);
  std::optional<crypto::DataKey> OpenKey(const std::string& file, const std::string& bytes,
                                         const crypto::SecretKey& key_encryption_key, bool report);
  void Damage(const std::string& file, std::optional<uint64_t> offset, std::string text);
  void Note(const std::string& file, std::string text);

  Files* const files_;
  const Options& options_;
  Sink* const sink_;
  const std::string directory_;
  const std::string name_;
  std::string msgs_;  // Where its blocks are.
  std::optional<crypto::MasterKey> master_;
  std::optional<crypto::DataKey> key_;  // Of the stream, if it is encrypted and we can open it.
  bool sealed_ = false;                 // It is encrypted.
  bool broken_ = false;                 // Something in its blocks could not be read.
  StreamReport report_;
  SeqSet deleted_;  // By a tombstone.
  uint64_t tombstone_last_ = 0;
  WallTime tombstone_last_time_;
  uint32_t last_block_ = 0;
  uint64_t last_checksum_ = 0;  // Of its last record.
  std::optional<Index> index_;
  // What is left while limits are applied from the front.
  uint64_t limit_msgs_ = 0, limit_bytes_ = 0;
  std::map<std::string, uint64_t> limit_subjects_;
  std::map<uint32_t, Block> blocks_;
  uint64_t consumers_ = 0, damages_ = 0;
  ConsumerOwners owners_;
};

}  // namespace dunlin::inspect
