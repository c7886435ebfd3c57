// The journal as one store sees it; its owner says whom Wake() wakes.
#pragma once

#include <algorithm>

#include "storage/file/store_journal.h"
#include "storage/journal/journal.h"

namespace dunlin {

// The last record of an asset, of whatever kind, and no store's own: it is deleted; or it is
// stopped cleanly, and what names it in its directory is about to go. One that comes back all the
// same, for its process died before, goes on behind it. See orphans.h.
inline constexpr uint8_t kAssetDeleted = 0xef;
inline constexpr uint8_t kAssetStopped = 0xee;

class AssetJournal : public file::StoreJournal {
 public:
  explicit AssetJournal(Journal* journal) : journal_(journal) {}

  WritePoint Append(uint8_t kind, std::span<const uint8_t> head,
                    std::span<const uint8_t> body) override {
    return journal_->Append(asset, kind, head, body);
  }
  WritePoint AppendStopped() override {
    const WritePoint point = journal_->AppendLast(asset, kAssetStopped);
    journal_->SyncSoon(point);
    return point;
  }
  WritePoint AppendDeleted() { return journal_->AppendLast(asset, kAssetDeleted); }
  bool Covers(WritePoint point) const override { return journal_->durable().Covers(point); }
  bool SyncCovers(WritePoint point) const override { return journal_->synced().Covers(point); }
  bool Full() const override { return journal_->full(); }
  bool MakesRoom() const override { return journal_->full() && journal_->Wanted().batch != 0; }
  // Batches between the store's last record and its next one may still be on their way.
  void Passed(WritePoint point) override {
    journal_->Passed(asset, std::min(point, journal_->durable().through()));
  }
  // It ends with this record, its own or its stream's: nothing before is to be carried on behind
  // it, for then it would be missed once the end itself is gone.
  void EndsWith(WritePoint end) {
    if (asset != AssetNumber{} && end.batch > 0) Passed({end.batch - 1});
  }

  AssetNumber asset;

 private:
  Journal* const journal_;
};

}  // namespace dunlin
