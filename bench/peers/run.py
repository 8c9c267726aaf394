"""Runs cases on servers: who is started when, with which accounts, and what the generator says."""
import itertools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from .ejabberd import Ejabberd
from .exedra import Exedra, Floor
from .jabberd2 import Jabberd2
from .prosody import Prosody
from .server import DOMAIN, Broken, Server, fresh_copy, pin

KINDS = {kind.name: kind for kind in (Floor, Exedra, Ejabberd, Prosody, Jabberd2)}
OURS = ("floor", "exedra")  # whose mistakes fail the run
STARTS = 5
LONGEST = 1800  # seconds a case may take


def generate(place, server, kind, options, tls=False):
    """One run of the load generator: its report, with `failed` if it says that something went wrong."""
    tls = server.tls if tls else "none"
    words = {"--port": server.ports[tls], "--tls": tls, "--domain": DOMAIN, **options, **server.login}
    argv = [*(pin(1) if server.setup.pinned else []), str(place.programs / "exedra_load"), kind]
    for word, value in words.items():
        argv += [word] if value is None else [word, str(value)]
    try:
        ran = subprocess.run([*argv, "--pid", *map(str, server.pids)], capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return {"failed": f"no end after {LONGEST} s"}
    try:
        report = json.loads(ran.stdout)
    except json.JSONDecodeError:
        report = {}
    if ran.returncode != 0:
        wrong = {what: count for what, count in report.get("errors", {}).items() if count}
        report["failed"] = ", ".join(f"{count} {what}" for what, count in wrong.items()) or ran.stderr.strip()[:300]
    elif report.get("unacknowledged"):
        report["failed"] = "not every message was acknowledged"
    report["command"] = " ".join(argv)
    if "pss_after" in report:
        report["pss_growth"] = report["pss_after"] - report["pss_before"]
    return report


class Lab:
    """Starts servers on copies of their accounts and runs cases on them."""

    def __init__(self, place, folder, accounts, say=lambda text: print(text, file=sys.stderr, flush=True)):
        self.place, self.folder, self.accounts, self.say = place, pathlib.Path(folder), accounts, say
        self.running = {}  # (name, setup) -> server
        self.numbers = itertools.count()  # of servers' folders
        self.mistakes = []
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=folder))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_all()
        shutil.rmtree(self.scratch)

    def stop_all(self):
        """At once: what they would save goes with their folders."""
        while self.running:
            self.running.popitem()[1].kill()

    def data(self, name):
        return self.folder / "accounts" / name

    def register(self, name):
        """Accounts u0, u1, … made once and kept for the runs to come."""
        mark = self.data(name) / "registered"
        have = int(mark.read_text()) if mark.exists() else 0
        if name == "floor" or have >= self.accounts:
            return
        self.say(f"{name}: {self.accounts} accounts are made")
        with KINDS[name](self.place, self.data(name)) as server:
            report = generate(self.place, server, "register", {"--clients": self.accounts, "--concurrent": 20})
        if "failed" in report:
            raise Broken(f"{name}: no accounts: {report['failed']}")
        mark.write_text(str(self.accounts))

    def server(self, name, setup):
        if (name, setup) not in self.running:
            folder = self.scratch / f"{name}-{next(self.numbers)}"
            fresh_copy(self.data(name), folder)
            server: Server = KINDS[name](self.place, folder, setup)
            server.start()
            self.running[name, setup] = server
        return self.running[name, setup]

    def measure(self, name, case):
        """One report; mistakes of our own are remembered. Others get a second try, on a new server: they do crash."""
        began = time.monotonic()
        report = self.attempt(name, case)
        if "failed" in report and name not in OURS:
            self.say(f"{case.name:16}{name:10} once more, after: {report['failed']}")
            report = self.attempt(name, case) | {"failed_before": report["failed"]}
        value = report.get(case.measure)
        self.say(f"{case.name:16}{name:10}{'' if value is None else f'{value:12.2f}'} {case.unit}"
                 f"  ({time.monotonic() - began:.0f} s) {report.get('failed', '')}")
        if "failed" in report and name in OURS:
            self.mistakes.append(f"{name}, {case.name}: {report['failed']}")
        return report

    def attempt(self, name, case):
        try:
            if case.kind == "start":
                report = self.starts(name, case.setup, **case.options)
            elif case.kind == "micro":
                report = self.micro(case.options["filter"])
            elif case.kind == "federation":
                report = self.federation(name, case.options)
            else:
                server = self.server(name, case.setup)
                server.wake()
                if case.first:
                    generate(self.place, server, case.kind, case.options | case.first, case.tls)
                report = generate(self.place, server, case.kind, case.options, case.tls)
                server.rest()
        except Broken as mistake:
            report = {"failed": str(mistake)}
        if (case.alone or "failed" in report) and (name, case.setup) in self.running:
            self.running.pop((name, case.setup)).kill()
        return report

    def micro(self, name):
        """One of bench/micro that counts items; where the others don't run."""
        argv = [str(self.place.programs / "exedra_micro"), f"--benchmark_filter={name}", "--benchmark_format=json"]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=LONGEST)
        found = json.loads(ran.stdout)["benchmarks"] if ran.returncode == 0 else []
        if not found or "items_per_second" not in found[0]:
            return {"failed": ran.stderr.strip()[:300] or "no figure"}
        return {"us": 1e6 / found[0]["items_per_second"], "command": " ".join(argv)}

    def federation(self, name, options):
        """Two of them, in a network of their own."""
        argv = ["/usr/bin/python3", str(pathlib.Path(__file__).with_name("federation.py")), name, "--programs",
                str(self.place.programs), *(str(word) for option in options.items() for word in option)]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=LONGEST)
        report = json.loads(ran.stdout) if ran.returncode == 0 else {"failed": (ran.stdout + ran.stderr).strip()[-300:]}
        return report | {"command": " ".join(argv)}

    def starts(self, name, setup, accounts=0, rooms=0):
        """From the launch to the first connection that is answered, and the memory then; the medians of some starts. With
        `rooms`, those of the store without rooms as well, in turns."""
        sources = {"": self.filled(name, setup, accounts, rooms) if accounts or rooms else None}
        if rooms:
            sources["without_"] = self.filled(name, setup, 0, 0)
        found = {prefix + what: [] for prefix in sources for what in ("ms", "pss")}
        for _ in range(STARTS * len(sources)):
            for prefix, source in sources.items():
                folder = self.scratch / f"{name}-start"
                fresh_copy(source, folder)
                with KINDS[name](self.place, folder, setup) as server:
                    found[f"{prefix}ms"].append(server.started_ms)
                    found[f"{prefix}pss"].append(server.pss())
        return {what: sorted(values)[len(values) // 2] for what, values in found.items()} | {"all": found}

    def filled(self, name, setup, accounts, rooms):
        """A folder with a store of so many; made once and kept."""
        source = self.folder / "accounts" / f"{name}-{accounts or f'{rooms}-rooms'}"
        if not source.exists():
            fresh_copy(self.data(name), source)
            server = KINDS[name](self.place, source, setup)
            if accounts:
                server.fill(accounts)
            else:
                with server:
                    pass  # makes what an older version's store lacks
                server.fill_rooms(rooms)
        return source
