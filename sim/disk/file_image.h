// One file on a simulated disk, whatever its names: what processes see of it, what would be left
// after a power loss, and the changes in between.
//
// Bad sectors lie over the bytes and go away with the sector's next write; what was there before
// stays known, so that an oracle can read the truth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/base/rng.h"
#include "sim/disk/sparse_bytes.h"

namespace dunlin::sim {

// Whether a change became durable by itself, as every change of one power loss is asked. Chances
// out of 16: some losses keep nothing, some everything, most a mix.
struct PowerLoss {
  uint32_t names = 8;  // A change of a name is kept.
  uint32_t keep = 8;   // A change of a file is kept whole (else it is dropped, or torn).
  uint32_t tear = 8;   // Of what is not kept: sector by sector.
  uint32_t stale = 2;  // A sector that got its length and not its bytes: what lay there before.
  static PowerLoss Draw(Rng& rng);
};

// What lay on the disk before and belongs to nobody now. A short memory.
class StaleSectors {
 public:
  void Remember(const uint8_t* sector);  // kSectorBytes.
  // nullptr if nothing was remembered.
  const uint8_t* Draw(Rng& rng) const;

 private:
  static constexpr size_t kSectorsMax = 64;
  std::vector<std::vector<uint8_t>> sectors_;
  size_t next_ = 0;
};

class FileImage {
 public:
  // What is seen.
  uint64_t size() const { return visible_.size(); }
  uint64_t allocated_bytes() const { return visible_.allocated_bytes(); }
  uint64_t WouldAllocate(uint64_t offset, uint64_t size) const {
    return visible_.WouldAllocate(offset, size);
  }
  size_t Read(uint64_t offset, uint8_t* to, size_t size) const;       // With bad sectors.
  size_t ReadTruth(uint64_t offset, uint8_t* to, size_t size) const;  // Without.
  size_t ReadDurable(uint64_t offset, uint8_t* to, size_t size) const;
  uint64_t durable_size() const { return durable_.size(); }

  // Changes. 'order' increases from one to the next over all of the disk.
  void Write(uint64_t order, uint64_t offset, const uint8_t* bytes, size_t size);
  void Truncate(uint64_t order, uint64_t size, StaleSectors* stale);
  // A write that is durable at once, with all earlier ones that it might depend on.
  void WriteDurable(uint64_t order, uint64_t offset, const uint8_t* bytes, size_t size);
  // Some sectors of a write, as when it is cut off.
  void WritePart(uint64_t order, uint64_t offset, const uint8_t* bytes, size_t size, Rng& rng);

  // Makes durable what was changed up to 'order'.
  void Sync(uint64_t order);
  // The sync failed: of what it covered, some stays seen and will never be durable.
  void FailSync(uint64_t order, Rng& rng);
  // What is seen from now on is what is durable, and some of what is not.
  void LosePower(const PowerLoss& loss, Rng& rng, const StaleSectors& stale);

  size_t pending_changes() const { return pending_.size(); }
  size_t pending_bytes() const;

  // Sectors that read as something else, decided by the seed.
  void Rot(uint64_t sector, uint64_t seed) { bad_sectors_[sector] = seed; }
  // One that no read gets anything of, until it is written again.
  void Refuse(uint64_t sector) { bad_sectors_[sector] = kRefused; }
  bool Refuses(uint64_t offset, uint64_t size) const;
  bool IsBad(uint64_t sector) const { return bad_sectors_.count(sector) > 0; }
  size_t bad_sectors() const { return bad_sectors_.size(); }

 private:
  static constexpr uint64_t kRefused = UINT64_MAX;  // In the place of a seed.
  struct Change {
    uint64_t order = 0;
    bool is_truncate = false;
    uint64_t offset = 0;  // Of a truncate: the new size.
    uint64_t size = 0;
    std::vector<uint8_t> bytes;  // Empty: zeros.
  };

  void See(uint64_t offset, const uint8_t* bytes, size_t size);
  void ApplyToDurable(const Change& change);
  void ApplyFront(size_t changes);
  void ApplyTorn(const Change& change, const PowerLoss& loss, Rng& rng, const StaleSectors& stale);

  SparseBytes visible_;
  SparseBytes durable_;
  std::vector<Change> pending_;  // In 'visible_' and not in 'durable_', in order.
  std::map<uint64_t, uint64_t> bad_sectors_;
};

}  // namespace dunlin::sim
