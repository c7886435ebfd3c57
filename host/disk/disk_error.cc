#include "host/disk/disk_error.h"

#include <cerrno>

namespace dunlin::host {

DiskError DiskErrorFrom(int error) {
  switch (error) {
    case 0: return DiskError::kNone;
    case ENOENT:
    case ENOTDIR: return DiskError::kNotFound;
    case EEXIST:
    case ENOTEMPTY: return DiskError::kExists;
    case ENOSPC:
    case EDQUOT: return DiskError::kNoSpace;
    case EACCES:
    case EPERM:
    case EROFS: return DiskError::kPermission;
    case EMFILE:
    case ENFILE: return DiskError::kTooManyFiles;
    default: return DiskError::kIo;
  }
}

bool PoisonsDurableWrite(int error) { return DiskErrorFrom(error) != DiskError::kNoSpace; }

std::string_view NameOf(DiskOp::Kind kind) {
  switch (kind) {
    case DiskOp::Kind::kOpen: return "open";
    case DiskOp::Kind::kClose: return "close";
    case DiskOp::Kind::kRead: return "read";
    case DiskOp::Kind::kWrite: return "write";
    case DiskOp::Kind::kTruncate: return "truncate";
    case DiskOp::Kind::kSync: return "sync";
    case DiskOp::Kind::kSyncDir: return "sync directory";
    case DiskOp::Kind::kRename: return "rename";
    case DiskOp::Kind::kRemove: return "remove";
    case DiskOp::Kind::kMakeDir: return "make directory";
    case DiskOp::Kind::kRemoveTree: return "remove tree";
    case DiskOp::Kind::kList: return "list";
    case DiskOp::Kind::kFreeSpace: return "free space of";
  }
  return "";
}

}  // namespace dunlin::host
