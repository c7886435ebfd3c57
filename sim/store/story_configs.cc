#include "sim/store/story_configs.h"

#include <algorithm>

#include "storage/format/file_names.h"
#include "storage/format/meta_file.h"

namespace dunlin::sim {

StoryConfigs::StoryConfigs(const StorySetup& setup) : meta_(setup.meta) {
  for (const StoryStream& stream : setup.streams) streams_.push_back({stream.config, {}, false});
}

// A limit that is none is written in one way: a story that was written down and read has that.
std::string StoryConfigs::MetaOf(StoreConfig config) {
  for (int64_t* limit : {&config.max_msgs, &config.max_bytes, &config.max_msgs_per_subject}) {
    if (*limit <= 0) *limit = -1;
  }
  return format::EncodeStreamMeta({}, format::StreamConfigJson(config, {}));
}

void StoryConfigs::Changed(size_t stream, const StoreConfig& config, WritePoint point) {
  streams_[stream].asked.push_back({config, point});
}

void StoryConfigs::NotePromises(StoreProcess* process) {
  const bool stopped = process->storage().state() == Storage::State::kStopped;
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (!process->runs(i) && !stopped) continue;
    Stream& stream = streams_[i];
    const file::FileStore* const file = process->file(i);
    const auto kept = [&](const Asked& asked) {
      if (file == nullptr || stopped) return true;
      return meta_ ? file->MetaDurable() : process->storage().synced().Covers(asked.point);
    };
    stream.written |= meta_ && process->runs(i) && file != nullptr && file->MetaDurable();
    while (!stream.asked.empty() && kept(stream.asked.front())) {
      stream.kept = std::move(stream.asked.front().config);
      stream.asked.erase(stream.asked.begin());
    }
  }
}

StoreConfig StoryConfigs::Recover(size_t number, const std::string& meta, std::string* problem) {
  Stream& stream = streams_[number];
  const bool known = !meta_ || MetaOf(stream.kept) == meta || (meta.empty() && !stream.written);
  const auto asked = std::find_if(stream.asked.begin(), stream.asked.end(), [&](const Asked& one) {
    return !known && MetaOf(one.config) == meta;
  });
  if (asked == stream.asked.end()) {
    if (!known) *problem = "its meta.inf is not one that was asked for: '" + meta + "'";
    stream.asked.clear();
    return stream.kept;
  }
  // Before the stream runs nobody hears of it: until then it may be gone again.
  const StoreConfig found = asked->config;
  stream.asked = {{found, {}}};
  return found;
}

void StoryConfigs::Wiped() {
  for (Stream& stream : streams_) stream.written = false;
}

std::string ReadMeta(const SimDisk& disk, const StorySetup& setup, size_t stream) {
  const std::string& name = setup.streams[stream].config.name;
  const auto read = [&](std::string_view file, std::string_view suffix) {
    return disk.Contents("streams/" + name + "/" + std::string(file) + std::string(suffix));
  };
  const std::string meta = read(format::kMetaFile, "").value_or("");
  if (setup.key.empty()) return meta;
  crypto::SeededEntropy unused{Rng(1)};
  const crypto::KeyRing keys({setup.key, setup.previous_key, setup.cipher, &unused}, "");
  for (const std::string_view suffix : {std::string_view(), format::kTemporarySuffix}) {
    const std::optional<std::string> file = read(format::kMetaKeyFile, suffix);
    const auto key = file ? keys.OpenStream(name, *file) : std::nullopt;
    if (!key) continue;
    if (auto opened = crypto::Open(key->key.kind, key->key.seed, meta)) return *opened;
  }
  return {};
}

}  // namespace dunlin::sim
