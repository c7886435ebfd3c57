#include "storage/file/store_disk.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin::file {

void DiskRoutes::Add(DiskTicket ticket, uint32_t owner) {
  CHECK(owner != 0 && (routes_.empty() || routes_.back().ticket < ticket));
  routes_.push_back({ticket, owner});
}

uint32_t DiskRoutes::Take(DiskTicket ticket) {
  const auto found =
      std::lower_bound(routes_.begin(), routes_.end(), ticket,
                       [](const Route& route, DiskTicket value) { return route.ticket < value; });
  if (found == routes_.end() || found->ticket != ticket) return 0;
  const uint32_t owner = found->owner;
  found->owner = 0;
  while (!routes_.empty() && routes_.front().owner == 0) routes_.pop_front();
  return owner;
}

void DiskRoutes::Forget(uint32_t owner) {
  for (Route& route : routes_) {
    if (route.owner == owner) route.owner = 0;
  }
}

bool DiskRoutes::Waiting(uint32_t owner) const {
  return std::any_of(routes_.begin(), routes_.end(),
                     [&](const Route& route) { return route.owner == owner; });
}

std::string StoreDisk::Path(std::string_view name) const {
  std::string path = directory_;
  if (!name.empty()) path.append("/").append(name);
  return path;
}

DiskTicket StoreDisk::Routed(DiskTicket ticket) {
  routes_->Add(ticket, owner_);
  return ticket;
}

DiskTicket StoreDisk::Open(FileId file, std::string_view name, Access access, Creation creation,
                           DiskTicket after) {
  return Routed(queue_->Open(file, Path(name), access, creation, after));
}
DiskTicket StoreDisk::Close(FileId file, DiskTicket after) {
  return Routed(queue_->Close(file, after));
}
DiskTicket StoreDisk::Read(FileId file, uint64_t offset, uint8_t* data, size_t size,
                           DiskTicket after) {
  return Routed(queue_->Read(file, offset, data, size, after));
}
DiskTicket StoreDisk::Write(FileId file, uint64_t offset, const uint8_t* data, size_t size,
                            DiskTicket after) {
  return Routed(queue_->Write(file, offset, data, size, after));
}
DiskTicket StoreDisk::Truncate(FileId file, uint64_t size, DiskTicket after) {
  return Routed(queue_->Truncate(file, size, after));
}
DiskTicket StoreDisk::Sync(FileId file, DiskTicket after) {
  return Routed(queue_->Sync(file, after));
}
DiskTicket StoreDisk::SyncDir(std::string_view name, DiskTicket after) {
  return Routed(queue_->SyncDir(Path(name), after));
}
DiskTicket StoreDisk::Rename(std::string_view name, std::string_view target, Replace replace,
                             DiskTicket after) {
  return Routed(queue_->Rename(Path(name), Path(target), replace, after));
}
DiskTicket StoreDisk::Remove(std::string_view name, DiskTicket after) {
  return Routed(queue_->Remove(Path(name), after));
}
DiskTicket StoreDisk::MakeDir(std::string_view name) {
  const std::string path = Path(name);
  DiskTicket last = Routed(queue_->MakeDir(path));
  // The name of each directory on the way stands in the one above it.
  for (size_t end = 0; end != std::string::npos; end = path.find('/', end + 1)) {
    last = Routed(queue_->SyncDir(path.substr(0, end), last));
  }
  return last;
}
DiskTicket StoreDisk::RemoveTree(std::string_view name, DiskTicket after) {
  return Routed(queue_->RemoveTree(Path(name), after));
}
DiskTicket StoreDisk::List(std::string_view name, DiskTicket after) {
  return Routed(queue_->List(Path(name), after));
}

}  // namespace dunlin::file
