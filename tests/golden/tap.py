"""The frame of the tests here: expectations, the reference server, and results as TAP."""

import os
import shutil
import traceback


class Failure(Exception):
    pass


def expect(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}: got {got!r}, wanted {wanted!r}")


def reference():
    """The reference server's path; None, and the whole plan is said to be skipped, where there is none."""
    found = os.environ.get("DUNLIN_ORACLE") or shutil.which("nats-server")
    if not found:
        print("1..0 # SKIPPED: there is no reference server: neither DUNLIN_ORACLE nor nats-server on the PATH")
    return found


class Report:
    """Counts tests and prints each one's line."""

    def __init__(self):
        self.count = self.failed = 0

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")

    def run(self, name, test):
        self.count += 1
        try:
            test()
            print(f"ok {self.count} - {name}")
        except Exception as error:  # Whatever it is, it is this test's.
            self.failed += 1
            print(f"not ok {self.count} - {name}")
            text = str(error) if isinstance(error, Failure) else traceback.format_exc()
            print("".join(f"# {line[:600]}\n" for line in text.splitlines()), end="")

    def end(self):
        """Prints the plan. Returns what the process is to exit with."""
        print(f"1..{self.count}")
        return 1 if self.failed else 0
