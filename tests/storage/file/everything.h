// A look at a whole store, as text to compare; and what goes into one.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/storage/file/file_world.h"

namespace dunlin::file {

// A message's header of one line.
inline std::string Header(const std::string& line) { return "NATS/1.0\r\n" + line + "\r\n\r\n"; }

// All that there is to be seen.
inline std::string Everything(FileWorld& world) {
  const StreamState state = world.store().State();
  std::string out = std::to_string(state.msgs) + " messages, " + std::to_string(state.bytes) +
                    " bytes, " + std::to_string(state.first_seq) + " at " +
                    std::to_string(state.first_time.ns) + " to " + std::to_string(state.last_seq) +
                    " at " + std::to_string(state.last_time.ns) + ", " +
                    std::to_string(state.num_deleted) + " deleted\n";
  for (const SeqRange& range : world.store().Deleted()) {
    out += std::to_string(range.first) + "-" + std::to_string(range.last) + " ";
  }
  SubjectsState subjects;
  EXPECT_TRUE(world.Run(subjects));
  for (const SubjectState& each : subjects.subjects) {
    out += each.subject + " " + std::to_string(each.state.msgs) + " " +
           std::to_string(each.state.first) + " " + std::to_string(each.state.last) + "\n";
  }
  for (Seq seq = 1; seq <= state.last_seq; ++seq) out += world.Load(seq) + "\n";
  return out;
}

}  // namespace dunlin::file
