#!/usr/bin/env python3
"""Times of rooms over tor, beside what the same tors do without termtalk: one run, in random order.

    swift run tor-network --exec python3 Benchmarks/tor_times.py [--program .build/debug/termtalk] [--rounds 8] [--joins 20]

Real processes and real tors of the private network on loopback. Prints a table in Markdown, and the load of the machine.
"""
import argparse
import binascii
import json
import os
import random
import socket
import statistics
import subprocess
import tempfile
import threading
import time

NETWORK = json.loads(os.environ["TOR_NETWORK_JSON"])
# A short text and all around it fill the smallest frame.
FRAME = 488
PATIENCE = 180


class Process:
    """A termtalk with --json; each event gets the moment at which it was read."""

    def __init__(self, program, *arguments, home=None, managed=False):
        environment = {"HOME": home or tempfile.mkdtemp(prefix="tor-times-"), "PATH": os.environ["PATH"]}
        if managed:
            environment["TERMTALK_TOR_INCLUDE"] = NETWORK["tor_include"]
        self.begun = time.monotonic()
        self.child = subprocess.Popen(
            [program, *arguments, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment)
        self.events, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            event = json.loads(line)
            event["at"] = time.monotonic()
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def wait(self, fits, start=0):
        end = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for event in self.events[start:]:
                    if fits(event):
                        return event
                if not self.changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                    raise TimeoutError([event["event"] for event in self.events[-5:]])

    def event(self, name, start=0):
        return self.wait(lambda event: event["event"] == name, start)

    def send(self, text):
        self.child.stdin.write(f"{text}\n".encode())
        self.child.stdin.flush()

    def stop(self):
        self.child.terminate()
        self.child.wait(30)


class Control:
    """A control connection to one of the tors."""

    def __init__(self, node):
        family = socket.AF_UNIX if node["control"].startswith("/") else socket.AF_INET
        self.socket = socket.socket(family)
        host, _, port = node["control"].rpartition(":")
        self.socket.connect(node["control"] if family == socket.AF_UNIX else (host, int(port)))
        self.file = self.socket.makefile("rwb", buffering=0)
        with open(node["cookie"], "rb") as cookie:
            self.ask("AUTHENTICATE " + binascii.hexlify(cookie.read()).decode())

    def ask(self, command):
        self.file.write(command.encode() + b"\r\n")
        lines, is_data = [], False
        for line in self.file:
            lines.append(line.decode().rstrip())
            if is_data or lines[-1][3:4] == "+":
                is_data = lines[-1] != "."
            elif lines[-1][3:4] == " ":
                return lines

    def close_circuits(self):
        for line in self.ask("GETINFO circuit-status"):
            if (number := line.split(" ")[0]).isdigit():
                self.ask(f"CLOSECIRCUIT {number}")


class Confirmations(threading.Thread):
    """When tor's directories have confirmed the descriptor of each service for the first time."""

    def __init__(self):
        super().__init__(daemon=True)
        self.at, self.control = {}, Control(NETWORK["host"])
        self.control.ask("SETEVENTS HS_DESC")
        self.start()

    def run(self):
        for line in self.control.file:
            words = line.decode().split(" ")
            if words[:3] == ["650", "HS_DESC", "UPLOADED"]:
                self.at.setdefault(words[3], time.monotonic())


def dial(host, port):
    """A stream on a circuit of its own."""
    stream = socket.create_connection(("127.0.0.1", NETWORK["client"]["socks_port"]), timeout=PATIENCE)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    user = binascii.hexlify(os.urandom(8))
    stream.sendall(b"\x05\x01\x02")
    stream.recv(2)
    stream.sendall(b"\x01" + bytes([len(user)]) + user + b"\x01x")
    stream.recv(2)
    stream.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + port.to_bytes(2, "big"))
    assert stream.recv(10)[1:2] == b"\0", "SOCKS"
    return stream


def echo_service(control):
    """An onion service that sends back what it gets; it lives as long as the control connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(stream):
        while data := stream.recv(65_536):
            stream.sendall(data)

    def accept():
        while True:
            stream, _ = listener.accept()
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(stream,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    reply = control.ask(f"ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=1,127.0.0.1:{listener.getsockname()[1]}")
    return reply[0].split("=")[1] + ".onion"


def seconds(values):
    return f"{statistics.median(values):.3f} ({min(values):.2f}–{max(values):.2f}; {percentile(values, .9):.2f} at 90 %)"


def ratio(values, beside):
    return f"{statistics.median(values) / statistics.median(beside):.3f}"


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=".build/debug/termtalk")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--joins", type=int, default=20, help="joins, and as many bare connects")
    options = parser.parse_args()
    times = {}
    note = lambda name, value: times.setdefault(name, []).append(value)
    run = lambda *arguments, **more: Process(options.program, *arguments, **more)
    loads = [os.getloadavg()[0]]
    confirmations, control, client = Confirmations(), Control(NETWORK["host"]), Control(NETWORK["client"])
    kept_home = tempfile.mkdtemp(prefix="tor-times-")

    room = run("host", "--onion", "--ttl", "none", "--max-members", "0", *NETWORK["host"]["flags"])
    ready = room.event("ready")
    service, _, port = ready["address"].partition(":")
    member = run("join", ready["invite"], *NETWORK["client"]["flags"])
    member.event("joined-room")
    echo = echo_service(control)
    while True:
        try:
            raw = dial(echo, 1)
            break
        except AssertionError:
            time.sleep(1)

    def open_room():
        host = run("host", "--onion", *NETWORK["host"]["flags"])
        ready = host.event("ready")
        confirmed = confirmations.at[ready["address"].partition(".")[0]]
        note("start to ready", ready["at"] - host.begun)
        note("start to tor's confirmation", confirmed - host.begun)
        host.stop()

    def managed(*arguments, home=None):
        host = run("host", "--onion", "--tor", "managed", *arguments, home=home, managed=True)
        note("own tor, kept" if home else "own tor, new", host.event("ready")["at"] - host.begun)
        host.stop()

    def join():
        guest = run("join", ready["invite"], *NETWORK["client"]["flags"])
        joined = guest.event("joined-room")["at"]
        phases = {event["phase"]: event["at"] for event in guest.events if event["event"] == "starting"}
        note("join: the program begins to dial", phases["dial"] - guest.begun)
        note("join: its dial", phases["handshake"] - phases["dial"])
        note("join: handshake and entry", joined - phases["handshake"])
        guest.stop()

    def bare():
        begun = time.monotonic()
        dial(service, int(port)).close()
        note("bare connect", time.monotonic() - begun)

    def talk():
        for number in range(25):
            start, begun = len(member.events), time.monotonic()
            member.send("x" * 100)
            note("round trip of a message", member.event("delivered", start)["at"] - begun)

    def stream():
        for number in range(25):
            begun, left = time.monotonic(), FRAME
            raw.sendall(bytes(FRAME))
            while left:
                left -= len(raw.recv(left))
            note("round trip of a raw stream", time.monotonic() - begun)

    def recovers(name, harm):
        start, begun = len(room.events), time.monotonic()
        harm()
        member.send(f"after {name} {begun}")
        note(name, room.wait(lambda event: event.get("text") == f"after {name} {begun}", start)["at"] - begun)

    managed("--persist", "kept", "--no-passphrase", home=kept_home)
    times.clear()
    work = [open_room, managed, lambda: managed("--persist", "kept", "--no-passphrase", home=kept_home)]
    work = (work + [talk, stream]) * options.rounds + [join, bare] * options.joins
    random.shuffle(work)
    for step in work:
        step()
        loads.append(os.getloadavg()[0])
    harms = [("recovery: circuits of the member's tor closed", client.close_circuits),
             ("recovery: circuits of the host's tor closed", control.close_circuits)] * 3
    random.shuffle(harms)
    for name, harm in harms:
        recovers(name, harm)
        loads.append(os.getloadavg()[0])

    own = run("host", "--onion", "--tor", "managed", "--ttl", "none", managed=True)
    invite = own.event("ready")["invite"]
    guest = run("join", invite, *NETWORK["client"]["flags"])
    guest.event("joined-room")
    for number in range(2):
        child = int(subprocess.check_output(["pgrep", "-P", str(own.child.pid), "tor"]).split()[0])
        start, begun = len(own.events), time.monotonic()
        os.kill(child, 9)
        guest.send(f"killed {number}")
        found = own.wait(lambda event: event.get("text") == f"killed {number}", start)
        note("recovery: the host's own tor killed", found["at"] - begun)
    for process in (own, guest, room, member):
        process.stop()

    print(f"Rounds: {options.rounds}; joins: {options.joins}; load average {statistics.median(loads):.1f} ({min(loads):.1f}–{max(loads):.1f}), "
          f"{os.cpu_count()} processors.\n\n| | median (range), s | beside |\n|---|---|---|")
    beside = {"start to ready": "start to tor's confirmation", "join: its dial": "bare connect",
              "round trip of a message": "round trip of a raw stream"}
    for name, values in sorted(times.items()):
        other = f"{ratio(values, times[beside[name]])} of {beside[name]}" if name in beside else ""
        if name == "round trip of a message":
            other += f"; {percentile(values, .95) / percentile(times[beside[name]], .95):.2f} at 95 %"
        digits = f"{1_000 * statistics.median(values):.1f} ms" if "round trip" in name else seconds(values)
        print(f"| {name} | {digits} | {other} |")


main()
