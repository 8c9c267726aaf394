#!/usr/bin/python3
"""Two servers of a kind that federate over TLS with dialback, each with half of the clients: every message goes through both.
A network of its own, so that ports and DNS are the usual ones. Prints what the generator says."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "interop"), str(ROOT / "bench")]
from lab import Ejabberd, Exedra, Lab, Prosody, enter  # noqa: E402
from peers.server import pin  # noqa: E402

PASSWORD = "secret"


class Measured:
    """Says little, and has core 0."""
    prefix = pin(0)
    quieter = ()  # what the configuration of a test says, and what it says here

    def configure(self):
        command, environment = super().configure()
        file = self.folder / self.file
        text = file.read_text()
        for before, after in self.quieter:
            assert before in text, before
            text = text.replace(before, after)
        file.write_text(text)
        return command, environment


class QuietExedra(Measured, Exedra):
    file = "exedra.xml"
    quieter = (('shards="2">', 'shards="1">\n  <log level="warning"/>\n  <limits registrations-per-hour="1000000"/>'),
               ('registration="true"', 'registration="true" archive="false"'),
               ('<federation ', '<federation stanzas-per-second="0" bytes-per-second="0" '))


class QuietEjabberd(Measured, Ejabberd):
    file = "ejabberd.yml"
    quieter = (("loglevel: debug", "loglevel: warning"),)


class QuietProsody(Measured, Prosody):
    file = "prosody.cfg.lua"
    quieter = (("log = { debug", "log = { warn"),)


KINDS = {"exedra": QuietExedra, "ejabberd": QuietEjabberd, "prosody": QuietProsody}


def generate(programs, case, *words):
    argv = [*pin(1), str(programs / "exedra_load"), case, *map(str, words), "--password", PASSWORD, "--plain"]
    ran = subprocess.run(argv, capture_output=True, text=True)
    if not ran.stdout:
        sys.exit(ran.stderr)
    report = json.loads(ran.stdout)
    wrong = {what: count for what, count in report.get("errors", {}).items() if count}
    if wrong:
        report["failed"] = ", ".join(f"{count} {what}" for what, count in wrong.items())
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--window", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--turns", type=int, default=2, help="the best is shown, or a mistake of any")
    options = parser.parse_args()
    enter()
    with Lab() as lab:
        near, far = (KINDS[options.kind](lab, f"{name}.example", address)
                     for name, address in (("verona", "127.0.0.2"), ("mantua", "127.0.0.3")))
        for peer in (near, far):
            lab.dns.add_server(peer.domain, peer.address)
            peer.start()
            generate(options.programs, "register", "--address", peer.address, "--domain", peer.domain, "--clients",
                     options.clients, "--concurrent", 20)
        chat = [generate(options.programs, "chat", "--address", near.address, "--domain", near.domain, "--far-address",
                         far.address, "--far-port", 5222, "--far-domain", far.domain, "--clients", options.clients,
                         "--window", options.window, "--seconds", options.seconds, "--warm-up", options.warm_up,
                         "--pid", near.process.pid, far.process.pid) for _ in range(options.turns)]
        print(json.dumps(min(chat, key=lambda report: ("failed" not in report, report["cpu_us"]))))


if __name__ == "__main__":
    os.environ.setdefault("EXEDRA_PROGRAMS", str(ROOT / "build" / "release"))
    main()
