"""The ledger's checker, shown to object to what it is there to stop."""

import unittest

import check

HEADER = "file\ttest\tstatus\tours\tnote\n"
GO_TESTS = {("a_test.go", "TestA"): "yes", ("a_test.go", "TestB"): "yes", ("a_test.go", "TestC"): "no"}


def problems_of(line, statuses=None, partial=False):
    problems = []
    rows = check.parse_rows("x.tsv", HEADER + line + "\n", problems)
    for row in rows:
        problems += check.check_row(row, GO_TESTS, lambda name: name in ("S.T", "a/b.scn"), statuses, partial)[0]
    return problems


class CheckRow(unittest.TestCase):
    def test_a_good_row_passes(self):
        self.assertEqual(problems_of("a_test.go\tTestA\tmapped\tS.T, a/b.scn\t"), [])
        self.assertEqual(problems_of("a_test.go\tTestA\twaiting\t\tneeds TLS"), [])

    def test_an_unknown_go_test_is_found(self):
        self.assertIn("no such Go test", problems_of("a_test.go\tTestZ\tmapped\tS.T\t")[0])
        self.assertIn("no such Go test", problems_of("b_test.go\tTestA\tmapped\tS.T\t")[0])

    def test_an_unknown_test_of_ours_is_found(self):
        self.assertIn("no test 'S.Gone'", problems_of("a_test.go\tTestA\tmapped\tS.T, S.Gone\t")[0])

    def test_mapped_to_nothing_is_found(self):
        self.assertIn("mapped to nothing", problems_of("a_test.go\tTestA\tmapped\t\t")[0])

    def test_waiting_without_a_reason_is_found(self):
        self.assertIn("does not say why", problems_of("a_test.go\tTestA\twaiting\t\t")[0])
        self.assertIn("does not say why", problems_of("a_test.go\tTestA\tn/a\t\t")[0])

    def test_an_unknown_status_is_found(self):
        self.assertIn("status 'done'", problems_of("a_test.go\tTestA\tdone\tS.T\t")[0])

    def test_a_test_that_did_not_run_or_pass_is_found(self):
        line = "a_test.go\tTestA\tmapped\tS.T\t"
        self.assertEqual(problems_of(line, {"S.T": {"passed"}}), [])
        self.assertIn("did not run", problems_of(line, {})[0])
        self.assertIn("skipped", problems_of(line, {"S.T": {"skipped"}})[0])
        self.assertEqual(problems_of(line, {}, partial=True), [])


class ParseRows(unittest.TestCase):
    def test_a_wrong_header_and_a_short_row_are_found(self):
        problems = []
        self.assertEqual(check.parse_rows("x.tsv", "file\ttest\nonly\ttwo\n", problems), [])
        self.assertEqual(len(problems), 2)


class Merge(unittest.TestCase):
    def merged(self, *lines):
        problems = []
        rows = check.parse_rows("x.tsv", HEADER + "\n".join(lines), problems)
        return check.merge(rows, problems), problems

    def test_two_mappings_become_one(self):
        rows, problems = self.merged("a\tT\tmapped\tS.T\t", "a\tT\tmapped\tS.T, S.U\t")
        self.assertEqual([row.ours for row in rows], [("S.T", "S.U")])
        self.assertEqual(problems, [])

    def test_a_contradiction_is_found(self):
        self.assertEqual(len(self.merged("a\tT\tmapped\tS.T\t", "a\tT\tn/a\t\twhy")[1]), 1)

    def test_mapped_beats_waiting(self):
        rows, problems = self.merged("a\tT\twaiting\t\tneeds x", "a\tT\tmapped\tS.T\t")
        self.assertEqual(([row.status for row in rows], problems), (["mapped"], []))


class Counts(unittest.TestCase):
    def test_unjudged_tests_are_counted_and_those_that_do_not_apply_are_not(self):
        rows = check.parse_rows("x.tsv", HEADER + "a_test.go\tTestA\tmapped\tS.T\t\n", [])
        table = check.counts_by_file(rows, GO_TESTS, [])
        self.assertEqual(dict(table["a_test.go"]), {"mapped": 1, "unjudged": 1})
        self.assertEqual(check.share(table["a_test.go"]), "50 %")


class ResultNames(unittest.TestCase):
    def test_parametrised_names_and_targets_are_known_by_their_plain_name_too(self):
        text = ("step\tname\tstatus\nunit\tPure/Lib.Works/engine\tpassed\n"
                "scenarios\ta/b.scn [reference]\tpassed\nclients\ttests/c.py::test_x\tskipped\n")
        statuses = check.parse_results(text)
        self.assertEqual(statuses["Lib.Works"], {"passed"})
        self.assertEqual(statuses["a/b.scn"], {"passed"})
        self.assertEqual(statuses["tests/c.py"], {"skipped"})


if __name__ == "__main__":
    unittest.main()
