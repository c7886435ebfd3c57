#!/usr/bin/env python3
"""Directories that the reference server wrote, held against what its API said before it stopped. Prints TAP.

    golden_test.py DUNLIN STORE_REWRITE STORE_OPEN    # the reference: DUNLIN_ORACLE, or nats-server on the PATH

Read twice: by 'dunlin store inspect', and by store_open, which opens them with Storage as a server would.

The other way round: store_rewrite writes all files of these directories anew, with our encoders, and store_open
makes streams of its own, changes what there is, and stops; the reference has to find the same in them.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import delivered  # noqa: E402
import nats  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402
from tap import Failure, expect  # noqa: E402

KEY = "a-key-of-tests"
# What the reference says of any directory, and of messages with schedules: their file is not ours to write yet.
HARMLESS = ("Maximum JetStream", "essage scheduling state is outdated", "Filesystem", "unprotected",
            "took too long", "processing time")  # The last two: of a machine that is busy.
ZERO_TIME = "0001-01-01T00:00:00Z"


def run(reference, store, cipher, how, use):
    """What 'use' makes of a client of a reference server with this store directory, which is then stopped."""
    config = store.with_name(f"{store.name}.conf")
    encryption = f"cipher: {cipher}, key: $GOLDEN_KEY" if cipher else ""
    config.write_text(f'jetstream {{ store_dir: "{store}", {encryption} }}\n')
    os.environ["GOLDEN_KEY"] = KEY
    server = nats.Server(reference, config)
    try:
        client = nats.Client(server.port)
        said = use(client)
        client.close()
    finally:
        server.stop(how)
    return said, server.warnings()


def make(reference, store, cipher, how):
    """Tells all stories to a reference server and stops it; what the API said of them.

    Of a server that was killed: what it says when it is started again, on a copy. It forgets what limits
    had removed, and what a consumer did last.
    """
    def tell(client):
        stories.tell(client)
        said = stories.describe(client)
        for stream, its in said.items():
            for name, consumer in its["consumers"].items():
                consumer["left"] = client.delivered.state(stream, name, consumer["config"]["ack_policy"])
        return said

    said, _ = run(reference, store, cipher, how, tell)
    if how == signal.SIGKILL:
        again = store.with_name("again")
        shutil.copytree(store, again)
        said, _ = run(reference, again, cipher, signal.SIGTERM, stories.describe)
    return said


def inspect(dunlin, folder, *arguments, key=KEY):
    """Exit code, and what each stream holds, as 'dunlin store inspect' has it."""
    done = subprocess.run([dunlin, "store", "inspect", str(folder), "--json", "--messages", *arguments],
                          capture_output=True, text=True, env={**os.environ, "GOLDEN_KEY": key}, timeout=60)
    streams, findings = parse(done.stdout)
    return done.returncode, streams, findings


def parse(text):
    """Streams, and findings, of JSON lines as 'dunlin store inspect' prints them."""
    streams, findings = {}, []
    pending = {"messages": {}, "consumers": {}, "blocks": []}
    for line in text.splitlines():
        item = json.loads(line)
        kind = item.pop("kind")
        if kind == "message":
            pending["messages"][item.pop("seq")] = item
        elif kind == "consumer":
            pending["consumers"][item["name"]] = item
        elif kind == "block":
            pending["blocks"].append(item)
        elif kind == "finding":
            findings.append(item)
        elif kind == "stream":
            streams[item["name"]] = {**pending, "stream": item}
            pending = {"messages": {}, "consumers": {}, "blocks": []}
    return streams, findings


def open_store(program, what, folder, cipher):
    """What our Storage finds in the directory, which it then stops cleanly.

    It speaks of streams that are nothing but blocks: a server that is killed early leaves them so.
    """
    alone = {path.parent.parent.name for path in folder.glob("jetstream/*/streams/*/msgs/*.blk")
             if not path.with_name("index.db").exists()}
    done = subprocess.run([program, what, str(folder), cipher or "none"], capture_output=True, text=True,
                          env={**os.environ, "GOLDEN_KEY": KEY}, timeout=60)
    spoken_of = sorted(x.partition(", msgs, offset 0: there is neither")[0] for x in done.stderr.splitlines())
    expect("exit of store_open", (done.returncode, spoken_of), (0, sorted(f"stream '{name}'" for name in alone)))
    return parse(done.stdout)[0]


def compare_stream(name, found, said):
    """Every message, and the state, are what the API said."""
    stream, state = found["stream"], said["info"]["state"]
    expect(f"{name}: sequences", sorted(found["messages"]), sorted(said["messages"]))
    for seq, message in said["messages"].items():
        expect(f"message {seq}", found["messages"][seq], message)
    for key in ("messages", "bytes", "last_seq"):
        expect(key, stream[key], state[key])
    if state["messages"] > 0 or state["last_seq"] > 0:
        expect("first_seq", stream["first_seq"], state["first_seq"])
    if state["messages"] > 0:
        expect("first_ts", stream["first_ts"], state["first_ts"])
    if state["last_ts"] != ZERO_TIME:
        expect("last_ts", stream["last_ts"], state["last_ts"])
    if state["last_seq"] > 0:  # The reference says 1 of a stream that never held anything.
        expect(f"{name}: num_deleted", stream["num_deleted"], state.get("num_deleted", 0))
    expect("subjects", stream["subjects"], state.get("subjects") or {})
    expect("num_subjects", stream["num_subjects"], state.get("num_subjects", 0))
    expect("created", stream["created"], said["info"]["created"])
    expect("name", stream["config"]["name"], name)


def compare_consumer(found, said):
    for key in ("delivered", "ack_floor"):
        wanted = {x: said[key][x] for x in ("consumer_seq", "stream_seq")}
        expect(key, found[key], wanted)
    # A policy without acks has nothing to wait for on disk.
    expect("pending", len(found["pending"]), said["num_ack_pending"])
    expect("redelivered", len(found["redelivered"]), said["num_redelivered"])
    expect("created", found["created"], said["created"])
    if "left" in said:
        expect("pending messages, redelivered ones", delivered.entries(found), said["left"])


def all_entries(streams):
    return {f"{stream}.{name}": delivered.entries(consumer)
            for stream, found in streams.items() for name, consumer in found["consumers"].items()}


def same_to_the_reference(name, got, wanted):
    """What the API says of a stream is what it said before."""
    for key in ("messages", "bytes", "last_seq", "num_subjects", "num_deleted", "subjects", "deleted"):
        if wanted["info"]["state"]["last_seq"] > 0:
            expect(f"{name}: {key}", got["info"]["state"].get(key), wanted["info"]["state"].get(key))
    expect(f"{name}: configuration", got["info"]["config"], wanted["info"]["config"])
    expect(f"{name}: messages", got["messages"], wanted["messages"])
    expect(f"{name}: consumers", sorted(got["consumers"]), sorted(wanted["consumers"]))
    for consumer, was in wanted["consumers"].items():
        now = got["consumers"][consumer]
        for key in ("delivered", "ack_floor"):
            for part in ("consumer_seq", "stream_seq"):
                expect(f"{name}.{consumer}: {key}", now[key][part], was[key][part])
        for key in ("num_ack_pending", "num_redelivered", "num_pending", "config", "created"):
            expect(f"{name}.{consumer}: {key}", now[key], was[key])


class Golden:
    """One directory: how it was made, and the tests of it."""

    def __init__(self, reference, programs, folder, cipher, how):
        self.reference, self.folder, self.how = reference, folder, how
        self.dunlin, self.rewrite, self.open = programs
        self.label = f"{cipher or 'plain'}, {'stopped' if how == signal.SIGTERM else 'killed'}"
        self.arguments = ["--key-env", "GOLDEN_KEY"] if cipher else []
        self.cipher = cipher
        self.said = make(reference, folder, cipher, how)
        self.status, self.streams, self.findings = inspect(self.dunlin, folder, *self.arguments)

    def tests(self):
        yield "is whole", self.is_whole
        yield "has the streams on file", self.has_all_streams
        for name, said in self.said.items():
            yield f"stream {name}", lambda name=name, said=said: compare_stream(name, self.streams[name], said)
            for consumer in said["consumers"]:
                yield f"consumer {name}.{consumer}", lambda n=name, c=consumer: self.consumer(n, c)
        yield "blocks are compressed", self.blocks_are_compressed
        yield "timers are kept", self.timers_are_kept
        if self.cipher:
            yield "another key is refused", self.another_key_is_refused
        for name in self.said:
            yield f"opened: stream {name}", lambda name=name: compare_stream(
                name, self.opened()[name], self.said_by_blocks()[name])
        yield "opened, stopped, and the reference's again", self.opened_and_back
        yield "pending messages are the same to the reference", self.pending_and_back
        for cipher in ("chacha", "aes"):
            if cipher != self.cipher:
                yield f"opened with cipher {cipher}", lambda cipher=cipher: self.converted(cipher)
        yield "streams of ours, read by the reference", self.ours
        if self.how == signal.SIGTERM:
            for cipher in ("none", "chacha", "aes"):
                yield f"rewritten with cipher {cipher}", lambda cipher=cipher: self.rewritten(cipher)
        yield "a damaged block is named", self.damage_is_named
        yield "a message taken out of the end is missed", self.missing_end_is_seen

    def is_whole(self):
        expect("findings", [x for x in self.findings if x["damage"]], [])
        expect("exit code", self.status, 0)

    def has_all_streams(self):
        expect("streams", sorted(self.streams), sorted(self.said))

    def consumer(self, stream, name):
        compare_consumer(self.streams[stream]["consumers"][name], self.said[stream]["consumers"][name])

    def blocks_are_compressed(self):
        blocks = self.streams["S2"]["blocks"]
        if not any(x["compressed"] for x in blocks):
            raise Failure(f"none of {len(blocks)} blocks is")

    def timers_are_kept(self):
        if self.how != signal.SIGTERM:
            return
        expect("TTLs", self.streams["TTL"]["stream"]["ttl_entries"], 7)
        expect("schedules", self.streams["SCHEDULES"]["stream"]["schedule_entries"], 1)
        for name, found in self.streams.items():
            if found["stream"]["messages"] > 0:
                expect(f"index of {name}", found["stream"]["index"], "current")

    def another_key_is_refused(self):
        status, streams, findings = inspect(self.dunlin, self.folder, *self.arguments, key="another key")
        expect("exit code", status, 1)
        expect("messages", sum(len(x["messages"]) for x in streams.values()), 0)
        expect("why", {x["text"] for x in findings}, {"does not open with this key"})

    def rewritten(self, cipher):
        with tempfile.TemporaryDirectory() as scratch:
            copy = pathlib.Path(scratch) / "store"
            subprocess.run([self.rewrite, str(self.folder), str(copy), self.cipher or "none", cipher],
                           check=True, capture_output=True, timeout=60)
            arguments = ["--key-env", "GOLDEN_KEY"] if cipher != "none" else []
            status, _, findings = inspect(self.dunlin, copy, *arguments)
            expect("findings", (status, findings), (0, []))
            said, log = run(self.reference, copy, "" if cipher == "none" else cipher, signal.SIGTERM,
                            stories.describe)
            expect("complaints of the reference", [x for x in log if "Filestore" in x or "Error" in x], [])
            for name, wanted in self.said.items():
                if "consumers" not in said.get(name, {}):
                    raise Failure(f"there is no stream {name}")
                same_to_the_reference(name, said[name], wanted)

    def opened(self):
        """What Storage finds in a copy, which it leaves in self.stopped."""
        if not hasattr(self, "found"):
            self.found = None
            self.stopped = self.folder.with_name("stopped")
            shutil.copytree(self.folder, self.stopped)
            self.found = open_store(self.open, "dump", self.stopped, self.cipher)
        if self.found is None:
            raise Failure("it was not opened")
        return self.found

    def said_by_blocks(self):
        """What the reference says of the directory without its caches, as Storage reads it.

        They remember what limits had removed, where deletions have made room since; blocks do not.
        """
        if not hasattr(self, "by_blocks"):
            copy = self.folder.with_name("blocks")
            shutil.copytree(self.folder, copy)
            for index in copy.glob("jetstream/*/streams/*/msgs/index.db"):
                index.unlink()
            self.by_blocks, _ = run(self.reference, copy, self.cipher, signal.SIGTERM, stories.describe)
        return self.by_blocks

    def back_to_the_reference(self, copy, cipher):
        """What the reference says of a directory that we stopped, without a complaint."""
        said, log = run(self.reference, copy, cipher, signal.SIGTERM, stories.describe)
        expect("complaints of the reference", [x for x in log if not any(y in x for y in HARMLESS)], [])
        return said

    def opened_and_back(self):
        self.opened()
        status, _, findings = inspect(self.dunlin, self.stopped, *self.arguments)
        expect("damage", (status, [x for x in findings if x["damage"]]), (0, []))
        said = self.back_to_the_reference(self.stopped, self.cipher)
        for name, wanted in self.said_by_blocks().items():
            same_to_the_reference(name, said[name], wanted)

    def pending_and_back(self):
        """The reference has read every entry of what we wrote: it writes them when it delivers one more and stops."""
        self.opened()
        wrote = all_entries(inspect(self.dunlin, self.stopped, *self.arguments)[1])
        expect("what we wrote", wrote, all_entries(self.streams))
        if sum(len(pending) for pending, _ in wrote.values()) < 30 or not any(again for _, again in wrote.values()):
            raise Failure("hardly anything is pending")
        with tempfile.TemporaryDirectory() as scratch:
            copy = pathlib.Path(scratch) / "store"
            shutil.copytree(self.stopped, copy)

            def use(client):
                stories.deliver_one_each(client)
                return client.delivered

            one_more, _ = run(self.reference, copy, self.cipher, signal.SIGTERM, use)
            found = inspect(self.dunlin, copy, *self.arguments)[1]
            written_anew = 0
            for stream, its in found.items():
                for name, consumer in its["consumers"].items():
                    got = delivered.entries(consumer)
                    one, _ = one_more.state(stream, name, consumer["config"]["ack_policy"])
                    # What it delivered just before its stop it may not have written.
                    one = {seq: entry for seq, entry in one.items() if seq in got[0]}
                    written_anew += len(one)
                    pending, redelivered = wrote[f"{stream}.{name}"]
                    expect(f"{stream}.{name}", got, ({**pending, **one}, redelivered))
            if written_anew < 5:
                raise Failure(f"the reference wrote {written_anew} states anew")

    def converted(self, cipher):
        with tempfile.TemporaryDirectory() as scratch:
            copy = pathlib.Path(scratch) / "store"
            shutil.copytree(self.folder, copy)
            found = open_store(self.open, "dump", copy, cipher)
            for name, said in self.said_by_blocks().items():
                compare_stream(name, found[name], said)
            said = self.back_to_the_reference(copy, cipher)
            for name, wanted in self.said_by_blocks().items():
                same_to_the_reference(name, said[name], wanted)

    def ours(self):
        with tempfile.TemporaryDirectory() as scratch:
            copy = pathlib.Path(scratch) / "store"
            shutil.copytree(self.folder, copy)
            found = open_store(self.open, "tell", copy, self.cipher)
            said = self.back_to_the_reference(copy, self.cipher)
            expect("streams", sorted(said), sorted(found))
            if sum(x.startswith("OURS") for x in found) < 10:
                raise Failure("there are hardly any streams of ours")
            for name in found:
                compare_stream(name, found[name], said[name])

    def with_damage(self, path, change):
        """Findings after 'change' of a file's bytes, in a copy of its stream."""
        with tempfile.TemporaryDirectory() as scratch:
            stream = path.parent.parent
            copy = pathlib.Path(scratch) / stream.name
            shutil.copytree(stream, copy)
            file = copy / path.relative_to(stream)
            file.write_bytes(change(file.read_bytes()))
            status, streams, findings = inspect(self.dunlin, copy, *self.arguments)
            expect("exit code", status, 1)
            return streams[stream.name], [x for x in findings if x["damage"] and x["file"].endswith(path.name)]

    def block(self, stream):
        return min((self.folder / "jetstream/$G/streams" / stream / "msgs").glob("*.blk"))

    def damage_is_named(self):
        before = self.streams["PLAIN"]["messages"]
        found, findings = self.with_damage(
            self.block("PLAIN"), lambda x: x[:1000] + bytes([x[1000] ^ 1]) + x[1001:])
        expect("findings", len(findings), 1)
        if not 0 < findings[0]["offset"] <= 1000:
            raise Failure(f"wrong offset: {findings[0]}")
        expect("messages left", len(found["messages"]), len(before) - 1)

    def missing_end_is_seen(self):
        path = self.block("DELETES")
        _, findings = self.with_damage(path, lambda x: x[:-3])
        expect("findings", [x["text"].split(";")[0] for x in findings], ["sanity check failed"])


def main():
    programs = sys.argv[1:4]
    reference = tap.reference()
    if not reference:
        return 0
    report = tap.Report()
    for cipher, how in (("", signal.SIGTERM), ("", signal.SIGKILL), ("chacha", signal.SIGTERM),
                        ("aes", signal.SIGTERM), ("chacha", signal.SIGKILL)):
        with tempfile.TemporaryDirectory() as folder:
            golden = Golden(reference, programs, pathlib.Path(folder) / "store", cipher, how)
            for name, test in golden.tests():
                report.run(f"{golden.label}: {name}", test)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
