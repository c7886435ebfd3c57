#include "engine/monitor/closed_ring.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace dunlin::monitor {
namespace {

// Copies the text of 'view' to 'at', lets 'view' point there, and moves 'at' on.
void Keep(std::string_view* view, char** at) {
  if (!view->empty()) std::memcpy(*at, view->data(), view->size());
  *view = {*at, view->size()};
  *at += view->size();
}

}  // namespace

ClosedConn::ClosedConn(const ConnInfo& info, std::span<const SubInfo> subs, WallTime stop,
                       CloseReason reason)
    : info_(info), stop_(stop), reason_(reason), subs_(subs.begin(), subs.end()) {
  std::string_view* const texts[] = {
      &info_.kind,    &info_.type,        &info_.ip,
      &info_.name,    &info_.lang,        &info_.version,
      &info_.user,    &info_.tls_version, &info_.tls_cipher_suite,
      &info_.account, &info_.mqtt_client,
  };
  size_t size = 0;
  for (const std::string_view* text : texts) size += text->size();
  texts_ = std::make_unique<char[]>(size);
  char* at = texts_.get();
  for (std::string_view* text : texts) Keep(text, &at);

  size = 0;
  for (const SubInfo& sub : subs_) size += sub.subject.size() + sub.queue.size() + sub.sid.size();
  sub_texts_ = std::make_unique<char[]>(size);
  at = sub_texts_.get();
  for (SubInfo& sub : subs_) {
    Keep(&sub.subject, &at);
    Keep(&sub.queue, &at);
    Keep(&sub.sid, &at);
    sub.max = 0;  // The reference forgets it when it closes.
  }
  subs_bytes_ = size + subs_.size() * sizeof(SubInfo);
}

void ClosedConn::DropSubs() {
  subs_ = {};
  sub_texts_.reset();
  subs_bytes_ = 0;
}

ClosedRing::ClosedRing(Options options) : options_(options) {}

void ClosedRing::Add(const ConnInfo& info, std::span<const SubInfo> subs, WallTime stop,
                     CloseReason reason) {
  ++total_;
  if (options_.conns_max == 0) return;
  conns_.emplace_back(info, subs.first(std::min(subs.size(), options_.subs_per_conn_max)), stop,
                      reason);
  subs_bytes_ += conns_.back().subs_bytes();
  if (conns_.size() > options_.conns_max) {
    subs_bytes_ -= conns_.front().subs_bytes();
    conns_.pop_front();
  }
  const uint64_t first = total_ - conns_.size();
  subs_from_ = std::max(subs_from_, first);
  for (; subs_bytes_ > options_.subs_bytes_max && subs_from_ < total_; ++subs_from_) {
    ClosedConn& oldest = conns_[subs_from_ - first];
    subs_bytes_ -= oldest.subs_bytes();
    oldest.DropSubs();
  }
}

const ClosedConn* ClosedRing::Find(uint64_t number) const {
  const uint64_t first = total_ - conns_.size();
  return number < first || number >= total_ ? nullptr : &conns_[number - first];
}

const ClosedConn* ClosedRing::FindCid(uint64_t cid) const {
  const auto found = std::find_if(conns_.rbegin(), conns_.rend(),
                                  [&](const ClosedConn& conn) { return conn.info().cid == cid; });
  return found == conns_.rend() ? nullptr : &*found;
}

void ClosedRing::CheckInvariants() const {
  CHECK(conns_.size() <= options_.conns_max && conns_.size() <= total_);
  size_t bytes = 0;
  for (const ClosedConn& conn : conns_) bytes += conn.subs_bytes();
  CHECK(bytes == subs_bytes_ && bytes <= options_.subs_bytes_max);
}

}  // namespace dunlin::monitor
