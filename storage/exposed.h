// Whose last changes may be among what damage took from the journal, and are not known to be there:
// those of whom no record came behind it. (Records have numbers: one that comes tells of what is
// missing before it.) An operator is told their names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/journal/journal.h"

namespace dunlin {

class Exposed {
 public:
  // In the order of replay. 'detail': Recovered::detail.
  void NoteDamage(std::string detail);
  void NoteRecord(AssetNumber asset);
  // There was damage.
  bool any() const { return !detail_.empty(); }
  // Adds a notice if it is exposed: 'name' as NameInDirectory(). Of more than kToldMax only how
  // many they are is said, by TellRest().
  void Tell(AssetNumber asset, const std::string& name, std::vector<std::string>* notices);
  void TellRest(std::vector<std::string>* notices);

 private:
  static constexpr uint64_t kToldMax = 1000;

  std::string detail_;  // Of the last one.
  uint32_t damages_ = 0;
  std::vector<uint32_t>
      seen_;  // By AssetNumber: how many damages there were before its last record.
  uint64_t told_ = 0;
};

}  // namespace dunlin
