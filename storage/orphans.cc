#include "storage/orphans.h"

#include "storage/asset_journal.h"
#include "storage/file/incarnations.h"

namespace dunlin {

void Orphans::Note(const Recovered& found) {
  const uint64_t directory = file::DirectoryOf(found.incarnation);
  if (found.kind == kAssetDeleted || found.kind == kAssetStopped) {
    lost_.erase(directory);
    return;
  }
  Lost& lost = lost_[directory];
  if (lost.incarnation != found.incarnation) lost = {found.incarnation, 0};
  ++lost.records;
}

std::optional<Orphans::Lost> Orphans::In(std::string_view directory) const {
  const auto found = lost_.find(file::DirectoryHash(directory));
  if (found == lost_.end()) return std::nullopt;
  return found->second;
}

}  // namespace dunlin
