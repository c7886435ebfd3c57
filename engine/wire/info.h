// The INFO message: what a server says of itself, to every client first and again when it changes.
// Field names and order are the reference's. ADR-40.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::wire {

// 'go' in INFO is the reference's compiler; ours says which program this is.
inline constexpr char kProgramVersion[] = "dunlin-0.1.0";

struct Info {
  std::string server_id, server_name;
  std::string host;
  int port = 0;
  bool headers = true;
  bool auth_required = false;
  int32_t max_payload = 0;
  std::vector<std::string> connect_urls;
  bool lame_duck = false;
};

// What differs from client to client.
struct InfoFor {
  uint64_t client_id = 0;
  std::string_view client_ip;
  std::string_view account;  // Not empty: this INFO answers CONNECT ('connect_info').
};

// Appends 'INFO {...} ' CR LF.
void AppendInfo(const Info& info, const InfoFor& client, std::string* out);

}  // namespace dunlin::wire
