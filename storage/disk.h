// The disk as storage sees it: operations go out as values, completions come back as events.
//
// The engine's side appends operations to a DiskQueue while it handles a batch of events; the
// driver (the host's disk, or the simulator's) takes them out afterwards, carries them out in any
// order that 'after' allows, and hands each one's DiskDone back, exactly once, with a later batch.
// Nothing here blocks, and nothing here is durable because it was asked for.
//
// What is VISIBLE. An operation takes effect at its completion: a read that is issued after a
// write's completion sees the write, one that is issued before may see any mix of old and new, byte
// by byte. Two operations that touch the same bytes of a file, or the same name, must not be in
// flight at once unless one waits for the other by 'after' (the simulator aborts on that).
//
// What is DURABLE, that is, still there after a power loss:
//   - bytes written, and a file's length: once a kSync of that file, issued after the write's
//     completion (or chained to it by 'after'), has completed without error; or, in a file opened
//     with Access::kDurableWrites, once the write itself has;
//   - a name (after kOpen that created, kRename, kRemove): once a kSyncDir of its directory, issued
//     or chained likewise, has completed. A file whose bytes are durable and whose name is not is
//     lost.
// Everything else may be there or not after a power loss, in any combination: writes are torn at
// sectors of 512 bytes, later ones may survive where earlier ones do not, a file may have its
// length and not its bytes (zeros, or what lay there before). After the mere death of the process
// everything that completed is there; what was in flight may be there in part.
//
// A rename is atomic: whoever looks sees the old or the new file under the name, after a power loss
// too. Whether it happened is only certain after kSyncDir.
//
// A kSync, kSyncDir or durable write that FAILED (a write: but by kNoSpace) proves nothing, then or
// ever: the kernel may have dropped bytes, and says so only once. The disk refuses (kPoisoned) all
// that follows on the file but kClose; the owner stops promising things, closes, and recovers by
// reading. Never ask again and believe the answer (Rebello et al., "Can Applications Recover from
// fsync Failures?", ATC 2020). Names are not dropped so: who opens anew may sync their directory
// again, and believe it. (File systems with a journal write names in order or stop; on one without,
// a device that fails may take what was promised.)
//
// Limits: ops in flight are bounded by their owners (journal depth, reads per store); a single read
// or write carries at most kTransferBytesMax.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dunlin {

// An open file, as its opener named it: numbers are chosen by DiskQueue::NewFile(), never used
// again, and mean nothing to the next life of the process.
struct FileId {
  uint64_t value = 0;  // 0: none.
  constexpr auto operator<=>(const FileId&) const = default;
};

// One operation. Unique within a process's life, increasing in the order of issue.
struct DiskTicket {
  uint64_t value = 0;  // 0: none.
  constexpr auto operator<=>(const DiskTicket&) const = default;
};

inline constexpr size_t kTransferBytesMax = 64u << 20;

// What all transfers of a file with durable (direct) writes are multiples of: offset, length, and
// the address of the memory.
inline constexpr size_t kDirectAlignment = 4096;

// The unit that a power loss tears writes into.
inline constexpr size_t kSectorBytes = 512;

enum class Access : uint8_t {
  kRead,           // An existing file, to read. No write, truncate or sync.
  kWrite,          // To read and write.
  kDurableWrites,  // Likewise; each write is durable when it completes. Direct: kDirectAlignment.
};

enum class Creation : uint8_t {
  kExisting,   // kNotFound if the file is not there.
  kIfMissing,  // Made if it is not there, else opened as it is.
  kNew,        // kExists if it is there.
  kEmptied,    // Made, or opened and cut to length 0.
};

enum class DiskError : uint8_t {
  kNone,
  kNotFound,      // No such file or directory.
  kExists,        // Creation::kNew, or Replace::kNever, and the name is taken.
  kNoSpace,       // The file system is full, or a quota is reached. Nothing else is wrong.
  kPermission,    // Also a file system that is mounted read-only.
  kTooManyFiles,  // The process's or the system's descriptors are used up.
  kIo,            // The device failed (EIO) or something unforeseen; DiskDone::text has the words.
  kPoisoned,      // A sync of this file failed earlier; see above.
  kCanceled,      // What it should follow ('after') failed.
};

// The field's term for a log line: "no space left on device", ...
[[nodiscard]] const char* Describe(DiskError error);

enum class Replace : uint8_t { kNever, kExisting };

// What the disk is asked to do. Paths are relative to the store directory that the driver serves,
// '/' between parts, never "." or ".." (the driver aborts on those). Memory that 'data' names
// belongs to the issuer, who keeps it, and keeps it unchanged, until the completion arrives; if the
// process (or simulated node) dies first, the driver lets go of it.
struct DiskOp {
  enum class Kind : uint8_t {
    kOpen,        // 'path', 'access', 'creation'; 'file' is the id from then on. Missing
                  // directories above it are an error.
    kClose,       // 'file'. Always succeeds. Not a sync.
    kRead,        // 'size' bytes at 'offset' into 'data'. Less at the file's end: DiskDone::size.
    kWrite,       // 'size' bytes from 'data' at 'offset'. Past the end, a gap reads as zeros. All
                  // of it, or an error: then any part may have been written.
    kTruncate,    // 'file' to 'size' bytes: cut, or grown with zeros.
    kSync,        // 'file': bytes and length (fdatasync).
    kSyncDir,     // 'path': the names in this directory.
    kRename,      // 'path' to 'target', by 'replace'. Files, or directories (target must not
                  // exist). Files that are open stay open.
    kRemove,      // 'path': a file. An open one lives on without a name until closed.
    kMakeDir,     // 'path', and what is missing above it. No error if it is there.
    kRemoveTree,  // 'path': a directory with all that is in it. kNotFound if it is not there. Not
                  // atomic: after a crash any part may be left.
    kList,        // 'path': DiskDone::entries, sorted by name.
    kFreeSpace,   // DiskDone::size: bytes that can still be written.
  };

  Kind kind = Kind::kOpen;
  Access access = Access::kRead;
  Creation creation = Creation::kExisting;
  Replace replace = Replace::kNever;
  DiskTicket ticket;  // Filled in by DiskQueue.
  DiskTicket after;   // Begins only when this one has completed; kCanceled if that failed.
  FileId file;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint8_t* data = nullptr;
  std::string path, target;
};

struct DirEntry {
  std::string name;
  uint64_t size = 0;  // Of a file.
  bool is_directory = false;
  auto operator<=>(const DirEntry&) const = default;
};

// How an operation ended.
struct DiskDone {
  DiskTicket ticket;
  DiskError error = DiskError::kNone;
  uint64_t size = 0;              // kRead: bytes read. kOpen: the file's length. kFreeSpace: bytes.
  std::vector<DirEntry> entries;  // kList.
  std::string text;               // Of an error: the system's words, with the path.

  bool ok() const { return error == DiskError::kNone; }
};

// Where operations are put, in order of issue; the driver empties it after each batch. One for all
// of a node's storage.
class DiskQueue {
 public:
  DiskQueue() = default;
  DiskQueue(const DiskQueue&) = delete;
  DiskQueue& operator=(const DiskQueue&) = delete;

  // Each returns the ticket that the completion will carry. 'after' as in DiskOp.
  FileId NewFile() { return {++last_file_}; }
  DiskTicket Open(FileId file, std::string path, Access access, Creation creation,
                  DiskTicket after = {});
  DiskTicket Close(FileId file, DiskTicket after = {});
  DiskTicket Read(FileId file, uint64_t offset, uint8_t* data, size_t size, DiskTicket after = {});
  DiskTicket Write(FileId file, uint64_t offset, const uint8_t* data, size_t size,
                   DiskTicket after = {});
  DiskTicket Truncate(FileId file, uint64_t size, DiskTicket after = {});
  DiskTicket Sync(FileId file, DiskTicket after = {});
  DiskTicket SyncDir(std::string path, DiskTicket after = {});
  DiskTicket Rename(std::string path, std::string target, Replace replace, DiskTicket after = {});
  DiskTicket Remove(std::string path, DiskTicket after = {});
  DiskTicket MakeDir(std::string path, DiskTicket after = {});
  DiskTicket RemoveTree(std::string path, DiskTicket after = {});
  DiskTicket List(std::string path, DiskTicket after = {});
  DiskTicket FreeSpace(DiskTicket after = {});

  // For the driver: what has been issued since the last Clear().
  const std::vector<DiskOp>& ops() const { return ops_; }
  bool empty() const { return ops_.empty(); }
  void Clear() { ops_.clear(); }

 private:
  DiskOp& Add(DiskOp::Kind kind, DiskTicket after);
  DiskTicket AddPath(DiskOp::Kind kind, std::string path, DiskTicket after);
  DiskTicket AddTransfer(DiskOp::Kind kind, FileId file, uint64_t offset, uint8_t* data,
                         size_t size, DiskTicket after);

  std::vector<DiskOp> ops_;
  uint64_t last_ticket_ = 0;
  uint64_t last_file_ = 0;
};

}  // namespace dunlin
