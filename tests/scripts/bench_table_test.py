"""scripts/lib/bench_table.py: one line a case, medians, and the reference's figure beside."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/lib"))
import bench_table  # noqa: E402


def run(name, p50, **more):
    return {"run_name": name, "run_type": "iteration", "p50_us": p50, "items_per_second": 1000.0, **more}


class Table(unittest.TestCase):
    def test_shows_the_median_of_the_repetitions(self):
        runs = [run("a/real_time", 1.0), run("a/real_time", 9.0), run("a/real_time", 2.0),
                {**run("a/real_time", 4.0), "run_type": "aggregate"}]
        self.assertEqual(bench_table.medians(runs)["a"]["p50_us"], 2.0)

    def test_keeps_the_order_and_leaves_out_columns_that_nobody_has(self):
        found = bench_table.medians([run("b", 1.0), run("a", 2.0, bytes_per_second=3e6)])
        lines = bench_table.table(found, {})
        self.assertEqual([line.split("|")[1].strip() for line in lines], ["case", "-" * 6, "b", "a"])
        self.assertIn("MB/s", lines[0])
        self.assertNotIn("worst", lines[0])
        self.assertNotIn("reference", lines[0])

    def test_a_case_that_failed_says_so(self):
        found = bench_table.medians([run("a", 1.0, error_occurred=True, error_message="no disk")])
        self.assertIn("FAILED: no disk", bench_table.table(found, {})[-1])

    def test_puts_the_reference_beside(self):
        with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
            file.write("case\tper_second\tp50_us\tcpu_us\tnote\na\t123456\t\t1.5\tBenchmark_X\n")
            file.flush()
            reference = bench_table.reference_words(file.name)
        lines = bench_table.table(bench_table.medians([run("a", 1.0)]), reference)
        self.assertIn("123,456/s, CPU 1.5 us, Benchmark_X", lines[-1])

    def test_a_reference_that_is_no_rate_is_its_note(self):
        with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
            file.write("case\tper_second\tp50_us\tcpu_us\tnote\na\t\t\t\t8.6 B heap\n")
            file.flush()
            self.assertEqual(bench_table.reference_words(file.name), {"a": "8.6 B heap"})

    def test_the_name_of_a_case_is_not_how_often_it_ran(self):
        runs = [run("a/iterations:1/repeats:3/real_time", 1.0)]
        self.assertEqual(list(bench_table.medians(runs)), ["a"])

    def test_says_which_budgets_are_kept_in_which_place(self):
        case = "store/128 B, 1 in flight, 1 streams"
        found = bench_table.medians([run(case, 130.0, raw_us=100.0)])
        found.update({case + " on tmpfs": {"p50_us": 50.0, "raw_us": 1.0}})
        lines = bench_table.verdicts(found, ["", " on tmpfs"])
        self.assertEqual([line.split()[0] for line in lines], ["kept", "SHORT"])
        self.assertIn(": 30 (<= 40)", lines[0])
        self.assertIn("on tmpfs: 49", lines[1])


if __name__ == "__main__":
    unittest.main()
