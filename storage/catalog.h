// Which streams are in a store directory, ours or the reference's, and what their meta.inf say:
// what their owner opens them with.
//
//   StreamCatalog catalog(&disk, encryption);
//   catalog.Begin();                              // OnDisk(), Work() until done()
//   for (const FoundStream& found : catalog.streams()) ...
//
// A few streams are looked at at a time. Nothing is changed, but what a crash cut off in the middle
// of a change of these files (file/meta_files.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/crypto/key_ring.h"
#include "storage/file/meta_files.h"
#include "storage/format/meta_file.h"

namespace dunlin {

struct FoundStream {
  std::string account;
  std::string directory;    // Within the disk's: what Storage::AddStream() takes.
  format::StreamMeta meta;  // Its 'json' is all of it.
  // Why the stream must not be opened, with the file's name, in the reference's words where it has
  // some; empty: it may, and 'meta' is right.
  std::string problem;
};

class StreamCatalog {
 public:
  // 'disk' outlives this; it serves what the reference calls 'jetstream' in its store_dir.
  StreamCatalog(DiskQueue* disk, const crypto::EncryptionOptions& encryption)
      : disk_(disk), encryption_(encryption) {}

  void Begin();
  bool OnDisk(const DiskDone& done);
  void Work();
  bool done() const { return begun_ && lists_.empty() && waiting_.empty() && reading_.empty(); }

  // Once done(): in the order of their directories.
  const std::vector<FoundStream>& streams() const { return streams_; }
  // The directories could not be listed; empty: they could.
  const std::string& failure() const { return failure_; }

 private:
  static constexpr size_t kAtOnce = 16;
  struct List {
    std::string account;  // Empty: the root.
    DiskTicket ticket;
  };
  struct Reading {
    size_t stream = 0;  // Place in streams_.
    std::unique_ptr<file::MetaFiles> meta;
  };
  void OnList(const List& list, const DiskDone& done);
  void BeginStreams();
  void BeginReading(size_t stream);
  void Finish(const Reading& reading);
  file::StoreDisk DiskFor(std::string directory);

  DiskQueue* const disk_;
  const crypto::EncryptionOptions encryption_;
  file::DiskRoutes routes_;
  std::map<std::string, crypto::KeyRing, std::less<>> keys_;
  bool begun_ = false;
  std::vector<List> lists_;
  std::vector<size_t> waiting_;  // Places in streams_; the last one is next.
  std::vector<Reading> reading_;
  std::vector<FoundStream> streams_;
  std::string failure_;
};

}  // namespace dunlin
