"""coverage.py LCOV PASSED FAILED: lines of the parsers that the inputs go through, of LCOV, as a table; each file below LEAST has failed.

PASSED and FAILED are what script/fuzz has counted before; the last line is the sum.
"""
import re
import sys

LEAST = 95

PARSERS = """
    http/head.c http/body.c http/target.c http/forwarded.c
    base/uri.c base/site.c base/jid.c base/codec.c base/text.c base/address.c base/config.c base/settings.c
    auth/identify.c auth/basic.c auth/digest.c auth/bearer.c auth/parameters.c
    dav/if.c dav/depth.c dav/range.c dav/precondition.c dav/document.c dav/change.c dav/jidlist.c dav/propfind.c dav/proppatch.c dav/lock.c
    dav/mkcol.c dav/report.c dav/sync.c dav/part.c dav/checksum.c dav/served.c dav/times.c dav/keeping.c
    xml/document.c xml/stream.c xml/tree.c xml/node.c
    xmpp/stanza.c xmpp/answer.c xmpp/disco.c xmpp/prompt.c
    service/form.c service/command.c service/slot.c service/slot_name.c
""".split()

# What no input reaches, and why: file, the line's text, the reason.
UNREACHED = [
    (".*", r"^\s*abort\(\);$", "memory has run out"),
]


def unreached(path, text):
    return any(re.fullmatch(name, path) and re.search(line, text) for name, line, _ in UNREACHED)


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


def main(lcov, passed, failed):
    files = read(lcov)
    passed, failed = int(passed), int(failed)
    print(f"{'file':24} {'lines':>6} {'gone through':>13}  not")
    for name in PARSERS:
        with open(f"src/{name}") as f:
            source = [""] + f.read().split("\n")
        lines = {n: times for n, times in files.get(name, {}).items() if times or not unreached(name, source[n])}
        missed = sorted(n for n, times in lines.items() if not times)
        share = 100 * (len(lines) - len(missed)) / len(lines) if lines else 0
        print(f"{name:24} {len(lines):6} {share:12.1f}%  {' '.join(map(str, missed))[:100]}")
        if share < LEAST:
            failed += 1
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
