#include "storage/format/meta_file.h"

#include <limits>
#include <optional>

#include "engine/base/hex.h"
#include "engine/base/json_out.h"
#include "engine/base/rfc3339.h"
#include "engine/wire/json_text.h"
#include "storage/format/little_endian.h"

namespace dunlin::format {
namespace {

using wire::JsonKind;
using wire::JsonMembers;
using wire::JsonText;

// Takes members into what they are for; remembers the first one that does not fit.
class Members {
 public:
  bool Next(JsonMembers* members) { return members->Next(&name_, &value_); }
  bool Is(std::string_view name) const { return wire::SameJsonName(name_, name); }
  const JsonText& value() const { return value_; }

  template <typename T>
  void Take(T* out) {
    if (value_.kind == JsonKind::kNull) return;
    const auto number = value_.kind == JsonKind::kNumber ? value_.Int() : std::nullopt;
    if (!number || *number < static_cast<int64_t>(std::numeric_limits<T>::min())) return Refuse();
    if constexpr (sizeof(T) < sizeof(int64_t)) {
      if (*number > std::numeric_limits<T>::max()) return Refuse();
    }
    *out = static_cast<T>(*number);
  }
  void Take(Duration* out) { Take(&out->ns); }
  void Take(bool* out) {
    if (value_.kind == JsonKind::kNull) return;
    if (value_.kind != JsonKind::kBool) return Refuse();
    *out = value_.Bool();
  }
  void Take(std::string* out) {
    if (value_.kind == JsonKind::kNull) return;
    if (value_.kind != JsonKind::kString) return Refuse();
    *out = value_.String();
  }
  void Take(WallTime* out) {
    std::string text;
    Take(&text);
    if (!ParseRfc3339(text, out)) Refuse();
  }
  void Take(std::vector<std::string>* out) {
    if (value_.kind == JsonKind::kNull) return;
    if (value_.kind != JsonKind::kArray) return Refuse();
    out->clear();
    JsonMembers elements(value_);
    std::string name;
    JsonText element;
    while (elements.Next(&name, &element)) {
      if (element.kind != JsonKind::kString) return Refuse();
      out->push_back(element.String());
    }
  }
  // One of some words.
  template <typename Enum>
  void Take(std::initializer_list<std::pair<std::string_view, Enum>> words, Enum* out) {
    std::string text;
    Take(&text);
    for (const auto& [word, value] : words) {
      if (word != text) continue;
      *out = value;
      return;
    }
    Refuse();
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  void Refuse() {
    if (!error_) error_ = Error{"\"" + name_ + "\" can not be " + std::string(value_.text)};
  }

  std::string name_;
  JsonText value_;
  std::optional<Error> error_;
};

void TakeStreamMember(Members* m, StreamMeta* out) {
  StoreConfig& config = out->config;
  if (m->Is("created")) return m->Take(&out->created);
  if (m->Is("name")) return m->Take(&config.name);
  if (m->Is("subjects")) return m->Take(&out->subjects);
  if (m->Is("retention")) {
    return m->Take<RetentionPolicy>({{"limits", RetentionPolicy::kLimits},
                                     {"interest", RetentionPolicy::kInterest},
                                     {"workqueue", RetentionPolicy::kWorkQueue}},
                                    &config.retention);
  }
  if (m->Is("max_msgs")) return m->Take(&config.max_msgs);
  if (m->Is("max_bytes")) return m->Take(&config.max_bytes);
  if (m->Is("max_age")) return m->Take(&config.max_age);
  if (m->Is("max_msgs_per_subject")) return m->Take(&config.max_msgs_per_subject);
  if (m->Is("max_msg_size")) return m->Take(&config.max_msg_size);
  if (m->Is("discard")) {
    return m->Take<DiscardPolicy>({{"old", DiscardPolicy::kOld}, {"new", DiscardPolicy::kNew}},
                                  &config.discard);
  }
  if (m->Is("discard_new_per_subject")) return m->Take(&config.discard_new_per_subject);
  if (m->Is("storage")) {
    return m->Take<bool>({{"file", false}, {"memory", true}}, &out->in_memory);
  }
  if (m->Is("compression")) {
    return m->Take<StoreCompression>(
        {{"none", StoreCompression::kNone}, {"s2", StoreCompression::kS2}}, &config.compression);
  }
  if (m->Is("first_seq")) return m->Take(&config.first_seq);
  if (m->Is("allow_msg_ttl")) return m->Take(&config.allow_msg_ttl);
  if (m->Is("subject_delete_marker_ttl")) return m->Take(&config.subject_delete_marker_ttl);
}

void TakeConsumerMember(Members* m, std::string* durable, ConsumerMeta* out) {
  if (m->Is("created")) return m->Take(&out->created);
  if (m->Is("name")) return m->Take(&out->config.name);  // "Name" in front, and "name" of later.
  if (m->Is("durable_name")) return m->Take(durable);
  if (m->Is("ack_policy")) {
    // The fourth acks like 'all' as far as a store is concerned (reference: UpdateAcks).
    return m->Take<AckPolicy>({{"none", AckPolicy::kNone},
                               {"all", AckPolicy::kAll},
                               {"explicit", AckPolicy::kExplicit},
                               {"flow_control", AckPolicy::kAll}},
                              &out->config.ack_policy);
  }
  if (m->Is("max_deliver")) return m->Take(&out->config.max_deliver);
  if (m->Is("mem_storage")) return m->Take(&out->in_memory);
}

Result<JsonText> ReadObject(std::string_view json) {
  const std::optional<JsonText> text = wire::ReadJson(json);
  if (!text || text->kind != JsonKind::kObject) return Error{"not a JSON object"};
  return *text;
}

std::string JoinMembers(std::string front, std::string_view config_json) {
  const size_t open = config_json.find('{');
  CHECK(open != std::string_view::npos);
  const std::string_view rest = config_json.substr(open + 1);
  front.pop_back();  // Its brace.
  const size_t first = rest.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || rest[first] != '}') front += ',';
  return front.append(rest);
}

}  // namespace

Result<StreamMeta> DecodeStreamMeta(std::string_view json) {
  const Result<JsonText> object = ReadObject(json);
  if (!object.ok()) return object.error();
  StreamMeta meta;
  // What Go leaves at zero is 'no limit' all the same.
  Members m;
  JsonMembers members(object.value());
  while (m.Next(&members)) TakeStreamMember(&m, &meta);
  if (m.error()) return *m.error();
  if (meta.config.name.empty()) return Error{"no \"name\""};
  meta.json = json;
  return meta;
}

Result<ConsumerMeta> DecodeConsumerMeta(std::string_view json) {
  const Result<JsonText> object = ReadObject(json);
  if (!object.ok()) return object.error();
  ConsumerMeta meta;
  std::string durable;
  Members m;
  JsonMembers members(object.value());
  while (m.Next(&members)) TakeConsumerMember(&m, &durable, &meta);
  if (m.error()) return *m.error();
  if (meta.config.name.empty()) meta.config.name = durable;
  if (meta.config.name.empty()) return Error{"no \"name\""};
  meta.json = json;
  return meta;
}

std::string EncodeStreamMeta(WallTime created, std::string_view config_json) {
  std::string front;
  JsonOut json(&front, JsonStyle::kCompact);
  json.BeginObject();
  json.String("Created", FormatRfc3339(created));
  json.EndObject();
  return JoinMembers(std::move(front), config_json);
}

std::string EncodeConsumerMeta(WallTime created, std::string_view name,
                               std::string_view config_json) {
  std::string front;
  JsonOut json(&front, JsonStyle::kCompact);
  json.BeginObject();
  json.String("Created", FormatRfc3339(created));
  json.String("Name", name);
  json.EndObject();
  return JoinMembers(std::move(front), config_json);
}

std::string StreamConfigJson(const StoreConfig& config, const std::vector<std::string>& subjects) {
  static constexpr std::string_view kRetention[] = {"limits", "interest", "workqueue"};
  std::string text;
  JsonOut json(&text, JsonStyle::kCompact);
  json.BeginObject();
  json.String("name", config.name);
  if (!subjects.empty()) {
    json.BeginArray("subjects");
    for (const std::string& subject : subjects) json.String(subject);
    json.EndArray();
  }
  json.String("retention", kRetention[static_cast<size_t>(config.retention)]);
  json.Int("max_consumers", -1);
  json.Int("max_msgs", config.max_msgs);
  json.Int("max_bytes", config.max_bytes);
  json.Int("max_age", config.max_age.ns);
  json.Int("max_msgs_per_subject", config.max_msgs_per_subject);
  if (config.max_msg_size != 0) json.Int("max_msg_size", config.max_msg_size);
  json.String("discard", config.discard == DiscardPolicy::kOld ? "old" : "new");
  json.String("storage", "file");
  json.Int("num_replicas", 1);
  json.Int("duplicate_window", Minutes(2).ns);
  json.String("compression", config.compression == StoreCompression::kS2 ? "s2" : "none");
  if (config.first_seq != 0) json.Uint("first_seq", config.first_seq);
  json.Bool("allow_direct", false);
  json.Bool("mirror_direct", false);
  if (config.discard_new_per_subject) json.Bool("discard_new_per_subject", true);
  json.Bool("sealed", false);
  json.Bool("deny_delete", false);
  json.Bool("deny_purge", false);
  json.Bool("allow_rollup_hdrs", false);
  json.BeginObject("consumer_limits");
  json.EndObject();
  json.Bool("allow_msg_ttl", config.allow_msg_ttl);
  if (config.subject_delete_marker_ttl.ns != 0) {
    json.Int("subject_delete_marker_ttl", config.subject_delete_marker_ttl.ns);
  }
  json.EndObject();
  return text;
}

std::string ConsumerConfigJson(const ConsumerStoreConfig& config) {
  static constexpr std::string_view kAcks[] = {"none", "all", "explicit", "flow_control"};
  std::string text;
  JsonOut json(&text, JsonStyle::kCompact);
  json.BeginObject();
  json.String("durable_name", config.name);
  json.String("name", config.name);
  json.String("deliver_policy", "all");
  json.String("ack_policy", kAcks[static_cast<size_t>(config.ack_policy)]);
  if (config.ack_policy != AckPolicy::kNone) json.Int("ack_wait", Seconds(30).ns);
  if (config.max_deliver != 0) json.Int("max_deliver", config.max_deliver);
  json.String("replay_policy", "instant");
  json.Int("max_waiting", 512);
  if (config.ack_policy != AckPolicy::kNone) json.Int("max_ack_pending", 1000);
  json.Int("num_replicas", 0);
  json.EndObject();
  return text;
}

std::string MetaSum(std::string_view meta, const crypto::HighwayHash64& checksum) {
  uint8_t hash[8];
  PutU64(checksum.Of(meta), hash);
  return ToHex(hash);
}

}  // namespace dunlin::format
