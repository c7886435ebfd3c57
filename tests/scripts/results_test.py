"""scripts/lib/results.py: what ran is counted once, and what failed is never counted as passed."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/lib"))
import results as r  # noqa: E402


def statuses(results):
    return [(x.name, x.status) for x in results.all]


class Junit(unittest.TestCase):
    def test_each_case_keeps_its_name_and_end(self):
        xml = """<testsuites><testsuite name="dunlin.x"><testcase name="A" classname="S" status="run"/>
          <testcase name="B" classname="S"><failure message="boom"/></testcase>
          <testcase name="C" classname="S"><skipped message="no reference"/></testcase>
          <testcase name="D" classname="S" status="notrun"/></testsuite></testsuites>"""
        results = r.Results()
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(xml)
            file.flush()
            self.assertEqual(r.add_junit(results, "unit", pathlib.Path(file.name)), 4)
        self.assertEqual(statuses(results),
                         [("S.A", r.PASSED), ("S.B", r.FAILED), ("S.C", r.SKIPPED), ("S.D", r.SKIPPED)])
        self.assertEqual(results.failures()[0].detail, "boom")

    def test_a_failed_line_of_tap_says_why(self):
        """Meson puts the comments of TAP into the output of the whole suite, and why one is skipped into the case."""
        xml = """<testsuites><testsuite name="golden"><testcase name="1 - A"/><testcase name="2 - B"><failure/></testcase>
          <testcase name="3 - C"><skipped/><system-out>no disk</system-out></testcase>
          <system-out>ok 1 - A
# of A
not ok 2 - B
# bytes: got 1,
# wanted 2
ok 3 - C # SKIP no disk</system-out></testsuite></testsuites>"""
        results = r.Results()
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(xml)
            file.flush()
            r.add_junit(results, "unit", pathlib.Path(file.name))
        self.assertEqual([x.detail for x in results.all], ["", "# bytes: got 1,\n# wanted 2", "no disk"])


class Tap(unittest.TestCase):
    def test_ok_not_ok_and_skip(self):
        results = r.Results()
        text = "1..3\nok 1 - a/b.scn\nnot ok 2 - a/c.scn\nok 3 - a/d.scn # SKIP needs the simulator\n"
        self.assertEqual(r.add_tap(results, "scenarios", text), 3)
        self.assertEqual(statuses(results), [("a/b.scn", r.PASSED), ("a/c.scn", r.FAILED), ("a/d.scn", r.SKIPPED)])

    def test_a_plan_that_was_not_kept_is_a_failure(self):
        results = r.Results()
        r.add_tap(results, "scenarios", "1..2\nok 1 - a\n")
        self.assertEqual(results.count(r.FAILED), 1)


if __name__ == "__main__":
    unittest.main()
