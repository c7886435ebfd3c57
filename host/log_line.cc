#include "host/log_line.h"

#include <cstdio>
#include <ctime>

namespace dunlin::host {
namespace {

constexpr std::string_view kPlain[] = {"[FTL] ", "[ERR] ", "[WRN] ", "[INF] ", "[DBG] ", "[TRC] "};
constexpr std::string_view kColoured[] = {
    "[\x1b[31mFTL\x1b[0m] ", "[\x1b[31mERR\x1b[0m] ", "[\x1b[0;93mWRN\x1b[0m] ",
    "[\x1b[32mINF\x1b[0m] ", "[\x1b[36mDBG\x1b[0m] ", "[\x1b[33mTRC\x1b[0m] ",
};

}  // namespace

LogLine::LogLine(int64_t pid, Stamp stamp, Labels labels) : stamp_(stamp), labels_(labels) {
  if (pid != 0) prefix_ = "[" + std::to_string(pid) + "] ";
}

void LogLine::Append(std::string& out, WallTime at, LogLevel level, std::string_view text) {
  AppendBare(out, at, level, text);
  if (text.empty() || text.back() != '\n') out += '\n';
}

void LogLine::AppendBare(std::string& out, WallTime at, LogLevel level, std::string_view text) {
  out += prefix_;
  if (stamp_ != Stamp::kNone) AppendStamp(out, at);
  const auto label = static_cast<size_t>(level);
  out += labels_ == Labels::kColoured ? kColoured[label] : kPlain[label];
  out += text;
}

void LogLine::AppendStamp(std::string& out, WallTime at) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t second = at.ns / kSecond;
  if (at.ns % kSecond < 0) --second;
  if (second != second_shown_) {
    const time_t unix_seconds = second;
    tm parts{};
    stamp_ == Stamp::kUtc ? gmtime_r(&unix_seconds, &parts) : localtime_r(&unix_seconds, &parts);
    strftime(stamp_text_, sizeof stamp_text_, "%Y/%m/%d %H:%M:%S.", &parts);
    second_shown_ = second;
  }
  char micros[16];
  std::snprintf(micros, sizeof micros, "%06d ",
                static_cast<int>((at.ns - second * kSecond) / 1000));
  out += stamp_text_;
  out += micros;
}

}  // namespace dunlin::host
