#include "sim/disk/contract.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

using Kind = DiskOp::Kind;

bool IsOnFile(const DiskOp& op) {
  switch (op.kind) {
    case Kind::kClose:
    case Kind::kRead:
    case Kind::kWrite:
    case Kind::kTruncate:
    case Kind::kSync: return true;
    default: return false;
  }
}

bool PathIsProper(std::string_view path) {
  if (path.empty()) return true;  // The root.
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// Bytes that an operation reads or changes: a truncate all from its size on, and the length.
struct Extent {
  uint64_t from = 0, to = 0;
  bool changes = false;
};

Extent ExtentOf(const DiskOp& op) {
  switch (op.kind) {
    case Kind::kRead: return {op.offset, op.offset + op.size, false};
    case Kind::kWrite: return {op.offset, op.offset + op.size, true};
    case Kind::kTruncate: return {op.size, UINT64_MAX, true};
    default: return {};
  }
}

bool BytesMeet(const DiskOp& a, const DiskOp& b) {
  const Extent x = ExtentOf(a), y = ExtentOf(b);
  return (x.changes || y.changes) && x.from < y.to && y.from < x.to;
}

// How an operation uses a name.
enum class Use : uint8_t {
  kNone,
  kLooks,     // At what is there: it must not change meanwhile.
  kMakesDir,  // Makes it if it is missing; several may.
  kChanges,   // This name.
  kMoves,     // This name, and with it all below.
};
struct NameUse {
  std::string_view path;
  Use use = Use::kNone;
};

std::vector<NameUse> UsesOf(const DiskOp& op) {
  switch (op.kind) {
    case Kind::kOpen:
      return {{op.path, op.creation == Creation::kExisting ? Use::kLooks : Use::kChanges}};
    case Kind::kSyncDir:
    case Kind::kList: return {{op.path, Use::kLooks}};
    case Kind::kRename: return {{op.path, Use::kMoves}, {op.target, Use::kMoves}};
    case Kind::kRemove: return {{op.path, Use::kChanges}};
    case Kind::kRemoveTree: return {{op.path, Use::kMoves}};
    case Kind::kMakeDir: return {{op.path, Use::kMakesDir}};
    default: return {};
  }
}

bool IsBelow(std::string_view path, std::string_view dir) {
  return dir.empty() ? !path.empty()
                     : path.size() > dir.size() && path.starts_with(dir) && path[dir.size()] == '/';
}

bool NamesMeet(const NameUse& a, const NameUse& b) {
  if (a.use == Use::kLooks && b.use == Use::kLooks) return false;
  if (a.use == Use::kMakesDir && b.use == Use::kMakesDir) return false;
  if (a.path == b.path) return true;
  const auto brings_down = [](const NameUse& upper, const NameUse& lower) {
    return (upper.use == Use::kMoves || upper.use == Use::kMakesDir) &&
           IsBelow(lower.path, upper.path);
  };
  return brings_down(a, b) || brings_down(b, a);
}

bool NamesMeet(const DiskOp& a, const DiskOp& b) {
  const std::vector<NameUse> ours = UsesOf(a), theirs = UsesOf(b);
  return std::any_of(ours.begin(), ours.end(), [&](const NameUse& x) {
    return std::any_of(theirs.begin(), theirs.end(),
                       [&](const NameUse& y) { return NamesMeet(x, y); });
  });
}

bool IsAligned(const DiskOp& op) {
  return op.offset % kDirectAlignment == 0 && op.size % kDirectAlignment == 0 &&
         reinterpret_cast<uintptr_t>(op.data) % kDirectAlignment == 0;
}

}  // namespace

bool DiskContract::Follows(const DiskOp& op, DiskTicket ancestor) const {
  DiskTicket at = op.after;
  while (at > ancestor) {
    const auto it = in_flight_.find(at);
    if (it == in_flight_.end()) return false;
    at = it->second.after;
  }
  return at == ancestor;
}

void DiskContract::CheckPaths(const DiskOp& op) const {
  const bool path_is_proper = PathIsProper(op.path) && PathIsProper(op.target);
  CHECK(path_is_proper);
  const bool may_be_the_root = op.kind == Kind::kSyncDir || op.kind == Kind::kList ||
                               op.kind == Kind::kMakeDir || op.kind == Kind::kFreeSpace;
  const bool names_something = may_be_the_root || IsOnFile(op) || !op.path.empty();
  CHECK(names_something);
  if (op.kind != Kind::kRename) return;
  CHECK(!op.target.empty());
  const bool renames_to_another_name = op.path != op.target && !IsBelow(op.target, op.path);
  CHECK(renames_to_another_name);
}

void DiskContract::CheckFile(const DiskOp& op) {
  const auto it = files_.find(op.file);
  const bool file_was_opened = it != files_.end();
  CHECK(file_was_opened);
  File& file = it->second;
  if (op.kind == Kind::kClose && file.state == File::State::kFailed) return;
  const bool file_is_not_closed = file.state != File::State::kClosed;
  CHECK(file_is_not_closed);
  const bool open_has_succeeded_or_is_followed =
      file.state == File::State::kOpen || Follows(op, file.opened_by);
  CHECK(open_has_succeeded_or_is_followed);
  if (op.kind == Kind::kClose) {
    for (const DiskTicket other : file.in_flight) {
      const bool close_follows_all_in_flight = Follows(op, other);
      CHECK(close_follows_all_in_flight);
    }
    file.state = File::State::kClosed;
    return;
  }
  const bool access_allows_it = op.kind == Kind::kRead || file.access != Access::kRead;
  CHECK(access_allows_it);
  const bool is_transfer = op.kind == Kind::kRead || op.kind == Kind::kWrite;
  const bool direct_transfer_is_aligned =
      !is_transfer || file.access != Access::kDurableWrites || IsAligned(op);
  CHECK(direct_transfer_is_aligned);
  for (const DiskTicket other : file.in_flight) {
    const bool touches_no_bytes_in_flight =
        !BytesMeet(op, in_flight_.at(other)) || Follows(op, other);
    CHECK(touches_no_bytes_in_flight);
  }
  file.in_flight.insert(op.ticket);
}

void DiskContract::CheckNames(const DiskOp& op) const {
  for (const DiskTicket other : named_) {
    const bool touches_no_name_in_flight =
        !NamesMeet(op, in_flight_.at(other)) || Follows(op, other);
    CHECK(touches_no_name_in_flight);
  }
}

void DiskContract::OnIssue(const DiskOp& op) {
  const bool ticket_is_new = op.ticket > last_;
  CHECK(ticket_is_new);
  CHECK(op.after < op.ticket);
  CHECK(op.size <= kTransferBytesMax || op.kind == Kind::kTruncate);
  CheckPaths(op);
  if (IsOnFile(op)) {
    CheckFile(op);
  } else {
    CheckNames(op);
    named_.insert(op.ticket);
  }
  if (op.kind == Kind::kOpen) {
    const bool file_id_is_new = op.file.value > 0 && files_.count(op.file) == 0;
    CHECK(file_id_is_new);
    files_[op.file] = {File::State::kOpening, op.access, op.ticket, {op.ticket}};
  }
  last_ = op.ticket;
  in_flight_[op.ticket] = op;
}

void DiskContract::OnDone(DiskTicket ticket, bool ok) {
  const auto it = in_flight_.find(ticket);
  CHECK(it != in_flight_.end());
  const DiskOp& op = it->second;
  named_.erase(ticket);
  const auto file = files_.find(op.file);
  if (file != files_.end()) {
    file->second.in_flight.erase(ticket);
    File::State& state = file->second.state;
    if (op.kind == Kind::kOpen && !ok) {
      state = File::State::kFailed;
    } else if (op.kind == Kind::kOpen && state == File::State::kOpening) {
      state = File::State::kOpen;
    } else if (op.kind == Kind::kClose && !ok && state == File::State::kClosed) {
      state = File::State::kOpen;  // Canceled: it is still to be closed.
    }
  }
  in_flight_.erase(it);
}

void DiskContract::Reset() { *this = DiskContract(); }

}  // namespace dunlin::sim
