#!/usr/bin/env python3
"""Streams and consumers of the reference through our stores, and back into the reference. Prints TAP.

    snapshot_test.py DUNLIN STORE_SNAPSHOT    # the reference: DUNLIN_ORACLE, or nats-server on the PATH

Our snapshots are restored over its JetStream API, its own are unpacked by us, and it opens the directory
that a clean stop of ours leaves.
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import golden_test  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402

CHUNK = 100_000
# Of these the reference notes only in index.db what limits had removed. Of that file we believe the last sequence
# alone, so it comes back.
NEED_INDEX = ("BLOCKS", "KV", "S2")


def restore(client, name, archive):
    """A snapshot into the server, as its API has it: chunks, then an empty one."""
    config = json.loads((archive.parent / f"{name}.json").read_text())
    answer = client.api(f"STREAM.RESTORE.{name}", {"config": config["config"], "state": config["state"]})
    data = archive.read_bytes()
    for at in range(0, len(data), CHUNK):
        client.request(answer["deliver_subject"], data[at:at + CHUNK])
    last = json.loads(client.request(answer["deliver_subject"])[3])
    if "error" in last:
        raise tap.Failure(f"restore of {name}: {last['error']}")


def snapshot(client, name):
    """One that the server makes."""
    client.api(f"STREAM.SNAPSHOT.{name}", {"deliver_subject": "_R.snapshot", "chunk_size": CHUNK})
    data = b""
    while True:
        _, reply, _, payload = client.next()
        if not payload:
            return data
        data += payload
        if reply:
            client.publish(reply)


class Round:
    def __init__(self, reference, dunlin, tool, folder):
        self.reference, self.dunlin, self.folder = reference, dunlin, folder
        self.said = golden_test.make(reference, folder / "store", "", signal.SIGTERM)
        self.out = folder / "out"
        self.tool = tool
        self.out.mkdir()
        done = subprocess.run([tool, "make", str(folder / "store"), str(self.out)], capture_output=True, text=True,
                              timeout=120)
        if done.returncode != 0 or done.stderr:
            raise tap.Failure(f"exit code {done.returncode}: {done.stderr}")
        for name, said in self.said.items():
            (self.out / f"{name}.json").write_text(json.dumps(said["info"]))
        self.restored, self.log = golden_test.run(reference, folder / "restored", "", signal.SIGTERM, self.restore_all)
        self.reopened, self.reopen_log = golden_test.run(reference, self.out / "store", "", signal.SIGTERM,
                                                         stories.describe)

    def restore_all(self, client):
        self.refused = {}
        for name in self.said:
            try:
                restore(client, name, self.out / f"{name}.snapshot")
            except Exception as error:
                self.refused[name] = str(error)
        found = stories.describe(client)
        for name in self.said:
            if name not in self.refused:
                (self.out / f"{name}.theirs").write_bytes(snapshot(client, name))
        return found

    def tests(self):
        for name in self.said:
            yield f"restores {name}", lambda name=name: self.same(self.restored, name)
            yield f"opens {name} after our clean stop", lambda name=name: self.same(self.reopened, name)
            yield f"its own snapshot of {name}", lambda name=name: self.theirs(name)
        yield "no complaints", self.no_complaints

    def same(self, found, name):
        if found is self.restored and name in self.refused:
            raise tap.Failure(self.refused[name])
        if "consumers" not in found.get(name, {}):
            raise tap.Failure(f"there is no stream {name}")
        golden_test.same_to_the_reference(name, found[name], self.said[name])

    def theirs(self, name):
        stream = self.folder / "theirs" / name
        subprocess.run([self.tool, "unpack", str(self.out / f"{name}.theirs"), str(stream)], check=True, timeout=60)
        status, streams, findings = golden_test.inspect(self.dunlin, stream)
        tap.expect("findings", ([x for x in findings if x["damage"]], status), ([], 0))
        tap.expect("messages", sorted(streams[name]["messages"]), sorted(self.said[name]["messages"]))
        for consumer, said in self.said[name]["consumers"].items():
            # It does not keep the time of creation of what it restored.
            found = streams[name]["consumers"][consumer]
            golden_test.compare_consumer(found, {**said, "created": found["created"]})

    def no_complaints(self):
        # Timers are no part of a snapshot (nor are they of its own), nor kept by our stop.
        complaints = [x for x in self.log + self.reopen_log if "Filestore" in x or "Error" in x]
        tap.expect("log", [x for x in complaints if "linear scan" not in x and "recovering TTL" not in x], [])


def main():
    dunlin, tool = sys.argv[1:3]
    reference = tap.reference()
    if not reference:
        return 0
    report = tap.Report()
    with tempfile.TemporaryDirectory() as folder:
        for name, test in Round(reference, dunlin, tool, pathlib.Path(folder)).tests():
            if any(x in name.split() for x in NEED_INDEX):
                report.skip(name, "of the reference's index.db only the last sequence is believed")
            else:
                report.run(name, test)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
