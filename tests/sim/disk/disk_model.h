// A plain model of what storage/disk.h promises, to hold a disk against: for each file the bytes
// that are seen, those that are certain, and what was changed in between; for each name likewise.
// After a crash, what is there must lie between what was certain and what was asked for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dunlin::sim {

// Files are numbers here; -1 is "none".
class DiskModel {
 public:
  // Changes, as they complete. 'from', 'to': names.
  int Create(const std::string& name);
  void Rename(const std::string& from, const std::string& to);
  void Remove(const std::string& name);
  void Write(int file, uint64_t offset, const std::string& bytes);
  void Truncate(int file, uint64_t size);
  // Changes that were in flight at a crash: they may have happened, in part.
  void MayHaveWritten(int file, uint64_t offset, const std::string& bytes);
  void MayHaveTruncated(int file, uint64_t size);

  // Where the changes stand now; for the syncs that begin now.
  uint64_t mark() const { return mark_; }
  void Sync(int file, uint64_t mark);
  void SyncDir(const std::string& dir, uint64_t mark);

  int FileAt(const std::string& name) const;
  const std::string& Seen(int file) const { return files_[static_cast<size_t>(file)].seen; }

  // A process died and nothing else: what is there now, nullopt for no file. Empty if it may be.
  std::string CheckKill(const std::string& name, const std::optional<std::string>& contents);
  // Power was lost. Call for every name, then ForgetAll().
  std::string CheckPowerLoss(const std::string& name,
                             const std::optional<std::string>& contents) const;
  // Starts anew with what is there, all of it durable.
  void StartFrom(const std::map<std::string, std::string>& contents);

 private:
  struct Change {
    uint64_t mark = 0;
    bool is_truncate = false;
    uint64_t offset = 0;  // Or the size.
    std::string bytes;
  };
  struct File {
    std::string seen, certain;
    std::vector<Change> open;     // Seen and not certain.
    std::vector<Change> partial;  // Of 'open', the last ones: perhaps seen, in part.
  };
  struct NameChange {
    uint64_t mark = 0;
    std::string name;
    int file = -1;
    std::string from;  // Of a rename.
  };

  static void Apply(const Change& change, std::string* bytes);
  bool MayBe(const File& file, const std::string& contents) const;

  uint64_t mark_ = 0;
  std::vector<File> files_;
  std::map<std::string, int> seen_, certain_;
  std::vector<NameChange> open_names_;
  std::map<std::string, uint64_t> named_;  // Mark of the change that a name's meaning is from.
  std::map<int, uint64_t> placed_;         // Mark of the change that gave a file its certain name.
  std::set<char> ever_;                    // Each byte that was ever written.
};

}  // namespace dunlin::sim
