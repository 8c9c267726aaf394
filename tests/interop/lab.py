"""A small Internet: a network of its own with loopback addresses, a DNS server, an authority that certifies, and real servers
of other makes that federate. Nothing of it reaches or is reached from outside, so ports are the usual ones."""
import asyncio
import datetime
import fcntl
import ipaddress
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time

from dnssec import name_bytes, record
from server import PASSWORD, PATIENCE, PROGRAMS
from stream import CLIENT, STREAM, Stream, until

SRV, A, TLSA = 33, 1, 52
IN_LAB = "EXEDRA_LAB"


def enter():
    """Goes on as the same program in a network and with a resolv.conf of its own. Exit 77 where that is not allowed."""
    if IN_LAB not in os.environ:
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        command = ["unshare", *user, "--net", "--mount"]
        if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode != 0:
            print("skipped: no namespaces may be made here")
            sys.exit(77)
        os.execvpe("unshare", [*command, sys.executable, *sys.argv], os.environ | {IN_LAB: "1"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:  # SIOCSIFFLAGS: the loopback device is up
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
    with tempfile.NamedTemporaryFile("w", suffix=".resolv") as resolv:
        resolv.write("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
        resolv.flush()
        subprocess.run(["mount", "--bind", resolv.name, "/etc/resolv.conf"], check=True)


class Dns:
    """Answers over UDP and TCP with what is in `records`, by (name, type); the rest does not exist. `silent` names are never
    answered, `seconds` is what each answer takes; what `zones` (dnssec.py) hold is signed."""

    def __init__(self, address="127.0.0.1", port=53):
        self.records, self.silent, self.seconds, self.asked, self.zones = {}, set(), 0, [], []
        dns = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                query, where = self.request
                answer = dns.answer(query, 512)
                if answer:
                    where.sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self):
                size = self.rfile.read(2)
                answer = dns.answer(self.rfile.read(struct.unpack("!H", size)[0]), 65535) if size else None
                if answer:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)

        socketserver.ThreadingUDPServer.allow_reuse_address = socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.servers = [socketserver.ThreadingUDPServer((address, port), Udp)]
        self.port = self.servers[0].server_address[1]
        self.servers.append(socketserver.ThreadingTCPServer((address, self.port), Tcp))
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def add(self, name, kind, data):
        self.records.setdefault((name, kind), []).append(data)

    def add_address(self, name, address):
        self.add(name, A, socket.inet_aton(address))

    def add_srv(self, service, port, target, priority=0, weight=0):
        """`service` as _xmpp-server._tcp.example.org; the target "." is none."""
        self.add(service, SRV, struct.pack("!HHH", priority, weight, port) + name_bytes(target))

    def add_server(self, domain, address, direct=False):
        """A domain and its rooms on one machine."""
        host = f"xmpp.{domain}"
        self.add_address(host, address)
        for name in (domain, f"conference.{domain}"):
            self.add_srv(f"_xmpp-server._tcp.{name}", 5269, host, 10)
            if direct:
                self.add_srv(f"_xmpps-server._tcp.{name}", 5270, host, 5)

    def answer(self, query, most):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        kind, _ = struct.unpack("!HH", query[at + 1:at + 5])
        name, question = ".".join(labels), query[12:at + 5]
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        if self.seconds:
            time.sleep(self.seconds)
        found, denied, flags = self.found(name, kind)
        body = b"".join(found + denied)
        if 12 + len(question) + len(body) > most:
            flags, found, denied, body = flags | 0x200, [], [], b""  # ask again over TCP
        extended = b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000, 0) if query[11] else b""  # who asks so wants DNSSEC
        return (query[:2] + struct.pack("!HHHHH", flags, 1, len(found), len(denied), 1 if extended else 0) + question + body
                + extended)

    def found(self, name, kind):
        """The records of an answer, those that deny one, and the flags."""
        datas = self.records.get((name, kind), [])
        for zone in self.zones:
            if zone.holds(name):
                return zone.answer(name, kind, datas, [each for known, each in self.records if known == name])
        known = any(each == name or each.endswith("." + name) for each, _ in self.records)
        return [record(name, kind, data) for data in datas], [], 0x8580 | (0 if known else 3)


class Authority:
    """Issues certificates; `path` is its own, for those who believe it."""

    def __init__(self, folder):
        self.folder = folder
        self.key, self.certificate = self.issue("authority", [], signer=None, authority=True)
        self.path = folder / "authority.pem"

    def issue(self, file, domains, signer="authority", days=(-1, 30), authority=False):
        """Writes <file>.pem and <file>.key. A signer of None is the key itself."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domains[0] if domains else file)])
        now = datetime.datetime.utcnow()
        made = (x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
                .issuer_name(self.certificate.subject if signer else subject)
                .serial_number(x509.random_serial_number())
                .not_valid_before(now + datetime.timedelta(days=days[0]))
                .not_valid_after(now + datetime.timedelta(days=days[1]))
                .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True))
        if domains:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in domains]), False)
        made = made.sign(self.key if signer else key, hashes.SHA256())
        pem = serialization.Encoding.PEM
        (self.folder / f"{file}.pem").write_bytes(made.public_bytes(pem))
        (self.folder / f"{file}.key").write_bytes(key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return key, made


def certificate_key(path):
    """SHA-256 of its public key, as TLSA records have it (RFC 6698 2.1: 3 1 1)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize()


class Peer:
    """One domain with its rooms on one loopback address. `valid`: only who has a certificate of the authority gets in, and
    dialback is off; else dialback over any certificate."""
    patience = 60
    prefix = ()  # of the command

    def __init__(self, lab, domain, address, valid=False, certificate=None, encrypted=True):
        self.lab, self.domain, self.address, self.valid, self.encrypted = lab, domain, address, valid, encrypted
        assert ipaddress.ip_address(address).is_loopback
        self.folder = lab.folder / domain
        self.folder.mkdir()
        self.certificate = certificate or domain
        if not (lab.folder / f"{self.certificate}.pem").exists():
            lab.authority.issue(self.certificate, [domain, f"conference.{domain}"], "authority" if valid else None)
        self.pem, self.key = lab.folder / f"{self.certificate}.pem", lab.folder / f"{self.certificate}.key"
        self.process = None
        lab.peers.append(self)

    def start(self):
        command, environment = self.configure()
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen([str(word) for word in (*self.prefix, *command)], cwd=self.folder,
                                            env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + self.patience
        while not (self.listens(5222) and self.listens(5269)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.domain} does not start:\n{self.log()[-3000:]}")
            time.sleep(0.05)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def listens(self, port):
        try:
            socket.create_connection((self.address, port), 1).close()
            return True
        except OSError:
            return False

    def log(self):
        return (self.folder / "output").read_text(errors="replace")

    async def person(self, local):
        """An account that is made, logged in and available."""
        person = Person(self, local)
        await person.arrive()
        return person


class Prosody(Peer):
    def configure(self):
        dialback = "" if self.valid else '"dialback", '
        trust = f'cafile = "{self.lab.authority.path}"; ' if self.valid else ""
        flag = lambda value: "true" if value else "false"
        tls = f'{{ {trust}certificate = "{self.pem}"; key = "{self.key}" }}'
        (self.folder / "prosody.cfg.lua").write_text(f"""run_as_root = true
interfaces = {{ "{self.address}" }}
local_interfaces = {{ "{self.address}" }}
c2s_ports = {{ 5222 }}
s2s_ports = {{ 5269 }}
s2s_direct_tls_ports = {{ 5270 }}
c2s_direct_tls_ports = {{}}
modules_enabled = {{ "roster", "saslauth", "offline", {'"tls", ' if self.encrypted else ''}"disco", "ping", "register_ibr", "smacks",
  {dialback}"s2s", "s2s_bidi", "blocklist", "version" }}
modules_disabled = {{ "admin_shell", "http" }}
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
s2s_require_encryption = {flag(self.encrypted)}
s2s_secure_auth = {flag(self.valid)}
authentication = "internal_hashed"
storage = "internal"
data_path = "{self.folder}/data"
pidfile = "{self.folder}/prosody.pid"
log = {{ debug = "*console" }}
ssl = {tls}
s2s_direct_tls_ssl = {tls}
VirtualHost "{self.domain}"
Component "conference.{self.domain}" "muc"
""")
        (self.folder / "data").mkdir(exist_ok=True)
        return ["prosody", "--config", self.folder / "prosody.cfg.lua", "-F"], {}


class Ejabberd(Peer):
    def configure(self):
        (self.folder / "both.pem").write_text(self.pem.read_text() + self.key.read_text())
        trust = f'ca_file: "{self.lab.authority.path}"\n' if self.valid else ""
        dialback = "" if self.valid else "  mod_s2s_dialback: {}\n"
        starttls = "required" if self.encrypted else "false"
        (self.folder / "ejabberd.yml").write_text(f"""hosts: ["{self.domain}"]
loglevel: debug
certfiles: ["{self.folder}/both.pem"]
{trust}auth_method: [mnesia]
auth_password_format: scram
acme: {{auto: false}}
s2s_use_starttls: {starttls}
s2s_dns_timeout: 5
listen:
  - {{port: 5222, ip: "{self.address}", module: ejabberd_c2s, starttls: true}}
  - {{port: 5269, ip: "{self.address}", module: ejabberd_s2s_in}}
  - {{port: 5270, ip: "{self.address}", module: ejabberd_s2s_in, tls: true}}
outgoing_s2s_ipv4_address: "{self.address}"
registration_timeout: infinity
modules:
{dialback}  mod_disco: {{}}
  mod_muc: {{host: "conference.{self.domain}"}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_register: {{ip_access: all, access: all, access_from: all}}
  mod_roster: {{}}
  mod_stream_mgmt: {{}}
""")
        command = ["erl", "-noinput", "-mnesia", "dir", f'"{self.folder}/mnesia"', "-s", "ejabberd"]
        return command, {"EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"),
                         "ERL_LIBS": "/usr/lib/x86_64-linux-gnu", "HOME": str(self.folder),
                         "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
                         "ERL_CRASH_DUMP": str(self.folder / "crash.dump")}

    def log(self):
        log = self.folder / "ejabberd.log"
        return super().log() + (log.read_text(errors="replace") if log.exists() else "")


class Exedra(Peer):
    """Our own, as a peer among peers. `policy`: of certificates, other than `valid` says; `anchors`: a file of DNS keys."""
    policy = anchors = None

    def ctl(self, *words):
        """exedractl: what it said, and whether it was content."""
        ran = subprocess.run([PROGRAMS / "exedractl", "--data", self.folder, *words], text=True, capture_output=True,
                             timeout=PATIENCE)
        return ran.stdout + ran.stderr, ran.returncode == 0

    def configure(self):
        anchors = f' dnssec-anchors="{self.anchors}"' if self.anchors else ""
        (self.folder / "exedra.xml").write_text(f"""<exedra xmlns="urn:exedra:config:1" shards="2">
  <clients address="{self.address}" plaintext-login="true"/>
  <host domain="{self.domain}" registration="true" certificate="{self.pem}" key="{self.key}"/>
  <federation private-addresses="true" certificate="{self.policy or ('valid' if self.valid else 'dialback')}" dns-address="127.0.0.1"
      encryption="{'required' if self.encrypted or self.valid else 'optional'}" first-retry-seconds="1"{anchors}>
    <listen address="{self.address}"/>
    <listen address="{self.address}" tls="direct"/>
  </federation>
</exedra>
""", encoding="utf-8")
        trust = {"SSL_CERT_FILE": str(self.lab.authority.path)} if self.valid else {}
        return [PROGRAMS / "exedra", "--data", self.folder], trust


class Person(Stream):
    """Somebody with an account on a peer."""

    def __init__(self, peer, local):
        super().__init__(local, "lab")
        self.peer, self.bare = peer, f"{local}@{peer.domain}"

    async def open(self):
        import xml.etree.ElementTree as ElementTree
        self.parser = ElementTree.XMLPullParser(("start", "end"))
        self.depth = 0
        self.send(f"<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' to='{self.peer.domain}' "
                  "xmlns:stream='http://etherx.jabber.org/streams'>")
        await self.expect(f"{STREAM}features")

    async def connected(self):
        return await asyncio.get_running_loop().run_in_executor(
            None, socket.create_connection, (self.peer.address, 5222), PATIENCE)

    async def arrive(self):
        self.reader, self.writer = await asyncio.open_connection(sock=await self.connected())
        await self.open()
        self.send(f"<iq type='set' id='new'><query xmlns='jabber:iq:register'><username>{self.local}</username>"
                  f"<password>{PASSWORD}</password></query></iq>")
        await self.expect(f"{CLIENT}iq")
        self.cut()
        self.elements = []
        await self.connect(await self.connected())
        await self.bind()
        # Who has asked for the roster hears of subscriptions (RFC 6121 2.2).
        self.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
        await self.hear("iq", id="roster")
        self.send("<presence/>")  # from now on what was kept for him comes

    async def hear(self, tag, **attributes):
        """The next such stanza; others are let pass."""
        while True:
            element = await self.next()
            if element.tag == CLIENT + tag and all(element.get(name) == value for name, value in attributes.items()):
                return element


class Lab:
    """With a DNS server that knows nobody yet."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exedra-lab-"))
        self.authority, self.peers, self.dns = Authority(self.folder), [], Dns()
        return self

    def __exit__(self, kind, *_):
        for peer in self.peers:  # all at once, as each may wait for the others
            if peer.process is not None and peer.process.poll() is None:
                peer.process.terminate()
        for peer in self.peers:
            peer.stop()
        self.dns.__exit__()
        if kind is None:
            shutil.rmtree(self.folder)
            return
        print(f"the lab's folder is kept: {self.folder}")


__all__ = ["A", "CLIENT", "SRV", "TLSA", "Authority", "Dns", "Ejabberd", "Exedra", "Lab", "Peer", "Person", "Prosody", "certificate_key", "enter", "until"]
