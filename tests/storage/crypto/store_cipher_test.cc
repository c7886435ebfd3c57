#include "storage/crypto/store_cipher.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "storage/crypto/highway_hash.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "storage/format/record.h"
#include "tests/storage/format/hex.h"

namespace dunlin::crypto {
namespace {

uint8_t* Mutable(std::string* bytes) { return reinterpret_cast<uint8_t*>(bytes->data()); }

// What the reference (v2.14.5) wrote with 'key: "s3cr3t"' for account $G, stream S with three
// messages, the last one after a restart, and consumer C with one message delivered.
struct ReferenceStore {
  CipherKind kind;
  std::string stream_key, block_key, block, consumer_key, consumer_state;
};
ReferenceStore ChaChaStore() {
  return {CipherKind::kChaCha,
          FromHex("9f5170497a54710fe5c94f362f0fed6f0f555e303bc95e0ec8107ac23e773372b0c50c7c7b6b0514"
                  "93b6eca484f2c7dfcf0ab12cf1c5ca05fc6bc48b0198320939be4ff0488f0e5e"),
          FromHex("3e717432d6acc2083ca4638579008ae4f48dd6e824ce75b407b0b832a6003ad1ff1d1aa00a62cd05"
                  "466ddfa520304745c22d591cb5812fcb825c29e27465aebf07efb9e04bf12ff3"),
          FromHex("ac8534f664c3cc62ee5ab4db55051fd911d0ac6ad730d6fdf887322e97ef838e4b917a39d235d1e9"
                  "234715bda2729c84267c66ae0df88186e91994d615b66cc3249d79c93ff9f0f91fab8aaa24d2191f"
                  "70816923a1719f7b6a045672ae7465c09795b152c1877a781d4d88db69d88752f88c"),
          FromHex("7eb91f253e0f64c6ad653bb88c88b869a452c416c8b1718ca96283e479c4c8e794981ea982f2c5bc"
                  "7df7c96aac7f118305346605866af83e201c7c0caa14c0a41a882ef90e03c38f"),
          FromHex("64a0c67d6ecf1716a9237a5eb2fe91a7609dcc240bc33989c98975d52144c91d70a60893894fe676"
                  "cdf1a3a568a0f95a86735e492a923d80")};
}
ReferenceStore AesStore() {
  return {CipherKind::kAes,
          FromHex("9aab63c9b187c1b7a6bac382dee7512a307af612713edbbc7da19ae2f27fa01c3080c6247c3bcba5"
                  "859d9c887cb83f9dd179ca324163b013a148a9ecf0479272"),
          FromHex("e200fb76bbd1e52d057e3ce3dae40cec78e4a421b978a7b534c2b84f20e25a578f18cc8e12ce05d3"
                  "dba1d2ae9b546240f029d820c4b2db98a12afbd88c9ac201"),
          FromHex("90b6d5c2486ce93bfb90435208b46e2c953ed6a451b5c676ae5fd9da380bbd03a1236f8d7165f574"
                  "be8d56a874b178c7ce735da4c24eb9b331c75a0fdbb9b30bd6a28a5a90dfa3e97cbf2f1f59740917"
                  "9c7bdb2af913fb85b7f59e27de4f5c12adb230483f5f83401658d09202c8c67856a3"),
          FromHex("cddfa416464e9464c7fe264c51173b206bf06d057959bddfa28a5bc73681da8e5c4b269c3c0fdcbf"
                  "aeec46151efa99d55c805228d3097004d37e254854701fc2"),
          FromHex("00c119a66e5b7e99eed61808d46222d44ab4f5083a2cb8b2ee24f4c1c6844950c6f5cdefabc66f18"
                  "a215974b62847b8d")};
}

const MasterKey& OperatorKey() {
  static const MasterKey* const key = new MasterKey("s3cr3t", "$G");
  return *key;
}

class ReferenceFiles : public testing::TestWithParam<CipherKind> {
 protected:
  ReferenceStore store() const {
    return GetParam() == CipherKind::kChaCha ? ChaChaStore() : AesStore();
  }
};
INSTANTIATE_TEST_SUITE_P(Ciphers, ReferenceFiles,
                         testing::Values(CipherKind::kChaCha, CipherKind::kAes));

TEST_P(ReferenceFiles, BlocksAreReadWithTheirKeyFile) {
  ReferenceStore s = store();
  const auto key = OpenKeyFile(s.kind, OperatorKey().ForBlock("S", 1), s.block_key);
  ASSERT_TRUE(key.has_value());
  BlockCipher(*key).Apply(0, Mutable(&s.block), s.block.size());
  const auto checksum = format::BlockChecksum("S", 1);
  format::RecordReader reader(s.block, &checksum);
  std::string payloads;
  format::Record record;
  while (reader.Next(&record)) payloads += std::string(record.payload) + " ";
  EXPECT_EQ(payloads, "hello world after ");  // The last one was appended by another process.
  EXPECT_EQ(reader.damage(), format::RecordDamage::kNone);
}

TEST_P(ReferenceFiles, ConsumerStateOpensWithTheConsumersKey) {
  const ReferenceStore s = store();
  const auto key = OpenKeyFile(s.kind, OperatorKey().ForConsumer("S", "C"), s.consumer_key);
  ASSERT_TRUE(key.has_value());
  const auto plain = Open(s.kind, key->seed, s.consumer_state);
  ASSERT_TRUE(plain.has_value());
  ConsumerState state;
  ASSERT_TRUE(format::DecodeConsumerState(*plain, &state).ok());
  EXPECT_EQ(state.delivered.stream, 1u);
  ASSERT_EQ(state.pending.size(), 1u);
  EXPECT_EQ(state.pending[0].stream_seq, 1u);
}

TEST_P(ReferenceFiles, AreRefusedWithAnyOtherKeyOrCipher) {
  const ReferenceStore s = store();
  const CipherKind other = s.kind == CipherKind::kChaCha ? CipherKind::kAes : CipherKind::kChaCha;
  EXPECT_TRUE(OpenKeyFile(s.kind, OperatorKey().ForStream("S"), s.stream_key).has_value());
  EXPECT_FALSE(OpenKeyFile(other, OperatorKey().ForStream("S"), s.stream_key).has_value());
  EXPECT_FALSE(OpenKeyFile(s.kind, OperatorKey().ForStream("T"), s.stream_key).has_value());
  EXPECT_FALSE(OpenKeyFile(s.kind, OperatorKey().ForBlock("S", 1), s.stream_key).has_value());
  EXPECT_FALSE(OpenKeyFile(s.kind, MasterKey("S3cr3t", "$G").ForStream("S"), s.stream_key));
  EXPECT_FALSE(OpenKeyFile(s.kind, MasterKey("s3cr3t", "A").ForStream("S"), s.stream_key));
  for (size_t i = 0; i < s.stream_key.size(); ++i) {
    std::string changed = s.stream_key;
    changed[i] ^= 0x20;
    EXPECT_FALSE(OpenKeyFile(s.kind, OperatorKey().ForStream("S"), changed).has_value()) << i;
  }
  EXPECT_FALSE(OpenKeyFile(s.kind, OperatorKey().ForStream("S"), s.stream_key.substr(1)));
  EXPECT_FALSE(OpenKeyFile(s.kind, OperatorKey().ForStream("S"), ""));
}

class EachCipher : public testing::TestWithParam<CipherKind> {};
INSTANTIATE_TEST_SUITE_P(Ciphers, EachCipher,
                         testing::Values(CipherKind::kChaCha, CipherKind::kAes));

TEST_P(EachCipher, OpensWhatItSealed) {
  SeededEntropy entropy(Rng(3));
  const NewKey made = MakeKeyFile(GetParam(), OperatorKey().ForStream("S"), &entropy);
  EXPECT_EQ(made.file.size(), KeyFileBytes(GetParam()));
  const auto key = OpenKeyFile(GetParam(), OperatorKey().ForStream("S"), made.file);
  ASSERT_TRUE(key.has_value());
  for (const size_t size : {0, 1, 31, 32, 1000}) {
    const std::string plain(size, 'p');
    const std::string sealed = Seal(GetParam(), made.key.seed, plain, &entropy);
    EXPECT_EQ(sealed.size(), plain.size() + SealBytes(GetParam()));
    EXPECT_EQ(Open(GetParam(), key->seed, sealed), plain);
    EXPECT_EQ(Open(GetParam(), key->seed, sealed.substr(0, sealed.size() - 1)), std::nullopt);
  }
  // A nonce is not used twice.
  EXPECT_NE(Seal(GetParam(), key->seed, "x", &entropy), Seal(GetParam(), key->seed, "x", &entropy));
}

TEST_P(EachCipher, EncryptsABlockAlikeInOnePieceAndInMany) {
  rc::check([](const std::string& text, uint16_t start, uint8_t step) {
    SeededEntropy entropy(Rng(4));
    const NewKey made = MakeKeyFile(GetParam(), OperatorKey().ForStream("S"), &entropy);
    const BlockCipher cipher(made.key);
    std::string whole = std::string(start, 'x') + text;
    std::string pieces = whole;
    const std::string plain = whole;
    cipher.Apply(0, Mutable(&whole), whole.size());
    for (size_t at = 0; at < pieces.size(); at += step + 1u) {
      cipher.Apply(at, Mutable(&pieces) + at, std::min<size_t>(step + 1u, pieces.size() - at));
    }
    RC_ASSERT(whole == pieces);
    RC_ASSERT(plain.size() < 16 || whole != plain);
    BlockCipher(made.key).Apply(0, Mutable(&whole), whole.size());
    RC_ASSERT(whole == plain);
  });
}

// The carry of a counter that is at its end.
TEST(BlockCipher, CountsAesBlocksAcrossAllBytesOfTheNonce) {
  DataKey key;
  key.kind = CipherKind::kAes;
  key.nonce = FromHex("000000000000000fffffffffffffffff");
  DataKey next = key;
  next.nonce = FromHex("00000000000000100000000000000000");
  std::string a(32, '\0'), b(16, '\0');
  BlockCipher(key).Apply(0, Mutable(&a), a.size());
  BlockCipher(next).Apply(0, Mutable(&b), b.size());
  EXPECT_EQ(a.substr(16), b);
  std::string c(16, '\0');
  BlockCipher(key).Apply(16, Mutable(&c), c.size());
  EXPECT_EQ(c, b);
}

TEST(HighwayHash, DoesNotDependOnHowTheBytesAreCut) {
  std::array<uint8_t, 32> key{};
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i);
  const HighwayHash64 hash(key);
  EXPECT_EQ(hash.Of(""), 0x907A56DE22C26E53u);  // Of the algorithm's authors: lengths 0 and 1.
  EXPECT_EQ(hash.Of(std::string_view("\0", 1)), 0x7EAB43AAC7CDDD78u);
  const std::string text(200, 'q');
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    ASSERT_EQ(hash.Of({text.substr(0, cut / 2), text.substr(cut / 2, cut - cut / 2), "",
                       text.substr(cut)}),
              hash.Of(text));
  }
}

}  // namespace
}  // namespace dunlin::crypto
