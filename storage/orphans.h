// Records of the journal that belong to nobody who is there: whose were they, and are they missed?
//
// A store that was deleted says so in its last record, one that was stopped cleanly does, and its
// files have everything (AssetJournal). Of any other one something that its files lack may be in
// the journal, and who that is was in a file that is gone: then nobody can tell any more what it
// was, but the directory can be told (file/incarnations.h). What ended a stream ended its
// consumers, whose folders are below its directory.
//
// As many as there are directories in the journal are remembered, until Clear().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/journal/journal.h"

namespace dunlin {

class Orphans {
 public:
  struct Lost {
    Incarnation incarnation;
    uint64_t records = 0;  // That there are of it.
    uint64_t last = 0;     // When the last one was noted.
  };

  // A record of nobody, in the order of replay.
  void Note(const Recovered& found);
  // An end of somebody who is there; of nobody, it is noted as all others are.
  void NoteEnd(const Recovered& found);
  // Something of the journal is lost here, and is spoken of: what came before may have had an end.
  void NoteDamage() {
    lost_.clear();
    damage_ = ++noted_;
  }
  // The last that the journal has of it is that it was stopped cleanly: its files have everything.
  bool Stopped(std::string_view directory) const;
  // Whoever was in this directory ended behind the last damage.
  bool EndedSinceDamage(std::string_view directory) const;
  // What is missed in this directory.
  std::optional<Lost> In(std::string_view directory) const;
  // All that are missed. 'name_of': the directory of an incarnation, empty if nobody knows.
  struct Missed {
    std::string directory;
    uint64_t records = 0;
  };
  template <class NameOf>
  std::vector<Missed> All(NameOf name_of) const {
    std::vector<Missed> out;
    for (const auto& [hash, lost] : lost_) {
      Missed missed{name_of(lost.incarnation), lost.records};
      if (!WentWithAnother(missed.directory, lost)) out.push_back(std::move(missed));
    }
    return out;
  }
  void Clear();

 private:
  bool WentWithAnother(std::string_view directory, const Lost& lost) const;

  uint64_t noted_ = 0;
  uint64_t damage_ = 0;            // The last one: when.
  std::map<uint64_t, Lost> lost_;  // By the directory's half.
  struct End {
    uint64_t when = 0;
    bool is_stop = false;
  };
  std::map<uint64_t, End> ended_;  // Likewise.
};

// The stream's directory, if this is the folder of one of its consumers; else empty.
[[nodiscard]] std::string_view StreamDirectoryOf(std::string_view directory);
// As people know it: "stream 'S'", or "consumer 'S > C'".
[[nodiscard]] std::string NameInDirectory(std::string_view directory);

}  // namespace dunlin
