"""Core NATS through nats-py. Prints one TAP line per test; see ../harness.py for how it is started."""

import asyncio
import os
import sys
import traceback

import nats
from nats import errors

URL = os.environ["NATS_URL"]
WAIT_S = 20  # How long anything that must come is waited for; nothing waits for it to pass.


async def connect(**options):
    return await nats.connect(URL, allow_reconnect=options.pop("allow_reconnect", False), **options)


async def settle(nc, witness=None):
    """Returns once the server has seen all that was sent before. flush() does not promise that: this client's PING
    overtakes what it still buffers. A client without echo needs a witness that hears it."""
    witness = witness or nc
    inbox = nc.new_inbox()
    sub = await witness.subscribe(inbox)
    if witness is not nc:
        await settle(witness)
    await nc.publish(inbox, b"")
    await sub.next_msg(timeout=WAIT_S)
    await sub.unsubscribe()


async def next_data(subscription, count=1):
    return [(await subscription.next_msg(timeout=WAIT_S)).data for _ in range(count)]


async def test_connect_tells_the_limits_of_the_server():
    nc = await connect()
    assert nc.max_payload == 1024 * 1024, nc.max_payload
    assert nc.connected_server_version.major == 2
    assert nc.client_id > 0
    await nc.close()


async def test_a_message_reaches_its_subscribers():
    nc, other = await connect(), await connect()
    subs = [await nc.subscribe("a.b"), await other.subscribe("a.b")]
    await asyncio.gather(settle(nc), settle(other))
    payload = bytes(range(256))
    await nc.publish("a.b", payload)
    for sub in subs:
        assert await next_data(sub) == [payload]
    await asyncio.gather(nc.close(), other.close())


async def test_wildcards():
    nc = await connect()
    star, full, exact = [await nc.subscribe(s) for s in ("w.*.c", "w.>", "w.b.c")]
    for subject in ("w.b.c", "w.x.c", "w.b", "w.b.c.d", "w"):
        await nc.publish(subject, subject.encode())
    await settle(nc)
    assert await next_data(star, 2) == [b"w.b.c", b"w.x.c"]
    assert await next_data(full, 4) == [b"w.b.c", b"w.x.c", b"w.b", b"w.b.c.d"]
    assert await next_data(exact) == [b"w.b.c"]
    assert (star.pending_msgs, full.pending_msgs, exact.pending_msgs) == (0, 0, 0)
    await nc.close()


async def test_a_queue_group_gets_each_message_once():
    nc = await connect()
    members = [await connect() for _ in range(3)]
    got, done = [], asyncio.Event()

    async def on_message(message):
        got.append(int(message.data))
        if len(got) == 300:
            done.set()

    for member in members:
        await member.subscribe("q", queue="workers", cb=on_message)
        await settle(member)
    for i in range(300):
        await nc.publish("q", str(i).encode())
    await asyncio.wait_for(done.wait(), WAIT_S)
    await asyncio.gather(*(settle(member) for member in members))
    assert sorted(got) == list(range(300))
    await asyncio.gather(nc.close(), *(member.close() for member in members))


async def test_request_and_reply():
    nc, service = await connect(), await connect()

    async def answer(message):
        await message.respond(b"re:" + message.data)

    await service.subscribe("svc", cb=answer)
    await settle(service)
    replies = await asyncio.gather(*(nc.request("svc", str(i).encode(), timeout=WAIT_S) for i in range(100)))
    assert [reply.data for reply in replies] == [b"re:%d" % i for i in range(100)]
    old_style = await nc.request("svc", b"x", timeout=WAIT_S, old_style=True)
    assert old_style.data == b"re:x"
    await asyncio.gather(nc.close(), service.close())


async def test_headers_arrive_as_sent():
    nc = await connect()
    sub = await nc.subscribe("h")
    headers = {"Plain": "value", "Odd-Chars": "a:b =\u00e9", "Empty": ""}
    await nc.publish("h", b"with", headers=headers)
    await nc.publish("h", b"without")
    message = await sub.next_msg(timeout=WAIT_S)
    assert (message.headers, message.data) == (headers, b"with"), message.headers
    message = await sub.next_msg(timeout=WAIT_S)
    assert (message.headers, message.data) == (None, b"without")
    await nc.close()


async def test_a_request_that_nobody_answers_fails_at_once():
    nc = await connect()
    try:
        await nc.request("nobody.home", b"", timeout=WAIT_S)
        raise AssertionError("got a reply")
    except errors.NoRespondersError:
        pass
    await nc.close()


async def test_unsubscribe_after_a_number_of_messages():
    nc = await connect()
    sub = await nc.subscribe("max")
    await sub.unsubscribe(limit=3)
    everything = await nc.subscribe("max")
    for i in range(5):
        await nc.publish("max", b"%d" % i)
    await settle(nc)
    assert await next_data(everything, 5) == [b"0", b"1", b"2", b"3", b"4"]
    assert await next_data(sub, 3) == [b"0", b"1", b"2"]
    assert sub.pending_msgs == 0
    await nc.close()


async def test_drain_hands_over_what_is_pending():
    nc, publisher = await connect(), await connect()
    got = []

    async def on_message(message):
        got.append(message.data)

    await nc.subscribe("drain", cb=on_message)
    await settle(nc)
    for i in range(1000):
        await publisher.publish("drain", b"%d" % i)
    await settle(publisher)
    await nc.drain()
    assert got == [b"%d" % i for i in range(1000)]
    assert nc.is_closed
    await publisher.close()


async def test_many_messages_stay_in_order():
    nc, publisher = await connect(), await connect()
    count, got, done = 50_000, [], asyncio.Event()

    async def on_message(message):
        got.append(int(message.data))
        if len(got) == count:
            done.set()

    await nc.subscribe("many", cb=on_message, pending_msgs_limit=-1, pending_bytes_limit=-1)
    await settle(nc)
    for i in range(count):
        await publisher.publish("many", b"%d" % i)
    await settle(publisher)
    await asyncio.wait_for(done.wait(), 60)
    assert got == list(range(count))
    await asyncio.gather(nc.close(), publisher.close())


async def test_a_payload_of_the_maximum_passes_and_a_longer_one_is_refused():
    nc = await connect()
    sub = await nc.subscribe("big")
    largest = b"x" * nc.max_payload
    await nc.publish("big", largest)
    assert await next_data(sub) == [largest]
    try:
        await nc.publish("big", largest + b"x")
        raise AssertionError("was not refused")
    except errors.MaxPayloadError:
        pass
    await nc.close()


async def test_a_client_without_echo_does_not_hear_itself():
    quiet, other = await connect(no_echo=True), await connect()
    sub = await quiet.subscribe("echo")
    await settle(quiet, witness=other)
    await quiet.publish("echo", b"mine")
    await settle(quiet, witness=other)
    await other.publish("echo", b"theirs")
    assert await next_data(sub) == [b"theirs"]
    await asyncio.gather(quiet.close(), other.close())


async def test_a_bad_subject_is_told():
    closed = asyncio.Event()

    async def on_closed():
        closed.set()

    nc = await connect(pedantic=True, closed_cb=on_closed)
    nc._transport.write(b"PUB a..b 0\r\n\r\n")  # The client itself would refuse to send this.
    await asyncio.wait_for(closed.wait(), WAIT_S)  # This client closes on any error.
    assert "invalid publish subject" in str(nc.last_error).lower(), nc.last_error


async def test_reconnects_after_the_server_was_restarted():
    back = asyncio.Event()

    async def on_reconnect():
        back.set()

    nc = await connect(allow_reconnect=True, reconnect_time_wait=0.05, max_reconnect_attempts=-1,
                       reconnected_cb=on_reconnect)
    sub = await nc.subscribe("again")
    await settle(nc)
    print("# control: restart", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await asyncio.wait_for(back.wait(), WAIT_S)
    await nc.publish("again", b"still here")
    assert await next_data(sub) == [b"still here"]
    await nc.close()


async def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    print(f"1..{len(tests)}")
    for name, test in tests:
        try:
            await asyncio.wait_for(test(), 90)
            print(f"ok - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            print(f"not ok - {name} # {' | '.join(traceback.format_exc().splitlines()[-3:])}", flush=True)


asyncio.run(main())
