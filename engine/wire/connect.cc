#include "engine/wire/connect.h"

#include <boost/json.hpp>

namespace dunlin::wire {
namespace {

namespace json = boost::json;

bool SameName(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
    if (c != b[i]) return false;
  }
  return true;
}

struct Member {
  const char* name;
  bool ConnectOptions::*flag;
  std::string ConnectOptions::*text;
  std::string Credentials::*credential = nullptr;
};

constexpr Member kMembers[] = {
    {"verbose", &ConnectOptions::verbose, nullptr},
    {"pedantic", &ConnectOptions::pedantic, nullptr},
    {"echo", &ConnectOptions::echo, nullptr},
    {"tls_required", &ConnectOptions::tls_required, nullptr},
    {"headers", &ConnectOptions::headers, nullptr},
    {"no_responders", &ConnectOptions::no_responders, nullptr},
    {"new_account", &ConnectOptions::new_account, nullptr},
    {"name", nullptr, &ConnectOptions::name},
    {"lang", nullptr, &ConnectOptions::lang},
    {"version", nullptr, &ConnectOptions::version},
    {"user", nullptr, nullptr, &Credentials::user},
    {"pass", nullptr, nullptr, &Credentials::pass},
    {"auth_token", nullptr, nullptr, &Credentials::auth_token},
    {"nkey", nullptr, nullptr, &Credentials::nkey},
    {"jwt", nullptr, nullptr, &Credentials::jwt},
    {"sig", nullptr, nullptr, &Credentials::sig},
    {"account", nullptr, nullptr, &Credentials::account},
};

// False: a value of the wrong type.
bool Set(const json::value& value, std::string_view name, ConnectOptions* options) {
  if (SameName(name, "protocol")) {
    if (value.is_int64()) {
      options->protocol = value.get_int64();
      return true;
    }
    return false;
  }
  for (const Member& member : kMembers) {
    if (!SameName(name, member.name)) continue;
    if (member.flag != nullptr) {
      if (!value.is_bool()) return false;
      options->*member.flag = value.get_bool();
    } else {
      if (!value.is_string()) return false;
      const std::string_view text(value.get_string().data(), value.get_string().size());
      if (member.text != nullptr) {
        options->*member.text = text;
      } else if (options->credentials != nullptr || !text.empty()) {
        if (options->credentials == nullptr) options->credentials = std::make_unique<Credentials>();
        options->credentials.get()->*member.credential = text;
      }
    }
    return true;
  }
  return true;  // Unknown: ignored.
}

}  // namespace

const Credentials& ConnectOptions::creds() const {
  static const Credentials kNone;
  return credentials != nullptr ? *credentials : kNone;
}

bool ApplyConnect(std::string_view text, ConnectOptions* options, std::string* error) {
  json::parse_options parsing;
  parsing.max_depth = 1000;
  parsing.allow_invalid_utf8 = true;
  json::error_code failed;
  // The tree of a control line is small and short-lived: it fits a buffer on the stack.
  unsigned char buffer[8192];
  json::monotonic_resource memory(buffer);
  const json::value tree =
      json::parse(json::string_view(text.data(), text.size()), failed, &memory, parsing);
  if (failed) {
    *error = "invalid CONNECT: " + failed.message();
    return false;
  }
  if (tree.is_null()) return true;
  if (!tree.is_object()) {
    *error = "invalid CONNECT: not a JSON object";
    return false;
  }
  for (const json::key_value_pair& member : tree.get_object()) {
    if (member.value().is_null()) continue;
    const std::string_view name(member.key().data(), member.key().size());
    if (!Set(member.value(), name, options)) {
      *error = "invalid CONNECT: wrong type of " + std::string(name);
      return false;
    }
  }
  return true;
}

}  // namespace dunlin::wire
