// What a client has received, made comparable between two servers and two runs.
#pragma once

#include <string>
#include <string_view>

namespace dunlin::differential {

// 'received' with
//   - the values in INFO that no two servers share (ids, ports, versions) replaced, and those of
//   features that
//     we do not have taken out;
//   - the server's own PINGs taken out, as they come by time;
//   - a repeated 'Invalid Publish Subject' taken out: the reference says it once more whenever a
//   read ends within
//     the payload;
//   - messages below $SYS taken out: we send no events yet;
//   - the sid of a no-responders message left out: the reference takes any of a client's that
//   match;
//   - neighbouring deliveries of one message sorted, as the reference's own order is random.
// What is cut off, or is no frame at all, stays as it is.
[[nodiscard]] std::string Normalised(std::string_view received);

}  // namespace dunlin::differential
