#include "storage/disk.h"

#include <utility>

#include "engine/base/check.h"

namespace dunlin {

const char* Describe(DiskError error) {
  switch (error) {
    case DiskError::kNone: return "no error";
    case DiskError::kNotFound: return "no such file or directory";
    case DiskError::kExists: return "file exists";
    case DiskError::kNoSpace: return "no space left on device";
    case DiskError::kPermission: return "permission denied";
    case DiskError::kTooManyFiles: return "too many open files";
    case DiskError::kIo: return "input/output error";
    case DiskError::kPoisoned: return "an earlier sync of this file failed";
    case DiskError::kCanceled: return "an operation that this one follows failed";
  }
  return "";
}

DiskOp& DiskQueue::Add(DiskOp::Kind kind, DiskTicket after) {
  DiskOp& op = ops_.emplace_back();
  op.kind = kind;
  op.ticket = {++last_ticket_};
  op.after = after;
  CHECK(after < op.ticket);
  return op;
}

DiskTicket DiskQueue::AddPath(DiskOp::Kind kind, std::string path, DiskTicket after) {
  DiskOp& op = Add(kind, after);
  op.path = std::move(path);
  return op.ticket;
}

DiskTicket DiskQueue::AddTransfer(DiskOp::Kind kind, FileId file, uint64_t offset, uint8_t* data,
                                  size_t size, DiskTicket after) {
  CHECK(size <= kTransferBytesMax);
  DiskOp& op = Add(kind, after);
  op.file = file;
  op.offset = offset;
  op.data = data;
  op.size = size;
  return op.ticket;
}

DiskTicket DiskQueue::Open(FileId file, std::string path, Access access, Creation creation,
                           DiskTicket after) {
  DiskOp& op = Add(DiskOp::Kind::kOpen, after);
  op.file = file;
  op.path = std::move(path);
  op.access = access;
  op.creation = creation;
  return op.ticket;
}

DiskTicket DiskQueue::Close(FileId file, DiskTicket after) {
  DiskOp& op = Add(DiskOp::Kind::kClose, after);
  op.file = file;
  return op.ticket;
}

DiskTicket DiskQueue::Read(FileId file, uint64_t offset, uint8_t* data, size_t size,
                           DiskTicket after) {
  return AddTransfer(DiskOp::Kind::kRead, file, offset, data, size, after);
}

DiskTicket DiskQueue::Write(FileId file, uint64_t offset, const uint8_t* data, size_t size,
                            DiskTicket after) {
  // One field serves both directions; a driver never writes to a kWrite's memory.
  return AddTransfer(DiskOp::Kind::kWrite, file, offset, const_cast<uint8_t*>(data), size, after);
}

DiskTicket DiskQueue::Truncate(FileId file, uint64_t size, DiskTicket after) {
  DiskOp& op = Add(DiskOp::Kind::kTruncate, after);
  op.file = file;
  op.size = size;
  return op.ticket;
}

DiskTicket DiskQueue::Sync(FileId file, DiskTicket after) {
  DiskOp& op = Add(DiskOp::Kind::kSync, after);
  op.file = file;
  return op.ticket;
}

DiskTicket DiskQueue::SyncDir(std::string path, DiskTicket after) {
  return AddPath(DiskOp::Kind::kSyncDir, std::move(path), after);
}

DiskTicket DiskQueue::Rename(std::string path, std::string target, Replace replace,
                             DiskTicket after) {
  DiskOp& op = Add(DiskOp::Kind::kRename, after);
  op.path = std::move(path);
  op.target = std::move(target);
  op.replace = replace;
  return op.ticket;
}

DiskTicket DiskQueue::Remove(std::string path, DiskTicket after) {
  return AddPath(DiskOp::Kind::kRemove, std::move(path), after);
}

DiskTicket DiskQueue::MakeDir(std::string path, DiskTicket after) {
  return AddPath(DiskOp::Kind::kMakeDir, std::move(path), after);
}

DiskTicket DiskQueue::RemoveTree(std::string path, DiskTicket after) {
  return AddPath(DiskOp::Kind::kRemoveTree, std::move(path), after);
}

DiskTicket DiskQueue::List(std::string path, DiskTicket after) {
  return AddPath(DiskOp::Kind::kList, std::move(path), after);
}

DiskTicket DiskQueue::FreeSpace(DiskTicket after) {
  return Add(DiskOp::Kind::kFreeSpace, after).ticket;
}

}  // namespace dunlin
