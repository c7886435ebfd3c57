#include "engine/subject/sublist.h"

#include <gtest/gtest.h>

namespace dunlin::subject {
namespace {

TEST(Sublist, AHeldResultStaysAsItWas) {
  Sublist list({});
  const SubHandle plain = list.Insert("foo", "", 1);
  const SubHandle member = list.Insert("foo.*", "workers", 2);
  ResultHold foo = list.Hold(list.Match("foo"));
  ResultHold bar = list.Hold(list.Match("foo.bar"));
  list.Remove(plain);
  list.Remove(member);
  ASSERT_EQ(foo->plain().size(), 1u);
  EXPECT_EQ(foo->plain()[0], 1u);
  ASSERT_EQ(bar->group_count(), 1u);
  EXPECT_EQ(bar->group(0).name, "workers");
  EXPECT_EQ(bar->group(0).members[0], 2u);
  EXPECT_TRUE(list.Match("foo").empty());
}

}  // namespace
}  // namespace dunlin::subject
