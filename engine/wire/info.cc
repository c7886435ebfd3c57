#include "engine/wire/info.h"

#include "engine/base/json_out.h"
#include "engine/base/version.h"

namespace dunlin::wire {

void AppendInfo(const Info& info, const InfoFor& client, std::string* out) {
  *out += "INFO ";
  JsonOut json(out, JsonStyle::kCompact);
  json.BeginObject();
  json.String("server_id", info.server_id);
  json.String("server_name", info.server_name);
  json.String("version", kReferenceVersion);
  json.Int("proto", 1);
  json.String("go", kProgramVersion);
  json.String("host", info.host);
  json.Int("port", info.port);
  json.Bool("headers", info.headers);
  if (info.auth_required) json.Bool("auth_required", true);
  json.Int("max_payload", info.max_payload);
  json.Uint("client_id", client.client_id);
  if (!client.client_ip.empty()) json.String("client_ip", client.client_ip);
  if (!info.connect_urls.empty()) {
    json.BeginArray("connect_urls");
    for (const std::string& url : info.connect_urls) json.String(url);
    json.EndArray();
  }
  if (info.lame_duck) json.Bool("ldm", true);
  if (!client.account.empty()) {
    json.Bool("connect_info", true);
    json.String("remote_account", client.account);
  }
  json.EndObject();
  *out += " \r\n";
}

}  // namespace dunlin::wire
