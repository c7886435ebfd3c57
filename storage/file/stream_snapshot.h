// A snapshot of a stream: an archive that the reference restores.
//
// Format: a stream of S2 around a tar with meta.inf and meta.sum, msgs/N.blk, and for each consumer
// obs/NAME/meta.inf, meta.sum and o.dat: plain, whatever is on disk. Blocks have what lives and
// nothing else; the reference's index.db is left out (it checks it against the blocks, and builds
// it anew).
//
// THE CONSISTENT POINT is a checkpoint of the stream that is begun for it: the archive has exactly
// the messages that lived at that moment, and the consumers as they were then, and everything in it
// was durable before its first byte was given out. The stream goes on meanwhile: what is stored
// later is not in it, what is removed later is. For that, blocks that are still to be read are kept
// as they are (FileStore::Pin()): their files are neither removed nor written anew, not even for an
// erasure, until the snapshot has passed them or is given up. Whoever makes one gives up those that
// nobody reads.
//
//   StreamSnapshot snapshot(options, disk, &store);
//   each step: snapshot.OnDisk() for each completion
//   snapshot.Read(&out)   kMore: again, with a later event; kWait: after a completion, or a step of
//                         the store; kDone: 'out' has the last of it
//
// A call does about a millisecond's work. Memory: a block, twice.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/stream_store.h"
#include "storage/file/file_store.h"
#include "storage/format/block_file.h"
#include "storage/format/record.h"
#include "storage/s2/stream.h"

namespace dunlin::file {

// A consumer as it was at the consistent point.
struct ConsumerCopy {
  std::string name;
  std::string meta;   // JSON.
  std::string state;  // As o.dat.
};

class StreamSnapshot {
 public:
  struct Options {
    std::string stream;  // Its name.
    std::string meta;    // meta.inf, plain JSON; its owner's.
  };
  // 'disk' is that of the stream's directory, with tickets of the snapshot's own. The store
  // outlives this, or Cancel() comes before its end. REQUIRES: the store is not pinned.
  StreamSnapshot(Options options, StoreDisk disk, FileStore* store);
  ~StreamSnapshot();

  // Whether the moment has come since the last call (again, if the one before came to nothing): the
  // owner copies the consumers in the same step.
  bool TakeMoment();
  void SetConsumers(std::vector<ConsumerCopy> consumers) { consumers_ = std::move(consumers); }

  Progress Read(const Now& now, std::string* out);
  void OnDisk(const DiskDone& done);
  // Begins nothing any more, and needs the store no longer.
  void Cancel(std::string why);

  // As it is in the archive; once Read() has given out something.
  const StreamState& state() const { return state_; }
  // After kFailed.
  const std::string& failure() const { return failure_; }

 private:
  enum class Stage : uint8_t {
    kPinning,
    kNextBlock,
    kReading,
    kDecrypting,
    kUnpacking,
    kFiltering,
    kWriting,
    kConsumers,
    kDone,
    kFailed,
  };

  void Begin(const Now& now);
  void NextBlock();
  void Filter();
  void WriteConsumers();
  void AddFile(const std::string& name, std::string_view bytes);
  void Emit(std::string_view bytes);
  Progress Flush(std::string* out);
  Progress Fail(std::string why);
  std::string Where(uint64_t offset) const;

  const Options options_;
  StoreDisk disk_;
  FileStore* store_;
  uint64_t moment_ = 0;
  std::vector<ConsumerCopy> consumers_;
  size_t next_consumer_ = 0;

  Stage stage_ = Stage::kPinning;
  WallTime time_;
  StreamState state_;
  size_t next_block_ = 0;
  const Pinned::Block* block_ = nullptr;

  FileId file_;
  DiskTicket open_, read_, close_;
  bool read_done_ = false;
  std::string read_error_;
  std::string bytes_;
  std::unique_ptr<format::BlockUnpacker> unpacker_;
  uint64_t decrypted_ = 0;
  uint64_t offset_ = 0;  // In the plain block: how far it was looked through.
  std::optional<format::RecordSearch> search_;  // For what comes behind damage there.
  Seq last_ = 0;                                // The last sequence in it so far.
  Seq first_kept_ = 0;                          // Of its messages that are kept.
  uint64_t found_ = 0;                          // Of its live messages.
  std::string damage_;                          // The first that was met.
  std::string kept_;                            // What lives of it.
  uint64_t emitted_ = 0;

  std::string tar_;  // Not compressed yet.
  std::string packed_;
  s2::StreamEncoder encoder_{&packed_};
  std::string failure_;
};

}  // namespace dunlin::file
