#include "engine/config/secret_args.h"

#include <gtest/gtest.h>

#include <string>

namespace dunlin::config {
namespace {

// The arguments as others may see them: secrets overwritten by '*'.
std::string Shown(std::vector<std::string> args) {
  const std::vector<std::string_view> views(args.begin(), args.end());
  const std::vector<ArgRange> secrets = SecretArgs(views);
  // From the back, so that replacing moves nothing that is still to come.
  for (auto range = secrets.rbegin(); range != secrets.rend(); ++range) {
    args[range->index].replace(range->at, range->size, "*");
  }
  std::string line;
  for (const std::string& arg : args) line += (line.empty() ? "" : " ") + arg;
  return line;
}

TEST(SecretArgs, CoverUserPasswordAndToken) {
  for (const std::string flag : {"-user", "--user", "-pass", "--pass", "-auth", "--auth"}) {
    for (const std::string value : {"hello", "hello world", "-v", "a=b"}) {
      EXPECT_EQ(Shown({flag, value}), flag + " *");
      EXPECT_EQ(Shown({flag + "=" + value}), flag + "=*");
    }
  }
}

TEST(SecretArgs, CoverUsersInUrls) {
  for (const std::string dashes : {"-", "--"}) {
    const auto shown = [&](const std::string& flag, const std::string& value) {
      const std::string joined = Shown({dashes + flag + "=" + value});
      const std::string apart = Shown({dashes + flag, value});
      EXPECT_EQ(joined.substr(dashes.size() + flag.size() + 1),
                apart.substr(dashes.size() + flag.size() + 1));
      return apart.substr(dashes.size() + flag.size() + 1);
    };
    EXPECT_EQ(shown("routes", "nats://ruser:s3cret@127.0.0.1:6222"), "nats://*@127.0.0.1:6222");
    EXPECT_EQ(shown("routes", "nats://127.0.0.1:6222"), "nats://127.0.0.1:6222");
    EXPECT_EQ(shown("routes", "nats://a:b@h:1, nats://c:d@h:2"), "nats://*@h:1, nats://*@h:2");
    for (const std::string flag : {"cluster", "cluster_listen"}) {
      EXPECT_EQ(shown(flag, "nats://u:s3cret@127.0.0.1:6224"), "nats://*@127.0.0.1:6224");
      EXPECT_EQ(shown(flag, "nats://u,extra:s3cret@127.0.0.1:-1"), "nats://*@127.0.0.1:-1");
      EXPECT_EQ(shown(flag, "nats://u:p@ss@127.0.0.1:1/a@b"), "nats://*@127.0.0.1:1/a@b");
      EXPECT_EQ(shown(flag, "nats://127.0.0.1:6224"), "nats://127.0.0.1:6224");
      EXPECT_EQ(shown(flag, "u:p@host:1"), "*@host:1");
    }
  }
}

TEST(SecretArgs, LeaveTheRestAlone) {
  EXPECT_EQ(Shown({"-p", "1", "--name", "user", "--users=x", "user", "pass=x"}),
            "-p 1 --name user --users=x user pass=x");
  EXPECT_EQ(Shown({"--pass"}), "--pass");
  EXPECT_EQ(Shown({"--pass="}), "--pass=");
  EXPECT_EQ(Shown({}), "");
}

TEST(SecretArgs, AreListedInOrder) {
  const std::vector<std::string_view> args = {"--user=a", "-x",       "--pass",
                                              "b",        "--routes", "n://c@h,n://d@h"};
  EXPECT_EQ(SecretArgs(args), (std::vector<ArgRange>{{0, 7, 1}, {3, 0, 1}, {5, 4, 1}, {5, 12, 1}}));
}

}  // namespace
}  // namespace dunlin::config
