"""jabberd2: router, session manager and client listener as its package configures them, over one SQLite file."""
import gzip
import pathlib
import sqlite3
import xml.etree.ElementTree as ElementTree

from .server import DOMAIN, Server, free_port

PACKAGED = pathlib.Path("/etc/jabberd2")
SCHEMA = pathlib.Path("/usr/share/doc/jabberd2/db-setup.sqlite.gz")


class Jabberd2(Server):
    name = "jabberd2"
    packages = ("jabberd2",)
    login = {"--plain": None, "--no-echo": None}  # it has neither SCRAM-SHA-256 nor the echo of RFC 6121 4.2.2
    tls = "starttls"  # it breaks streams when handshakes of direct TLS overlap

    def configure(self):
        (self.folder / "both.pem").write_text(self.place.certificate.read_text() + self.place.key.read_text())
        database = self.folder / "jabberd2.db"
        if not database.exists():
            with sqlite3.connect(database) as schema:
                schema.executescript(gzip.decompress(SCHEMA.read_bytes()).decode())
            schema.close()
        port = free_port()
        self.write("router", {"local/ip": "127.0.0.1", "local/port": port, "local/users": PACKAGED / "router-users.xml",
                              "aci/filter": PACKAGED / "router-filter.xml"})
        self.write("sm", {"router/port": port, "local/id": DOMAIN, "storage/sqlite/dbname": database})
        self.write("c2s", {"router/port": port, "local/id": DOMAIN, "local/ip": "127.0.0.1",
                           "local/port": self.ports["none"], "io/max_fds": 20000, "io/limits/stanzas": 0,
                           "io/limits/stanzasize": 0, "authreg/sqlite/dbname": database})

    def write(self, part, changes):
        """The packaged configuration of a part with some elements' texts changed."""
        tree = ElementTree.parse(PACKAGED / f"{part}.xml")
        log = tree.find("log")
        log.set("type", "stdout")
        for path, text in {"pidfile": self.folder / f"{part}.pid", **changes}.items():
            element = tree.find(path)
            if element is None:
                parent, _, name = path.rpartition("/")
                element = ElementTree.SubElement(tree.find(parent), name)
            element.text = str(text)
        for host in tree.iterfind("local/id[@register-enable]"):
            host.set("pemfile", str(self.folder / "both.pem"))
        tree.write(self.folder / f"{part}.xml")

    def commands(self):
        return [[f"jabberd2-{part}", "-c", self.folder / f"{part}.xml"] for part in ("router", "sm", "c2s")]
