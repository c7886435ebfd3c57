#!/usr/bin/env python3
"""Runs the steps of scripts/test and sums them up. A step whose part of the repository is not there yet says so
and counts as nothing: nothing is ever counted that did not run."""

import argparse
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import results as r  # noqa: E402
import steps  # noqa: E402


def parse_arguments(argv):
    parser = argparse.ArgumentParser(prog="scripts/test", description="Builds and tests everything.")
    parser.add_argument("--quick", action="store_true", help="only what needs one build and no other program")
    parser.add_argument("--only", default="", metavar="STEP,STEP", help="run these steps only")
    parser.add_argument("--list", action="store_true", help="name the steps")
    return parser.parse_args(argv)


def chosen_steps(arguments):
    wanted = [name for name in arguments.only.split(",") if name]
    unknown = set(wanted) - {step.name for step in steps.ALL}
    if unknown:
        sys.exit(f"scripts/test: no such step: {', '.join(sorted(unknown))} (see scripts/test --list)")
    if wanted:
        return [step for step in steps.ALL if step.name in wanted]
    return [step for step in steps.ALL if step.quick or not arguments.quick]


def run(step, context):
    """One step: true if it ran at all."""
    print(f"\n== {step.name}: {step.about}", flush=True)
    started = time.monotonic()
    before = len(context.results.all)
    try:
        note = step.run(context)
    except steps.StepFailed as failure:
        context.results.add(step.name, step.name, r.FAILED, str(failure))
        note = None
    mine = context.results.all[before:]
    for result in mine:
        if result.status == r.FAILED:
            print(f"   FAILED {result.name}: {result.detail[:1200]}")
    for reason in sorted({x.detail for x in mine if x.status == r.SKIPPED}):
        print(f"   SKIPPED {sum(x.status == r.SKIPPED and x.detail == reason for x in mine)}: {reason}")
    counts = ", ".join(f"{sum(x.status == s for x in mine)} {s}" for s in (r.PASSED, r.FAILED, r.SKIPPED))
    print(f"   {note or counts}  ({time.monotonic() - started:.0f} s)", flush=True)
    return note is None


def main(argv):
    arguments = parse_arguments(argv)
    if arguments.list:
        for step in steps.ALL:
            print(f"{step.name:12} {'quick' if step.quick else '     '}  {step.about}")
        return 0
    root = pathlib.Path(__file__).resolve().parents[2]
    os.chdir(root)
    context = steps.Context(root=root, results=r.Results(), quick=arguments.quick,
                            partial=arguments.quick or bool(arguments.only))
    ran = [step for step in chosen_steps(arguments) if run(step, context)]
    context.results.write(root / "build" / "results" / "all.tsv")
    print("\n== summary")
    for step in ran:
        row = [context.results.count(s, step.name) for s in (r.PASSED, r.FAILED, r.SKIPPED)]
        print(f"   {step.name:12} {row[0]:6} passed {row[1]:4} failed {row[2]:4} skipped")
    for failure in context.results.failures():
        print(f"   FAILED {failure.step}: {failure.name}")
    passed, failed, skipped = (context.results.count(s) for s in (r.PASSED, r.FAILED, r.SKIPPED))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
