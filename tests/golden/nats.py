"""A few lines of NATS client: requests and JetStream API calls over one socket. No package needed."""

import json
import re
import signal
import socket
import subprocess

import delivered

TIMEOUT_S = 20


class Client:
    """One connection. Every wait ends after TIMEOUT_S with an error."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._file = self._socket.makefile("rb")
        self._file.readline()
        self._send(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB _R.> 1\r\nPING\r\n')
        while self._file.readline() != b"PONG\r\n":
            pass
        self._replies = 0
        self.delivered = delivered.Delivered()

    def close(self):
        self._file.close()
        self._socket.close()

    def _send(self, data):
        self._socket.sendall(data)

    def publish(self, subject, payload=b"", header=b"", reply=""):
        front = f"{subject} {reply}".strip().encode()
        if header:
            self._send(b"HPUB %s %d %d\r\n%s%s\r\n" % (front, len(header), len(header) + len(payload), header, payload))
        else:
            self._send(b"PUB %s %d\r\n%s\r\n" % (front, len(payload), payload))

    def next(self):
        """The next message: subject, reply, header, payload."""
        while True:
            line = self._file.readline()
            words = line.decode().split()
            if not words:
                raise ConnectionError("the server has gone")
            if words[0] == "PING":
                self._send(b"PONG\r\n")
            elif words[0] in ("MSG", "HMSG"):
                header_size = int(words[-2]) if words[0] == "HMSG" else 0
                body = self._file.read(int(words[-1]) + 2)[:-2]
                fixed = 5 if words[0] == "HMSG" else 4
                reply = words[3] if len(words) > fixed else ""
                return words[1], reply, body[:header_size], body[header_size:]
            elif words[0] == "-ERR":
                raise RuntimeError(line.decode())

    def request(self, subject, payload=b"", header=b""):
        self._replies += 1
        self.publish(subject, payload, header, reply=f"_R.{self._replies}")
        return self.next()

    def api(self, name, body=None):
        """A call of the JetStream API; an error in the answer is raised."""
        answer = json.loads(self.request(f"$JS.API.{name}", json.dumps(body).encode() if body is not None else b"")[3])
        if "error" in answer:
            raise ApiError(name, answer["error"])
        return answer

    def store(self, subject, payload=b"", header=b""):
        """Publishes into a stream and waits for it; the sequence."""
        answer = json.loads(self.request(subject, payload, header)[3])
        if "error" in answer:
            raise ApiError(subject, answer["error"])
        return answer["seq"]

    def fetch(self, stream, consumer, count):
        """Up to 'count' messages that are there now: (ack subject, payload) of each."""
        body = json.dumps({"batch": count, "no_wait": True}).encode()
        self._replies += 1
        self.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", body, reply=f"_R.{self._replies}")
        got = []
        while len(got) < count:
            _, reply, header, payload = self.next()
            if header.startswith(b"NATS/1.0 4"):
                break
            got.append((reply, payload))
            self.delivered.given(reply)
        return got

    def ack(self, subject, what=b"+ACK"):
        """Acknowledges, and waits until the server has it."""
        self.request(subject, what)
        self.delivered.acknowledged(subject, what)


class ApiError(Exception):
    def __init__(self, call, error):
        super().__init__(f"{call}: {error.get('description')}")
        self.code = error.get("err_code")


class Server:
    """A server process on a configuration file; ready once made."""

    def __init__(self, binary, config):
        self.process = subprocess.Popen([str(binary), "-c", str(config), "-a", "127.0.0.1", "-p", "-1"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = []
        self.port = None
        for line in self.process.stderr:
            self.log.append(line)
            listening = re.search(r"Listening for client connections on 127\.0\.0\.1:(\d+)", line)
            if listening:
                self.port = int(listening[1])
            if "Server is ready" in line:
                return
        self.process.wait()
        raise RuntimeError(f"{binary} does not start:\n{''.join(self.log[-20:])}")

    def warnings(self):
        return [line for line in self.log if "[WRN]" in line or "[ERR]" in line]

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            self.log += self.process.communicate(timeout=TIMEOUT_S)[1].splitlines(keepends=True)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
