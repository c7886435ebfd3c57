#include "sim/store/story_damage.h"

#include <algorithm>
#include <utility>

#include "storage/format/record.h"
#include "storage/journal/format.h"

namespace dunlin::sim {
namespace {

// Of a record, around its payload: everything before it but subject and header, and its checksum.
constexpr size_t kBeforePayload = 26, kBehindPayload = 8;
constexpr size_t kSectorBytes = 512;

bool IsCache(std::string_view path) {
  // Until it has its name, a key that something is sealed with already is in nothing else.
  if (path.ends_with(".key.tmp")) return false;
  return path.ends_with(".db") || path.ends_with(".part") || path.ends_with(".tmp");
}

std::string FolderOf(std::string_view stream) {
  return std::string("streams/").append(stream).append("/");
}

// How many of the file's sectors are other ones now.
uint64_t SectorsHit(std::string_view before, std::string_view after) {
  uint64_t sectors = 0;
  for (size_t at = 0; at < before.size(); at += kSectorBytes)
    sectors += before.substr(at, kSectorBytes) != after.substr(at, kSectorBytes) ? 1 : 0;
  return sectors;
}

}  // namespace

void StoryDamage::Note(std::string path, std::string before, std::string after) {
  if (IsCache(path)) return;
  if (path.find("/msgs/") != std::string::npos && path.ends_with(".blk")) {
    blocks_.push_back({std::move(path), std::move(before), std::move(after)});
    return;
  }
  if (path.find("/obs/") != std::string::npos) return;
  only_blocks_ = false;
  others_.push_back(path);
  if (!path.starts_with(journal_ + "/")) return;
  in_journal_ = true;
  // A segment's header says whose it is: without it nothing in it counts.
  const bool head =
      before.size() != after.size() || before.substr(0, journal::kHeaderBytes) !=
                                           std::string_view(after).substr(0, journal::kHeaderBytes);
  batches_max_ =
      head || batches_max_ == UINT64_MAX ? UINT64_MAX : batches_max_ + SectorsHit(before, after);
}

bool StoryDamage::MayStop(std::string_view stream) const {
  const std::string folder = FolderOf(stream);
  return std::any_of(others_.begin(), others_.end(), [&](const std::string& path) {
    return path.starts_with(folder) || !path.starts_with("streams/");
  });
}

bool StoryDamage::Concerns(std::string_view stream) const {
  const std::string folder = FolderOf(stream);
  return MayStop(stream) || std::any_of(blocks_.begin(), blocks_.end(), [&](const File& file) {
           return file.path.starts_with(folder);
         });
}

bool StoryDamage::AnyCut(std::string_view stream) const {
  std::string folder("streams/");
  folder.append(stream).append("/");
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const File& file) {
    return file.path.starts_with(folder) && file.after.size() < file.before.size();
  });
}

bool StoryDamage::HitCheckpoint(std::string_view stream) const {
  const std::string path = "streams/" + std::string(stream) + "/msgs/checkpoint";
  return std::find(others_.begin(), others_.end(), path) != others_.end();
}

bool StoryDamage::MayHaveHit(std::string_view stream, const TwinMsg& msg) const {
  std::string folder("streams/");
  folder.append(stream).append("/");
  for (const File& file : blocks_) {
    if (!file.path.starts_with(folder)) continue;
    if (msg.payload.size() < 8) return true;  // It may be anywhere.
    const size_t before = kBeforePayload + msg.subject.size() + msg.header.size();
    const size_t length = before + msg.payload.size() + kBehindPayload;
    for (size_t at = file.before.find(msg.payload); at != std::string::npos;
         at = file.before.find(msg.payload, at + 1)) {
      const size_t begin = at - std::min(at, before);
      const std::string_view was = std::string_view(file.before).substr(begin, length);
      if (begin > file.after.size() ||
          was != std::string_view(file.after).substr(begin, was.size()))
        return true;
    }
  }
  return false;
}

}  // namespace dunlin::sim
