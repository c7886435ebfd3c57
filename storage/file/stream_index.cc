#include "storage/file/stream_index.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin::file {

size_t StreamIndex::Place(Seq seq) const {
  const auto found = std::lower_bound(
      blocks.begin(), blocks.end(), seq,
      [](const std::unique_ptr<Block>& block, Seq value) { return block->last.seq < value; });
  return static_cast<size_t>(found - blocks.begin());
}

Block* StreamIndex::Find(Seq seq) const {
  const size_t place = Place(seq);
  return place == blocks.size() ? nullptr : blocks[place].get();
}

Block* StreamIndex::ByNumber(uint32_t number) const {
  const auto found = std::lower_bound(
      blocks.begin(), blocks.end(), number,
      [](const std::unique_ptr<Block>& block, uint32_t value) { return block->number < value; });
  return found == blocks.end() || (*found)->number != number ? nullptr : found->get();
}

bool StreamIndex::Live(Seq seq) const {
  if (seq < first.seq || seq > last.seq) return false;
  const Block* block = Find(seq);
  return block != nullptr && block->Live(seq);
}

const SubjectInfo* StreamIndex::AddToSubject(std::string_view subject, Seq seq) {
  if (subject.empty()) return nullptr;
  const SubjectMap::Inserted found = subjects.Insert(subject);
  CHECK(found.value != nullptr);  // The writer refuses what the tree cannot take.
  SubjectInfo& info = *found.value;
  if (found.fresh) {
    info = {seq, seq, 1, true, true};
    log.Note(subject, &info);
    return &info;
  }
  ++info.total;
  // Blocks are scanned from the last one to the first, messages are stored the other way.
  if (seq > info.last) {
    info.last = seq;
    info.last_exact = true;
  } else if (seq < info.first) {
    info.first = seq;
    info.first_exact = true;
  }
  log.Note(subject, &info);
  return &info;
}

void StreamIndex::TakeFromSubject(std::string_view subject, Seq seq) {
  if (subject.empty()) return;
  SubjectInfo* info = subjects.Find(subject);
  if (info == nullptr) return;
  if (--info->total == 0) {
    subjects.Remove(subject);
    log.Note(subject, nullptr);
    return;
  }
  if (seq == info->first) {
    info->first = seq + 1;
    info->first_exact = false;
  }
  if (seq == info->last) {
    info->last = seq - 1;
    info->last_exact = false;
  }
  // One message is first and last: what is known of one end is known of the other.
  if (info->total == 1 && info->last_exact) {
    info->first = info->last;
    info->first_exact = true;
  } else if (info->total == 1 && info->first_exact) {
    info->last = info->first;
    info->last_exact = true;
  }
  log.Note(subject, info);
}

void StreamIndex::TakeCutFromSubject(std::string_view subject) {
  SubjectInfo* info = subject.empty() ? nullptr : subjects.Find(subject);
  if (info == nullptr) return;
  info->first_exact = info->last_exact = false;
  const bool gone = --info->total == 0;
  if (gone) subjects.Remove(subject);
  log.Note(subject, gone ? nullptr : info);
}

void StreamIndex::FindFirst() {
  for (const std::unique_ptr<Block>& block : blocks) {
    if (block->msgs == 0) continue;
    first = block->first;
    return;
  }
  first = {last.seq + 1, WallTime{}};
}

void StreamIndex::CheckInvariants() const {
  uint64_t live = 0, live_bytes = 0, waiting = 0;
  const Block* before = nullptr;
  for (const std::unique_ptr<Block>& block : blocks) {
    live += block->msgs;
    live_bytes += block->bytes;
    waiting += block->unsettled.size();
    CHECK(block->first.seq <= block->last.seq + 1);
    CHECK(block->msgs == 0 ||
          block->msgs + block->deleted.size() == block->last.seq + 1 - block->first.seq);
    CHECK(before == nullptr ||
          (before->number < block->number && before->last.seq <= block->last.seq));
    before = block.get();
  }
  CHECK(live == msgs && live_bytes == bytes && waiting == unsettled);
  CHECK(first.seq <= last.seq + 1);
}

}  // namespace dunlin::file
