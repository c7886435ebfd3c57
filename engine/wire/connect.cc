#include "engine/wire/connect.h"

#include "engine/wire/json_text.h"

namespace dunlin::wire {
namespace {

enum class Type : uint8_t { kBool, kInt, kInt32, kUint64, kByte, kText, kTexts, kPermission };

struct Member {
  const char* name;
  Type type;
  // Where CONNECT keeps it; null: only its type counts.
  bool ConnectOptions::*flag = nullptr;
  std::string ConnectOptions::*text = nullptr;
  std::string Credentials::*credential = nullptr;
};

constexpr Member kConnect[] = {
    {"verbose", Type::kBool, &ConnectOptions::verbose},
    {"pedantic", Type::kBool, &ConnectOptions::pedantic},
    {"echo", Type::kBool, &ConnectOptions::echo},
    {"tls_required", Type::kBool, &ConnectOptions::tls_required},
    {"headers", Type::kBool, &ConnectOptions::headers},
    {"no_responders", Type::kBool, &ConnectOptions::no_responders},
    {"new_account", Type::kBool, &ConnectOptions::new_account},
    {"protocol", Type::kInt},
    {"name", Type::kText, nullptr, &ConnectOptions::name},
    {"lang", Type::kText, nullptr, &ConnectOptions::lang},
    {"version", Type::kText, nullptr, &ConnectOptions::version},
    {"user", Type::kText, nullptr, nullptr, &Credentials::user},
    {"pass", Type::kText, nullptr, nullptr, &Credentials::pass},
    {"auth_token", Type::kText, nullptr, nullptr, &Credentials::auth_token},
    {"nkey", Type::kText, nullptr, nullptr, &Credentials::nkey},
    {"jwt", Type::kText, nullptr, nullptr, &Credentials::jwt},
    {"sig", Type::kText, nullptr, nullptr, &Credentials::sig},
    {"account", Type::kText, nullptr, nullptr, &Credentials::account},
    // What servers say to each other is not for us, and still has to be of its type.
    {"import", Type::kPermission},
    {"export", Type::kPermission},
    {"remote_account", Type::kText},
    {"proxy_sig", Type::kText},
};

constexpr Member kInfo[] = {
    {"server_id", Type::kText},
    {"server_name", Type::kText},
    {"version", Type::kText},
    {"proto", Type::kInt},
    {"git_commit", Type::kText},
    {"go", Type::kText},
    {"host", Type::kText},
    {"port", Type::kInt},
    {"headers", Type::kBool},
    {"auth_required", Type::kBool},
    {"tls_required", Type::kBool},
    {"tls_verify", Type::kBool},
    {"tls_available", Type::kBool},
    {"max_payload", Type::kInt32},
    {"jetstream", Type::kBool},
    {"ip", Type::kText},
    {"client_id", Type::kUint64},
    {"client_ip", Type::kText},
    {"nonce", Type::kText},
    {"cluster", Type::kText},
    {"cluster_dynamic", Type::kBool},
    {"domain", Type::kText},
    {"connect_urls", Type::kTexts},
    {"ws_connect_urls", Type::kTexts},
    {"ldm", Type::kBool},
    {"compression", Type::kText},
    {"connect_info", Type::kBool},
    {"remote_account", Type::kText},
    {"acc_is_sys", Type::kBool},
    {"api_lvl", Type::kInt},
    {"import", Type::kPermission},
    {"export", Type::kPermission},
    {"lnoc", Type::kBool},
    {"lnocu", Type::kBool},
    {"info_on_connect", Type::kBool},
    {"route_pool_size", Type::kInt},
    {"route_pool_idx", Type::kInt},
    {"route_account", Type::kText},
    {"route_acc_add_reqid", Type::kText},
    {"gossip_mode", Type::kByte},
    {"gateway", Type::kText},
    {"gateway_urls", Type::kTexts},
    {"gateway_url", Type::kText},
    {"gateway_cmd", Type::kByte},
    {"gateway_nrp", Type::kBool},
    {"gateway_iom", Type::kBool},
    {"leafnode_urls", Type::kTexts},
    {"xkey", Type::kText},
};

constexpr Member kPermission[] = {{"allow", Type::kTexts}, {"deny", Type::kTexts}};

template <size_t N>
const Member* Find(const Member (&members)[N], std::string_view name) {
  for (const Member& member : members) {
    if (SameJsonName(name, member.name)) return &member;
  }
  return nullptr;
}

bool InRange(const JsonText& value, int64_t low, int64_t high) {
  const std::optional<int64_t> number = value.Int();
  return number && *number >= low && *number <= high;
}

bool AreTexts(const JsonText& array) {
  std::string name;
  JsonText value;
  for (JsonMembers members(array); members.Next(&name, &value);) {
    if (value.kind != JsonKind::kString && value.kind != JsonKind::kNull) return false;
  }
  return true;
}

bool IsPermission(const JsonText& object);

// null is of every type.
bool IsOfType(const JsonText& value, Type type) {
  if (value.kind == JsonKind::kNull) return true;
  switch (type) {
    case Type::kBool: return value.kind == JsonKind::kBool;
    case Type::kText: return value.kind == JsonKind::kString;
    case Type::kInt: return value.kind == JsonKind::kNumber && value.Int();
    case Type::kInt32:
      return value.kind == JsonKind::kNumber && InRange(value, INT32_MIN, INT32_MAX);
    case Type::kUint64: return value.kind == JsonKind::kNumber && InRange(value, 0, INT64_MAX);
    case Type::kByte: return value.kind == JsonKind::kNumber && InRange(value, 0, UINT8_MAX);
    case Type::kTexts: return value.kind == JsonKind::kArray && AreTexts(value);
    case Type::kPermission: return value.kind == JsonKind::kObject && IsPermission(value);
  }
  return false;
}

bool IsPermission(const JsonText& object) {
  std::string name;
  JsonText value;
  for (JsonMembers members(object); members.Next(&name, &value);) {
    const Member* const member = Find(kPermission, name);
    if (member != nullptr && !IsOfType(value, member->type)) return false;
  }
  return true;
}

void Set(const Member& member, const JsonText& value, ConnectOptions* options) {
  if (member.flag != nullptr) options->*member.flag = value.Bool();
  if (member.text != nullptr) options->*member.text = value.String();
  if (member.credential != nullptr) {
    std::string text = value.String();
    if (options->credentials == nullptr && text.empty()) return;
    if (options->credentials == nullptr) options->credentials = std::make_unique<Credentials>();
    options->credentials.get()->*member.credential = std::move(text);
  }
  if (member.type == Type::kInt) options->protocol = *value.Int();
}

// 'options' may be null.
template <size_t N>
bool Apply(std::string_view text, const Member (&known)[N], ConnectOptions* options,
           std::string* error) {
  const std::optional<JsonText> tree = ReadJson(text);
  if (!tree) {
    *error = "not valid JSON";
    return false;
  }
  if (tree->kind == JsonKind::kNull) return true;
  if (tree->kind != JsonKind::kObject) {
    *error = "not a JSON object";
    return false;
  }
  std::string name;
  JsonText value;
  for (JsonMembers members(*tree); members.Next(&name, &value);) {
    const Member* const member = Find(known, name);
    if (member == nullptr) continue;
    if (!IsOfType(value, member->type)) {
      *error = "wrong type of " + name;
      return false;
    }
    if (options != nullptr && value.kind != JsonKind::kNull) Set(*member, value, options);
  }
  return true;
}

}  // namespace

const Credentials& ConnectOptions::creds() const {
  static const Credentials kNone;
  return credentials != nullptr ? *credentials : kNone;
}

bool ApplyConnect(std::string_view json, ConnectOptions* options, std::string* error) {
  if (Apply(json, kConnect, options, error)) return true;
  *error = "invalid CONNECT: " + *error;
  return false;
}

bool CheckInfo(std::string_view json, std::string* error) {
  if (Apply(json, kInfo, nullptr, error)) return true;
  *error = "invalid INFO: " + *error;
  return false;
}

}  // namespace dunlin::wire
