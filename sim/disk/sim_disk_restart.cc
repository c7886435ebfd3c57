// What happens to files behind everybody's back, and what an oracle may know of them.
#include <algorithm>

#include "engine/base/check.h"
#include "sim/disk/sim_disk.h"

namespace dunlin::sim {
namespace {

std::string ReadAll(const FileImage& file, uint64_t size,
                    size_t (FileImage::*read)(uint64_t, uint8_t*, size_t) const) {
  std::string contents(size, '\0');
  const size_t got = (file.*read)(0, reinterpret_cast<uint8_t*>(contents.data()), size);
  CHECK(got == size);
  return contents;
}

std::string_view DirOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace

std::optional<std::string> SimDisk::Contents(std::string_view path) const {
  const FileImage* file = names_.File(path);
  if (!file) return std::nullopt;
  return ReadAll(*file, file->size(), &FileImage::Read);
}

std::optional<std::string> SimDisk::Truth(std::string_view path) const {
  const FileImage* file = names_.File(path);
  if (!file) return std::nullopt;
  return ReadAll(*file, file->size(), &FileImage::ReadTruth);
}

std::optional<std::string> SimDisk::Durable(std::string_view path) const {
  const FileImage* file = names_.File(path);
  if (!file) return std::nullopt;
  return ReadAll(*file, file->durable_size(), &FileImage::ReadDurable);
}

void SimDisk::Put(std::string_view path, std::string_view contents) {
  DiskOp make;
  make.path = DirOf(path);
  const DiskFaults faults = options_.faults;
  options_.faults = {};
  const DiskError error = MakeDir(make, nullptr);
  options_.faults = faults;
  CHECK(error == DiskError::kNone);
  NameTree::Found found = names_.Find(path);
  if (found.node == kNoNode) found.node = names_.MakeFile(++order_, found.parent, found.name);
  FileImage& file = *names_.node(found.node).file;
  file.Truncate(++order_, 0, &stale_);
  file.Write(++order_, 0, reinterpret_cast<const uint8_t*>(contents.data()), contents.size());
  file.Sync(order_);
  for (std::string_view dir = DirOf(path);; dir = DirOf(dir)) {
    names_.Sync(order_, names_.Find(dir).node);
    if (dir.empty()) break;
  }
}

std::vector<std::string> SimDisk::Names(std::string_view directory) const {
  std::vector<std::string> names;
  const NameTree::Found found = names_.Find(directory);
  if (found.node == kNoNode || !names_.node(found.node).is_directory()) return names;
  for (const auto& [name, id] : names_.node(found.node).seen_entries) names.push_back(name);
  return names;
}

void SimDisk::Delete(std::string_view path) {
  const NameTree::Found found = names_.Find(path);
  CHECK(found.node != kNoNode);
  names_.Remove(++order_, found);
  names_.Sync(order_, found.parent);
}

void SimDisk::Rot(std::string_view path, uint64_t offset, uint64_t seed) {
  FileImage* file = names_.File(path);
  CHECK(file != nullptr && offset < file->size());
  file->Rot(offset / kSectorBytes, seed);
}

void SimDisk::Refuse(std::string_view path, uint64_t offset) {
  FileImage* file = names_.File(path);
  CHECK(file != nullptr && offset < file->size());
  file->Refuse(offset / kSectorBytes);
}

void SimDisk::Wipe() {
  CHECK(handles_.empty() && flights_.empty());
  names_ = NameTree();
  nodes_after_sweep_ = 1;
}

void SimDisk::Restart() {
  CHECK(flights_.empty());
  if (dice_.Strikes(DiskFault::kWiped, options_.faults)) {
    damages_.push_back({DiskFault::kWiped, "", ""});
    Wipe();
    return;
  }
  DamageFiles();
  if (dice_.Strikes(DiskFault::kForeign, options_.faults)) PlaceForeignFile();
}

void SimDisk::DamageFiles() {
  static constexpr DiskFault kKinds[] = {DiskFault::kRotAtRestart, DiskFault::kTruncated,
                                         DiskFault::kZeroed, DiskFault::kDeleted,
                                         DiskFault::kSwapped};
  for (const std::string& path : Files()) {
    for (const DiskFault fault : kKinds) {
      const FileImage* file = names_.File(path);
      if (file == nullptr) break;  // Just deleted.
      if (file->size() == 0 && fault != DiskFault::kDeleted) continue;
      if (dice_.Strikes(fault, options_.faults)) DamageFile(path, fault);
    }
  }
}

void SimDisk::DamageFile(const std::string& path, DiskFault fault) {
  Rng& rng = dice_.rng(fault);
  const std::string before = *Truth(path);
  Mix(0xda3a6e, static_cast<uint64_t>(fault), before.size(), path);
  switch (fault) {
    case DiskFault::kRotAtRestart:
      for (uint64_t sectors = 1 + rng.Below(4); sectors > 0; --sectors) {
        const uint64_t seed = rng.Next();  // Not among the arguments, whose order is nobody's.
        Rot(path, rng.Below(before.size()), seed);
      }
      damages_.push_back({fault, path, ""});
      return;
    case DiskFault::kTruncated: Put(path, before.substr(0, rng.Below(before.size()))); break;
    case DiskFault::kZeroed: Put(path, std::string(before.size(), '\0')); break;
    case DiskFault::kDeleted: Delete(path); break;
    case DiskFault::kSwapped: {
      std::vector<std::string> siblings;
      for (std::string& other : names_.Files()) {
        if (other != path && DirOf(other) == DirOf(path)) siblings.push_back(std::move(other));
      }
      if (siblings.empty()) return;
      Put(path, *Truth(siblings[rng.Below(siblings.size())]));
      break;
    }
    default: CHECK(false);
  }
  damages_.push_back({fault, path, before});
}

void SimDisk::PlaceForeignFile() {
  static constexpr const char* kNames[] = {"lost+found.txt", ".DS_Store", "0.blk",
                                           "99999.blk.tmp",  "core",      "meta.inf~"};
  Rng& rng = dice_.rng(DiskFault::kForeign);
  const std::vector<std::string> files = Files();
  std::string dir;
  if (!files.empty()) dir = DirOf(files[rng.Below(files.size())]);
  const std::string path = (dir.empty() ? "" : dir + "/") + kNames[rng.Below(std::size(kNames))];
  if (names_.Find(path).node != kNoNode) return;
  std::string contents(rng.Below(2000), '\0');
  for (char& c : contents) c = static_cast<char>(rng.Next());
  Put(path, contents);
  damages_.push_back({DiskFault::kForeign, path, ""});
}

}  // namespace dunlin::sim
