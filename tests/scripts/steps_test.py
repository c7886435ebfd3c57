"""scripts/lib/steps.py: what the runners print becomes one result each."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/lib"))
import results as r  # noqa: E402
import steps  # noqa: E402


class Scenarios(unittest.TestCase):
    def test_each_line_of_the_runner_is_a_result(self):
        context = steps.Context(root=pathlib.Path("."), results=r.Results(), quick=False, partial=False)
        text = ("ok   scenarios/core/a.scn (0.10 s)\n"
                "FAIL scenarios/core/b.scn (0.20 s)\n  b.scn:7: wanted PONG\n"
                "skip scenarios/core/c.scn (0.00 s)\n"
                "daemon: 1 passed, 1 failed, 1 skipped (0.3 s)\n")
        self.assertEqual(steps.add_scenarios(context, "daemon", text), 3)
        self.assertEqual([(x.name, x.status) for x in context.results.all],
                         [("scenarios/core/a.scn [daemon]", r.PASSED), ("scenarios/core/b.scn [daemon]", r.FAILED),
                          ("scenarios/core/c.scn [daemon]", r.SKIPPED)])
        self.assertIn("b.scn:7: wanted PONG", context.results.failures()[0].detail)


class Commands(unittest.TestCase):
    def test_a_command_that_fails_fails_the_step(self):
        with self.assertRaises(steps.StepFailed) as raised:
            steps.call(["sh", "-c", "echo why; exit 3"])
        self.assertIn("why", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
