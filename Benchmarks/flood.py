#!/usr/bin/env python3
"""Floods a room on loopback with handshakes while its members talk; prints a table of their latency before, during, after.

    flood.py [--program .build/release/termtalk] [--rate 5000] [--seconds 10] [--members 10] [--floods open,invite,silent]
             [--flooders 2]

The room is `termtalk host --direct 127.0.0.1:0`, its members are `termtalk join --json` with the invite: real processes.
A flooder connects, sends a first message of the handshake and goes on with the next connection; it keeps the latest 500
connections open. `open` is a good first message of Noise XX, which a host answers with three scalar multiplications unless it
sheds it; `invite` one of XKpsk0 that no secret fits; `silent` says nothing at all. Nothing leaves loopback.

It is a closed loop against the same two processors that host and members run on: what could not be offered is said.
"""
import argparse
import json
import multiprocessing
import os
import re
import resource
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEPT_OPEN = 500
PERIOD = 0.5                                        # seconds between two messages of a member


class Process:
    """A termtalk with --json, whose events are read by a thread."""

    def __init__(self, arguments, home, heard):
        self.child = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"HOME": home, "PATH": os.environ["PATH"]})
        self.events, self.changed, self.heard = [], threading.Condition(), heard
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            now = time.monotonic()
            event = json.loads(line)
            if event["event"] == "message":
                self.heard(self, event, now)
                continue
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def wait(self, name, seconds=120):
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for event in self.events:
                    if event["event"] == name:
                        return event
                if not self.changed.wait(end - time.monotonic()):
                    raise TimeoutError(f"no {name}: {self.events}")

    def count(self, name):
        with self.changed:
            return sum(event["event"] == name for event in self.events)

    def send(self, text):
        self.child.stdin.write(f"{text}\n".encode())
        self.child.stdin.flush()

    def processor_time(self):
        fields = open(f"/proc/{self.child.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_message(kind):
    if kind == "open":
        return b"\x01\x00\x20" + os.urandom(32)
    if kind == "invite":
        return b"\x02\x00\x40" + os.urandom(64)
    return b""


def flood(kind, port, rate, seconds, kept_open, results):
    """Connects `rate` times a second, if it can."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    message = first_message(kind)
    kept, tried, made, refused = [], 0, 0, 0
    begin = time.monotonic()
    while (now := time.monotonic()) < begin + seconds:
        if tried > (now - begin) * rate:
            time.sleep(0.0005)
            continue
        tried += 1
        peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        # No connection is left behind in TIME_WAIT: there are only 28,000 ports.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            try:
                peer.connect(("127.0.0.1", port))
            except BlockingIOError:
                # Loopback connects at once, unless the host's backlog is full.
                if not select.select([], [peer], [], 0.2)[1]:
                    raise OSError("the backlog is full")
            if message:
                peer.send(message)
            made += 1
            kept.append(peer)
            if len(kept) > kept_open:
                kept.pop(0).close()
        except OSError:
            refused += 1
            peer.close()
    results.put((tried, made, refused, time.monotonic() - begin))


class Room:
    def __init__(self, options, home):
        self.latencies, self.lock, self.phase, self.sent = {}, threading.Lock(), None, {}
        self.options = options
        self.host = Process(
            [options.program, "host", "--direct", "127.0.0.1:0", "--ttl", "none", "--json"], home, self.heard)
        ready = self.host.wait("ready")
        self.port = int(ready["address"].rpartition(":")[2])
        self.members = []
        for number in range(options.members):
            member = Process([options.program, "join", ready["invite"], "--json", "--nick", f"m{number}"], home, self.heard)
            member.wait("joined-room")
            self.members.append(member)

    def heard(self, process, event, now):
        match = re.fullmatch(r"(\w+) (\d+\.\d+)", event["text"])
        if match and not event["self"] and process is not self.host:
            with self.lock:
                self.latencies.setdefault(match[1], []).append(now - float(match[2]))

    def talk(self, phase, seconds):
        """Every member says something each half second; returns how many deliveries there should be."""
        self.sent[phase] = 0
        begin = time.monotonic()
        turn = 0
        while time.monotonic() < begin + seconds:
            member = self.members[turn % len(self.members)]
            member.send(f"{phase} {time.monotonic():.6f}")
            self.sent[phase] += len(self.members) - 1
            turn += 1
            time.sleep(max(0, begin + turn * PERIOD / len(self.members) - time.monotonic()))

    def settle(self, phase, seconds=60):
        """Waits for what is still on its way."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self.lock:
                if len(self.latencies.get(phase, [])) >= self.sent[phase]:
                    return
            time.sleep(0.05)

    def row(self, phase, more=""):
        with self.lock:
            times = sorted(1000 * latency for latency in self.latencies.get(phase, [0]))
        at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
        lost = self.sent[phase] - len(times)
        return f"{statistics.median(times):.1f} | {at(0.95):.1f} | {at(0.99):.1f} | {times[-1]:.1f} | {len(times)} | {lost}{more}"

    def end(self):
        for process in self.members + [self.host]:
            process.child.send_signal(signal.SIGKILL)
            process.child.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=f"{ROOT}/.build/release/termtalk")
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--flooders", type=int, default=2, help="processes")
    parser.add_argument("--floods", default="open,invite,silent")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        room = Room(options, home)
        try:
            print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
            print("| | median, ms | 95 % | 99 % | worst | deliveries | lost | connections a second | turned away | host's CPU |")
            print("|---|---|---|---|---|---|---|---|---|---|")
            phases = ["before"] + [part for kind in options.floods.split(",") for part in (kind, f"after{kind}")]
            for phase in phases:
                results, flooders = multiprocessing.Queue(), []
                if phase != "before" and not phase.startswith("after"):
                    flooders = [
                        multiprocessing.Process(
                            target=flood, args=(
                                phase, room.port, options.rate / options.flooders, options.seconds,
                                KEPT_OPEN // options.flooders, results))
                        for _ in range(options.flooders)]
                for flooder in flooders:
                    flooder.start()
                begin, used = time.monotonic(), room.host.processor_time()
                room.talk(phase, options.seconds)
                share = (room.host.processor_time() - used) / (time.monotonic() - begin)
                done = [results.get() for _ in flooders]
                for flooder in flooders:
                    flooder.join()
                room.settle(phase)
                made = sum(result[1] / result[3] for result in done)
                refused = sum(result[2] for result in done)
                more = f" | {made:.0f} | {refused}" if done else " | | "
                print(f"| {phase} | {room.row(phase, more)} | {100 * share:.0f} % |", flush=True)
            broken = sum(member.count("connection") for member in room.members)
            print(f"\nload average {os.getloadavg()[0]:.1f}; connections of members that broke: {broken}", file=sys.stderr)
            if broken or room.host.child.poll() is not None:
                sys.exit("the room did not stand it")
        finally:
            room.end()


if __name__ == "__main__":
    main()
