#include "engine/base/seq_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <numeric>
#include <set>
#include <sstream>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/sha256.h"

namespace dunlin {
namespace {

constexpr uint64_t kNode = SeqSet::kNodeSeqs;

SeqSet Of(const std::vector<uint64_t>& seqs) {
  SeqSet set;
  for (const uint64_t seq : seqs) set.Insert(seq);
  return set;
}

std::vector<uint64_t> Members(const SeqSet& set) {
  std::vector<uint64_t> out;
  set.ForEach([&](uint64_t seq) {
    out.push_back(seq);
    return true;
  });
  return out;
}

std::string Encoded(const SeqSet& set) {
  std::string out;
  set.AppendEncoded(out);
  return out;
}

std::vector<uint64_t> Shuffled(uint64_t count, uint64_t seed) {
  std::vector<uint64_t> out(count);
  std::iota(out.begin(), out.end(), 0);
  Rng rng(seed);
  for (size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[rng.Below(i)]);
  return out;
}

TEST(SeqSet, HoldsWhatWasInsertedOnce) {
  const SeqSet set = Of({22, 222, 2000, 2, 2, 4});
  EXPECT_EQ(set.size(), 5u);
  EXPECT_EQ(set.nodes(), 1u);
  EXPECT_EQ(Members(set), (std::vector<uint64_t>{2, 4, 22, 222, 2000}));
  EXPECT_EQ(set.RootHeights().left, 0);
  EXPECT_EQ(set.RootHeights().right, 0);
  EXPECT_FALSE(set.Contains(3));
}

TEST(SeqSet, LeansLeftOnDecreasingSequences) {
  SeqSet set;
  for (uint64_t seq = 4 * kNode; seq > 0; --seq) set.Insert(seq);
  EXPECT_EQ(set.nodes(), 5u);
  EXPECT_EQ(set.size(), 4 * kNode);
  EXPECT_EQ(set.RootHeights().left, 2);
  EXPECT_EQ(set.RootHeights().right, 1);
}

TEST(SeqSet, LeansRightOnIncreasingSequences) {
  SeqSet set;
  for (uint64_t seq = 0; seq < 4 * kNode; ++seq) set.Insert(seq);
  EXPECT_EQ(set.nodes(), 4u);
  EXPECT_EQ(set.size(), 4 * kNode);
  EXPECT_EQ(set.RootHeights().left, 1);
  EXPECT_EQ(set.RootHeights().right, 2);
}

TEST(SeqSet, WalksInOrderWhateverTheOrderOfInsertion) {
  SeqSet set = Of(Shuffled(2 * kNode + 22, 1));
  std::vector<uint64_t> expected(2 * kNode + 22);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(Members(set), expected);

  std::vector<uint64_t> first;
  set.ForEach([&](uint64_t seq) {
    first.push_back(seq);
    return seq < 9;
  });
  EXPECT_EQ(first.size(), 10u);
}

TEST(SeqSet, WalksOverWordsNodesAndGaps) {
  const std::vector<uint64_t> seqs = {0,    1,    63,   64,   127,     128,
                                      2047, 2048, 4095, 4096, 100'000, 1'000'000};
  EXPECT_EQ(Members(Of(seqs)), seqs);
}

TEST(SeqSet, DeletesDownToNothing) {
  SeqSet set = Of({22, 222, 2222, 2, 2, 4});
  for (const uint64_t seq : {22, 222, 2222, 2, 4}) {
    EXPECT_TRUE(set.Delete(seq));
    EXPECT_FALSE(set.Contains(seq));
  }
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.nodes(), 0u);
  EXPECT_EQ(set.BytesUsed(), 0u);
}

TEST(SeqSet, DeletingWhatIsNotThereChangesNothing) {
  SeqSet set = Of({22, 222, 2222, 222'222});
  const size_t nodes = set.nodes();
  for (const uint64_t seq : {0, 23, 2223, 5000, 100'000, 999'999}) EXPECT_FALSE(set.Delete(seq));
  EXPECT_EQ(set.nodes(), nodes);
  EXPECT_EQ(set.size(), 4u);
}

TEST(SeqSet, StaysSoundThroughInsertingAndDeletingAll) {
  const std::vector<uint64_t> seqs = Shuffled(50 * kNode + 22, 2);
  SeqSet set;
  for (size_t i = 0; i < seqs.size(); ++i) {
    set.Insert(seqs[i]);
    if (i % 1000 == 0) set.CheckInvariants();
  }
  for (size_t i = 0; i < seqs.size(); ++i) {
    ASSERT_TRUE(set.Delete(seqs[i]));
    ASSERT_FALSE(set.Contains(seqs[i]));
    if (i % 1000 == 0) set.CheckInvariants();
  }
  EXPECT_EQ(set.nodes(), 0u);
}

TEST(SeqSet, InsertingIntoNodesThatAreThereKeepsTheShape) {
  SeqSet set;
  for (uint64_t seq = 0; seq < 8 * kNode; seq += 2) set.Insert(seq);
  const size_t nodes = set.nodes();
  for (uint64_t seq = 1; seq < 8 * kNode; seq += 2) EXPECT_TRUE(set.Insert(seq));
  for (uint64_t seq = 0; seq < 8 * kNode; ++seq) EXPECT_FALSE(set.Insert(seq));
  EXPECT_EQ(set.nodes(), nodes);
  EXPECT_EQ(set.size(), 8 * kNode);
  set.CheckInvariants();
}

TEST(SeqSet, KnowsItsEnds) {
  SeqSet set = Of({22, 222, 2222, 2, 2, 4});
  EXPECT_EQ(set.Min(), 2u);
  EXPECT_EQ(set.Max(), 2222u);
  set = Of(Shuffled(22 * kNode + 22, 3));
  EXPECT_EQ(set.Min(), 0u);
  EXPECT_EQ(set.Max(), 22 * kNode + 21);
}

TEST(SeqSet, CopiesShapeAndMembers) {
  const SeqSet set = Of(Shuffled(40'000, 4));
  const SeqSet copy = set;
  EXPECT_EQ(Encoded(copy), Encoded(set));
}

TEST(SeqSet, IsEqualByMembersAlone) {
  EXPECT_TRUE(SeqSet() == SeqSet());
  EXPECT_FALSE(Of({1, 3, 5}) == Of({1, 4, 5}));
  EXPECT_FALSE(Of({1, 3, 5}) == SeqSet());
  EXPECT_TRUE(Of({1, 3, 5}) == Of({5, 1, 3}));
  EXPECT_FALSE(Of({1, 3, 5}) == Of({1, 3, 5, 7}));
}

TEST(SeqSet, UnitesSets) {
  SeqSet set = Of({22, 222, 2222, 2, 2, 4});
  const SeqSet other = Of({33, 333, 3333, 3, 33'333, 333'333});
  set.Union(other);
  EXPECT_EQ(set.size(), 11u);
  for (const uint64_t seq : {22, 222, 2222, 2, 4, 33, 333, 3333, 3, 33'333, 333'333}) {
    EXPECT_TRUE(set.Contains(seq)) << seq;
  }
  set.Union(set);
  EXPECT_EQ(set.size(), 11u);

  SeqSet apart = Of({1, 10, 100, 200});
  apart.Union(Of({5000, 6100, 6200, 6222}));
  EXPECT_EQ(apart.size(), 8u);
}

TEST(SeqSet, StartsWhereItIsToldTo) {
  for (const uint64_t seq : {22, 222, 2222, 222'222}) {
    SeqSet set;
    EXPECT_TRUE(set.SetInitialMin(seq));
    EXPECT_FALSE(set.SetInitialMin(seq));
    set.Insert(seq);
    set.Insert(seq + kNode - 1);
    EXPECT_EQ(set.nodes(), 1u) << "a node from " << seq << " on";
    set.Insert(seq + kNode);
    EXPECT_EQ(set.nodes(), 2u);
  }
}

// There the reference loses members: a node that lies over another one hides them.
TEST(SeqSet, FindsAllMembersAroundANodeThatStartsAnywhere) {
  SeqSet set;
  set.SetInitialMin(1000);
  for (const uint64_t seq : {1000, 1500, 3000, 500, 5, 1600, 3047, 3048, 9000}) set.Insert(seq);
  set.CheckInvariants();
  EXPECT_EQ(Members(set),
            (std::vector<uint64_t>{5, 500, 1000, 1500, 1600, 3000, 3047, 3048, 9000}));
  SeqSet wrong;
  wrong.SetInitialMin(1000);
  wrong.Insert(77'777);
  EXPECT_EQ(*wrong.Next(0), 77'777u);
  EXPECT_EQ(*wrong.Prev(UINT64_MAX), 77'777u);
}

TEST(SeqSet, ReachesTheLastNumber) {
  SeqSet set;
  EXPECT_EQ(set.InsertRange(UINT64_MAX - 5000, UINT64_MAX), 5001u);
  EXPECT_TRUE(set.Contains(UINT64_MAX));
  EXPECT_EQ(set.Max(), UINT64_MAX);
  EXPECT_EQ(set.NextAbsent(UINT64_MAX - 5), std::nullopt);
  EXPECT_EQ(set.PrevAbsent(UINT64_MAX), UINT64_MAX - 5001);
  EXPECT_EQ(Members(set).size(), 5001u);
  EXPECT_EQ(set.DeleteRange(0, UINT64_MAX), 5001u);
  EXPECT_EQ(set.nodes(), 0u);
}

TEST(SeqSetEncoding, IsReadBackWithItsShape) {
  const SeqSet set = Of(Shuffled(30'000, 5));
  const std::string bytes = Encoded(set);
  EXPECT_EQ(bytes.size(), set.EncodedSize());
  SeqSet read;
  size_t used = 0;
  ASSERT_EQ(read.Decode(bytes + "what follows", &used), SeqSet::DecodeError::kNone);
  EXPECT_EQ(used, bytes.size());
  EXPECT_EQ(Encoded(read), bytes);
  read.CheckInvariants();
}

std::string OldEncoding(const std::vector<uint64_t>& bases, const std::vector<uint64_t>& seqs,
                        uint32_t size) {
  std::string out("\x16\x01", 2);
  const auto put = [&](uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  };
  put(bases.size(), 4);
  put(size, 4);
  for (const uint64_t base : bases) {
    put(base, 8);
    std::vector<uint64_t> words(64);
    for (const uint64_t seq : seqs) {
      if (seq >= base && seq < base + 4096) words[(seq - base) / 64] |= 1ull << (seq - base) % 64;
    }
    for (const uint64_t word : words) put(word, 8);
    put(1, 2);
  }
  return out;
}

TEST(SeqSetEncoding, ReadsVersionOne) {
  const std::vector<uint64_t> seqs = {22, 222, 2222, 222'222, 2'222'222};
  const std::string bytes = OldEncoding({221'184, 0, 2'220'032}, seqs, 5);
  SeqSet set;
  size_t used = 0;
  ASSERT_EQ(set.Decode(bytes, &used), SeqSet::DecodeError::kNone);
  EXPECT_EQ(used, bytes.size());
  EXPECT_EQ(Members(set), seqs);
  EXPECT_EQ(set.Decode(OldEncoding({0}, seqs, 5), &used), SeqSet::DecodeError::kBadEncoding)
      << "the size says otherwise";
}

TEST(SeqSetEncoding, RefusesWhatIsCutOrForeign) {
  const std::string bytes = Encoded(Of({1, 5000}));
  SeqSet set;
  size_t used = 0;
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    ASSERT_EQ(set.Decode(bytes.substr(0, cut), &used), SeqSet::DecodeError::kBadEncoding) << cut;
  }
  std::string foreign = bytes;
  foreign[0] = 23;
  EXPECT_EQ(set.Decode(foreign, &used), SeqSet::DecodeError::kBadEncoding);
  foreign = bytes;
  foreign[1] = 3;
  EXPECT_EQ(set.Decode(foreign, &used), SeqSet::DecodeError::kBadVersion);
  EXPECT_STREQ(Describe(SeqSet::DecodeError::kBadVersion), "ss: bad version");
}

TEST(SeqSetEncoding, RefusesMoreNodesThanThereAreBytesFor) {
  SeqSet set;
  size_t used = 0;
  for (const char version : {'\1', '\2'}) {
    for (const char* count : {"\xff\xff\xff\xff", "\x00\x00\x80\x00"}) {
      std::string bytes = std::string("\x16") + version + std::string(count, 4) + std::string(4, 0);
      EXPECT_EQ(set.Decode(bytes, &used), SeqSet::DecodeError::kBadEncoding);
    }
  }
  const std::string empty_node = std::string("\x16\x02\x01\0\0\0", 6) + std::string(4 + 266, 0);
  EXPECT_EQ(set.Decode(empty_node, &used), SeqSet::DecodeError::kNone);
  EXPECT_EQ(used, empty_node.size());
  EXPECT_TRUE(set.empty());
}

// The same changes as the program that recorded the file: xorshift64, seeded with the script's
// number.
TEST(SeqSetEncoding, IsTheReferencesToTheByteAfterTheSameChanges) {
  std::ifstream file(std::string(SOURCE_ROOT) + "/tests/engine/base/seq_set_recorded.tsv");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    ++lines;
    std::istringstream fields(line);
    uint64_t script = 0, size = 0, nodes = 0;
    int left = 0, right = 0;
    std::string before, after;
    fields >> script >> before >> after >> size >> nodes >> left >> right;
    uint64_t x = script;
    SeqSet set, other;
    for (int i = 0; i < 3000; ++i) {
      const auto next = [&] { return x ^= x << 13, x ^= x >> 7, x ^= x << 17; };
      const uint64_t r = next(), seq = next() % (kNode * (1 + script * 3));
      if (r % 8 < 4) {
        set.Insert(seq);
      } else if (r % 8 < 6) {
        set.Delete(seq);
      } else if (r % 8 == 6) {
        for (uint64_t at = seq / kNode * kNode, end = at + kNode; at < end; ++at) {
          if (set.Contains(at)) set.Delete(at);
        }
      } else {
        other.Insert(seq);
      }
    }
    EXPECT_EQ(Sha256Hex(Encoded(set)), before) << script;
    set.Union(other);
    set.CheckInvariants();
    EXPECT_EQ(Sha256Hex(Encoded(set)), after) << script;
    EXPECT_EQ(set.size(), size);
    EXPECT_EQ(set.nodes(), nodes);
    EXPECT_EQ(set.RootHeights().left, left);
    EXPECT_EQ(set.RootHeights().right, right);
    SeqSet read;
    size_t used = 0;
    ASSERT_EQ(read.Decode(Encoded(set), &used), SeqSet::DecodeError::kNone);
    EXPECT_EQ(Encoded(read), Encoded(set));
  }
  EXPECT_EQ(lines, 40);
}

// Any members, any ranges: as std::set has it.
RC_GTEST_PROP(SeqSetProperty, IsASet, ()) {
  SeqSet set;
  std::set<uint64_t> twin;
  const uint64_t start = *rc::gen::element<uint64_t>(0, 0, 100, 1'000'000, UINT64_MAX - 20'000);
  const auto any = rc::gen::inRange<uint64_t>(start, start + 19'999);
  if (*rc::gen::inRange(0, 4) == 0) set.SetInitialMin(*any);
  for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
    const uint64_t a = *any;
    const uint64_t b = a + std::min(*rc::gen::inRange<uint64_t>(0, 5000), start + 19'999 - a);
    switch (*rc::gen::inRange(0, 5)) {
      case 0: RC_ASSERT(set.Insert(a) == twin.insert(a).second); break;
      case 1: RC_ASSERT(set.Delete(a) == (twin.erase(a) == 1)); break;
      case 2: {
        const size_t before = twin.size();
        for (uint64_t at = a; at <= b; ++at) twin.insert(at);
        RC_ASSERT(set.InsertRange(a, b) == twin.size() - before);
        break;
      }
      case 3: {
        const size_t before = twin.size();
        twin.erase(twin.lower_bound(a), twin.upper_bound(b));
        RC_ASSERT(set.DeleteRange(a, b) == before - twin.size());
        break;
      }
      case 4: {
        SeqSet read;
        size_t used = 0;
        RC_ASSERT(read.Decode(Encoded(set), &used) == SeqSet::DecodeError::kNone);
        set = std::move(read);
      }
    }
    set.CheckInvariants();
    RC_ASSERT(set.size() == twin.size());
    RC_ASSERT(set.Contains(b) == twin.contains(b));
    const auto next = twin.lower_bound(b);
    RC_ASSERT(set.Next(b) == (next == twin.end() ? std::nullopt : std::optional(*next)));
    auto prev = twin.upper_bound(b);
    RC_ASSERT(set.Prev(b) == (prev == twin.begin() ? std::nullopt : std::optional(*--prev)));
    uint64_t absent = b;
    while (twin.contains(absent)) ++absent;
    RC_ASSERT(set.NextAbsent(b) == absent);
  }
  RC_ASSERT(Members(set) == std::vector<uint64_t>(twin.begin(), twin.end()));
}

// Whatever the bytes, what comes out is well formed or refused.
RC_GTEST_PROP(SeqSetProperty, DecodesAnything, ()) {
  SeqSet set;
  for (int i = *rc::gen::inRange(0, 30); i > 0; --i) set.Insert(*rc::gen::inRange(0, 50'000));
  std::string bytes = Encoded(set);
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    bytes[*rc::gen::inRange<size_t>(1, bytes.size())] =
        static_cast<char>(*rc::gen::inRange(0, 256));
  }
  size_t used = 0;
  SeqSet read;
  if (read.Decode(bytes, &used) == SeqSet::DecodeError::kNone) {
    RC_ASSERT(used <= bytes.size());
  } else {
    RC_ASSERT(read.empty());
  }
  read.CheckInvariants();
  read.Insert(77);
  read.CheckInvariants();
}

}  // namespace
}  // namespace dunlin
