// The parameters of a request: 'sort=subs&limit=10', read as Go's net/url and strconv read them,
// with their words for what cannot be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dunlin::monitor {

class Query {
 public:
  // 'text' is what follows '?'. Pairs with a bad escape or a ';' are dropped, as are those without
  // a name.
  explicit Query(std::string_view text);

  // The first value of 'name'; empty if there is none.
  [[nodiscard]] std::string_view Get(std::string_view name) const;

  // These read one parameter; absent or empty means false or 0. What cannot be read sets error(),
  // once: the first one counts, and it is the answer to the request, with status 400.
  [[nodiscard]] bool GetBool(std::string_view name);
  [[nodiscard]] int64_t GetInt(std::string_view name);
  [[nodiscard]] uint64_t GetUint(std::string_view name);

  void SetError(std::string text);
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }

 private:
  void FailDecoding(std::string_view type, std::string_view name, std::string_view function,
                    std::string_view value, std::string_view why);

  std::vector<std::pair<std::string, std::string>> pairs_;
  std::string error_;
};

}  // namespace dunlin::monitor
