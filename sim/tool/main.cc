// dunlin-sim: runs scenarios and seeded plans in the simulator. See Usage below.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mutant.h"
#include "sim/plan/plan.h"
#include "sim/plan/run.h"
#include "sim/plan/shrink.h"
#include "sim/tool/mutants.h"
#include "sim/tool/planted.h"
#include "sim/tool/run_scenarios.h"
#include "sim/tool/shell.h"
#include "sim/tool/store.h"

namespace dunlin::sim {
namespace {

constexpr char kUsage[] =
    "dunlin-sim --seed N               one seeded run; the last line is its hash\n"
    "dunlin-sim run [--seed N] FILE... scenarios (scenarios/README.md), each twice\n"
    "dunlin-sim plan N                 print what seed N expands into\n"
    "dunlin-sim replay PLANFILE        run a plan\n"
    "dunlin-sim campaign [--minutes M] [--seeds N] [--first S]\n"
    "                                  many seeds, one after the other\n"
    "dunlin-sim shrink N | PLANFILE    find a smaller plan that fails in the same way\n"
    "dunlin-sim store --seed N         one seeded run of journal and stores on a disk that fails\n"
    "dunlin-sim store [--minutes M] [--seeds N] [--first S]\n"
    "                                  many of them\n"
    "dunlin-sim stories --seed N [--shrink | --print]\n"
    "                                  a story of stores, from a seed; shorter, or whole, as a "
    "file\n"
    "dunlin-sim stories [--minutes M] [--seeds N] [--first S]\n"
    "                                  many of them\n"
    "dunlin-sim planted FOLDER [--seeds N] [--only K]\n"
    "                                  each planted bug of storage: its story in FOLDER, and what "
    "it\n"
    "                                  costs to find it in at most N seeds\n"
    "dunlin-sim mutants [--seeds N] [--only K]\n"
    "                                  what it costs to find each planted bug, at most N seeds "
    "each\n"
    "\n"
    "  --trace      print every event and effect\n"
    "  --mutant K   with planted bug K (sim/mutants.tsv)\n"
    "\n"
    "Exit code: 0 passed, 1 failed, 2 called wrongly.\n";

struct Arguments {
  std::string command;
  std::vector<std::string> files;
  std::optional<uint64_t> seed;
  std::optional<uint64_t> seeds;
  std::optional<double> minutes;
  uint64_t first = 1;
  int mutant = 0;
  int only = 0;
  bool trace = false;
  bool shrink = false;
  bool print = false;
};

class PrintingSink : public TraceSink {
 public:
  void OnRecord(const TraceRecord& record, std::string_view content) override {
    std::printf("%s\n", FormatTraceRecord(record, content).c_str());
  }
};

std::string MutantFlag() {
  return mutant_switched_on == 0 ? "" : " --mutant " + std::to_string(mutant_switched_on);
}

std::string ReproduceSeed(uint64_t seed) {
  return "reproduce: dunlin-sim --seed " + std::to_string(seed) + MutantFlag() + "\n";
}

void PrintFailure(const RunResult& result) {
  std::printf("--- last events\n%s", result.last_records.c_str());
  constexpr size_t kLogBytes = 4000;
  const std::string& log = result.server_log;
  std::printf("--- the server's log, its end\n%s",
              log.substr(log.size() > kLogBytes ? log.size() - kLogBytes : 0).c_str());
  std::printf("--- the server\n%s", result.server_state.c_str());
  std::printf("--- failures\n");
  for (size_t i = 0; i < result.failures.size() && i < 10; ++i) {
    const Failure& failure = result.failures[i];
    std::printf("%.6f %s: %s\n", static_cast<double>(failure.at.ns) / 1e9,
                failure.invariant.c_str(), failure.text.c_str());
  }
}

int RunOne(const Plan& plan, const std::string& reproduce, bool trace) {
  SetLastWords(reproduce);
  PrintingSink sink;
  const RunResult result = RunPlan(plan, trace ? &sink : nullptr);
  if (!result.failures.empty()) PrintFailure(result);
  std::printf(
      "%s: %.3f s simulated, %llu connections, %llu subscriptions, %llu published, %llu "
      "delivered, %llu records\n",
      result.failures.empty() ? "passed" : "FAILED", static_cast<double>(result.simulated.ns) / 1e9,
      static_cast<unsigned long long>(result.connections),
      static_cast<unsigned long long>(result.subscriptions),
      static_cast<unsigned long long>(result.published),
      static_cast<unsigned long long>(result.delivered),
      static_cast<unsigned long long>(result.records));
  if (!result.failures.empty()) std::printf("%s", reproduce.c_str());
  std::printf("hash %016llx\n", static_cast<unsigned long long>(result.hash));
  return result.failures.empty() ? 0 : 1;
}

int RunCampaign(const Arguments& arguments) {
  const double start = RealSeconds();
  const double end = start + arguments.minutes.value_or(arguments.seeds ? 1e9 : 1.0) * 60;
  const uint64_t seeds_max = arguments.seeds.value_or(UINT64_MAX);
  uint64_t seeds = 0, failed = 0, published = 0, delivered = 0;
  double simulated = 0;
  for (; seeds < seeds_max && RealSeconds() < end; ++seeds) {
    const uint64_t seed = arguments.first + seeds;
    SetLastWords(ReproduceSeed(seed));
    const RunResult result = RunPlan(ExpandPlan(seed));
    simulated += static_cast<double>(result.simulated.ns) / 1e9;
    published += result.published;
    delivered += result.delivered;
    if (result.failures.empty()) continue;
    ++failed;
    std::printf("FAILED %s: %s\n%s", result.failures[0].invariant.c_str(),
                result.failures[0].text.c_str(), ReproduceSeed(seed).c_str());
    std::fflush(stdout);
  }
  const double real = RealSeconds() - start;
  std::printf(
      "%llu seeds, %llu failed, %.0f seeds/min, simulated:real %.0f:1, %llu published, "
      "%llu delivered\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(failed),
      static_cast<double>(seeds) / real * 60, simulated / real,
      static_cast<unsigned long long>(published), static_cast<unsigned long long>(delivered));
  return failed == 0 ? 0 : 1;
}

// A plan from a file, or from a seed where the argument is a number.
std::optional<Plan> LoadPlan(const std::string& name) {
  if (name.find_first_not_of("0123456789") == std::string::npos) {
    return ExpandPlan(std::strtoull(name.c_str(), nullptr, 10));
  }
  const std::optional<std::string> text = ReadWholeFile(name);
  if (!text) {
    std::fprintf(stderr, "dunlin-sim: can't read %s\n", name.c_str());
    return std::nullopt;
  }
  Plan plan;
  std::string error;
  if (ParsePlan(*text, &plan, &error)) return plan;
  std::fprintf(stderr, "%s: %s\n", name.c_str(), error.c_str());
  return std::nullopt;
}

int ShrinkCore(const std::string& name) {
  const std::optional<Plan> plan = LoadPlan(name);
  if (!plan) return 2;
  const std::optional<Plan> smaller = ShrinkPlan(*plan);
  if (!smaller) {
    std::fprintf(stderr, "dunlin-sim: this plan does not fail\n");
    return 2;
  }
  std::printf("%s", FormatPlan(*smaller).c_str());
  return 1;
}

std::optional<Arguments> Parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--trace") {
      out.trace = true;
    } else if (word == "--shrink") {
      out.shrink = true;
    } else if (word == "--print") {
      out.print = true;
    } else if (word.starts_with("--")) {
      if (value == nullptr) return std::nullopt;
      ++i;
      if (word == "--seed") {
        out.seed = std::strtoull(value, nullptr, 10);
      } else if (word == "--seeds") {
        out.seeds = std::strtoull(value, nullptr, 10);
      } else if (word == "--first") {
        out.first = std::strtoull(value, nullptr, 10);
      } else if (word == "--minutes") {
        out.minutes = std::strtod(value, nullptr);
      } else if (word == "--mutant") {
        out.mutant = std::atoi(value);
      } else if (word == "--only") {
        out.only = std::atoi(value);
      } else {
        return std::nullopt;
      }
    } else if (out.command.empty()) {
      out.command = word;
    } else {
      out.files.emplace_back(word);
    }
  }
  return out;
}

int Main(int argc, char** argv) {
  const std::optional<Arguments> arguments = Parse(argc, argv);
  if (arguments) {
    mutant_switched_on = arguments->mutant;
    const std::string& command = arguments->command;
    if (command.empty() && arguments->seed) {
      return RunOne(ExpandPlan(*arguments->seed), ReproduceSeed(*arguments->seed),
                    arguments->trace);
    }
    if (command == "campaign") return RunCampaign(*arguments);
    if (command == "store" && arguments->seed) return RunOneStoreSeed(*arguments->seed);
    if (command == "stories" && arguments->seed) {
      return RunOneStory(*arguments->seed, arguments->shrink  ? Shrink::kYes
                                           : arguments->print ? Shrink::kPrint
                                                              : Shrink::kNo);
    }
    if (command == "stories") {
      const double minutes = arguments->minutes.value_or(arguments->seeds ? 1e9 : 1.0);
      return RunStories(arguments->first, arguments->seeds.value_or(UINT64_MAX), minutes * 60);
    }
    if (command == "store") {
      const double minutes = arguments->minutes.value_or(arguments->seeds ? 1e9 : 1.0);
      return RunStoreCampaign(arguments->first, arguments->seeds.value_or(UINT64_MAX),
                              minutes * 60);
    }
    if (command == "planted" && arguments->files.size() == 1) {
      return CheckPlanted(arguments->files[0], arguments->seeds.value_or(0), arguments->only);
    }
    if (command == "mutants") return FindMutants(arguments->seeds.value_or(300), arguments->only);
    if (command == "run" && !arguments->files.empty()) {
      PrintingSink sink;
      return RunScenarios(arguments->files, arguments->seed.value_or(1),
                          arguments->trace ? &sink : nullptr);
    }
    if (arguments->files.size() == 1) {
      const std::string& name = arguments->files[0];
      if (command == "shrink") return ShrinkCore(name);
      if (command == "plan" || command == "replay") {
        const std::optional<Plan> plan = LoadPlan(name);
        if (!plan) return 2;
        if (command == "replay") {
          return RunOne(*plan, "reproduce: dunlin-sim replay " + name + MutantFlag() + "\n",
                        arguments->trace);
        }
        std::printf("%s", FormatPlan(*plan).c_str());
        return 0;
      }
    }
  }
  std::fprintf(stderr, "%s", kUsage);
  return 2;
}

}  // namespace
}  // namespace dunlin::sim

int main(int argc, char** argv) { return dunlin::sim::Main(argc, argv); }
