"""7: a member of TermTalk rooms after docs/protocol.md, whose sections the numbers in comments are.

It shows that the document suffices, and is the other side in scenario.py. It is no program for people: one thread,
blocking, without care for its own secrets.
"""
import os
import random
import select
import socket
import struct
import time

from room_group import RoomGroup, digest
from session import RESUMED, XKPSK0, XX, Channel, Invite, Link
from wire import ProtocolError, Reader, u32, u64, vector

JOIN, POST, PRIVATE_POST, CHANGE_NICK, LEAVE, COMMIT = range(0x10, 0x16)
(ADMITTED, REFUSED, COMMITTED, LEFT, NICK_CHANGED, POSTED, PRIVATE_POSTED, RECEIPTS, DECLINED, CLOSING, PRESENT,
 REMOVED, TOPIC, LOCK, EXTENDED, WAITING, COMMIT_WANTED, COMMIT_DECLINED) = range(0x20, 0x32)
SLOW_MODE, TREE = 0x33, 0x35
INVITE_REVOKED, AWAY, BACK = 0x36, 0x37, 0x38
SETTLED, PASSED, UNDONE, BARRED = 0x39, 0x3A, 0x3B, 0x3C
CANNOT_FOLLOW = 0x1A
UPDATE_MESSAGES = 100


class ConnectionEnded(Exception):
    """The host closed the connection."""


def read_entry(reader):
    member, flags, nick = reader.number(4), reader.number(1), reader.vector(256).decode()
    return {"id": member, "host": flags & 1 == 1, "nick": nick, "away": reader.number(4) if flags & 2 else None}


def read_entries(reader):
    return reader.vector_of(read_entry, 61_440)


class Client:
    """A member. What happens is appended to `events` as dictionaries."""

    def __init__(self, room, address, static_key=None, invite=None, host_key=None, seed=None, updates=True):
        self.room = room
        host, _, port = address.rpartition(":")
        self.address = (host.strip("[]"), int(port))
        self.invite = invite
        self.expected_key = host_key
        self.static_key = static_key or os.urandom(32)
        self.group = RoomGroup(invite and invite.creator_key, seed)
        self.channel = Channel()
        self.member = None
        self.members = {}  # id to entry
        self.events = []
        self.warnings = []
        self.tree = None  # of the group, before `admitted`
        self.present = []  # what has come of the list of members before `admitted`
        self.next_number = None
        self.unconfirmed = {}  # message id to what waits to come back
        self.updates = updates  # whether it gives itself new keys
        self.update_due = None
        self.update_failures = 0
        self.sealed_since_update = 0
        self.wanted = None  # what the host wants to be committed

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
        self.channel.break_off()
        self.socket.sendall(self.link.seal(self.channel.resume_payload(self.member)))
        answer = self.read_frame(30)
        if answer is None:
            raise ProtocolError("no answer to resume")
        payload = self.link.open(answer)
        if payload[8] == RESUMED:
            if payload[9:11] != b"\0\4":
                raise ProtocolError("resumed")
            end = self.channel.received + int.from_bytes(payload[11:15], "big")
            self.take(payload, 7)
            self.catch_up(end)
            return True
        self.channel = Channel()
        self.member = None
        self.take(payload)
        return False

    def catch_up(self, end):
        """Reads what was said meanwhile. What has not come back by then has never arrived, and is sent again."""
        updates, self.updates = self.updates, False
        while self.channel.received < end:
            content = self.read_frame(30)
            if content is None:
                raise TimeoutError("not all that was said meanwhile comes")
            self.take(self.link.open(content))
        self.updates = updates
        if self.group.mls.pending:
            self.group.mls.pending = None
            self.want_update()
        for message in list(self.unconfirmed):
            self.transmit(message, flush=False)
        self.flush()

    # Sending

    def flush(self):
        """Sends what waits, in as few sealed messages as it fits into; an empty one where nothing waits."""
        while True:
            try:
                self.socket.sendall(self.link.seal(self.channel.payload()))
            except (BrokenPipeError, ConnectionResetError):
                raise ConnectionEnded() from None
            if self.channel.sent == len(self.channel.outgoing):
                break
        self.owed_since = None

    def send(self, kind, body, flush=True):
        self.channel.enqueue(kind, body)
        if flush:
            self.flush()

    def join(self, nick, key_package=None):
        """Another KeyPackage than an own one is refused by the members."""
        key_package = key_package or self.group.key_package()
        self.send(JOIN, vector(nick.encode()) + u32(self.group.id) + vector(key_package))

    @property
    def nick(self):
        return self.members[self.member]["nick"]

    def post(self, text, message=None, flush=True, **changed):
        """`changed` says what is to be wrong with the envelope."""
        return self.say("text", text, message or os.urandom(8), None, flush, changed)

    def post_privately(self, receiver, text, kind="text"):
        return self.say(kind, text, os.urandom(8), receiver, True, {})

    def say(self, kind, text, message, receiver, flush, changed):
        self.unconfirmed[message] = {"kind": kind, "text": text, "to": receiver, "changed": changed}
        self.transmit(message, flush)
        return message.hex()

    def transmit(self, message, flush=True):
        """Seals and sends what is unconfirmed, for the first time or once more."""
        said = self.unconfirmed[message]
        envelope = self.group.envelope(self.nick, said["kind"], said["text"])
        vars(envelope).update(said["changed"])
        if said["to"] is None:
            said["sealed"] = self.group.seal(envelope, message)
            self.send(POST, message + u64(self.group.epoch) + said["sealed"], flush)
        else:
            said["sealed"] = self.group.seal_privately(envelope, message, said["to"])
            self.send(PRIVATE_POST, message + u64(self.group.epoch) + u32(said["to"]) + said["sealed"], flush)
        self.sealed_since_update += 1
        if self.sealed_since_update == UPDATE_MESSAGES:
            self.update_due = time.monotonic()

    def change_nick(self, nick):
        self.send(CHANGE_NICK, vector(nick.encode()))

    def leave(self):
        """Leaves, and waits until the host has heard of it, or closes."""
        self.updates = False
        self.send(LEAVE, b"")
        try:
            self.pump(lambda: not self.channel.outgoing, 120)
        except ConnectionEnded:
            pass
        finally:
            self.socket.close()

    # The group

    def want_update(self):
        """New keys after a pause at random, longer after each try that has lost: of an epoch's Commits one counts."""
        spread = 0.1 * len(self.members) * 2 ** self.update_failures
        self.update_due = time.monotonic() + random.uniform(0, min(spread, 60))

    def upkeep(self):
        """Commits what is due, one Commit at a time."""
        if self.group.mls is None or not self.group.mls.epochs or self.group.mls.pending:
            return
        if self.wanted:
            candidates, removals = self.wanted
            self.wanted = None
            # Asked for new keys alone, one may say nothing; then the turn passes on.
            if candidates or removals or self.updates:
                self.send(COMMIT, self.group.commit(candidates, removals).encode())
        elif self.updates and self.update_due and time.monotonic() >= self.update_due:
            self.update_due = None
            self.send(COMMIT, self.group.commit().encode())

    def committed(self, reader):
        committer, floor, entries, commit = reader.number(4), reader.number(8), read_entries(reader), reader.rest()
        had_pending = self.group.mls.pending is not None
        added, removed, was_own = self.group.committed(committer, commit)
        self.group.mls.forget(floor)
        self.members.update({entry["id"]: entry for entry in entries})
        if added - {entry["id"] for entry in entries}:
            self.warnings.append("somebody came in who is not listed")
        if removed & self.members.keys():
            self.warnings.append("somebody was removed who is listed")
        if self.members.keys() - self.group.leaves.keys():
            self.warnings.append("somebody is listed who is not in the group")
        if was_own:
            self.update_failures = self.sealed_since_update = 0
        elif had_pending:
            self.update_failures += 1
            self.want_update()
        self.events += [{"event": "joined", **entry} for entry in entries]
        return {"event": "committed", "by": committer, "own": was_own, "epoch": self.group.epoch}

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
        """Receives, acknowledges and commits until the condition holds."""
        deadline = time.monotonic() + timeout
        while not until():
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError("the condition does not come true")
            content = self.read_frame(max(0, self.next_deadline(deadline) - now))
            if content is not None:
                self.take(self.link.open(content))
            self.upkeep()
            unacknowledged = self.channel.received - self.channel.acknowledged
            if (unacknowledged >= 256 or self.channel.sent < len(self.channel.outgoing)
                    or (self.owed_since and time.monotonic() >= self.owed_since + 0.4)):
                self.flush()

    def next_deadline(self, deadline):
        due = [deadline]
        if self.owed_since:
            due.append(self.owed_since + 0.4)
        if self.updates and self.update_due and not self.group.mls.pending:
            due.append(self.update_due)
        return min(due)

    def take(self, payload, after_control=0):
        for kind, body in self.channel.messages(payload, after_control):
            reader = Reader(body)
            self.events.append(self.event(kind, reader))
            reader.finish()
        if self.channel.received > self.channel.acknowledged and not self.owed_since:
            self.owed_since = time.monotonic()

    def event(self, kind, reader):
        if kind == ADMITTED:
            return self.admitted(reader)
        if kind == PRESENT:
            self.present += read_entries(reader)
            return {"event": "present"}
        if kind == TREE:
            self.tree = reader.rest()
            return {"event": "tree"}
        if kind == REFUSED:
            return {"event": "refused", "code": reader.number(1)}
        if kind == COMMITTED:
            return self.committed(reader)
        if kind == SETTLED:
            floor = reader.number(8)
            self.group.mls.forget(floor)
            return {"event": "settled", "floor": floor}
        if kind == COMMIT_WANTED:
            self.wanted = (reader.vector_of(lambda r: (r.number(4), r.vector(640))),
                           reader.vector_of(lambda r: r.number(4)))
            return {"event": "commit wanted"}
        if kind == COMMIT_DECLINED:
            epoch = reader.number(8)
            if self.group.mls.pending and epoch == self.group.epoch:
                self.group.mls.pending = None
                self.update_failures += 1
                self.want_update()
            return {"event": "commit declined", "epoch": epoch}
        if kind == LEFT:
            event = {"event": "left", "id": reader.number(4), "reason": reader.number(1)}
            del self.members[event["id"]]
            return event
        if kind == AWAY:
            event = {"event": "away", "id": reader.number(4), "since": reader.number(4)}
            self.members[event["id"]]["away"] = event["since"]
            return event
        if kind == BACK:
            event = {"event": "back", "id": reader.number(4)}
            self.members[event["id"]]["away"] = None
            return event
        if kind == NICK_CHANGED:
            event = {"event": "nick", "id": reader.number(4), "nick": reader.vector(256).decode()}
            self.members[event["id"]]["nick"] = event["nick"]
            return event
        if kind == POSTED:
            return self.posted(reader)
        if kind == PASSED:
            return self.passed(reader)
        if kind == PRIVATE_POSTED:
            event = {"event": "private", "from": reader.number(4), "to": reader.number(4)}
            message, event["age"] = reader.take(8), reader.number(4)
            return {**event, **self.shown(event["from"], event["to"], message, reader.rest())}
        if kind == RECEIPTS:
            receipts = reader.vector_of(lambda r: (r.take(8).hex(), r.number(2), r.number(2), r.number(2)), 57_344)
            return {"event": "receipts", "list": receipts}
        if kind == DECLINED:
            return self.declined(reader.take(8), reader.number(1))
        if kind == CLOSING:
            return {"event": "closing", "reason": reader.number(1)}
        if kind == REMOVED:
            return {"event": "removed", "reason": reader.number(1), "text": reader.vector(400).decode()}
        if kind == TOPIC:
            return {"event": "topic", "text": reader.vector(400).decode()}
        if kind == LOCK:
            return {"event": "lock", "locked": reader.number(1) == 1}
        if kind == EXTENDED:
            return {"event": "extended", "left": reader.number(4)}
        if kind == SLOW_MODE:
            return {"event": "slow mode", "seconds": reader.number(4)}
        if kind == WAITING:
            return {"event": "waiting"}
        if kind == BARRED:
            return {"event": "barred", "id": reader.number(4)}
        if kind == INVITE_REVOKED:
            return {"event": "invite revoked"}
        raise ProtocolError(f"type {kind}")

    def admitted(self, reader):
        event = {"event": "admitted", "member": reader.number(4), "left": reader.number(4), "age": reader.number(4),
                 "next": reader.number(8), "epoch": reader.number(8),
                 "missed": reader.number(4)}
        event["members"] = self.present + read_entries(reader)
        event["welcome"] = len(reader.content) - reader.position > 0
        if event["member"] != self.group.id:
            raise ProtocolError("another member id")
        self.present = []
        self.member = event["member"]
        self.members = {entry["id"]: entry for entry in event["members"]}
        self.next_number = event["next"]
        host = next((member for member, entry in self.members.items() if entry["host"]), None)
        self.group.enter(reader.rest(), event["epoch"], event["next"] - 1, host, self.tree)
        if set(self.members) != set(self.group.leaves):
            self.warnings.append("the list is not the group")
        if event["welcome"]:
            self.want_update()
        for message in list(self.unconfirmed):
            self.transmit(message, flush=False)
        return event

    def posted(self, reader):
        number, sender, message, age = reader.number(8), reader.number(4), reader.take(8), reader.number(4)
        content = reader.rest()
        self.takes(number)
        event = {"event": "posted", "number": number, "from": sender, "age": age, **self.shown(sender, None, message, content)}
        self.group.posted(number, digest(sender, message, content))
        return event

    def passed(self, reader):
        """Said before we came in: only its number, and what the chain needs."""
        number = reader.number(8)
        self.takes(number)
        self.group.posted(number, reader.take(32))
        return {"event": "passed", "number": number}

    def takes(self, number):
        if number != self.next_number:
            raise ProtocolError("order number")
        self.next_number += 1

    def shown(self, sender, receiver, message, content):
        """What was said; nobody can open what they have sealed."""
        event = {"id": message.hex(), "size": len(content)}
        if sender == self.member:
            said = self.unconfirmed.pop(message)
            if said["sealed"] != content or said["to"] != receiver:
                raise ProtocolError("own words were changed")
            return {**event, "kind": said["kind"], "text": said["text"]}
        if receiver is None:
            envelope, is_same_room = self.group.open(content, message, sender)
        else:
            envelope, is_same_room = self.group.open_privately(content, message, sender)
        if not is_same_room:
            self.warnings.append(f"member {sender} has seen another room")
        if envelope.nick != self.members[sender]["nick"]:
            self.warnings.append(f"member {sender} calls itself {envelope.nick}")
        return {**event, "kind": envelope.kind, "text": envelope.text}

    def declined(self, message, code):
        self.unconfirmed.pop(message, None)
        return {"event": "declined", "id": message.hex(), "code": code}

    def seen(self, name, **fields):
        """The events of this name with these fields."""
        return [event for event in self.events
                if event["event"] == name and all(event.get(key) == value for key, value in fields.items())]

    def wait(self, name, timeout=120, **fields):
        """The first such event, when it has come."""
        self.pump(lambda: self.seen(name, **fields), timeout)
        return self.seen(name, **fields)[0]
