// Core NATS through @nats-io/transport-node. Prints one TAP line per test; see ../harness.py for how it is started.

import assert from "node:assert/strict";
import process from "node:process";
import readline from "node:readline";
import { connect, errors, headers } from "@nats-io/transport-node";

const servers = process.env.NATS_URL.replace("nats://", "");
const text = (message) => new TextDecoder().decode(message.data);
const open = (options = {}) => connect({ servers, reconnect: false, ...options });

// The next 'count' messages of a subscription, as text.
async function take(sub, count) {
  const got = [];
  if (count === 0) return got;
  for await (const message of sub) {
    got.push(text(message));
    if (got.length === count) break;
  }
  return got;
}

const numbers = (count) => Array.from({ length: count }, (_, i) => String(i));

const tests = {
  async connect_tells_the_limits_of_the_server() {
    const nc = await open();
    assert.equal(nc.info.max_payload, 1024 * 1024);
    assert.equal(nc.info.headers, true);
    assert.equal(nc.info.proto, 1);
    assert.match(nc.info.version, /^2\.\d+\.\d+/);
    assert.equal(nc.info.client_ip, "127.0.0.1");
    await nc.close();
  },

  async a_message_reaches_its_subscribers() {
    const nc = await open(), other = await open();
    const subs = [nc.subscribe("a.b"), other.subscribe("a.b")];
    await Promise.all([nc.flush(), other.flush()]);
    const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
    nc.publish("a.b", payload);
    for (const sub of subs) {
      for await (const message of sub) {
        assert.deepEqual(new Uint8Array(message.data), payload);
        assert.equal(message.subject, "a.b");
        break;
      }
    }
    await Promise.all([nc.close(), other.close()]);
  },

  async wildcards() {
    const nc = await open();
    const [star, full] = ["w.*.c", "w.>"].map((subject) => nc.subscribe(subject));
    for (const subject of ["w.b.c", "w.x.c", "w.b", "w.b.c.d", "w"]) nc.publish(subject, subject);
    await nc.flush();
    assert.equal(star.getReceived(), 2);
    assert.equal(full.getReceived(), 4);
    assert.deepEqual(await take(star, 2), ["w.b.c", "w.x.c"]);
    await nc.close();
  },

  async a_queue_group_gets_each_message_once() {
    const nc = await open();
    const members = await Promise.all([open(), open(), open()]);
    const got = [];
    let finish;
    const all = new Promise((resolve) => (finish = resolve));
    for (const member of members) {
      member.subscribe("q", {
        queue: "workers",
        callback: (error, message) => {
          assert.equal(error, null);
          if (got.push(Number(text(message))) === 300) finish();
        },
      });
      await member.flush();
    }
    for (const n of numbers(300)) nc.publish("q", n);
    await all;
    await Promise.all(members.map((member) => member.flush()));
    assert.deepEqual(got.sort((a, b) => a - b).map(String), numbers(300));
    await Promise.all([nc, ...members].map((c) => c.close()));
  },

  async request_and_reply() {
    const nc = await open(), service = await open();
    service.subscribe("svc", { callback: (_, message) => message.respond("re:" + text(message)) });
    await service.flush();
    const replies = await Promise.all(numbers(100).map((n) => nc.request("svc", n, { timeout: 20000 })));
    assert.deepEqual(replies.map(text), numbers(100).map((n) => "re:" + n));
    const own = await nc.request("svc", "x", { noMux: true, timeout: 20000 });
    assert.equal(text(own), "re:x");
    await Promise.all([nc.close(), service.close()]);
  },

  async several_replies_to_one_request() {
    const nc = await open();
    nc.subscribe("many", { callback: (_, message) => numbers(5).forEach((n) => message.respond(n)) });
    const got = [];
    for await (const message of await nc.requestMany("many", "", { strategy: "count", maxMessages: 5 })) {
      got.push(text(message));
    }
    assert.deepEqual(got, numbers(5));
    await nc.close();
  },

  async headers_arrive_as_sent() {
    const nc = await open();
    const sub = nc.subscribe("h");
    const sent = headers();
    sent.append("Multi", "one");
    sent.append("Multi", "two");
    sent.set("Plain", "a:b = c");
    nc.publish("h", "with", { headers: sent });
    nc.publish("h", "without");
    const messages = [];
    for await (const message of sub) {
      messages.push(message);
      if (messages.length === 2) break;
    }
    assert.deepEqual(messages[0].headers.values("Multi"), ["one", "two"]);
    assert.equal(messages[0].headers.get("Plain"), "a:b = c");
    assert.equal(text(messages[0]), "with");
    assert.equal(messages[1].headers, undefined);
    await nc.close();
  },

  async a_request_that_nobody_answers_fails_at_once() {
    const nc = await open();
    await assert.rejects(nc.request("nobody.home", "", { timeout: 20000 }),
      (error) => error instanceof errors.NoRespondersError ||
        (error instanceof errors.RequestError && error.isNoResponders()));
    await nc.close();
  },

  async unsubscribe_after_a_number_of_messages() {
    const nc = await open();
    const three = nc.subscribe("max", { max: 3 });
    const all = nc.subscribe("max");
    for (const n of numbers(5)) nc.publish("max", n);
    await nc.flush();
    assert.deepEqual(await take(all, 5), numbers(5));
    assert.deepEqual(await take(three, 3), numbers(3));
    assert.equal(three.isClosed(), true);
    await nc.close();
  },

  async drain_hands_over_what_is_pending() {
    const nc = await open(), publisher = await open();
    const got = [];
    nc.subscribe("drain", { callback: (_, message) => got.push(text(message)) });
    await nc.flush();
    for (const n of numbers(1000)) publisher.publish("drain", n);
    await publisher.flush();
    await nc.drain();
    assert.deepEqual(got, numbers(1000));
    assert.equal(nc.isClosed(), true);
    await publisher.close();
  },

  async many_messages_stay_in_order() {
    const nc = await open(), publisher = await open();
    const count = 100000;
    let expected = 0, finish, fail;
    const all = new Promise((resolve, reject) => { finish = resolve; fail = reject; });
    nc.subscribe("order", {
      callback: (_, message) => {
        if (Number(text(message)) !== expected) fail(new Error(`wanted ${expected}, got ${text(message)}`));
        if (++expected === count) finish();
      },
    });
    await nc.flush();
    for (let i = 0; i < count; ++i) {
      publisher.publish("order", String(i));
      if (i % 1000 === 0) await publisher.flush();
    }
    await publisher.flush();
    await all;
    await Promise.all([nc.close(), publisher.close()]);
  },

  async a_payload_of_the_maximum_passes_and_a_longer_one_is_refused() {
    const nc = await open();
    const sub = nc.subscribe("big");
    const largest = new Uint8Array(nc.info.max_payload).fill(120);
    nc.publish("big", largest);
    for await (const message of sub) {
      assert.equal(message.data.length, largest.length);
      break;
    }
    assert.throws(() => nc.publish("big", new Uint8Array(nc.info.max_payload + 1)), /max_payload size exceeded/);
    await nc.close();
  },

  async a_client_without_echo_does_not_hear_itself() {
    const quiet = await open({ noEcho: true }), other = await open();
    const sub = quiet.subscribe("echo");
    await quiet.flush();
    quiet.publish("echo", "mine");
    await quiet.flush();
    other.publish("echo", "theirs");
    assert.deepEqual(await take(sub, 1), ["theirs"]);
    await Promise.all([quiet.close(), other.close()]);
  },

  async verbose_and_pedantic_clients_work_as_well() {
    const nc = await open({ verbose: true, pedantic: true });
    const sub = nc.subscribe("v");
    nc.publish("v", "x");
    assert.deepEqual(await take(sub, 1), ["x"]);
    assert.ok((await nc.rtt()) >= 0);
    await nc.close();
  },

  async reconnects_after_the_server_was_restarted() {
    const nc = await open({ reconnect: true, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    const back = (async () => {
      for await (const status of nc.status()) if (status.type === "reconnect") return;
    })();
    const sub = nc.subscribe("again");
    await nc.flush();
    console.log("# control: restart");
    await new Promise((resolve) => readline.createInterface({ input: process.stdin }).once("line", resolve));
    await back;
    nc.publish("again", "still here");
    assert.deepEqual(await take(sub, 1), ["still here"]);
    await nc.close();
  },
};

console.log(`1..${Object.keys(tests).length}`);
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok - ${name}`);
  } catch (error) {
    console.log(`not ok - ${name} # ${String(error.stack).split("\n").slice(0, 3).join(" | ")}`);
  }
}
process.exit(0); // What a failed test left open must not keep the program alive.
