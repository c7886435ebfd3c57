#include "sim/client/server_ops.h"

#include <gtest/gtest.h>

#include <string>

namespace dunlin::sim {
namespace {

using Status = ServerOpRead::Status;
using Kind = ServerOp::Kind;

TEST(ServerOps, ReadsEachOperation) {
  EXPECT_EQ(ReadServerOp("PING\r\n").op.kind, Kind::kPing);
  EXPECT_EQ(ReadServerOp("PONG\r\n").op.kind, Kind::kPong);
  EXPECT_EQ(ReadServerOp("+OK\r\n").op.kind, Kind::kOk);
  const ServerOpRead err = ReadServerOp("-ERR 'Stale Connection'\r\n");
  EXPECT_EQ(err.op.kind, Kind::kErr);
  EXPECT_EQ(err.op.text, "Stale Connection");
  const ServerOpRead info = ReadServerOp("INFO {\"a\":1} \r\n");
  EXPECT_EQ(info.op.kind, Kind::kInfo);
  EXPECT_EQ(info.op.text, "{\"a\":1}");
}

TEST(ServerOps, ReadsAMessage) {
  const ServerOpRead read = ReadServerOp("MSG a.b 7 reply 5\r\nhello\r\nPING\r\n");
  ASSERT_EQ(read.status, Status::kOp);
  EXPECT_EQ(read.size, std::string_view("MSG a.b 7 reply 5\r\nhello\r\n").size());
  EXPECT_EQ(read.op.subject, "a.b");
  EXPECT_EQ(read.op.sid, "7");
  EXPECT_EQ(read.op.reply, "reply");
  EXPECT_EQ(read.op.payload, "hello");
  EXPECT_FALSE(read.op.has_headers);
}

TEST(ServerOps, ReadsAMessageWithHeaders) {
  const ServerOpRead read = ReadServerOp("HMSG a 7 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
  ASSERT_EQ(read.status, Status::kOp);
  EXPECT_EQ(read.op.headers, "NATS/1.0\r\n\r\n");
  EXPECT_EQ(read.op.payload, "hi");
  EXPECT_EQ(read.op.reply, "");
}

TEST(ServerOps, WaitsForAWholeOne) {
  const std::string whole = "MSG a.b 7 5\r\nhello\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(ReadServerOp(std::string_view(whole).substr(0, size)).status, Status::kNeedMore)
        << size;
  }
}

TEST(ServerOps, RefusesWhatTheReferenceDoesNotSend) {
  for (const std::string_view wrong :
       {"ping\r\n", "PING \r\n", "MSG a  7 5\r\nhello\r\n", "MSG a 7 05\r\nhello\r\n",
        "MSG a 7 5\r\nhello!\r\n", "MSG a 7\r\n", "MSG a 7 r x 5\r\nhello\r\n", "-ERR Stale\r\n",
        "INFO {\r\n", "HMSG a 7 9 5\r\nhello\r\n", "hello\r\n", "MSG a 7 -1\r\n\r\n", "\r\n"}) {
    EXPECT_EQ(ReadServerOp(wrong).status, Status::kMalformed) << wrong;
  }
}

TEST(ServerOps, FindsFieldsOfJson) {
  const std::string_view json =
      R"({"a": 5, "b": {"a": 6}, "c": "x\"y", "d": [1, {"e": 2}], "f": -7})";
  EXPECT_EQ(JsonInt(json, "a"), 5);
  EXPECT_EQ(JsonInt(json, "f"), -7);
  EXPECT_EQ(JsonField(json, "c"), "x\\\"y");
  EXPECT_EQ(JsonField(json, "e"), std::nullopt);
  EXPECT_EQ(JsonInt(json, "c"), std::nullopt);
}

TEST(ServerOps, KnowsWellFormedJson) {
  for (const std::string_view right :
       {"{}", "[]", " [1, 2.5e3, \"x\", null] ", "{\"a\":{\"b\":[true]}}"}) {
    EXPECT_TRUE(IsWellFormedJson(right)) << right;
  }
  for (const std::string_view wrong :
       {"", "{", "[1,]", "{\"a\"}", "{\"a\":1}x", "{a:1}", "\"\n\""}) {
    EXPECT_FALSE(IsWellFormedJson(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace dunlin::sim
