// What the files of a stream are called, below its directory; the reference's names.
//
//   jetstream/ACCOUNT/streams/STREAM/   meta.inf meta.sum meta.key
//                                msgs/  N.blk N.key index.db thw.db sched.db
//                                obs/CONSUMER/  meta.inf meta.sum meta.key o.dat
//
// Files are replaced through a temporary one beside them. Such leftovers, and directories that the
// reference moves messages to while it purges, may be found after a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::format {

inline constexpr std::string_view kRootDir = "jetstream";
inline constexpr std::string_view kStreamsDir = "streams";
inline constexpr std::string_view kMsgsDir = "msgs";
inline constexpr std::string_view kConsumersDir = "obs";
inline constexpr std::string_view kMetaFile = "meta.inf";
inline constexpr std::string_view kMetaSumFile = "meta.sum";
inline constexpr std::string_view kMetaKeyFile = "meta.key";
inline constexpr std::string_view kIndexFile = "index.db";
inline constexpr std::string_view kTtlFile = "thw.db";
inline constexpr std::string_view kScheduleFile = "sched.db";
inline constexpr std::string_view kConsumerStateFile = "o.dat";
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Leftovers of a purge that was cut off: 'purged' messages to delete, and the new 'msgs' to be.
inline constexpr std::string_view kPurgedDir = "__msgs__";
inline constexpr std::string_view kNewMsgsDir = "__new_msgs__";

// The name of a directory that was deleted, and whose files go bit by bit (reference: the same). No
// stream or consumer is called so.
[[nodiscard]] inline bool IsGrave(std::string_view name) { return name.starts_with('.'); }

[[nodiscard]] std::string BlockFile(uint32_t block);     // "7.blk"
[[nodiscard]] std::string BlockKeyFile(uint32_t block);  // "7.key"

// The number in the name of a block or key file; nullopt for any other name, and for one that the
// functions above would not give.
[[nodiscard]] std::optional<uint32_t> ParseBlockFile(std::string_view name);
[[nodiscard]] std::optional<uint32_t> ParseBlockKeyFile(std::string_view name);

}  // namespace dunlin::format
