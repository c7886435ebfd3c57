// Each checker is fed histories by hand: it must pass the right one and fail the one next to it.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sim/checkers/all.h"
#include "sim/checkers/history.h"

namespace dunlin::sim {
namespace {

// Two clients on a connection each, and the words to say what they do.
class CheckersTest : public testing::Test {
 protected:
  CheckersTest() {
    AddAllCheckers(history_, Drops::kForbidden);
    alice_ = history_.Connected({.client = "alice"});
    bob_ = history_.Connected({.client = "bob"});
  }

  void Pass(Duration length = Millis(1)) {
    now_ = now_ + length;
    history_.SetNow(now_);
  }
  // PING, and its PONG a moment later: all that 'conn' sent before is known.
  void Barrier(ConnIndex conn) {
    Pass();
    history_.PingSent(conn);
    const Instant sent = now_;
    Pass();
    history_.Pong(conn, sent);
    Pass();
  }
  SubIndex Subscribe(ConnIndex conn, std::string sid, std::string pattern, std::string queue = "") {
    const SubIndex sub = history_.Subscribed(conn, sid, pattern, queue);
    Pass();
    return sub;
  }
  MessageIndex Publish(ConnIndex conn, std::string subject, std::string reply = "") {
    MessageRecord record;
    record.conn = conn;
    record.seq = ++seq_[conn];
    record.subject = subject;
    record.reply = reply;
    record.payload_hash = 1;
    record.payload_size = 5;
    const MessageIndex message = history_.Published(std::move(record));
    Pass();
    return message;
  }
  Delivery Intact(ConnIndex conn, std::string_view sid, MessageIndex message) {
    const MessageRecord& record = history_.messages()[message];
    Delivery delivery;
    delivery.conn = conn;
    delivery.sid = sid;
    delivery.message = message;
    delivery.subject = record.subject;
    delivery.reply = record.reply;
    delivery.payload_hash = record.payload_hash;
    delivery.payload_size = record.payload_size;
    return delivery;
  }
  void Deliver(ConnIndex conn, std::string_view sid, MessageIndex message) {
    history_.Delivered(Intact(conn, sid, message));
    Pass();
  }
  void ExpectRight() {
    for (const Violation& violation : history_.violations()) ADD_FAILURE() << violation.text;
  }
  void ExpectOnly(std::string_view invariant) {
    ASSERT_FALSE(history_.violations().empty());
    for (const Violation& violation : history_.violations()) {
      EXPECT_EQ(violation.invariant, invariant) << violation.text;
    }
  }

  History history_;
  Instant now_{Seconds(1).ns};
  ConnIndex alice_ = 0, bob_ = 0;
  uint64_t seq_[2] = {};
};

// ---- content

TEST_F(CheckersTest, AnIntactDeliveryIsRight) {
  Subscribe(bob_, "1", "a.*");
  Deliver(bob_, "1", Publish(alice_, "a.b"));
  ExpectRight();
}

TEST_F(CheckersTest, AMessageThatNobodyPublishedIsNot) {
  Subscribe(bob_, "1", "a");
  Delivery delivery;
  delivery.conn = bob_;
  delivery.sid = "1";
  history_.Delivered(delivery);
  ExpectOnly("content");
}

TEST_F(CheckersTest, ADeliveryToASubscriptionThatDoesNotMatchIsWrong) {
  Subscribe(bob_, "1", "b");
  Deliver(bob_, "1", Publish(alice_, "a"));
  ExpectOnly("content");
}

TEST_F(CheckersTest, ADeliveryToAnUnknownSidIsWrong) {
  Deliver(bob_, "7", Publish(alice_, "a"));
  ExpectOnly("content");
}

TEST_F(CheckersTest, AnAlteredPartIsWrong) {
  Subscribe(bob_, "1", "a");
  const MessageIndex message = Publish(alice_, "a");
  for (int part = 0; part < 5; ++part) {
    History history;
    AddAllCheckers(history, Drops::kForbidden);
    history.Connected({.client = "alice"});
    history.Connected({.client = "bob"});
    (void)history.Subscribed(bob_, "1", "a", "");
    (void)history.Published(history_.messages()[message]);
    Delivery delivery = Intact(bob_, "1", message);
    switch (part) {
      case 0: delivery.subject = "b"; break;
      case 1: delivery.reply = "r"; break;
      case 2: delivery.payload_hash = 2; break;
      case 3: delivery.payload_size = 4; break;
      default: delivery.headers_hash = 9; break;
    }
    history.Delivered(delivery);
    ASSERT_EQ(history.violations().size(), 1u) << part;
    EXPECT_EQ(history.violations()[0].invariant, "content");
  }
}

TEST_F(CheckersTest, AnEchoAgainstItsWishIsWrong) {
  const ConnIndex carol = history_.Connected({.client = "carol", .echo = false});
  Subscribe(carol, "1", "a");
  MessageRecord record;
  record.conn = carol;
  record.seq = 1;
  record.subject = "a";
  Deliver(carol, "1", history_.Published(std::move(record)));
  ExpectOnly("content");
}

// ---- order

TEST_F(CheckersTest, OnePublishersMessagesInOrderAreRight) {
  Subscribe(bob_, "1", "a");
  const MessageIndex first = Publish(alice_, "a"), second = Publish(alice_, "a");
  Deliver(bob_, "1", first);
  Deliver(bob_, "1", second);
  ExpectRight();
}

TEST_F(CheckersTest, ALaterMessageFirstIsWrong) {
  Subscribe(bob_, "1", "a");
  const MessageIndex first = Publish(alice_, "a"), second = Publish(alice_, "a");
  Deliver(bob_, "1", second);
  Deliver(bob_, "1", first);
  ExpectOnly("order");
}

TEST_F(CheckersTest, TheSameMessageTwiceOnASubscriptionIsWrong) {
  Subscribe(bob_, "1", "a");
  const MessageIndex message = Publish(alice_, "a");
  Deliver(bob_, "1", message);
  Deliver(bob_, "1", message);
  ExpectOnly("order");
}

TEST_F(CheckersTest, TheSameMessageOnTwoSubscriptionsIsRight) {
  Subscribe(bob_, "1", "a");
  Subscribe(bob_, "2", "*");
  const MessageIndex message = Publish(alice_, "a");
  Deliver(bob_, "1", message);
  Deliver(bob_, "2", message);
  ExpectRight();
}

TEST_F(CheckersTest, OrderHoldsOverTheSubscriptionsOfAConnection) {
  Subscribe(bob_, "1", "a");
  Subscribe(bob_, "2", "b");
  const MessageIndex first = Publish(alice_, "a"), second = Publish(alice_, "b");
  Deliver(bob_, "2", second);
  Deliver(bob_, "1", first);
  ExpectOnly("order");
}

// ---- lost

TEST_F(CheckersTest, AMessageThatIsOwedAndDoesNotComeIsLost) {
  Subscribe(bob_, "1", "a");
  Barrier(bob_);
  Publish(alice_, "a");
  Barrier(alice_);
  ExpectRight();
  Barrier(bob_);
  ExpectOnly("lost");
}

TEST_F(CheckersTest, OneThatComesBeforeItsPublisherKnowsIsNotLost) {
  Subscribe(bob_, "1", "a");
  Barrier(bob_);
  Deliver(bob_, "1", Publish(alice_, "a"));
  Barrier(alice_);
  Barrier(bob_);
  ExpectRight();
}

TEST_F(CheckersTest, OneThatComesLateButBeforeThePongIsNotLost) {
  Subscribe(bob_, "1", "a");
  Barrier(bob_);
  const MessageIndex message = Publish(alice_, "a");
  Barrier(alice_);
  Deliver(bob_, "1", message);
  Barrier(bob_);
  ExpectRight();
}

TEST_F(CheckersTest, NothingIsOwedToASubscriptionThatIsNotKnownYet) {
  Subscribe(bob_, "1", "a");
  Publish(alice_, "a");
  Barrier(bob_);
  Barrier(alice_);
  Barrier(bob_);
  ExpectRight();
}

TEST_F(CheckersTest, NothingIsOwedAfterUnsub) {
  const SubIndex sub = Subscribe(bob_, "1", "a");
  Barrier(bob_);
  history_.Unsubscribed(sub, 0);
  Publish(alice_, "a");
  Barrier(alice_);
  Barrier(bob_);
  ExpectRight();
}

TEST_F(CheckersTest, NothingIsOwedToAConnectionThatIsGone) {
  Subscribe(bob_, "1", "a");
  Barrier(bob_);
  Publish(alice_, "a");
  history_.Left(bob_);
  Barrier(alice_);
  ExpectRight();
}

TEST_F(CheckersTest, UpToItsMaximumASubscriptionIsOwed) {
  const SubIndex sub = Subscribe(bob_, "1", "a");
  history_.Unsubscribed(sub, 2);
  Barrier(bob_);
  Deliver(bob_, "1", Publish(alice_, "a"));
  Publish(alice_, "a");
  Barrier(alice_);
  Barrier(bob_);
  ExpectOnly("lost");
}

// ---- queue

TEST_F(CheckersTest, OneMemberOfAGroupIsRight) {
  Subscribe(alice_, "1", "a", "q");
  Subscribe(bob_, "1", "*", "q");
  Barrier(alice_);
  Barrier(bob_);
  Deliver(bob_, "1", Publish(alice_, "a"));
  Barrier(alice_);
  Barrier(bob_);
  ExpectRight();
}

TEST_F(CheckersTest, TwoMembersOfAGroupAreWrong) {
  Subscribe(alice_, "1", "a", "q");
  Subscribe(bob_, "1", "a", "q");
  const MessageIndex message = Publish(alice_, "a");
  Deliver(alice_, "1", message);
  Deliver(bob_, "1", message);
  ExpectOnly("queue");
}

TEST_F(CheckersTest, NoMemberOfAGroupIsWrong) {
  Subscribe(alice_, "1", "a", "q");
  Subscribe(bob_, "1", "a", "q");
  Barrier(alice_);
  Barrier(bob_);
  Publish(alice_, "a");
  Barrier(alice_);
  Barrier(bob_);
  ExpectRight();  // Alice has not been asked since the message was known.
  Barrier(alice_);
  ExpectOnly("queue");
}

TEST_F(CheckersTest, NoMemberOfAGroupIsRightIfOneWentAway) {
  Subscribe(alice_, "1", "a", "q");
  Subscribe(bob_, "1", "a", "q");
  Barrier(alice_);
  Barrier(bob_);
  Publish(alice_, "a");
  history_.Left(bob_);
  Barrier(alice_);
  Barrier(alice_);
  ExpectRight();
}

// ---- unsubscribe

TEST_F(CheckersTest, ADeliveryAfterUnsubIsKnownIsWrong) {
  const SubIndex sub = Subscribe(bob_, "1", "a");
  const MessageIndex message = Publish(alice_, "a");
  history_.Unsubscribed(sub, 0);
  Barrier(bob_);
  Deliver(bob_, "1", message);
  ExpectOnly("unsubscribe");
}

TEST_F(CheckersTest, ADeliveryBeforeUnsubIsKnownIsRight) {
  const SubIndex sub = Subscribe(bob_, "1", "a");
  const MessageIndex message = Publish(alice_, "a");
  history_.Unsubscribed(sub, 0);
  Deliver(bob_, "1", message);
  Barrier(bob_);
  ExpectRight();
}

TEST_F(CheckersTest, OneBeyondTheMaximumIsWrong) {
  const SubIndex sub = Subscribe(bob_, "1", "a");
  history_.Unsubscribed(sub, 1);
  Barrier(bob_);
  Deliver(bob_, "1", Publish(alice_, "a"));
  ExpectRight();
  Deliver(bob_, "1", Publish(alice_, "a"));
  ExpectOnly("unsubscribe");
}

// ---- no-responders

class NoRespondersTest : public CheckersTest {
 protected:
  NoRespondersTest() {
    carol_ = history_.Connected({.client = "carol", .no_responders = true});
    Subscribe(carol_, "1", "inbox.*");
    Barrier(carol_);
  }
  MessageIndex Request(std::string subject) {
    MessageRecord record;
    record.conn = carol_;
    record.seq = ++requests_;
    record.subject = subject;
    record.reply = "inbox." + std::to_string(requests_);
    const MessageIndex message = history_.Published(std::move(record));
    Pass();
    return message;
  }
  ConnIndex carol_ = 0;
  uint64_t requests_ = 0;
};

TEST_F(NoRespondersTest, ARequestThatNobodyHearsIsAnswered) {
  Request("a");
  history_.NoResponders(carol_, "inbox.1");
  Barrier(carol_);
  ExpectRight();
}

TEST_F(NoRespondersTest, ARequestThatNobodyHearsMustBeAnswered) {
  Request("a");
  Barrier(carol_);
  ExpectOnly("no-responders");
}

TEST_F(NoRespondersTest, ARequestThatSomebodyHearsMustNotBeAnsweredSo) {
  Subscribe(bob_, "1", "a");
  Barrier(bob_);
  Deliver(bob_, "1", Request("a"));
  history_.NoResponders(carol_, "inbox.1");
  ExpectOnly("no-responders");
}

TEST_F(NoRespondersTest, AnAnswerToNoRequestIsWrong) {
  history_.NoResponders(carol_, "inbox.9");
  ExpectOnly("no-responders");
}

// ---- cause, answers

TEST_F(CheckersTest, ClosingABlamelessConnectionIsWrong) {
  history_.Ended(bob_);
  ExpectOnly("cause");
}

TEST_F(CheckersTest, ScoldingABlamelessConnectionIsWrong) {
  history_.Error(bob_, "Slow Consumer");
  ExpectOnly("cause");
}

TEST_F(CheckersTest, AnExcusedConnectionMayEnd) {
  history_.Excuse(bob_);
  history_.Error(bob_, "Stale Connection");
  history_.Ended(bob_);
  ExpectRight();
}

TEST_F(CheckersTest, APingMustBeAnswered) {
  history_.PingSent(bob_);
  Pass(Seconds(4));
  history_.Time();
  ExpectRight();
  Pass(Seconds(2));
  history_.Time();
  ExpectOnly("answers");
}

TEST_F(CheckersTest, AnExcusedConnectionMustAnswerOnceAllIsHealed) {
  history_.Excuse(bob_);
  history_.PingSent(bob_);
  Pass(Minutes(1));
  history_.Time();
  ExpectRight();
  history_.Healed();
  Pass(Seconds(11));
  history_.Time();
  ExpectOnly("answers");
}

TEST_F(CheckersTest, WhoCannotBeReachedNeedNotAnswer) {
  history_.MakeUnreachable(bob_);
  history_.PingSent(bob_);
  history_.Healed();
  Pass(Minutes(1));
  history_.Time();
  ExpectRight();
}

// ---- the plain definition of a match

TEST(SubjectMatches, TokenByToken) {
  EXPECT_TRUE(SubjectMatches("a", "a"));
  EXPECT_TRUE(SubjectMatches("a.*", "a.b"));
  EXPECT_TRUE(SubjectMatches("*.b", "a.b"));
  EXPECT_TRUE(SubjectMatches("a.>", "a.b"));
  EXPECT_TRUE(SubjectMatches(">", "a.b.c"));
  EXPECT_FALSE(SubjectMatches("a", "b"));
  EXPECT_FALSE(SubjectMatches("a.*", "a"));
  EXPECT_FALSE(SubjectMatches("a.*", "a.b.c"));
  EXPECT_FALSE(SubjectMatches("a.>", "a"));
  EXPECT_FALSE(SubjectMatches("a.b", "a"));
}

}  // namespace
}  // namespace dunlin::sim
