// Bytes as one of the small files of a store, as the first byte says: whatever they are, the
// decoder comes to an end, and what it takes for whole comes back from its encoder.
#include <cstdint>
#include <string>

#include "engine/base/check.h"
#include "storage/file/checkpoint.h"
#include "storage/file/index_part.h"
#include "storage/file/short_blocks.h"
#include "storage/format/byte_reader.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "storage/format/index_state.h"
#include "storage/format/meta_file.h"
#include "storage/format/stream_state.h"
#include "storage/format/timer_file.h"

namespace {

namespace format = dunlin::format;

void Index(std::string_view bytes) {
  format::IndexReader reader(bytes);
  uint64_t pieces = 0;
  while (true) {
    const auto piece = reader.Next();
    CHECK(++pieces <= bytes.size() + 1);
    if (piece == format::IndexReader::Piece::kBlock) reader.block().deleted.CheckInvariants();
    if (piece == format::IndexReader::Piece::kEnd) return CHECK(reader.damage().ok());
    if (piece == format::IndexReader::Piece::kDamaged) return CHECK(!reader.damage().ok());
  }
}

void Consumer(std::string_view bytes) {
  dunlin::ConsumerState state, back;
  if (!format::DecodeConsumerState(bytes, &state).ok()) return;
  // Times are cut to seconds, and wrap.
  const std::string once = format::EncodeConsumerState(state, {});
  CHECK(format::DecodeConsumerState(once, &back).ok());
  CHECK(format::EncodeConsumerState(back, {}) == once);
}

void Stream(std::string_view bytes) {
  format::ReplicatedState state, back;
  if (!format::DecodeReplicatedState(bytes, &state).ok()) return;
  CHECK(format::DecodeReplicatedState(format::EncodeReplicatedState(state), &back).ok());
  CHECK(back == state);
  uint64_t after = 0;
  for (const auto& range : format::DeletedRanges(state.deleted)) {
    CHECK(range.first <= range.last && range.first >= after);
    after = range.last;
  }
}

void Timers(format::TimerFile kind, std::string_view bytes) {
  format::TimerFileReader reader(kind, bytes);
  format::TimerEntry entry;
  std::string again;
  format::AppendTimerHead(reader.entries(), reader.next_seq(), &again);
  while (reader.Next(&entry)) format::AppendTimerEntry(kind, entry, &again);
  // Numbers may be written longer than they have to be.
  CHECK(!reader.damage().ok() || again.size() <= bytes.size());
}

void Meta(std::string_view bytes) {
  const auto stream = format::DecodeStreamMeta(bytes);
  CHECK(stream.ok() ? stream->json == bytes : !stream.error().text.empty());
  const auto consumer = format::DecodeConsumerMeta(bytes);
  CHECK(consumer.ok() ? consumer->json == bytes : !consumer.error().text.empty());
}

// What stands in a part of the index for a start after a crash, behind its checksums.
void ChangesPart(std::string_view bytes) {
  format::ByteReader in(bytes);
  dunlin::file::ChangesHead head;
  if (!dunlin::file::ReadChangesHead(&in, &head)) return;
  for (uint64_t i = 0; i < head.blocks; ++i) {
    const auto block = dunlin::file::ReadBlockEntry(&in, "S");
    if (block == nullptr) return;
    block->deleted.CheckInvariants();
    block->tombs.CheckInvariants();
    CHECK(block->unsettled.size() <= bytes.size());
  }
  dunlin::Seq before = 0;
  dunlin::file::SubjectEntries entries;
  uint64_t count = 0;
  while (!in.at_end()) {
    std::string_view subject;
    dunlin::file::SubjectInfo info;
    if (!dunlin::file::ReadSubjectEntry(&in, &before, &subject, &info)) return;
    entries.Add(subject, info.total == 0 ? nullptr : &info);
    CHECK(++count <= bytes.size());
  }
  // Numbers may be written longer than they have to be, and one subject several times.
  CHECK(entries.Take().size() <= bytes.size());
}

// A checkpoint without its checksum, which is made to fit.
void Checkpoint(std::string_view bytes) {
  static const auto* const checksum =
      new dunlin::crypto::HighwayHash64(format::StreamChecksum("S"));
  std::string sealed(bytes);
  format::AppendU64(checksum->Of(bytes), &sealed);
  const auto checkpoint = dunlin::file::DecodeCheckpoint(sealed, *checksum);
  if (!checkpoint) return;
  CHECK(checkpoint->lengths.size() == checkpoint->blocks.size());
  const std::string again = dunlin::file::EncodeCheckpoint(*checkpoint, *checksum);
  CHECK(dunlin::file::DecodeCheckpoint(again, *checksum) == checkpoint);
  constexpr size_t kVersionAt = 4;
  CHECK(again[kVersionAt] != sealed[kVersionAt] || again == sealed);
  const std::vector<dunlin::DirEntry> entries = {{"1.blk", 100, false}, {"2.blk", 0, false}};
  CHECK(dunlin::file::BlockLengths(*checkpoint, entries).Short().size() <=
        checkpoint->blocks.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'i': Index(bytes); break;
    case 'c': Consumer(bytes); break;
    case 's': Stream(bytes); break;
    case 't': Timers(format::TimerFile::kTtls, bytes); break;
    case 'e': Timers(format::TimerFile::kSchedules, bytes); break;
    case 'm': Meta(bytes); break;
    case 'k': Checkpoint(bytes); break;
    case 'x': ChangesPart(bytes); break;
    default: break;
  }
  return 0;
}
