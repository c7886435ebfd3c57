#include "engine/monitor/monitor.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/monitor/connz.h"
#include "engine/monitor/job.h"
#include "engine/monitor/pages.h"
#include "engine/monitor/subsz.h"

namespace dunlin::monitor {
namespace {

// Text of a long page is passed on in pieces of at least this size: a shorter page is one part.
constexpr size_t kPartBytesMin = 2049;
// What a page that is made in one go is taken to cost.
constexpr size_t kPageCost = 500;

enum class Endpoint : uint8_t {
  kRoot,
  kVarz,
  kConnz,
  kRoutez,
  kGatewayz,
  kLeafz,
  kSubsz,
  kSubscriptionsz,  // The same as kSubsz.
  kStacksz,
  kAccountz,
  kAccountStatz,
  kJsz,
  kHealthz,
  kIpQueuesz,
  kRaftz,
  kExpvar,
};

constexpr std::string_view kPaths[] = {
    "/",        "/varz",           "/connz",   "/routez",     "/gatewayz", "/leafz",
    "/subsz",   "/subscriptionsz", "/stacksz", "/accountz",   "/accstatz", "/jsz",
    "/healthz", "/ipqueuesz",      "/raftz",   "/debug/vars",
};
static_assert(std::size(kPaths) == static_cast<size_t>(Endpoint::kExpvar) + 1);

// The name under which a request is counted; empty: it is not, in the reference either.
std::string_view CountedAs(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kSubscriptionsz: return "/subsz";
    case Endpoint::kStacksz:
    case Endpoint::kIpQueuesz:
    case Endpoint::kRaftz:
    case Endpoint::kExpvar: return {};
    default: return kPaths[static_cast<size_t>(endpoint)];
  }
}

// The reference counts these only once their parameters are understood.
bool IsCountedLate(Endpoint endpoint) {
  return endpoint == Endpoint::kConnz || endpoint == Endpoint::kRoutez;
}

}  // namespace

std::span<const std::string_view> Endpoints() { return kPaths; }

// What a request led to: a page, or the work that will make one.
struct Monitor::Begun {
  Page page;
  std::unique_ptr<Job> job;
};

Monitor::Monitor(Options options) : options_(std::move(options)) {}
Monitor::~Monitor() = default;

void Monitor::OnRequest(Ticket ticket, std::string_view target) {
  if (waiting_.size() >= options_.requests_max) {
    refused_.push_back({ticket, 503});
  } else if (target.size() > options_.target_bytes_max) {
    refused_.push_back({ticket, 414});
  } else {
    waiting_.push_back({ticket, std::string(target)});
  }
}

void Monitor::OnGone(Ticket ticket) {
  if (!waiting_.empty() && waiting_.front().ticket == ticket) FinishFirst();
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.ticket == ticket; });
  std::erase_if(refused_, [&](const Refused& refused) { return refused.ticket == ticket; });
}

void Monitor::FinishFirst() {
  waiting_.pop_front();
  job_.reset();
  text_.clear();
  head_sent_ = false;
}

void Monitor::Count(std::string_view path) {
  if (path.empty()) return;
  const auto found = requests_.find(path);
  if (found == requests_.end()) {
    requests_.emplace(path, 1);
  } else {
    ++found->second;
  }
}

Monitor::Begun Monitor::Begin(Source& source, std::string_view target) {
  const size_t mark = std::min(target.find('?'), target.size());
  const auto found = std::find(std::begin(kPaths), std::end(kPaths), target.substr(0, mark));
  if (found == std::end(kPaths)) return {ErrorPage(404, "404 page not found\n"), nullptr};
  const Endpoint endpoint = static_cast<Endpoint>(found - std::begin(kPaths));
  Query query(target.substr(std::min(mark + 1, target.size())));
  if (!IsCountedLate(endpoint)) Count(CountedAs(endpoint));
  switch (endpoint) {
    case Endpoint::kConnz: return BeginConnz(source, &query);
    case Endpoint::kSubsz:
    case Endpoint::kSubscriptionsz: {
      SubszOptions options = ReadSubszQuery(&query);
      if (query.failed()) return {ErrorPage(400, query.error()), nullptr};
      return {JsonPage({}), MakeSubszJob(std::move(options))};
    }
    case Endpoint::kRoutez: {
      (void)ReadSubsShown(&query);
      if (query.failed()) return {ErrorPage(400, query.error()), nullptr};
      Count(CountedAs(endpoint));
      return {RoutezPage(source.Facts()), nullptr};
    }
    case Endpoint::kRoot: return {RootPage(source.Facts(), options_.base_path), nullptr};
    case Endpoint::kVarz: return {VarzPage(source.Facts(), requests_), nullptr};
    case Endpoint::kGatewayz: return {GatewayzPage(source.Facts(), &query), nullptr};
    case Endpoint::kLeafz: return {LeafzPage(source.Facts(), &query), nullptr};
    case Endpoint::kAccountz: return {AccountzPage(source.Facts(), &query), nullptr};
    case Endpoint::kAccountStatz: return {AccountStatzPage(source.Facts(), &query), nullptr};
    case Endpoint::kJsz: return {JszPage(source.Facts(), &query), nullptr};
    case Endpoint::kHealthz: return {HealthzPage(source.Facts(), &query), nullptr};
    case Endpoint::kIpQueuesz: return {IpQueueszPage(&query), nullptr};
    case Endpoint::kRaftz: return {RaftzPage(), nullptr};
    case Endpoint::kStacksz: return {StackszPage(), nullptr};
    case Endpoint::kExpvar: return {ExpvarPage(source.Facts()), nullptr};
  }
  return {};
}

Monitor::Begun Monitor::BeginConnz(Source& source, Query* query) {
  ConnzOptions options = ReadConnzQuery(query);
  if (query->failed()) return {ErrorPage(400, query->error()), nullptr};
  Count(CountedAs(Endpoint::kConnz));
  ReadConnzSort(query, &options);
  if (query->failed()) return {ErrorPage(400, query->error()), nullptr};
  if (!options.account.empty()) {
    const ServerFacts facts = source.Facts();
    const bool known =
        std::any_of(facts.accounts.begin(), facts.accounts.end(),
                    [&](const AccountFacts& a) { return a.name == options.account; });
    if (!known) return {JsonPage(ConnzOfUnknownAccount(options, facts.now.wall)), nullptr};
  }
  return {JsonPage({}), MakeConnzJob(std::move(options))};
}

void Monitor::Work(Source& source, MonitorOutput* out, size_t budget) {
  for (const Refused& refused : refused_) {
    ReplyPart part;
    part.ticket = refused.ticket;
    part.status = refused.status;
    part.content_type = kTextType;
    part.text = refused.status == 503 ? "too many requests\n" : "request target too long\n";
    out->replies.push_back(std::move(part));
  }
  refused_.clear();
  while (!waiting_.empty() && budget > 0) {
    if (!job_) {
      Begun begun = Begin(source, waiting_.front().target);
      std::move(begun.page.warnings.begin(), begun.page.warnings.end(),
                std::back_inserter(out->warnings));
      budget -= std::min(budget, kPageCost);
      job_ = std::move(begun.job);
      if (!job_) {
        ReplyPart part;
        part.ticket = waiting_.front().ticket;
        part.status = begun.page.status;
        part.content_type = begun.page.content_type;
        part.text = std::move(begun.page.body);
        out->replies.push_back(std::move(part));
        FinishFirst();
        continue;
      }
    }
    WorkOnJob(source, out, &budget);
  }
}

void Monitor::WorkOnJob(Source& source, MonitorOutput* out, size_t* budget) {
  const bool done = job_->Continue(source, budget, &text_);
  if (!done && text_.size() < kPartBytesMin) return;
  ReplyPart part;
  part.ticket = waiting_.front().ticket;
  part.first = !std::exchange(head_sent_, true);
  part.last = done;
  part.text = std::exchange(text_, {});
  out->replies.push_back(std::move(part));
  if (done) FinishFirst();
}

void Monitor::Work(Source& source, MonitorOutput* out) { Work(source, out, kSliceBudget); }

}  // namespace dunlin::monitor
