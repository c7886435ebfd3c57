// What one durable write costs on this disk, by nothing but system calls: the figure that those of
// storage are to be held against.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "host/unique_fd.h"
#include "tests/bench/store_meter.h"
#include "tests/host/disk/disk_fixture.h"

namespace dunlin::bench {

// A file that was written once before it is measured: growing it costs more, and nobody waits for
// that.
class RawFile {
 public:
  static constexpr size_t kBytes = 16 << 20;

  RawFile(const std::string& path, int flags)
      : bytes_(kBytes, 'x'), fd_(::open(path.c_str(), O_RDWR | O_CREAT | flags, 0600)) {
    CHECK(::pwrite(fd_.get(), bytes_.data(), kBytes, 0) == ssize_t{kBytes});
    CHECK(::fdatasync(fd_.get()) == 0);
  }
  void Write(size_t offset, size_t size) {
    CHECK(::pwrite(fd_.get(), bytes_.data(), size, static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(size));
  }
  void Sync() { CHECK(::fdatasync(fd_.get()) == 0); }

 private:
  host::AlignedBuffer bytes_;
  host::UniqueFd fd_;
};

// 4 KiB at a time, O_DIRECT and O_DSYNC.
class RawSync {
 public:
  void Write(Meter* meter) {
    constexpr size_t kBlocks = RawFile::kBytes / kDirectAlignment;
    const int64_t begin = NowNs();
    file_.Write(next_++ % kBlocks * kDirectAlignment, kDirectAlignment);
    meter->Add(NowNs() - begin);
  }

 private:
  const testing::TempDir dir_;
  RawFile file_{dir_.File("raw"), O_DIRECT | O_DSYNC};
  size_t next_ = 0;
};

}  // namespace dunlin::bench
