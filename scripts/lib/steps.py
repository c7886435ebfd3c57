"""The steps of scripts/test. Each takes a Context, adds results to it, and returns None, or a word on why there was
nothing to run."""

import collections
import dataclasses
import os
import pathlib
import shutil
import subprocess

import python_tests
import results as r


@dataclasses.dataclass
class Context:
    root: pathlib.Path
    results: r.Results
    quick: bool
    partial: bool  # Not all steps run, so that a test of ours may not have run.

    @property
    def build(self):
        return self.root / "build"


    def program(self, name, build="build"):
        """A built program of ours, or None where the repository does not have it yet."""
        path = self.root / build / name
        return path if path.exists() else None


NO_REFERENCE = "there is no reference server: neither DUNLIN_ORACLE nor nats-server on the PATH"


def reference():
    """The reference server's binary, or None."""
    return os.environ.get("DUNLIN_ORACLE") or shutil.which("nats-server")


class StepFailed(Exception):
    pass


Step = collections.namedtuple("Step", "name quick about run")
ALL = []


def step(name, about, quick=False):
    def register(function):
        ALL.append(Step(name, quick, about, function))
        return function
    return register


def call(command, *, env=None, timeout=1800, echo_tail=40):
    """Runs a command; raises StepFailed with the end of its output if it fails. Returns its output."""
    done = run_quietly(command, env=env, timeout=timeout)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-echo_tail:])
        raise StepFailed(f"{' '.join(map(str, command))} exited {done.returncode}\n{tail}")
    return done.stdout


def run_quietly(command, *, env=None, timeout=1800):
    try:
        return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True, errors="replace", timeout=timeout,
                              env={**os.environ, **(env or {})}, check=False)
    except subprocess.TimeoutExpired as late:
        raise StepFailed(f"{' '.join(map(str, command))} did not end within {timeout} s") from late


@step("build", "g++, without a warning", quick=True)
def build(context):
    call([context.root / "scripts/build", "debug"], timeout=3600)
    context.results.add("build", "build", r.PASSED)


@step("unit", "unit tests, architecture, and all else that meson knows", quick=True)
def unit(context):
    meson_tests(context, "unit", context.build, [] if not context.quick else ["--no-suite", "slow"])


def meson_tests(context, name, build, options, suffix=""):
    report = build / "meson-logs/testlog.junit.xml"
    report.unlink(missing_ok=True)
    done = run_quietly(["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", *options])
    added = r.add_junit(context.results, name, report, suffix) if report.exists() else 0
    if done.returncode != 0 and not context.results.count(r.FAILED, name):
        raise StepFailed(done.stdout[-4000:])  # A crash or time-out that no case owns up to.
    if not added:
        raise StepFailed("meson ran no test")


@step("format", "clang-format has nothing to change")
def check_format(context):
    call([context.root / "scripts/format", "--check"])
    context.results.add("format", "format", r.PASSED)


@step("python", "tests of the scripts and of the ledger's checker", quick=True)
def python(context):
    for path in sorted((context.root / "tests").rglob("*_test.py")):
        if "clients" not in path.parts:  # These need a server: a step of their own.
            python_tests.run_file(context.results, context.root, path)


@step("headers", "each header compiles by itself")
def headers(context):
    call([context.root / "scripts/headers"])
    context.results.add("headers", "headers", r.PASSED)


@step("clang", "the second compiler builds everything, without a warning")
def clang(context):
    call([context.root / "scripts/build", "clang"], timeout=3600)
    context.results.add("clang", "build [clang]", r.PASSED)


@step("sanitize", "unit tests under AddressSanitizer and UBSan, and every fuzz target's seeds")
def sanitize(context):
    call([context.root / "scripts/build", "sanitize"], timeout=3600)
    meson_tests(context, "sanitize", context.root / "build-sanitize", ["--no-suite", "tidy"], " [sanitize]")


@step("clients", "clients from package registries, against our daemon and against the reference")
def clients(context):
    targets = {"dunlin": context.program("dunlin"), "reference": reference()}
    for target, binary in targets.items():
        if binary is None:
            if target == "reference":
                context.results.add("clients", f"tests/clients [{target}]", r.SKIPPED, NO_REFERENCE)
            continue
        done = run_quietly([context.root / "tests/clients/run.py", binary])
        if not r.add_tap(context.results, "clients", done.stdout, suffix=f" [{target}]"):
            raise StepFailed(done.stdout[-4000:])
    if targets["dunlin"] is None:
        return "our daemon is not there yet" if not context.results.count(r.PASSED, "clients") else None
    return None


@step("ledger", "every row names tests that exist and ran", quick=True)
def ledger(context):
    report = context.build / "results/so-far.tsv"
    context.results.write(report)
    command = [context.root / "scripts/ledger", "--results", report]
    print(call(command + (["--partial"] if context.partial else []), echo_tail=200))
    context.results.add("ledger", "tests/parity/ledger.tsv", r.PASSED)
