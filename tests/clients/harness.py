"""Starts a NATS server for a client's test program, runs the program, and restarts the server when it asks.

A test program is started with NATS_URL in its environment and prints TAP on its standard output. Between tests it may
print '# control: restart'; the server is then stopped and started again on the same port, and the program
reads one line, 'restarted', on its standard input.
"""

import re
import signal
import subprocess
import threading

TIMEOUT_S = 120


class Server:
    """One server process on the loopback interface. Ready, with its port known, once start() returns."""

    def __init__(self, binary):
        self.binary, self.port, self.process = str(binary), -1, None
        self.log = []

    def start(self):
        command = [self.binary, "-a", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            self.log.append(line)
            listening = re.search(r"Listening for client connections on 127\.0\.0\.1:(\d+)", line)
            if listening:
                self.port = int(listening[1])
            if "Server is ready" in line:
                break
        else:
            raise RuntimeError(f"{self.binary} exited {self.process.wait()}:\n{''.join(self.log[-20:])}")
        threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True).start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def url(self):
        return f"nats://127.0.0.1:{self.port}"


def run_program(binary, command, env):
    """TAP of one test program against a server of its own."""
    server = Server(binary)
    server.start()
    try:
        return _drive(server, command, {**env, "NATS_URL": server.url()})
    finally:
        server.stop()


def _drive(server, command, env):
    program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, env=env)
    killer = threading.Timer(TIMEOUT_S, program.kill)
    killer.start()
    output = []
    try:
        for line in program.stdout:
            if line.strip() == "# control: restart":
                server.restart()
                program.stdin.write("restarted\n")
                program.stdin.flush()
            else:
                output.append(line)
        program.wait()
    finally:
        killer.cancel()
        program.kill()
        program.wait()
    if program.returncode != 0:
        output.append(f"not ok - exits without error # exit code {program.returncode}, server: "
                      f"{' | '.join(x.strip() for x in server.log[-3:])}\n")
    return "".join(output)
