// What is configured of each stream, as whoever keeps the process has it: with StorySetup::meta in
// meta.inf, which says after a death what is so; without, somewhere else, where it comes once the
// store's record of the change survives everything.
#pragma once

#include <string>
#include <vector>

#include "sim/store/store_process.h"

namespace dunlin::sim {

class StoryConfigs {
 public:
  explicit StoryConfigs(const StorySetup& setup);

  // What meta.inf holds then.
  [[nodiscard]] static std::string MetaOf(StoreConfig config);

  // Another one was asked for, and the process took it; 'point' is that of its record.
  void Changed(size_t stream, const StoreConfig& config, WritePoint point);
  // What the process has promised by now. REQUIRES: it runs, or stopped in good order.
  void NotePromises(StoreProcess* process);
  // After a death: what 'stream' is started with. 'meta': what meta.inf holds, if it can be read;
  // empty: nobody can say. Sets '*problem' if it is neither what was promised last, nor anything
  // that was asked for since.
  StoreConfig Recover(size_t stream, const std::string& meta, std::string* problem);
  // The stream was deleted: meta.inf is there, or not.
  void Dropped(size_t stream) { streams_[stream].written = false; }
  // All files are gone.
  void Wiped();

 private:
  struct Asked {
    StoreConfig config;
    WritePoint point;
  };
  struct Stream {
    StoreConfig kept;
    std::vector<Asked> asked;  // Since then.
    bool written = false;      // meta.inf must be there.
  };
  const bool meta_;
  std::vector<Stream> streams_;
};

// What meta.inf of the stream holds, opened with the keys of 'setup'; empty: it is not there, or
// cannot be opened.
[[nodiscard]] std::string ReadMeta(const SimDisk& disk, const StorySetup& setup, size_t stream);

}  // namespace dunlin::sim
