"""What consumers delivered to a client and what it acknowledged: what must be pending then, message by message."""

import calendar
import time

NAMES_AT = {9: 2, 12: 4}  # Of stream and consumer in an ack subject, by how many tokens that has.


class Delivered:
    """Every delivery and acknowledgement of one client, in order."""

    def __init__(self):
        self._events = {}  # By (stream, consumer): (verb, stream sequence, consumer sequence, deliveries, seconds)

    def _note(self, verb, subject):
        tokens = subject.split(".")
        at = NAMES_AT[len(tokens)]
        deliveries, stream_seq, consumer_seq, nanos = (int(x) for x in tokens[at + 2:at + 6])
        self._events.setdefault((tokens[at], tokens[at + 1]), []).append(
            (verb, stream_seq, consumer_seq, deliveries, nanos // 10**9))

    def given(self, subject):
        self._note("given", subject)

    def acknowledged(self, subject, what):
        if what in (b"+ACK", b"+TERM"):
            self._note("acknowledged", subject)

    def state(self, stream, consumer, policy):
        """What is left of it, as entries() says it."""
        pending, redelivered = {}, {}
        for verb, seq, consumer_seq, deliveries, when in self._events.get((stream, consumer), []):
            if policy == "none":
                continue
            if verb == "acknowledged":
                for gone in [x for x in pending if x == seq or (policy == "all" and x < seq)]:
                    del pending[gone]
                    redelivered.pop(gone, None)
                continue
            # The first delivery's sequence stays. The time in the state is not the delivery's, as its name has it: the
            # reference stores that of the message.
            pending[seq] = (pending.get(seq, (consumer_seq,))[0], when)
            if deliveries > 1:
                redelivered[seq] = deliveries - 1
        return pending, redelivered


def seconds(text):
    """Of '2026-11-23T06:12:13Z'; states have whole seconds."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def entries(consumer):
    """Of a consumer as 'dunlin store inspect' has it: {sequence: (consumer sequence, seconds)}, {sequence: times}."""
    return ({x["stream_seq"]: (x["consumer_seq"], seconds(x["delivered"])) for x in consumer["pending"]},
            {x["stream_seq"]: x["count"] for x in consumer["redelivered"]})
