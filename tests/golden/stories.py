"""Streams of all kinds, made through the JetStream API, and what the API then says of them."""

import base64
import random

from nats import ApiError

CLEAN_ROLL = {"max_bytes": 120_000}  # The smallest blocks there are: 32,000 bytes.


def header(**fields):
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def fill(client, stream, count, size=40, subjects=7, seed=1):
    """Messages with and without header and payload, some compressible, some not."""
    rng = random.Random(f"{stream} {seed}")
    for i in range(count):
        payload = rng.randbytes(rng.randrange(size)) if i % 2 else b"%d bottles of beer " % i * (size // 20)
        client.store(f"{stream}.{i % subjects}.x", b"" if i % 11 == 10 else payload,
                     header(X_Number=i, X_Story=stream) if i % 3 == 0 else b"")


def create(client, name, **config):
    body = {"name": name, "subjects": [f"{name}.>"], "storage": "file", **config}
    client.api(f"STREAM.CREATE.{name}", body)


def consumer(client, stream, name, **config):
    # Nothing is delivered again by itself, however slow the machine.
    config = {"durable_name": name, "ack_policy": "explicit", "ack_wait": 3600 * 10**9, **config}
    body = {"stream_name": stream, "config": config}
    client.api(f"CONSUMER.DURABLE.CREATE.{stream}.{name}", body)


def delete(client, stream, seq, erase):
    client.api(f"STREAM.MSG.DELETE.{stream}", {"seq": seq, "no_erase": not erase})


def plain(c):
    create(c, "PLAIN")
    fill(c, "PLAIN", 200)
    c.store("PLAIN.big", random.Random(5).randbytes(300_000), header(Big="yes"))


def empty(c):
    create(c, "EMPTY")


def deletes(c):
    create(c, "DELETES")
    fill(c, "DELETES", 60)
    for seq in (1, 2, 10, 11, 12, 30, 60):
        delete(c, "DELETES", seq, erase=False)
    for seq in (3, 20, 21, 59):
        delete(c, "DELETES", seq, erase=True)
    fill(c, "DELETES", 5, seed=2)


def many_blocks(c):
    create(c, "BLOCKS", **CLEAN_ROLL)
    fill(c, "BLOCKS", 300, size=900)
    for seq in range(150, 250, 3):
        delete(c, "BLOCKS", seq, erase=seq % 2 == 0)
    fill(c, "BLOCKS", 20, seed=2)


def compressed(c):
    create(c, "S2", compression="s2", **CLEAN_ROLL)
    fill(c, "S2", 260, size=900)
    for seq in range(200, 240, 5):
        delete(c, "S2", seq, erase=seq % 2 == 0)
    fill(c, "S2", 3, seed=2)


def purges(c):
    for name, body in (("PURGEALL", {}), ("PURGEKEEP", {"keep": 7}), ("PURGESEQ", {"seq": 31}),
                       ("PURGESUBJ", {"filter": "PURGESUBJ.3.>"}), ("PURGESUBJKEEP", {"filter": "*.1.x", "keep": 2})):
        create(c, name)
        fill(c, name, 50)
        c.api(f"STREAM.PURGE.{name}", body)
    fill(c, "PURGESUBJ", 10, seed=2)
    create(c, "PURGEDTHENUSED")
    fill(c, "PURGEDTHENUSED", 30)
    c.api("STREAM.PURGE.PURGEDTHENUSED", {})
    fill(c, "PURGEDTHENUSED", 3, seed=2)


def limits(c):
    create(c, "PERSUBJECT", max_msgs_per_subject=3)
    fill(c, "PERSUBJECT", 80)
    create(c, "MAXMSGS", max_msgs=25)
    fill(c, "MAXMSGS", 80)
    create(c, "MAXBYTES", max_bytes=5_000)
    fill(c, "MAXBYTES", 200)
    create(c, "FIRSTSEQ", first_seq=1_000)
    fill(c, "FIRSTSEQ", 10)
    create(c, "FIRSTSEQEMPTY", first_seq=5_000)


def rollup(c):
    create(c, "KV", max_msgs_per_subject=5, allow_rollup_hdrs=True)
    fill(c, "KV", 50)
    c.store("KV.2.x", b"only one", header(Nats_Rollup="sub"))


def ttls(c):
    create(c, "TTL", allow_msg_ttl=True)
    fill(c, "TTL", 10)
    for i in range(8):
        c.store(f"TTL.{i}.x", b"for an hour", header(Nats_TTL="1h"))
    c.store("TTL.never.x", b"for ever", header(Nats_TTL="never"))
    delete(c, "TTL", 12, erase=False)


def schedules(c):
    create(c, "SCHEDULES", allow_msg_schedules=True)
    fill(c, "SCHEDULES", 4)
    c.store("SCHEDULES.at", b"later", header(Nats_Schedule="@at 2199-01-01T00:00:00Z",
                                             Nats_Schedule_Target="SCHEDULES.target"))


def work_queue(c):
    create(c, "WORK", retention="workqueue")
    fill(c, "WORK", 30)
    consumer(c, "WORK", "worker")
    for subject, _ in c.fetch("WORK", "worker", 12)[::2]:
        c.ack(subject)


def consumers(c):
    create(c, "CONS")
    fill(c, "CONS", 50)
    consumer(c, "CONS", "fresh")
    consumer(c, "CONS", "pending")
    got = c.fetch("CONS", "pending", 20)
    for i in (0, 1, 2, 5, 9):
        c.ack(got[i][0])
    consumer(c, "CONS", "again")
    got = c.fetch("CONS", "again", 10)
    for i in (1, 4):
        c.ack(got[i][0], b"-NAK")
    got = c.fetch("CONS", "again", 3)
    c.ack(got[0][0], b"-NAK")
    c.fetch("CONS", "again", 1)
    c.ack(got[1][0], b"+TERM")
    consumer(c, "CONS", "all", ack_policy="all")
    got = c.fetch("CONS", "all", 15)
    c.ack(got[8][0])
    consumer(c, "CONS", "none", ack_policy="none")
    c.fetch("CONS", "none", 4)
    consumer(c, "CONS", "filtered", filter_subject="CONS.3.>", deliver_policy="by_start_sequence", opt_start_seq=10)
    got = c.fetch("CONS", "filtered", 4)
    c.ack(got[0][0])


def interest(c):
    create(c, "INTEREST", retention="interest")
    consumer(c, "INTEREST", "one")
    consumer(c, "INTEREST", "two", filter_subject="INTEREST.1.>")
    fill(c, "INTEREST", 40)
    for subject, _ in c.fetch("INTEREST", "one", 20):
        c.ack(subject)


def in_memory(c):
    c.api("STREAM.CREATE.MEMORY", {"name": "MEMORY", "subjects": ["MEMORY.>"], "storage": "memory"})
    fill(c, "MEMORY", 5)


ALL = [plain, empty, deletes, many_blocks, compressed, purges, limits, rollup, ttls, schedules, work_queue, consumers,
       interest, in_memory]


def tell(client):
    """Makes all of it."""
    for story in ALL:
        story(client)


def describe(client):
    """What the API says of every stream on file: info, messages by sequence, consumers."""
    streams = {}
    for name in client.api("STREAM.NAMES")["streams"]:
        info = client.api(f"STREAM.INFO.{name}", {"subjects_filter": ">", "deleted_details": True})
        if info["config"]["storage"] != "file":
            continue
        messages = {}
        for seq in range(info["state"]["first_seq"], info["state"]["last_seq"] + 1):
            try:
                message = client.api(f"STREAM.MSG.GET.{name}", {"seq": seq})["message"]
            except ApiError:
                continue
            messages[seq] = {"subject": message["subject"], "time": message["time"],
                             "header": base64.b64decode(message.get("hdrs", "")).hex(),
                             "payload": base64.b64decode(message.get("data", "")).hex()}
        found = (client.api(f"CONSUMER.NAMES.{name}")["consumers"]) or []
        streams[name] = {"info": info, "messages": messages,
                         "consumers": {x: client.api(f"CONSUMER.INFO.{name}.{x}") for x in found}}
    return streams


def deliver_one_each(client):
    """One more message of each consumer that has one: the reference writes their states anew when it stops."""
    for stream in client.api("STREAM.NAMES")["streams"]:
        for name in client.api(f"CONSUMER.NAMES.{stream}")["consumers"] or []:
            client.fetch(stream, name, 1)
