"""The real server as a child process with a folder of its own, for clients this project did not write."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = pathlib.Path(os.environ.get("EXEDRA_PROGRAMS", ROOT / "build" / "release"))
DOMAIN = "example.org"
PASSWORD = "wherefore"
PATIENCE = 15  # seconds any single event may take
SANITIZED = "EXEDRA_SANITIZED" in os.environ  # its memory and time are the sanitizer's
ENTRANCES = ("starttls", "direct", "plain")
CONFIG = """<exedra xmlns="urn:exedra:config:1" shards="4">
  <clients address="127.0.0.1" port="0"/>
  <clients address="127.0.0.1" port="0" tls="direct"/>
  <clients address="127.0.0.1" port="0" plaintext-login="true"/>
  <host domain="example.org" offline-max-messages="1000000"/>
</exedra>
"""


class Server:
    """Started at once; its ports are in `ports`, by entrance."""

    def __init__(self, descriptors=None, config=CONFIG, entrances=ENTRANCES, files=None):
        """With no more than so many descriptors; `files` are secrets and keys by name."""
        self.prefix = ["prlimit", f"--nofile={descriptors}"] if descriptors else []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exedra-interop-"))
        (self.folder / "exedra.xml").write_text(config, encoding="utf-8")
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text, encoding="utf-8")
            (self.folder / name).chmod(0o600)
        self.entrances = entrances
        self.process = None
        self.ports = {}
        self.launches = 0
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            # Not after a sanitizer's report.
            assert self.process.wait(PATIENCE) == 0, f"the server ended with {self.process.returncode}:\n{self.log()[-6000:]}"
        self.kill()
        if kind is not None:
            print(f"the server's folder is kept: {self.folder}\n{self.log()[-3000:]}")
        else:
            shutil.rmtree(self.folder)

    def log(self):
        return (self.folder / f"output-{self.launches}").read_text(encoding="utf-8", errors="replace")

    def start(self):
        self.launches += 1
        with open(self.folder / f"output-{self.launches}", "wb") as output:
            self.process = subprocess.Popen([*self.prefix, PROGRAMS / "exedra", "--data", self.folder],
                                            stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            # A port may be printed in part only, so its line has to be complete.
            found = re.findall(r"127\.0\.0\.1:(\d+)\b.*\n", self.log())
            if len(found) >= len(self.entrances):
                self.ports = dict(zip(self.entrances, map(int, found)))
                return
            time.sleep(0.005)
        raise RuntimeError(f"exedra does not say where it listens:\n{self.log()}")

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def add_account(self, local):
        subprocess.run([PROGRAMS / "exedractl", "--data", self.folder, "account", "add", "--password-stdin",
                        f"{local}@{DOMAIN}"], input=f"{PASSWORD}\n", text=True, check=True, capture_output=True, timeout=PATIENCE)

    def ask(self, *words):
        """What exedractl answers."""
        ran = subprocess.run([PROGRAMS / "exedractl", "--json", "--data", self.folder, *words], text=True, check=True,
                             capture_output=True, timeout=PATIENCE)
        return json.loads(ran.stdout)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident(self, field="VmRSS"):
        """Bytes of memory; VmHWM: the most there ever were."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
