#include "host/disk/disk_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/base/check.h"
#include "host/disk/disk_error.h"
#include "host/disk/file_calls.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

constexpr mode_t kDirMode = 0700;  // reference: defaultDirPerms.

int SyncDirectory(const std::string& path, bool* poisoned) {
  const UniqueFd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid()) return errno;
  const int error = ::fsync(dir.get()) == 0 ? 0 : errno;
  *poisoned = error != 0;
  return error;
}

bool IsDirectory(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

int RenameToFree(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that cannot: nobody else works in a store's directory, so looking first will do.
  struct stat status;
  if (::lstat(from.c_str(), &status) != 0) return errno;
  if (::lstat(to.c_str(), &status) == 0) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int RenameIt(const DiskRoot& root, const DiskOp& op) {
  const std::string from = root.Full(op.path);
  const std::string to = root.Full(op.target);
  const int error = RenameToFree(from, to);
  if (error != EEXIST || op.replace == Replace::kNever) return error;
  // Only a file gives way, and only to a file.
  if (IsDirectory(from) || IsDirectory(to)) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int RemoveTree(const std::string& path) {
  if (!IsDirectory(path)) return ENOENT;
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error.value();
}

int List(const std::string& path, std::vector<DirEntry>* entries) {
  struct Closer {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  const std::unique_ptr<DIR, Closer> dir(::opendir(path.c_str()));
  if (dir == nullptr) return errno;
  errno = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    struct stat status;
    const int error = ::fstatat(::dirfd(dir.get()), entry->d_name, &status, 0) == 0 ? 0 : errno;
    if (name != "." && name != ".." && error != ENOENT) {  // Removed meanwhile, or a dead link.
      if (error != 0) return error;
      const bool is_directory = S_ISDIR(status.st_mode);
      const uint64_t size = is_directory ? 0 : static_cast<uint64_t>(status.st_size);
      entries->push_back({std::string(name), size, is_directory});
    }
    errno = 0;
  }
  if (errno != 0) return errno;
  std::sort(entries->begin(), entries->end());
  return 0;
}

int FreeBytes(const std::string& path, uint64_t* bytes) {
  struct statvfs status;
  if (::statvfs(path.c_str(), &status) != 0) return errno;
  *bytes = uint64_t{status.f_bavail} * status.f_frsize;
  return 0;
}

int WriteAsOpened(DiskJob& job) {
  OpenFile& file = *job.file;
  const int error = WriteIt(job);
  if (file.access != Access::kDurableWrites) return error;
  if (error != 0 && PoisonsDurableWrite(error)) file.poisoned = true;
  return error != 0 || file.direct ? error : SyncIt(file);
}

// 0, or errno; a poisoned file gives either.
int Call(const DiskRoot& root, DiskJob& job) {
  const DiskOp& op = job.op;
  switch (op.kind) {
    case DiskOp::Kind::kOpen: return OpenIt(root, job);
    case DiskOp::Kind::kClose: job.file->fd.Reset(); return 0;
    case DiskOp::Kind::kRead: return ReadIt(job);
    case DiskOp::Kind::kWrite: return WriteAsOpened(job);
    case DiskOp::Kind::kTruncate:
      return ::ftruncate(job.file->fd.get(), static_cast<off_t>(op.size)) == 0 ? 0 : errno;
    case DiskOp::Kind::kSync: return SyncIt(*job.file);
    case DiskOp::Kind::kSyncDir: return SyncDirectory(root.Full(op.path), &job.poisoned_dir);
    case DiskOp::Kind::kRename: return RenameIt(root, op);
    case DiskOp::Kind::kRemove: return ::unlink(root.Full(op.path).c_str()) == 0 ? 0 : errno;
    case DiskOp::Kind::kMakeDir: return MakeDirectories(root.Full(op.path));
    case DiskOp::Kind::kRemoveTree: return RemoveTree(root.Full(op.path));
    case DiskOp::Kind::kList: return List(root.Full(op.path), &job.done.entries);
    case DiskOp::Kind::kFreeSpace: return FreeBytes(root.path, &job.done.size);
  }
  return EINVAL;
}

// 'rename /data/a to /data/b'
std::string WhatWith(const DiskRoot& root, const DiskJob& job) {
  const std::string& path = job.file != nullptr ? job.file->path : job.op.path;
  std::string text(NameOf(job.op.kind));
  text += ' ';
  text += root.Full(path);
  if (!job.op.target.empty()) text += " to " + root.Full(job.op.target);
  return text;
}

void SetError(DiskJob& job, DiskError error, std::string text) {
  job.done.error = error;
  job.done.text = std::move(text);
  job.done.size = 0;
  job.done.entries.clear();
}

}  // namespace

std::string DiskRoot::Full(const std::string& relative) const {
  return relative.empty() ? path : path + "/" + relative;
}

void CarryOut(const DiskRoot& root, DiskJob& job) {
  const bool can_be_refused = job.file != nullptr && job.op.kind != DiskOp::Kind::kClose;
  int error = 0;
  if (!can_be_refused || !job.file->poisoned) error = Call(root, job);
  if (error != 0) {
    Fail(root, job, error);
  } else if (can_be_refused && job.file->poisoned) {
    Refuse(root, job, DiskError::kPoisoned);
  }
}

void CarryOutChain(const DiskRoot& root, DiskJob* first) {
  const DiskJob* failed = nullptr;
  for (DiskJob* job = first; job != nullptr; job = job->next) {
    if (failed == nullptr) {
      CarryOut(root, *job);
      if (!job->done.ok()) failed = job;
    } else {
      Refuse(root, *job, DiskError::kCanceled);
    }
  }
}

void Fail(const DiskRoot& root, DiskJob& job, int error) {
  SetError(job, DiskErrorFrom(error), WhatWith(root, job).append(": ").append(ErrorWords(error)));
}

void Refuse(const DiskRoot& root, DiskJob& job, DiskError error) {
  SetError(job, error, WhatWith(root, job).append(": ").append(Describe(error)));
}

bool TakesDirectWrites(const std::string& path) {
  const UniqueFd file(
      ::open(path.c_str(), O_TMPFILE | O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC, 0600));
  if (!file.valid()) return false;
  const std::unique_ptr<void, decltype(&std::free)> block(
      std::aligned_alloc(kDirectAlignment, kDirectAlignment), &std::free);
  CHECK(block != nullptr);
  std::fill_n(static_cast<char*>(block.get()), kDirectAlignment, 0);
  return ::pwrite(file.get(), block.get(), kDirectAlignment, 0) ==
         static_cast<ssize_t>(kDirectAlignment);
}

int MakeDirectories(const std::string& path) {
  if (::mkdir(path.c_str(), kDirMode) == 0) return 0;
  if (errno == EEXIST) {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) ? 0 : EEXIST;
  }
  const size_t parent = path.find_last_of('/');
  if (errno != ENOENT || parent == std::string::npos || parent == 0) return errno;
  const int error = MakeDirectories(path.substr(0, parent));
  if (error != 0) return error;
  return ::mkdir(path.c_str(), kDirMode) == 0 || errno == EEXIST ? 0 : errno;
}

}  // namespace dunlin::host
