"""The expectations in data/ are the reference's: asked again where it is installed. And our program, not only its
parts, lives up to them."""

import pathlib
import tempfile
import unittest

import recorded

SERVER = recorded.reference()
OURS = pathlib.Path(__file__).resolve().parents[3] / "build/dunlin"
REASON = "there is no reference server: neither DUNLIN_ORACLE nor nats-server on the PATH"


class Recorded(unittest.TestCase):
    maxDiff = None

    @unittest.skipUnless(SERVER, REASON)
    def test_every_field_is_judged_as_recorded(self):
        _, rows = recorded.read_fields()
        answers = recorded.at_once(lambda row: recorded.ask_field(SERVER, row), rows)
        self.assertGreater(len(rows), 100)
        self.assertEqual([(row[0], row[1]) for row in rows], list(zip((row[0] for row in rows), answers)))

    @unittest.skipUnless(SERVER, REASON)
    def test_every_case_ends_as_recorded(self):
        files = sorted(recorded.DATA.glob("*.cases"))
        self.assertTrue(files)
        for path in files:
            _, cases = recorded.read_cases(path)
            self.assertTrue(cases, path)
            for case, answer in zip(cases, recorded.at_once(lambda c: c.ask(SERVER), cases)):
                with self.subTest(file=path.name, case=case.name):
                    self.assertEqual(answer, (case.end, case.says))

    @unittest.skipUnless(OURS.exists(), f"not built: {OURS}")
    def test_our_program_ends_as_recorded(self):
        with tempfile.TemporaryDirectory() as folder:
            server = pathlib.Path(folder, "nats-server")  # Complaints begin with the name we are called by.
            server.symlink_to(OURS)
            for path in sorted(recorded.DATA.glob("*.cases")):
                _, cases = recorded.read_cases(path)
                for case, answer in zip(cases, recorded.at_once(lambda c: c.ask(server), cases)):
                    with self.subTest(file=path.name, case=case.name):
                        self.assertEqual(answer, case.ours())


if __name__ == "__main__":
    unittest.main()
