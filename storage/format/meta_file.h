// meta.inf and meta.sum: what a stream or consumer is. meta.inf is the configuration as JSON, as
// the API shows it, with the time of creation (and a consumer's name) in front; in an encrypted
// store it is sealed. meta.sum is the HighwayHash-64 of meta.inf (as sealed), in hexadecimal.
//
// What most of a configuration means is JetStream's to know; what a store acts on is taken out
// here, and the rest is kept as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/store/consumer_store.h"
#include "engine/store/stream_store.h"
#include "storage/crypto/highway_hash.h"

namespace dunlin::format {

struct StreamMeta {
  WallTime created;
  StoreConfig config;
  std::vector<std::string> subjects;
  bool in_memory = false;  // "storage": then there are no message files.
  std::string json;        // All of it, as it was.
};

struct ConsumerMeta {
  WallTime created;
  ConsumerStoreConfig config;
  bool in_memory = false;  // "mem_storage": then there is no o.dat.
  std::string json;
};

// Reads the plain JSON as the reference does: members that are missing keep their defaults, unknown
// ones pass. An error says what is wrong with it.
[[nodiscard]] Result<StreamMeta> DecodeStreamMeta(std::string_view json);
[[nodiscard]] Result<ConsumerMeta> DecodeConsumerMeta(std::string_view json);

// Writes what meta.inf holds: 'config_json' (a whole StreamConfig or ConsumerConfig, a JSON object)
// with what stands in front of it.
[[nodiscard]] std::string EncodeStreamMeta(WallTime created, std::string_view config_json);
[[nodiscard]] std::string EncodeConsumerMeta(WallTime created, std::string_view name,
                                             std::string_view config_json);

// A whole StreamConfig or ConsumerConfig out of what a store knows of it, as the reference would
// write it with defaults everywhere else: for tools and tests that have no more.
[[nodiscard]] std::string StreamConfigJson(const StoreConfig& config,
                                           const std::vector<std::string>& subjects);
[[nodiscard]] std::string ConsumerConfigJson(const ConsumerStoreConfig& config);

// What meta.sum holds for these bytes of meta.inf: 16 hexadecimal digits.
[[nodiscard]] std::string MetaSum(std::string_view meta, const crypto::HighwayHash64& checksum);

}  // namespace dunlin::format
