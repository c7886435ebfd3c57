"""What tests ran and how they ended, collected from many runners, and summed up.

One result is (step, name, status). Names are what the parity ledger calls our tests by: 'Suite.Test' for
GoogleTest, a path for scenarios and client scripts.
"""

import dataclasses
import itertools
import pathlib
import xml.etree.ElementTree as ET

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclasses.dataclass(frozen=True)
class Result:
    step: str
    name: str
    status: str
    detail: str = ""


class Results:
    def __init__(self):
        self.all = []

    def add(self, step, name, status, detail=""):
        assert status in (PASSED, FAILED, SKIPPED), status
        self.all.append(Result(step, name, status, detail))

    def count(self, status, step=None):
        return sum(r.status == status and step in (None, r.step) for r in self.all)

    def failures(self):
        return [r for r in self.all if r.status == FAILED]

    def write(self, path: pathlib.Path):
        """One line a result: step, name, status; read by tests/parity/check.py."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{r.step}\t{r.name}\t{r.status}" for r in self.all]
        path.write_text("step\tname\tstatus\n" + "".join(line + "\n" for line in lines))


def _status_of(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    if case.find("skipped") is not None or case.get("status") == "notrun":
        return SKIPPED
    return PASSED


def _case_name(case):
    """'Suite.Test' for a GoogleTest case; meson's own tests carry their names only."""
    suite, name = case.get("classname", ""), case.get("name", "")
    return f"{suite}.{name}" if suite and " " not in suite else name


def add_junit(results, step, path: pathlib.Path, suffix=""):
    """Adds the cases of one JUnit file; returns how many it held."""
    added = 0
    for suite in ET.parse(path).getroot().iter("testsuite"):
        for case in suite.findall("testcase"):
            status = _status_of(case)
            detail = "" if status == PASSED else _detail_of(suite, case)
            results.add(step, _case_name(case) + suffix, status, detail)
            added += 1
    return added


def _detail_of(suite, case):
    """Why a case failed or was skipped: its own words, or, of a line of TAP, the comments that follow it."""
    said = [(x.get("message") or x.text or "").strip() for x in case if x.tag in ("failure", "skipped", "system-out")]
    if not any(said):
        lines = (suite.findtext("system-out") or "").splitlines()
        start = f"not ok {case.get('name', '')}"
        if start in lines:
            said = list(itertools.takewhile(lambda x: x.startswith("#"), lines[lines.index(start) + 1:]))
    return "\n".join(x for x in said if x)


def add_tap(results, step, text, suffix=""):
    """Adds the lines of a TAP report; returns how many. A plan that was not kept is a failure of its own."""
    added, planned = 0, None
    for line in text.splitlines():
        line = line.rstrip()
        if line.startswith("1.."):
            planned = int(line[3:].split()[0])
        elif line.startswith(("ok ", "not ok ")):
            failed = line.startswith("not ")
            body = line.split(" ", 2 if failed else 1)[-1].lstrip("0123456789 ").removeprefix("- ")
            name, _, directive = body.partition(" # ")
            skipped = directive.upper().startswith("SKIP") and not failed
            status = SKIPPED if skipped else FAILED if failed else PASSED
            results.add(step, name.strip() + suffix, status, directive)
            added += 1
    if planned is not None and planned != added:
        results.add(step, "plan" + suffix, FAILED, f"{planned} tests were planned, {added} ran")
    return added
