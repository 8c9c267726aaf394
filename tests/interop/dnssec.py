"""A zone that is signed (RFC 4034, ECDSA P-256 of RFC 6605), as the lab's DNS server answers for it."""
import struct
import time

TTL = 60
SOA, RRSIG, NSEC, DNSKEY = 6, 46, 47, 48


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(owner, kind, data):
    return name_bytes(owner) + struct.pack("!HHIH", kind, 1, TTL, len(data)) + data


class Zone:
    def __init__(self, name):
        from cryptography.hazmat.primitives.asymmetric import ec
        self.name, self.key = name, ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.point = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        self.public = struct.pack("!HBB", 257, 3, 13) + self.point  # a zone's key that signs keys, too

    def anchor(self):
        """What a resolver that believes the zone is given."""
        import base64
        return f"{self.name}. IN DNSKEY 257 3 13 {base64.b64encode(self.point).decode()}\n"

    def holds(self, name):
        return name == self.name or name.endswith(f".{self.name}")

    def tag(self):
        """RFC 4034 appendix B."""
        total = sum(byte << 8 if at % 2 == 0 else byte for at, byte in enumerate(self.public))
        return (total + (total >> 16)) & 0xffff

    def signed(self, owner, kind, datas):
        """The records of a set, with its signature (3.1.8.1: sorted)."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        now = int(time.time())
        head = struct.pack("!HBBIIIH", kind, 13, len(owner.split(".")), TTL, now + 86400, now - 86400, self.tag())
        head += name_bytes(self.name)
        records = [record(owner, kind, data) for data in sorted(datas)]
        r, s = utils.decode_dss_signature(self.key.sign(head + b"".join(records), ec.ECDSA(hashes.SHA256())))
        return [*records, record(owner, RRSIG, head + r.to_bytes(32, "big") + s.to_bytes(32, "big"))]

    def answer(self, name, kind, datas, kinds):
        """What lab.Dns says of a name that has `kinds`."""
        if (name, kind) == (self.name, DNSKEY):
            datas = [self.public]
        return (self.signed(name, kind, datas), [], 0x8580) if datas else ([], self.denied(name, kinds), 0x8580)

    def denied(self, owner, kinds):
        """That a name has these types only. Names that nobody asked about are not denied, so it is next to itself."""
        bitmap = bytearray(8)
        for kind in (*kinds, RRSIG, NSEC):
            bitmap[kind // 8] |= 0x80 >> kind % 8
        soa = name_bytes("ns." + self.name) + name_bytes("admin." + self.name) + struct.pack("!IIIII", 1, 60, 60, 60, 60)
        nsec = b"\1\0" + name_bytes(owner) + bytes([0, len(bitmap)]) + bytes(bitmap)
        return [*self.signed(self.name, SOA, [soa]), *self.signed(owner, NSEC, [nsec])]
