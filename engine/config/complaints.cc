#include "engine/config/complaints.h"

#include "engine/base/quote.h"

namespace dunlin::config {

void Complaints::Error(const Position& where, std::string_view reason) {
  errors_.push_back(document_.Locate(where) + ": " + std::string(reason));
}

void Complaints::UnknownField(std::string_view key, const Value& value) {
  if (!value.used_as_variable()) Error(value.where(), "unknown field " + GoQuote(key));
}

void Complaints::MissingFeature(std::string_view key, const Value& value,
                                std::string_view feature) {
  Error(value.where(), "unsupported field " + GoQuote(key) + ": this version has no " +
                           std::string(feature) + " yet");
}

void Complaints::Warning(std::string_view key, const Value& value, std::string_view reason) {
  warnings_.push_back(document_.Locate(value.where()) + ": invalid use of field " + GoQuote(key) +
                      ": " + std::string(reason));
}

const std::string* Complaints::String(const Value& value) {
  if (value.IfString() == nullptr) WrongKind(value, "string");
  return value.IfString();
}

const int64_t* Complaints::Integer(const Value& value) {
  if (value.IfInteger() == nullptr) WrongKind(value, "int64");
  return value.IfInteger();
}

const bool* Complaints::Bool(const Value& value) {
  if (value.IfBool() == nullptr) WrongKind(value, "bool");
  return value.IfBool();
}

const Map* Complaints::MapOf(const Value& value) {
  if (value.IfMap() == nullptr) WrongKind(value, "map[string]interface {}");
  return value.IfMap();
}

void Complaints::WrongKind(const Value& value, std::string_view wanted) {
  Error(value.where(), "interface conversion: interface {} is " + std::string(KindName(value)) +
                           ", not " + std::string(wanted));
}

std::string_view KindName(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kMap: return "map[string]interface {}";
    case Value::Kind::kArray: return "[]interface {}";
    case Value::Kind::kString: return "string";
    case Value::Kind::kInteger: return "int64";
    case Value::Kind::kFloat: return "float64";
    case Value::Kind::kBool: return "bool";
    case Value::Kind::kDateTime: return "time.Time";
  }
  return "";
}

}  // namespace dunlin::config
