// Who may come in: ClientHub's policy for logins. A password that the config has as a hash is
// compared by the driver; until it has answered, nothing that the client sends is looked at.
#include "engine/base/quote.h"
#include "engine/base/secret.h"
#include "engine/config/password.h"
#include "engine/session/client_hub.h"

namespace dunlin::session {
// What the config wants, and what the client has given for it.
std::pair<std::string_view, std::string_view> ClientHub::SecretsOf(const Client& client) const {
  const wire::Credentials& given = client.options.creds();
  if (!options_.authorization.empty()) return {options_.authorization, given.auth_token};
  return {options_.password, given.pass};
}

ClientHub::Login ClientHub::Authenticate(const Client& client) const {
  if (options_.authorization.empty()) {
    if (options_.username.empty()) return Login::kGranted;
    if (!SameSecret(client.options.creds().user, options_.username)) return Login::kRefused;
  }
  const auto [wanted, given] = SecretsOf(client);
  if (config::LooksLikeBcrypt(wanted)) return Login::kSlowToTell;
  return SameSecret(given, wanted) ? Login::kGranted : Login::kRefused;
}

void ClientHub::StartCheck(Client* client, bool first_connect) {
  // With so many before it its time would be up anyway.
  if (!checks_.Add(client->conn, first_connect)) return OnAuthTimer(client);
  HoldClient(client, Hold::kChecking);
  client->wait_timer.kind = static_cast<uint8_t>(TimerKind::kAuth);
  timers_.Arm(&client->wait_timer, now_.mono + options_.auth_timeout);
  AskForChecks();
}

void ClientHub::AskForChecks() {
  while (const auto check = checks_.Start()) {
    const auto [wanted, given] = SecretsOf(*Find(check->conn));
    out_->Compute(check->ticket, Computation::kBcryptMatches, wanted, given);
  }
}

void ClientHub::Computed(Ticket ticket, bool yes) {
  const auto check = checks_.Finish(ticket);
  AskForChecks();
  if (!check) return;  // The client has gone.
  Client* const client = Find(check->conn);
  timers_.Disarm(&client->wait_timer);
  client->hold = client->subs_going ? Hold::kLeaving : Hold::kNone;
  if (!yes) return AuthViolation(client);
  FinishConnect(client, check->first_connect);
  if (client->hold == Hold::kNone) Resume(client);
}

void ClientHub::AuthViolation(Client* client) {
  const wire::Credentials& given = client->options.creds();
  std::string who;
  if (!given.user.empty()) {
    who = " - User " + GoQuote(given.user);
  } else if (!given.auth_token.empty()) {
    who = " - Token \"[REDACTED]\"";
  }
  Log(LogLevel::kError, *client, "authentication error" + who);
  SendError(client, "Authorization Violation");
  Close(client, CloseReason::kAuthenticationViolation);
}

}  // namespace dunlin::session
