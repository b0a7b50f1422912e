#!/usr/bin/env python3
"""Fills the tor of a room's host with rendezvous circuits, and checks that the room stays what it is. Exits with 1 if not.

    swift run tor-network --exec python3 Benchmarks/tor_flood.py [--program .build/debug/termtalk] [--circuits 3000]

The room is `termtalk host --json --onion`, its member `termtalk join --json`: real processes and real tors, on loopback. A
stranger dials the service, each time on another circuit, and closes its stream at once; its circuit stays. Wanted: the
member's messages arrive all the time; somebody new comes in while it goes on and afterwards; the host does not lose its tor;
the circuits are gone some four minutes after the last one (RendezvousWatch), but not those of the members.
"""
import argparse
import binascii
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

NETWORK = json.loads(os.environ["TOR_NETWORK_JSON"])
# As RendezvousWatch has it, and a sweep, and a second for tor's own reports.
IDLE = 200 + 20 + 5


class Process:
    """A termtalk with --json, whose events are read by a thread."""

    def __init__(self, program, arguments, home):
        self.child = subprocess.Popen(
            [program, *arguments, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"HOME": home, "PATH": os.environ["PATH"]})
        self.events, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()
        with self.changed:
            self.events.append({"event": "end of output"})
            self.changed.notify_all()

    def wait(self, fits, seconds=120):
        """Whether an event that fits comes, or came."""
        end = time.monotonic() + seconds
        with self.changed:
            while not (found := [event for event in self.events if fits(event)]):
                if time.monotonic() >= end or self.events and self.events[-1]["event"] == "end of output":
                    return None
                self.changed.wait(end - time.monotonic())
            return found[0]

    def codes(self):
        with self.changed:
            return [event["code"] for event in self.events if event["event"] in ("warning", "error")]

    def send(self, text):
        self.child.stdin.write(f"{text}\n".encode())
        self.child.stdin.flush()

    def stop(self):
        self.child.terminate()
        self.child.wait(30)


class Control:
    """Counts the circuits of the host's tor."""

    def __init__(self, node):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(node["control"])
        self.file = self.socket.makefile("rwb", buffering=0)
        with open(node["cookie"], "rb") as cookie:
            self.ask(b"AUTHENTICATE " + binascii.hexlify(cookie.read()))

    def ask(self, command):
        self.file.write(command + b"\r\n")
        lines, isData = [], False
        for line in self.file:
            lines.append(line.decode().rstrip())
            if isData or lines[-1][3:4] == "+":
                isData = lines[-1] != "."
            elif lines[-1][3:4] == " ":
                return lines

    def rendezvous(self):
        return sum("PURPOSE=HS_SERVICE_REND" in line and "HSSR_JOINED" in line
                   for line in self.ask(b"GETINFO circuit-status"))


def dial(host, port, user):
    """A stream of its own circuit, closed as soon as it is there. Returns whether it was."""
    try:
        with socket.create_connection(("127.0.0.1", NETWORK["client"]["socks_port"]), timeout=60) as stream:
            user = user.encode()
            stream.sendall(b"\x05\x01\x02")
            stream.recv(2)
            stream.sendall(b"\x01" + bytes([len(user)]) + user + b"\x01x")
            stream.recv(2)
            stream.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + port.to_bytes(2, "big"))
            return stream.recv(10)[1:2] == b"\0"
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=".build/debug/termtalk")
    parser.add_argument("--circuits", type=int, default=3_000)
    parser.add_argument("--dialers", type=int, default=16)
    options = parser.parse_args()
    failures = []

    def expect(isTrue, what):
        print(f"{time.monotonic() - start:7.1f} s  {'ok  ' if isTrue else 'FAIL'} {what}", flush=True)
        if not isTrue:
            failures.append(what)

    start = time.monotonic()
    control = Control(NETWORK["host"])
    processes = []

    def run(*arguments):
        processes.append(Process(options.program, arguments, tempfile.mkdtemp(prefix="tor-flood-")))
        return processes[-1]

    try:
        host = run("host", "--onion", "--ttl", "none", *NETWORK["host"]["flags"])
        ready = host.wait(lambda event: event["event"] == "ready")
        service, _, port = ready["address"].partition(":")

        def join(why):
            member = run("join", ready["invite"], *NETWORK["client"]["flags"])
            expect(member.wait(lambda event: event["event"] == "joined-room"), f"somebody comes in {why}")
            return member

        member = join("before")
        done, opened, lock = threading.Event(), [0], threading.Lock()

        def flood(number):
            for index in range(10 * options.circuits):
                if done.is_set():
                    return
                if dial(service, int(port), f"{number}-{index}"):
                    with lock:
                        opened[0] += 1

        dialers = [threading.Thread(target=flood, args=(number,), daemon=True) for number in range(options.dialers)]
        for dialer in dialers:
            dialer.start()
        most, halfway, said, over = 0, None, 0, []
        while opened[0] < options.circuits and time.monotonic() - start < 1_800:
            said += 1
            member.send(f"message {said}")
            arrived = host.wait(lambda event: event.get("text") == f"message {said}", 60)
            if not arrived or host.child.poll() is not None:
                expect(False, f"message {said} arrives")
                break
            most = max(most, control.rendezvous())
            if opened[0] >= options.circuits // 2 and not halfway:
                halfway = join("while it goes on")
            time.sleep(2)
        over = host.codes().count("attack-over")
        done.set()
        for dialer in dialers:
            dialer.join(90)
        ended = time.monotonic()
        expect(opened[0] >= options.circuits, f"{opened[0]} circuits were opened, {most} at a time")
        expect(said > 0, f"{said} messages of a member arrived meanwhile")
        expect(over == 0, "nobody said that it is over while it went on")
        join("afterwards")
        while (left := control.rendezvous()) > 16 and time.monotonic() - ended < IDLE + 60:
            time.sleep(5)
        expect(left <= 16, f"{left} circuits are left after {time.monotonic() - ended:.0f} s")
        member.send("still there")
        expect(host.wait(lambda event: event.get("text") == "still there", 60), "the member is heard at the end")
        expect(not any(event["event"] == "connection" for event in member.events), "its connection never broke")
        expect("tor-control-lost" not in host.codes(), f"the host kept its tor: {sorted(set(host.codes()))}")
    finally:
        for process in processes:
            process.stop()
    sys.exit(bool(failures))


main()
