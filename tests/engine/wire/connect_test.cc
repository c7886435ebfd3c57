#include "engine/wire/connect.h"

#include <gtest/gtest.h>

namespace dunlin::wire {
namespace {

TEST(Connect, SetsWhatItNamesAndKeepsTheRest) {
  ConnectOptions options;
  std::string error;
  ASSERT_TRUE(
      ApplyConnect(R"({"Verbose":false,"name":"me","protocol":1,"unknown":[1,{}],"echo":null})",
                   &options, &error));
  EXPECT_FALSE(options.verbose);
  EXPECT_TRUE(options.pedantic);
  EXPECT_TRUE(options.echo);
  EXPECT_EQ(options.name, "me");
  EXPECT_EQ(options.protocol, 1);
  ASSERT_TRUE(ApplyConnect(R"({"pedantic":false})", &options, &error));
  EXPECT_EQ(options.name, "me");
}

TEST(Connect, RefusesWhatIsNotAnObjectOfTheRightTypes) {
  for (const char* json : {"", "{", "[]", "1", R"({"verbose":"yes"})", R"({"protocol":1.5})",
                           R"({"protocol":"1"})", R"({"name":1})", R"({"verbose":true} x)"}) {
    ConnectOptions options;
    std::string error;
    EXPECT_FALSE(ApplyConnect(json, &options, &error)) << json;
    EXPECT_FALSE(error.empty());
  }
}

}  // namespace
}  // namespace dunlin::wire
