// A host's disk in a directory of its own, for tests that are to hold for each of its ways.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/check.h"
#include "host/disk/blocking_disk.h"
#include "host/disk/host_disk.h"
#include "tests/support/temp_dir.h"

namespace dunlin::host {

// Memory as durable writes want it.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t size, char fill = 0)
      : size_(size), data_(static_cast<uint8_t*>(std::aligned_alloc(kDirectAlignment, size))) {
    CHECK(data_ != nullptr);
    for (size_t i = 0; i < size; ++i) data_[i] = static_cast<uint8_t>(fill);
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : size_(other.size_), data_(std::exchange(other.data_, nullptr)) {}
  ~AlignedBuffer() { std::free(data_); }

  uint8_t* data() { return data_; }
  size_t size() const { return size_; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  size_t size_;
  uint8_t* data_;
};

struct DiskWay {
  const char* name;
  HostDisk::Engine engine;
  HostDisk::Writes writes;
};

inline constexpr DiskWay kDiskWays[] = {
    {"Best", HostDisk::Engine::kBest, HostDisk::Writes::kBest},
    {"BestBuffered", HostDisk::Engine::kBest, HostDisk::Writes::kBuffered},
    {"Threads", HostDisk::Engine::kThreads, HostDisk::Writes::kBest},
    {"ThreadsBuffered", HostDisk::Engine::kThreads, HostDisk::Writes::kBuffered},
};

inline std::unique_ptr<HostDisk> OpenDisk(const std::string& path, DiskWay way = kDiskWays[0],
                                          size_t files_max = 64) {
  return std::move(
      HostDisk::Open(path, {.engine = way.engine, .writes = way.writes, .files_max = files_max})
          .value());
}

// One file system operation at a time, each waited for.
class SimpleDisk {
 public:
  explicit SimpleDisk(const std::string& path, DiskWay way = kDiskWays[0], size_t files_max = 64)
      : disk(OpenDisk(path, way, files_max)), blocking(*disk) {}

  DiskQueue& queue() { return blocking.queue(); }
  DiskDone Do(DiskTicket ticket) { return blocking.Wait(ticket); }

  // REQUIRES: it can be opened.
  FileId Open(const std::string& path, Access access = Access::kWrite,
              Creation creation = Creation::kIfMissing) {
    const FileId file = queue().NewFile();
    const DiskDone done = Do(queue().Open(file, path, access, creation));
    CHECK(done.ok());
    return file;
  }
  DiskError TryOpen(const std::string& path, Access access, Creation creation) {
    return Do(queue().Open(queue().NewFile(), path, access, creation)).error;
  }
  DiskDone Write(FileId file, uint64_t offset, std::string_view bytes) {
    return Do(
        queue().Write(file, offset, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  }
  std::string Read(FileId file, uint64_t offset, size_t size) {
    std::string bytes(size, '?');
    const DiskDone done =
        Do(queue().Read(file, offset, reinterpret_cast<uint8_t*>(bytes.data()), size));
    CHECK(done.ok());
    bytes.resize(done.size);
    return bytes;
  }

  std::unique_ptr<HostDisk> disk;
  BlockingDisk blocking;
};

}  // namespace dunlin::host
