// Looks at a store directory, ours or the reference's, without changing it: says what is in it,
// holds every checksum against its bytes, and names what is damaged by stream, file and offset.
//
// What a stream holds is worked out from its blocks alone, by the rules of the reference's
// recovery: messages in the order of their blocks, those left out that a tombstone anywhere names.
// Caches (index.db, thw.db) are then held against that. Reads each block twice, one at a time;
// keeps in memory one block, the deleted sequences and a count per subject.
//
// For a tool, not for the engine: it runs to the end in one go, and reads files through a port that
// blocks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/consumer_store.h"
#include "engine/store/stream_store.h"
#include "storage/crypto/store_cipher.h"
#include "storage/disk.h"
#include "storage/format/meta_file.h"
#include "storage/format/record.h"

namespace dunlin::inspect {

// Where files are read from.
class Files {
 public:
  virtual ~Files() = default;
  // Sorted by name; nullopt if there is no such directory.
  virtual std::optional<std::vector<DirEntry>> List(const std::string& path) = 0;
  // nullopt if it is not there; an error is thrown at nobody: 'error' gets its words.
  virtual std::optional<std::string> Read(const std::string& path, std::string* error) = 0;
};

struct Options {
  std::string key;                           // jetstream { key }; empty: none.
  std::optional<crypto::CipherKind> cipher;  // Not given: both are tried.
  std::string account;                       // Of a bare stream directory; else its path says it.
  bool messages = false;                     // Report each message.
};

enum class IndexStatus : uint8_t {
  kMissing,
  kStale,    // Written before the last messages; rebuilt at the next start.
  kCurrent,  // Of the blocks as they are.
  kDamaged,
};
[[nodiscard]] const char* Describe(IndexStatus status);

struct StreamReport {
  std::string account, name;
  format::StreamMeta meta;
  bool meta_known = false;  // False: damaged, or sealed with a key that we do not have.
  std::optional<crypto::CipherKind> cipher;
  bool opened = true;  // False: sealed; the figures below mean nothing.
  StreamState state;
  std::map<std::string, uint64_t> subjects;  // Messages of each.
  uint64_t blocks = 0;
  IndexStatus index = IndexStatus::kMissing;
  std::optional<uint64_t> ttl_entries, schedule_entries;  // Of thw.db and sched.db, if there.
  // The parts of an index that the stream's checkpoint names, of which so many are whole: a start
  // after a crash uses all or none.
  uint64_t parts = 0, parts_whole = 0, parts_bytes = 0;
};

struct BlockReport {
  uint32_t number = 0;
  uint64_t file_bytes = 0;
  uint64_t record_bytes = 0;  // Decompressed.
  bool compressed = false;
  uint64_t records = 0, msgs = 0, erased = 0, tombstones = 0;
  Seq first_seq = 0, last_seq = 0;  // Of the messages that are left; 0: none.
};

struct ConsumerReport {
  std::string name;
  format::ConsumerMeta meta;
  bool meta_known = false;
  bool has_state = false;
  ConsumerState state;
};

// What a start will add to what a stream's files say: messages, and removals.
struct Replay {
  std::string account, stream;
  uint64_t records = 0;  // Newer than what the stream's checkpoint has; the blocks may have some.
  Seq last_seq = 0;      // The highest of their messages; 0: there is none.
  bool deleted = false;  // It goes.
};

// What a start will make of a consumer whose o.dat is of before.
struct ConsumerReplay {
  std::string account, stream, consumer;
  uint64_t records = 0;  // Newer than what o.dat has.
  ConsumerState state;   // Then.
  bool deleted = false;  // It goes.
};

// Of 'jetstream/journal'.
struct JournalReport {
  std::string store;  // Its id.
  uint64_t segments = 0;
  uint64_t first_batch = 0, last_batch = 0;
  uint64_t batches = 0, records = 0, bytes = 0;  // That would be replayed.
  bool torn_tail = false;  // What was not durable when the process ended is cut off: no damage.
  bool encrypted = false;
  std::vector<Replay> replays;  // Of the streams that were looked at, by account and name.
  std::vector<ConsumerReplay> consumers;  // Likewise, of consumers.
};

struct Finding {
  enum class Severity : uint8_t {
    kNote,    // Worth knowing; nothing is lost.
    kDamage,  // Bytes are not what was written, or are missing.
  };
  Severity severity = Severity::kDamage;
  std::string file;                // Within the directory that was looked at.
  std::optional<uint64_t> offset;  // Of the plain, decompressed bytes.
  std::string text;
};

// Takes what is found, in this order: each stream's findings, blocks, messages and consumers, then
// the stream itself.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void OnStreamBegin(const StreamReport& stream) = 0;
  virtual void OnFinding(const Finding& finding) = 0;
  virtual void OnBlock(const BlockReport& block) = 0;
  virtual void OnMessage(const format::Record& message) = 0;
  virtual void OnConsumer(const ConsumerReport& consumer) = 0;
  virtual void OnStream(const StreamReport& stream) = 0;
  virtual void OnJournal(const JournalReport& journal) = 0;
};

struct Totals {
  uint64_t streams = 0, consumers = 0, msgs = 0, damages = 0;
};

// 'directory': what 'store_dir' names (with 'jetstream' in it), or 'jetstream' itself, or one
// stream's.
[[nodiscard]] Totals Inspect(Files* files, const std::string& directory, const Options& options,
                             Sink* sink);

}  // namespace dunlin::inspect
