"""A member of TermTalk rooms after docs/protocol.md, whose sections the numbers in comments are.

It shows that the document suffices, and is the other side in scenario.py. It is no program for people: one thread,
blocking, without care for its own secrets.
"""
import base64
import hashlib
import os
import select
import socket
import struct
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from noise.connection import Keypair, NoiseConnection

XX, XKPSK0 = 0x01, 0x02
BUCKETS = [488 << k for k in range(8)]
RECORD_LIMIT = 16_384
MESSAGE_LIMIT = 69_632
MESSAGES_PER_KEY = 1_024
RESUME, RESUMED = 0x01, 0x02
JOIN, POST, PRIVATE_POST, CHANGE_NICK, LEAVE = range(0x10, 0x15)
(ADMITTED, REFUSED, JOINED, LEFT, NICK_CHANGED, POSTED, PRIVATE_POSTED, RECEIPTS, DECLINED, CLOSING,
 PRESENT) = range(0x20, 0x2B)


class ProtocolError(Exception):
    """The host broke the protocol."""


class ConnectionEnded(Exception):
    """The host closed the connection."""


# 1, 3: encodings and text forms


def varint(number):
    if number < 1 << 6:
        return struct.pack(">B", number)
    if number < 1 << 14:
        return struct.pack(">H", number | 0x4000)
    return struct.pack(">I", number | 0x80000000)


def vector(content):
    return varint(len(content)) + content


class Reader:
    def __init__(self, content):
        self.content = content
        self.position = 0

    def take(self, count):
        if self.position + count > len(self.content):
            raise ProtocolError("truncated")
        self.position += count
        return self.content[self.position - count:self.position]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def vector(self, limit):
        first = self.number(1)
        count = {0: 1, 1: 2, 2: 4}.get(first >> 6)
        if count is None:
            raise ProtocolError("varint")
        length = (first & 0x3F) << 8 * (count - 1) | self.number(count - 1)
        if len(varint(length)) != count or length > limit:
            raise ProtocolError("varint")
        return self.take(length)

    def rest(self):
        return self.take(len(self.content) - self.position)

    def entry(self):
        return {"id": self.number(4), "host": self.number(1) & 1 == 1, "nick": self.vector(256).decode()}

    def entries(self):
        entries = Reader(self.vector(61_440))
        found = []
        while entries.position < len(entries.content):
            found.append(entries.entry())
        return found

    def finish(self):
        if self.position != len(self.content):
            raise ProtocolError("trailing bytes")


def member_text(member):
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[member >> 5 * n & 31] for n in range(6))


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
        canonical = f"{self.room}@{self.address}/".encode()
        if hashlib.blake2b(canonical + content[:81]).digest()[:3] != content[81:]:
            raise ValueError("damaged")
        self.host_key = content[1:33]
        self.psk = hashlib.blake2b(b"TermTalk invite psk 1" + content[65:81]).digest()[:32]


# 4, 5: one connection


class Link:
    """Handshake and sealed messages; `wire` sends bytes. Without a socket, so that the worked example can use it."""

    def __init__(self, pattern, room, static_key, host_key=None, psk=None, onion_key=bytes(32), ephemeral_key=None):
        self.pattern = pattern
        self.prologue = b"TermTalk/1" + bytes([pattern]) + vector(room.encode()) + onion_key
        name = b"XX" if pattern == XX else b"XKpsk0"
        self.noise = NoiseConnection.from_name(b"Noise_" + name + b"_25519_ChaChaPoly_BLAKE2b")
        self.noise.set_as_initiator()
        self.noise.set_prologue(self.prologue)
        self.noise.set_keypair_from_private_bytes(Keypair.STATIC, static_key)
        if pattern == XKPSK0:
            self.noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, host_key)
            self.noise.set_psks(psk=psk)
        if ephemeral_key:
            self.noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral_key)
        self.noise.start_handshake()
        self.sealed = 0
        self.opened = 0

    def first(self):
        return bytes([self.pattern]) + frame(self.noise.write_message())

    def answered(self, message):
        """Takes message 2 and returns the frame of message 3."""
        if len(message) != (96 if self.pattern == XX else 48):
            raise ProtocolError("message 2")
        self.noise.read_message(message)
        state = self.noise.noise_protocol.handshake_state
        self.host_key = state.rs.public_bytes
        return frame(self.noise.write_message())

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

    def going_on(self, payload):
        """The first payload after `resume` begins with `resumed`."""
        reader = Reader(payload)
        reader.take(4)
        self.host_has(reader.number(4))
        self.sent = 0

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


# 7: the room


class Client:
    """A member. What happens is appended to `events` as dictionaries."""

    def __init__(self, room, address, static_key=None, invite=None, host_key=None):
        self.room = room
        host, _, port = address.rpartition(":")
        self.address = (host.strip("[]"), int(port))
        self.invite = invite
        self.expected_key = host_key
        self.static_key = static_key or os.urandom(32)
        self.channel = Channel()
        self.member = None
        self.events = []
        self.present = []  # what has come of the list of members before `admitted`
        self.next_number = None

    @staticmethod
    def invited(text, **options):
        invite = Invite(text)
        return Client(invite.room, invite.address, invite=invite, **options)

    # Connections

    def connect(self):
        self.socket = socket.create_connection(self.address, timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.owed_since = None
        if self.invite:
            self.link = Link(XKPSK0, self.room, self.static_key, self.invite.host_key, self.invite.psk)
        else:
            self.link = Link(XX, self.room, self.static_key)
        self.socket.sendall(self.link.first())
        answer = self.read_frame(30)
        if answer is None:
            raise ProtocolError("no answer to the handshake")
        third = self.link.answered(answer)
        if self.expected_key and self.link.host_key != self.expected_key:
            raise ProtocolError("another host key")
        self.socket.sendall(third)

    def break_connection(self):
        """Closes with a reset, and forgets what was not read."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def resume(self):
        """Comes back on a new connection. Returns whether the session goes on."""
        self.connect()
        self.socket.sendall(self.link.seal(self.channel.resume_payload(self.member)))
        answer = self.read_frame(30)
        if answer is None:
            raise ProtocolError("no answer to resume")
        payload = self.link.open(answer)
        if payload[8] == RESUMED:
            if payload[9:11] != bytes(2):
                raise ProtocolError("resumed")
            self.channel.going_on(payload)
            self.take(payload, 3)
            self.flush()
            return True
        self.channel = Channel()
        self.member = None
        self.take(payload)
        return False

    # Sending

    def flush(self):
        """Sends what waits, in as few sealed messages as it fits into; an empty one where nothing waits."""
        while True:
            self.socket.sendall(self.link.seal(self.channel.payload()))
            if self.channel.sent == len(self.channel.outgoing):
                break
        self.owed_since = None

    def send(self, kind, body, flush=True):
        self.channel.enqueue(kind, body)
        if flush:
            self.flush()

    def join(self, nick, key_package=b"none"):
        """This client speaks no MLS: what it gives as a KeyPackage is refused by the members."""
        self.send(JOIN, vector(nick.encode()) + os.urandom(4) + vector(key_package))

    def post(self, text, message=None, flush=True):
        message = message or os.urandom(8)
        self.send(POST, message + b"\0" + text.encode(), flush)
        return message.hex()

    def post_privately(self, receiver, text):
        message = os.urandom(8)
        self.send(PRIVATE_POST, message + struct.pack(">I", receiver) + b"\0" + text.encode())
        return message.hex()

    def change_nick(self, nick):
        self.send(CHANGE_NICK, vector(nick.encode()))

    def leave(self):
        """Leaves, and waits until the host has heard of it, or closes."""
        self.send(LEAVE, b"")
        try:
            self.pump(lambda: not self.channel.outgoing, 120)
        except ConnectionEnded:
            pass
        finally:
            self.socket.close()

    # Receiving

    def read_frame(self, timeout):
        """The next frame, or nothing when `timeout` passes."""
        deadline = time.monotonic() + timeout
        while True:
            if len(self.buffer) >= 2:
                length = struct.unpack(">H", self.buffer[:2])[0]
                if length == 0:
                    raise ProtocolError("empty frame")
                if len(self.buffer) >= 2 + length:
                    content, self.buffer = self.buffer[2:2 + length], self.buffer[2 + length:]
                    return content
            ready, _, _ = select.select([self.socket], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return None
            try:
                more = self.socket.recv(65_536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise ConnectionEnded()
            self.buffer += more

    def pump(self, until, timeout):
        """Receives and acknowledges until the condition holds."""
        deadline = time.monotonic() + timeout
        while not until():
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError("the condition does not come true")
            wait = min(deadline - now, max(0, self.owed_since + 0.4 - now) if self.owed_since else 20)
            content = self.read_frame(wait)
            if content is not None:
                self.take(self.link.open(content))
            unacknowledged = self.channel.received - self.channel.acknowledged
            if unacknowledged >= 256 or (self.owed_since and time.monotonic() >= self.owed_since + 0.4):
                self.flush()

    def take(self, payload, after_control=0):
        for kind, body in self.channel.messages(payload, after_control):
            self.events.append(self.event(kind, Reader(body)))
        if self.channel.received > self.channel.acknowledged and not self.owed_since:
            self.owed_since = time.monotonic()

    def event(self, kind, reader):
        if kind == ADMITTED:
            event = {"event": "admitted", "member": reader.number(4), "left": reader.number(4),
                     "next": reader.number(8)}
            event["members"] = self.present + reader.entries()
            self.present = []
            self.member = event["member"]
            self.next_number = event["next"]
        elif kind == PRESENT:
            event = {"event": "present"}
            self.present += reader.entries()
        elif kind == REFUSED:
            event = {"event": "refused", "code": reader.number(1)}
        elif kind == JOINED:
            event = {"event": "joined", **reader.entry()}
        elif kind == LEFT:
            event = {"event": "left", "id": reader.number(4), "reason": reader.number(1)}
        elif kind == NICK_CHANGED:
            event = {"event": "nick", "id": reader.number(4), "nick": reader.vector(256).decode()}
        elif kind == POSTED:
            event = {"event": "posted", "number": reader.number(8), "from": reader.number(4),
                     "id": reader.take(8).hex(), **content(reader.rest())}
            if event["number"] != self.next_number:
                raise ProtocolError("order number")
            self.next_number += 1
        elif kind == PRIVATE_POSTED:
            event = {"event": "private", "from": reader.number(4), "to": reader.number(4),
                     "id": reader.take(8).hex(), **content(reader.rest())}
        elif kind == RECEIPTS:
            receipts = Reader(reader.vector(49_152))
            event = {"event": "receipts", "list": []}
            while receipts.position < len(receipts.content):
                event["list"].append((receipts.take(8).hex(), receipts.number(2), receipts.number(2)))
        elif kind == DECLINED:
            event = {"event": "declined", "id": reader.take(8).hex(), "code": reader.number(1)}
        elif kind == CLOSING:
            event = {"event": "closing", "reason": reader.number(1)}
        else:
            raise ProtocolError(f"type {kind}")
        reader.finish()
        return event

    def seen(self, name, **fields):
        """The events of this name with these fields."""
        return [event for event in self.events
                if event["event"] == name and all(event.get(key) == value for key, value in fields.items())]

    def wait(self, name, timeout=120, **fields):
        """The first such event, when it has come."""
        self.pump(lambda: self.seen(name, **fields), timeout)
        return self.seen(name, **fields)[0]


def content(sealed):
    kind = {0: "text", 1: "action"}.get(sealed[0]) if sealed else None
    return {"kind": kind, "text": sealed[1:].decode(errors="replace")}


# 11: the worked example


def check_example(document):
    """Compares the example in the document with what this code makes of its keys. Returns how many values agree."""
    block = document.split("<!-- ProtocolExampleTests -->")[1].split("```")[1]
    values, name = {}, None
    for line in block.strip("\n").split("\n"):
        if line.startswith("  "):
            values[name] += bytes.fromhex(line.strip())
        else:
            name = line
            values[name] = b""
    invite = Invite(next(line.strip() for line in document.split("\n") if line.strip().startswith("termtalk://a3")))
    link = Link(XKPSK0, invite.room, values["joiner-static-private"], invite.host_key, invite.psk,
                ephemeral_key=values["joiner-ephemeral-private"])
    channel = Channel()
    channel.enqueue(JOIN, vector(b"alice"))
    payload = channel.payload()
    made = {
        "host-static-public": X25519PrivateKey.from_private_bytes(values["host-static-private"]).public_key()
        .public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw),
        "psk": invite.psk, "prologue": link.prologue, "joiner-sends-1": link.first(),
        "joiner-sends-3": link.answered(values["host-sends-2"][2:]),
        "handshake-hash": link.noise.get_handshake_hash(), "payload-without-padding": payload,
        "joiner-sends-4": link.seal(payload),
    }
    if invite.host_key != values["host-static-public"]:
        raise ProtocolError("the example's invite has another key")
    for name, value in made.items():
        if values[name] != value:
            raise ProtocolError(f"{name}: the document has {values[name].hex()}, this is {value.hex()}")
    return len(made)
