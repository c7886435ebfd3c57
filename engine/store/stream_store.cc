#include "engine/store/stream_store.h"

namespace dunlin {

const char* DescribeStoreError(StoreError error) {
  switch (error) {
    case StoreError::kNone: return "";
    case StoreError::kNotFound: return "no message found";
    case StoreError::kDeleted: return "deleted message";
    case StoreError::kEof: return "stream store EOF";
    case StoreError::kMaxMsgs: return "maximum messages exceeded";
    case StoreError::kMaxBytes: return "maximum bytes exceeded";
    case StoreError::kMaxMsgsPerSubject: return "maximum messages per subject exceeded";
    case StoreError::kMsgTooLarge: return "message too large";
    case StoreError::kInvalidSeq: return "expected sequence does not match store";
    case StoreError::kTooManyResults: return "too many matching results for request";
    case StoreError::kClosed: return "store is closed";
    case StoreError::kFailed: return "storage failure";
  }
  return "";
}

uint64_t FileMsgBytes(size_t subject, size_t header, size_t payload) {
  // The length of the record in a block: fixed part, subject, header with its length, payload,
  // hash.
  constexpr uint64_t kFixed = 22, kHash = 8, kHeaderLength = 4;
  return kFixed + subject + (header == 0 ? 0 : kHeaderLength + header) + payload + kHash;
}

uint64_t MemoryMsgBytes(size_t subject, size_t header, size_t payload) {
  constexpr uint64_t kSeqAndTime = 16;
  return subject + header + payload + kSeqAndTime;
}

std::vector<std::pair<std::string, uint64_t>> TotalsOf(StreamStore* store,
                                                       std::string_view filter) {
  SubjectsTotals request;
  request.filter = filter;
  while (store->Run(request) == Progress::kMore) continue;
  return std::move(request.totals);
}

}  // namespace dunlin
