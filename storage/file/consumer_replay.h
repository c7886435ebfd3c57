// What the journal's records make of a consumer whose o.dat has been read: the same for a start and
// for whoever only looks (storage/inspect).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/store/consumer_ledger.h"
#include "storage/file/consumer_record.h"

namespace dunlin::file {

class ConsumerReplay {
 public:
  // 'ledger', which outlives this, has all records up to 'number'.
  ConsumerReplay(ConsumerLedger* ledger, uint64_t number) : ledger_(ledger), number_(number) {}

  // Records come in order; those that the ledger has are passed over. What is wrong with this one,
  // or with what should have come before it; empty: nothing.
  [[nodiscard]] std::string Take(uint8_t kind, std::span<const uint8_t> body);

  // Of the last record.
  uint64_t number() const { return number_; }
  // The last ones are parts of something whose end a death cut off. Before parts of something else
  // there must be a record that is none.
  bool unfinished() const { return !parts_.empty(); }
  // One of them set the state, be it to nothing.
  bool changed() const { return changed_; }
  // What they set the metadata to; nullopt: they did not.
  std::optional<std::string>& meta() { return meta_; }

 private:
  std::string Apply(ConsumerRecordType type, const DecodedConsumerRecord& record);

  ConsumerLedger* const ledger_;
  uint64_t number_;
  bool changed_ = false;
  std::string parts_;
  std::optional<std::string> meta_;
};

}  // namespace dunlin::file
