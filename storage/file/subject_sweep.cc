// FileStore: all subjects are held against a limit of their own that was lowered, or lowered while
// nobody ran. A few that are above it are seen to one by one. Of more, the messages go in the order
// of their sequences: then each block is read once, where the oldest messages of a million
// subjects, one subject after the other, would be looked for all over a store that no cache holds.
#include <optional>
#include <string>
#include <vector>

#include "engine/base/mutant.h"
#include "storage/file/file_store.h"

namespace dunlin::file {

void FileStore::BeginSubjectSweep() {
  sweep_ = {};
  sweep_.stage = SweepStage::kSubjects;
}

void FileStore::SweepSubjects() {
  // What a store found above its limit meanwhile comes first: its oldest message goes, wherever.
  if (!subjects_due_.empty()) return;
  if (slice_ <= 0) {
    if (!MUTANT(245)) Touch();
    return;
  }
  if (sweep_.stage == SweepStage::kSubjects) FindSubjectsAbove();
  if (sweep_.stage == SweepStage::kMessages) SweepMessages();
}

void FileStore::FindSubjectsAbove() {
  constexpr size_t kFew = 256;
  SubjectMap::Walk walk(index_.subjects, {}, sweep_.from);
  using Step = SubjectMap::Walk::Step;
  Step step = Step::kFound;
  while (sweep_.above.size() <= kFew && (step = walk.Next(&slice_)) == Step::kFound) {
    if (IsAboveLimit(walk.value()->total)) sweep_.above.emplace_back(walk.subject());
  }
  if (sweep_.above.size() > kFew) {
    sweep_ = {};
    sweep_.stage = SweepStage::kMessages;
    sweep_.at = index_.first.seq;
    sweep_.to = index_.last.seq;
    return;
  }
  if (step != Step::kEnd) {
    sweep_.from = walk.Position();
    return Touch();
  }
  const std::vector<std::string> above = std::move(sweep_.above);
  sweep_ = {};
  for (const std::string& subject : above) EnforceSubject(subject, When::kWithRoom);
}

// Of a subject, those that it is above its limit by. What is stored meanwhile makes room for
// itself.
void FileStore::SweepMessages() {
  using Got = BlockReader::Got;
  while (options_.config.max_msgs_per_subject > 0) {
    const std::optional<Seq> live = NextLive(sweep_.at);
    if (!live || *live > sweep_.to) break;
    sweep_.at = *live;
    if (slice_ <= 0) return Touch();
    if (Pauses()) return;
    Block* block = index_.Find(*live);
    std::string why;
    const Got got = Need(block, *live, &why);
    if (got == Got::kWait) return;
    if (got == Got::kFailed || got == Got::kMore) {
      slice_ -= options_.limits.records_per_slice;
      return Touch();
    }
    // Nobody knows whose messages these were: those behind it may not be the oldest. They stay,
    // above the limit, until their subject's next message.
    if (got == Got::kDamaged) break;
    format::Record record;
    --slice_;
    ++sweep_.at;
    if (!block->cache->Find(*live, &record)) continue;
    const SubjectInfo* info = index_.subjects.Find(record.subject);
    if (info == nullptr || !IsAboveLimit(info->total)) continue;
    slice_ -= kRemovalCost;
    RemoveOne(*live);
  }
  sweep_ = {};
}

}  // namespace dunlin::file
