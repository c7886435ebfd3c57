#include "engine/config/host_port.h"

#include <charconv>
#include <climits>

#include "engine/base/quote.h"

namespace dunlin::config {
namespace {

constexpr std::string_view kMissingPort = "missing port in address";
constexpr std::string_view kTooManyColons = "too many colons in address";

// White space of Latin-1 at both ends is dropped, as the reference trims ports and hosts.
std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// What is wrong with 'text', whose last colon is at 'colon'; empty if nothing is.
std::string_view Fault(std::string_view text, size_t colon) {
  if (colon == std::string_view::npos) return kMissingPort;
  size_t opening_from = 0, closing_from = 0;
  if (text[0] == '[') {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return "missing ']' in address";
    if (end + 1 == text.size()) return kMissingPort;
    if (end + 1 != colon) return text[end + 1] == ':' ? kTooManyColons : kMissingPort;
    opening_from = 1;
    closing_from = end + 1;
  } else if (text.find(':') != colon) {
    return kTooManyColons;
  }
  if (text.find('[', opening_from) != std::string_view::npos) return "unexpected '[' in address";
  if (text.find(']', closing_from) != std::string_view::npos) return "unexpected ']' in address";
  return {};
}

}  // namespace

Result<HostPort> SplitHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  const std::string_view fault = Fault(text, colon);
  if (!fault.empty()) {
    // An address that is empty is not named in the error.
    const std::string named = text.empty() ? "" : "address " + std::string(text) + ": ";
    return Error{named + std::string(fault)};
  }
  std::string_view host = text.substr(0, colon);
  if (!host.empty() && host.front() == '[') host = host.substr(1, host.size() - 2);
  return HostPort{std::string(host), std::string(text.substr(colon + 1))};
}

Result<int64_t> ParseDecimal(std::string_view text) {
  const auto failed = [&](std::string_view why) {
    return Error{"strconv.Atoi: parsing " + GoQuote(text) + ": " + std::string(why)};
  };
  std::string_view digits = text;
  if (!digits.empty() && digits[0] == '+') {
    digits.remove_prefix(1);
    if (!digits.empty() && digits[0] == '-') return failed("invalid syntax");
  }
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::result_out_of_range) return failed("value out of range");
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return failed("invalid syntax");
  }
  return number;
}

int SaturateToInt(int64_t number) {
  if (number > INT_MAX) return INT_MAX;
  return number < INT_MIN ? INT_MIN : static_cast<int>(number);
}

Result<Advertised> ParseAdvertised(std::string_view text, int default_port) {
  std::string with_port(text);
  // A second try with a port put on, when that is what is missing.
  if (Fault(text, text.rfind(':')) == kMissingPort) with_port += ':' + std::to_string(default_port);
  const Result<HostPort> split = SplitHostPort(with_port);
  if (!split.ok()) return split.error();
  const Result<int64_t> port = ParseDecimal(Trimmed(split->port));
  if (!port.ok()) return port.error();
  const bool unset = port.value() == 0 || port.value() == -1;
  return Advertised{std::string(Trimmed(split->host)),
                    unset ? default_port : SaturateToInt(port.value())};
}

}  // namespace dunlin::config
