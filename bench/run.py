"""script/bench: runs rows, prints a table, writes it as Markdown and as SVG into bench/results/."""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time

import chart
import rows

HERE = os.path.dirname(os.path.abspath(__file__))


def measure(row, directory, build):
    """{server: [sample, ...]}: the servers in turn, round after round, so that what disturbs one disturbs all."""
    samples = {name: [] for name in row.servers}
    opened = row.open(directory, build)
    try:
        for server in opened.values():
            row.prepare(server)
        for _ in range(row.rounds):
            for name, server in opened.items():
                samples[name].append(row.measure(server))
    finally:
        row.close(opened)
    return samples


def shown(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def table(row, samples):
    """Lines of Markdown, and (server, median) for the chart."""
    medians = {name: statistics.median(s[row.value] for s in one) for name, one in samples.items()}
    peers = [value for name, value in medians.items() if name != "missived"]
    best = (max if row.more else min)(peers) if peers else None
    lines = [f"### {row.title}", "", f"To reach: {row.target}.", "",
             "| " + " | ".join(["server", f"{row.unit}: median", "minimum", "maximum", "CPU a request, us", *row.also.values(),
                                "ratio to the best peer"]) + " |",
             "|---" * (6 + len(row.also)) + "|"]
    for name, one in samples.items():
        values = [s[row.value] for s in one]
        numbers = [medians[name], min(values), max(values), *(statistics.median(s[key] for s in one) for key in ("cpu", *row.also))]
        ratio = shown(medians[name] / best) if best else "-"
        lines.append(f"| {name} | {' | '.join(map(shown, numbers))} | {ratio} |")
    return lines + [""], medians


def main():
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures missived beside its peers, on loopback.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(rows.ROWS)}; all without one")
    parser.add_argument("--build", default=os.path.join(HERE, "../build-release"), help="where missived lies")
    arguments = parser.parse_args()
    for name in arguments.rows:
        if name not in rows.ROWS:
            parser.error(f"there is no row {name}")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    directory = tempfile.mkdtemp(prefix="missive-bench-")
    os.chmod(directory, 0o755)
    lines = [f"# Measured {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {os.cpu_count()} processors", ""]
    bars = []
    try:
        for name in arguments.rows or rows.ROWS:
            row, start = rows.ROWS[name](), time.monotonic()
            out, medians = table(row, measure(row, directory, os.path.abspath(arguments.build)))
            print("\n".join(out) + f"\n{name} took {time.monotonic() - start:.0f} s\n", flush=True)
            lines += out
            bars.append((row.title, row.unit, row.more, medians))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    results = os.path.join(HERE, "results")
    os.makedirs(results, exist_ok=True)
    called = "-".join(arguments.rows) if arguments.rows else "all"
    with open(f"{results}/{called}.md", "w") as f:
        f.write("\n".join(lines))
    with open(f"{results}/{called}.svg", "w") as f:
        f.write(chart.draw(bars))
    print(f"written: bench/results/{called}.md and .svg")
    return 0


sys.exit(main())
