#include "storage/format/byte_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/storage/format/hex.h"

namespace dunlin::format {
namespace {

// As Go's encoding/binary writes them.
TEST(ByteReader, ReadsVarints) {
  const std::string bytes = FromHex(
      "00"
      "7f"
      "8001"
      "ffffffffffffffffff01"
      "01"
      "02"
      "8000");
  ByteReader in(bytes);
  EXPECT_EQ(in.Uvarint(), 0u);
  EXPECT_EQ(in.Uvarint(), 127u);
  EXPECT_EQ(in.Uvarint(), 128u);
  EXPECT_EQ(in.Uvarint(), UINT64_MAX);
  EXPECT_EQ(in.Varint(), -1);
  EXPECT_EQ(in.Varint(), 1);
  EXPECT_EQ(in.Uvarint(), 0u);  // Longer than it has to be.
  EXPECT_TRUE(in.at_end() && in.ok());
}

TEST(ByteReader, RefusesWhatIsNoVarint) {
  const auto damage = [](const std::string& bytes) {
    ByteReader in(bytes);
    EXPECT_EQ(in.Uvarint(), 0u);
    return in.damage();
  };
  EXPECT_EQ(damage(""), (Damage{Fault::kShort, 0}));
  EXPECT_EQ(damage(FromHex("8080")), (Damage{Fault::kShort, 0}));
  EXPECT_EQ(damage(FromHex("ffffffffffffffffff02")), (Damage{Fault::kBadValue, 0}));
  EXPECT_EQ(damage(FromHex("8080808080808080808001")), (Damage{Fault::kBadValue, 0}));
  const std::string wide = FromHex("8080808010");
  ByteReader in(wide);
  EXPECT_EQ(in.Uvarint32(), 0u);
  EXPECT_EQ(in.damage(), (Damage{Fault::kBadValue, 0}));
}

TEST(ByteReader, ReadsNothingMoreOnceSomethingWasWrong) {
  const std::string bytes = FromHex("0102030405");
  ByteReader in(bytes);
  EXPECT_EQ(in.U16(), 0x0201u);
  EXPECT_EQ(in.U64(), 0u);
  EXPECT_EQ(in.damage(), (Damage{Fault::kShort, 2}));
  EXPECT_EQ(in.U8(), 0u);
  EXPECT_EQ(in.Bytes(1), "");
  EXPECT_EQ(in.Uvarint(), 0u);
  in.Fail(Fault::kBadMagic);
  EXPECT_EQ(Describe(in.damage()), "cut short at offset 2");  // The first one counts.
}

RC_GTEST_PROP(ByteReaderProperty, ReadsBackWhatWasAppended, (uint64_t a, int64_t b)) {
  const int shift = *rc::gen::inRange(0, 64);
  std::string bytes;
  AppendUvarint(a >> shift, &bytes);
  AppendVarint(b >> shift, &bytes);
  ByteReader in(bytes);
  RC_ASSERT(in.Uvarint() == a >> shift);
  RC_ASSERT(in.Varint() == b >> shift);
  RC_ASSERT(in.at_end() && in.ok());
}

}  // namespace
}  // namespace dunlin::format
