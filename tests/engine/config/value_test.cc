#include "engine/config/value.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace dunlin::config {
namespace {

Value Int(int64_t number) { return Value(Value::Data(number)); }

TEST(Value, KnowsItsKind) {
  EXPECT_EQ(Value().kind(), Value::Kind::kMap);
  EXPECT_EQ(Value(Array()).kind(), Value::Kind::kArray);
  EXPECT_EQ(Value(std::string("x")).kind(), Value::Kind::kString);
  EXPECT_EQ(Int(1).kind(), Value::Kind::kInteger);
  EXPECT_EQ(Value(1.5).kind(), Value::Kind::kFloat);
  EXPECT_EQ(Value(true).kind(), Value::Kind::kBool);
  EXPECT_EQ(Value(DateTime{}).kind(), Value::Kind::kDateTime);
  EXPECT_EQ(Int(1).IfString(), nullptr);
}

TEST(Value, ReferencedIsACopyThatIsNotUsedItself) {
  Value value(std::string("x"), {3, 4, 0});
  value.MarkUsedAsVariable();
  const Value copy = value.Referenced();
  EXPECT_EQ(*copy.IfString(), "x");
  EXPECT_EQ(copy.where(), value.where());
  EXPECT_FALSE(copy.used_as_variable());
}

TEST(Value, RelocatesAllBelow) {
  Map inner;
  inner.Set("k", Int(1));
  Value value(Array{Value(inner)});
  value.Relocate({7, 8, 2});
  const Value& map = value.IfArray()->front();
  EXPECT_EQ(map.where(), (Position{7, 8, 2}));
  EXPECT_EQ(map.IfMap()->Find("k")->where(), (Position{7, 8, 2}));
}

// Whatever is set in whatever order: a Map answers as std::map does, and keeps the order of keys.
// Few keys, set often, so that maps grow past the size from which they are indexed.
RC_GTEST_PROP(MapProperty, AnswersAsAPlainMapDoes, (const std::vector<uint8_t>& keys)) {
  Map map;
  std::map<std::string, int64_t> plain;
  std::vector<std::string> order;
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string key = std::to_string(keys[i] % 64);
    if (plain.insert_or_assign(key, static_cast<int64_t>(i)).second) order.push_back(key);
    map.Set(key, Int(static_cast<int64_t>(i)));
  }
  const Map copy = map;
  for (int key = 0; key < 64; ++key) {
    const Value* const found = copy.Find(std::to_string(key));
    const auto expected = plain.find(std::to_string(key));
    RC_ASSERT((found != nullptr) == (expected != plain.end()));
    if (found) RC_ASSERT(*found->IfInteger() == expected->second);
  }
  RC_ASSERT(copy.size() == order.size());
  for (size_t i = 0; i < order.size(); ++i) RC_ASSERT(copy.entries()[i].key == order[i]);
}

}  // namespace
}  // namespace dunlin::config
