"""Prosody: epoll, its internal storage, the modules for what Exedra does, no limits."""
from .server import DOMAIN, Server

# Its own storage is its fastest, for the archive too. mod_smacks costs every message, so it is there only when used.
CONFIG = """run_as_root = true
network_backend = "epoll"
network_settings = {{ tcp_backlog = 4096 }}
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {none} }}
c2s_direct_tls_ports = {{ {direct} }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "carbons", "blocklist", "private", "vcard",
  "version", "time", "ping", "register_ibr", "csi", {more} }}
modules_disabled = {{ "s2s", "admin_shell", "http" }}
allow_registration = true
c2s_require_encryption = false
authentication = "internal_hashed"
password_hash = "SHA-256"
storage = "internal"
default_archive_policy = true
archive_expires_after = "never"
storage_archive_item_limit = 100000000
data_path = "{folder}/data"
pidfile = "{folder}/prosody.pid"
log = {{ warn = "*console" }}
ssl = {{ certificate = "{certificate}", key = "{key}" }}
c2s_direct_tls_ssl = {{ certificate = "{certificate}", key = "{key}" }}
VirtualHost "{domain}"
{rooms}
"""
# Neither muc_mam nor limits; the default 20 messages of history.
ROOMS = f'Component "conference.{DOMAIN}" "muc"'


class Prosody(Server):
    name = "prosody"
    packages = ("prosody",)

    def configure(self):
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "prosody.cfg.lua").write_text(CONFIG.format(
            domain=DOMAIN, folder=self.folder, certificate=self.place.certificate, key=self.place.key,
            more='"smacks", "mam"' if self.setup.archive else "", rooms=ROOMS if self.setup.rooms else "", **self.ports))

    def commands(self):
        return [["prosody", "--config", self.folder / "prosody.cfg.lua", "-F"]]
