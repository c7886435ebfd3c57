#include "storage/graveyard.h"

#include <utility>

#include "engine/base/check.h"
#include "storage/format/file_names.h"

namespace dunlin {
namespace {

std::string Hex(uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back(kDigits[(value >> shift) & 15]);
  return out;
}

// The part before the last slash, and the one behind it.
std::pair<std::string, std::string> Split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string Join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

bool IsBelow(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

}  // namespace

uint32_t Graveyard::Bury(std::string directory) {
  const auto [folder, name] = Split(directory);
  const uint32_t owner = ++*ids_;
  Burial& burial = burials_[owner];
  // With a name of 255 bytes, too, it is one that a directory can have.
  constexpr size_t kNameMax = 200;
  burial.grave = Join(folder, "." + name.substr(0, kNameMax) + "." + Hex(rng_.Next()));
  burial.directory = std::move(directory);
  burial.rename = disk_->Rename(burial.directory, burial.grave, Replace::kNever);
  routes_->Add(burial.rename, owner);
  return owner;
}

Graveyard::Buried Graveyard::TakeBuried(uint32_t number) {
  const auto found = burials_.find(number);
  CHECK(found != burials_.end());
  const Buried state = found->second.state;
  if (state != Buried::kNo) burials_.erase(found);
  return state;
}

void Graveyard::Sweep(std::string folder) {
  const uint32_t owner = ++*ids_;
  Sweeping& sweeping = sweeps_[owner];
  // A name that an earlier life gave a directory may not be durable yet. What is in it goes only
  // when it cannot come back under the old one.
  sweeping.sync = disk_->SyncDir(folder);
  routes_->Add(sweeping.sync, owner);
  sweeping.list = disk_->List(folder, sweeping.sync);
  routes_->Add(sweeping.list, owner);
  sweeping.folder = std::move(folder);
}

bool Graveyard::Yield(const std::string& directory) {
  for (const auto& [owner, burial] : burials_) {
    if (burial.state == Buried::kNo && IsBelow(burial.directory, directory)) return false;
  }
  for (const auto& [owner, sweeping] : sweeps_) {
    if (sweeping.folder == directory || IsBelow(sweeping.folder, directory)) return false;
  }
  for (size_t i = graves_.size(); i-- > 0;) {
    if (!IsBelow(graves_[i], directory)) continue;
    if (i == 0 && owner_ != 0) {
      stopping_ = list_.value != 0 || tree_.value != 0 || !removals_.empty();
      if (stopping_) return false;
      NextGrave();
      continue;
    }
    graves_.erase(graves_.begin() + static_cast<ptrdiff_t>(i));
  }
  return true;
}

bool Graveyard::OnDisk(uint32_t owner, const DiskDone& done) {
  if (const auto burying = burials_.find(owner); burying != burials_.end()) {
    Burial& burial = burying->second;
    if (done.ticket == burial.rename) {
      if (!done.ok() && done.error != DiskError::kNotFound) {
        // The journal still says that it is to go: the next start tries again.
        notices_.push_back("'" + burial.directory + "' cannot be removed: " + Describe(done.error));
        burial.state = Buried::kFailed;
        return true;
      }
      // It was never there, or an earlier life has been here: the name may not be durable yet.
      if (!done.ok()) burial.grave.clear();
      burial.sync = disk_->SyncDir(Split(burial.directory).first);
      routes_->Add(burial.sync, owner);
    } else if (done.ok() || done.error == DiskError::kNotFound) {
      // Not before: a directory that comes back is whole.
      if (!burial.grave.empty()) graves_.push_back(burial.grave);
      burial.state = Buried::kYes;
    } else {
      notices_.push_back("'" + burial.directory + "' cannot be removed: " + Describe(done.error));
      burial.state = Buried::kUnsure;
    }
    return true;
  }
  if (const auto sweep = sweeps_.find(owner); sweep != sweeps_.end()) {
    // Other errors are for now, or were told already: the next start tries again.
    if (done.error == DiskError::kIo || done.error == DiskError::kPermission) {
      notices_.push_back("'" + sweep->second.folder +
                         "' cannot be listed or synced: " + Describe(done.error));
    }
    if (done.ticket == sweep->second.sync) return true;
    for (const DirEntry& entry : done.entries) {
      if (entry.is_directory && format::IsGrave(entry.name)) {
        graves_.push_back(Join(sweep->second.folder, entry.name));
      }
    }
    sweeps_.erase(sweep);
    return true;
  }
  if (owner != owner_ || owner_ == 0) return false;
  if (done.ticket == list_) {
    OnListed(done);
  } else if (done.ticket == tree_) {
    tree_ = {};
    if (done.ok() || done.error == DiskError::kNotFound) {
      NextGrave();
    } else {
      Failed(done);
    }
  } else if (removals_.erase(done.ticket.value) != 0) {
    if (!done.ok() && done.error != DiskError::kNotFound) Failed(done);
  }
  return true;
}

void Graveyard::OnListed(const DiskDone& done) {
  list_ = {};
  if (!done.ok() && done.error != DiskError::kNotFound) return Failed(done);
  for (const DirEntry& entry : done.entries) {
    const std::string path = Join(listed_, entry.name);
    if (entry.is_directory) {
      folders_.push_back(path);
    } else {
      files_.push_back(path);
    }
  }
}

void Graveyard::Failed(const DiskDone& done) {
  trouble_ = Describe(done.error);
  if (!done.text.empty()) trouble_.append(" (").append(done.text).append(")");
}

void Graveyard::NextGrave() {
  owner_ = 0;
  attempts_ = 0;
  stopping_ = false;
  trouble_.clear();
  folders_.clear();
  files_.clear();
  graves_.pop_front();
}

void Graveyard::Work() {
  if (graves_.empty() || list_.value != 0 || tree_.value != 0) return;
  if (stopping_) {
    if (removals_.empty()) NextGrave();
    return;
  }
  if (!trouble_.empty()) {
    if (!removals_.empty()) return;
    if (attempts_ >= kAttemptsMax) {
      notices_.push_back("'" + graves_.front() + "' cannot be removed: " + trouble_);
      return NextGrave();
    }
    owner_ = 0;  // Once more, from the beginning.
    trouble_.clear();
    folders_.clear();
    files_.clear();
  }
  if (owner_ == 0) {
    owner_ = ++*ids_;
    ++attempts_;
    folders_.push_back(graves_.front());
  }
  while (!files_.empty() && removals_.size() < kRemovalsMax) {
    const DiskTicket ticket = disk_->Remove(files_.front());
    routes_->Add(ticket, owner_);
    removals_.insert(ticket.value);
    files_.pop_front();
  }
  // One folder's files are gone before the next is looked at: what is known stays small.
  if (!removals_.empty()) return;
  if (!folders_.empty()) {
    listed_ = std::move(folders_.back());
    folders_.pop_back();
    list_ = disk_->List(listed_);
    routes_->Add(list_, owner_);
    return;
  }
  tree_ = disk_->RemoveTree(graves_.front());
  routes_->Add(tree_, owner_);
}

void Graveyard::TakeNotices(std::vector<std::string>* out) {
  for (std::string& notice : notices_) out->push_back(std::move(notice));
  notices_.clear();
}

}  // namespace dunlin
