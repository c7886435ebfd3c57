"""Runs the *_test.py files below tests/, each in its own folder, and reports every test method as one result."""

import importlib.util
import sys
import unittest

import results as r


class _Reporter(unittest.TestResult):
    def __init__(self, sink, path):
        super().__init__()
        self._sink, self._path = sink, path

    def _add(self, test, status, detail=""):
        self._sink.add("python", f"{self._path}::{test.id().split('.')[-1]}", status, detail)

    def addSuccess(self, test):
        self._add(test, r.PASSED)

    def addFailure(self, test, err):
        self._add(test, r.FAILED, self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self._add(test, r.FAILED, self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self._add(test, r.SKIPPED, reason)


def run_file(sink, root, path):
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        unittest.defaultTestLoader.loadTestsFromModule(module).run(_Reporter(sink, path.relative_to(root)))
    finally:
        sys.path.remove(str(path.parent))
