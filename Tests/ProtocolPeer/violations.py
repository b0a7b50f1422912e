"""9: what a host does to members that break the protocol, and 4: to strangers."""
import os
import socket
import struct
import time

from client import COMMIT, POST, Client, ConnectionEnded
from program import LONG, done, ended, expect
from room_group import OwnCommit, RoomGroup
from session import XX, Link, member_text


def strangers(address, parsed):
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

    def with_ghost(client):
        ghost = RoomGroup()
        return client.group.commit([(ghost.id, ghost.key_package())]).commit

    def altered(client, place):
        content = bytearray(client.group.commit().commit)
        content[place] ^= 1
        return bytes(content)

    def too_long(client):
        client.channel.enqueue(POST, bytes(524_289))
        frames = b""
        while client.channel.sent < len(client.channel.outgoing):
            frames += client.link.seal(client.channel.payload())
        return frames

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
        "resumed from a member": sealed(lambda client: header(client) + b"\x02\0\4" + bytes(4)),
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
        "list of ids cut off": sealed(lambda client: header(client) + b"\x15\0\x0a" + bytes(8) + b"\x01\0"),
        "message beyond its limit": too_long,
    }
    def own(make, tag=lambda tag: tag):
        def commit(client):
            encoded = make(client)
            staged = client.group.mls.pending
            info = client.group.mls.described(tag(staged[1].confirmation_tag)) if staged else b""
            return OwnCommit(client.group.epoch, [], info, b"", encoded)
        return commit

    # What the room sees is declined; what only members can see costs the place.
    refused = {
        "Commit that is none": own(lambda client: b"none"),
        "Commit that adds somebody unasked": own(with_ghost),
        "Commit with a wrong signature": own(lambda client: altered(client, -70)),
    }
    commits = {
        "Commit with a wrong membership tag": own(lambda client: altered(client, -1)),
        "Commit with a wrong confirmation tag": own(
            lambda client: altered(client, -35), lambda tag: tag[:-2] + bytes([tag[-2] ^ 1]) + tag[-1:]),
    }

    def member():
        client = Client.invited(invite, updates=False)
        client.connect()
        client.join("")
        client.wait("admitted")
        host.wait("member-joined", id=member_text(client.member))
        client.flush()
        # While it acknowledges nothing, the room takes few Commits.
        peer.wait("joined", id=client.member)
        peer.flush()
        return client

    def lost(client, name):
        left = host.wait("member-left", id=member_text(client.member))
        expect(left["reason"] == "lost", name)

    for name, make in cases.items():
        client = member()
        client.socket.sendall(make(client))
        try:
            ended(client)
        except TimeoutError:
            raise AssertionError(f"not closed: {name}") from None
        lost(client, name)
    client = member()
    for name, make in refused.items():
        count = len(client.seen("commit declined"))
        client.send(COMMIT, make(client).encode())
        client.pump(lambda: len(client.seen("commit declined")) > count, LONG)
        client.group.mls.pending = None
    client.leave()
    for name, make in commits.items():
        client = member()
        deadline = time.monotonic() + LONG
        try:
            while time.monotonic() < deadline:
                declined = len(client.seen("commit declined"))
                client.send(COMMIT, make(client).encode())
                # Somebody else's new keys are too recent: then nobody looks into the Commit.
                client.pump(lambda: len(client.seen("commit declined")) > declined, LONG)
                client.group.mls.pending = None
                time.sleep(0.3)
            raise AssertionError(f"not closed: {name}")
        except ConnectionEnded:
            client.socket.close()
        lost(client, name)
    message = peer.post("still here")
    peer.wait("posted", id=message)
    done("violations", f"{len(cases) + len(commits)} kinds: each closed, place lost; the others go on")
