"""ejabberd: accounts and rosters in Mnesia, the archive in SQLite, no shapers. The Erlang machine is called as it is,
because ejabberdctl insists on a system user and a node name."""
from .server import DOMAIN, Server

CONFIG = """hosts: [{domain}]
loglevel: warning
certfiles: ["{folder}/both.pem"]
auth_method: [mnesia]
auth_password_format: scram
auth_scram_hash: sha256
acme: {{auto: false}}
sql_type: sqlite
sql_database: "{folder}/archive.db"
max_fsm_queue: 100000
listen:
  - {{port: {none}, ip: "127.0.0.1", module: ejabberd_c2s, backlog: 4096, max_stanza_size: 262144, shaper: none,
     access: all, starttls: true}}
  - {{port: {direct}, ip: "127.0.0.1", module: ejabberd_c2s, backlog: 4096, max_stanza_size: 262144, shaper: none,
     access: all, tls: true}}
shaper_rules: {{offline_quota: [1000000: all]}}
registration_timeout: infinity
modules:
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco: {{}}
  mod_last: {{}}
  mod_offline: {{access_max_user_messages: offline_quota}}
  mod_ping: {{}}
  mod_private: {{}}
  mod_privacy: {{}}
  mod_register: {{ip_access: all, access: all, access_from: all}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{max_ack_queue: infinity}}
  mod_vcard: {{}}
  mod_version: {{}}
{archive}
{rooms}
"""
ARCHIVE = "  mod_mam: {db_type: sql, default: always, assume_mam_usage: true}"
# Nothing shaped, nothing kept beyond the default 20 messages, presence announced however many there are.
ROOMS = """  mod_muc:
    max_user_conferences: 10000
    max_users: 10000
    max_users_presence: 10000
    min_message_interval: 0
    min_presence_interval: 0
    room_shaper: none
    user_message_shaper: none
    user_presence_shaper: none
    default_room_options: {max_users: 10000, mam: false}
"""
LIBRARIES = "/usr/lib/x86_64-linux-gnu"


class Ejabberd(Server):
    name = "ejabberd"
    packages = ("ejabberd", "erlang-p1-sqlite3")

    def configure(self):
        (self.folder / "both.pem").write_text(self.place.certificate.read_text() + self.place.key.read_text())
        (self.folder / "ejabberd.yml").write_text(CONFIG.format(
            domain=DOMAIN, folder=self.folder, archive=ARCHIVE if self.setup.archive else "",
            rooms=ROOMS if self.setup.rooms else "", **self.ports))

    def commands(self):
        argv = ["erl", "-noinput", "+K", "true", "+P", "250000", "+Q", "65536", "-mnesia", "dir",
                f'"{self.folder}/mnesia"', "-s", "ejabberd"]
        return [(argv, {"EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"), "ERL_LIBS": LIBRARIES,
                        "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"), "HOME": str(self.folder),
                        "ERL_MAX_PORTS": "65536", "ERL_CRASH_DUMP": str(self.folder / "crash.dump")})]
