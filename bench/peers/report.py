"""Tables for the terminal and for docs/performance.md, and a bar chart (SVG) for each case."""
import dataclasses
import os
import pathlib
import platform
import subprocess

from .cases import ALL, FIGURES

DASH = "–"


def number(value):
    if value is None:
        return DASH
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def value_of(results, case, server):
    report = results.get(case.name, {}).get(server, {})
    return None if "failed" in report else report.get(case.measure)


def rows(cases, results):
    """What was measured; then Exedra as a share of the floor, and the peers as multiples of Exedra."""
    yield ["case", "unit", *ALL, "of floor", *(f"× {peer}" for peer in ALL[2:])]
    for case in views(cases, results):
        values = {server: value_of(results, case, server) for server in ALL}
        own, floor = values["exedra"], values["floor"]
        ratios = [values[peer] / own if own and own > 0 and values[peer] is not None else None for peer in ALL[2:]]
        yield [case.title, case.unit, *(mark(results, case, server, values[server]) for server in ALL),
               f"{floor / own:.0%}" if own and floor and own > 0 else DASH, *(number(ratio) for ratio in ratios)]


def views(cases, results):
    """Every measured case, once for each thing it shows."""
    for case in cases:
        if case.name in results:
            yield case
            for title, measure, unit in case.also:
                yield dataclasses.replace(case, title=title, measure=measure, unit=unit)


def mark(results, case, server, value):
    """A value, a dash, or that the server did it wrong."""
    return "wrong" if "failed" in results.get(case.name, {}).get(server, {}) else number(value)


def figures(results):
    yield ["figure", "asked", "measured", "met"]
    for figure in FIGURES:
        if figure.text.partition(":")[0] not in results:
            continue
        value, met = figure.judge(results)
        yield [figure.text, ("≥ " if figure.least else "≤ ") + f"{figure.bound:g}", number(value),
               DASH if met is None else "yes" if met else "NO"]


def text_table(table):
    table = list(table)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in table)


def markdown_table(table):
    head, *body = table
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def mistakes(results):
    """What servers did wrong, one line each."""
    return [f"{server}, {name}: {reports[server]['failed']}" for name, reports in results.items()
            for server in ALL if "failed" in reports.get(server, {})]


def machine():
    cpu = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_gib": round(memory, 1), "kernel": platform.release(),
            "load": os.getloadavg()[0]}


def versions(packages):
    """Of Debian packages, OpenSSL and this repository."""
    found = {name: output(["dpkg-query", "-W", "-f=${Version}", name]) for name in packages}
    found["openssl"] = output(["openssl", "version"]).split(" (")[0]
    found["exedra"] = output(["git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty"])
    return found


def output(argv):
    return subprocess.run(argv, capture_output=True, text=True).stdout.strip()


def chart(case, results):
    """Horizontal bars on a linear scale; less is better in every case."""
    values = [(server, value_of(results, case, server)) for server in ALL]
    bars = [(server, value) for server, value in values if value is not None]
    top = max((value for _, value in bars), default=0) or 1
    height = 44 + 26 * len(bars)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" font-family="sans-serif" '
             f'font-size="13"><rect width="640" height="{height}" fill="#fff"/>',
             f'<text x="8" y="22" font-weight="bold">{case.title} ({case.unit}; less is better)</text>']
    for place, (server, value) in enumerate(bars):
        y, width = 36 + 26 * place, max(2, 430 * max(value, 0) / top)
        colour = {"exedra": "#1f6feb", "floor": "#9aa4af"}.get(server, "#c9d1d9")
        lines.append(f'<text x="82" y="{y + 15}" text-anchor="end">{server}</text>'
                     f'<rect x="90" y="{y}" width="{width:.0f}" height="20" fill="{colour}"/>'
                     f'<text x="{96 + width:.0f}" y="{y + 15}">{number(value)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


PAGE = """# Performance

Written by `bench/compare --write`; do not edit. How it is measured: [bench/README.md](../bench/README.md).

Machine: {cpu}, {cores} cores, {memory_gib} GiB, Linux {kernel}. Load average at the start: {load:.2f}.{warning}
Versions: {versions}.
Command: `{command}`, {date}, best of {runs}. Servers on core 0, the load generator on core 1, unless said otherwise.

## Measured

{measured}

CPU is user and system time of the server's processes. "of floor" is the floor's cost divided by Exedra's; "× peer" is the
peer's cost divided by Exedra's. "{dash}": the server cannot do this, or was not asked. "wrong": it made a mistake.

{mistakes}
## Figures

{figures}

## Pictures

{pictures}
"""


def write(docs, cases, results, facts):
    """docs/performance.md and one picture for each case that was measured."""
    folder = docs / "performance"
    folder.mkdir(parents=True, exist_ok=True)
    shown = [case for case in cases if any(value_of(results, case, server) is not None for server in ALL)]
    for case in shown:
        (folder / f"{case.name}.svg").write_text(chart(case, results))
    wrong = mistakes(results)
    busy = facts["machine"]["load"] > 0.5
    (docs / "performance.md").write_text(PAGE.format(
        **facts["machine"], warning=" **Other jobs were running: the figures are too high.**" if busy else "",
        versions=", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
        command=facts["command"], date=facts["date"], runs=facts["rounds"] * facts["turns"], dash=DASH,
        measured=markdown_table(rows(cases, results)), figures=markdown_table(figures(results)),
        mistakes="".join(f"- {line}\n" for line in wrong),
        pictures="\n\n".join(f"![{case.title}](performance/{case.name}.svg)" for case in shown)))
