#include "storage/journal/assets.h"

#include <string_view>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/base/rng.h"
#include "storage/journal/format.h"

namespace dunlin::journal {

uint32_t AssetTable::Hash(const Incarnation& incarnation) {
  return static_cast<uint32_t>(
      StableHash({reinterpret_cast<const char*>(incarnation.bytes.data()), 16}));
}

uint32_t AssetTable::Find(const Incarnation& incarnation) const {
  const uint32_t found = by_incarnation_.Find(
      Hash(incarnation), [&](uint32_t asset) { return assets_[asset].incarnation == incarnation; });
  return found == RefTable::kNone ? kNone : found;
}

uint32_t AssetTable::FindOrAdd(const Incarnation& incarnation) {
  const uint32_t found = Find(incarnation);
  if (found != kNone) return found;
  uint32_t asset;
  if (free_assets_.empty()) {
    asset = static_cast<uint32_t>(assets_.size());
    CHECK(asset < kAssetsMax);
    assets_.emplace_back();
  } else {
    asset = free_assets_.back();
    free_assets_.pop_back();
  }
  assets_[asset] = {};
  assets_[asset].incarnation = incarnation;
  assets_[asset].tag = OwnerTag(incarnation);
  assets_[asset].present = true;
  by_incarnation_.Insert(Hash(incarnation), asset);
  return asset;
}

void AssetTable::Forget(uint32_t asset) {
  CHECK(asset < assets_.size() && assets_[asset].present);
  Pass(asset, UINT64_MAX);
  by_incarnation_.Erase(Hash(assets_[asset].incarnation), asset);
  assets_[asset] = {};
  free_assets_.push_back(asset);
}

void AssetTable::ForgetUnattached() {
  for (uint32_t asset = 0; asset < assets_.size(); ++asset)
    if (assets_[asset].present && !assets_[asset].attached) Forget(asset);
}

std::vector<Incarnation> AssetTable::Unattached() const {
  std::vector<Incarnation> out;
  for (const Asset& asset : assets_)
    if (asset.present && !asset.attached) out.push_back(asset.incarnation);
  return out;
}

void AssetTable::NewUse(uint32_t asset, uint32_t slot, uint64_t segment) {
  if (slot >= segments_.size()) segments_.resize(slot + 1);
  Asset& a = assets_[asset];
  // Recovered copies come before their segment's turn: it may have a use that is not the latest.
  uint32_t use = a.uses;
  while (use != kNone && uses_[use].slot != slot) use = uses_[use].next_of_asset;
  if (use == kNone) {
    if (free_uses_ == kNone) {
      use = static_cast<uint32_t>(uses_.size());
      uses_.emplace_back();
    } else {
      use = free_uses_;
      free_uses_ = uses_[use].next_of_asset;
    }
    Segment& owner = segments_[slot];
    const auto name = static_cast<uint32_t>(a.name.size());
    uses_[use] = {0, 0, asset, slot, name, a.uses, owner.first, kNone};
    owner.names += name;
    a.uses = use;
    if (owner.first != kNone) uses_[owner.first].prev = use;
    owner.first = use;
    ++owner.users;
  }
  a.latest = use;
  a.latest_segment = segment;
}

void AssetTable::UnlinkFromSegment(uint32_t use) {
  const Use& u = uses_[use];
  Segment& segment = segments_[u.slot];
  if (u.prev != kNone)
    uses_[u.prev].next = u.next;
  else
    segment.first = u.next;
  if (u.next != kNone) uses_[u.next].prev = u.prev;
  --segment.users;
  segment.bytes -= u.bytes;
  segment.names -= u.name;
}

void AssetTable::UnlinkFromAsset(uint32_t use) {
  Asset& a = assets_[uses_[use].asset];
  uint32_t* link = &a.uses;
  while (*link != use) link = &uses_[*link].next_of_asset;
  *link = uses_[use].next_of_asset;
  if (a.latest == use) {
    a.latest = kNone;
    a.latest_segment = 0;
  }
}

void AssetTable::FreeUse(uint32_t use) {
  uses_[use] = {};
  uses_[use].next_of_asset = free_uses_;
  free_uses_ = use;
}

void AssetTable::Pass(uint32_t asset, uint64_t batch) {
  Asset& a = assets_[asset];
  if (batch <= a.passed) return;
  a.passed = batch;
  for (uint32_t use = a.uses; use != kNone;) {
    const uint32_t next = uses_[use].next_of_asset;
    // Mutant 112: a use is taken as passed although its last records are not.
    if (uses_[use].last <= batch || MUTANT(112)) {
      UnlinkFromSegment(use);
      UnlinkFromAsset(use);
      FreeUse(use);
    }
    use = next;
  }
}

void AssetTable::DropSegment(uint32_t slot) {
  if (slot >= segments_.size()) return;
  while (segments_[slot].first != kNone) {
    const uint32_t use = segments_[slot].first;
    UnlinkFromSegment(use);
    UnlinkFromAsset(use);
    FreeUse(use);
  }
}

void AssetTable::CheckInvariants() const {
  size_t in_segments = 0, of_assets = 0;
  for (const Segment& segment : segments_) {
    uint32_t users = 0;
    uint64_t bytes = 0;
    for (uint32_t u = segment.first; u != kNone; u = uses_[u].next) {
      ++users;
      bytes += uses_[u].bytes;
      CHECK(assets_[uses_[u].asset].present);
      CHECK(uses_[u].last > assets_[uses_[u].asset].passed);
    }
    CHECK(users == segment.users && bytes == segment.bytes);
    in_segments += users;
  }
  for (const Asset& asset : assets_)
    for (uint32_t u = asset.uses; u != kNone; u = uses_[u].next_of_asset) ++of_assets;
  CHECK(in_segments == of_assets);
}

}  // namespace dunlin::journal
