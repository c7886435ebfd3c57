// The CONNECT message: what a client says of itself. Decoded as the reference's JSON decoder does
// it: names in any case, the last of repeated ones counts, unknown members ignored, null leaves a
// member as it was, a wrong type is an error.
// ADR-40; https://docs.nats.io/reference/reference-protocols/nats-protocol#connect
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace dunlin::wire {

// What a client proves itself with. Apart, since most send none of it.
struct Credentials {
  std::string user, pass, auth_token, nkey, jwt, sig, account;
};

struct ConnectOptions {
  // What holds for a client that has not sent CONNECT.
  bool verbose = true;
  bool pedantic = true;
  bool echo = true;
  bool tls_required = false;
  bool headers = false;
  bool no_responders = false;
  bool new_account = false;
  int64_t protocol = 0;
  std::string name, lang, version;
  std::unique_ptr<Credentials> credentials;  // Null: none was sent; see creds().

  // What was sent, or empty texts.
  const Credentials& creds() const;
};

// Changes those members of 'options' that 'json' names, so a second CONNECT keeps what it does not
// say. False with a text in 'error' when it is not a JSON object of the right types; 'options' may
// have been changed in part.
[[nodiscard]] bool ApplyConnect(std::string_view json, ConnectOptions* options, std::string* error);

// What a client says in an INFO is of no use to us, but it has to be JSON of the types that servers
// send.
[[nodiscard]] bool CheckInfo(std::string_view json, std::string* error);

}  // namespace dunlin::wire
