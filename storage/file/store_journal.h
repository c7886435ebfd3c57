// What a store needs of the journal: a place for its own records. storage.cc has the real one.
#pragma once

#include <cstdint>
#include <span>

#include "engine/store/write_point.h"

namespace dunlin::file {

class StoreJournal {
 public:
  virtual ~StoreJournal() = default;

  virtual WritePoint Append(uint8_t kind, std::span<const uint8_t> head,
                            std::span<const uint8_t> body) = 0;
  // Whether everything up to 'point' is durable: what 'durable' means, the sync policy says.
  virtual bool Covers(WritePoint point) const = 0;
  // Whether everything up to 'point' survives a power loss, too.
  virtual bool SyncCovers(WritePoint point) const = 0;
  // Take nothing more in that can wait: the journal waits for stores to catch up.
  virtual bool Full() const = 0;
  // It is full, and checkpoints are asked for that will change that: what can wait, waits for them.
  // (One that is full because the disk is may need what a store gives up.)
  virtual bool MakesRoom() const = 0;
  // The last record of all, until there is another one: all that the store has is in its files, and
  // they need nothing else any more to say so. It is synced at once.
  virtual WritePoint AppendStopped() = 0;
  // Nothing of this store up to 'point' is needed any more.
  virtual void Passed(WritePoint point) = 0;
  // FileStore::Work() is due at the end of the step.
  virtual void Wake() = 0;
  // So many bytes are about to be copied for the disk. False: not in this step, for others have
  // copied a lot in it; ask again in the next.
  virtual bool MayCopy(uint64_t) { return true; }
};

}  // namespace dunlin::file
