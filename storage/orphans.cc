#include "storage/orphans.h"

#include "storage/asset_journal.h"
#include "storage/file/incarnations.h"
#include "storage/format/file_names.h"

namespace dunlin {

void Orphans::Note(const Recovered& found) {
  if (found.kind == kAssetDeleted || found.kind == kAssetStopped) return NoteEnd(found);
  const uint64_t directory = file::DirectoryOf(found.incarnation);
  Lost& lost = lost_[directory];
  if (lost.incarnation != found.incarnation) lost = {found.incarnation};
  ++lost.records;
  lost.last = ++noted_;
}

void Orphans::NoteEnd(const Recovered& found) {
  const uint64_t directory = file::DirectoryOf(found.incarnation);
  lost_.erase(directory);
  ended_[directory] = {++noted_, found.kind == kAssetStopped};
}

void Orphans::Clear() {
  lost_.clear();
  ended_.clear();
}

std::optional<Orphans::Lost> Orphans::In(std::string_view directory) const {
  const auto found = lost_.find(file::DirectoryHash(directory));
  if (found == lost_.end()) return std::nullopt;
  return found->second;
}

bool Orphans::Stopped(std::string_view directory) const {
  const auto end = ended_.find(file::DirectoryHash(directory));
  return end != ended_.end() && end->second.is_stop && EndedSinceDamage(directory) &&
         !In(directory);
}

bool Orphans::EndedSinceDamage(std::string_view directory) const {
  const auto end = ended_.find(file::DirectoryHash(directory));
  return end != ended_.end() && end->second.when > damage_;
}

bool Orphans::WentWithAnother(std::string_view directory, const Lost& lost) const {
  const std::string_view stream = StreamDirectoryOf(directory);
  if (stream.empty()) return false;
  const auto end = ended_.find(file::DirectoryHash(stream));
  return end != ended_.end() && end->second.when > lost.last;
}

std::string_view StreamDirectoryOf(std::string_view directory) {
  const size_t name = directory.rfind('/');
  const std::string end = "/" + std::string(format::kConsumersDir);
  if (name == std::string_view::npos || !directory.substr(0, name).ends_with(end)) return {};
  return directory.substr(0, name - end.size());
}

std::string NameInDirectory(std::string_view directory) {
  const auto last = [](std::string_view path) {
    return std::string(path.substr(path.rfind('/') + 1));
  };
  const std::string_view stream = StreamDirectoryOf(directory);
  if (stream.empty()) return "stream '" + last(directory) + "'";
  return "consumer '" + last(stream) + " > " + last(directory) + "'";
}

}  // namespace dunlin
