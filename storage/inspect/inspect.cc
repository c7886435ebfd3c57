#include "storage/inspect/inspect.h"

#include "storage/file/checkpoint.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/inspect/journal_inspector.h"
#include "storage/inspect/stream_inspector.h"

namespace dunlin::inspect {
namespace {

constexpr std::string_view kJournalDir = "journal";

std::string Join(std::string_view directory, std::string_view name) {
  return std::string(directory) + "/" + std::string(name);
}

bool Has(const std::vector<DirEntry>& entries, std::string_view name) {
  for (const DirEntry& entry : entries) {
    if (entry.name == name) return true;
  }
  return false;
}

}  // namespace

const char* Describe(IndexStatus status) {
  switch (status) {
    case IndexStatus::kMissing: return "missing";
    case IndexStatus::kStale: return "stale";
    case IndexStatus::kCurrent: return "current";
    case IndexStatus::kDamaged: return "damaged";
  }
  return "";
}

namespace {

void InspectStream(Files* files, const std::string& account, const std::string& directory,
                   const Options& options, Sink* sink, Totals* totals, ConsumerOwners* consumers) {
  StreamInspector stream(files, options, sink, account, directory);
  stream.Run();
  ++totals->streams;
  totals->msgs += stream.msgs();
  totals->consumers += stream.consumers();
  totals->damages += stream.damages();
  if (consumers != nullptr) consumers->insert(stream.owners().begin(), stream.owners().end());
}

// Up to where the stream's files have what the journal has of it. A directory of the reference, or
// one that was stopped cleanly, has no checkpoint.
void FindOwner(Files* files, const std::string& account, const std::string& stream,
               const std::string& directory, Sink* sink, Totals* totals, Owners* owners) {
  const std::string msgs = Join(directory, format::kMsgsDir);
  const std::string path = Join(msgs, file::kCheckpointFile);
  std::string error;
  const auto bytes = files->Read(path, &error);
  if (!bytes && error.empty()) return;
  const auto checkpoint =
      bytes ? file::DecodeCheckpoint(*bytes, format::StreamChecksum(stream)) : std::nullopt;
  if (checkpoint) {
    const auto entries = files->List(msgs);
    (*owners)[checkpoint->incarnation] = {
        account, stream, checkpoint->number, msgs,
        file::BlockLengths(*checkpoint, entries.value_or(std::vector<DirEntry>{}))};
    return;
  }
  ++totals->damages;
  sink->OnFinding({Finding::Severity::kDamage, path, std::nullopt,
                   bytes ? "is no checkpoint of this stream" : error});
}

// What neither a checkpoint nor the journal explains. Where the journal cannot be read, as a whole,
// it may.
void ReportShortBlocks(const Owners& owners, bool is_whole, Sink* sink, Totals* totals) {
  for (const auto& [incarnation, owner] : owners) {
    for (const file::ShortBlock& block : owner.lengths.Short()) {
      const std::string file = Join(owner.msgs, format::BlockFile(block.number));
      if (is_whole) ++totals->damages;
      const std::string what = block.is ? "is " + std::to_string(*block.is) + " bytes long; " +
                                              std::to_string(block.was) + " were written"
                                        : "is missing";
      sink->OnFinding({is_whole ? Finding::Severity::kDamage : Finding::Severity::kNote, file,
                       std::nullopt, is_whole ? what : what + ", unless the journal explains it"});
    }
  }
}

}  // namespace

Totals Inspect(Files* files, const std::string& directory, const Options& options, Sink* sink) {
  Totals totals;
  std::string root = directory;
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  auto entries = files->List(root);
  if (!entries) {
    sink->OnFinding({Finding::Severity::kDamage, root, std::nullopt, "is no directory"});
    totals.damages = 1;
    return totals;
  }
  if (Has(*entries, format::kMetaFile)) {
    InspectStream(files, options.account.empty() ? "$G" : options.account, root, options, sink,
                  &totals, nullptr);
    return totals;
  }
  if (Has(*entries, format::kRootDir)) {
    root = Join(root, format::kRootDir);
    entries = files->List(root);
    if (!entries) return totals;
  }
  Owners owners;
  ConsumerOwners consumers;
  for (const DirEntry& account : *entries) {
    if (!account.is_directory) continue;
    const std::string streams = Join(Join(root, account.name), format::kStreamsDir);
    const auto found = files->List(streams);
    if (!found) continue;
    for (const DirEntry& stream : *found) {
      if (!stream.is_directory || format::IsGrave(stream.name)) continue;
      const std::string path = Join(streams, stream.name);
      InspectStream(files, account.name, path, options, sink, &totals, &consumers);
      FindOwner(files, account.name, stream.name, path, sink, &totals, &owners);
    }
  }
  bool is_whole = true;
  if (Has(*entries, kJournalDir)) {
    JournalInspector journal(files, options, sink, &owners, &consumers, Join(root, kJournalDir));
    journal.Run();
    totals.damages += journal.damages();
    is_whole = journal.whole();
  }
  ReportShortBlocks(owners, is_whole, sink, &totals);
  return totals;
}

}  // namespace dunlin::inspect
