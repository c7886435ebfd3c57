#include "storage/catalog.h"

#include <algorithm>

#include "engine/base/check.h"
#include "storage/format/file_names.h"

namespace dunlin {

file::StoreDisk StreamCatalog::DiskFor(std::string directory) {
  return file::StoreDisk(disk_, &routes_, 1, std::move(directory));
}

void StreamCatalog::Begin() {
  CHECK(!begun_);
  begun_ = true;
  lists_.push_back({"", DiskFor("").List("")});
}

bool StreamCatalog::OnDisk(const DiskDone& done) {
  if (routes_.Take(done.ticket) == 0) return false;
  const auto list = std::find_if(lists_.begin(), lists_.end(), [&](const List& candidate) {
    return candidate.ticket == done.ticket;
  });
  if (list != lists_.end()) {
    const List found = *list;
    lists_.erase(list);
    OnList(found, done);
    if (lists_.empty()) BeginStreams();
    return true;
  }
  for (const Reading& reading : reading_) {
    if (reading.meta->OnDisk(done)) return true;
  }
  return true;
}

void StreamCatalog::OnList(const List& list, const DiskDone& done) {
  if (!done.ok()) {
    if (done.error != DiskError::kNotFound && failure_.empty()) {
      failure_ = list.account + ", listing its streams: " + Describe(done.error);
    }
    return;
  }
  for (const DirEntry& entry : done.entries) {
    if (!entry.is_directory) continue;
    if (list.account.empty()) {
      const std::string streams = entry.name + "/" + std::string(format::kStreamsDir);
      lists_.push_back({entry.name, DiskFor(streams).List("")});
      continue;
    }
    if (format::IsGrave(entry.name)) continue;
    FoundStream found;
    found.account = list.account;
    found.directory = list.account + "/" + std::string(format::kStreamsDir) + "/" + entry.name;
    found.meta.config.name = entry.name;
    streams_.push_back(std::move(found));
  }
}

void StreamCatalog::BeginStreams() {
  std::sort(streams_.begin(), streams_.end(),
            [](const FoundStream& a, const FoundStream& b) { return a.directory < b.directory; });
  for (size_t i = streams_.size(); i > 0; --i) waiting_.push_back(i - 1);
}

void StreamCatalog::BeginReading(size_t stream) {
  const FoundStream& found = streams_[stream];
  const crypto::KeyRing* keys = nullptr;
  if (encryption_.on()) {
    keys = &keys_.try_emplace(found.account, encryption_, found.account).first->second;
  }
  Reading reading;
  reading.stream = stream;
  reading.meta = std::make_unique<file::MetaFiles>(
      DiskFor(found.directory), file::MetaFiles::Asset{"", found.meta.config.name, ""}, keys);
  reading.meta->Read();
  reading_.push_back(std::move(reading));
}

void StreamCatalog::Work() {
  while (!waiting_.empty() && reading_.size() < kAtOnce) {
    BeginReading(waiting_.back());
    waiting_.pop_back();
  }
  std::erase_if(reading_, [&](const Reading& reading) {
    if (!reading.meta->Work()) return false;
    Finish(reading);
    return true;
  });
}

void StreamCatalog::Finish(const Reading& reading) {
  FoundStream& found = streams_[reading.stream];
  const file::MetaFiles& meta = *reading.meta;
  const std::string name = std::move(found.meta.config.name);
  const std::string file = found.directory + "/" + std::string(format::kMetaFile);
  found.meta.config.name = name;
  if (!meta.failure().empty()) {
    found.problem = found.directory + "/" + meta.failure();
  } else if (!meta.json()) {
    found.problem = file + ", offset 0: missing stream metafile";
  } else if (!meta.sum_is_right()) {
    found.problem = file + ", offset 0: checksums do not match";
  } else {
    Result<format::StreamMeta> decoded = format::DecodeStreamMeta(*meta.json());
    if (!decoded.ok()) {
      found.problem = file + ", offset 0: " + decoded.error().text;
    } else if (decoded.value().config.name != name) {
      found.problem = file + ", offset 0: the stream's name is '" + decoded.value().config.name +
                      "', its directory's is '" + name + "'";
    } else {
      found.meta = std::move(decoded.value());
    }
  }
}

}  // namespace dunlin
