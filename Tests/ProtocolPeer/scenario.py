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

    # Whoever is no member of the group does not come in: that is as far as a client without MLS gets.
    peer = Client.invited(invite)
    peer.connect()
    peer.join("pia")
    expect(peer.wait("refused")["code"] == 18, "a KeyPackage that is none is refused")
    ended(peer)
    done("KeyPackage", "code 18, then the connection is closed")


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
