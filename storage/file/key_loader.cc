#include "storage/file/key_loader.h"

#include <algorithm>
#include <utility>

#include "engine/base/mutant.h"
#include "storage/format/block_file.h"
#include "storage/format/file_names.h"

namespace dunlin::file {
namespace {

std::string InMsgs(std::string_view name) {
  return std::string(format::kMsgsDir).append("/").append(name);
}

std::optional<uint32_t> ParsePending(std::string_view name) {
  if (!name.ends_with(format::kTemporarySuffix)) return std::nullopt;
  name.remove_suffix(format::kTemporarySuffix.size());
  return format::ParseBlockKeyFile(name);
}

}  // namespace

std::string BlockKeyPath(uint32_t number) { return InMsgs(format::BlockKeyFile(number)); }
std::string PendingKeyPath(uint32_t number) {
  return BlockKeyPath(number).append(format::kTemporarySuffix);
}

bool KeyLoader::IsKeyFile(std::string_view name) {
  return format::ParseBlockKeyFile(name) || ParsePending(name);
}

void KeyLoader::Begin(const std::vector<DirEntry>& entries, const std::vector<uint32_t>& blocks) {
  for (const DirEntry& entry : entries) {
    const std::optional<uint32_t> now = format::ParseBlockKeyFile(entry.name);
    const std::optional<uint32_t> block = now ? now : ParsePending(entry.name);
    if (!block || entry.is_directory) continue;
    if (codec_->keys() == nullptr) {
      failure_ = "stream '" + codec_->stream() + "', " + InMsgs(entry.name) +
                 ", offset 0: " + std::string(crypto::kNoMainKey);
      return;
    }
    if (!std::binary_search(blocks.begin(), blocks.end(), *block)) {
      steps_.Remove(InMsgs(entry.name));
      continue;
    }
    keys_[*block];
    reads_.Add(InMsgs(entry.name));
  }
}

KeyLoader::KeyFile KeyLoader::Look(uint32_t block, const std::string& path) {
  KeyFile out;
  const std::string* const file = reads_.Get(path);
  if (file == nullptr) return out;
  out.there = true;
  out.key = codec_->keys()->OpenBlock(codec_->stream(), block, *file);
  if (!out.key) out.why = crypto::KeyRing::WhyClosed(*file);
  return out;
}

bool KeyLoader::Work() {
  if (looked_ || !failure_.empty()) return true;
  if (!reads_.done()) return false;
  looked_ = true;
  const std::string front = "stream '" + codec_->stream() + "', ";
  if (!reads_.failure().empty()) {
    failure_ = front + reads_.failure();
    return true;
  }
  bool opened = false;
  uint32_t closed = 0;
  for (auto& [block, keys] : keys_) {
    keys = {Look(block, BlockKeyPath(block)), Look(block, PendingKeyPath(block))};
    opened = opened || keys.now.key || keys.pending.key;
    if (keys.now.there && closed == 0) closed = block;
  }
  // One key that does not open is damage; if none does, they are not the operator's.
  if (!opened && closed != 0) {
    failure_ = front + BlockKeyPath(closed) + ", offset 0: " + keys_[closed].now.why;
  }
  return true;
}

bool KeyLoader::OnDisk(const DiskDone& done) {
  if (reads_.OnDisk(done)) return true;
  if (!steps_.OnDisk(done)) return false;
  if (!steps_.error().empty() && failure_.empty()) {
    failure_ = "stream '" + codec_->stream() + "', " + steps_.error();
  }
  return true;
}

bool KeyLoader::TrySome(const Block& block, std::string_view file, const crypto::FoundKey* key,
                        Trial* trial) {
  // The first record may be as large as any.
  constexpr uint64_t kSliceBytes = 256u << 10;
  constexpr uint64_t kHashedBytesMax = format::kRecordBytesMax + (8u << 20);
  uint64_t left = kSliceBytes;
  if (!trial->search) {
    if (key != nullptr) {
      std::string& bytes = trial->bytes;
      const size_t at = bytes.size();
      bytes.reserve(file.size());
      bytes.append(file.substr(at, kSliceBytes));
      crypto::BlockCipher(key->key).Apply(at, reinterpret_cast<uint8_t*>(bytes.data()) + at,
                                          bytes.size() - at);
      if (bytes.size() < file.size()) return false;
    }
    format::BlockHeader header;
    const bool readable =
        format::ReadBlockHeader(key != nullptr ? trial->bytes : file, &header).ok();
    if (!readable || header.header_bytes > 0) {
      trial->fits = readable;
      return true;
    }
    trial->search.emplace(0, format::kRecordSeqEnd - 1, kHashedBytesMax);
  }
  if (!trial->search->Step(key != nullptr ? trial->bytes : file, block.checksum, &left))
    return false;
  trial->fits = trial->search->found().has_value();
  return true;
}

// 'key' null: the bytes as they are.
bool KeyLoader::Try(const Block& block, std::string_view file, const crypto::FoundKey* key,
                    Trial* trial) {
  constexpr size_t kNearBytes = 16u << 10;
  if (trial->fits) return true;
  // Nearly always the first record tells.
  const bool near = !trial->whole && file.size() > kNearBytes;
  if (!TrySome(block, near ? file.substr(0, kNearBytes) : file, key, trial)) return false;
  const bool again = near && !*trial->fits;
  const std::optional<bool> fits = again ? std::nullopt : trial->fits;
  *trial = {};  // The bytes are many.
  trial->whole = again;
  trial->fits = fits;
  return !again;
}

bool KeyLoader::Decide(const Block& block, std::string_view file) {
  const auto found = keys_.find(block.number);
  if (found == keys_.end() || file.empty()) return true;
  const Keys& keys = found->second;
  const crypto::FoundKey* const now = keys.now.key ? &*keys.now.key : nullptr;
  if (keys.pending.key && !SameKey(keys)) {
    if (!Try(block, file, &*keys.pending.key, &trials_.pending)) return false;
    if (*trials_.pending.fits) return true;
  }
  if (!keys.now.there) return !trials_.pending.fits || Try(block, file, nullptr, &trials_.plain);
  if (now != nullptr) {
    if (!Try(block, file, now, &trials_.now)) return false;
    if (*trials_.now.fits) return true;
  }
  return Try(block, file, nullptr, &trials_.plain);
}

// The same key sealed anew may not have been synced; one that its block has was.
bool KeyLoader::SameKey(const Keys& keys) {
  return keys.now.key && keys.pending.key && keys.now.key->key == keys.pending.key->key;
}

void KeyLoader::Use(const crypto::FoundKey* key, Block* block) {
  block->cipher = key == nullptr ? nullptr : std::make_unique<crypto::BlockCipher>(key->key);
  block->key_current = key != nullptr && key->current;
}

bool KeyLoader::Give(Block* block, std::string* why) {
  const Trials trials = std::exchange(trials_, {});
  const auto fit = [](const Trial& trial) { return trial.fits.value_or(false); };
  const auto found = keys_.find(block->number);
  if (found == keys_.end()) return true;  // A plain one.
  const Keys& keys = found->second;
  const crypto::FoundKey* const now = keys.now.key ? &*keys.now.key : nullptr;
  block->has_key = keys.now.there;
  if (keys.pending.there) {
    const std::string pending = PendingKeyPath(block->number);
    const bool renamed = fit(trials.pending) && !MUTANT(161);
    if (renamed) {
      // The new block's name must be durable before its key has no other name any more.
      DiskTicket step = steps_.SyncDir(format::kMsgsDir);
      step = steps_.Rename(pending, BlockKeyPath(block->number), step);
      steps_.SyncDir(format::kMsgsDir, step);
      block->has_key = true;
      found->second.now = std::exchange(found->second.pending, {});
      Use(&*keys.now.key, block);
      return true;
    }
    // What fits nothing may be read some day, and this may be the only key to it.
    if (trials.pending.fits && !fit(trials.now) && !fit(trials.plain)) return Leave(block, why);
    steps_.Remove(pending);
    found->second.pending = {};
  }
  // The reference makes the key of a plain block before it encrypts the block: cut off in between,
  // the block is still plain.
  if (keys.now.there && !fit(trials.now) && fit(trials.plain)) {
    // Where an index tells what is in the block, nobody looks at its bytes, and a key that is there
    // counts as its key.
    steps_.SyncDir(format::kMsgsDir, steps_.Remove(BlockKeyPath(block->number)));
    found->second.now = {};
    block->has_key = false;
    return true;
  }
  if (keys.now.there && now == nullptr) {
    *why = keys.now.why;
    return false;
  }
  Use(now, block);
  return true;
}

bool KeyLoader::Leave(Block* block, std::string* why) {
  trials_ = {};
  const auto found = keys_.find(block->number);
  if (found == keys_.end()) return true;
  const KeyFile& now = found->second.now;
  block->has_key = now.there;
  if (now.there && !now.key) *why = now.why;
  Use(now.key ? &*now.key : nullptr, block);
  return !now.there || now.key;
}

bool KeyLoader::Reseal() {
  constexpr int kFilesAtOnce = 16;
  if (!settled()) return false;
  steps_.Clear();
  DiskTicket step;
  for (int files = 0; files < kFilesAtOnce;) {
    const auto next = keys_.upper_bound(resealed_);
    if (next == keys_.end()) break;
    resealed_ = next->first;
    const std::optional<crypto::FoundKey>& key = next->second.now.key;
    if (!key || !key->by_previous || next->second.pending.there) continue;
    const std::string pending = PendingKeyPath(resealed_);
    step = steps_.Put(pending, codec_->keys()->ResealBlock(codec_->stream(), resealed_, key->key),
                      step);
    step = steps_.Rename(pending, BlockKeyPath(resealed_), step);
    ++files;
  }
  if (steps_.idle()) return true;
  steps_.SyncDir(format::kMsgsDir, step);
  return false;
}

}  // namespace dunlin::file
