// FileStore: meta.inf, meta.sum and meta.key.
#include "engine/base/mutant.h"
#include "storage/file/file_store.h"

namespace dunlin::file {

// True: they are read, and the store may be opened. Before that nothing of it is touched: its keys
// may be others.
bool FileStore::ReadMeta() {
  if (opener_->begun()) return true;
  if (!meta_.Work()) return false;
  if (!meta_.failure().empty()) {
    failure_ = "stream '" + options_.config.name + "', " + meta_.failure();
    phase_ = Phase::kFailed;
    return false;
  }
  opener_->Begin(meta_.key());
  return true;
}

// Writes them if they are not what they should be.
void FileStore::WantMeta() {
  if (!UsesMeta()) return;
  if (options_.meta.empty() && meta_.json()) options_.meta = *meta_.json();
  meta_due_ = !meta_.current() || (options_.keys != nullptr && !meta_.key()) ||
              (!options_.meta.empty() && (meta_.json() != options_.meta || !meta_.sum_is_right()));
}

void FileStore::UpdateMeta(std::string meta) {
  if (meta == options_.meta) return;
  options_.meta = std::move(meta);
  meta_due_ = true;
  meta_point_ = last_point_;
  meta_number_ = record_number_;
  Touch();
}

// What the last configuration took must not be back under one that would have left it: no power
// loss may take the records of it and leave this. Where files are synced now and then, a checkpoint
// is sooner.
bool FileStore::MetaWaits() {
  const bool waits = meta_number_ > 0 && !IsKept(meta_point_, meta_number_) && !MUTANT(178);
  if (waits && phase_ == Phase::kRunning && journal_->Covers(meta_point_)) WantCheckpoint();
  return waits;
}

void FileStore::WorkMeta() {
  if (!failure_ && !meta_.error().empty()) {
    failure_ = "stream '" + options_.config.name + "', " + meta_.error();
  }
  meta_waits_ = !failure_ && meta_due_ && meta_.idle() && MetaWaits();
  if (failure_ || !meta_due_ || !meta_.idle() || meta_waits_) return;
  meta_due_ = false;
  meta_number_ = 0;
  if (options_.keys != nullptr) index_.log.End();  // What seals the index may change.
  meta_.Write(options_.meta);
}

}  // namespace dunlin::file
