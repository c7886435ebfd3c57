#include "storage/file/file_reads.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin::file {

void FileReads::Add(std::string name) {
  auto file = std::make_unique<File>();
  file->name = name;
  waiting_.push_back(file.get());
  files_[std::move(name)] = std::move(file);
  Begin();
}

void FileReads::Begin() {
  while (!waiting_.empty() && reading_.size() < kAtOnce) {
    File* const file = waiting_.back();
    waiting_.pop_back();
    reading_.push_back(file);
    file->id = disk_.NewFile();
    file->open = disk_.Open(file->id, file->name, Access::kRead, Creation::kExisting);
  }
}

// The next piece.
void FileReads::ReadOn(File* file) {
  const size_t at = file->bytes.size();
  file->asked = std::min(kPieceBytes, file->wanted - at);
  file->bytes.resize(at + file->asked);
  file->read =
      disk_.Read(file->id, at, reinterpret_cast<uint8_t*>(file->bytes.data()) + at, file->asked);
}

void FileReads::Fail(const File& file, const DiskDone& done) {
  if (!failure_.empty()) return;
  failure_ = file.name + ", offset 0: " + Describe(done.error);
  if (!done.text.empty()) failure_.append(" (").append(done.text).append(")");
}

bool FileReads::OnDisk(const DiskDone& done) {
  const auto found = std::find_if(reading_.begin(), reading_.end(), [&](const File* file) {
    return done.ticket == file->open || done.ticket == file->read || done.ticket == file->close;
  });
  if (found == reading_.end()) return false;
  File& file = **found;
  if (done.ticket == file.open && done.ok()) {
    file.there = true;
    if (done.size > kFileBytesMax) {
      if (failure_.empty()) {
        failure_ = file.name + ", offset 0: it is " + std::to_string(done.size) + " bytes long";
      }
      file.close = disk_.Close(file.id);
      return true;
    }
    // One more than there is: so that there is something to read of an empty file.
    file.wanted = done.size + 1;
    file.bytes.reserve(file.wanted);
    ReadOn(&file);
    return true;
  }
  if (done.ticket == file.read) {
    if (!done.ok()) Fail(file, done);
    const size_t got = done.ok() ? done.size : 0;
    file.bytes.resize(file.bytes.size() - file.asked + got);
    // A file ends where a piece comes back short.
    if (got == file.asked && file.bytes.size() < file.wanted) {
      ReadOn(&file);
      return true;
    }
    file.close = disk_.Close(file.id);
    return true;
  }
  if (done.ticket == file.open && done.error != DiskError::kNotFound) Fail(file, done);
  reading_.erase(found);
  Begin();
  return true;
}

std::string* FileReads::Get(std::string_view name) {
  CHECK(done());
  const auto found = files_.find(name);
  return found == files_.end() || !found->second->there ? nullptr : &found->second->bytes;
}

}  // namespace dunlin::file
