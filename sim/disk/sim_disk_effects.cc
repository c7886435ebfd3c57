// What each operation does when it completes.
#include <algorithm>

#include "engine/base/check.h"
#include "sim/disk/sim_disk.h"

namespace dunlin::sim {
namespace {

using Kind = DiskOp::Kind;

const char* VerbOf(Kind kind) {
  switch (kind) {
    case Kind::kOpen: return "open";
    case Kind::kClose: return "close";
    case Kind::kRead: return "read";
    case Kind::kWrite: return "write";
    case Kind::kTruncate: return "truncate";
    case Kind::kSync: return "sync";
    case Kind::kSyncDir: return "sync directory";
    case Kind::kRename: return "rename";
    case Kind::kRemove: return "remove";
    case Kind::kMakeDir: return "make directory";
    case Kind::kRemoveTree: return "remove tree";
    case Kind::kList: return "list";
    case Kind::kFreeSpace: return "free space";
  }
  return "";
}

}  // namespace

bool SimDisk::Changes(const DiskOp& op) const {
  switch (op.kind) {
    case Kind::kOpen: return op.access != Access::kRead || op.creation != Creation::kExisting;
    case Kind::kWrite:
    case Kind::kTruncate:
    case Kind::kRename:
    case Kind::kRemove: return true;
    case Kind::kRemoveTree:
    case Kind::kMakeDir: {  // Only if there is something to do.
      const bool there = names_.Find(op.path).node != kNoNode;
      return there == (op.kind == Kind::kRemoveTree);
    }
    case Kind::kClose:
    case Kind::kRead:
    case Kind::kSync:
    case Kind::kSyncDir:
    case Kind::kList:
    case Kind::kFreeSpace: return false;
  }
  return false;
}

// As on any file system.
static bool IsTooLong(std::string_view path) {
  constexpr size_t kNameMax = 255;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (end - at > kNameMax) return true;
    at = end + 1;
  }
  return false;
}

DiskDone SimDisk::Perform(const Flight& flight) {
  const DiskOp& op = flight.op;
  DiskDone done;
  done.ticket = op.ticket;
  if (read_only_ && Changes(op)) {
    done.error = DiskError::kPermission;
    done.text = std::string(VerbOf(op.kind)) + " " + op.path + ": " + Describe(done.error);
    return done;
  }
  if (IsTooLong(op.path) || IsTooLong(op.target)) {
    done.error = DiskError::kIo;
    done.text = std::string(VerbOf(op.kind)) + " " + op.path + ": File name too long";
    return done;
  }
  switch (op.kind) {
    case Kind::kOpen: done.error = PerformOpen(op, &done); break;
    case Kind::kClose: done.error = Close(op); break;
    case Kind::kRead: done.error = Read(op, &done); break;
    case Kind::kWrite: done.error = Write(op); break;
    case Kind::kTruncate: done.error = Truncate(op); break;
    case Kind::kSync: done.error = Sync(flight); break;
    case Kind::kSyncDir: done.error = SyncDir(flight); break;
    case Kind::kRename: done.error = Rename(op); break;
    case Kind::kRemove: done.error = Remove(op); break;
    case Kind::kMakeDir: done.error = MakeDir(op, nullptr); break;
    case Kind::kRemoveTree: done.error = RemoveTree(op); break;
    case Kind::kList: done.error = List(op, &done); break;
    case Kind::kFreeSpace: done.size = FreeBytes(); break;
  }
  if (!done.ok()) {
    done.text = VerbOf(op.kind);
    if (!op.path.empty()) done.text += " " + op.path;
    done.text += std::string(": ") + Describe(done.error);
  }
  SweepSometimes();
  return done;
}

void SimDisk::SweepSometimes() {
  if (names_.nodes().size() < 2 * nodes_after_sweep_ + 64) return;
  names_.Sweep();
  nodes_after_sweep_ = names_.nodes().size();
}

uint64_t SimDisk::used_bytes() const {
  uint64_t used = 0;
  for (const auto& [id, node] : names_.nodes()) {
    const bool in_use = node.handles > 0 || node.seen.dir != kNoNode;
    if (node.file && in_use) used += node.file->allocated_bytes();
  }
  return used;
}

uint64_t SimDisk::FreeBytes() const {
  const uint64_t used = used_bytes();
  return options_.capacity_bytes > used ? options_.capacity_bytes - used : 0;
}

bool SimDisk::HasRoom(uint64_t more_bytes) const {
  if (more_bytes == 0 || options_.capacity_bytes == UINT64_MAX) return true;
  return more_bytes <= FreeBytes();
}

// --- Files.

DiskError SimDisk::PerformOpen(const DiskOp& op, DiskDone* done) {
  if (handles_.size() >= options_.open_files_max ||
      dice_.Strikes(DiskFault::kTooManyFiles, options_.faults))
    return DiskError::kTooManyFiles;
  const NameTree::Found found = names_.Find(op.path);
  if (found.parent == kNoNode) return DiskError::kNotFound;
  DiskNodeId id = found.node;
  if (id == kNoNode) {
    if (op.creation == Creation::kExisting) return DiskError::kNotFound;
    if (dice_.Strikes(DiskFault::kSpaceError, options_.faults)) return DiskError::kNoSpace;
    id = names_.MakeFile(++order_, found.parent, found.name);
  } else if (op.creation == Creation::kNew) {
    return DiskError::kExists;
  }
  DiskNode& node = names_.node(id);
  if (node.is_directory()) return DiskError::kIo;
  if (op.creation == Creation::kEmptied && node.file->size() > 0)
    node.file->Truncate(++order_, 0, &stale_);
  ++node.handles;
  handles_[op.file] = {id, op.access, false, node.failed_syncs, op.path};
  done->size = node.file->size();
  return DiskError::kNone;
}

DiskError SimDisk::Close(const DiskOp& op) {
  const auto it = handles_.find(op.file);
  if (it == handles_.end()) return DiskError::kNone;  // Its kOpen failed.
  --names_.node(it->second.node).handles;
  handles_.erase(it);
  return DiskError::kNone;
}

DiskError SimDisk::Refusal(const DiskOp& op) const {
  return handles_.at(op.file).is_poisoned ? DiskError::kPoisoned : DiskError::kNone;
}

DiskError SimDisk::Read(const DiskOp& op, DiskDone* done) {
  if (Refusal(op) != DiskError::kNone) return Refusal(op);
  if (dice_.Strikes(DiskFault::kReadError, options_.faults)) return DiskError::kIo;
  FileImage& file = image(op.file);
  if (file.Refuses(op.offset, op.size)) return DiskError::kIo;
  if (op.size > 0 && op.offset < file.size() &&
      dice_.Strikes(DiskFault::kRotOnRead, options_.faults)) {
    Rng& rng = dice_.rng(DiskFault::kRotOnRead);
    const uint64_t end = std::min(op.offset + op.size, file.size());
    const uint64_t seed = rng.Next();  // Not among the arguments: compilers differ in their order.
    file.Rot((op.offset + rng.Below(end - op.offset)) / kSectorBytes, seed);
    damages_.push_back({DiskFault::kRotOnRead, handle(op.file).path, ""});
  }
  done->size = file.Read(op.offset, op.data, op.size);
  hash_ = StableHash({reinterpret_cast<const char*>(op.data), done->size}, hash_);
  return DiskError::kNone;
}

DiskError SimDisk::Write(const DiskOp& op) {
  if (Refusal(op) != DiskError::kNone) return Refusal(op);
  FileImage& file = image(op.file);
  const bool durable = handle(op.file).access == Access::kDurableWrites;
  if (dice_.Strikes(DiskFault::kWriteError, options_.faults)) {
    file.WritePart(++order_, op.offset, op.data, op.size, dice_.rng(DiskFault::kWriteError));
    if (durable) Poison(op.file);
    return DiskError::kIo;
  }
  uint64_t fits = op.size;
  if (dice_.Strikes(DiskFault::kSpaceError, options_.faults))
    fits = op.size == 0 ? 0 : dice_.rng(DiskFault::kSpaceError).Below(op.size);
  while (fits > 0 && !HasRoom(file.WouldAllocate(op.offset, fits)))
    fits -= std::min<uint64_t>(fits, ChunkRef::kBytes);
  if (fits < op.size) {
    file.Write(++order_, op.offset, op.data, fits);
    return DiskError::kNoSpace;
  }
  if (durable && dice_.Strikes(DiskFault::kSyncError, options_.faults)) {
    file.Write(++order_, op.offset, op.data, op.size);
    Poison(op.file);
    return DiskError::kIo;
  }
  if (durable) {
    file.WriteDurable(++order_, op.offset, op.data, op.size);
  } else {
    file.Write(++order_, op.offset, op.data, op.size);
  }
  return DiskError::kNone;
}

DiskError SimDisk::Truncate(const DiskOp& op) {
  if (Refusal(op) != DiskError::kNone) return Refusal(op);
  image(op.file).Truncate(++order_, op.size, &stale_);
  return DiskError::kNone;
}

// The kernel has thrown away, as clean, some of what it could not write; it says so once to each
// who has the file open, and never again.
void SimDisk::Poison(FileId id) {
  Handle& open = handle(id);
  DiskNode& node = names_.node(open.node);
  node.file->FailSync(order_, dice_.rng(DiskFault::kSyncError));
  open.is_poisoned = true;
  open.failed_syncs_seen = ++node.failed_syncs;
}

DiskError SimDisk::Sync(const Flight& flight) {
  const FileId id = flight.op.file;
  if (Refusal(flight.op) != DiskError::kNone) return Refusal(flight.op);
  Handle& open = handle(id);
  DiskNode& node = names_.node(open.node);
  if (open.failed_syncs_seen < node.failed_syncs) {  // Another handle's failure, told here too.
    open.failed_syncs_seen = node.failed_syncs;
    open.is_poisoned = true;
    return DiskError::kIo;
  }
  if (dice_.Strikes(DiskFault::kSyncError, options_.faults)) {
    Poison(id);
    return DiskError::kIo;
  }
  node.file->Sync(flight.begun_order);
  return DiskError::kNone;
}

// --- Names.

DiskError SimDisk::SyncDir(const Flight& flight) {
  const std::string& path = flight.op.path;
  if (poisoned_dirs_.count(path) > 0) return DiskError::kPoisoned;
  const NameTree::Found found = names_.Find(path);
  if (found.node == kNoNode || !names_.node(found.node).is_directory()) return DiskError::kNotFound;
  if (dice_.Strikes(DiskFault::kSyncError, options_.faults)) {
    poisoned_dirs_.insert(path);
    return DiskError::kIo;
  }
  names_.Sync(flight.begun_order, found.node);
  return DiskError::kNone;
}

DiskError SimDisk::Rename(const DiskOp& op) {
  const NameTree::Found from = names_.Find(op.path);
  const NameTree::Found to = names_.Find(op.target);
  if (from.node == kNoNode || to.parent == kNoNode) return DiskError::kNotFound;
  if (to.node != kNoNode) {
    const bool files =
        !names_.node(from.node).is_directory() && !names_.node(to.node).is_directory();
    if (op.replace == Replace::kNever || !files) return DiskError::kExists;
  }
  if (dice_.Strikes(DiskFault::kSpaceError, options_.faults)) return DiskError::kNoSpace;
  names_.Rename(++order_, from, to);
  return DiskError::kNone;
}

DiskError SimDisk::Remove(const DiskOp& op) {
  const NameTree::Found found = names_.Find(op.path);
  if (found.node == kNoNode) return DiskError::kNotFound;
  if (names_.node(found.node).is_directory()) return DiskError::kIo;
  names_.Remove(++order_, found);
  return DiskError::kNone;
}

DiskError SimDisk::MakeDir(const DiskOp& op, Rng* stop) {
  if (!stop && dice_.Strikes(DiskFault::kSpaceError, options_.faults)) return DiskError::kNoSpace;
  for (size_t end = 0; end < op.path.size();) {
    end = std::min(op.path.find('/', end + 1), op.path.size());
    const NameTree::Found found = names_.Find(std::string_view(op.path).substr(0, end));
    if (found.node == kNoNode) {
      if (stop && stop->Chance(1, 2)) return DiskError::kNone;
      names_.MakeDirectory(++order_, found.parent, found.name);
    } else if (!names_.node(found.node).is_directory()) {
      return end == op.path.size() ? DiskError::kExists : DiskError::kNotFound;
    }
  }
  return DiskError::kNone;
}

DiskError SimDisk::RemoveTree(const DiskOp& op) {
  const NameTree::Found found = names_.Find(op.path);
  if (found.node == kNoNode || !names_.node(found.node).is_directory()) return DiskError::kNotFound;
  names_.RemoveTree(++order_, found, nullptr);
  return DiskError::kNone;
}

DiskError SimDisk::List(const DiskOp& op, DiskDone* done) {
  const NameTree::Found found = names_.Find(op.path);
  if (found.node == kNoNode || !names_.node(found.node).is_directory()) return DiskError::kNotFound;
  for (const auto& [name, id] : names_.node(found.node).seen_entries) {
    const DiskNode& node = names_.node(id);
    done->entries.push_back({name, node.file ? node.file->size() : 0, node.is_directory()});
  }
  return DiskError::kNone;
}

}  // namespace dunlin::sim
