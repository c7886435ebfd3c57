#include "engine/config/secret_args.h"

#include <cstdint>

namespace dunlin::config {
namespace {

enum class Secrecy : uint8_t { kNone, kWhole, kUserInUrl, kUserInEachUrl };

Secrecy SecrecyOf(std::string_view flag) {
  if (flag == "user" || flag == "pass" || flag == "auth") return Secrecy::kWhole;
  if (flag == "routes") return Secrecy::kUserInEachUrl;
  if (flag == "cluster" || flag == "cluster_listen") return Secrecy::kUserInUrl;
  return Secrecy::kNone;
}

// Of 'text', a URL from 'at' on: what stands between the slashes and the last '@' of the host part.
void AddUser(ArgRange url, std::string_view text, std::vector<ArgRange>& to) {
  const size_t slashes = text.find("//");
  const size_t from = slashes == std::string_view::npos ? 0 : slashes + 2;
  const size_t host_end = text.find('/', from);
  const size_t at = text.substr(0, host_end).rfind('@');
  if (at == std::string_view::npos || at <= from) return;
  to.push_back({url.index, url.at + from, at - from});
}

void AddSecrets(ArgRange value, std::string_view text, Secrecy secrecy, std::vector<ArgRange>& to) {
  if (secrecy == Secrecy::kWhole) {
    if (value.size > 0) to.push_back(value);
    return;
  }
  if (secrecy == Secrecy::kUserInUrl) return AddUser(value, text, to);
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = text.find(',', at);
    const size_t end = comma == std::string_view::npos ? text.size() : comma;
    AddUser({value.index, value.at + at, end - at}, text.substr(at, end - at), to);
    at = end + 1;
  }
}

}  // namespace

std::vector<ArgRange> SecretArgs(std::span<const std::string_view> args) {
  std::vector<ArgRange> secrets;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string_view arg = args[i];
    const size_t dashes = arg.starts_with("--") ? 2 : arg.starts_with('-') ? 1 : 0;
    if (dashes == 0) continue;
    const size_t equals = arg.find('=');
    const bool joined = equals != std::string_view::npos;
    const Secrecy secrecy = SecrecyOf(arg.substr(dashes, joined ? equals - dashes : arg.npos));
    if (secrecy == Secrecy::kNone) continue;
    if (joined) {
      const std::string_view value = arg.substr(equals + 1);
      AddSecrets({i, equals + 1, value.size()}, value, secrecy, secrets);
    } else if (i + 1 < args.size()) {
      AddSecrets({i + 1, 0, args[i + 1].size()}, args[i + 1], secrecy, secrets);
    }
  }
  return secrets;
}

}  // namespace dunlin::config
