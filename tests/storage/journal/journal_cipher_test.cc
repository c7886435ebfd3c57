// Encryption of the journal: the cipher, and a journal that uses it.
#include "storage/crypto/journal_cipher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "storage/journal/format.h"
#include "tests/storage/journal/journal_stories.h"
#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {
namespace {

using crypto::JournalCipher;
using sim::CrashKind;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Sealed(const BatchNonce& nonce, std::string_view open, std::string_view plain) {
  std::string sealed(plain.size() + SegmentCipher::kTagBytes, '\0');
  JournalCipher("key").Seal(nonce, Bytes(open), Bytes(plain),
                            reinterpret_cast<uint8_t*>(sealed.data()));
  return sealed;
}

bool Opens(const std::string& key, const BatchNonce& nonce, std::string_view open,
           std::string_view sealed, std::string_view expected) {
  std::string plain(expected.size(), '\0');
  return JournalCipher(key).Open(nonce, Bytes(open), Bytes(sealed),
                                 reinterpret_cast<uint8_t*>(plain.data())) &&
         plain == expected;
}

TEST(JournalCipher, OpensWhatItSealedAndNothingElse) {
  const BatchNonce nonce{{}, 1, 2, 3};
  const std::string sealed = Sealed(nonce, "mark", "records");
  EXPECT_TRUE(Opens("key", nonce, "mark", sealed, "records"));
  EXPECT_FALSE(Opens("other", nonce, "mark", sealed, "records"));
  EXPECT_FALSE(Opens("key", nonce, "Mark", sealed, "records"));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(Opens("key", nonce, "mark", changed, "records")) << i;
  }
  BatchNonce other = nonce;
  other.store.bytes[0] = 1;
  for (const BatchNonce& wrong :
       {BatchNonce{{}, 2, 2, 3}, BatchNonce{{}, 1, 3, 3}, BatchNonce{{}, 1, 2, 4}, other}) {
    EXPECT_FALSE(Opens("key", wrong, "mark", sealed, "records"));
    EXPECT_NE(Sealed(wrong, "mark", "records"), sealed);
  }
}

TEST(JournalCipher, NothingAtAllCanBeSealedToo) {
  const BatchNonce nonce{{}, 1, 0, 0};
  const std::string sealed = Sealed(nonce, "", "");
  EXPECT_TRUE(JournalCipher("key").Open(nonce, {}, Bytes(sealed), nullptr));
  EXPECT_FALSE(JournalCipher("other").Open(nonce, {}, Bytes(sealed), nullptr));
}

// Whether the first body that was appended is in a file in clear.
bool ShowsInClear(const JournalWorld& world) {
  const std::string body(world.model().front().body.begin(), world.model().front().body.end());
  const std::vector<std::string> files = world.disk().Files();
  return std::any_of(files.begin(), files.end(), [&](const std::string& path) {
    return world.disk().Contents(path)->find(body) != std::string::npos;
  });
}

TEST(JournalCipher, AnEncryptedJournalShowsNoBodyAndIsRecovered) {
  JournalCipher cipher("key");
  JournalOptions options = JournalWorld::SmallOptions();
  JournalWorld plain(1, options);
  options.cipher = &cipher;
  JournalWorld encrypted(1, options);
  for (JournalWorld* world : {&plain, &encrypted}) {
    ASSERT_TRUE(world->Boot());
    world->Append(0, 200);
    world->EndOfStep();
    world->RunAll();
    EXPECT_EQ(ShowsInClear(*world), world == &plain);
    world->Crash(CrashKind::kPowerLoss);
    ASSERT_TRUE(world->Boot());
    EXPECT_EQ(world->recovered(), 1u);
    EXPECT_TRUE(world->violations().empty());
  }
}

TEST(JournalCipher, EncryptedStoriesKeepTheirPromises) {
  JournalCipher cipher("key");
  JournalOptions options = JournalWorld::SmallOptions();
  options.cipher = &cipher;
  options.depth = 2;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const auto violation = RandomStory(options, seed);
    ASSERT_FALSE(violation) << *violation;
  }
}

TEST(JournalCipher, AnotherKeyOrNoneIsRefused) {
  JournalCipher cipher("key"), other("other");
  JournalOptions options = JournalWorld::SmallOptions();
  options.cipher = &cipher;
  JournalWorld world(1, options);
  ASSERT_TRUE(world.Boot());
  world.Append(0, 200);
  world.EndOfStep();
  world.RunAll();
  world.Crash(CrashKind::kKill);
  options.cipher = &other;
  world.SetOptions(options);
  EXPECT_FALSE(world.Boot());
  EXPECT_EQ(*world.journal().Failure(),
            "journal: jetstream/journal/0.seg is encrypted with another key");
  world.Crash(CrashKind::kKill);
  options.cipher = nullptr;
  world.SetOptions(options);
  EXPECT_FALSE(world.Boot());
  EXPECT_EQ(*world.journal().Failure(),
            "journal: jetstream/journal/0.seg is encrypted, and there is no key");
  world.Crash(CrashKind::kKill);
  options.cipher = &cipher;
  world.SetOptions(options);
  EXPECT_TRUE(world.Boot());
  EXPECT_EQ(world.recovered(), 1u);
}

// What was in clear is read; what comes is encrypted, in a segment of its own.
TEST(JournalCipher, MayBeSwitchedOn) {
  JournalCipher cipher("key");
  JournalOptions options = JournalWorld::SmallOptions();
  JournalWorld world(1, options);
  for (int life = 0; life < 3; ++life) {
    options.cipher = life == 0 ? nullptr : &cipher;
    world.SetOptions(options);
    ASSERT_TRUE(world.Boot());
    world.Append(0, 200);
    world.EndOfStep();
    world.RunAll();
    EXPECT_EQ(world.recovered(), static_cast<size_t>(life));
    world.Crash(CrashKind::kPowerLoss);
  }
  EXPECT_EQ(world.Files().size(), 2u);
  EXPECT_TRUE(world.violations().empty());
}

}  // namespace
}  // namespace dunlin::journal
