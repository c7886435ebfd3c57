#include "storage/file/purge_leftovers.h"

#include <algorithm>

#include "storage/format/file_names.h"

namespace dunlin::file {

using format::kMsgsDir;
using format::kNewMsgsDir;
using format::kPurgedDir;

void PurgeLeftovers::Begin() {
  step_ = disk_.List(kNewMsgsDir);
  stage_ = Stage::kListing;
}

// It alone says which blocks are to go: not before they are gone for good.
void PurgeLeftovers::RemoveNew() {
  step_ = disk_.RemoveTree(kNewMsgsDir);
  stage_ = Stage::kNewGoes;
}

void PurgeLeftovers::RemovePurged() {
  step_ = disk_.RemoveTree(kPurgedDir);
  stage_ = Stage::kPurgedGoes;
}

void PurgeLeftovers::OnList(const DiskDone& done) {
  if (done.error == DiskError::kNotFound) return RemovePurged();
  const bool decided =
      std::any_of(done.entries.begin(), done.entries.end(),
                  [](const DirEntry& entry) { return format::ParseBlockFile(entry.name); });
  if (decided) {
    step_ = disk_.RemoveTree(kMsgsDir);
    stage_ = Stage::kOldGoes;
    return;
  }
  for (const DirEntry& entry : done.entries) {
    const auto block = format::ParseBlockKeyFile(entry.name);
    if (!block) continue;
    blocks_.push_back(
        disk_.Remove(std::string(kMsgsDir).append("/").append(format::BlockFile(*block))));
  }
  stage_ = Stage::kBlocksGo;
  if (blocks_.empty()) RemoveNew();
}

bool PurgeLeftovers::OnDisk(const DiskDone& done) {
  const auto block = std::find(blocks_.begin(), blocks_.end(), done.ticket);
  if (block == blocks_.end() && done.ticket != step_) return false;
  if (!done.ok() && done.error != DiskError::kNotFound && failure_.empty()) {
    failure_ = std::string("finishing a purge that was cut off: ") + Describe(done.error);
    if (!done.text.empty()) failure_.append(" (").append(done.text).append(")");
  }
  if (block != blocks_.end()) blocks_.erase(block);
  if (!failure_.empty()) return true;
  switch (stage_) {
    case Stage::kListing: OnList(done); break;
    case Stage::kOldGoes:
      step_ = disk_.Rename(kNewMsgsDir, kMsgsDir, Replace::kNever);
      step_ = disk_.SyncDir("", step_);
      stage_ = Stage::kNaming;
      break;
    case Stage::kBlocksGo:
      if (!blocks_.empty()) break;
      step_ = disk_.SyncDir(kMsgsDir);
      stage_ = Stage::kBlocksAreGone;
      break;
    case Stage::kBlocksAreGone: RemoveNew(); break;
    case Stage::kNewGoes:
    case Stage::kNaming: RemovePurged(); break;
    case Stage::kPurgedGoes: stage_ = Stage::kDone; break;
    case Stage::kNone:
    case Stage::kDone: break;
  }
  return true;
}

}  // namespace dunlin::file
