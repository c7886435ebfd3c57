"""The steps of scripts/test. Each takes a Context, adds results to it, and returns None, or a word on why there was
nothing to run."""

import collections
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

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


def run_quietly(command, *, env=None, timeout=3600):
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
    meson_tests(context, "unit", context.build, ["--no-suite", "scenarios", *(["--no-suite", "slow"] if context.quick else [])])


def meson_tests(context, name, build, options, suffix="", env=None):
    report = build / "meson-logs/testlog.junit.xml"
    report.unlink(missing_ok=True)
    done = run_quietly(["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", "-t", "4", *options], env=env)
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
    for folder in ("tests/parity", "tests/scripts"):  # Others are tests that meson knows.
        for path in sorted((context.root / folder).glob("*_test.py")):
            python_tests.run_file(context.results, context.root, path)


SCENARIO_LINE = re.compile(r"^(ok|skip|FAIL)\s+(\S+\.scn)(?: \([\d.]+ s\))?$")


def add_scenarios(context, target, text):
    """One result a scenario, from dunlin-scenario --verbose: 'ok   PATH (1.2 s)', what went wrong indented below."""
    found = []
    for line in text.splitlines():
        match = SCENARIO_LINE.match(line)
        if match:
            found.append([match[1], match[2], []])
        elif found:
            found[-1][2].append(line.strip())
    words = {"ok": r.PASSED, "skip": r.SKIPPED, "FAIL": r.FAILED}
    for word, path, notes in found:
        detail = " | ".join(notes) if word == "FAIL" else " ".join(notes) or f"on the {target}"
        context.results.add("scenarios", f"{path} [{target}]", words[word], detail)
    return len(found)


@step("scenarios", "every scenario on the simulator, on our daemon and on the reference", quick=True)
def scenarios(context):
    program = context.program("tests/scenario/dunlin-scenario")
    if program is None:
        return "the scenario runner is not there yet"
    for target in ["sim"] if context.quick else ["sim", "daemon", "reference"]:
        if target == "reference" and reference() is None:
            for path in sorted((context.root / "scenarios").rglob("*.scn")):
                name = f"{path.relative_to(context.root)} [reference]"
                context.results.add("scenarios", name, r.SKIPPED, NO_REFERENCE)
            continue
        done = run_quietly([program, f"--target={target}", "--verbose", "scenarios"])
        ran = add_scenarios(context, target, done.stdout)
        if not ran or (done.returncode != 0 and not context.results.count(r.FAILED, "scenarios")):
            raise StepFailed(f"{target}: exited {done.returncode}\n{done.stdout[-4000:]}")
    return None


SEEDS = 300         # Of the campaign; it takes well under a minute.
STORIES = 3000      # Of stores: a quarter of a minute.
SEEDS_COMPARED, STORIES_COMPARED = 12, 40  # Run by every build.
MUTANT_SEEDS = 600  # At most this many seeds to find a planted bug.


def run_seeds(context, name, command):
    """One result a seed. A run that fails prints 'FAILED ...', lines about it, and how to reproduce it."""
    done = run_quietly(command)
    total = re.search(r"^(\d+) seeds, (\d+) failed.*", done.stdout, re.M)
    if not total:
        raise StepFailed(done.stdout[-4000:])
    print(f"   {total[0]}")
    pattern = r"^(FAILED .*(?:\n(?!reproduce: ).*)*)\nreproduce: (.* --seed (\d+))$"
    failures = {int(m[3]): f"{m[1]} | {m[2]}" for m in re.finditer(pattern, done.stdout, re.M)}
    for seed in range(1, int(total[1]) + 1):
        context.results.add("campaign", f"{name} {seed}", r.FAILED if seed in failures else r.PASSED,
                            failures.get(seed, ""))
    if int(total[2]) != len(failures):
        raise StepFailed(f"{total[0]}, but not all of them were named\n{done.stdout[-4000:]}")


@step("campaign", f"{SEEDS} seeded runs in the simulator, {STORIES} stories of stores on a disk that lies", quick=True)
def campaign(context):
    program = context.program("sim/dunlin-sim")
    if program is None:
        return "the simulator is not there yet"
    run_seeds(context, "seed", [program, "campaign", "--seeds", SEEDS])
    run_seeds(context, "story", [program, "stories", "--seeds", STORIES])
    return None


@step("mutants", f"each planted bug is found within {MUTANT_SEEDS} seeds")
def mutants(context):
    program = context.program("sim/dunlin-sim")
    if program is None:
        return "the simulator is not there yet"
    done = run_quietly([program, "mutants", "--seeds", MUTANT_SEEDS])
    print(done.stdout)
    for line in done.stdout.splitlines()[1:]:
        number, found, *_, what = line.split("\t")
        status = r.FAILED if found == "NOT FOUND" else r.PASSED
        context.results.add("mutants", f"mutant {number}", status, what)
    if not any(result.step == "mutants" for result in context.results.all):
        raise StepFailed(done.stdout[-4000:])
    return None


PLANTED_SEEDS = 0  # Of the campaign, for each; the whole table is sim/store/planted.tsv.


@step("planted", "each planted bug of storage is found by its story, which passes without it")
def planted(context):
    program = context.program("sim/dunlin-sim")
    if program is None:
        return "the simulator is not there yet"
    done = run_quietly([program, "planted", "scenarios/storage", "--seeds", PLANTED_SEEDS])
    for line in done.stdout.splitlines()[1:]:
        number, _, story, verdict, *_ = line.split("\t")
        if story == "-":
            continue
        context.results.add("planted", f"planted {number}: {story}", r.PASSED if verdict == "found" else r.FAILED, verdict)
    if not any(result.step == "planted" for result in context.results.all):
        raise StepFailed(done.stdout[-4000:])
    return None


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
    # Planted bugs are for the optimised build: here they would take longer than all else.
    meson_tests(context, "sanitize", context.root / "build-sanitize", ["--no-suite", "tidy", "--no-suite", "scenarios"],
                " [sanitize]", env={"GTEST_FILTER": "-*Mutants*"})


@step("hashes", "the same seed gives the same trace in every build")
def hashes(context):
    programs = {build: context.program("sim/dunlin-sim", build) for build in ("build", "build-clang", "build-sanitize")}
    if None in programs.values():
        return "needs the simulator of the steps build, clang and sanitize"
    runs = [([], seed) for seed in range(1, SEEDS_COMPARED + 1)]
    runs += [(["stories"], seed) for seed in range(1, STORIES_COMPARED + 1)]
    for kind, seed in runs:
        ends = {}
        for build, program in [*programs.items(), ("build, again", programs["build"])]:
            output = run_quietly([program, *kind, "--seed", seed]).stdout.splitlines()
            ends[build] = output[-1] if output and output[-1].startswith("hash ") else f"no hash: {output[-3:]}"
        same = len(set(ends.values())) == 1 and ends["build"].startswith("hash ")
        context.results.add("hashes", " ".join([*kind, "seed", str(seed)]), r.PASSED if same else r.FAILED, str(ends))
    return None


FUZZ_INPUTS = 30_000


@step("fuzz", f"{FUZZ_INPUTS} inputs of libFuzzer's making for each fuzz target")
def fuzz(context):
    targets = sorted((context.root / "build-sanitize/tests/fuzz").glob("*_fuzz"))
    if not targets:
        return "needs the step sanitize"
    for program in targets:
        name = program.name.removesuffix("_fuzz")
        with tempfile.TemporaryDirectory() as folder:
            done = run_quietly([program, f"-runs={FUZZ_INPUTS}", "-seed=1", "-max_total_time=60", "-verbosity=0",
                                f"-artifact_prefix={context.build}/crash-{name}-", folder,
                                context.root / "tests/fuzz/corpus" / name])
        status = r.PASSED if done.returncode == 0 else r.FAILED
        context.results.add("fuzz", f"fuzz {name}", status, done.stdout[-3000:])
    return None


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


@step("ledger", "every row names tests that exist and ran", quick=True)
def ledger(context):
    report = context.build / "results/so-far.tsv"
    context.results.write(report)
    command = [context.root / "scripts/ledger", "--results", report]
    print(call(command + (["--partial"] if context.partial else []), echo_tail=200))
    context.results.add("ledger", "tests/parity/ledger.tsv", r.PASSED)
