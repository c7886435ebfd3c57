// For fuzz targets: store directories that a process of ours made, and edits of their files.
//
// An edit is five bytes of an input: kind, file, offset (of 65,536ths of the file's size), value.
// Checksums can be made to fit again, so that what stands behind them is reached.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/disk/sim_disk.h"
#include "sim/store/store_process.h"
#include "sim/store/story.h"

namespace dunlin::fuzz {

using Files = std::map<std::string, std::string>;

struct StoreBase {
  bool is_encrypted = false;
  bool is_compressed = false;
  bool stops = false;          // In good order; else it is killed.
  bool has_consumers = false;  // One of each ack policy, called "all", "explicit" and "none".
};

// One stream "S".
[[nodiscard]] sim::StorySetup SetupOf(const StoreBase& base);
// What such a process leaves on its disk.
[[nodiscard]] Files MakeStore(const StoreBase& base);

inline constexpr size_t kEditsMax = 16;  // Of one input.
inline constexpr size_t kEditBytes = 5;
inline constexpr uint8_t kSealingEdit = 7;
// The file holds the bytes that follow the edit, as many as 'offset' says. Not all targets have it.
inline constexpr uint8_t kFillingEdit = 8;

// Does an edit of this kind with one of 'paths', unless there is none. 'edit' has at least
// kEditBytes, and 'size' of the input are left from there on. How many of them it took.
size_t Edit(uint8_t kind, const uint8_t* edit, size_t size, const std::vector<std::string>& paths,
            Files* files);

// All of them, on a disk.
void Put(const Files& files, sim::SimDisk* disk);

// Makes the checksums in a file of the store fit what it holds, as far as that makes sense.
void Seal(const std::string& path, std::string* bytes);

// All paths, or those that have 'part' in them.
[[nodiscard]] std::vector<std::string> Paths(const Files& files, std::string_view part = "");

// All messages that can be read, a line each. False: the store says that it cannot go on.
[[nodiscard]] bool ReadAll(sim::StoreProcess& process, std::string* out);

}  // namespace dunlin::fuzz
