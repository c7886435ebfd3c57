#include "engine/session/redact.h"

#include <gtest/gtest.h>

namespace dunlin::session {
namespace {

TEST(Redact, TakesSecretsOutWhereverTheyStand) {
  EXPECT_EQ(RedactSecrets(R"({"user":"derek","pass":"s3cr3t"})"),
            R"({"user":"derek","pass":"[REDACTED]"})");
  EXPECT_EQ(RedactSecrets(R"({"pass" : "s3cr3t" , "password =  s3cr3t", "user":"derek"})"),
            R"({"pass" : "[REDACTED]" , "password =  [REDACTED]", "user":"derek"})");
  EXPECT_EQ(
      RedactSecrets(R"({"auth_token":"abc","nkey":"UX","sig":"SS","proxy_sig":"PP"})"),
      R"({"auth_token":"[REDACTED]","nkey":"[REDACTED]","sig":"[REDACTED]","proxy_sig":"[REDACTED]"})");
  EXPECT_EQ(RedactSecrets(R"({"echo":true,"name":"pass around"})"),
            R"({"echo":true,"name":"pass around"})");
}

}  // namespace
}  // namespace dunlin::session
