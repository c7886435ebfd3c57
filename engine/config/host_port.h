// 'host:port' as users write it, taken apart as Go's 'net' package does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace dunlin::config {

struct HostPort {
  std::string host;  // Without the brackets of '[::1]:4222'. May be empty.
  std::string port;  // Whatever stands after the last colon; may be empty, or no number at all.
};

// As net.SplitHostPort; errors such as 'address foo: missing port in address'.
[[nodiscard]] Result<HostPort> SplitHostPort(std::string_view text);

// A decimal number with an optional sign, as strconv.Atoi; errors such as
// 'strconv.Atoi: parsing "x": invalid syntax'.
[[nodiscard]] Result<int64_t> ParseDecimal(std::string_view text);

// 'number' as an int; what does not fit becomes the nearest int.
[[nodiscard]] int SaturateToInt(int64_t number);

// What a server tells others to connect to, from 'client_advertise' and its kin: 'host' or
// 'host:port'. Without a port, or with 0 or -1, it is 'default_port'. REQUIRES: text is not empty.
struct Advertised {
  std::string host;
  int port = 0;
};
[[nodiscard]] Result<Advertised> ParseAdvertised(std::string_view text, int default_port);

}  // namespace dunlin::config
