// The state of a stream as replicas and snapshots exchange it (reference: EncodedStreamState):
//
//   42, 1; then as varints: messages, bytes, first and last sequence, how many entries failed, how
//   many sequences are deleted; then these as delete blocks to the end of the bytes: a SeqSet in
//   its own encoding (it begins with 22), or a run: 33, first sequence, how many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/seq_set.h"
#include "engine/store/stream_store.h"
#include "storage/format/damage.h"

namespace dunlin::format {

// Deleted sequences: a run, or a set.
using DeleteBlock = std::variant<SeqRange, SeqSet>;

struct ReplicatedState {
  uint64_t msgs = 0;
  uint64_t bytes = 0;
  uint64_t first_seq = 0;
  uint64_t last_seq = 0;
  uint64_t failed = 0;
  uint64_t num_deleted = 0;  // What the sender counted, not what the blocks add up to.
  std::vector<DeleteBlock> deleted;
  bool operator==(const ReplicatedState&) const = default;
};

// Whether bytes in a replicated log are such a state; anything else there is older. reference:
// IsEncodedStreamState.
[[nodiscard]] bool IsReplicatedState(std::string_view bytes);

// Without deleted ones (num_deleted is 0), 'deleted' is not written.
[[nodiscard]] std::string EncodeReplicatedState(const ReplicatedState& state);

// "bad stream state encoding" is kBadMagic or kBadVersion, "stream state snapshot is corrupt"
// everything else. A run of none is dropped; one that goes past the largest sequence is damage.
// Walks all bytes. On damage '*out' is unspecified.
[[nodiscard]] Damage DecodeReplicatedState(std::string_view bytes, ReplicatedState* out);

// As runs in increasing order, adjacent ones joined, overlapping ones merged.
[[nodiscard]] std::vector<SeqRange> DeletedRanges(const std::vector<DeleteBlock>& blocks);

}  // namespace dunlin::format
