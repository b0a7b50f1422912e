"""A host of one room after docs/protocol.md, with a participant of its own, who creates the group and commits.

It takes members with an invite, relays, and does nothing else: no password, no receipts, no resumption, no limits.
"""
import os
import select
import socket
import time

from client import (ADMITTED, CANNOT_FOLLOW, CLOSING, COMMIT, COMMIT_DECLINED, COMMITTED, JOIN, LEAVE, LEFT, POST, POSTED,
                    PASSED, PRIVATE_POST, PRIVATE_POSTED, REFUSED, TREE, UNDONE)
from mls import read_published
from mls_suite import public_key, signature_public
from room_group import OwnCommit, RoomGroup, digest
from session import RESUME, XKPSK0, Channel, Link, invite_psk, invite_text
from wire import ProtocolError, Reader, u8, u32, u64, vector, vector_of

KEY_PACKAGE_REFUSED = 18
AGE = u32(0)  # of the room: nothing is said while a member is away


class Guest:
    """A connection, and the member behind it."""

    def __init__(self, connection, link):
        self.socket = connection
        self.link = link
        self.buffer = b""
        self.frames = 0
        self.channel = Channel()
        self.member = None
        self.key = None

    def send(self, kind, body):
        self.channel.enqueue(kind, body)

    def flush(self):
        """Sends what waits, and acknowledges."""
        while self.channel.sent < len(self.channel.outgoing) or self.channel.acknowledged < self.channel.received:
            self.socket.sendall(self.link.seal(self.channel.payload()))

    def whole_frames(self):
        """What has come of whole frames; the pattern byte before the first one is left out."""
        if not self.frames and self.buffer[:1] == bytes([XKPSK0]):
            self.buffer = self.buffer[1:]
            self.frames = 1
        while len(self.buffer) >= 2:
            length = int.from_bytes(self.buffer[:2], "big")
            if len(self.buffer) < 2 + length:
                return
            content, self.buffer = self.buffer[2:2 + length], self.buffer[2 + length:]
            yield content


class Host:
    def __init__(self, nick):
        self.room = os.urandom(8).hex()
        self.static_key, self.secret = os.urandom(32), os.urandom(16)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.group = RoomGroup()
        self.group.key_package()
        self.group.enter(b"", 0, 0, None)
        self.member = self.group.id
        self.nick = nick
        self.members = {self.member: (nick, None)}  # id to nick and connection
        self.guests = []
        self.said = []  # (sender, text) of what the participant has read
        self.epochs = []  # who committed
        self.since = {}  # the first epoch of each member

    @property
    def floor(self):
        """The lowest epoch of which something may come once the next one begins."""
        return max(0, self.group.epoch + 1 - 16)

    @property
    def invite(self):
        address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        return invite_text(self.room, address, public_key(self.static_key), signature_public(self.group.seed),
                           self.secret)

    # Connections

    def run(self, until, timeout):
        deadline = time.monotonic() + timeout
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError("the condition does not come true")
            ready, _, _ = select.select([self.listener, *(guest.socket for guest in self.guests)], [], [], 0.1)
            for source in ready:
                if source is self.listener:
                    link = Link(XKPSK0, self.room, self.static_key, psk=invite_psk(self.secret), is_host=True)
                    self.guests.append(Guest(self.listener.accept()[0], link))
                else:
                    self.received(next(guest for guest in self.guests if guest.socket is source))
            self.flush()

    def flush(self):
        for guest in self.guests:
            if guest.frames > 2:
                guest.flush()

    def received(self, guest):
        try:
            content = guest.socket.recv(65_536)
        except ConnectionResetError:
            content = b""
        if not content:
            self.guests.remove(guest)
            guest.socket.close()
            return
        guest.buffer += content
        for content in guest.whole_frames():
            guest.frames += 1
            if guest.frames == 2:
                guest.socket.sendall(guest.link.answer(content))
            elif guest.frames == 3:
                guest.key = guest.link.finish(content)
            else:
                payload = guest.link.open(content)
                for kind, body in guest.channel.messages(payload, 11 if payload[8] == RESUME else 0):
                    self.message(guest, kind, Reader(body))

    def close(self):
        self.broadcast(CLOSING, u8(1))
        self.flush()
        for guest in self.guests:
            guest.socket.close()
        self.listener.close()

    # The room

    def entry(self, member):
        return u32(member) + u8(member == self.member) + vector(self.members[member][0].encode())

    def broadcast(self, kind, body, without=()):
        for member, (_, guest) in self.members.items():
            if guest and member not in without:
                guest.send(kind, body)

    def message(self, guest, kind, reader):
        if kind == JOIN:
            nick, member, key_package = reader.vector().decode(), reader.number(4), reader.vector()
            self.join(guest, nick, member, key_package)
        elif kind == POST:
            message, epoch = reader.take(8), reader.number(8)
            self.post(guest.member, message, epoch, reader.rest())
        elif kind == PRIVATE_POST:
            message, _, receiver = reader.take(8), reader.number(8), reader.number(4)
            self.post_privately(guest.member, receiver, message, reader.rest())
        elif kind == COMMIT:
            self.commit(guest, OwnCommit.decode(reader.rest()))
        elif kind == CANNOT_FOLLOW:
            # Not where the member is: it comes in anew.
            guest.send(UNDONE, u64(reader.number(8) + 1) + u32(self.member))
        elif kind == LEAVE:
            self.remove(guest.member, 0)

    def join(self, guest, nick, member, key_package):
        is_returning = member in self.members
        commit = self.group.commit([(member, key_package)])
        if commit.refused:
            guest.send(REFUSED, u8(KEY_PACKAGE_REFUSED))
            return
        guest.member = member
        nick = self.members[member][0] if is_returning else nick
        self.members[member] = (nick, guest)
        self.committed(commit, [] if is_returning else [member], without=[member])
        self.since[member] = self.group.epoch
        guest.send(TREE, self.group.mls.epoch.tree.encode())
        guest.send(ADMITTED, u32(member) + u32(0xFFFFFFFF) + AGE + u64(self.group.number + 1) + u64(self.group.epoch) + u32(0)
                   + vector_of(map(self.entry, self.members)) + commit.welcome)

    def remove(self, member, reason):
        del self.members[member]
        self.broadcast(LEFT, u32(member) + u8(reason))
        self.committed(self.group.commit(removals=[member]))

    def update(self):
        """New keys for the participant."""
        self.committed(self.group.commit())

    def committed(self, commit, joined=(), without=()):
        """A Commit of the participant is accepted."""
        entries = vector_of(map(self.entry, joined))
        self.broadcast(COMMITTED, u32(self.member) + u64(self.floor) + entries + commit.commit, without)
        self.group.committed(self.member, commit.commit)
        self.epochs.append(self.member)

    def commit(self, guest, commit):
        """Of members it takes new keys only."""
        try:
            inside, *_ = read_published(self.group.mls.epoch, commit.commit)
            is_update = not inside.adds and not inside.removes
        except ProtocolError:
            is_update = False
        if not is_update:
            guest.send(COMMIT_DECLINED, u64(commit.epoch))
            return
        self.broadcast(COMMITTED, u32(guest.member) + u64(self.floor) + vector(b"") + commit.commit)
        self.group.committed(guest.member, commit.commit)
        self.epochs.append(guest.member)

    # What is said

    def say(self, text):
        message = os.urandom(8)
        content = self.group.seal(self.group.envelope(self.nick, "text", text), message)
        self.post(self.member, message, self.group.epoch, content)

    def whisper(self, receiver, text):
        message = os.urandom(8)
        content = self.group.seal_privately(self.group.envelope(self.nick, "text", text), message, receiver)
        self.post_privately(self.member, receiver, message, content)

    def post(self, sender, message, epoch, content):
        number = self.group.number + 1
        late = [member for member in self.members if self.since.get(member, 0) > epoch]
        self.broadcast(POSTED, u64(number) + u32(sender) + message + AGE + content, late)
        for member in late:
            self.members[member][1].send(PASSED, u64(number) + digest(sender, message, content))
        if sender != self.member:
            self.read(sender, *self.group.open(content, message, sender))
        self.group.posted(number, digest(sender, message, content))

    def post_privately(self, sender, receiver, message, content):
        for member in (sender, receiver):
            if member != self.member:
                self.members[member][1].send(
                    PRIVATE_POSTED, u32(sender) + u32(receiver) + message + AGE + content)
        if receiver == self.member:
            self.read(sender, *self.group.open_privately(content, message, sender))

    def read(self, sender, envelope, is_same_room):
        if not is_same_room or envelope.nick != self.members[sender][0]:
            raise AssertionError("a member has seen another room")
        self.said.append((sender, envelope.text))
