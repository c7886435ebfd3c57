// A simulated disk for tests: one operation at a time, each waited for, unless a test goes to the
// queue itself.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "sim/disk/disk_driver.h"

namespace dunlin::sim {

inline const uint8_t* BytesOf(const std::string& text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

struct Disk {
  explicit Disk(uint64_t seed = 1, SimDiskOptions options = {}) : driver(seed, options) {}

  DiskQueue& queue() { return driver.queue(); }
  SimDisk& disk() { return driver.disk(); }

  FileId Open(const std::string& path, Access access = Access::kWrite,
              Creation creation = Creation::kIfMissing) {
    const FileId file = queue().NewFile();
    EXPECT_TRUE(driver.Run(queue().Open(file, path, access, creation)).ok());
    return file;
  }
  DiskDone Write(FileId file, uint64_t offset, const std::string& bytes) {
    return driver.Run(queue().Write(file, offset, BytesOf(bytes), bytes.size()));
  }
  DiskDone TryRead(FileId file, uint64_t offset, std::string* bytes) {
    const DiskDone done = driver.Run(
        queue().Read(file, offset, reinterpret_cast<uint8_t*>(bytes->data()), bytes->size()));
    bytes->resize(done.size);
    return done;
  }
  std::string Read(FileId file, uint64_t offset, size_t size) {
    std::string bytes(size, '?');
    EXPECT_TRUE(TryRead(file, offset, &bytes).ok());
    return bytes;
  }
  DiskError Sync(FileId file) { return driver.Run(queue().Sync(file)).error; }
  DiskError SyncDir(const std::string& path) { return driver.Run(queue().SyncDir(path)).error; }
  void Make(const std::string& path, const std::string& bytes) { disk().Put(path, bytes); }
  std::optional<std::string> Contents(const std::string& path) { return disk().Contents(path); }

  DiskDriver driver;
};

}  // namespace dunlin::sim
