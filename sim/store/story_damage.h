// What damage to files may have cost, and what it cannot excuse: found out by holding each file
// that was damaged against what it held before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"
#include "sim/store/stream_twin.h"

namespace dunlin::sim {

class StoryDamage {
 public:
  explicit StoryDamage(std::string journal_directory) : journal_(std::move(journal_directory)) {}

  // The file held 'before'; whoever reads it now gets 'after'.
  void Note(std::string path, std::string before, std::string after);

  // Only blocks, caches, and files of consumers: a process starts all the same, and serves all that
  // is left.
  bool only_blocks() const { return only_blocks_; }
  bool any_in_journal() const { return in_journal_; }
  // Of this stream, its consumers aside, or of the journal, or of nobody in particular.
  bool Concerns(std::string_view stream) const;
  // Likewise, and no block: it may not start.
  bool MayStop(std::string_view stream) const;
  // No more than so many batches of the journal can have suffered, and what lies behind them tells
  // of them. UINT64_MAX: nobody knows.
  uint64_t batches_max() const { return batches_max_; }
  // A block of this stream lost its end.
  bool AnyCut(std::string_view stream) const;
  // The stream's checkpoint was struck, which alone says whose blocks these are.
  bool HitCheckpoint(std::string_view stream) const;
  // The message's record was in a block of this stream that was damaged where it lay, or nobody can
  // tell. REQUIRES: the stream's blocks are neither compressed nor encrypted.
  bool MayHaveHit(std::string_view stream, const TwinMsg& msg) const;

 private:
  struct File {
    std::string path, before, after;
  };
  const std::string journal_;
  std::vector<File> blocks_;
  std::vector<std::string> others_;  // The paths of all others.
  bool only_blocks_ = true;
  bool in_journal_ = false;
  uint64_t batches_max_ = 0;
};

}  // namespace dunlin::sim
