// The dumb twin of a stream store: a map, and every rule and question done the slow, plain way.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"
#include "tests/storage/store_suite.h"

namespace dunlin {

class StoreModel {
 public:
  struct Msg {
    std::string subject, header, payload;
    WallTime time;
    int64_t ttl = 0;
    uint64_t bytes = 0;
  };

  explicit StoreModel(const StoreConfig& config) : config_(config) {}

  StoreError Store(std::string_view subject, std::string_view header, std::string_view payload,
                   int64_t ttl, WallTime now, uint64_t bytes);
  void StoreRaw(std::string_view subject, std::string_view header, std::string_view payload,
                int64_t ttl, WallTime now, uint64_t bytes);
  void Skip(uint64_t count, WallTime now, bool advance);
  StoreError Remove(Seq seq);
  void RemoveRange(Seq first, Seq last);
  void Update(const StoreConfig& config, WallTime now);
  void Expire(WallTime now);
  uint64_t Purge(const std::string& filter, Seq below, uint64_t keep);
  uint64_t Compact(Seq seq);
  StoreError Truncate(Seq seq);

  GotMsg Next(const Filters& filters, Seq from) const;
  GotMsg Prev(const Filters& filters, Seq from) const;
  GotMsg Last(const std::string& filter) const;
  GotMsg Load(Seq seq) const;
  SimpleState Count(const Filters& filters, Seq from, bool last_per_subject) const;
  std::vector<SubjectState> Subjects(const std::string& filter) const;
  StoreDriver::Lasts MultiLasts(const Filters& filters, Seq max, int allowed) const;
  Seq FromTime(WallTime time) const;
  std::vector<Seq> Deleted() const;

  StreamState State() const;
  // What StoreDriver::Contents() says of a store like this.
  std::string Contents() const;
  // False after a truncation to a sequence without a message: then kinds differ.
  bool last_time_known() const { return last_time_known_; }
  const StoreConfig& config() const { return config_; }
  const std::map<Seq, Msg>& msgs() const { return msgs_; }

 private:
  uint64_t Bytes() const;
  uint64_t CountSubject(std::string_view subject) const;
  Seq FirstOf(std::string_view subject) const;
  void Limit();
  void LimitSubject(std::string_view subject);
  void Erase(Seq seq);
  void EraseAll(Seq next);
  GotMsg Give(Seq seq, const Msg& msg) const;

  StoreConfig config_;
  std::map<Seq, Msg> msgs_;
  Seq first_ = 0;  // While there are none.
  Seq last_ = 0;
  WallTime last_time_;
  bool last_time_known_ = true;
};

}  // namespace dunlin
