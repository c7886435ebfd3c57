#include "tests/sim/disk/disk_model.h"

#include <algorithm>

namespace dunlin::sim {

void DiskModel::Apply(const Change& change, std::string* bytes) {
  if (change.is_truncate) {
    bytes->resize(change.offset, '\0');
  } else if (!change.bytes.empty()) {
    bytes->resize(std::max(bytes->size(), change.offset + change.bytes.size()), '\0');
    bytes->replace(change.offset, change.bytes.size(), change.bytes);
  }
}

int DiskModel::FileAt(const std::string& name) const {
  const auto it = seen_.find(name);
  return it == seen_.end() ? -1 : it->second;
}

int DiskModel::Create(const std::string& name) {
  files_.emplace_back();
  const int file = static_cast<int>(files_.size()) - 1;
  seen_[name] = file;
  open_names_.push_back({++mark_, name, file, ""});
  return file;
}

void DiskModel::Rename(const std::string& from, const std::string& to) {
  const int file = FileAt(from);
  seen_.erase(from);
  seen_[to] = file;
  open_names_.push_back({++mark_, to, file, from});
}

void DiskModel::Remove(const std::string& name) {
  seen_.erase(name);
  open_names_.push_back({++mark_, name, -1, ""});
}

void DiskModel::Write(int file, uint64_t offset, const std::string& bytes) {
  File& at = files_[static_cast<size_t>(file)];
  at.open.push_back({++mark_, false, offset, bytes});
  Apply(at.open.back(), &at.seen);
  ever_.insert(bytes.begin(), bytes.end());
}

void DiskModel::Truncate(int file, uint64_t size) {
  File& at = files_[static_cast<size_t>(file)];
  at.open.push_back({++mark_, true, size, ""});
  Apply(at.open.back(), &at.seen);
}

void DiskModel::MayHaveWritten(int file, uint64_t offset, const std::string& bytes) {
  files_[static_cast<size_t>(file)].partial.push_back({++mark_, false, offset, bytes});
  ever_.insert(bytes.begin(), bytes.end());
}

void DiskModel::MayHaveTruncated(int file, uint64_t size) {
  files_[static_cast<size_t>(file)].partial.push_back({++mark_, true, size, ""});
}

void DiskModel::Sync(int file, uint64_t mark) {
  File& at = files_[static_cast<size_t>(file)];
  while (!at.open.empty() && at.open.front().mark <= mark) {
    Apply(at.open.front(), &at.certain);
    at.open.erase(at.open.begin());
  }
}

void DiskModel::SyncDir(const std::string& dir, uint64_t mark) {
  const auto is_here = [&](const std::string& name) { return name.rfind(dir + "/", 0) == 0; };
  std::vector<NameChange> left;
  for (const NameChange& change : open_names_) {
    if (change.mark > mark || !is_here(change.name)) {
      left.push_back(change);
      continue;
    }
    uint64_t& named = named_[change.name];
    if (change.mark < named) continue;
    named = change.mark;
    certain_.erase(change.name);
    if (change.file < 0) continue;
    // It may have moved on, and that may be certain already.
    uint64_t& placed = placed_[change.file];
    if (change.mark > placed) {
      std::erase_if(certain_, [&](const auto& entry) { return entry.second == change.file; });
      certain_[change.name] = change.file;
      placed = change.mark;
    }
    // That the old name is free is a matter of its own directory.
    if (!change.from.empty() && !is_here(change.from))
      left.push_back({change.mark, change.from, -1, ""});
  }
  open_names_ = left;
}

// What is seen, and of each write that was in flight any part.
std::string DiskModel::CheckKill(const std::string& name,
                                 const std::optional<std::string>& contents) {
  const int file = FileAt(name);
  if (file < 0) return contents ? name + " should not be there" : "";
  if (!contents) return name + " is gone";
  File& at = files_[static_cast<size_t>(file)];
  std::string most = at.seen;
  for (const Change& change : at.partial) Apply(change, &most);
  const bool truncated = !at.partial.empty() && at.partial[0].is_truncate;
  bool fits = truncated ? *contents == at.seen || *contents == most
                        : contents->size() >= at.seen.size() && contents->size() <= most.size();
  for (size_t i = 0; fits && !truncated && i < contents->size(); ++i) {
    const char seen = i < at.seen.size() ? at.seen[i] : '\0';
    fits = (*contents)[i] == seen || (*contents)[i] == most[i];
  }
  if (!fits) return name + " holds something else after a kill";
  // What did happen is known now.
  for (Change& change : at.partial) {
    if (change.is_truncate ? *contents != most : change.offset >= contents->size()) continue;
    if (!change.is_truncate) change.bytes = contents->substr(change.offset, change.bytes.size());
    at.open.push_back(change);
  }
  at.seen = *contents;
  at.partial.clear();
  return "";
}

bool DiskModel::MayBe(const File& file, const std::string& contents) const {
  size_t low = file.certain.size(), high = low;
  std::vector<Change> open = file.open;
  open.insert(open.end(), file.partial.begin(), file.partial.end());
  for (const Change& change : open) {
    if (change.is_truncate) low = std::min<size_t>(low, change.offset);
    high = std::max<size_t>(high, change.offset + change.bytes.size());
  }
  if (contents.size() < low || contents.size() > high) return false;
  for (size_t i = 0; i < contents.size(); ++i) {
    const char byte = contents[i];
    bool fits = i < file.certain.size() && file.certain[i] == byte;
    // Zeros, or what lay there before, where the file did not certainly reach.
    if (i >= low) fits = fits || byte == '\0' || ever_.count(byte) > 0;
    for (const Change& change : open) {
      fits = fits ||
             (!change.is_truncate && i >= change.offset &&
              i - change.offset < change.bytes.size() && change.bytes[i - change.offset] == byte);
    }
    if (!fits) return false;
  }
  return true;
}

std::string DiskModel::CheckPowerLoss(const std::string& name,
                                      const std::optional<std::string>& contents) const {
  std::set<int> candidates;
  const auto certain = certain_.find(name);
  candidates.insert(certain == certain_.end() ? -1 : certain->second);
  for (const NameChange& change : open_names_) {
    if (change.name == name) candidates.insert(change.file);
    if (change.from == name) candidates.insert(-1);
    // A file has one name: if it may have another one, this one may be gone.
    if (certain != certain_.end() && change.file == certain->second) candidates.insert(-1);
  }
  if (!contents) return candidates.count(-1) > 0 ? "" : name + " was durable and is gone";
  for (const int file : candidates) {
    if (file >= 0 && MayBe(files_[static_cast<size_t>(file)], *contents)) return "";
  }
  return name + " holds what it never could";
}

void DiskModel::StartFrom(const std::map<std::string, std::string>& contents) {
  files_.clear();
  seen_.clear();
  open_names_.clear();
  placed_.clear();
  named_.clear();
  for (const auto& [name, bytes] : contents) {
    seen_[name] = static_cast<int>(files_.size());
    files_.push_back({bytes, bytes, {}, {}});
    ever_.insert(bytes.begin(), bytes.end());
  }
  certain_ = seen_;
}

}  // namespace dunlin::sim
