#include "tests/differential/operations.h"

namespace dunlin::differential {
namespace {

// Subjects that no client may publish to, or that mean something to servers.
constexpr const char* kReserved[] = {"_R_.x",     "_GR_.x",  "_GR_.abc.def.x", "$NRG.x", "$NRG",
                                     "$JS.ACK.x", "$JS.ACK", "_INBOX.x",       "_R_",    "$GR.x",
                                     "$KV.b.k",   "$MQTT.x", "$LDS.x",         "_GR_",   "$GNR.x",
                                     "_R_.",      "_NS_.x",  "$JSC.x",         "$G.x"};
constexpr const char* kWrongSubjects[] = {
    ".a",     "a.",       "a..b", ".",     "..",   ">",    "*",   "a.>.b", "a.*",
    "a.>",    "*.b",      "a*",   "a>",    "a.b>", "a*.b", ">.",  "*.",    "\xff",
    "a\x01b", "\xc3\xa9", "a,b",  "\"a\"", "'",    "%s",   "a\\b"};
constexpr const char* kMembers[] = {"verbose",      "pedantic", "echo", "headers", "no_responders",
                                    "tls_required", "protocol", "name", "lang",    "version"};
constexpr const char* kOddMembers[] = {"\"VERBOSE\":true",
                                       "\"Echo\":false",
                                       "\"verbose\":null",
                                       "\"echo\":null",
                                       "\"protocol\":null",
                                       "\"protocol\":2",
                                       "\"protocol\":-1",
                                       "\"protocol\":1.0",
                                       "\"protocol\":1e0",
                                       "\"protocol\":\"1\"",
                                       "\"protocol\":99999999999999999999",
                                       "\"verbose\":1",
                                       "\"verbose\":\"true\"",
                                       "\"pedantic\":[]",
                                       "\"name\":1",
                                       "\"name\":null",
                                       "\"name\":\"\\u00e9\"",
                                       "\"name\":\"\\ud800\"",
                                       "\"name\":\"a\\/b\"",
                                       "\"x\":{\"y\":[1,2,{}]}",
                                       "\"x\":1e400",
                                       "\"x\":-0",
                                       "\"x\":01",
                                       "\"x\":tru",
                                       "\"echo\":true,\"echo\":false",
                                       "\"account\":\"A\"",
                                       "\"new_account\":true",
                                       "\"user\":\"u\"",
                                       "\"pass\":\"p\"",
                                       "\"auth_token\":\"no\"",
                                       "\"jwt\":\"x\"",
                                       "\"nkey\":\"x\"",
                                       "\"sig\":\"x\"",
                                       "\"ver\\u0062ose\":true",
                                       "\"\":1",
                                       "\"name\":\"a\tb\"",
                                       "\"name\":\"\xff\"",
                                       "'a':1",
                                       "\"lang\":\"go\",",
                                       ",",
                                       "\"verbose\" : true",
                                       "\"no_responders\":\"x\"",
                                       "\"import\":true",
                                       "\"export\":true",
                                       "\"tls_required\":1",
                                       "\"sig\":1",
                                       ("\"\xc5\xbf"
                                        "ig\":\"x\""),
                                       "\"nonce\":\"n\"",
                                       "\"proxy_sig\":\"x\"",
                                       "\"nonce\":1",
                                       "\"remote_account\":\"r\""};
constexpr const char* kOddConnects[] = {"",
                                        " ",
                                        "{",
                                        "}",
                                        "[]",
                                        "null",
                                        "true",
                                        "1",
                                        "\"a\"",
                                        "{}x",
                                        "{} {}",
                                        "{{}}",
                                        "{\"verbose\":true",
                                        "{\"verbose\"}",
                                        "{\"verbose\":}",
                                        "x{}",
                                        "{},",
                                        "{\"a\":1,}"};
constexpr const char* kRubbish[] = {"FOO\r\n",
                                    "P\r\n",
                                    "PI\r\n",
                                    "PUX\r\n",
                                    "SUBX a 1\r\n",
                                    "UNSUBX 1\r\n",
                                    "CONNECTX {}\r\n",
                                    "MSG a 1 0\r\n\r\n",
                                    "HMSG a 1 0\r\n",
                                    "HMSG a 1 12 12\r\nNATS/1.0\r\n\r\n\r\n",
                                    "RMSG $G a 0\r\n\r\n",
                                    "A+ $G\r\n",
                                    "RS+ a\r\n",
                                    "LS+ a\r\n",
                                    "\r\n",
                                    "\n",
                                    "\r",
                                    " \r\n",
                                    "\t",
                                    "-ERRX\r\n",
                                    "+OKX\r\n",
                                    "+\r\n",
                                    "-\r\n",
                                    "PINGPONG\r\n",
                                    "PING\n",
                                    "PONGX\r\n",
                                    "GET / HTTP/1.1\r\n\r\n",
                                    "\x16\x03\x01",
                                    "INFOX {}\r\n",
                                    "H\r\n",
                                    "HPUBX\r\n",
                                    "PUB",
                                    "SUB",
                                    "PUB\r\n",
                                    "SUB\r\n",
                                    "UNSUB\r\n",
                                    "HPUB\r\n",
                                    "CONNECT\r\n",
                                    "INFO\r\n",
                                    "PUB \r\n",
                                    "SUB \r\n",
                                    "UNSUB \r\n",
                                    "SUB  \n",
                                    "PUB a\r\n",
                                    "PUB a b c d\r\n",
                                    "SUB a\r\n",
                                    "SUB a b c d\r\n",
                                    "UNSUB 1 2 3\r\n",
                                    "HPUB a\r\n",
                                    "HPUB a 1\r\n",
                                    "HPUB a b 1 2 3\r\n",
                                    "-ERR\r\n",
                                    "INFO \r\n",
                                    "\xff\xfe",
                                    "PING PONG\r\n",
                                    "PUB\ta 0\r\n\r\n",
                                    "SUB\ta\t1\r\n",
                                    "CONNECT\t{}\r\n",
                                    "PUB a 0\n\r\n",
                                    "PUB a 0\r\n\n"};
constexpr const char* kHeaderBlocks[] = {"NATS/1.0\r\n\r\n",
                                         "NATS/1.0\r\nA: b\r\n\r\n",
                                         "NATS/1.0\r\nA: b\r\nA: c\r\n\r\n",
                                         "NATS/1.0 503\r\n\r\n",
                                         "NATS/1.0 100 Idle\r\n\r\n",
                                         "",
                                         "x",
                                         "\r\n\r\n",
                                         "NATS/1.0\r\n",
                                         "NATS/2.0\r\nA: b\r\n\r\n",
                                         "NATS/1.0\r\n: b\r\n\r\n",
                                         "NATS/1.0\r\nA b\r\n\r\n",
                                         "NATS/1.0\r\nTraceparent: x\r\n\r\n",
                                         "nats/1.0\r\na:b\r\n\r\n"};

}  // namespace

std::string OperationMaker::Gap() {
  if (!OneIn(12)) return " ";
  constexpr const char* kGaps[] = {"  ", "\t", " \t ", "\t\t", "      ", " \r", " \n"};
  return Pick(kGaps);
}

std::string OperationMaker::LineEnd() {
  if (!OneIn(20)) return "\r\n";
  constexpr const char* kEnds[] = {"\n",      " \r\n", "\t\r\n",   "\r\r\n",
                                   "\r \r\n", " \n",   "  \t \r\n"};
  return Pick(kEnds);
}

std::string OperationMaker::Verb(const char* upper) {
  std::string verb = upper;
  const bool all = OneIn(16);
  for (char& c : verb) {
    if (c >= 'A' && c <= 'Z' && (all || OneIn(60))) c = static_cast<char>(c + ('a' - 'A'));
  }
  return verb;
}

std::string OperationMaker::Token() {
  constexpr const char* kTokens[] = {"a", "b", "c", "a", "b", "foo"};
  return Pick(kTokens);
}

std::string OperationMaker::Subject() {
  if (OneIn(14)) return Pick(kReserved);
  if (OneIn(14)) return Pick(kWrongSubjects);
  if (OneIn(60)) return std::string(rng_.Below(300), 'x');
  std::string subject = Token();
  for (uint64_t more = rng_.Below(4); more > 0 && rng_.Below(3) != 0; --more)
    subject += "." + Token();
  return subject;
}

std::string OperationMaker::Filter() {
  if (OneIn(14)) return Subject();
  if (OneIn(16)) return Pick(kWrongSubjects);
  if (OneIn(20)) return std::string(Pick(kReserved)) + (OneIn(2) ? ".>" : "");
  if (OneIn(40))
    return std::string(Pick({"_GR_.>", "$NRG.>", "_R_.>", "$JS.ACK.>", "_INBOX.>", "$*.>"}));
  std::string filter = OneIn(4) ? "*" : Token();
  for (uint64_t more = rng_.Below(4); more > 0 && rng_.Below(3) != 0; --more) {
    filter += OneIn(3) ? ".*" : "." + Token();
  }
  if (OneIn(5)) filter += ".>";
  return OneIn(12) ? ">" : filter;
}

std::string OperationMaker::Sid() {
  if (OneIn(25))
    return Pick({"0", "-1", "01", "a", "A", "sid", "99999999999999999999", "1.5", "1 ", "\xff"});
  return std::to_string(rng_.Between(1, 6));
}

// A number as the protocol has it, sometimes a wrong one.
std::string OperationMaker::Number(int64_t right) {
  if (OneIn(25)) return std::to_string(right + rng_.Between(-3, 3));
  if (OneIn(40)) return "0" + std::to_string(right);
  if (OneIn(40)) {
    return Pick({"-1", "x", "+1", "1e3", "0x1", "999999999", "1000000000", "9223372036854775808",
                 "1.0", "1,", "00000000001", "2147483647", "-", "\xd9\xa1", "0000000000"});
  }
  return std::to_string(right);
}

std::string OperationMaker::Payload() {
  if (OneIn(40)) return "";
  std::string payload = "m" + std::to_string(++made_);
  if (OneIn(30)) payload += "\r\nPUB b 1\r\nx\r\n";
  if (OneIn(30)) payload += std::string("\0\xff\r\n", 4);
  if (OneIn(12)) payload += std::string(rng_.Below(200), 'p');
  const auto max = static_cast<uint64_t>(options_.max_payload);
  if (max <= 4096 && OneIn(12)) payload.resize(max + rng_.Below(3) - 1, 'q');
  if (OneIn(200)) payload += std::string(rng_.Below(40'000), 'r');
  return payload;
}

std::string OperationMaker::HeaderBlock() {
  if (OneIn(30))
    return "NATS/1.0\r\nN: " + std::to_string(++made_) + std::string(rng_.Below(600), 'h') +
           "\r\n\r\n";
  return Pick(kHeaderBlocks);
}

std::string OperationMaker::Connect() {
  if (OneIn(40)) return Verb("CONNECT") + Gap() + Pick(kOddConnects) + LineEnd();
  std::string json = "{";
  const auto add = [&](const std::string& member) {
    json += (json.size() > 1 ? "," : "") + member;
  };
  for (const char* member : kMembers) {
    const std::string name = member;
    if (name == "name" || name == "lang" || name == "version") {
      if (OneIn(6)) add("\"" + name + "\":\"" + Token() + "\"");
    } else if (name == "protocol") {
      if (!OneIn(3)) add("\"protocol\":" + std::to_string(rng_.Below(2)));
    } else if (name == "tls_required") {
      if (OneIn(8)) add("\"tls_required\":false");
    } else if (name == "verbose" || name == "pedantic") {
      if (!OneIn(4)) add("\"" + name + "\":" + (OneIn(3) ? "true" : "false"));
    } else if (!OneIn(3)) {
      add("\"" + name + "\":" + (OneIn(4) ? "false" : "true"));
    }
  }
  if (!options_.authorization.empty() && !OneIn(10))
    add("\"auth_token\":\"" + options_.authorization + "\"");
  if (OneIn(8)) add(Pick(kOddMembers));
  if (OneIn(40)) add(Pick(kOddMembers));
  json += "}";
  return Verb("CONNECT") + Gap() + json + LineEnd();
}

std::string OperationMaker::Sub() {
  std::string text = Verb("SUB") + Gap() + Filter();
  if (OneIn(5)) text += Gap() + (OneIn(15) ? "_sys_" : "q" + std::to_string(++made_));
  text += Gap() + Sid();
  if (OneIn(60)) text += Gap() + Sid();
  return text + LineEnd();
}

std::string OperationMaker::Unsub() {
  std::string text = Verb("UNSUB") + Gap() + Sid();
  if (OneIn(2)) text += Gap() + Number(rng_.Between(1, 4));
  return text + LineEnd();
}

std::string OperationMaker::Pub() {
  const std::string payload = Payload();
  std::string text = Verb("PUB") + Gap() + Subject();
  if (OneIn(3)) text += Gap() + Subject();
  return text + Gap() + Number(static_cast<int64_t>(payload.size())) + LineEnd() + payload + "\r\n";
}

std::string OperationMaker::Hpub() {
  const std::string block = HeaderBlock();
  const std::string payload = Payload();
  std::string text = Verb("HPUB") + Gap() + Subject();
  if (OneIn(3)) text += Gap() + Subject();
  text += Gap() + Number(static_cast<int64_t>(block.size()));
  text += Gap() + Number(static_cast<int64_t>(block.size() + payload.size()));
  return text + LineEnd() + block + payload + "\r\n";
}

std::string OperationMaker::Small() {
  switch (rng_.Below(8)) {
    case 0: return Verb("PONG") + LineEnd();
    case 1: return Verb("+OK") + LineEnd();
    case 2: return Verb("-ERR") + Gap() + "'" + Token() + "'" + LineEnd();
    case 3:
      return Verb("INFO") + Gap() +
             Pick({"{}", "{\"max_payload\":1}", "x", "{\"verbose\":1}", "[]", "{"}) + LineEnd();
    default: return Verb("PING") + (OneIn(8) ? " x" : "") + LineEnd();
  }
}

std::string OperationMaker::Garbage() {
  if (!OneIn(6)) return Pick(kRubbish);
  std::string bytes;
  for (uint64_t more = rng_.Below(12); more > 0; --more)
    bytes += static_cast<char>(rng_.Below(256));
  return bytes;
}

// One byte more, less or other.
std::string OperationMaker::Spoilt(std::string operation) {
  if (operation.empty()) return operation;
  const size_t at = rng_.Below(operation.size());
  constexpr std::string_view kBytes("\r\n \t\0.*>19aPS\x80", 14);
  const char byte = kBytes[rng_.Below(kBytes.size())];
  switch (rng_.Below(3)) {
    case 0: operation[at] = byte; break;
    case 1: operation.insert(at, 1, byte); break;
    default: operation.erase(at, 1); break;
  }
  return operation;
}

std::string OperationMaker::Operation() {
  std::string text;
  const uint64_t which = rng_.Below(100);
  if (which < 28)
    text = Sub();
  else if (which < 38)
    text = Unsub();
  else if (which < 66)
    text = Pub();
  else if (which < 82)
    text = Hpub();
  else if (which < 93)
    text = Small();
  else if (which < 96)
    text = Connect();
  else
    text = Garbage();
  if (OneIn(40)) text = Spoilt(std::move(text));
  if (OneIn(300))
    text = Verb("PUB") + " " +
           std::string(static_cast<size_t>(options_.max_control_line) + rng_.Below(3) - 4, 'l') +
           " 0\r\n\r\n";
  return text;
}

}  // namespace dunlin::differential
