"""suppressions.py TOOL < what it said: shows what stands not in the file suppressions, and what there is said by nobody any more."""
import os
import re
import sys

SAID = re.compile(r"(?:.*/)?((?:src|tests)/[\w/.-]+):(\d+):(?:\d+:)? (?:warning|error): (.*) \[([\w.,+ -]+?)(?:,-warnings-as-errors)?\]$")
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "suppressions")


def read(tool):
    """[(file, check)] of this tool, file may be "*"."""
    rows = []
    for line in open(TABLE):
        if line.strip() and not line.startswith("#"):
            of, path, check, reason = line.split(None, 3)
            assert reason.strip(), line
            if of == tool:
                rows.append((path, check))
    return rows


def main(tool):
    rows, used, wrong = read(tool), set(), []
    for line in sys.stdin:
        said = SAID.match(line.strip())
        if not said:
            continue
        path, _, _, check = said.groups()
        row = next((row for row in rows if row[0] in ("*", path) and row[1] == check), None)
        if row:
            used.add(row)
        elif line.strip() not in wrong:
            wrong.append(line.strip())
    for row in rows:
        if row not in used and row[0] != "*":
            wrong.append(f"tests/suppressions: {tool} {row[0]} {row[1]} is said by nobody any more")
    print("\n".join(wrong) if wrong else f"{tool}: nothing but what is known")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
