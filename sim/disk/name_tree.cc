#include "sim/disk/name_tree.h"

#include <algorithm>
#include <set>

#include "engine/base/check.h"

namespace dunlin::sim {

NameTree::NameTree() { nodes_[kRootNode]; }

NameTree::Found NameTree::Find(std::string_view path) const {
  Found found{.parent = kNoNode, .node = kRootNode, .name = {}};
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const bool last = slash == std::string_view::npos;
    found.name = path.substr(0, slash);
    path = last ? std::string_view() : path.substr(slash + 1);
    found.parent = found.node;
    found.node = kNoNode;
    if (node(found.parent).is_directory()) {
      const auto& entries = node(found.parent).seen_entries;
      const auto entry = entries.find(std::string(found.name));
      if (entry != entries.end()) found.node = entry->second;
    } else {
      found.parent = kNoNode;
    }
    if (last) break;
    if (found.node == kNoNode) return {};
  }
  return found;
}

FileImage* NameTree::File(std::string_view path) {
  return const_cast<FileImage*>(std::as_const(*this).File(path));
}

const FileImage* NameTree::File(std::string_view path) const {
  const Found found = Find(path);
  return found.node == kNoNode ? nullptr : node(found.node).file.get();
}

void NameTree::AddFiles(DiskNodeId dir, const std::string& prefix,
                        std::vector<std::string>* paths) const {
  for (const auto& [name, id] : node(dir).seen_entries) {
    if (node(id).is_directory()) {
      AddFiles(id, prefix + name + "/", paths);
    } else {
      paths->push_back(prefix + name);
    }
  }
}

std::vector<std::string> NameTree::Files() const {
  std::vector<std::string> paths;
  AddFiles(kRootNode, "", &paths);
  std::sort(paths.begin(), paths.end());
  return paths;
}

void NameTree::SetSeen(DiskNodeId dir, const std::string& name, DiskNodeId id) {
  auto& entries = node(dir).seen_entries;
  const auto old = entries.find(name);
  if (old != entries.end()) {
    node(old->second).seen = {};
    entries.erase(old);
  }
  if (id == kNoNode) return;
  DiskNode::Place& place = node(id).seen;
  if (place.dir != kNoNode) node(place.dir).seen_entries.erase(place.name);
  place = {dir, name};
  entries[name] = id;
}

DiskNodeId NameTree::Make(uint64_t order, DiskNodeId dir, std::string_view name,
                          bool is_directory) {
  const DiskNodeId id = ++last_node_;
  if (!is_directory) nodes_[id].file = std::make_unique<FileImage>();
  nodes_[id];
  SetSeen(dir, std::string(name), id);
  pending_.push_back({order, dir, std::string(name), id, {}});
  return id;
}

DiskNodeId NameTree::MakeFile(uint64_t order, DiskNodeId dir, std::string_view name) {
  return Make(order, dir, name, false);
}

DiskNodeId NameTree::MakeDirectory(uint64_t order, DiskNodeId dir, std::string_view name) {
  return Make(order, dir, name, true);
}

void NameTree::Rename(uint64_t order, const Found& from, const Found& to) {
  const DiskNode::Place source = node(from.node).seen;
  const std::string name(to.name);
  SetSeen(to.parent, name, from.node);
  pending_.push_back({order, to.parent, name, from.node, source});
}

void NameTree::Remove(uint64_t order, const Found& what) {
  const std::string name(what.name);
  SetSeen(what.parent, name, kNoNode);
  pending_.push_back({order, what.parent, name, kNoNode, {}});
}

void NameTree::RemoveTree(uint64_t order, const Found& what, Rng* stop) {
  const std::map<std::string, DiskNodeId> entries = node(what.node).seen_entries;
  for (const auto& [name, id] : entries) {
    const Found below{what.node, id, name};
    if (node(id).is_directory()) {
      RemoveTree(order, below, stop);
    } else if (!stop || stop->Chance(1, 2)) {
      Remove(order, below);
    }
  }
  if (node(what.node).seen_entries.empty() && (!stop || stop->Chance(1, 2))) Remove(order, what);
}

bool NameTree::IsBelowDurable(DiskNodeId id, DiskNodeId ancestor) const {
  while (id != kNoNode && id != ancestor) id = node(id).durable.dir;
  return id == ancestor;
}

void NameTree::SetDurable(const Change& change) {
  auto& entries = node(change.dir).durable_entries;
  if (change.node != kNoNode) {
    // In a subset of the changes a directory could end up below itself: not on any file system.
    if (node(change.node).is_directory() && IsBelowDurable(change.dir, change.node)) return;
    DiskNode::Place& place = node(change.node).durable;
    if (place.dir != kNoNode) node(place.dir).durable_entries.erase(place.name);
    place = {change.dir, change.name};
  }
  const auto old = entries.find(change.name);
  if (old != entries.end()) {
    if (old->second != change.node) node(old->second).durable = {};
    entries.erase(old);
  }
  if (change.node != kNoNode) entries[change.name] = change.node;
}

bool NameTree::SourceIsTakenUpTo(const Change& rename, uint64_t order) const {
  return std::any_of(pending_.begin(), pending_.end(), [&](const Change& later) {
    return later.order > rename.order && later.order <= order &&
           later.dir == rename.renamed_from.dir && later.name == rename.renamed_from.name;
  });
}

// 'change' is durable now, before earlier ones of other directories. What they say of the same name
// or the same node is past; of a rename or a former name, only the loss is still to come.
void NameTree::Supersede(const Change& change, std::vector<Change>* earlier) {
  for (Change& past : *earlier) {
    if (past.dir == change.dir && past.name == change.name) {
      past.dir = past.renamed_from.dir;
      past.name = past.renamed_from.name;
    } else if (change.node == kNoNode || past.node != change.node) {
      continue;
    }
    past.node = kNoNode;
    past.renamed_from = {};
  }
  std::erase_if(*earlier, [](const Change& past) { return past.dir == kNoNode; });
}

// A rename is one change, and counts to the directory of the new name: who syncs only the old
// one's may find the file under either name. Unless the old name has a new meaning already.
void NameTree::Sync(uint64_t order, DiskNodeId dir) {
  std::vector<Change> left;
  for (Change& change : pending_) {
    const bool covered =
        change.order <= order &&
        (change.dir == dir || (change.renamed_from.dir == dir && SourceIsTakenUpTo(change, order)));
    if (covered) {
      SetDurable(change);
      Supersede(change, &left);
    } else {
      left.push_back(change);
    }
  }
  pending_ = std::move(left);
}

void NameTree::LosePower(const PowerLoss& loss, Rng& rng, const StaleSectors& stale) {
  for (const Change& change : pending_) {
    if (rng.Chance(loss.names, 16)) SetDurable(change);
  }
  pending_.clear();
  for (auto& [id, node] : nodes_) {
    CHECK(node.handles == 0);
    node.seen = node.durable;
    node.seen_entries = node.durable_entries;
    node.failed_syncs = 0;
    if (node.file) node.file->LosePower(loss, rng, stale);
  }
  Sweep();
}

void NameTree::CloseAll() {
  for (auto& [id, node] : nodes_) node.handles = 0;
}

void NameTree::Sweep() {
  std::set<DiskNodeId> live{kRootNode};
  std::vector<DiskNodeId> reached{kRootNode};
  const auto reach = [&](DiskNodeId id) {
    if (id != kNoNode && live.insert(id).second) reached.push_back(id);
  };
  for (const Change& change : pending_) {
    reach(change.dir);
    reach(change.node);
    reach(change.renamed_from.dir);
  }
  for (const auto& [id, node] : nodes_) {
    if (node.handles > 0) reach(id);
  }
  while (!reached.empty()) {
    const DiskNode& from = node(reached.back());
    reached.pop_back();
    reach(from.seen.dir);
    reach(from.durable.dir);
    for (const auto& [name, id] : from.seen_entries) reach(id);
    for (const auto& [name, id] : from.durable_entries) reach(id);
  }
  std::erase_if(nodes_, [&](const auto& entry) { return live.count(entry.first) == 0; });
}

}  // namespace dunlin::sim
