#include "storage/file/consumer_replay.h"

#include <utility>

#include "storage/format/consumer_state.h"

namespace dunlin::file {

using Type = ConsumerRecordType;

std::string ConsumerReplay::Take(uint8_t kind, std::span<const uint8_t> body) {
  const auto type = static_cast<Type>(kind);
  DecodedConsumerRecord record;
  if (!DecodeConsumerRecord(type, body, &record)) return "a journal record cannot be read";
  if (record.number <= number_) return "";
  std::string problem;
  if (record.number > number_ + 1) {
    problem = "journal records " + std::to_string(number_ + 1) + " to " +
              std::to_string(record.number - 1) + " are lost";
    parts_.clear();
  }
  number_ = record.number;
  const std::string other = Apply(type, record);
  if (!other.empty()) problem += (problem.empty() ? "" : "; ") + other;
  return problem;
}

std::string ConsumerReplay::Apply(Type type, const DecodedConsumerRecord& record) {
  std::string problem;
  // A death cut off what they are of: no other record comes in between.
  const bool has_rest = type == Type::kPart || type == Type::kState || type == Type::kMeta;
  if (!has_rest) parts_.clear();
  switch (type) {
    case Type::kDelivered:
      (void)ledger_->Delivered(record.a, record.b, record.count, WallTime{record.time});
      break;
    case Type::kAcked: (void)ledger_->Acked(record.a, record.b); break;
    case Type::kStarting: ledger_->SetStarting(record.a); break;
    case Type::kReset: ledger_->Reset(record.a); break;
    case Type::kUpdateStarting: ledger_->UpdateStarting(record.a); break;
    case Type::kRemoveRedelivered: ledger_->RemoveRedeliveredBelow(record.a); break;
    case Type::kConfig: {
      ConsumerStoreConfig config = ledger_->config();
      config.max_deliver = record.time;
      config.ack_policy = static_cast<AckPolicy>(record.a);
      ledger_->UpdateConfig(std::move(config));
      return "";
    }
    case Type::kPart: parts_.append(record.rest); return "";
    case Type::kState: {
      parts_.append(record.rest);
      ConsumerState state;
      if (format::DecodeConsumerState(parts_, &state).ok()) {
        (void)ledger_->Update(state, ConsumerLedger::Force::kYes);
      } else {
        problem = "a state in the journal cannot be read";
      }
      parts_.clear();
      break;
    }
    case Type::kMeta:
      meta_ = parts_.append(record.rest);
      parts_.clear();
      return "";
  }
  changed_ = true;
  return problem;
}

}  // namespace dunlin::file
