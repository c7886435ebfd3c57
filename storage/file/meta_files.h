// The files that say what an asset (a stream, a consumer) is: meta.inf, its configuration;
// meta.sum, that one's checksum; in an encrypted store meta.key, which seals meta.inf, index.db and
// o.dat.
//
// Three files cannot be replaced at once, so they are in this order:
//
//   all that change written beside the old ones (.tmp) and synced; the directory synced
//   meta.inf.tmp -> meta.inf; the directory synced
//   meta.key.tmp -> meta.key, meta.sum.tmp -> meta.sum; the directory synced
//
// Whatever dies in between, there is one meta.inf, the old or the new one, and what belongs to it
// has its name or lies beside it; reading finds out which, and ends what was begun.
//
// meta.inf of a consumer ends with a line end, which the reference does not write and passes over:
// so whoever finds it knows that an o.dat was there before it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/crypto/highway_hash.h"
#include "storage/crypto/key_ring.h"
#include "storage/file/disk_steps.h"
#include "storage/file/file_reads.h"

namespace dunlin::file {

class MetaFiles {
 public:
  struct Asset {
    std::string directory;  // Within the store's; empty: that itself.
    std::string stream;
    std::string consumer;  // Empty: the stream is meant.
  };

  // 'keys' outlive this; null: nothing is encrypted.
  MetaFiles(StoreDisk disk, Asset asset, const crypto::KeyRing* keys);

  void Read();
  bool OnDisk(const DiskDone& done);
  // True: reading is over, and what was cut off is put right.
  bool Work();

  // --- Once read.
  // Why nothing of the asset must be touched, with the file's name: it is encrypted and not with
  // these keys, or cannot be read. Empty: it may.
  const std::string& failure() const { return failure_; }
  // What meta.inf says, decrypted; nullopt: it is not there, or empty.
  const std::optional<std::string>& json() const { return json_; }
  // meta.sum is that of meta.inf.
  bool sum_is_right() const { return sum_is_right_; }
  // There is a meta.sum, which gets its name after meta.inf has.
  bool has_sum() const { return has_sum_; }
  // A consumer's: its o.dat was there before meta.inf was.
  bool came_after_state() const { return came_after_state_; }
  // Encrypted as the operator wants it today.
  bool current() const;
  // What seals other files of the asset; nullopt: nothing, yet.
  const std::optional<crypto::FoundKey>& key() const { return key_; }

  // Replaces what is there, with a new key if there is none that is current; empty: makes only
  // that. REQUIRES: idle().
  void Write(std::string json);
  bool idle() const { return steps_.idle(); }
  // What went wrong with writing; empty: nothing.
  const std::string& error() const { return steps_.error(); }

 private:
  enum class State : uint8_t { kNew, kReading, kSettling, kReady };
  std::string Path(std::string_view name, std::string_view suffix = {}) const;
  void Look();
  void LookForKey(std::string_view meta);
  std::optional<crypto::FoundKey> OpenKey(std::string_view file) const;
  crypto::NewKey NewKey() const;
  DiskTicket PutKey();
  crypto::HighwayHash64 Checksum() const;
  void Fail(std::string_view file, std::string_view why);

  const Asset asset_;
  const crypto::KeyRing* const keys_;
  FileReads reads_;
  DiskSteps steps_;
  State state_ = State::kNew;
  std::optional<std::string> json_;
  std::optional<crypto::FoundKey> key_;
  bool sealed_ = false;
  bool sum_is_right_ = false;
  bool has_sum_ = false, came_after_state_ = false;
  bool key_is_pending_ = false, sum_is_pending_ = false;
  std::string failure_;
};

}  // namespace dunlin::file
