// What clients did and saw, as the checkers are told it.
//
// The clients' view only: nothing here comes from the engine's insides. "Known" always means "a
// PONG came for a PING that was sent behind it", so the server has certainly carried it out before
// that moment.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace dunlin::sim {

// Indexes into History's tables. Dense, in order of creation.
using ConnIndex = uint32_t;
using SubIndex = uint32_t;
using MessageIndex = uint32_t;

inline constexpr uint32_t kNone = UINT32_MAX;

// One connection of a client; a client that comes back has another one.
struct ConnRecord {
  std::string client;
  bool echo = true;
  bool headers = true;
  bool no_responders = false;
  Instant since{};
  Instant ended = kNever;
  // A fault touched it (or its server), or a limit of the plan is so tight that the server may end
  // it: whatever happens to the connection is right. What is said on it must still be right.
  bool excused = false;
  // A fault touched it: no answer is expected before all is healed.
  bool faulted = false;
  // A fault lets nothing through any more, and does not tell: no answer can be expected.
  bool unreachable = false;
  Instant ping_sent = kNever;  // The oldest PING without PONG.
  Instant heard{};             // When a byte came last.
};

struct SubRecord {
  ConnIndex conn = 0;
  std::string sid;
  std::string pattern;
  std::string queue;  // Empty: none.
  Instant sent;
  Instant known = kNever;
  Instant unsub_sent = kNever;   // UNSUB, with or without a maximum.
  Instant unsub_known = kNever;  // ... carried out.
  bool doubtful = false;         // It may have been refused: never known.
  uint64_t max = 0;              // Of the UNSUB; 0: at once.
  uint64_t deliveries = 0;
  uint64_t deliveries_when_unsub_known = 0;

  // The server had carried out SUB for certain by 'at', and nobody has asked to end it.
  bool CertainlySince(Instant at) const { return known <= at && unsub_sent == kNever; }
  // The server may no longer know it.
  bool CertainlyGone() const { return unsub_known != kNever && (max == 0 || deliveries >= max); }
};

struct MessageRecord {
  ConnIndex conn = 0;
  uint64_t seq = 0;  // Among those of the connection, from 1.
  std::string subject;
  std::string reply;
  uint64_t headers_hash = 0;  // 0: none.
  uint64_t payload_hash = 0;
  uint32_t payload_size = 0;
  Instant sent;
  Instant known = kNever;
};

// One message as it came.
struct Delivery {
  ConnIndex conn = 0;
  std::string_view sid;
  MessageIndex message = kNone;  // kNone: it is none that was ever sent.
  std::string_view subject;
  std::string_view reply;
  uint64_t headers_hash = 0;
  uint64_t payload_hash = 0;
  uint32_t payload_size = 0;
};

struct Violation {
  Instant at;
  std::string_view invariant;
  std::string text;
};

class History;

// One invariant. Told of everything, after the tables of History have it.
class Checker {
 public:
  virtual ~Checker() = default;
  virtual void OnSubscribed(ConnIndex, SubIndex) {}  // SUB was sent.
  virtual void OnSubscribeKnown(SubIndex) {}
  virtual void OnUnsubscribed(SubIndex) {}   // UNSUB was sent.
  virtual void OnPublished(MessageIndex) {}  // PUB or HPUB was sent.
  virtual void OnPublishKnown(MessageIndex) {}
  // 'sub' is kNone if the connection has no subscription with this sid.
  virtual void OnDelivered(const Delivery&, SubIndex) {}
  virtual void OnNoResponders(ConnIndex, std::string_view /*reply*/) {}
  // The PONG for the PING that was sent at 'ping_sent'.
  virtual void OnPong(ConnIndex, Instant /*ping_sent*/) {}
  virtual void OnError(ConnIndex, std::string_view /*words*/) {}
  // The connection is over, and not by its client's wish.
  virtual void OnEnded(ConnIndex) {}
  virtual void OnLeft(ConnIndex) {}  // ... by its client's wish.
  virtual void OnTime() {}           // Now and then.
  virtual void OnFinish() {}         // Everything has settled; nothing comes after it.
};

class History {
 public:
  History();
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  void AddChecker(std::unique_ptr<Checker> checker);

  // ---- Told by clients, in the order in which it happens.
  void SetNow(Instant now) { now_ = now; }
  ConnIndex Connected(ConnRecord record);
  // A fault touched the connection.
  void Excuse(ConnIndex conn) { conns_[conn].excused = conns_[conn].faulted = true; }
  void MakeUnreachable(ConnIndex conn) {
    Excuse(conn);
    conns_[conn].unreachable = true;
  }
  // From now on no fault is at work, so that everything reachable has to answer.
  void Healed() { healed_ = now_; }
  SubIndex Subscribed(ConnIndex conn, std::string_view sid, std::string_view pattern,
                      std::string_view queue);
  void Unsubscribed(SubIndex sub, uint64_t max);
  // The server refused a subscription of 'conn' and did not say which: none that is not known yet
  // ever will be.
  void SubscriptionRefused(ConnIndex conn);
  MessageIndex Published(MessageRecord record);
  // Bytes came; what they mean is told by the calls below.
  void Heard(ConnIndex conn) { conns_[conn].heard = now_; }
  void PingSent(ConnIndex conn);
  // Everything that the connection sent before its PING of 'ping_sent' is known.
  void Pong(ConnIndex conn, Instant ping_sent);
  void Delivered(const Delivery& delivery);
  void NoResponders(ConnIndex conn, std::string_view reply);
  void Error(ConnIndex conn, std::string_view words);
  void Ended(ConnIndex conn);
  void Left(ConnIndex conn);
  void Time();
  void Finish();

  // ---- For checkers.
  Instant now() const { return now_; }
  const std::vector<ConnRecord>& conns() const { return conns_; }
  const std::vector<SubRecord>& subs() const { return subs_; }
  const std::vector<MessageRecord>& messages() const { return messages_; }
  // Subscriptions of live connections that are not certainly gone.
  const std::vector<SubIndex>& live_subs() const { return live_subs_; }
  const std::vector<SubIndex>& subs_of(ConnIndex conn) const { return conn_subs_[conn]; }
  Instant healed() const { return healed_; }  // kNever: not yet.
  // The newest subscription of 'conn' with this sid; kNone if there never was one.
  SubIndex FindSub(ConnIndex conn, std::string_view sid) const;

  void Violate(std::string_view invariant, std::string text);
  const std::vector<Violation>& violations() const { return violations_; }
  uint64_t deliveries() const { return deliveries_; }

  // For messages to people.
  std::string NameOf(ConnIndex conn) const;
  std::string NameOfSub(SubIndex sub) const;
  std::string NameOfMessage(MessageIndex message) const;

 private:
  void Over(ConnIndex conn);
  // What one connection waits for a PONG to make certain, in order of sending.
  struct Unknown {
    enum class Kind : uint8_t { kSub, kUnsub, kMessage };
    Kind kind;
    uint32_t index;
    Instant sent;
  };

  Instant now_;
  Instant healed_ = kNever;
  std::vector<ConnRecord> conns_;
  std::vector<std::vector<Unknown>> unknown_;     // By connection.
  std::vector<std::vector<SubIndex>> conn_subs_;  // By connection.
  std::vector<std::vector<Instant>> pings_;       // By connection: sent, unanswered.
  std::vector<SubRecord> subs_;
  std::vector<SubIndex> live_subs_;
  std::vector<MessageRecord> messages_;
  std::vector<std::unique_ptr<Checker>> checkers_;
  std::vector<Violation> violations_;
  uint64_t deliveries_ = 0;
};

// Whether 'pattern' (with * and >) covers the literal 'subject'. The plain definition, token by
// token.
[[nodiscard]] bool SubjectMatches(std::string_view pattern, std::string_view subject);

}  // namespace dunlin::sim
