// What a snapshot is to hold: the stream as a checkpoint has it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/seq_set.h"
#include "engine/store/stream_store.h"

namespace dunlin::file {

struct Pinned {
  struct Block {
    uint32_t number = 0;
    uint64_t msgs = 0;        // Live ones.
    uint64_t file_bytes = 0;  // No more of its file than this.
    Seq first = 0, last = 0;  // Of the live ones.
    SeqSet deleted;           // Between them.

    bool Lives(Seq seq) const {
      return msgs > 0 && seq >= first && seq <= last && !deleted.Contains(seq);
    }
  };

  bool wanted = false;
  bool ready = false;   // The checkpoint is durable.
  uint64_t moment = 0;  // Counts the checkpoints that were begun for it; 0: none yet.
  uint64_t number = 0;  // Of the journal record up to which it is.
  uint32_t first = 0;   // Blocks from this number on are still needed.
  StreamState state;
  std::vector<Block> blocks;  // In order. The last one may have no messages.

  bool Needs(uint32_t block) const {
    return wanted && moment > 0 && block >= first && !blocks.empty() &&
           block <= blocks.back().number;
  }
};

}  // namespace dunlin::file
