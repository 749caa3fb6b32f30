"""coverage.py LCOV PASSED FAILED: lines of the parsers that the inputs go through, of LCOV, as a table; each file below LEAST has failed.

PASSED and FAILED are what script/fuzz has counted before; the last line is the sum.
"""
import re
import sys

LEAST = 95

PARSERS = """
    http/head.c http/body.c http/target.c http/forwarded.c
    base/uri.c base/site.c base/jid.c base/codec.c base/text.c base/address.c base/config.c base/value.c base/settings.c
    auth/identify.c auth/basic.c auth/digest.c auth/bearer.c auth/parameters.c
    dav/if.c dav/depth.c dav/range.c dav/precondition.c dav/document.c dav/change.c dav/jidlist.c dav/propfind.c dav/proppatch.c dav/lock.c
    dav/mkcol.c dav/report.c dav/sync.c dav/part.c dav/checksum.c dav/served.c dav/times.c dav/keeping.c
    xml/document.c xml/stream.c xml/tree.c xml/node.c
    xmpp/stanza.c xmpp/answer.c xmpp/disco.c xmpp/prompt.c
    service/form.c service/command.c service/slot.c service/slot_name.c
""".split()

# What no input reaches, and why: files, the line before, the line.
STORE = "the store has failed, which is tested with a disk that fails (tests/e2e/test_full.py, test_faults.py)"
UNREACHED = [
    (".*", "", r"^\s*abort\(\);$", "memory has run out"),
    ("(auth|dav|service)/.*", r"if \((error|found|right|result) < 0.*\)$", r"^\s*return (error|found|right|result);$", STORE),
]
# The same of whole functions.
UNREACHED_FUNCTIONS = [
    ("dav/part.c", "refuse_again", "another connection has sent a part meanwhile (tests/e2e/test_parts.py)"),
]


def unreached(path, source, number):
    if any(re.fullmatch(name, path) and re.search(before, source[number - 1]) and re.search(line, source[number])
           for name, before, line, _ in UNREACHED):
        return True
    first = number
    while first > 1 and source[first] != "{":
        first -= 1
    head = " ".join(source[max(first - 3, 0):first])
    return any(path == name and f"{function}(" in head for name, function, _ in UNREACHED_FUNCTIONS)


def read(lcov):
    """{path: {line: times}}"""
    files, current = {}, None
    for line in open(lcov):
        if line.startswith("SF:"):
            path = line[3:].strip()
            current = files.setdefault(path.split("/src/", 1)[1], {}) if "/src/" in path else {}
        elif line.startswith("DA:"):
            number, times = line[3:].split(",")[:2]
            current[int(number)] = max(current.get(int(number), 0), int(times))
    return files


def missed_of(name, files):
    """How many lines there are, and which are never gone through."""
    with open(f"src/{name}") as f:
        source = [""] + f.read().split("\n")
    lines = {n: times for n, times in files.get(name, {}).items() if times or not unreached(name, source, n)}
    return len(lines), sorted(n for n, times in lines.items() if not times)


def main(lcov, passed, failed):
    files = read(lcov)
    passed, failed = int(passed), int(failed)
    print(f"{'file':24} {'lines':>6} {'gone through':>13}  not")
    for name in PARSERS:
        lines, missed = missed_of(name, files)
        share = 100 * (lines - len(missed)) / lines if lines else 0
        print(f"{name:24} {lines:6} {share:12.1f}%  {' '.join(map(str, missed))[:100]}")
        if share < LEAST:
            failed += 1
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
