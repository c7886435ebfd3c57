// One suite of tests for all kinds of consumer stores: as tests/storage/store_suite.h is for
// streams.
//
//   INSTANTIATE_TEST_SUITE_P(Memory, ConsumerSuite,
//                            ::testing::Values(ConsumerKind{"Memory", &MakeMemoryConsumer}),
//                            ConsumerKindName);
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "engine/store/consumer_store.h"

namespace dunlin {

class ConsumerWorld {
 public:
  virtual ~ConsumerWorld() = default;

  // Another object after Reopen() and Crash().
  virtual ConsumerStore& store() = 0;
  // Carries out what the store has asked for, until all changes are durable.
  virtual void Settle() = 0;
  // Whether the store outlives its process. If not, the next two do nothing.
  virtual bool Durable() const = 0;
  // Stops the store properly and opens it again.
  virtual void Reopen() = 0;
  // Cuts the store off and opens it again: it is as it was at the last Settle(), or after some
  // change since.
  virtual void Crash() = 0;
};

struct ConsumerKind {
  const char* name;
  std::unique_ptr<ConsumerWorld> (*make)(const ConsumerStoreConfig& config);
};
inline std::string ConsumerKindName(const ::testing::TestParamInfo<ConsumerKind>& info) {
  return info.param.name;
}
inline void PrintTo(const ConsumerKind& kind, std::ostream* out) { *out << kind.name; }

class ConsumerSuite : public ::testing::TestWithParam<ConsumerKind> {
 protected:
  std::unique_ptr<ConsumerWorld> Make(AckPolicy policy, int64_t max_deliver = -1) const {
    ConsumerStoreConfig config;
    config.name = "o22";
    config.ack_policy = policy;
    config.max_deliver = max_deliver;
    return GetParam().make(config);
  }
};

}  // namespace dunlin
