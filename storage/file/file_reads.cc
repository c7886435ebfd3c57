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
    // One more than there is: so that there is something to read of an empty file.
    file.bytes.assign(std::min<uint64_t>(done.size + 1, kTransferBytesMax), '\0');
    file.read =
        disk_.Read(file.id, 0, reinterpret_cast<uint8_t*>(file.bytes.data()), file.bytes.size());
    return true;
  }
  if (done.ticket == file.read) {
    if (!done.ok()) Fail(file, done);
    file.bytes.resize(done.ok() ? done.size : 0);
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
