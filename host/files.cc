#include "host/files.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/base/address.h"
#include "engine/base/json_out.h"
#include "host/listener.h"
#include "host/system_error.h"
#include "host/unique_fd.h"

namespace dunlin::host {
namespace {

Error Failed(std::string_view call, const std::string& path, int error) {
  return {std::string(call) + " " + path + ": " + std::string(ErrorWords(error))};
}

// The numeric addresses of this machine, interface by interface.
std::vector<std::string> MachineAddresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::vector<std::pair<unsigned, std::string>> found;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    const int family = at->ifa_addr->sa_family;
    const void* bytes = nullptr;
    if (family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr;
    if (family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(at->ifa_addr)->sin6_addr;
    char text[kAddressMax];
    if (bytes == nullptr || inet_ntop(family, bytes, text, sizeof text) == nullptr) continue;
    found.emplace_back(if_nametoindex(at->ifa_name), text);
  }
  freeifaddrs(list);
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> addresses;
  for (auto& [index, text] : found) addresses.push_back(std::move(text));
  return addresses;
}

void AppendUrls(JsonOut& json, std::string_view key, const std::vector<std::string>& urls) {
  if (urls.empty()) return;
  json.BeginArray(key);
  for (const std::string& url : urls) json.String(url);
  json.EndArray();
}

}  // namespace

std::optional<Error> WriteWhole(const std::string& path, std::string_view text, unsigned mode) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.valid()) return Failed("open", path, errno);
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd.get(), text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Failed("write", path, errno);
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  if (::close(fd.Release()) != 0) return Failed("close", path, errno);
  return std::nullopt;
}

Result<std::string> ReadWhole(const std::string& path, size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Failed("open", path, errno);
  std::string text;
  char buffer[16 << 10];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", path, errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > bytes_max) return Failed("read", path, EFBIG);
  }
}

std::optional<Error> WritePidFile(const std::string& path, int64_t pid) {
  return WriteWhole(path, std::to_string(pid), 0600);
}

std::vector<std::string> ListenUrls(std::string_view scheme, std::string_view address, int port) {
  const bool every = address == "::" || address == "0.0.0.0";
  std::vector<std::string> urls = every ? MachineAddresses() : std::vector{std::string(address)};
  for (std::string& url : urls) url = std::string(scheme) + "://" + JoinHostPort(url, port);
  return urls;
}

std::string PortsJson(const Ports& ports) {
  std::string text;
  JsonOut json(&text, JsonStyle::kCompact);
  json.BeginObject();
  AppendUrls(json, "nats", ports.nats);
  AppendUrls(json, "monitoring", ports.monitoring);
  json.EndObject();
  return text;
}

std::string PortsFilePath(std::string_view directory, std::string_view program, int64_t pid) {
  std::string path(directory);
  if (path.back() != '/') path += '/';
  path += program.substr(program.rfind('/') + 1);
  return path + "_" + std::to_string(pid) + ".ports";
}

}  // namespace dunlin::host
