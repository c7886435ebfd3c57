#!/usr/bin/env python3
"""Records what the reference's monitoring pages say: writes recorded.txt beside this file.

    record.py [REFERENCE]      default: $DUNLIN_ORACLE, or nats-server on PATH

The server has no system account (whose subscriptions we do not have), three clients with one
subscription each, of which the last has left, and one message. What changes from run to run is replaced: ids,
times, ports, memory and the like. A block is a line '=== STATUS TYPE TARGET', and the body.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

PAGES = [
    "/connz", "/connz?subs=1", "/connz?subs=detail&auth=1", "/connz?state=closed",
    "/connz?state=all&subs=detail&auth=1", "/connz?state=ALL&subs=true", "/connz?state=any&offset=1&limit=1",
    "/connz?acc=nope&offset=2", "/connz?acc=$G", "/connz?acc=$G&state=all", "/connz?acc=$G&state=closed",
    "/connz?user=bob", "/connz?user=bob&auth=true", "/connz?user=nobody", "/connz?mqtt_client=x",
    "/connz?cid=99", "/connz?cid=1", "/connz?cid=1&user=nobody", "/connz?cid=3&state=all", "/connz?cid=3",
    "/connz?cid=3&state=closed&user=x",
    "/connz?cid=1&offset=1&limit=5", "/connz?offset=-5&limit=-1", "/connz?limit=0",
    "/connz?offset=9223372036854775807&limit=9223372036854775807",
    "/connz?offset=1&limit=9223372036854775807", "/connz?limit=-9223372036854775808",
    "/connz?offset=100", "/connz?state=a;b", "/connz?unknown=1", "/connz?limit=1&limit=x",
    "/subsz", "/subsz?subs=1", "/subsz?subs=1&limit=1", "/subsz?subs=1&offset=1", "/subsz?subs=1&test=foo.a",
    "/subsz?subs=1&offset=9223372036854775807&limit=9223372036854775807",
    "/subsz?acc=nope", "/subsz?acc=nope&subs=1", "/subscriptionsz?acc=$G",
    "/routez", "/gatewayz", "/leafz", "/jsz", "/jsz?acc=x&streams=1&consumers=true&config=t", "/ipqueuesz", "/raftz",
    "/raftz?acc=x", "/accountz", "/accountz?acc=nope", "/accountz?acc=$G", "/accstatz", "/accstatz?unused=1",
    "/healthz", "/healthz?js-enabled=1", "/healthz?js-enabled-only=true", "/healthz?js-server-only=1",
    "/healthz?js-meta-only=1", "/healthz?details=1", "/healthz?account=a", "/healthz?account=a&stream=s&consumer=c",
    "/healthz?stream=s", "/healthz?stream=s&details=true", "/healthz?consumer=c", "/healthz?consumer=c&details=1",
    "/healthz?account=a&consumer=c",
    # What cannot be understood.
    "/connz?auth=maybe", "/connz?auth=True", "/connz?auth=tRue", "/connz?auth=2", "/connz?auth=%20", "/connz?auth=+",
    "/connz?auth=%22%5C%00%7f%c3%a9%ff%e2%80%a8%0a%07%1b%c2%a0%c2%ad%f0%9f%98%80%ef%bf%bd",
    "/connz?subs=Detail", "/connz?subs=details", "/connz?limit=x", "/connz?limit=1x", "/connz?limit=+5", "/connz?limit=%2B5",
    "/connz?limit=-", "/connz?limit=0x10", "/connz?limit=1_000", "/connz?limit=007", "/connz?limit=1.5",
    "/connz?limit=9223372036854775808", "/connz?limit=-9223372036854775809", "/connz?limit=99999999999999999999x",
    "/connz?limit=9x9999999999999999999999", "/connz?offset=x&limit=y", "/connz?auth=x&limit=y", "/connz?state=x&cid=y",
    "/connz?cid=-1", "/connz?cid=+1", "/connz?cid=18446744073709551615", "/connz?cid=18446744073709551616", "/connz?cid=1.0",
    "/connz?state=x", "/connz?state=Open", "/connz?state=%01x", "/connz?state=open%20",
    "/connz?sort=foo", "/connz?sort=CID", "/connz?sort=stop", "/connz?sort=reason", "/connz?sort=stop&state=all",
    "/connz?sort=stop&state=closed", "/connz?sort=reason&state=closed", "/connz?sort=foo&state=x",
    "/connz?%zz=1&auth=x", "/connz?auth=%z&auth=y", "/connz?auth", "/connz?=1&auth=x", "/connz?&&auth=x", "/connz?au%74h=x",
    "/connz?a;auth=x&limit=y", "/subsz?subs=detail", "/subsz?offset=x", "/subsz?limit=x", "/subsz?test=a.*", "/subsz?test=a..b",
    "/subsz?test=>&subs=1", "/subsz?test=a%20b", "/routez?subs=x", "/routez?subs=DETAIL", "/gatewayz?subs=x", "/gatewayz?accs=x",
    "/gatewayz?subs=detail&accs=1&gw_name=x", "/leafz?subs=detail", "/leafz?subs=1&acc=x",
    "/jsz?accounts=x", "/jsz?streams=x", "/jsz?consumers=x", "/jsz?direct-consumers=x", "/jsz?config=x", "/jsz?offset=x",
    "/jsz?limit=x", "/jsz?leader-only=x", "/jsz?raft=x", "/jsz?stream-leader-only=x", "/jsz?leader-only=1",
    "/jsz?config=x&accounts=y", "/ipqueuesz?all=x", "/ipqueuesz?queues=x", "/accstatz?unused=x", "/healthz?js-enabled=x",
    "/healthz?js-enabled-only=x", "/healthz?js-server-only=x", "/healthz?js-meta-only=x", "/healthz?details=x",
    "/healthz?details=x&stream=y",
    "/varz",  # Last: it tells which of the above were counted.
]


def connect(port, options, commands):
    s = socket.create_connection(("127.0.0.1", port))
    s.recv(4096)
    s.sendall(b'CONNECT {"verbose":false,"pedantic":false' + options + b"}\r\n" + commands + b"PING\r\n")
    received = b""
    while b"PONG" not in received:
        received += s.recv(4096)
    return s


def get(port, target):
    try:
        reply = urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, target))
    except urllib.error.HTTPError as error:
        reply = error
    return reply.status, reply.headers["Content-Type"], reply.read()


def normalise(body):
    for pattern, replacement in [
            (rb'"N[A-Z2-7]{55}"', b'"ID"'), (rb'"\d{4}-\d\d-\d\dT[\d:.]+Z"', b'"2026-11-21T23:26:48.5Z"'),
            (rb'"rtt": "[^"]*"', b'"rtt": "1.5ms"'), (rb'"go": "[^"]*"', b'"go": "go1"'),
            (rb'"(uptime|idle)": "[^"]*"', rb'"\1": "3s"'),
            (rb'"(mem|cpu|port|cores|gomaxprocs|pending_bytes)": [\d.]+', rb'"\1": 7'),
            # The index and its cache are compared elsewhere.
            (rb'"(num_cache|num_inserts|num_removes|num_matches|cache_hit_rate|max_fanout|avg_fanout)": [\d.]+',
             rb'"\1": 0')]:
        body = re.sub(pattern, replacement, body)
    return body


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DUNLIN_ORACLE", "nats-server")
    if not shutil.which(name):
        sys.exit("no reference server: " + name)
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "c.conf"
        config.write_text("no_system_account: true\n")
        server = subprocess.Popen([name, "-c", config, "-a", "127.0.0.1", "-p", "-1", "-m", "-1"], stderr=subprocess.PIPE)
        ports = {}
        for line in server.stderr:
            if match := re.search(rb"(http monitor|client connections) on .*:(\d+)", line):
                ports[match[1]] = int(match[2])
            if b"Server is ready" in line:
                break
        port, monitor = ports[b"client connections"], ports[b"http monitor"]
        try:
            first = connect(port, b',"name":"<n>","lang":"x","version":"1"', b"SUB foo.* q 1\r\n")
            second = connect(port, b',"user":"bob"', b"SUB x 9\r\nUNSUB 9 5\r\nPUB foo.a 3\r\nabc\r\n")
            third = connect(port, b',"auth_token":"t"', b"SUB y 1\r\n")
            third.close()
            while b'"reason"' not in get(monitor, "/connz?state=closed")[2]:
                pass
            blocks = []
            for target in PAGES:
                status, kind, body = get(monitor, target)
                blocks.append(b"=== %d %s %s\n%s\n" % (status, kind.replace(" ", "").encode(), target.encode(),
                                                       normalise(body)))
        finally:
            server.terminate()
            server.communicate()
    text = re.sub(rb'"/connz": \d+', b'"/connz": 0', b"".join(blocks))
    (pathlib.Path(__file__).parent / "recorded.txt").write_bytes(text)


main()
