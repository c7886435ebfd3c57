#!/usr/bin/env python3
"""One table of Google Benchmark's JSON: bench_table.py [--reference FIGURES.tsv] [PLACE=]RESULT.json...

Each figure is the median of a case's repetitions. A result of a further PLACE has its cases named after it. What the
reference did in the same case stands in the last column: FIGURES.tsv has the columns case, per_second, p50_us, cpu_us,
note. Below the table: what was asked of storage, and whether these figures keep it."""

import csv
import json
import os
import re
import statistics
import sys

COLUMNS = [  # Title, counter, format. A counter that no case has gets no column.
    ("p50 us", "p50_us", "{:,.1f}"),
    ("raw sync us", "raw_us", "{:,.1f}"),
    ("p99 us", "p99_us", "{:,.1f}"),
    ("worst us", "worst_us", "{:,.0f}"),
    ("per second", "items_per_second", "{:,.0f}"),
    ("CPU us/item", "cpu_us", "{:,.3f}"),
    ("MB/s", "bytes_per_second", "{:,.0f}"),
    ("bytes/item", "bytes_each", "{:,.1f}"),
    ("longest call us", "call_us", "{:,.0f}"),
    ("longest step us", "step_us", "{:,.0f}"),
]
SCALE = {"bytes_per_second": 1e-6}

PUBLISH = "store/128 B, {} in flight, {} streams"
BUDGETS = [  # What, case, figure of its counters, at most / at least, bound.
    ("one at a time, beyond the raw sync of the same moment, us", PUBLISH.format(1, 1),
     lambda c: c["p50_us"] - c["raw_us"], "<=", 40),
    ("256 in flight, per second, where a sync takes 0.1 ms", PUBLISH.format(256, 1),
     lambda c: c["items_per_second"], ">=", 500_000),
    ("1,024 in flight, per second, likewise", PUBLISH.format("1024", 1),
     lambda c: c["items_per_second"], ">=", 800_000),
    ("CPU us a record, 1,024 in flight", PUBLISH.format("1024", 1), lambda c: c["cpu_us"], "<=", 0.5),
    ("CPU us a record, 1,024 in flight, 1,000 streams", PUBLISH.format("1024", 1000),
     lambda c: c["cpu_us"], "<=", 0.5),
    ("bytes a subject (0.3 of the reference's 159.5)", "store/memory of 1 M subjects",
     lambda c: c["bytes_each"], "<=", 47.8),
]


def name_of(run):
    return re.sub(r"/(iterations|repeats|min_time):[0-9.]+|/(real|manual)_time", "", run["run_name"])


def medians(runs):
    """Case -> counter -> median, in the order in which the cases ran first."""
    cases = {}
    for run in runs:
        if run.get("run_type") == "iteration":
            cases.setdefault(name_of(run), []).append(run)
    found = {}
    for name, repetitions in cases.items():
        failed = next((run["error_message"] for run in repetitions if run.get("error_occurred")), None)
        found[name] = {"failed": failed} if failed else {
            counter: statistics.median(run[counter] for run in repetitions) * SCALE.get(counter, 1)
            for _, counter, _ in COLUMNS if counter in repetitions[0]}
    return found


def reference_words(path):
    def words(row):
        parts = [form.format(float(row[key])) for key, form in
                 (("per_second", "{:,g}/s"), ("p50_us", "p50 {:,g} us"), ("cpu_us", "CPU {:,g} us")) if row[key]]
        return ", ".join(parts + [row["note"]] * bool(row["note"]))

    if not path:
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {row["case"]: words(row) for row in csv.DictReader(file, delimiter="\t")}


def table(found, reference):
    columns = [column for column in COLUMNS if any(column[1] in counters for counters in found.values())]
    rows = [["case", *(title for title, _, _ in columns), "reference"]]
    for name, counters in found.items():
        cells = [form.format(counters[key]) if key in counters else "-" for _, key, form in columns]
        failed = f" FAILED: {counters['failed']}" if "failed" in counters else ""
        rows.append([name + failed, *cells, reference.get(name, "")])
    if not reference:
        rows = [row[:-1] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("| " + " | ".join(cells) + " |")
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines


def verdicts(found, places):
    lines = []
    for place in places:
        for what, case, figure, way, bound in BUDGETS:
            counters = found.get(case + place)
            if not counters or "failed" in counters:
                continue
            value = figure(counters)
            kept = value <= bound if way == "<=" else value >= bound
            lines.append(f"{'kept ' if kept else 'SHORT'}  {what}{place}: {value:,.6g} ({way} {bound:,})")
    return lines


def main(arguments):
    reference = {}
    if arguments[:1] == ["--reference"]:
        reference = reference_words(arguments[1])
        arguments = arguments[2:]
    found, places = {}, []
    for argument in arguments:
        place, _, path = argument.rpartition("=")
        place = f" on {place}" if place else ""
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        context = result["context"]
        found.update({name + place: counters for name, counters in medians(result["benchmarks"]).items()})
        places += [place] * (place not in places)
    print("\n".join(table(found, reference)))
    print("\n".join(verdicts(found, places)))
    now = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{context['num_cpus']} CPUs; load average {now} at the end; {context['date']}")


if __name__ == "__main__":
    main(sys.argv[1:])
