// Stands in for monitor.cc and closed_ring.cc until they land: every page is answered 501, and closed
// connections are not kept. To be deleted with the change that brings them.
#include "engine/monitor/monitor.h"

namespace dunlin::monitor {

class Job {};

ClosedRing::ClosedRing(Options options) : options_(options) {}
void ClosedRing::Add(const ConnInfo&, std::span<const SubInfo>, WallTime, CloseReason) { ++total_; }

Monitor::Monitor(Options options) : options_(options) {}
Monitor::~Monitor() = default;
void Monitor::OnRequest(Ticket ticket, std::string_view target) {
  waiting_.push_back({ticket, std::string(target)});
}
void Monitor::OnGone(Ticket) {}
void Monitor::Work(Source&, MonitorOutput* out) {
  for (const Waiting& waiting : waiting_) {
    out->replies.push_back({waiting.ticket, true, true, 501, kTextType, "not implemented yet\n"});
  }
  waiting_.clear();
}
std::span<const std::string_view> Endpoints() {
  static constexpr std::string_view kAll[] = {"/"};
  return kAll;
}

}  // namespace dunlin::monitor
