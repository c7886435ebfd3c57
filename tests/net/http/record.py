#!/usr/bin/env python3
"""Records how the reference's monitoring port answers raw HTTP: writes recorded.txt beside this file.

    record.py [REFERENCE]      default: $DUNLIN_ORACLE, or nats-server on PATH

An exchange is three lines: '>' what is sent, '<' what comes back, '=' whether the connection was closed.
Bytes are escaped as \\r, \\n, \\\\ and \\xNN; dates are replaced by one fixed date.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HOST = b"Host: x\r\n"
DATE = b"Date: Sat, 21 Nov 2026 23:26:48 GMT"


def get(target, version=b"HTTP/1.1", fields=b"", method=b"GET", body=b""):
    host = HOST if version == b"HTTP/1.1" else b""
    return method + b" " + target + b" " + version + b"\r\n" + fields + host + b"\r\n" + body


ASKED = [
    # Framing and keep-alive.
    get(b"/healthz"),
    b"GET /healthz HTTP/1.1\nHost: x\n\n",
    get(b"/healthz", b"HTTP/1.0"),
    get(b"/healthz", b"HTTP/1.0", b"Connection: keep-alive\r\n"),
    get(b"/healthz", fields=b"Connection: close\r\n"),
    get(b"/healthz", fields=b"connection: foo, Close\r\n"),
    get(b"/healthz", method=b"HEAD"),
    get(b"/healthz") + get(b"/nope") + get(b"/ipqueuesz", fields=b"Connection: close\r\n") + get(b"/healthz"),
    # Methods: every one is served; HEAD has no body.
    get(b"/healthz", method=b"FOO"),
    get(b"/healthz", method=b"OPTIONS"),
    get(b"*", method=b"OPTIONS"),
    get(b"*"),
    get(b"x:80", method=b"CONNECT"),
    get(b"/healthz", method=b"CONNECT"),
    get(b"//healthz", method=b"CONNECT"),
    # Bodies are read and dropped.
    get(b"/healthz", method=b"POST", fields=b"Content-Length: 3\r\n", body=b"abc") + get(b"/ipqueuesz"),
    get(b"/healthz", method=b"POST", fields=b"Transfer-Encoding: chunked\r\n",
        body=b"3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n") + get(b"/ipqueuesz"),
    get(b"/healthz", method=b"POST", fields=b"Content-Length: 300000\r\n", body=b"abc"),
    get(b"/healthz", method=b"POST", fields=b"Content-Length: 10\r\n", body=b"abc"),
    get(b"/healthz", method=b"POST", fields=b"Transfer-Encoding: chunked\r\n", body=b"zz\r\n"),
    get(b"/healthz", method=b"POST", fields=b"Transfer-Encoding: gzip\r\n"),
    get(b"/healthz", method=b"POST", fields=b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    get(b"/healthz", b"HTTP/1.0", b"Transfer-Encoding: gzip\r\n"),
    get(b"/healthz", fields=b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", body=b"0\r\n\r\n"),
    get(b"/healthz", fields=b"Content-Length: 3\r\nContent-Length: 4\r\n", body=b"abc"),
    get(b"/healthz", fields=b"Content-Length: 3\r\nContent-Length: 3\r\n", body=b"abc"),
    get(b"/healthz", fields=b"Content-Length: x\r\n"),
    get(b"/healthz", fields=b"Content-Length: -1\r\n"),
    get(b"/healthz", fields=b"Expect: foo\r\n"),
    # Requests that cannot be understood.
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\nHost: a/b\r\n\r\n",
    b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n",
    b"GET /healthz HTTP/1.2\r\n" + HOST + b"\r\n",
    b"GET /healthz HTTP/0.9\r\n" + HOST + b"\r\n",
    b"GET /healthz HTTP/11\r\n",
    b"GET /healthz\r\n\r\n",
    b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    b"G@T /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /health z HTTP/1.1\r\n" + HOST + b"\r\n",
    b"\r\nGET /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    b"SSH-2.0-OpenSSH\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    get(b"/healthz", fields=b"bad header\r\n"),
    get(b"/healthz", fields=b"bad : x\r\n"),
    get(b"/healthz", fields=b"b@d: x\r\n"),
    get(b"/healthz", fields=b"A: \x01\r\n"),
    get(b"/healthz", fields=b"A: \xff\r\n"),
    get(b"/healthz", fields=b"A: b\r\n c\r\n"),
    get(b"/healthz", fields=b" A: b\r\n"),
    # Paths.
    get(b"/nope"),
    get(b"/nope", method=b"HEAD"),
    get(b"/nope", b"HTTP/1.0"),
    get(b"/nope", b"HTTP/1.0", b"Connection: keep-alive\r\n"),
    get(b"/healthz/"),
    get(b"/healthz#x"),
    get(b"/debug"),
    get(b"/debug%2fvars"),
    get(b"/health%7a"),
    get(b"/%2e/healthz"),
    get(b"/%zz"),
    get(b"/%7"),
    get(b"healthz"),
    get(b"http://y/healthz"),
    get(b"http://y"),
    get(b"http://y?a"),
    get(b"//healthz"),
    get(b"//healthz?a=b&c"),
    get(b"//healthz?"),
    get(b"//healthz?a=b&c", method=b"POST"),
    get(b"//healthz?a=b&c", method=b"HEAD"),
    get(b"//healthz", b"HTTP/1.0"),
    get(b"//healthz", fields=b"Connection: close\r\n"),
    get(b"//nope//"),
    get(b"/./healthz"),
    get(b"/x/../healthz"),
    get(b"/../.."),
    get(b"/a//%7a\"<b>'?x=<y>"),
    get(b"/\xc3\xa9//\xc3\xa9?\xc3\xa9"),
    get(b"//a:b@c;d,e=f+g$h!i*j(k)[l]'m%2f"),
    # Statuses and types of replies other than JSON.
    get(b"/raftz"),
    get(b"/connz?auth=maybe"),
    get(b"/connz?auth=maybe", b"HTTP/1.0", b"Connection: keep-alive\r\n"),
    get(b"/connz?state=%01"),
]


def ask(port, data):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.settimeout(1)
        s.sendall(data)
        out = b""
        try:
            while True:
                piece = s.recv(65536)
                if not piece:
                    return out, True
                out += piece
        except socket.timeout:
            return out, False


def escape(data):
    def one(b):
        if b == 13:
            return "\\r"
        if b == 10:
            return "\\n"
        if b == 92:
            return "\\\\"
        return chr(b) if 32 <= b < 127 else "\\x%02x" % b
    return "".join(one(b) for b in data)


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DUNLIN_ORACLE", "nats-server")
    if not shutil.which(name):
        sys.exit("no reference server: " + name)
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([name, "-a", "127.0.0.1", "-p", "-1", "-m", "-1"], cwd=folder,
                                  stderr=subprocess.PIPE)
        port = None
        for line in server.stderr:
            if match := re.search(rb"Starting http monitor on .*:(\d+)", line):
                port = int(match[1])
            if b"Server is ready" in line:
                break
        out = ["# Written by record.py: what the reference answers to raw HTTP.", ""]
        try:
            for data in ASKED:
                reply, closed = ask(port, data)
                reply = re.sub(rb"Date: [^\r]*", DATE, reply)
                out += ["> " + escape(data), "< " + escape(reply), "= " + ("closed" if closed else "open"), ""]
        finally:
            server.terminate()
            server.communicate()
    (pathlib.Path(__file__).parent / "recorded.txt").write_text("\n".join(out))


main()
