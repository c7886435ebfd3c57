// The journal's directory, for the inspector: which batches its segments hold, and which of them
// are the journal, by the rules of its recovery.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/crypto/journal_cipher.h"
#include "storage/inspect/inspect.h"
#include "storage/journal/format.h"
#include "storage/journal/resolve.h"

namespace dunlin::inspect {

class JournalInspector {
 public:
  // REQUIRES: all outlive this.
  JournalInspector(Files* files, const Options& options, Sink* sink, std::string directory);

  void Run();
  uint64_t damages() const { return damages_; }

 private:
  void ScanSegment(const std::string& file, uint32_t slot);
  void Decide();
  void Damage(const std::string& file, std::optional<uint64_t> offset, std::string text);

  Files* const files_;
  const Options& options_;
  Sink* const sink_;
  const std::string directory_;
  std::unique_ptr<crypto::JournalCipher> cipher_;
  JournalReport report_;
  std::vector<journal::FoundBatch> found_;
  std::map<uint64_t, std::string> segment_files_;
  uint64_t damages_ = 0;
};

}  // namespace dunlin::inspect
