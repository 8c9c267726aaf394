"""Exedra itself, and the floor it is measured by."""
import shutil
import sqlite3

from .server import DOMAIN, OwnPorts

CONFIG = """<exedra xmlns="urn:exedra:config:1" shards="{shards}" durability="process">
  <log level="warning"/>
  <clients address="127.0.0.1" port="0" tls="direct"/>
  <clients address="127.0.0.1" port="0" plaintext-login="true"/>
  <host domain="{domain}" certificate="cert.pem" key="key.pem" archive="{archive}" registration="true"
        offline-max-messages="1000000"/>
{rooms}  <limits max-connections-per-address="1000000" max-unauthenticated-connections="1000000"
          failed-logins-per-minute="1000000" registrations-per-hour="1000000" hibernated-per-server="1000000"
          {room_limits}/>
</exedra>
"""
ROOMS = '  <rooms domain="conference.{domain}" archive="{archive}"/>\n'
ROOM_LIMITS = ('room-occupants="10000" room-messages-per-second="1000000" room-bytes-per-second="1000000000" '
               'room-presences-per-second="1000000"')


class Exedra(OwnPorts):
    name = "exedra"
    has_rooms = True  # a room service, and <rooms/> and their limits in the configuration
    pattern, entrances = r"127\.0\.0\.1:(\d+)\b.*\n", ("direct", "none")

    def configure(self):
        shutil.copy(self.place.certificate, self.folder / "cert.pem")
        shutil.copy(self.place.key, self.folder / "key.pem")
        archive = "true" if self.setup.archive else "false"
        rooms = self.setup.rooms and self.has_rooms
        (self.folder / "exedra.xml").write_text(CONFIG.format(
            shards=self.setup.shards, domain=DOMAIN, archive=archive, room_limits=ROOM_LIMITS if rooms else "",
            rooms=ROOMS.format(domain=DOMAIN, archive=archive) if rooms else ""))

    def commands(self):
        return [[self.place.programs / "exedra", "--data", self.folder]]

    def fill(self, count):
        """Accounts up to `count`, all with the keys of u0, which is there. While the server is down."""
        with sqlite3.connect(self.folder / "exedra.db") as database:
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
            first = f"owner = 'u0@{DOMAIN}'"
            database.execute(f"INSERT OR IGNORE INTO account {numbers} SELECT 'u' || i || '@{DOMAIN}', 'u' || i, host, "
                             f"disabled FROM n, account WHERE {first}")
            database.execute(f"INSERT OR IGNORE INTO scram {numbers} SELECT 'u' || i || '@{DOMAIN}', hash, salt, "
                             f"iterations, stored_key, server_key FROM n, scram WHERE {first}")
        database.close()

    def fill_rooms(self, count):
        """So many persistent rooms, each u0's. While the server is down."""
        with sqlite3.connect(self.folder / "exedra.db") as database:
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
            room = f"'r' || i || '@conference.{DOMAIN}'"
            database.execute(f"INSERT INTO room (room, service, created, name, listed, temporary, settings, subject, "
                             f"archive_from) {numbers} SELECT {room}, 'conference.{DOMAIN}', 0, 'Room ' || i, 1, 0, '', "
                             f"'', 1 FROM n")
            database.execute(f"INSERT INTO room_affiliation (room, jid, affiliation, nick, reason) {numbers} SELECT "
                             f"{room}, 'u0@{DOMAIN}', 4, '', '' FROM n")
        database.close()


class Floor(OwnPorts):
    name = "floor"
    pattern, entrances = r"(?:plain|tls) (\d+)\n", ("none", "direct")

    def commands(self):
        return [[self.place.programs / "exedra_floor", self.place.certificate, self.place.key]]
