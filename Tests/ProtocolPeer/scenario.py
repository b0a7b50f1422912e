"""Takes a host of TermTalk through the whole protocol, with client.py as a member. Called by run.sh.

    scenario.py TERMTALK PROTOCOL.MD
"""
import json
import os
import queue
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

from client import XX, Client, ConnectionEnded, Invite, Link, check_example, member_text

LONG = 120  # seconds that anything may take on a busy machine


class Program:
    """A termtalk process and the events of its machine interface."""

    def __init__(self, termtalk, *arguments):
        self.home = tempfile.TemporaryDirectory()
        environment = {**os.environ, "HOME": self.home.name, "XDG_STATE_HOME": self.home.name}
        self.process = subprocess.Popen(
            [termtalk, *arguments, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment)
        self.events = []
        self.arrived = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.arrived.put(json.loads(line))
        self.arrived.put(None)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def drain(self, timeout):
        try:
            event = self.arrived.get(timeout=timeout)
        except queue.Empty:
            return
        if event is not None:
            self.events.append(event)

    def seen(self, name, **fields):
        while not self.arrived.empty():
            self.drain(0)
        return [event for event in self.events
                if event["event"] == name and all(event.get(key) == value for key, value in fields.items())]

    def wait(self, name, **fields):
        deadline = time.monotonic() + LONG
        while not self.seen(name, **fields):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {name} {str(fields)[:100]}")
            self.drain(0.1)
        return self.seen(name, **fields)[0]

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.home.cleanup()


def main(termtalk, document):
    with open(document, encoding="utf-8") as file:
        text = file.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the example has fixed ephemeral keys
        done("worked example", f"{check_example(text)} values agree")
    host = Program(termtalk, "host", "--direct", "127.0.0.1:0", "--ttl", "none", "--nick", "Hanna")
    programs = [host]
    try:
        run(termtalk, host, programs)
    finally:
        for program in programs:
            program.end()


def run(termtalk, host, programs):
    ready = host.wait("ready")
    invite = ready["invite"]
    address = ready["address"]
    parsed = Invite(invite)
    expect(parsed.room == ready["room"] and parsed.host_key.hex() == ready["host_key"], "invite and ready agree")
    done("invite", "parsed, its check fits")

    strangers(invite, address, parsed)

    refused = Client.invited(invite)
    refused.connect()
    refused.join("h0st")
    expect(refused.wait("refused")["code"] == 2, "a reserved look-alike is refused")
    ended(refused)
    done("refusal", "code 2, then the connection is closed")

    peer = Client.invited(invite)
    peer.connect()
    peer.join(" pia ")
    admitted = peer.wait("admitted")
    expect(admitted["left"] == 0xFFFFFFFF and admitted["next"] == 1, "no end, nothing said yet")
    expect(sorted((m["nick"], m["host"]) for m in admitted["members"]) == [("Hanna", True), ("pia", False)], "members")
    own = member_text(peer.member)
    host.wait("member-joined", id=own, nick="pia")
    done("join with an invite", own)

    other = Program(termtalk, "join", invite, "--nick", "Otto")
    programs.append(other)
    otto = other.wait("joined-room")["member"]
    expect(peer.wait("joined", nick="Otto")["host"] is False, "Otto is not the host")

    chat(host, other, peer, own)
    names(host, peer, own)
    private(other, peer, otto)
    many(host, other, peer, own)
    breaks(host, other, peer, own)
    begin_anew(host, invite, address, parsed, peer)

    violations(host, invite, peer)

    peer.leave()
    host.wait("member-left", id=own, reason="quit")
    done("leave", "acknowledged, announced")

    last = Client.invited(invite)
    last.connect()
    last.join("last")
    last.wait("admitted")
    host.say("/quit")
    expect(last.wait("closing")["reason"] == 1, "the host closed it")
    ended(last)
    done("closing", "announced, then the connection is closed")


def strangers(invite, address, parsed):
    """4: what the host answers to something that is no member."""
    place = Client(parsed.room, address).address
    with socket.create_connection(place, timeout=5) as probe:
        probe.sendall(b"GET / HTTP/1.1\r\n\r\n")
        expect(probe.recv(100) == bytes([0, 1, 1]), "the host's version")
        silent(probe)
    link = Link(2, parsed.room, os.urandom(32), parsed.host_key, os.urandom(32))
    with socket.create_connection(place, timeout=5) as probe:
        probe.sendall(link.first())
        silent(probe)
    for first in (b"\x02\xff\xff" + bytes(300), b"\x02\0\0", b"\x02\0\x05" + bytes(5)):
        with socket.create_connection(place, timeout=5) as probe:
            probe.sendall(first)
            silent(probe)
    with socket.create_connection(place, timeout=5) as probe:
        probe.sendall(bytes([XX, 0, 33]))
        expect(probe.recv(100) == b"", "a frame that is too long is the end")
    done("strangers", "version answer, silence, close")


def silent(probe):
    probe.settimeout(0.5)
    try:
        expect(probe.recv(100) is None, "silence")
    except TimeoutError:
        pass


def chat(host, other, peer, own):
    message = peer.post("from pia")
    posted = peer.wait("posted", id=message)
    expect(posted["number"] == 1 and posted["text"] == "from pia", "posted")
    for program in (host, other):
        shown = program.wait("message", id=message)
        expect(shown["text"] == "from pia" and shown["from"] == own and shown["seq"] == 1, "shown")
    peer.pump(lambda: any((message, 2, 2) in event["list"] for event in peer.seen("receipts")), LONG)
    host.say("/me waves")
    expect(peer.wait("posted", text="waves")["kind"] == "action", "an action")
    done("chat", "posted, shown, received by 2 of 2")

    for size in (16_374, 16_375, 16_376, 40_000, 65_536):
        text = "".join(chr(97 + (at * 7 + size) % 26) for at in range(size))
        message = peer.post(text)
        expect(peer.wait("posted", id=message)["text"] == text, "comes back whole")
        expect(host.wait("message", id=message)["text"] == text, "arrives whole")
    other.say(text.upper())
    peer.wait("posted", text=text.upper())
    message = peer.post("x" * 67_600)
    expect(peer.wait("declined", id=message)["code"] == 5, "too large")
    done("split messages", "both ways, up to 65,536 bytes; more is declined")


def names(host, peer, own):
    peer.change_nick("\u041etto")  # the first letter is Cyrillic
    expect(peer.wait("declined", id="0" * 16)["code"] == 3, "a look-alike is declined")
    peer.change_nick("Pia2")
    peer.wait("nick", id=peer.member, nick="Pia2")
    host.wait("nick-changed", id=own, nick="Pia2")
    done("nicks", "changed; a look-alike declined")


def private(other, peer, otto):
    receiver = next(event["id"] for event in peer.seen("joined", nick="Otto"))
    expect(member_text(receiver) == otto, "member ids as text")
    message = peer.post_privately(receiver, "only you")
    expect(peer.wait("private", id=message)["to"] == receiver, "comes back")
    expect(other.wait("message", id=message)["kind"] == "private", "arrives")
    message = peer.post_privately(peer.member ^ 1, "nobody")
    expect(peer.wait("declined", id=message)["code"] == 6, "no such member")
    done("private posts", "delivered, declined")


def many(host, other, peer, own):
    """5: more than 1,024 sealed messages each way, so that both keys change."""
    for number in range(1_100):
        message = peer.post(f"number {number}")
        peer.wait("posted", id=message)
    for _ in range(1_100):
        peer.flush()
    expect(peer.link.sealed > 2_048 and peer.link.opened > 1_024, "enough for three keys and two keys")
    message = peer.post("after rekeying")
    peer.wait("posted", id=message)
    other.wait("message", id=message)
    texts = [event["text"] for event in host.seen("message") if event["from"] == own]
    expect([t for t in texts if t.startswith("number")] == [f"number {n}" for n in range(1_100)], "all, in order")
    done("rekeying", f"{peer.link.sealed} sealed, {peer.link.opened} opened")


def breaks(host, other, peer, own):
    """6: the session goes on wherever the connection breaks."""
    member = peer.member
    expected = []
    for round_ in range(8):
        # Some is sent and perhaps not read, of the rest only a part of a split message, cut within a frame.
        for number in range(3):
            expected.append(peer.post(f"round {round_}, {number}"))
        expected.append(peer.post("s" * 50_000 + str(round_), flush=False))
        peer.socket.sendall(peer.link.seal(peer.channel.payload(most_records=round_ % 4)))
        half = peer.link.seal(peer.channel.payload())
        peer.socket.sendall(half[:len(half) // 2])
        if round_ % 2:
            time.sleep(0.2)
        peer.break_connection()
        other.say(f"while away {round_}")
        other.wait("message", text=f"while away {round_}")
        if round_ % 2:
            peer.invite, invite = None, peer.invite  # the other pattern
            expect(peer.resume(), "the session goes on")
            peer.invite = invite
        else:
            expect(peer.resume(), "the session goes on")
        peer.wait("posted", text=f"while away {round_}")
    expect(peer.member == member, "the same member")
    peer.pump(lambda: peer.seen("posted", id=expected[-1]), LONG)
    for message in expected:
        expect(len(peer.seen("posted", id=message)) == 1, "exactly once")
        host.wait("message", id=message)
        expect(len(host.seen("message", id=message)) == 1, "exactly once at the host")
    got = [event["id"] for event in peer.seen("posted") if event["id"] in expected]
    expect(got == expected, "in order")
    expect(not host.seen("member-left", id=own), "the place was kept")
    done("resumption", "8 breaks, both patterns: nothing lost, repeated, or out of order")


def begin_anew(host, invite, address, parsed, peer):
    """6, 7: the host does not know the session; and a post that it has is not repeated."""
    known = peer.post("said once")
    number = peer.wait("posted", id=known)["number"]
    again = Client(parsed.room, address, host_key=parsed.host_key)
    again.member = peer.member  # somebody else's session
    expect(not again.resume(), "another key does not go on")
    again.join("")
    admitted = again.wait("admitted")
    expect(next(m["nick"] for m in admitted["members"] if m["id"] == again.member) == member_text(again.member),
           "the member id as the nick")
    expect(admitted["next"] == number + 1, "the next number")
    again.post("said once", bytes.fromhex(known))
    expect(again.wait("declined", id=known)["code"] == 8, "accepted before")
    twin = Client(parsed.room, address, static_key=again.static_key)
    twin.connect()
    twin.join("twin")
    admitted = twin.wait("admitted")
    expect(twin.member == again.member, "a key has one place, and gets it back")
    expect(next(m["nick"] for m in admitted["members"] if m["id"] == twin.member) == member_text(again.member),
           "under the nick of before")
    ended(again)
    twin.join("twice")
    ended(twin)
    host.wait("member-left", id=member_text(twin.member), reason="lost")
    done("beginning anew", "resumption refused, joined with a room id (XX); a repeated post declined; one place a key")


def violations(host, invite, peer):
    """9: each ends the connection and the place of a member at once, and says nothing."""

    def header(client, first=0, received=0):
        return struct.pack(">II", client.channel.first + first, client.channel.received + received)

    def sealed(make):
        return lambda client: client.link.seal(make(client))

    def flipped(client):
        whole = bytearray(client.link.seal(header(client)))
        whole[100] ^= 1
        return bytes(whole)

    def twice(client):
        return client.link.seal(header(client)) * 2

    cases = {
        "empty frame": lambda client: bytes(2),
        "frame above the largest": lambda client: b"\xff\xff",
        "frame of no bucket": lambda client: b"\x01\x00" + bytes(256),
        "flipped bit": flipped,
        "repeated message": twice,
        "first number too high": sealed(lambda client: header(client, first=1)),
        "received count too high": sealed(lambda client: header(client, received=1)),
        "received count falling": sealed(lambda client: header(client, received=-1)),
        "type of the session": sealed(lambda client: header(client) + b"\x05\0\0"),
        "resumed from a member": sealed(lambda client: header(client) + b"\x02\0\0"),
        "resume in a session": sealed(lambda client: header(client) + b"\x01\0\x08" + bytes(8)),
        "record beyond its limit": sealed(lambda client: header(client) + b"\x11\x40\x01" + bytes(16_385)),
        "record beyond its payload": sealed(lambda client: header(client) + b"\x11\x20\0"),
        "bytes behind the zeros": sealed(lambda client: header(client) + b"\0\0\0\x01"),
        "piece of another type": sealed(lambda client: header(client) + b"\x91\0\x01\0\x12\0\x01\0"),
        "empty piece": sealed(lambda client: header(client) + b"\x91\0\0"),
        "unknown message": sealed(lambda client: header(client) + b"\x1f\0\0"),
        "message of the host": sealed(lambda client: header(client) + b"\x29\0\x01\0"),
        "wrong body": sealed(lambda client: header(client) + b"\x11\0\x07" + bytes(7)),
        "bytes left over": sealed(lambda client: header(client) + b"\x14\0\x01\0"),
        "varint too long": sealed(lambda client: header(client) + b"\x13\0\x03\x40\x01a"),
        "nick of 257 bytes": sealed(lambda client: header(client) + b"\x13\x01\x03\x41\x01" + b"a" * 257),
        "nick that is no UTF-8": sealed(lambda client: header(client) + b"\x13\0\x02\x01\xff"),
        "message beyond its limit": sealed(
            lambda client: header(client) + (b"\x91\x36\x00" + bytes(13_824)) * 4)
    }
    for name, make in cases.items():
        client = Client.invited(invite)
        client.connect()
        client.join("")
        client.wait("admitted")
        host.wait("member-joined", id=member_text(client.member))
        client.flush()
        client.socket.sendall(make(client))
        if name == "message beyond its limit":
            client.socket.sendall(client.link.seal(header(client, first=4) + b"\x11\x38\x01" + bytes(14_337)))
        try:
            ended(client)
        except TimeoutError:
            raise AssertionError(f"not closed: {name}") from None
        left = host.wait("member-left", id=member_text(client.member))
        expect(left["reason"] == "lost", name)
    message = peer.post("still here")
    peer.wait("posted", id=message)
    done("violations", f"{len(cases)} kinds: each closed, place lost; the others go on")


def ended(client):
    try:
        client.pump(lambda: False, LONG)
    except ConnectionEnded:
        client.socket.close()


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def done(name, result):
    print(f"ok {name}: {result}", flush=True)


main(*sys.argv[1:])
