"""A session with a host of TermTalk after docs/protocol.md, whose sections the numbers in comments are."""
import base64
import hashlib
import struct

from noise.connection import Keypair, NoiseConnection

from wire import ProtocolError, Reader, vector

XX, XKPSK0 = 0x01, 0x02
BUCKETS = [488 << k for k in range(8)]
RECORD_LIMIT = 16_384
MESSAGE_LIMIT = 4_194_304  # of the host's messages
MESSAGES_PER_KEY = 1_024
RESUME, RESUMED, LANE = 0x01, 0x02, 0x03


# 3: text forms


def member_text(member):
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[member >> 5 * n & 31] for n in range(6))


def invite_psk(secret):
    return hashlib.blake2b(b"TermTalk invite psk 1" + secret).digest()[:32]


def invite_tag(psk, first_message):
    return hashlib.blake2b(b"TermTalk invite tag 1" + psk + first_message[:32]).digest()[:16]


def invite_check(room, address, content):
    return hashlib.blake2b(f"{room}@{address}/".encode() + content).digest()[:3]


def invite_text(room, address, host_key, creator_key, secret):
    content = b"\x02" + host_key + creator_key + secret
    key = base64.urlsafe_b64encode(content + invite_check(room, address, content)).decode()
    return f"termtalk://{room}@{address}/?k={key}"


class Invite:
    def __init__(self, text):
        scheme = "termtalk://"
        if not text.startswith(scheme):
            raise ValueError("no invite")
        place, _, key = text[len(scheme):].partition("/?k=")
        self.room, _, self.address = place.partition("@")
        content = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
        if len(content) != 84 or content[0] != 2:
            raise ValueError("another version, or damaged")
        if invite_check(self.room, self.address, content[:81]) != content[81:]:
            raise ValueError("damaged")
        self.host_key = content[1:33]
        self.creator_key = content[33:65]
        self.psk = invite_psk(content[65:81])


# 4, 5: one connection


class Link:
    """Handshake and sealed messages of either side. Without a socket, so that the worked example can use it."""

    def __init__(self, pattern, room, static_key, host_key=None, psk=None, onion_key=bytes(32), ephemeral_key=None,
                 is_host=False):
        self.pattern = pattern
        self.psk = psk
        self.prologue = b"TermTalk/1" + bytes([pattern]) + vector(room.encode()) + onion_key
        name = b"XX" if pattern == XX else b"XKpsk0"
        self.noise = NoiseConnection.from_name(b"Noise_" + name + b"_25519_ChaChaPoly_BLAKE2b")
        (self.noise.set_as_responder if is_host else self.noise.set_as_initiator)()
        self.noise.set_prologue(self.prologue)
        self.noise.set_keypair_from_private_bytes(Keypair.STATIC, static_key)
        if pattern == XKPSK0:
            self.noise.set_psks(psk=psk)
            if not is_host:
                self.noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, host_key)
        if ephemeral_key:
            self.noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral_key)
        self.noise.start_handshake()
        self.sealed = 0
        self.opened = 0

    # The member's side

    def first(self):
        message = bytes(self.noise.write_message())
        tag = invite_tag(self.psk, message) if self.pattern == XKPSK0 else b""
        return bytes([self.pattern]) + frame(tag + message)

    def answered(self, message):
        """Takes message 2 and returns the frame of message 3."""
        if len(message) != (96 if self.pattern == XX else 48):
            raise ProtocolError("message 2")
        self.noise.read_message(message)
        state = self.noise.noise_protocol.handshake_state
        self.host_key = state.rs.public_bytes
        return frame(self.noise.write_message())

    # The host's side

    def answer(self, message):
        """Takes message 1 with its tag and returns the frame of message 2."""
        if message[:16] != invite_tag(self.psk, message[16:]):
            raise ProtocolError("not this invite")
        message = message[16:]
        self.noise.read_message(message)
        return frame(self.noise.write_message())

    def finish(self, message):
        """Takes message 3 and returns the member's static key."""
        state = self.noise.noise_protocol.handshake_state
        self.noise.read_message(message)
        return state.rs.public_bytes

    def seal(self, payload):
        whole = next(size for size in BUCKETS if size >= len(payload) + 18)
        message = self.noise.encrypt(payload + bytes(whole - 18 - len(payload)))
        self.sealed += 1
        if self.sealed % MESSAGES_PER_KEY == 0:
            self.noise.rekey_outbound_cipher()
        return frame(bytes(message))

    def open(self, message):
        if len(message) + 2 not in BUCKETS:
            raise ProtocolError("no bucket")
        payload = bytes(self.noise.decrypt(message))
        self.opened += 1
        if self.opened % MESSAGES_PER_KEY == 0:
            self.noise.rekey_inbound_cipher()
        return payload


def frame(content):
    return struct.pack(">H", len(content)) + bytes(content)


# 6: the session, which outlives connections


class Channel:
    def __init__(self):
        self.outgoing = []  # (header, body) that the host has not acknowledged
        self.first = 0  # number of outgoing[0]
        self.sent = 0  # entries of outgoing sent on this connection
        self.received = 0
        self.acknowledged = 0  # what the host has been told of `received`
        self.partial = None

    def enqueue(self, kind, body):
        pieces = [body[at:at + RECORD_LIMIT] for at in range(0, len(body), RECORD_LIMIT)] or [b""]
        for piece in pieces[:-1]:
            self.outgoing.append((kind | 0x80, piece))
        self.outgoing.append((kind, pieces[-1]))

    def payload(self, most_records=None):
        records = b""
        number = self.first + self.sent
        count = 0
        while self.sent < len(self.outgoing) and count != most_records:
            header, body = self.outgoing[self.sent]
            record = struct.pack(">BH", header, len(body)) + body
            if len(records) + len(record) > BUCKETS[-1] - 26:
                break
            records += record
            self.sent += 1
            count += 1
        self.acknowledged = self.received
        return struct.pack(">II", number, self.received) + records

    def resume_payload(self, session):
        return bytes(8) + struct.pack(">BHII", RESUME, 8, session, self.received)

    def break_off(self):
        """What is sent begins anew with each connection; what was received counts on."""
        self.outgoing = []
        self.first = self.sent = 0

    def host_has(self, count):
        if not self.first <= count <= self.first + len(self.outgoing):
            raise ProtocolError("received count")
        del self.outgoing[:count - self.first]
        self.sent -= count - self.first
        self.first = count

    def messages(self, payload, after_control=0):
        """The messages that a payload completes."""
        reader = Reader(payload)
        if reader.number(4) != self.received:
            raise ProtocolError("first number")
        self.host_has(reader.number(4))
        reader.take(after_control)
        messages = []
        while reader.position < len(payload):
            header = reader.number(1)
            if header == 0:
                if any(reader.rest()):
                    raise ProtocolError("padding")
                break
            kind, length = header & 0x7F, reader.number(2)
            if header == LANE and length <= RECORD_LIMIT:
                reader.take(length)
                continue
            if kind < 0x10 or length > RECORD_LIMIT:
                raise ProtocolError("record")
            body = reader.take(length)
            self.received += 1
            if self.partial is not None:
                if self.partial[0] != kind:
                    raise ProtocolError("continuation")
                body = self.partial[1] + body
                self.partial = None
            if len(body) > MESSAGE_LIMIT:
                raise ProtocolError("too long")
            if header & 0x80:
                self.partial = (kind, body)
            else:
                messages.append((kind, body))
        return messages
