"""Each test that SECURITY.md names for a promise is one that pytest runs."""

import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
NAME = re.compile(r"`(test_\w+\.py)(?:::(test_\w+))?`")


def named():
    with open(os.path.join(ROOT, "SECURITY.md")) as f:
        return NAME.findall(f.read())


def collected(files):
    done = subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider",
                           *(f"{ROOT}/tests/e2e/{name}" for name in files)], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:]
    return set(re.findall(r"(test_\w+\.py)::(test_\w+)", done.stdout))


def test_named_tests_are_run():
    files = sorted({name for name, _ in named()})
    there = collected(files)
    assert {file for file, _ in there} == set(files)
    missing = [f"{file}::{test}" for file, test in named() if test and (file, test) not in there]
    assert not missing, missing


def test_every_promise_has_one():
    with open(os.path.join(ROOT, "SECURITY.md")) as f:
        promises = re.findall(r"^(\d)\. (.*?)(?=^\d\. |^\S)", f.read(), re.M | re.S)
    assert [number for number, _ in promises] == list("1234567")
    for number, promise in promises:
        assert any(test for _, test in NAME.findall(promise)), number
