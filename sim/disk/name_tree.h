// The directories of a simulated disk: what processes see, what would be left after a power loss,
// and the changes in between, each name on its own.
//
// A node (a file or a directory) has at most one name that is seen and at most one that is durable.
// It lives while it has either, while a change that is not durable yet mentions it, or while it is
// open.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/disk/file_image.h"

namespace dunlin::sim {

using DiskNodeId = uint64_t;  // Never used again.
inline constexpr DiskNodeId kNoNode = 0;
inline constexpr DiskNodeId kRootNode = 1;

struct DiskNode {
  // Where a node hangs: in which directory (kNoNode: nowhere), under which name.
  struct Place {
    DiskNodeId dir = kNoNode;
    std::string name;
    bool operator==(const Place&) const = default;
  };
  Place seen, durable;
  uint32_t handles = 0;                                             // Open ones.
  std::unique_ptr<FileImage> file;                                  // nullptr: a directory.
  uint64_t failed_syncs = 0;                                        // Of a file.
  std::map<std::string, DiskNodeId> seen_entries, durable_entries;  // Of a directory.
  bool is_directory() const { return file == nullptr; }
};

class NameTree {
 public:
  NameTree();

  // Where a path leads: 'parent' is kNoNode if a directory above is missing or none; 'node' is
  // kNoNode if nothing has the name. The root is the path "", and has no parent.
  struct Found {
    DiskNodeId parent = kNoNode;
    DiskNodeId node = kNoNode;
    std::string_view name;
  };
  Found Find(std::string_view path) const;
  DiskNode& node(DiskNodeId id) { return nodes_.at(id); }
  const DiskNode& node(DiskNodeId id) const { return nodes_.at(id); }
  const std::map<DiskNodeId, DiskNode>& nodes() const { return nodes_; }
  // What is seen at a path; nullptr if there is no such file.
  FileImage* File(std::string_view path);
  const FileImage* File(std::string_view path) const;
  // The paths of all files that are seen, sorted.
  std::vector<std::string> Files() const;

  // Changes of what is seen; 'order' as in FileImage.
  DiskNodeId MakeFile(uint64_t order, DiskNodeId dir, std::string_view name);
  DiskNodeId MakeDirectory(uint64_t order, DiskNodeId dir, std::string_view name);
  void Rename(uint64_t order, const Found& from, const Found& to);
  // The name only; what is below a directory goes with it.
  void Remove(uint64_t order, const Found& what);
  // All names below a directory, and its own. With 'stop', some of them: as when it is cut off.
  void RemoveTree(uint64_t order, const Found& what, Rng* stop);

  // Makes durable what changed in the directory up to 'order'.
  void Sync(uint64_t order, DiskNodeId dir);
  // Names, and the bytes of files: what is seen from now on is what is durable, and some of the
  // rest. Nothing may be open.
  void LosePower(const PowerLoss& loss, Rng& rng, const StaleSectors& stale);
  // Drops all handles: the process has died.
  void CloseAll();

  // Forgets what nothing mentions any more.
  void Sweep();

 private:
  struct Change {
    uint64_t order = 0;
    DiskNodeId dir = kNoNode;  // Where 'name' gets its new meaning.
    std::string name;
    DiskNodeId node = kNoNode;     // What it means; kNoNode: nothing.
    DiskNode::Place renamed_from;  // Of a rename.
  };

  DiskNodeId Make(uint64_t order, DiskNodeId dir, std::string_view name, bool is_directory);
  void SetSeen(DiskNodeId dir, const std::string& name, DiskNodeId node);
  void SetDurable(const Change& change);
  static void Supersede(const Change& change, std::vector<Change>* earlier);
  bool IsBelowDurable(DiskNodeId node, DiskNodeId ancestor) const;
  bool SourceIsTakenUpTo(const Change& rename, uint64_t order) const;
  void AddFiles(DiskNodeId dir, const std::string& prefix, std::vector<std::string>* paths) const;

  std::map<DiskNodeId, DiskNode> nodes_;
  DiskNodeId last_node_ = kRootNode;
  std::vector<Change> pending_;  // In what is seen and not in what is durable, in order.
};

}  // namespace dunlin::sim
