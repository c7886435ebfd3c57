#include "net/crypt/bcrypt.h"

#include <gtest/gtest.h>

#include <string>

namespace dunlin::crypt {
namespace {

// Of the reference's own tests; the password is 'test'.
const std::string kHash = "$2a$05$3sSWEVA1eMCbV0hWavDjXOx.ClBjI6u1CuUdLqf22cbJjXsnzz8/.";

TEST(Bcrypt, KnowsThePassword) {
  EXPECT_TRUE(BcryptMatches(kHash, "test"));
  for (const char* wrong : {"", "Test", "test ", "tes", kHash.c_str()}) {
    EXPECT_FALSE(BcryptMatches(kHash, wrong)) << wrong;
  }
}

// x/crypto, which the reference uses, computes every variant as '2b'.
TEST(Bcrypt, TheVariantDoesNotMatter) {
  for (const char variant : {'a', 'b', 'x', 'y'}) {
    std::string hash = kHash;
    hash[2] = variant;
    EXPECT_TRUE(BcryptMatches(hash, "test")) << variant;
  }
  std::string of_all_bytes = "$2y$04$abcdefghijklmnopqrstuuK9T0kiboHS2sfgGyUBw0j3r3uP/zSsO";
  EXPECT_TRUE(BcryptMatches(of_all_bytes, "\xff\xa3\x33\xff\xff\xff\xa3\x33\x34\x35"));
  of_all_bytes[2] = 'a';
  EXPECT_TRUE(BcryptMatches(of_all_bytes, "\xff\xa3\x33\xff\xff\xff\xa3\x33\x34\x35"));
}

TEST(Bcrypt, CountsSeventyTwoBytesOfAPassword) {
  const std::string hash = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
  EXPECT_TRUE(BcryptMatches(hash, std::string(72, 'x')));
  EXPECT_TRUE(BcryptMatches(hash, std::string(80, 'x')));
  EXPECT_FALSE(BcryptMatches(hash, std::string(71, 'x')));
}

TEST(Bcrypt, NothingMatchesWhatIsNoHash) {
  for (const std::string& hash : {std::string(), std::string("$2a$04$"), kHash.substr(0, 59),
                                  kHash + "x", "$1$" + kHash.substr(3), "$2a$99" + kHash.substr(6),
                                  "$2a$03" + kHash.substr(6), "$2a$05$!" + kHash.substr(8)}) {
    EXPECT_FALSE(BcryptMatches(hash, "test")) << hash;
    EXPECT_FALSE(BcryptMatches(hash, "")) << hash;
  }
}

// The library would stop there, and take what is before for the whole.
TEST(Bcrypt, AZeroByteMatchesNothing) {
  EXPECT_FALSE(BcryptMatches(kHash, std::string("test\0more", 9)));
  EXPECT_FALSE(BcryptMatches(kHash, std::string("test\0", 5)));
}

}  // namespace
}  // namespace dunlin::crypt
