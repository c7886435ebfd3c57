// What the subject index costs: time of a look-up, worst call, memory. Run by hand, not by CI:
//
//   ninja -C build tests/bench/sublist_bench && build/tests/bench/sublist_bench
//
// Times are CPU time, and of look-ups the best of several rounds: the machine is shared.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/subject/sublist.h"

namespace dunlin::subject {
namespace {

constexpr int kRounds = 5;
constexpr size_t kLookups = 1'000'000;

// CPU time of this thread: what others on the machine take does not count, but for what they do to
// caches.
int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

std::vector<std::string> Subjects(size_t count) {
  std::vector<std::string> subjects(count);
  char text[32];
  for (size_t i = 0; i < count; ++i) {
    std::snprintf(text, sizeof text, "fleet.%02zu.%07zu.ab", i % 89, i);
    subjects[i] = text;  // 19 bytes.
  }
  return subjects;
}

enum class Interest { kLiterals, kPattern, kBoth };

// Nanoseconds of a Match() over 'count' subjects in random order.
double MatchNs(size_t count, Interest interest, Sublist::Options options) {
  const std::vector<std::string> subjects = Subjects(count);
  Sublist list(options);
  for (SubRef i = 0; interest != Interest::kPattern && i < count; ++i)
    (void)list.Insert(subjects[i], "", i);
  if (interest != Interest::kLiterals) (void)list.Insert("fleet.*.*.ab", "", 1);
  // Texts lie in one buffer in the order in which they are asked for, as in a read buffer.
  Rng rng(1);
  std::string buffer;
  std::vector<std::string_view> asked(kLookups);
  buffer.reserve(kLookups * subjects[0].size());
  for (auto& subject : asked) {
    const std::string& text = subjects[rng.Below(count)];
    subject = {buffer.data() + buffer.size(), text.size()};
    buffer += text;
  }
  int64_t best = INT64_MAX;
  size_t reached = 0;
  for (int round = 0; round < kRounds; ++round) {
    const int64_t start = NowNs();
    for (const std::string_view subject : asked) reached += list.Match(subject).plain().size();
    best = std::min(best, NowNs() - start);
  }
  if (reached < kLookups) std::printf("wrong: %zu\n", reached);
  return static_cast<double>(best) / kLookups;
}

void Lookups() {
  std::printf("ns a Match()    literals   one pattern   both   both, no cache\n");
  for (const size_t count : {1u, 10u, 1000u, 10'000u, 100'000u, 1'000'000u}) {
    std::printf("%7zu subjects %8.1f %13.1f %6.1f %12.1f\n", count,
                MatchNs(count, Interest::kLiterals, {}), MatchNs(count, Interest::kPattern, {}),
                MatchNs(count, Interest::kBoth, {}),
                MatchNs(count, Interest::kBoth, {.cache = false}));
  }
}

// Without a clock in between, which costs as much as a call.
void Throughput(size_t count) {
  const std::vector<std::string> subjects = Subjects(count);
  std::vector<SubHandle> handles(count);
  Sublist list({});
  const int64_t start = NowNs();
  for (SubRef i = 0; i < count; ++i) handles[i] = list.Insert(subjects[i], "", i);
  const int64_t middle = NowNs();
  for (const SubHandle handle : handles) list.Remove(handle);
  const auto each = [count](int64_t ns) {
    return static_cast<long long>(ns) / static_cast<long long>(count);
  };
  std::printf("%zu literals: %lld ns an Insert(), %lld ns a Remove()\n", count,
              each(middle - start), each(NowNs() - middle));
}

void Changes(size_t count) {
  const std::vector<std::string> subjects = Subjects(count);
  std::vector<SubHandle> handles(count);
  std::vector<int64_t> times(count);
  const size_t resident = ResidentBytes();
  Sublist list({});
  const auto report = [&](const char* what) {
    std::sort(times.begin(), times.end());
    std::printf("%zu x %s: 99.99%% within %lld ns, worst %lld us\n", count, what,
                static_cast<long long>(times[count - count / 10'000]),
                static_cast<long long>(times.back() / 1000));
  };
  for (SubRef i = 0; i < count; ++i) {
    const int64_t start = NowNs();
    handles[i] = list.Insert(subjects[i], "", i);
    times[i] = NowNs() - start;
  }
  report("Insert()");
  std::printf("bytes a subscription: %.1f by its own count, %.1f resident\n",
              static_cast<double>(list.BytesUsed()) / static_cast<double>(count),
              static_cast<double>(ResidentBytes() - resident) / static_cast<double>(count));
  for (size_t i = 0; i < count; ++i) (void)list.Match(subjects[i]);
  std::printf("cache: %u results; all: %.1f bytes a subscription\n", list.Stats().num_cache,
              static_cast<double>(list.BytesUsed()) / static_cast<double>(count));
  for (size_t i = 0; i < count; ++i) {
    const int64_t start = NowNs();
    list.Remove(handles[i]);
    times[i] = NowNs() - start;
  }
  report("Remove()");
  std::printf("left: %zu bytes\n", list.BytesUsed());
}

void OneSubject(SubRef count) {
  Sublist list({});
  std::vector<SubHandle> handles(count);
  int64_t worst = 0;
  for (SubRef i = 0; i < count; ++i) {
    const int64_t start = NowNs();
    handles[i] = list.Insert("foo", "", i);
    worst = std::max(worst, NowNs() - start);
  }
  const int64_t start = NowNs();
  const size_t reached = list.Match("foo").plain().size();
  const int64_t first = NowNs() - start;
  int64_t worst_remove = 0;
  for (const SubHandle handle : handles) {
    const int64_t before = NowNs();
    list.Remove(handle);
    worst_remove = std::max(worst_remove, NowNs() - before);
  }
  std::printf(
      "%zu subscribers of one subject: worst Insert() %lld us, first Match() %lld us, worst "
      "Remove() %lld us\n",
      reached, static_cast<long long>(worst / 1000), static_cast<long long>(first / 1000),
      static_cast<long long>(worst_remove / 1000));
}

}  // namespace
}  // namespace dunlin::subject

int main() {
  dunlin::subject::Throughput(1'000'000);
  dunlin::subject::Changes(1'000'000);
  dunlin::subject::OneSubject(100'000);
  dunlin::subject::OneSubject(1'000'000);
  dunlin::subject::Lookups();
}
