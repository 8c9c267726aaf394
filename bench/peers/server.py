"""A server under test: foreground processes with a folder and a configuration of their own, on free loopback ports."""
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

DOMAIN = "localhost"
PATIENCE = 60  # seconds a server may take to start
GOODBYE = 10  # seconds to stop; Prosody now and then misses that a session was reset, and waits for it
HEADER = (f"<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='{DOMAIN}' version='1.0' "
          "xmlns:stream='http://etherx.jabber.org/streams'>").encode()


class Broken(Exception):
    """A server does not start, or not as it should."""


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a case asks of the servers' configurations."""
    archive: bool = False
    rooms: bool = False
    shards: int = 1
    pinned: bool = True  # the server to core 0, the generator to core 1


@dataclasses.dataclass(frozen=True)
class Place:
    """What is the same for all servers."""
    programs: pathlib.Path  # exedra, exedra_load, exedra_floor
    certificate: pathlib.Path
    key: pathlib.Path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pin(core):
    """What a command is begun with. Where that is allowed, other jobs of the machine come after it: a latency must not be
    theirs."""
    first = ["nice", "-n", "-15"] if os.geteuid() == 0 else []
    return [*first, "taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else first


class Server:
    """start() returns when clients can log in. `ports` are by the generator's kinds of TLS."""
    name = ""
    packages = ()  # of Debian
    login = {}     # what the generator needs besides to log in
    tls = "direct"  # the generator's kind for cases with TLS

    def __init__(self, place, folder, setup=Setup()):
        self.place, self.folder, self.setup = place, pathlib.Path(folder).resolve(), setup
        self.processes, self.ports, self.started_ms = [], {}, 0.0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # What each server says about itself.

    def configure(self):
        """Writes the configuration into the folder; data that is there is used."""

    def commands(self):
        """Argument lists of the processes, in order of their start; each may be a pair with its environment."""
        raise NotImplementedError

    def learn_ports(self):
        """For servers that choose their ports; False while they are not known."""
        return True

    # What is the same for all.

    @property
    def pids(self):
        return [process.pid for process in self.processes]

    def pss(self):
        """Memory of its processes in bytes; what several share counts in parts."""
        rollups = (pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.pids)
        return sum(int(re.search(r"^Pss: +(\d+)", rollup, re.M)[1]) for rollup in rollups) * 1024

    def output(self):
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("output-*")))

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports = {"none": free_port(), "direct": free_port()}
        self.ports["starttls"] = self.ports["none"]
        self.configure()
        began = time.monotonic()
        try:
            for number, command in enumerate(self.commands()):
                self.launch(number, *(command if isinstance(command, tuple) else (command, {})))
            self.wait_until(self.learn_ports, 0.001)
            self.wait_until(lambda: greets(self.ports["none"]), 0.001)
        except BaseException:
            self.stop()
            raise
        self.started_ms = (time.monotonic() - began) * 1000

    def launch(self, number, argv, environment):
        prefix = pin(0) if self.setup.pinned else []
        with open(self.folder / f"output-{number}", "wb") as output:
            self.processes.append(subprocess.Popen(
                prefix + [str(word) for word in argv], cwd=self.folder, env=os.environ | environment, stdout=output,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True))

    def wait_until(self, condition, pause):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            ended = [process for process in self.processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise Broken(f"{self.name} does not start:\n{self.output()[-3000:]}")
            time.sleep(pause)

    def rest(self):
        """Not a cycle until wake(): what an idle server does in between would disturb the others' latencies."""
        self.signal(signal.SIGSTOP)

    def wake(self):
        self.signal(signal.SIGCONT)

    def signal(self, number):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)

    def kill(self):
        """With all they started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # each leads a session of its own: launch()
            process.wait()
        self.processes = []

    def stop(self):
        """In the opposite order; with force after some patience."""
        self.wake()
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(GOODBYE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []


class OwnPorts(Server):
    """Chooses its ports and prints them; `pattern` finds them in its output, `entrances` names them in order."""
    pattern, entrances = "", ()

    def learn_ports(self):
        found = re.findall(self.pattern, self.output())
        if len(found) < len(self.entrances):
            return False
        self.ports = dict(zip(self.entrances, map(int, found)))
        return True


def greets(port):
    """Whether a stream to the port is answered by features; parts of a server may still be missing before."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as stream:
            stream.settimeout(5)
            stream.sendall(HEADER)
            answer = b""
            while b"features>" not in answer:
                part = stream.recv(4096)
                if not part or b"stream:error" in answer:
                    return False
                answer += part
            return True
    except OSError:
        return False


def certificate(folder):
    """One self-signed ECDSA P-256 certificate for all, made once; (certificate, key)."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    if not key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "3650", "-subj", f"/CN={DOMAIN}",
                        "-addext", f"subjectAltName=DNS:{DOMAIN}"], check=True, capture_output=True)
    return certificate, key


def fresh_copy(source, target):
    shutil.rmtree(target, ignore_errors=True)
    if source is not None and source.exists():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("output-*", "*.sock", "lock"))
