// What may lie in a stream's directory once its store has come to rest: the files of the format, of
// blocks that the store knows, and parts of an index that its checkpoint names. All else is a
// stray: a temporary file, a block that was dropped, a key without its block.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "sim/disk/sim_disk.h"
#include "storage/file/checkpoint.h"
#include "storage/file/file_store.h"
#include "storage/file/index_part.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"

namespace dunlin::file {

// Of the stream "S", in the directory of its name; empty: there is none. REQUIRES: idle().
inline std::string StrayFile(const sim::SimDisk& disk, const FileStore& store) {
  const std::string folder = "S/", msgs = folder + std::string(format::kMsgsDir) + "/";
  const bool stopped = store.phase() == FileStore::Phase::kStopped;
  Checkpoint checkpoint;
  if (const auto bytes = disk.Contents(msgs + std::string(kCheckpointFile))) {
    const auto found = DecodeCheckpoint(*bytes, format::StreamChecksum("S"));
    if (!found) return "a checkpoint that cannot be read";
    checkpoint = *found;
  }
  const auto is_known = [&](const std::string& name) {
    if (const auto block = format::ParseBlockFile(name)) return store.KnowsBlock(*block);
    if (const auto key = format::ParseBlockKeyFile(name)) {
      return store.KnowsBlock(*key) && disk.Contents(msgs + format::BlockFile(*key)).has_value();
    }
    if (const auto part = ParsePartFile(name)) {
      const auto& named = checkpoint.index;
      return std::any_of(named.begin(), named.end(),
                         [&](const IndexPart& known) { return known.number == *part; });
    }
    if (name == kCheckpointFile) return !stopped;
    const bool is_cache =
        name == format::kIndexFile || name == format::kTtlFile || name == format::kScheduleFile;
    return is_cache && stopped;
  };
  for (const std::string& path : disk.Files()) {
    if (!path.starts_with(folder)) continue;
    const std::string name = path.substr(path.rfind('/') + 1);
    const bool is_meta =
        path == folder + name &&
        (name == format::kMetaFile || name == format::kMetaSumFile || name == format::kMetaKeyFile);
    if (!is_meta && (path != msgs + name || !is_known(name))) return "a stray file: " + path;
  }
  return "";
}

}  // namespace dunlin::file
