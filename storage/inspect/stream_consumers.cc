// StreamInspector: the consumers of a stream.
#include <utility>

#include "storage/file/consumer_record.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "storage/format/file_names.h"
#include "storage/inspect/stream_inspector.h"

namespace dunlin::inspect {
namespace {

std::string Join(std::string_view directory, std::string_view name) {
  return std::string(directory) + "/" + std::string(name);
}

}  // namespace

void StreamInspector::ReadConsumers() {
  const auto entries = files_->List(Join(directory_, format::kConsumersDir));
  if (!entries) return;
  for (const DirEntry& entry : *entries) {
    if (entry.is_directory && !format::IsGrave(entry.name)) ReadConsumer(entry.name);
  }
}

// Of one that nobody finished making nothing was promised.
bool StreamInspector::IsUnmade(const std::string& directory, const std::string& name) {
  std::string error;
  for (const std::string_view file : {format::kMetaFile, format::kMetaSumFile}) {
    if (files_->Read(Join(directory, file), &error) || !error.empty()) return false;
  }
  const auto bytes = files_->Read(Join(directory, format::kConsumerStateFile), &error);
  if (!bytes || !error.empty()) return error.empty();
  file::ConsumerTrailer trailer;
  const auto found =
      file::ReadConsumerTrailer(*bytes, format::ConsumerChecksum(name_, name), &trailer);
  if (found != file::TrailerFound::kYes) return sealed_;  // Not to be told without its key.
  return trailer.number == 0 && !trailer.changed && trailer.meta.empty();
}

void StreamInspector::ReadConsumer(const std::string& name) {
  const std::string directory = Join(Join(directory_, format::kConsumersDir), name);
  if (IsUnmade(directory, name)) {
    Note(directory, "has no metadata: it was being made when the server ended");
    return;
  }
  ++consumers_;
  ConsumerReport report;
  report.name = name;
  std::optional<crypto::SecretKey> kek;
  if (master_) kek = master_->ForConsumer(name_, name);
  std::optional<crypto::DataKey> key;
  auto plain =
      OpenMeta(directory, format::ConsumerChecksum(name_, name), kek ? &*kek : nullptr, &key);
  const bool came_after_state = plain && plain->ends_with('\n');
  if (came_after_state) plain->pop_back();
  if (plain) {
    Result<format::ConsumerMeta> meta = format::DecodeConsumerMeta(*plain);
    if (meta.ok()) {
      report.meta = std::move(meta.value());
      report.meta_known = true;
    } else {
      Damage(Join(directory, format::kMetaFile), std::nullopt, meta.error().text);
    }
  }
  const std::string file = Join(directory, format::kConsumerStateFile);
  std::optional<std::string> bytes;
  if (plain || !sealed_) bytes = OpenConsumerState(directory, kek ? &*kek : nullptr, key);
  if (bytes && !bytes->empty()) {
    ReadConsumerState(file, *bytes, &report);
  } else if (came_after_state && !bytes) {
    std::string error;
    if (!files_->Read(file, &error) && error.empty()) Damage(file, std::nullopt, "is missing");
  } else if (came_after_state) {
    Damage(file, std::nullopt, "is empty");
  }
  sink_->OnConsumer(report);
}

// What o.dat holds, decrypted; nothing: it is not there, or that has been said.
std::optional<std::string> StreamInspector::OpenConsumerState(
    const std::string& directory, const crypto::SecretKey* key_encryption_key,
    const std::optional<crypto::DataKey>& key) {
  const std::string file = Join(directory, format::kConsumerStateFile);
  std::string error;
  std::optional<std::string> bytes = files_->Read(file, &error);
  if (!error.empty()) Damage(file, std::nullopt, error);
  if (!bytes || bytes->empty() || !key) return bytes;
  if (auto plain = crypto::Open(key->kind, key->seed, *bytes)) return plain;
  // Between two keys: that of o.dat lies beside it.
  const std::string old_file = Join(directory, file::kOldKeyFile);
  if (const auto old = files_->Read(old_file, &error)) {
    if (old->empty()) return bytes;
    const auto opened = OpenKey(old_file, *old, *key_encryption_key, true);
    if (auto plain = opened ? crypto::Open(opened->kind, opened->seed, *bytes) : std::nullopt)
      return plain;
  }
  Damage(file, std::nullopt, "does not open with the key in meta.key");
  return std::nullopt;
}

void StreamInspector::ReadConsumerState(const std::string& file, const std::string& bytes,
                                        ConsumerReport* report) {
  file::ConsumerTrailer trailer;
  const auto found =
      file::ReadConsumerTrailer(bytes, format::ConsumerChecksum(name_, report->name), &trailer);
  if (found == file::TrailerFound::kDamaged) {
    return Damage(file, 0, Describe(format::Fault::kBadChecksum));
  }
  uint64_t used = 0;
  const format::Damage damage = format::DecodeConsumerState(bytes, &report->state, &used);
  report->has_state = damage.ok();
  if (!damage.ok()) return Damage(file, damage.offset, Describe(damage.fault));
  if (found == file::TrailerFound::kNone) {
    const bool more = format::HowConsumerStateEnds(bytes) == format::StateEnds::kBeforeMore;
    if (used < bytes.size()) Damage(file, used, Describe(format::Fault::kTrailing));
    if (used == bytes.size() && more) Damage(file, used, Describe(format::Fault::kShort));
    return;
  }
  ConsumerStoreConfig config;
  config.name = report->name;
  config.max_deliver = trailer.max_deliver;
  config.ack_policy = trailer.ack_policy;
  ConsumerLedger ledger(config);
  ledger.Adopt(report->state);
  owners_.try_emplace(trailer.incarnation, ConsumerOwner{report_.account, name_, report->name, file,
                                                         std::move(ledger), trailer.number});
}

}  // namespace dunlin::inspect
