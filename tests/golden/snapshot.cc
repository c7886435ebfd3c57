// Streams of a store directory that the reference wrote, through our stores and out again: as
// snapshots, and as the directory that a clean stop leaves. On a simulated disk: what is tested is
// what the files say.
//
//   store_snapshot make STORE OUT     # OUT/NAME.snapshot of each stream; OUT/store: the directory
//   store_snapshot unpack FILE DIR    # an archive of the reference's
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "sim/disk/disk_driver.h"
#include "storage/format/file_names.h"
#include "storage/format/meta_file.h"
#include "storage/format/tar.h"
#include "storage/s2/stream.h"
#include "storage/storage.h"

namespace dunlin {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  CHECK(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

void Write(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  CHECK(out.good());
}

class Copier {
 public:
  Copier(const fs::path& from, fs::path to) : driver_(1), to_(std::move(to)) {
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      if (!entry.is_regular_file()) continue;
      driver_.disk().Put(fs::relative(entry.path(), from).string(), Read(entry.path()));
    }
    StorageOptions options;
    options.journal.segment_bytes = 1u << 20;
    options.journal.prepare_bytes_ahead = 64u << 10;
    storage_ = std::make_unique<Storage>(options, &driver_.queue(), Rng(2));
    for (const auto& account : fs::directory_iterator(from)) {
      const fs::path streams = account.path() / format::kStreamsDir;
      if (!fs::exists(streams)) continue;
      for (const auto& entry : fs::directory_iterator(streams)) Add(from, entry.path());
    }
    storage_->Open(driver_.now());
    Until(Storage::State::kRunning);
  }

  void Run() {
    for (const Stream& stream : streams_) Snapshot(stream);
    storage_->Stop(driver_.now());
    Until(Storage::State::kStopped);
    for (const std::string& path : driver_.disk().Files()) {
      if (path.starts_with("journal/")) continue;
      Write(to_ / "store" / format::kRootDir / path, *driver_.disk().Contents(path));
    }
    std::printf("%zu streams\n", streams_.size());
  }

 private:
  struct Stream {
    std::string name, meta;
    uint32_t id = 0;
  };

  void Add(const fs::path& from, const fs::path& directory) {
    Stream stream;
    stream.meta = Read(directory / format::kMetaFile);
    const auto meta = format::DecodeStreamMeta(stream.meta);
    CHECK(meta.ok());
    if (meta->in_memory) return;
    stream.name = meta->config.name;
    stream.id = storage_->AddStream(fs::relative(directory, from).string(), meta->config);
    streams_.push_back(std::move(stream));
  }

  void Turn() {
    if (const auto done = driver_.Step()) storage_->OnDisk(driver_.now(), *done);
    storage_->EndOfStep(driver_.now());
  }
  void Until(Storage::State state) {
    for (int i = 0; i < 1'000'000 && storage_->state() != state; ++i) Turn();
    for (const std::string& notice : storage_->TakeNotices()) {
      std::fprintf(stderr, "%s\n", notice.c_str());
    }
    CHECK(storage_->state() == state);
  }

  void Snapshot(const Stream& stream) {
    const uint32_t id =
        storage_->BeginSnapshot(stream.id, stream.meta, Storage::WithConsumers::kYes);
    std::string archive;
    while (true) {
      const Progress progress = storage_->ReadSnapshot(driver_.now(), id, &archive);
      CHECK(progress != Progress::kFailed);
      if (progress == Progress::kDone) break;
      if (progress == Progress::kWait) Turn();
    }
    storage_->EndSnapshot(id);
    Write(to_ / (stream.name + ".snapshot"), archive);
  }

  sim::DiskDriver driver_;
  const fs::path to_;
  std::unique_ptr<Storage> storage_;
  std::vector<Stream> streams_;
};

void Unpack(const fs::path& file, const fs::path& to) {
  const std::string archive = Read(file);
  std::string tar;
  CHECK(s2::DecodeStream(archive, uint64_t{1} << 30, &tar) == s2::StreamFault::kNone);
  format::TarReader reader;
  reader.Feed(tar);
  while (true) {
    const auto piece = reader.Next();
    if (piece == format::TarReader::Piece::kEnd) return;
    CHECK(piece == format::TarReader::Piece::kFile || piece == format::TarReader::Piece::kData);
    Write(to / reader.name(),
          piece == format::TarReader::Piece::kData ? reader.data() : std::string_view());
  }
}

}  // namespace
}  // namespace dunlin

int main(int argc, char** argv) {
  CHECK(argc == 4);
  const std::string_view what = argv[1];
  if (what == "make") {
    dunlin::Copier(std::filesystem::path(argv[2]) / dunlin::format::kRootDir, argv[3]).Run();
  } else {
    CHECK(what == "unpack");
    dunlin::Unpack(argv[2], argv[3]);
  }
  return 0;
}
