#!/usr/bin/env python3
"""A file and messages over tor with a bottleneck, beside a raw stream through the same tors, in one run.

    swift run tor-network --exec python3 Benchmarks/file_tor.py [--program .build/release/termtalk] [--rate 400] [--delay 75]

The member's tor reaches its guards only by a SOCKS proxy of this script (`Socks5Proxy`), which carries so many KB a second in each
direction and holds each byte back for so many milliseconds. Raw: one onion service and one stream that is never empty, counted where it comes out, after
some seconds of warm-up. File: from the member to the host, by the host's progress. Messages go the same way, from the line on the
member's stdin to the message's event at the host: in the idle room, and beside the file.
"""
import argparse
import binascii
import json
import os
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NETWORK = json.loads(os.environ["TOR_NETWORK_JSON"])
PATIENCE = 300


class Bottleneck:
    """A SOCKS5 proxy for one tor: a rate for all of its connections together in each direction, and a delay."""

    def __init__(self, rate, delay):
        self.rate, self.delay = rate * 1000, delay / 1000
        self.due, self.lock = {"up": 0.0, "down": 0.0}, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.begin, args=(near,), daemon=True).start()

    def begin(self, near):
        try:
            near.recv(2)
            near.recv(255)
            near.sendall(b"\x05\x00")
            head = near.recv(4, socket.MSG_WAITALL)
            if head[3] != 1:
                return near.close()
            address = socket.inet_ntoa(near.recv(4, socket.MSG_WAITALL))
            port = struct.unpack("!H", near.recv(2, socket.MSG_WAITALL))[0]
            far = socket.create_connection((address, port))
            near.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        except OSError:
            return near.close()
        for end in (near, far):
            # A router does not hold back what is small until what was before is acknowledged.
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for way, source, sink in (("up", near, far), ("down", far, near)):
            # What waits here is what a cheap router holds, and no more.
            source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
            threading.Thread(target=self.carry, args=(way, source, sink), daemon=True).start()

    def carry(self, way, source, sink):
        queue, ready = [], threading.Condition()

        def deliver():
            while True:
                with ready:
                    while not queue:
                        ready.wait()
                    at, data = queue.pop(0)
                time.sleep(max(0, at - time.monotonic()))
                try:
                    if not data:
                        return sink.shutdown(socket.SHUT_WR)
                    sink.sendall(data)
                except OSError:
                    return
        threading.Thread(target=deliver, daemon=True).start()
        while True:
            try:
                data = source.recv(4096)
            except OSError:
                data = b""
            with self.lock:
                self.due[way] = max(self.due[way], time.monotonic()) + len(data) / self.rate
                at = self.due[way]
            time.sleep(max(0, at - time.monotonic()))
            with ready:
                queue.append((at + self.delay, data))
                ready.notify()
            if not data:
                return


class Control:
    def __init__(self, node):
        if node["control"].startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(node["control"])
        else:
            host, _, port = node["control"].rpartition(":")
            self.socket = socket.create_connection((host, int(port)))
        self.file = self.socket.makefile("rwb", buffering=0)
        with open(node["cookie"], "rb") as cookie:
            self.ask("AUTHENTICATE " + binascii.hexlify(cookie.read()).decode())

    def ask(self, line):
        self.file.write(line.encode() + b"\r\n")
        lines = []
        while True:
            text = self.file.readline().decode().rstrip()
            lines.append(text)
            if text[3:4] == " ":
                if not text.startswith("250"):
                    sys.exit(f"tor: {line.split()[0]}: {text}")
                return lines


class Process:
    def __init__(self, program, *arguments):
        self.child = subprocess.Popen(
            [program, *arguments, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"HOME": tempfile.mkdtemp(prefix="file-tor-"), "PATH": os.environ["PATH"]}, text=True, bufsize=1)
        self.events, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            event = json.loads(line)
            event["at"] = time.monotonic()
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def event(self, name, matches=lambda event: True):
        end, index = time.monotonic() + PATIENCE, 0
        with self.changed:
            while True:
                while index < len(self.events):
                    event = self.events[index]
                    index += 1
                    if event["event"] == name and matches(event):
                        return event
                if not self.changed.wait(end - time.monotonic()) and time.monotonic() > end:
                    sys.exit(f"no event {name} came")

    def say(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()


def raw_rate(host, warm_up, seconds):
    """KB a second of one stream to an onion service."""
    listener = socket.create_server(("127.0.0.1", 0))
    service = host.ask(f"ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=80,127.0.0.1:{listener.getsockname()[1]}")
    name = service[0].split("ServiceID=")[1] + ".onion"
    end = time.monotonic() + PATIENCE
    while True:
        try:
            stream = socket.create_connection(("127.0.0.1", NETWORK["client"]["socks_port"]), timeout=60)
            user = os.urandom(8).hex().encode()
            stream.sendall(b"\x05\x01\x02")
            stream.recv(2, socket.MSG_WAITALL)
            stream.sendall(b"\x01" + bytes([len(user)]) + user + b"\x01x")
            stream.recv(2, socket.MSG_WAITALL)
            stream.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name.encode() + struct.pack("!H", 80))
            if stream.recv(10, socket.MSG_WAITALL)[1] == 0:
                break
        except OSError:
            pass
        stream.close()
        if time.monotonic() > end:
            sys.exit("the raw stream does not come up")
        time.sleep(1)
    # Others that have come are of tries that took too long.
    stream.settimeout(None)
    stream.sendall(user)
    while True:
        far, _ = listener.accept()
        if far.recv(len(user), socket.MSG_WAITALL) == user:
            break
    over = threading.Event()

    def fill():
        data = os.urandom(65_536)
        try:
            while not over.is_set():
                stream.sendall(data)
        except OSError:
            pass
    threading.Thread(target=fill, daemon=True).start()
    begun, counted = time.monotonic(), 0
    while (now := time.monotonic()) < begun + warm_up + seconds:
        if select.select([far], [], [], 1)[0]:
            count = len(far.recv(65_536))
            if now >= begun + warm_up:
                counted += count
    over.set()
    for end in (stream, far):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
    host.ask("DEL_ONION " + name.split(".")[0])
    return counted / seconds / 1000


def latencies(speaker, hearer, label, count, goes_on=lambda: True):
    times = []
    for number in range(count):
        if not goes_on():
            break
        begun, text = time.monotonic(), f"{label} {number}"
        speaker.say(text)
        times.append(1000 * (hearer.event("message", lambda event: event["text"] == text)["at"] - begun))
        time.sleep(0.1)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/termtalk"))
    parser.add_argument("--rate", type=int, default=400)
    parser.add_argument("--delay", type=int, default=75)
    parser.add_argument("--megabytes", type=int, default=16)
    parser.add_argument("--messages", type=int, default=40)
    options = parser.parse_args()
    bottleneck = Bottleneck(options.rate, options.delay)
    host, client = Control(NETWORK["host"]), Control(NETWORK["client"])
    client.ask("SETCONF DisableNetwork=1")
    client.ask(f"SETCONF Socks5Proxy=127.0.0.1:{bottleneck.port}")
    client.ask("SETCONF DisableNetwork=0")
    processes = []
    try:
        room = Process(options.program, "host", "--onion", "--ttl", "none", *NETWORK["host"]["flags"])
        processes.append(room)
        ready = room.event("ready")
        member = Process(options.program, "join", ready["invite"], *NETWORK["client"]["flags"])
        processes.append(member)
        member.event("joined-room")
        latencies(member, room, "warm", 10)
        raw = [raw_rate(host, 8, 15)]
        idle = latencies(member, room, "idle", options.messages)
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/file.bin"
            with open(path, "wb") as file:
                file.write(os.urandom(options.megabytes * 1_000_000))
            member.say(f"/send {path}")
            offered = room.event("file-offered")
            room.say(f"/accept {offered['number']} {folder}/in")
            first = room.event("file-progress", lambda event: event["bytes"] > 500_000)
            busy = latencies(
                member, room, "busy", 400, lambda: not any(event["event"] == "file-done" for event in room.events))
            room.event("file-done")
        last = [event for event in room.events if event["event"] == "file-progress"][-1]
        rate = (last["bytes"] - first["bytes"]) / (last["at"] - first["at"]) / 1000
        idle += latencies(member, room, "idle again", options.messages // 2)
        raw.append(raw_rate(host, 8, 15))
        best = statistics.mean(raw)
        print(f"{options.rate} KB/s, {options.delay} ms more each way; load {os.getloadavg()[0]:.1f}")
        print(f"raw stream: {raw[0]:.0f} and {raw[1]:.0f} KB/s; file: {rate:.0f} KB/s, {rate / best:.2f} of the mean")
        for name, times in (("idle", idle), ("busy", busy)):
            print(f"messages, {name}: {statistics.median(times):.0f} ms median, "
                  f"{sorted(times)[int(0.95 * (len(times) - 1))]:.0f} p95, of {len(times)}")
        print(f"busy / idle, median: {statistics.median(busy) / statistics.median(idle):.2f}")
    finally:
        for process in processes:
            process.child.kill()


main()
