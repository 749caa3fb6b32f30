"""/-/metrics as Prometheus reads it."""

import re
import subprocess

import requests


def scrape(daemon):
    """Each sample by its name with its labels; promtool finds nothing wrong with it."""
    answer = requests.get(f"http://{daemon.settings['http']['metrics']}/-/metrics", timeout=20)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    checked = subprocess.run(["promtool", "check", "metrics"], input=answer.text, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr
    return {name: float(value) for name, value in re.findall(r"^([^#\s]+(?:\{[^}]*\})?) (\S+)$", answer.text, re.M)}


def requests_of(samples):
    """(method, status) -> how many."""
    return {tuple(re.findall(r'"([^"]*)"', name)): int(value) for name, value in samples.items()
            if name.startswith("missive_http_requests_total")}
