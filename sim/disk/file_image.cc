#include "sim/disk/file_image.h"

#include <algorithm>
#include <cstring>

#include "storage/disk.h"

namespace dunlin::sim {
namespace {

bool AllZeros(const uint8_t* bytes, size_t size) {
  return std::all_of(bytes, bytes + size, [](uint8_t byte) { return byte == 0; });
}

// Calls with (offset, size) of each sector's part of a range.
template <typename Function>
void ForEachSector(uint64_t offset, uint64_t size, Function function) {
  for (uint64_t at = offset; at < offset + size;) {
    const uint64_t end = std::min(offset + size, (at / kSectorBytes + 1) * kSectorBytes);
    function(at, static_cast<size_t>(end - at));
    at = end;
  }
}

// How a bad sector reads: a bit turned, zeros, or noise. The file has 'size' bytes of it.
void Spoil(uint64_t seed, size_t size, uint8_t* sector) {
  Rng rng(seed);
  switch (rng.Below(4)) {
    case 0: std::memset(sector, 0, kSectorBytes); return;
    case 1:
      for (size_t i = 0; i < kSectorBytes; ++i) sector[i] = static_cast<uint8_t>(rng.Next());
      return;
    default: {
      const uint64_t bit = rng.Below(size * 8);
      sector[bit / 8] = static_cast<uint8_t>(sector[bit / 8] ^ (1u << (bit % 8)));
    }
  }
}

}  // namespace

PowerLoss PowerLoss::Draw(Rng& rng) {
  switch (rng.Below(8)) {
    case 0: return {.names = 0, .keep = 0, .tear = 0, .stale = 0};
    case 1: return {.names = 16, .keep = 16, .tear = 0, .stale = 0};
    case 2: return {.names = 16, .keep = 0, .tear = 16, .stale = 8};
    default:
      return {.names = static_cast<uint32_t>(rng.Below(17)),
              .keep = static_cast<uint32_t>(rng.Below(17)),
              .tear = static_cast<uint32_t>(rng.Below(17)),
              .stale = static_cast<uint32_t>(rng.Below(9))};
  }
}

void StaleSectors::Remember(const uint8_t* sector) {
  if (AllZeros(sector, kSectorBytes)) return;
  std::vector<uint8_t> copy(sector, sector + kSectorBytes);
  if (sectors_.size() < kSectorsMax) {
    sectors_.push_back(std::move(copy));
  } else {
    sectors_[next_] = std::move(copy);
    next_ = (next_ + 1) % kSectorsMax;
  }
}

const uint8_t* StaleSectors::Draw(Rng& rng) const {
  return sectors_.empty() ? nullptr : sectors_[rng.Below(sectors_.size())].data();
}

size_t FileImage::ReadTruth(uint64_t offset, uint8_t* to, size_t size) const {
  return visible_.Read(offset, to, size);
}

size_t FileImage::ReadDurable(uint64_t offset, uint8_t* to, size_t size) const {
  return durable_.Read(offset, to, size);
}

size_t FileImage::Read(uint64_t offset, uint8_t* to, size_t size) const {
  const size_t got = visible_.Read(offset, to, size);
  if (bad_sectors_.empty() || got == 0) return got;
  const uint64_t last = (offset + got - 1) / kSectorBytes;
  for (auto bad = bad_sectors_.lower_bound(offset / kSectorBytes);
       bad != bad_sectors_.end() && bad->first <= last; ++bad) {
    uint8_t sector[kSectorBytes] = {};
    const uint64_t start = bad->first * kSectorBytes;
    Spoil(bad->second, visible_.Read(start, sector, kSectorBytes), sector);
    const uint64_t from = std::max(start, offset);
    const uint64_t end = std::min(start + kSectorBytes, offset + got);
    std::memcpy(to + (from - offset), sector + (from - start), end - from);
  }
  return got;
}

bool FileImage::Refuses(uint64_t offset, uint64_t size) const {
  for (auto bad = bad_sectors_.lower_bound(offset / kSectorBytes);
       bad != bad_sectors_.end() && bad->first * kSectorBytes < offset + size; ++bad) {
    if (bad->second == kRefused) return true;
  }
  return false;
}

void FileImage::See(uint64_t offset, const uint8_t* bytes, size_t size) {
  visible_.Write(offset, bytes, size);
  if (bad_sectors_.empty() || size == 0) return;
  bad_sectors_.erase(bad_sectors_.lower_bound(offset / kSectorBytes),
                     bad_sectors_.upper_bound((offset + size - 1) / kSectorBytes));
}

void FileImage::Write(uint64_t order, uint64_t offset, const uint8_t* bytes, size_t size) {
  if (size == 0) return;
  See(offset, bytes, size);
  Change& change = pending_.emplace_back();
  change.order = order;
  change.offset = offset;
  change.size = size;
  if (!AllZeros(bytes, size)) change.bytes.assign(bytes, bytes + size);
}

void FileImage::Truncate(uint64_t order, uint64_t size, StaleSectors* stale) {
  // The last sector that goes is what may turn up elsewhere.
  if (size < visible_.size()) {
    uint8_t sector[kSectorBytes] = {};
    visible_.Read((visible_.size() - 1) / kSectorBytes * kSectorBytes, sector, kSectorBytes);
    stale->Remember(sector);
  }
  visible_.Resize(size);
  bad_sectors_.erase(bad_sectors_.lower_bound((size + kSectorBytes - 1) / kSectorBytes),
                     bad_sectors_.end());
  pending_.push_back({.order = order, .is_truncate = true, .offset = size, .size = 0, .bytes = {}});
}

void FileImage::WriteDurable(uint64_t order, uint64_t offset, const uint8_t* bytes, size_t size) {
  if (size == 0) return;
  size_t first = pending_.size();  // One past the last change that must not come after this one.
  while (first > 0) {
    const Change& change = pending_[first - 1];
    const bool apart = change.offset >= offset + size || change.offset + change.size <= offset;
    if (change.is_truncate || !apart) break;
    --first;
  }
  ApplyFront(first);
  See(offset, bytes, size);
  Change change{.order = order, .is_truncate = false, .offset = offset, .size = size, .bytes = {}};
  change.bytes.assign(bytes, bytes + size);
  ApplyToDurable(change);
}

void FileImage::WritePart(uint64_t order, uint64_t offset, const uint8_t* bytes, size_t size,
                          Rng& rng) {
  const uint64_t keep = rng.Below(17);
  ForEachSector(offset, size, [&](uint64_t at, size_t part) {
    if (rng.Chance(keep, 16)) Write(order, at, bytes + (at - offset), part);
  });
}

void FileImage::ApplyToDurable(const Change& change) {
  if (change.is_truncate) {
    durable_.Resize(change.offset);
    return;
  }
  if (change.bytes.empty()) {
    durable_.WriteZeros(change.offset, change.size);
  } else {
    durable_.Write(change.offset, change.bytes.data(), change.bytes.size());
  }
  durable_.ShareEqual(visible_, change.offset, change.size);
}

void FileImage::ApplyFront(size_t changes) {
  for (size_t i = 0; i < changes; ++i) ApplyToDurable(pending_[i]);
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(changes));
}

void FileImage::Sync(uint64_t order) {
  size_t covered = 0;
  while (covered < pending_.size() && pending_[covered].order <= order) ++covered;
  ApplyFront(covered);
}

void FileImage::FailSync(uint64_t order, Rng& rng) {
  std::erase_if(pending_,
                [&](const Change& change) { return change.order <= order && rng.Chance(1, 2); });
}

size_t FileImage::pending_bytes() const {
  size_t bytes = 0;
  for (const Change& change : pending_) bytes += change.bytes.size();
  return bytes;
}

void FileImage::ApplyTorn(const Change& change, const PowerLoss& loss, Rng& rng,
                          const StaleSectors& stale) {
  // The length is a fact of its own: all of it, none, or up to some sector.
  const uint64_t old_size = durable_.size();
  const uint64_t end = change.offset + change.size;
  uint64_t new_size = std::max(old_size, end);
  if (end > old_size && rng.Chance(1, 2)) {
    new_size = rng.Chance(1, 2) ? old_size : old_size + rng.Below(end - old_size);
    new_size = std::max(old_size, new_size / kSectorBytes * kSectorBytes);
  }
  const uint64_t kept = rng.Below(17);
  ForEachSector(change.offset, change.size, [&](uint64_t at, size_t part) {
    if (rng.Chance(kept, 16)) {
      if (change.bytes.empty()) {
        durable_.WriteZeros(at, part);
      } else {
        durable_.Write(at, change.bytes.data() + (at - change.offset), part);
      }
    } else if (at >= old_size && rng.Chance(loss.stale, 16)) {
      if (const uint8_t* old = stale.Draw(rng)) durable_.Write(at, old, part);
    }
  });
  durable_.Resize(new_size);
}

void FileImage::LosePower(const PowerLoss& loss, Rng& rng, const StaleSectors& stale) {
  for (const Change& change : pending_) {
    if (rng.Chance(loss.keep, 16)) {
      ApplyToDurable(change);
    } else if (!change.is_truncate && rng.Chance(loss.tear, 16)) {
      ApplyTorn(change, loss, rng, stale);
    }
  }
  pending_.clear();
  visible_ = durable_;
}

}  // namespace dunlin::sim
