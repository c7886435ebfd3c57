#!/usr/bin/env python3
"""One table of Google Benchmark's JSON: bench_table.py RESULT.json [REFERENCE.tsv]

Each figure is the median of a case's repetitions. REFERENCE.tsv has the columns case, per_second, p50_us, note; what
it says of a case stands in the last column. What is not a rate has no per_second, and its figure in the note."""

import csv
import json
import os
import statistics
import sys

COLUMNS = [  # Title, counter, format. A counter that no case has gets no column.
    ("p50 us", "p50_us", "{:,.1f}"),
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


def name_of(run):
    return run["run_name"].removesuffix("/real_time").removesuffix("/manual_time")


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


def rate_word(per_second):
    return f"{float(per_second):,g}/s " if per_second else ""


def reference_words(path):
    if not path or not os.path.exists(path):
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {row["case"]: f"{rate_word(row['per_second'])}{row['note']}".strip()
                for row in csv.DictReader(file, delimiter="\t")}


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


def main(arguments):
    with open(arguments[0], encoding="utf-8") as file:
        result = json.load(file)
    context = result["context"]
    reference = reference_words(arguments[1] if len(arguments) > 1 else "")
    print("\n".join(table(medians(result["benchmarks"]), reference)))
    load = ", ".join(f"{value:.1f}" for value in context.get("load_avg", []))
    now = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{context['num_cpus']} CPUs; load average {load} before, {now} after; {context['date']}")


if __name__ == "__main__":
    main(sys.argv[1:])
