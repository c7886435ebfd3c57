#include "tests/host/disk/journal_loop.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/base/rng.h"

namespace dunlin::host {
namespace {

Instant MonoNow() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
}

}  // namespace

JournalLoop::JournalLoop(HostDisk& disk, const JournalOptions& options, uint64_t seed)
    : disk_(disk), journal_(std::make_unique<Journal>(options, &queue_, Rng(seed))) {}

void JournalLoop::Step() {
  const Instant now = MonoNow();
  if (journal_->NextDeadline() <= now) journal_->OnDeadline(now);
  journal_->EndOfBatch(now);
  disk_.Submit(queue_);
  const Instant deadline = journal_->NextDeadline();
  if (disk_.under_way() > 0) {
    disk_.Wait();
  } else if (deadline != kNever && deadline > now) {
    disk_.Wait(deadline - now);
  }
  disk_.Take(&done_);
  for (DiskDone& done : done_) {
    if (!journal_->OnDisk(done)) others_.push_back(std::move(done));
  }
  done_.clear();
}

bool JournalLoop::RunUntil(Journal::State state) {
  while (journal_->state() != state) {
    if (!Problem().empty()) return false;
    Step();
  }
  return true;
}

std::string JournalLoop::Problem() const {
  if (const auto failure = journal_->Failure()) return *failure;
  const bool waits = !queue_.empty() || disk_.under_way() > 0 || journal_->NextDeadline() != kNever;
  return waits ? "" : "the journal waits for nothing";
}

std::vector<DiskDone> JournalLoop::TakeOthers() { return std::exchange(others_, {}); }

DiskDone JournalLoop::Wait(DiskTicket ticket) {
  while (true) {
    const auto at = std::find_if(others_.begin(), others_.end(),
                                 [&](const DiskDone& done) { return done.ticket == ticket; });
    if (at != others_.end()) {
      DiskDone done = std::move(*at);
      others_.erase(at);
      return done;
    }
    Step();
  }
}

}  // namespace dunlin::host
