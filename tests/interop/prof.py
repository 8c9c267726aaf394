"""profanity, driven through a pseudo-terminal and watched through its own log of what it sent and received."""
import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import termios
import threading
import time

from server import DOMAIN, PASSWORD, PATIENCE


class Person:
    """One profanity with folders of its own."""

    def __init__(self, folder, local, server, entrance):
        self.local, self.log, self.read, self.screen = local, pathlib.Path(folder) / f"{local}-{time.monotonic_ns()}.log", 0, ""
        home = pathlib.Path(folder) / local
        home.mkdir(exist_ok=True)
        environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_DATA_HOME": str(home / "data"),
                       "TERM": "xterm", "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 160, 0, 0))  # room for a form
            os.execvpe("profanity", ["profanity", "-l", "DEBUG", "-f", str(self.log)], environment)
        # A terminal nobody reads fills up and stops the program.
        threading.Thread(target=self.drain, daemon=True).start()
        self.until("Starting main event loop|Starting Profanity")
        policy = "legacy" if entrance == "direct" else "trust"
        self.type(f"/connect {local}@{DOMAIN}/prof server 127.0.0.1 port {server.ports[entrance]} tls {policy}")
        self.until_shown("Enter password")
        self.type(PASSWORD)
        if entrance == "direct":  # its "legacy" cannot be told to trust
            self.until_shown("/tls allow")
            self.type("/tls allow")
        self.until("SENT: <presence")

    def drain(self):
        try:
            while shown := os.read(self.terminal, 65536):
                self.screen += re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|\([A-Z])", "", shown.decode(errors="replace"))
        except OSError:
            pass

    def type(self, line):
        os.write(self.terminal, line.encode() + b"\r")

    def until(self, pattern):
        """A line of its log beyond those that were awaited before."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
            found = re.compile(pattern).search(text, self.read)
            if found:
                self.read = found.end()
                return
            time.sleep(0.02)
        raise AssertionError(f"{self.local}'s profanity has no '{pattern}' in its log:\n{text[self.read:][-9000:]}")

    def until_shown(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.screen:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.local}'s profanity does not show '{text}': {self.screen[-2000:]!r}")
            time.sleep(0.02)

    def leave(self):
        self.type("/quit")
        os.waitpid(self.pid, 0)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)


def stanza(name, **attributes):
    """A pattern for a received stanza with these attributes, in whatever order."""
    return f"RECV: <{name} " + "".join(f"(?=[^>]*{key}=.{re.escape(value)}[\"'])" for key, value in attributes.items())
