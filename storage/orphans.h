// Records of the journal that belong to nobody who is there: whose were they, and are they missed?
//
// A store that was deleted says so in its last record, one that was stopped cleanly does, and its
// files have everything (AssetJournal). Of any other one something that its files lack may be in
// the journal, and who that is was in a file that is gone: then nobody can tell any more what it
// was, but the directory can be told (file/incarnations.h).
//
// As many as there are directories in the journal are remembered, until Clear().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "storage/journal/journal.h"

namespace dunlin {

class Orphans {
 public:
  struct Lost {
    Incarnation incarnation;
    uint64_t records = 0;  // That there are of it.
  };

  // A record of nobody, in the order of replay.
  void Note(const Recovered& found);
  // Something of the journal is lost here, and is spoken of: what came before may have had an end.
  void NoteDamage() { lost_.clear(); }
  // What is missed in this directory.
  std::optional<Lost> In(std::string_view directory) const;
  void Clear() { lost_.clear(); }

 private:
  std::map<uint64_t, Lost> lost_;  // By the directory's half.
};

}  // namespace dunlin
