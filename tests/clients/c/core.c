// Core NATS through libnats, the official C client. Prints one TAP line per test; see ../harness.py for how it is
// started. Callbacks run on threads of the library's; what they share with the tests is atomic.

#include <nats/nats.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kWaitMs = 20000 };

static const char *g_url;
static char g_why[512];

#define EXPECT(condition)                                                        \
  do {                                                                           \
    if (!(condition)) {                                                          \
      snprintf(g_why, sizeof g_why, "line %d: %s", __LINE__, #condition);        \
      return false;                                                              \
    }                                                                            \
  } while (0)
#define OK(call)                                                                                    \
  do {                                                                                              \
    natsStatus status_ = (call);                                                                    \
    if (status_ != NATS_OK) {                                                                       \
      snprintf(g_why, sizeof g_why, "line %d: %s: %s", __LINE__, #call, natsStatus_GetText(status_)); \
      return false;                                                                                 \
    }                                                                                               \
  } while (0)

static natsStatus Open(natsConnection **nc) { return natsConnection_ConnectTo(nc, g_url); }

static bool IsNext(natsSubscription *sub, const char *data) {
  natsMsg *msg = NULL;
  OK(natsSubscription_NextMsg(&msg, sub, kWaitMs));
  EXPECT(natsMsg_GetDataLength(msg) == (int)strlen(data));
  EXPECT(memcmp(natsMsg_GetData(msg), data, strlen(data)) == 0);
  natsMsg_Destroy(msg);
  return true;
}

static bool ConnectTellsTheLimitsOfTheServer(void) {
  natsConnection *nc = NULL;
  OK(Open(&nc));
  EXPECT(natsConnection_GetMaxPayload(nc) == 1024 * 1024);
  EXPECT(natsConnection_HasHeaderSupport(nc) == NATS_OK);
  uint64_t cid = 0;
  OK(natsConnection_GetClientID(nc, &cid));
  EXPECT(cid > 0);
  char id[128];
  OK(natsConnection_GetConnectedServerId(nc, id, sizeof id));
  EXPECT(strlen(id) == 56 && id[0] == 'N');
  natsConnection_Destroy(nc);
  return true;
}

static bool AMessageReachesItsSubscribers(void) {
  natsConnection *nc = NULL, *other = NULL;
  natsSubscription *one = NULL, *two = NULL;
  OK(Open(&nc));
  OK(Open(&other));
  OK(natsConnection_SubscribeSync(&one, nc, "a.b"));
  OK(natsConnection_SubscribeSync(&two, other, "a.b"));
  OK(natsConnection_Flush(nc));
  OK(natsConnection_Flush(other));
  OK(natsConnection_PublishString(nc, "a.b", "hello"));
  EXPECT(IsNext(one, "hello") && IsNext(two, "hello"));
  OK(natsConnection_Publish(nc, "a.b", NULL, 0));
  EXPECT(IsNext(one, "") && IsNext(two, ""));
  natsSubscription_Destroy(one);
  natsSubscription_Destroy(two);
  natsConnection_Destroy(nc);
  natsConnection_Destroy(other);
  return true;
}

static bool Wildcards(void) {
  natsConnection *nc = NULL;
  natsSubscription *star = NULL, *full = NULL;
  OK(Open(&nc));
  OK(natsConnection_SubscribeSync(&star, nc, "w.*.c"));
  OK(natsConnection_SubscribeSync(&full, nc, "w.>"));
  const char *subjects[] = {"w.b.c", "w.x.c", "w.b", "w.b.c.d", "w"};
  for (int i = 0; i < 5; ++i) OK(natsConnection_PublishString(nc, subjects[i], subjects[i]));
  OK(natsConnection_Flush(nc));
  EXPECT(IsNext(star, "w.b.c") && IsNext(star, "w.x.c"));
  EXPECT(IsNext(full, "w.b.c") && IsNext(full, "w.x.c") && IsNext(full, "w.b") && IsNext(full, "w.b.c.d"));
  uint64_t left = 1;
  OK(natsSubscription_QueuedMsgs(star, &left));
  EXPECT(left == 0);
  OK(natsSubscription_QueuedMsgs(full, &left));
  EXPECT(left == 0);
  natsSubscription_Destroy(star);
  natsSubscription_Destroy(full);
  natsConnection_Destroy(nc);
  return true;
}

static bool AQueueGroupGetsEachMessageOnce(void) {
  natsConnection *nc = NULL;
  natsSubscription *member[3];
  OK(Open(&nc));
  for (int i = 0; i < 3; ++i) OK(natsConnection_QueueSubscribeSync(&member[i], nc, "q", "workers"));
  for (int i = 0; i < 300; ++i) OK(natsConnection_PublishString(nc, "q", "x"));
  OK(natsConnection_Flush(nc));
  uint64_t total = 0;
  for (int i = 0; i < 3; ++i) {
    uint64_t mine = 0;
    OK(natsSubscription_QueuedMsgs(member[i], &mine));
    EXPECT(mine > 0);
    total += mine;
    natsSubscription_Destroy(member[i]);
  }
  EXPECT(total == 300);
  natsConnection_Destroy(nc);
  return true;
}

static void Echo(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure) {
  (void)sub;
  (void)closure;
  natsConnection_Publish(nc, natsMsg_GetReply(msg), natsMsg_GetData(msg), natsMsg_GetDataLength(msg));
  natsMsg_Destroy(msg);
}

static bool RequestAndReply(void) {
  natsConnection *nc = NULL, *service = NULL;
  natsSubscription *sub = NULL;
  OK(Open(&nc));
  OK(Open(&service));
  OK(natsConnection_Subscribe(&sub, service, "svc", Echo, NULL));
  OK(natsConnection_Flush(service));
  for (int i = 0; i < 500; ++i) {
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    natsMsg *reply = NULL;
    OK(natsConnection_RequestString(&reply, nc, "svc", text, kWaitMs));
    EXPECT(strcmp(natsMsg_GetData(reply), text) == 0);
    natsMsg_Destroy(reply);
  }
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(nc);
  natsConnection_Destroy(service);
  return true;
}

static bool HeadersArriveAsSent(void) {
  natsConnection *nc = NULL;
  natsSubscription *sub = NULL;
  natsMsg *msg = NULL;
  OK(Open(&nc));
  OK(natsConnection_SubscribeSync(&sub, nc, "h"));
  OK(natsMsg_Create(&msg, "h", NULL, "body", 4));
  OK(natsMsgHeader_Add(msg, "Multi", "one"));
  OK(natsMsgHeader_Add(msg, "Multi", "two"));
  OK(natsConnection_PublishMsg(nc, msg));
  natsMsg_Destroy(msg);
  OK(natsSubscription_NextMsg(&msg, sub, kWaitMs));
  const char **values = NULL;
  int count = 0;
  OK(natsMsgHeader_Values(msg, "Multi", &values, &count));
  EXPECT(count == 2 && strcmp(values[0], "one") == 0 && strcmp(values[1], "two") == 0);
  EXPECT(natsMsg_GetDataLength(msg) == 4);
  free((void *)values);
  natsMsg_Destroy(msg);
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(nc);
  return true;
}

static bool ARequestThatNobodyAnswersFailsAtOnce(void) {
  natsConnection *nc = NULL;
  natsMsg *reply = NULL;
  OK(Open(&nc));
  EXPECT(natsConnection_RequestString(&reply, nc, "nobody.home", "x", kWaitMs) == NATS_NO_RESPONDERS);
  natsConnection_Destroy(nc);
  return true;
}

static bool UnsubscribeAfterANumberOfMessages(void) {
  natsConnection *nc = NULL;
  natsSubscription *sub = NULL;
  natsMsg *msg = NULL;
  OK(Open(&nc));
  OK(natsConnection_SubscribeSync(&sub, nc, "max"));
  OK(natsSubscription_AutoUnsubscribe(sub, 3));
  for (int i = 0; i < 5; ++i) OK(natsConnection_PublishString(nc, "max", "x"));
  OK(natsConnection_Flush(nc));
  natsStatistics *stats = NULL;
  uint64_t in_msgs = 0;
  OK(natsStatistics_Create(&stats));
  OK(natsConnection_GetStats(nc, stats));
  OK(natsStatistics_GetCounts(stats, &in_msgs, NULL, NULL, NULL, NULL));
  natsStatistics_Destroy(stats);
  EXPECT(in_msgs == 3);  // The server stopped, not only the client.
  for (int i = 0; i < 3; ++i) EXPECT(IsNext(sub, "x"));
  EXPECT(natsSubscription_NextMsg(&msg, sub, 10) != NATS_OK);
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(nc);
  return true;
}

static void Count(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure) {
  (void)nc;
  (void)sub;
  atomic_fetch_add((atomic_int *)closure, 1);
  natsMsg_Destroy(msg);
}

static bool DrainHandsOverWhatIsPending(void) {
  static atomic_int got;
  natsConnection *nc = NULL, *publisher = NULL;
  natsSubscription *sub = NULL;
  OK(Open(&nc));
  OK(Open(&publisher));
  OK(natsConnection_Subscribe(&sub, nc, "drain", Count, &got));
  OK(natsConnection_Flush(nc));
  for (int i = 0; i < 1000; ++i) OK(natsConnection_PublishString(publisher, "drain", "x"));
  OK(natsConnection_Flush(publisher));
  OK(natsSubscription_Drain(sub));
  OK(natsSubscription_WaitForDrainCompletion(sub, kWaitMs));
  EXPECT(atomic_load(&got) == 1000);
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(nc);
  natsConnection_Destroy(publisher);
  return true;
}

static bool ManyMessagesStayInOrder(void) {
  enum { kCount = 200000 };
  natsConnection *nc = NULL, *publisher = NULL;
  natsSubscription *sub = NULL;
  OK(Open(&nc));
  OK(Open(&publisher));
  OK(natsConnection_SubscribeSync(&sub, nc, "order"));
  OK(natsSubscription_SetPendingLimits(sub, -1, -1));
  OK(natsConnection_Flush(nc));
  for (int i = 0; i < kCount; ++i) OK(natsConnection_Publish(publisher, "order", &i, sizeof i));
  OK(natsConnection_Flush(publisher));
  for (int i = 0; i < kCount; ++i) {
    natsMsg *msg = NULL;
    int number = -1;
    OK(natsSubscription_NextMsg(&msg, sub, kWaitMs));
    EXPECT(natsMsg_GetDataLength(msg) == sizeof number);
    memcpy(&number, natsMsg_GetData(msg), sizeof number);
    natsMsg_Destroy(msg);
    EXPECT(number == i);
  }
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(nc);
  natsConnection_Destroy(publisher);
  return true;
}

static bool APayloadOfTheMaximumPassesAndALongerOneIsRefused(void) {
  natsConnection *nc = NULL;
  natsSubscription *sub = NULL;
  natsMsg *msg = NULL;
  OK(Open(&nc));
  OK(natsConnection_SubscribeSync(&sub, nc, "big"));
  const int max = (int)natsConnection_GetMaxPayload(nc);
  char *payload = malloc((size_t)max + 1);
  memset(payload, 'x', (size_t)max + 1);
  OK(natsConnection_Publish(nc, "big", payload, max));
  OK(natsSubscription_NextMsg(&msg, sub, kWaitMs));
  EXPECT(natsMsg_GetDataLength(msg) == max);
  EXPECT(natsConnection_Publish(nc, "big", payload, max + 1) == NATS_MAX_PAYLOAD);
  free(payload);
  natsMsg_Destroy(msg);
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(nc);
  return true;
}

static bool AClientWithoutEchoDoesNotHearItself(void) {
  natsOptions *options = NULL;
  natsConnection *quiet = NULL, *other = NULL;
  natsSubscription *sub = NULL;
  OK(natsOptions_Create(&options));
  OK(natsOptions_SetURL(options, g_url));
  OK(natsOptions_SetNoEcho(options, true));
  OK(natsConnection_Connect(&quiet, options));
  OK(Open(&other));
  OK(natsConnection_SubscribeSync(&sub, quiet, "echo"));
  OK(natsConnection_Flush(quiet));
  OK(natsConnection_PublishString(quiet, "echo", "mine"));
  OK(natsConnection_Flush(quiet));
  OK(natsConnection_PublishString(other, "echo", "theirs"));
  EXPECT(IsNext(sub, "theirs"));
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(quiet);
  natsConnection_Destroy(other);
  natsOptions_Destroy(options);
  return true;
}

static void Reconnected(natsConnection *nc, void *closure) {
  (void)nc;
  sem_post(closure);
}

static bool ReconnectsAfterTheServerWasRestarted(void) {
  natsOptions *options = NULL;
  natsConnection *nc = NULL;
  natsSubscription *sub = NULL;
  OK(natsOptions_Create(&options));
  OK(natsOptions_SetURL(options, g_url));
  OK(natsOptions_SetMaxReconnect(options, -1));
  OK(natsOptions_SetReconnectWait(options, 50));
  sem_t back;
  sem_init(&back, 0, 0);
  OK(natsOptions_SetReconnectedCB(options, Reconnected, &back));
  OK(natsConnection_Connect(&nc, options));
  OK(natsConnection_SubscribeSync(&sub, nc, "again"));
  OK(natsConnection_Flush(nc));
  printf("# control: restart\n");
  fflush(stdout);
  char line[64];
  EXPECT(fgets(line, sizeof line, stdin) != NULL);
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += kWaitMs / 1000;
  EXPECT(sem_timedwait(&back, &deadline) == 0);
  OK(natsConnection_PublishString(nc, "again", "still here"));
  EXPECT(IsNext(sub, "still here"));
  natsSubscription_Destroy(sub);
  natsConnection_Destroy(nc);
  natsOptions_Destroy(options);
  return true;
}

typedef struct {
  const char *name;
  bool (*run)(void);
} Test;

int main(void) {
  static const Test kTests[] = {
      {"ConnectTellsTheLimitsOfTheServer", ConnectTellsTheLimitsOfTheServer},
      {"AMessageReachesItsSubscribers", AMessageReachesItsSubscribers},
      {"Wildcards", Wildcards},
      {"AQueueGroupGetsEachMessageOnce", AQueueGroupGetsEachMessageOnce},
      {"RequestAndReply", RequestAndReply},
      {"HeadersArriveAsSent", HeadersArriveAsSent},
      {"ARequestThatNobodyAnswersFailsAtOnce", ARequestThatNobodyAnswersFailsAtOnce},
      {"UnsubscribeAfterANumberOfMessages", UnsubscribeAfterANumberOfMessages},
      {"DrainHandsOverWhatIsPending", DrainHandsOverWhatIsPending},
      {"ManyMessagesStayInOrder", ManyMessagesStayInOrder},
      {"APayloadOfTheMaximumPassesAndALongerOneIsRefused", APayloadOfTheMaximumPassesAndALongerOneIsRefused},
      {"AClientWithoutEchoDoesNotHearItself", AClientWithoutEchoDoesNotHearItself},
      {"ReconnectsAfterTheServerWasRestarted", ReconnectsAfterTheServerWasRestarted},
  };
  const int count = (int)(sizeof kTests / sizeof *kTests);
  g_url = getenv("NATS_URL");
  if (g_url == NULL) {
    fprintf(stderr, "NATS_URL is not set\n");
    return 2;
  }
  printf("1..%d\n", count);
  for (int i = 0; i < count; ++i) {
    if (kTests[i].run()) {
      printf("ok - %s\n", kTests[i].name);
    } else {
      printf("not ok - %s # %s\n", kTests[i].name, g_why);
    }
    fflush(stdout);
  }
  nats_Close();
  return 0;
}
