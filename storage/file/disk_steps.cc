#include "storage/file/disk_steps.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"

namespace dunlin::file {

DiskTicket DiskSteps::Add(DiskTicket ticket, std::string_view name, bool may_be_missing) {
  steps_.push_back({ticket, std::string(name), may_be_missing, {}});
  return ticket;
}

DiskTicket DiskSteps::Put(std::string_view name, std::string bytes, DiskTicket after) {
  const std::string& kept = bytes_.emplace_back(std::move(bytes));
  const FileId file = disk_.NewFile();
  DiskTicket step = Add(disk_.Open(file, name, Access::kWrite, Creation::kEmptied, after), name);
  constexpr size_t kWriteBytes = 4u << 20;
  for (size_t at = 0; at < kept.size(); at += kWriteBytes) {
    const auto* from = reinterpret_cast<const uint8_t*>(kept.data()) + at;
    const size_t size = std::min(kWriteBytes, kept.size() - at);
    step = Add(disk_.Write(file, at, from, size, step), name);
  }
  if (!MUTANT(141)) step = Add(disk_.Sync(file, step), name);
  step = Add(disk_.Close(file, step), name);
  steps_.back().closes = file;
  return step;
}

DiskTicket DiskSteps::Rename(std::string_view name, std::string_view target, DiskTicket after) {
  return Add(disk_.Rename(name, target, Replace::kExisting, after), target);
}

DiskTicket DiskSteps::SyncDir(std::string_view name, DiskTicket after) {
  return Add(disk_.SyncDir(name, after), name);
}

DiskTicket DiskSteps::Remove(std::string_view name, DiskTicket after) {
  return Add(disk_.Remove(name, after), name, true);
}

DiskTicket DiskSteps::RemoveTree(std::string_view name, DiskTicket after) {
  return Add(disk_.RemoveTree(name, after), name, true);
}

bool DiskSteps::OnDisk(const DiskDone& done) {
  const auto step = std::find_if(steps_.begin(), steps_.end(), [&](const Step& candidate) {
    return candidate.ticket == done.ticket;
  });
  if (step == steps_.end()) return false;
  const bool fine = done.ok() || done.error == DiskError::kCanceled ||
                    (step->may_be_missing && done.error == DiskError::kNotFound);
  if (!fine && error_.empty()) {
    error_ = step->name + ", offset 0: " + Describe(done.error);
    if (!done.text.empty()) error_.append(" (").append(done.text).append(")");
  }
  // Canceled with what it came after: the file is still open.
  if (done.error == DiskError::kCanceled && step->closes.value != 0) {
    step->ticket = disk_.Close(step->closes);
    return true;
  }
  steps_.erase(step);
  return true;
}

void DiskSteps::Clear() {
  CHECK(idle());
  bytes_.clear();
  error_.clear();
}

}  // namespace dunlin::file
