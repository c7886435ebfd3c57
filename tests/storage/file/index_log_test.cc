#include "storage/file/index_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/format/byte_reader.h"

namespace dunlin::file {
namespace {

struct Standing {
  Seq first = 0, last = 0;
  uint32_t total = 0;
  bool operator==(const Standing&) const = default;
};
using Subjects = std::map<std::string, Standing>;

void Apply(std::string_view bytes, Seq* before, Subjects* subjects, uint64_t* count) {
  format::ByteReader in(bytes);
  while (!in.at_end()) {
    std::string_view subject;
    SubjectInfo info;
    RC_ASSERT(ReadSubjectEntry(&in, before, &subject, &info));
    ++*count;
    if (info.total == 0) {
      subjects->erase(std::string(subject));
    } else {
      (*subjects)[std::string(subject)] = {info.first, info.last, info.total};
    }
  }
}

// Read one after the other, whatever was taken when, they give what became of each subject; of
// changes of one subject in a row the last one alone is there.
RC_GTEST_PROP(SubjectEntries, SayHowEachSubjectStands, ()) {
  const int changes = *rc::gen::inRange(0, 60);
  SubjectEntries entries;
  Subjects truth, read;
  Seq before = 0;
  uint64_t said = 0, runs = 0;
  std::string last;
  for (int i = 0; i < changes; ++i) {
    const std::string subject(*rc::gen::inRange<size_t>(1, 4), 'a');
    runs += subject == last ? 0 : 1;
    last = subject;
    if (*rc::gen::inRange(0, 4) == 0) {
      entries.Add(subject, nullptr);
      truth.erase(subject);
    } else {
      const Seq first = *rc::gen::arbitrary<uint32_t>();
      const Seq end = first + *rc::gen::arbitrary<uint32_t>();
      const uint32_t total = *rc::gen::inRange<uint32_t>(1, UINT32_MAX);
      const SubjectInfo info{first, end, total, *rc::gen::arbitrary<bool>(), false};
      entries.Add(subject, &info);
      truth[subject] = {first, end, total};
    }
    if (*rc::gen::inRange(0, 8) != 0) continue;
    const uint64_t count = entries.count();
    const uint64_t had = said;
    Apply(entries.Take(SubjectEntries::Then::kGoOn), &before, &read, &said);
    RC_ASSERT(said - had == count);
    RC_ASSERT(read == truth);
    last.clear();
  }
  Apply(entries.Take(), &before, &read, &said);
  RC_ASSERT(read == truth);
  RC_ASSERT(said == runs);
}

}  // namespace
}  // namespace dunlin::file
