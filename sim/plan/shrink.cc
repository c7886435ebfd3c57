#include "sim/plan/shrink.h"

#include <string>
#include <utility>
#include <vector>

#include "sim/plan/run.h"

namespace dunlin::sim {
namespace {

class Shrinker {
 public:
  Shrinker(Plan plan, std::string invariant)
      : best_(std::move(plan)), invariant_(std::move(invariant)) {}

  Plan Shrink() {
    bool smaller = true;
    while (smaller && runs_ < kRunsMax) {
      smaller = DropItems(&Plan::faults);
      smaller |= DropItems(&Plan::clients);
      smaller |= Simplify();
      smaller |= Shorten();
    }
    return best_;
  }

 private:
  static constexpr int kRunsMax = 600;

  // Keeps 'candidate' if it fails in the same way.
  bool Try(const Plan& candidate) {
    if (runs_ >= kRunsMax) return false;
    ++runs_;
    const RunResult result = RunPlan(candidate);
    if (result.failures.empty() || result.failures[0].invariant != invariant_) return false;
    best_ = candidate;
    return true;
  }

  // Drops chunks of items, halving the chunk: delta debugging without the complements.
  template <typename Item>
  bool DropItems(std::vector<Item> Plan::*items) {
    bool smaller = false;
    for (size_t chunk = (best_.*items).size(); chunk > 0; chunk /= 2) {
      for (size_t at = 0; at < (best_.*items).size();) {
        Plan candidate = best_;
        std::vector<Item>& list = candidate.*items;
        const size_t end = std::min(list.size(), at + chunk);
        list.erase(list.begin() + static_cast<ptrdiff_t>(at),
                   list.begin() + static_cast<ptrdiff_t>(end));
        if (Try(candidate)) {
          smaller = true;
        } else {
          at += chunk;
        }
      }
    }
    return smaller;
  }

  bool Simplify() {
    bool smaller = false;
    const auto try_change = [&](auto change) {
      Plan candidate = best_;
      change(candidate);
      if (FormatPlan(candidate) != FormatPlan(best_)) smaller |= Try(candidate);
    };
    try_change([](Plan& plan) { plan.jitter = false; });
    try_change([](Plan& plan) { plan.tiny_knobs = false; });
    try_change([](Plan& plan) { plan.link = {}; });
    try_change([](Plan& plan) { plan.server = {}; });
    try_change([](Plan& plan) { plan.check_invariants_one_in = 0; });
    for (size_t i = 0; i < best_.clients.size(); ++i) {
      try_change([i](Plan& plan) { plan.clients[i].verbose = plan.clients[i].pedantic = false; });
      try_change([i](Plan& plan) { plan.clients[i].sloppy_percent = 0; });
      try_change([i](Plan& plan) { plan.clients[i].headers_percent = 0; });
      try_change([i](Plan& plan) { plan.clients[i].rude = 0; });
      try_change([i](Plan& plan) { plan.clients[i].leave = 0; });
      try_change([i](Plan& plan) { plan.clients[i].request = 0; });
      try_change([i](Plan& plan) { plan.clients[i].respond_percent = 0; });
      try_change([i](Plan& plan) { plan.clients[i].queue_percent = 0; });
      try_change([i](Plan& plan) { plan.clients[i].unsubscribe = 0; });
      try_change([i](Plan& plan) { plan.clients[i].payload_max /= 2; });
      try_change(
          [i](Plan& plan) { plan.clients[i].burst_max = 1 + plan.clients[i].burst_max / 2; });
    }
    return smaller;
  }

  bool Shorten() {
    Plan candidate = best_;
    candidate.length = candidate.length / 2;
    return candidate.length >= Millis(10) && Try(candidate);
  }

  Plan best_;
  const std::string invariant_;
  int runs_ = 0;
};

}  // namespace

std::optional<Plan> ShrinkPlan(const Plan& plan) {
  const RunResult result = RunPlan(plan);
  if (result.failures.empty()) return std::nullopt;
  return Shrinker(plan, result.failures[0].invariant).Shrink();
}

}  // namespace dunlin::sim
