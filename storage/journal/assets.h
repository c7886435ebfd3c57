// Which assets there are, and which of them still need which segment.
//
// A use is one asset's records in one segment: up to which batch they go, and how many bytes they
// are. Passing a point takes an asset's uses away, oldest first; a segment without uses is no
// longer needed. All costs are per record or per use; none grows with the number of assets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/ref_table.h"
#include "engine/store/incarnation.h"

namespace dunlin::journal {

class AssetTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // The number of the asset with this incarnation; Find gives kNone if there is none.
  uint32_t Find(const Incarnation& incarnation) const;
  uint32_t FindOrAdd(const Incarnation& incarnation);
  void Attach(uint32_t asset) { assets_[asset].attached = true; }
  bool IsAttached(uint32_t asset) const {
    return asset < assets_.size() && assets_[asset].attached;
  }
  // Takes all its uses away and frees the number.
  void Forget(uint32_t asset);
  void ForgetUnattached();
  std::vector<Incarnation> Unattached() const;

  // For people: what each segment says of it once.
  void SetName(uint32_t asset, std::string_view name) { assets_[asset].name = name; }
  const std::string& name(uint32_t asset) const { return assets_[asset].name; }
  // Whether the segment says it already; if not, it does from now on.
  bool NeedsName(uint32_t asset, uint64_t segment) {
    Asset& a = assets_[asset];
    return !a.name.empty() && std::exchange(a.named, segment) != segment;
  }

  const Incarnation& incarnation(uint32_t asset) const { return assets_[asset].incarnation; }
  uint16_t tag(uint32_t asset) const { return assets_[asset].tag; }
  uint64_t passed(uint32_t asset) const { return assets_[asset].passed; }

  // Whether the asset was declared in this epoch (> 0; they go up); if not, it is from now on.
  bool NeedsDeclaration(uint32_t asset, uint64_t epoch) const {
    return assets_[asset].declared != epoch;
  }
  void Declared(uint32_t asset, uint64_t epoch) { assets_[asset].declared = epoch; }

  // A record of 'bytes' that was first appended with 'batch' lies in this segment. 'slot' is the
  // file, 'segment' the id.
  void AddUse(uint32_t asset, uint32_t slot, uint64_t segment, uint64_t batch, uint64_t bytes) {
    Asset& a = assets_[asset];
    if (a.latest_segment != segment) NewUse(asset, slot, segment);
    Use& use = uses_[a.latest];
    if (use.last < batch) use.last = batch;
    use.bytes += bytes;
    segments_[slot].bytes += bytes;
  }
  void Pass(uint32_t asset, uint64_t batch);
  // The segment in 'slot' needs nothing any more: its records have been copied.
  void DropSegment(uint32_t slot);

  uint32_t Users(uint32_t slot) const {
    return slot < segments_.size() ? segments_[slot].users : 0;
  }
  uint64_t LiveBytes(uint32_t slot) const {
    return slot < segments_.size() ? segments_[slot].bytes : 0;
  }
  // What the names of those who use it take.
  uint64_t NameBytes(uint32_t slot) const {
    return slot < segments_.size() ? segments_[slot].names : 0;
  }
  template <class Visitor>
  void VisitUsers(uint32_t slot, size_t max, Visitor visit) const {
    if (slot >= segments_.size()) return;
    for (uint32_t u = segments_[slot].first; u != kNone && max > 0; u = uses_[u].next, --max)
      visit(uses_[u].asset);
  }

  void CheckInvariants() const;

 private:
  struct Asset {
    Incarnation incarnation;
    std::string name;
    uint64_t named = 0;  // The last segment that says it.
    uint64_t passed = 0;
    uint64_t declared = 0;
    uint64_t latest_segment = 0;  // The id that 'latest' is in; 0: none.
    uint32_t latest = kNone;
    uint32_t uses = kNone;  // Chained by Use::next_of_asset, newest first.
    uint16_t tag = 0;       // OwnerTag().
    bool present = false;
    bool attached = false;
  };
  struct Use {
    uint64_t last = 0;
    uint64_t bytes = 0;
    uint32_t asset = kNone;
    uint32_t slot = 0;
    uint32_t name = 0;                    // Bytes of the asset's name that the segment counts.
    uint32_t next_of_asset = kNone;       // Of a free one: the next free one.
    uint32_t next = kNone, prev = kNone;  // In its segment.
  };
  struct Segment {
    uint32_t users = 0;
    uint32_t first = kNone;
    uint64_t bytes = 0;
    uint64_t names = 0;
  };

  static uint32_t Hash(const Incarnation& incarnation);
  void NewUse(uint32_t asset, uint32_t slot, uint64_t segment);
  void UnlinkFromSegment(uint32_t use);
  void UnlinkFromAsset(uint32_t use);
  void FreeUse(uint32_t use);

  std::vector<Asset> assets_;
  std::vector<uint32_t> free_assets_;
  std::vector<Use> uses_;
  uint32_t free_uses_ = kNone;
  std::vector<Segment> segments_;  // By slot.
  RefTable by_incarnation_;
};

}  // namespace dunlin::journal
