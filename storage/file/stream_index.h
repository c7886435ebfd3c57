// What a block store knows of its messages without reading them: the blocks, each subject's count
// and bounds, the totals.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"
#include "engine/subject/subject_tree.h"
#include "storage/file/block.h"
#include "storage/file/index_log.h"

namespace dunlin::file {

using SubjectMap = subject::SubjectMap<SubjectInfo>;

struct StreamIndex {
  std::vector<std::unique_ptr<Block>> blocks;  // By number; so by sequence, too.
  uint64_t msgs = 0;
  uint64_t bytes = 0;
  SeqTime first;  // The first live message; {last.seq + 1, 0} if there is none.
  SeqTime last;
  SubjectMap subjects;
  IndexLog log;            // Of what AddToSubject() and TakeFromSubject() change.
  uint64_t unsettled = 0;  // In all blocks: subjects and bytes count that many too many.
  // Removed, and their records cannot be read: some subject counts that many too many, until blocks
  // are all that is asked.
  uint64_t miscounted = 0;

  Block* head() { return blocks.empty() ? nullptr : blocks.back().get(); }
  // Place of the first block that reaches 'seq'; blocks.size() if none does.
  size_t Place(Seq seq) const;
  // The block that 'seq' is in or was in; null beyond the last one.
  Block* Find(Seq seq) const;
  Block* ByNumber(uint32_t number) const;

  // Whether there is a message with this sequence.
  bool Live(Seq seq) const;

  // What is known of the subject then, until it is changed; null if it is empty.
  const SubjectInfo* AddToSubject(std::string_view subject, Seq seq);
  void TakeFromSubject(std::string_view subject, Seq seq);
  // Likewise one that a truncate cut off: its sequence may be in use again, so the bounds stay.
  void TakeCutFromSubject(std::string_view subject);

  // Sets 'first' to the first live message.
  void FindFirst();
  // Aborts if sums contradict each other.
  void CheckInvariants() const;
};

}  // namespace dunlin::file
