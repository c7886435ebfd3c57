#include "storage/file/index_chain.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/format/checksum_key.h"

namespace dunlin::file {
namespace {

constexpr uint64_t kOwedMax = 16u << 10;                // Each is said in one step with its block.
constexpr size_t kPartsMax = 1024;                      // Of a chain: a checkpoint names them all.
constexpr uint64_t kPartBytes = kTransferBytesMax / 2;  // Of a base: each is read in one piece.
constexpr uint64_t kBlockEntryBytes = 96;               // About.
// So many times what it is worth may a chain be long: a base costs one third of what it replaces.
constexpr uint64_t kWorth = 3;

}  // namespace

IndexChain::IndexChain(const Limits& limits, StoreDisk disk, std::string_view stream)
    : limits_(limits),
      disk_(disk),
      checksum_(format::StreamChecksum(stream)),
      steps_(disk),
      removals_(disk) {}

void IndexChain::Adopt(std::vector<uint32_t> files, std::vector<IndexPart> parts,
                       uint32_t highest) {
  files_ = std::move(files);
  parts_ = std::move(parts);
  next_ = highest + 1;
}

bool IndexChain::Wanted(const StreamIndex& index) const {
  if (index.unsettled > kOwedMax || index.miscounted > 0) return false;
  uint64_t bytes = 0;
  for (const auto& block : index.blocks) {
    bytes += block->raw_bytes;
    if (!block->damage.empty() || block->holes > 0 || !block->lost.empty() || block->cut != 0) {
      return false;
    }
  }
  return bytes >= limits_.data_bytes_min;
}

uint64_t IndexChain::Estimate(const StreamIndex& index) const {
  return index.subjects.size() * entry_bytes_ + index.blocks.size() * kBlockEntryBytes;
}

uint64_t IndexChain::ChainBytes() const {
  uint64_t bytes = 0;
  for (const IndexPart& part : parts_) bytes += part.bytes;
  return bytes;
}

bool IndexChain::WantsBase(const StreamIndex& index) const {
  if (!index.log.on() || parts_.empty()) return true;
  const uint64_t worth = Estimate(index) + limits_.slack_bytes;
  return base_ || index.log.bytes() > worth || parts_.size() >= kPartsMax ||
         ChainBytes() + index.log.bytes() > kWorth * worth;
}

void IndexChain::NewBasePart(uint64_t expected) {
  auto part = std::make_unique<PartWriter>(next_++, checksum_, sealing_);
  part->Expect(std::min(kPartBytes, expected));
  part->Add(std::string(1, static_cast<char>(kBasePart)));
  base_->parts.push_back(std::move(part));
}

void IndexChain::BeginBase(StreamIndex* index) {
  base_ = std::make_unique<Base>();
  NewBasePart(Estimate(*index));
  // Whatever changes from now on is said behind it; what changed before it will see itself.
  index->log.Begin();
  for (const auto& block : index->blocks) block->indexed = {};
}

bool IndexChain::BuildBase(StreamIndex* index, int subjects) {
  if (busy()) return false;
  // Somebody ended the log: what was built so far is worth nothing.
  // The checkpoint goes without, or it might never go.
  if (base_ && !index->log.on()) {
    base_.reset();
    return true;
  }
  if (!base_) BeginBase(index);
  if (base_->built) return true;
  SubjectMap::Walk walk(index->subjects, {}, base_->from);
  using Step = SubjectMap::Walk::Step;
  Step step = walk.Next(&subjects);
  for (; step == Step::kFound; step = walk.Next(&subjects)) {
    base_->entries.Add(walk.subject(), walk.value());
  }
  base_->from = walk.Position();
  base_->count += base_->entries.count();
  const bool full = base_->parts.back()->bytes() > kPartBytes;
  base_->parts.back()->Add(
      base_->entries.Take(full ? SubjectEntries::Then::kNew : SubjectEntries::Then::kGoOn));
  (void)base_->parts.back()->Step();
  if (full) NewBasePart(Estimate(*index));
  base_->built = step == Step::kEnd;
  if (base_->built && MUTANT(190)) index->log.Begin();
  return base_->built;
}

bool IndexChain::Cut(StreamIndex* index, uint64_t number, bool purged) {
  if (!Wanted(*index)) index->log.End();
  if (!index->log.on()) {
    base_.reset();
    if (!busy()) parts_.clear();
    return false;
  }
  if (busy() || (base_ && !base_->built)) return false;
  if (!base_ && parts_.empty()) {
    index->log.End();
    return false;
  }
  if (base_) {
    parts_.clear();
    uint64_t bytes = 0;
    for (auto& part : base_->parts) {
      bytes += part->bytes();
      writing_.push_back(std::move(part));
    }
    if (base_->count > 0) entry_bytes_ = bytes / base_->count + 1;
    base_.reset();
  }
  auto changes = std::make_unique<PartWriter>(next_++, checksum_, sealing_);
  changes->Add(EncodeChanges(index, number, purged));
  for (std::string& piece : index->log.Take()) changes->Add(std::move(piece));
  changes->Expect(changes->bytes());
  writing_.push_back(std::move(changes));
  stage_ = Stage::kFraming;
  return true;
}

bool IndexChain::Work() {
  if (stage_ != Stage::kFraming) return false;
  for (const auto& part : writing_) {
    if (!part->Step()) return true;
  }
  Write();
  return false;
}

// Under names that were never used; the owner makes them durable before a checkpoint names them.
void IndexChain::Write() {
  for (const auto& part : writing_) {
    const IndexPart made = part->Describe();
    fresh_.push_back(made);
    files_.push_back(made.number);
    steps_.Put(PartPath(made.number), part->Take());
  }
  writing_.clear();
  stage_ = Stage::kWriting;
}

bool IndexChain::OnDisk(const DiskDone& done) {
  if (removals_.OnDisk(done)) {
    // What stays for an error goes at the next start.
    if (removals_.idle()) removals_.Clear();
    return true;
  }
  if (!steps_.OnDisk(done)) return false;
  if (!steps_.idle()) return true;
  stage_ = Stage::kNone;
  parts_.insert(parts_.end(), fresh_.begin(), fresh_.end());
  fresh_.clear();
  if (!steps_.error().empty()) parts_.clear();  // A chain with a gap is none.
  steps_ = DiskSteps(disk_);
  return true;
}

void IndexChain::Remove(uint32_t number) { removals_.Remove(PartPath(number)); }

void IndexChain::Taken(const std::vector<IndexPart>& named) {
  const auto has = [](const std::vector<IndexPart>& parts, uint32_t number) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const IndexPart& part) { return part.number == number; });
  };
  std::erase_if(files_, [&](uint32_t number) {
    if (has(named, number) || has(parts_, number) || has(fresh_, number)) return false;
    Remove(number);
    return true;
  });
}

void IndexChain::RemoveAll() {
  CHECK(!busy());
  for (const uint32_t number : files_) Remove(number);
  files_.clear();
  parts_.clear();
}

}  // namespace dunlin::file
