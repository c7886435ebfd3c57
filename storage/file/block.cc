#include "storage/file/block.h"

#include <algorithm>

#include "storage/format/file_names.h"

namespace dunlin::file {

std::string BlockPath(uint32_t number) {
  return std::string(format::kMsgsDir) + "/" + format::BlockFile(number);
}

void CountMessage(Block* block, const format::Record& record) {
  if (block->msgs == 0 && block->first.seq > block->last.seq) {
    block->first = {record.seq, record.time};
  } else if (record.seq > block->last.seq + 1) {
    CountGap(block, block->last.seq + 1, record.seq - 1);
  }
  block->last = {record.seq, record.time};
  ++block->msgs;
  block->bytes += record.bytes;
}

void MapMessages(Block* block, const BlockCache& cache) {
  block->map.Clear();
  for (size_t i = 0; i < cache.size(); ++i) block->map.Note(cache.SeqAt(i), cache.OffsetAt(i));
}

Readable CountReadable(const Block& block) {
  const BlockCache& cache = *block.cache;
  Readable out;
  for (size_t i = 0; i < cache.size(); ++i) {
    if (!block.Live(cache.SeqAt(i))) continue;
    ++out.msgs;
    out.bytes += cache.At(i).bytes;
  }
  return out;
}

bool IsTooFar(const Block& block, Seq seq) {
  return block.msgs > 0 && seq > block.last.seq &&
         seq - block.last.seq + block.deleted.size() > kDeadMax;
}

WallTime NotYoungerThan(const Block& block, Seq seq) {
  if (block.cache != nullptr && block.cache->Covers(seq)) {
    const size_t next = block.cache->IndexAt(seq);
    if (next < block.cache->size() && block.cache->SeqAt(next) <= block.last.seq)
      return block.cache->At(next).time;
  }
  return block.last.time;
}

void CountGap(Block* block, Seq first, Seq last) {
  if (block->first.seq > block->last.seq) {
    block->first = {last + 1, WallTime{}};
  } else {
    block->deleted.InsertRange(first, last);
  }
  block->last.seq = last;
}

void AdvanceFirst(Block* block, Seq floor) {
  const Seq from = block->first.seq;
  Seq to = std::max(from, std::min(floor, block->last.seq + 1));
  if (block->msgs == 0) {
    to = block->last.seq + 1;
  } else if (const auto live = block->deleted.NextAbsent(to)) {
    to = std::min(*live, block->last.seq + 1);
  }
  if (to > from) block->deleted.DeleteRange(from, to - 1);
  block->first.seq = to;
  block->first.time = {};
  format::Record record;
  if (block->cache != nullptr && block->cache->Covers(to) && block->cache->Find(to, &record)) {
    block->first.time = record.time;
  }
}

}  // namespace dunlin::file
