// Stories of a journal and its owner, for tests that crash in them and for planted bugs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {

// The seeds of a random test: 1 to 'last', or from DUNLIN_JOURNAL_FIRST on, DUNLIN_JOURNAL_SEEDS of
// them.
uint64_t FirstSeed();
uint64_t LastSeed(uint64_t last);

// A story in which every segment is used several times over and a laggard is copied forward, told
// again and again: each time it ends a completion later, by a kill and by a power loss, followed by
// recovery, some more of the story, another power loss and recovery. The first violation, if any.
std::optional<std::string> CrashEverywhere(const JournalOptions& options, uint64_t seed);

// Appends, passes, waits, stops, crashes at random; several lives.
std::optional<std::string> RandomStory(const JournalOptions& options, uint64_t seed);

// Likewise, on a disk whose files are damaged at restarts.
std::optional<std::string> DamagedStory(const JournalOptions& options, uint64_t seed,
                                        const sim::SimDiskOptions& disk);

}  // namespace dunlin::journal
