#!/usr/bin/env python3
"""Checks the parity ledger: which test of the reference is covered by which of ours.

    tests/parity/check.py [--results build/results/all.tsv [--partial]] [--write-ledger]

ledger.tsv and rows/*.tsv hold one row per judged Go test: file, test, status, ours, note.
  status  mapped    'ours' names tests of ours that would fail where the Go test would
          waiting   needs a feature that is not there yet; 'note' says which
          n/a       says nothing about a server like this one; 'note' says why
  ours    separated by ', ': GoogleTest as Suite.Test, scenarios and scripts by their path

Every Go test named must exist (go_tests.tsv; also compared with ../shared/parity/go_tests.tsv where that is there),
every test of ours must exist, and with --results must have run and passed in this run. --partial: what did not run
is only counted. --write-ledger merges rows/*.tsv into ledger.tsv and removes them.
"""

import argparse
import collections
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLUMNS = ["file", "test", "status", "ours", "note"]
STATUSES = ("mapped", "waiting", "n/a")
GTEST_NAME = re.compile(r"\b(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\(\s*(\w+)\s*,\s*(\w+)")

Row = collections.namedtuple("Row", "source line file test status ours note")


def parse_rows(source, text, problems):
    """The rows of one file. What is malformed becomes a problem, and no row."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("\t")
        if number == 1:
            if fields != COLUMNS:
                problems.append(f"{source}:1: the header must be {' '.join(COLUMNS)}, tab separated")
            continue
        if not line.strip():
            continue
        if len(fields) == 4:  # A last empty field is easily lost to an editor.
            fields.append("")
        if len(fields) != 5:
            problems.append(f"{source}:{number}: has {len(fields)} fields, wants 5")
            continue
        file, test, status, ours, note = (field.strip() for field in fields)
        names = tuple(name.strip() for name in ours.split(",") if name.strip() and name.strip() != "-")
        rows.append(Row(source, number, file, test, status, names, note))
    return rows


def merge(rows, problems):
    """One row per Go test. Two people may have mapped it: then both lists of ours count."""
    merged = {}
    for row in rows:
        key = (row.file, row.test)
        first = merged.get(key)
        if first is None:
            merged[key] = row
        elif first.status == row.status:
            ours = first.ours + tuple(name for name in row.ours if name not in first.ours)
            note = first.note if row.note in first.note else "; ".join(filter(None, (first.note, row.note)))
            merged[key] = first._replace(ours=ours, note=note)
        elif "mapped" in (first.status, row.status) and "waiting" in (first.status, row.status):
            merged[key] = first if first.status == "mapped" else row  # The feature has come in the meantime.
        else:
            problems.append(f"{row.source}:{row.line}: {row.test} is {row.status}, but {first.status} in "
                            f"{first.source}:{first.line}")
    return [merged[key] for key in sorted(merged)]


def known_ours(root):
    """Names of all tests of ours that stand in the sources: GoogleTest names. Paths are looked up as such."""
    names = set()
    for path in (root / "tests").rglob("*.cc"):
        names.update(".".join(found) for found in GTEST_NAME.findall(path.read_text(errors="replace")))
    return names


def plain_gtest_name(name):
    """'Pure/TidyLibrary.MakesNoSystemCall/engine' -> 'TidyLibrary.MakesNoSystemCall'."""
    match = re.fullmatch(r"(?:[\w]+/)?(\w+(?:/\d+)?)\.(\w+)(?:/.*)?", name)
    return f"{match[1].split('/')[0]}.{match[2]}" if match else name


def parse_results(text):
    """name -> set of statuses, also under the plain name of a parametrised GoogleTest."""
    statuses = collections.defaultdict(set)
    for line in text.splitlines()[1:]:
        _, name, status = line.split("\t")
        # A scenario's or script's result may carry what it ran on behind its path: 'a/b.scn [reference]'.
        where = name.split(" [")[0]
        for alias in {name, where, where.split("::")[0], plain_gtest_name(where)}:
            statuses[alias].add(status)
    return statuses


def check_row(row, go_tests, exists, statuses, partial):
    """Problems of one row, and whether all its tests of ours ran."""
    at = f"{row.source}:{row.line}: {row.test}"
    problems, ran = [], True
    if row.status not in STATUSES:
        problems.append(f"{at}: status '{row.status}' is none of {', '.join(STATUSES)}")
    if (row.file, row.test) not in go_tests:
        problems.append(f"{at}: there is no such Go test in {row.file}")
    if row.status == "mapped" and not row.ours:
        problems.append(f"{at}: mapped to nothing")
    if row.status in ("waiting", "n/a") and not row.note:
        problems.append(f"{at}: {row.status}, but the note does not say why")
    for name in row.ours:
        if not exists(name):
            problems.append(f"{at}: there is no test '{name}'")
        elif statuses is not None and "passed" not in statuses.get(name, ()):
            ran = False
            if not partial:
                problems.append(f"{at}: '{name}' did not pass in this run "
                                f"({', '.join(sorted(statuses.get(name, ()))) or 'did not run'})")
    return problems, ran


def counts_by_file(rows, go_tests, scope):
    """file -> Counter of mapped, waiting, n/a, unjudged over the tests that apply; files in scope or judged."""
    judged = {(row.file, row.test): row.status for row in rows}
    table = collections.defaultdict(collections.Counter)
    for (file, test), applies in go_tests.items():
        status = judged.get((file, test))
        if applies == "yes" or status is not None:
            table[file][status or "unjudged"] += 1
    wanted = set(scope) | {row.file for row in rows}
    return {file: table[file] for file in sorted(wanted) if sum(table[file].values())}


def print_table(table):
    columns = ("mapped", "waiting", "n/a", "unjudged")
    print(f"{'Go file':34}" + "".join(f"{c:>10}" for c in columns) + f"{'of those here':>15}")
    total = collections.Counter()
    for file, counts in table.items():
        total.update(counts)
        print(f"{file:34}" + "".join(f"{counts[c]:10}" for c in columns) + f"{share(counts):>15}")
    print(f"{'all':34}" + "".join(f"{total[c]:10}" for c in columns) + f"{share(total):>15}")


def share(counts):
    """Mapped, of the tests whose features exist here."""
    here = counts["mapped"] + counts["unjudged"]
    return f"{100 * counts['mapped'] / here:.0f} %" if here else "-"


def read_go_tests(path, problems):
    tests = {}
    for line in path.read_text().splitlines()[1:]:
        file, test, applies = line.split("\t")
        tests[file, test] = applies
    shared = ROOT.parent / "shared/parity/go_tests.tsv"
    if shared.exists():
        named = {tuple(line.split("\t")[:2]) for line in shared.read_text().splitlines()[1:]}
        for file, test in sorted(named ^ set(tests))[:10]:
            problems.append(f"go_tests.tsv and the shared table differ on {file} {test}")
    return tests


def write_ledger(rows, here):
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join((row.file, row.test, row.status, ", ".join(row.ours), row.note)) for row in rows]
    (here / "ledger.tsv").write_text("".join(line + "\n" for line in lines))
    for path in (here / "rows").glob("*.tsv"):
        path.unlink()


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--partial", action="store_true")
    parser.add_argument("--write-ledger", action="store_true")
    arguments = parser.parse_args(argv)

    problems = []
    go_tests = read_go_tests(HERE / "go_tests.tsv", problems)
    sources = [HERE / "ledger.tsv", *sorted((HERE / "rows").glob("*.tsv"))]
    rows = [row for path in sources if path.exists()
            for row in parse_rows(path.relative_to(ROOT), path.read_text(), problems)]
    rows = merge(rows, problems)
    gtests = known_ours(ROOT)
    statuses = parse_results(arguments.results.read_text()) if arguments.results else None

    def exists(name):
        return name in gtests or ("/" in name and (ROOT / name).is_file())

    not_run = 0
    for row in rows:
        found, ran = check_row(row, go_tests, exists, statuses, arguments.partial)
        problems += found
        not_run += not ran
    scope = [line for line in (HERE / "scope.txt").read_text().splitlines() if line and line[0] != "#"]
    print_table(counts_by_file(rows, go_tests, scope))
    if not_run:
        print(f"{not_run} rows name tests that were not part of this run")
    for problem in problems:
        print(f"PROBLEM {problem}")
    if arguments.write_ledger and not problems:
        write_ledger(rows, HERE)
    print(f"{len(rows)} rows, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
