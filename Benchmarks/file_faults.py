#!/usr/bin/env python3
"""Passes files in a room of real processes while these are killed and stopped and their connections are reset, and says whether
each receiver has each file once, equal, and how long it took until bytes flowed again. Exits with 1 if anything is wrong.

    file_faults.py [--program .build/release/termtalk] [--bytes N] [--sparse] [--receivers N] [--faults N] [--seed N]
        [--rate N]
    swift run tor-network --exec python3 Benchmarks/file_faults.py --over tor --bytes 50M

`termtalk host`, `termtalk send`, and so many `termtalk join --accept-files`. A fault is one of: a receiver's or the sender's
connection is reset; a receiver, or the sender, is killed (SIGKILL) and started again with the same arguments; the host is
stopped for 1 to 3 seconds (SIGSTOP). A file that is too small to be hit on its way is sent anew for each fault, which comes up to
200 ms after the offer. Each receiver is behind a relay of bytes of its own, which counts what it gets: more than the file, its
padding (12.5 %) and its list of hashes (0.3 %), those again for each start of a process, and what is under way at a fault (2 MB)
would mean that something was taken twice. Over tor receivers' connections go through the client's SOCKS port; there a reset is
one of the connection to that port, and the host is stopped with the rest.
"""
import argparse
import filecmp
import json
import os
import random
import resource
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
# What is under way at a fault: the receiver's window of 64 pieces, and what sockets hold.
UNDER_WAY = 2_000_000
# Smaller files are over before a fault can hit them.
LARGE = 8_000_000


class Relay:
    """Carries bytes to `target`; counts those that come back, and resets what it carries when told to."""

    def __init__(self, target, rate):
        self.target, self.pairs, self.lock, self.came, self.rate = target, set(), threading.Lock(), 0, rate
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            pair = (near, far)
            with self.lock:
                self.pairs.add(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self.carry, args=(source, sink, pair), daemon=True).start()

    def carry(self, source, sink, pair):
        buffer = memoryview(bytearray(262_144))
        try:
            while count := source.recv_into(buffer):
                if source is pair[1]:
                    self.came += count
                sink.sendall(buffer[:count])
                if self.rate:
                    time.sleep(count / self.rate)
        except OSError:
            pass
        with self.lock:
            self.pairs.discard(pair)
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def reset(self):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            for end in pair:
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RD)
                    end.close()
                except OSError:
                    pass


class Process:
    """A termtalk with --json that can be killed and started again; its events are read by a thread."""

    def __init__(self, program, arguments, home, changed):
        self.command, self.home, self.changed = [program, *arguments, "--json"], home, changed
        self.events, self.peak, self.starts = [], 0, 0
        os.makedirs(home, exist_ok=True)
        self.start()

    def start(self):
        self.starts += 1
        self.child = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"HOME": self.home, "PATH": os.environ["PATH"]})
        threading.Thread(target=self.read, args=(self.child,), daemon=True).start()

    def read(self, child):
        for line in child.stdout:
            event = json.loads(line)
            event["at"] = time.monotonic()
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def look(self):
        try:
            with open(f"/proc/{self.child.pid}/status") as file:
                self.peak = max([self.peak] + [int(line.split()[1]) for line in file if line.startswith("VmHWM")])
        except OSError:
            pass

    def kill(self):
        self.look()
        self.child.kill()
        self.child.wait()

    def find(self, name, matches=lambda event: True, start=0):
        return [event for event in self.events[start:] if event["event"] == name and matches(event)]


def wait(changed, condition, seconds, what):
    end = time.monotonic() + seconds
    with changed:
        while not (found := condition()):
            if time.monotonic() >= end:
                raise TimeoutError(what)
            changed.wait(min(1, end - time.monotonic()))
        return found


class Room:
    def __init__(self, options, folder):
        self.options, self.folder, self.changed = options, folder, threading.Condition()
        self.random = random.Random(options.seed)
        self.recoveries, self.problems, self.ratios, self.all = {}, [], [], []
        if options.over == "tor":
            network = json.loads(os.environ["TOR_NETWORK_JSON"])
            way, host = network["client"]["flags"], ["--onion", *network["host"]["flags"]]
            self.target = ("127.0.0.1", network["client"]["socks_port"])
        else:
            way, host = [], ["--direct", "127.0.0.1:0"]
        self.host = self.run("host", *host, "--files", "8G", "--ttl", "none", name="host")
        ready = wait(self.changed, lambda: self.host.find("ready"), 300, "the room does not open")[0]
        self.invite = ready["invite"]
        if options.over == "direct":
            name, port = ready["address"].rsplit(":", 1)
            self.target = (name, int(port))
        self.relays, self.receivers = [], []
        for number in range(options.receivers):
            self.receivers.append(
                self.run("join", self.invite, *self.by_relay(way), "--accept-files", "8G", "--files-to",
                         f"{folder}/r{number}/in", name=f"r{number}"))
        self.sender_way = self.by_relay(way)
        for receiver in self.receivers:
            wait(self.changed, lambda: receiver.find("joined-room"), 300, "a receiver does not come in")
        self.note("all are in the room")

    def by_relay(self, way):
        """What to dial so that a relay of its own is between."""
        relay = Relay(self.target, self.options.rate)
        self.relays.append(relay)
        if self.options.over == "direct":
            return ["--direct", f"127.0.0.1:{relay.port}"]
        return ["--tor-socks", f"127.0.0.1:{relay.port}", "--tor", "system"]

    def run(self, *arguments, name):
        process = Process(self.options.program, arguments, f"{self.folder}/{name}", self.changed)
        self.all.append(process)
        return process

    def note(self, text):
        if self.options.verbose:
            print(f"{time.strftime('%T')} {text}", file=sys.stderr, flush=True)

    # What goes wrong

    def bytes_at(self, number):
        found = [event["bytes"] for event in self.receivers[number].events
                 if event["event"] in ("file-progress", "file-done")]
        return found[-1] if found else 0

    def is_done(self, number, name):
        return os.path.exists(f"{self.folder}/r{number}/in/{name}")

    def fault(self, sender, name):
        """One fault; its kind, and the receivers that it hits."""
        everybody = range(len(self.receivers))
        going = [number for number in everybody if not self.is_done(number, name)]
        kinds = ["stop", "reset sender"] + (["reset receiver", "kill receiver"] if going else [])
        # Who has the file would be offered it again by a sender that is started anew.
        if len(going) == len(self.receivers) and sender.child.poll() is None:
            kinds.append("kill sender")
        kind = self.random.choice(kinds)
        if kind == "stop":
            self.host.child.send_signal(signal.SIGSTOP)
            time.sleep(self.random.uniform(1, 3))
            self.host.child.send_signal(signal.SIGCONT)
            return kind, going
        if kind == "reset sender":
            self.relays[-1].reset()
            return kind, going
        if kind == "kill sender":
            sender.kill()
            sender.start()
            return kind, going
        number = self.random.choice(going)
        if kind == "reset receiver":
            self.relays[number].reset()
        else:
            self.receivers[number].kill()
            self.receivers[number].start()
        return kind, [number]

    def recovered(self, kind, numbers, name, before, at):
        """Waits until all that were hit have got more than was under way, and notes how long that took."""
        def more(number):
            if self.is_done(number, name):
                return True
            events = [event for event in self.receivers[number].events
                      if event["event"] in ("file-progress", "file-done") and event["at"] > at]
            return events and events[-1]["bytes"] > before[number] + self.margin
        wait(self.changed, lambda: all(more(number) for number in numbers), 300, f"nothing goes on after: {kind}")
        self.recoveries.setdefault(kind, []).append(time.monotonic() - at)

    # Sending

    def send(self, number, faults):
        """Sends one file, with so many faults."""
        name = f"file{number}.bin"
        path = f"{self.folder}/{name}"
        self.make(path)
        self.margin = min(UNDER_WAY, self.options.bytes // 100)
        # Some 20 MB/s in all is slow.
        self.patience = 600 + self.options.bytes * len(self.receivers) // 20_000_000
        starts = [receiver.starts for receiver in self.receivers]
        came = [relay.came for relay in self.relays]
        sender = self.run("send", self.invite, path, "--wait-for", str(len(self.receivers)), *self.sender_way, name="s")
        wait(self.changed, lambda: sender.find("file-offered"), 300, "nothing is offered")
        self.note(f"{name}: offered")
        begun = time.monotonic()
        for fault in range(faults):
            if self.options.bytes < LARGE:
                time.sleep(self.random.uniform(0, 0.2))
                kind, _ = self.fault(sender, name)
                self.note(f"{name}: {kind}")
                continue
            # At even distances in the file, by the slowest of those that still fetch.
            goal = self.options.bytes * (fault + 0.5) / (faults + 1)
            def reached():
                return all(self.bytes_at(number) >= goal or self.is_done(number, name)
                           for number in range(len(self.receivers)))
            wait(self.changed, reached, self.patience, "the file does not go on")
            before, at = [self.bytes_at(number) for number in range(len(self.receivers))], time.monotonic()
            kind, hit = self.fault(sender, name)
            self.note(f"{name}: {kind} at {min(before)}")
            self.recovered(kind, hit, name, before, at)
        def all_done():
            return all(self.is_done(number, name) for number in range(len(self.receivers)))
        wait(self.changed, all_done, self.patience, "not all have the file")
        try:
            status = sender.child.wait(120)
        except subprocess.TimeoutExpired:
            status = "runs"
        if status != 0:
            self.problems.append(f"termtalk send: {status}")
        self.note(f"{name}: send ended with {status}")
        sender.look()
        sender.kill()
        seconds = time.monotonic() - begun
        for index, receiver in enumerate(self.receivers):
            receiver.look()
            if not filecmp.cmp(f"{self.folder}/r{index}/in/{name}", path, shallow=False):
                self.problems.append(f"receiver {index}: {name} differs")
            there = sorted(os.listdir(f"{self.folder}/r{index}/in"))
            if there != [name]:
                self.problems.append(f"receiver {index} has {there}")
            again = receiver.starts - starts[index] + sender.starts
            most = (self.options.bytes * (1.125 + 0.003 * again) * 1.02 + UNDER_WAY * (faults + 1))
            got = self.relays[index].came - came[index]
            self.ratios.append(got / max(1, self.options.bytes))
            if got > most:
                self.problems.append(f"receiver {index} got {got} bytes, more than {int(most)}")
            for found in os.listdir(f"{self.folder}/r{index}/in"):
                os.unlink(f"{self.folder}/r{index}/in/{found}")
        os.unlink(path)
        return seconds

    def make(self, path):
        with open(path, "wb") as file:
            if self.options.sparse:
                # Something at places that say where it belongs, and holes between.
                for place in range(0, self.options.bytes - 64, max(64, self.options.bytes // 1_000)):
                    file.seek(place)
                    file.write(os.urandom(64))
                file.truncate(self.options.bytes)
                return
            left = self.options.bytes
            while left:
                file.write(os.urandom(min(left, 1 << 20)))
                left -= min(left, 1 << 20)

    def report(self, seconds):
        options = self.options
        print(f"{options.bytes} bytes{' (sparse)' if options.sparse else ''} to {options.receivers} over {options.over}, "
              f"{options.faults} faults, seed {options.seed}: {seconds:.1f} s, load {os.getloadavg()[0]:.1f}; "
              + ("all equal, nothing twice" if not self.problems else f"{len(self.problems)} PROBLEMS"))
        for kind, times in sorted(self.recoveries.items()):
            print(f"  {kind}: {len(times)}, going on after {statistics.median(times):.1f} s (median), "
                  f"{max(times):.1f} at most")
        self.host.look()
        if self.options.bytes >= LARGE and self.ratios:
            print(f"  bytes on the wire at receivers, of the file's: {max(self.ratios):.3f} at most")
        print(f"  memory at most, MB: host {self.host.peak // 1024}, "
              f"sender {max(process.peak for process in self.all if process.command[1] == 'send') // 1024}, "
              f"receivers {max(receiver.peak for receiver in self.receivers) // 1024}")
        for problem in self.problems[:20]:
            print("  PROBLEM:", problem)


def size(text):
    units = {"K": 1 << 10, "M": 10 ** 6, "G": 1 << 30}
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/termtalk"))
    parser.add_argument("--bytes", type=size, default=100_000_000)
    parser.add_argument("--sparse", action="store_true")
    parser.add_argument("--receivers", type=int, default=1)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--over", choices=["direct", "tor"], default="direct")
    parser.add_argument("--rate", type=size, help="bytes a second of each connection; so few that all faults hit it")
    options = parser.parse_args()
    if options.rate is None and options.bytes >= LARGE and options.faults:
        options.rate = max(1_000_000, int(options.bytes / (1.5 * options.faults)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with tempfile.TemporaryDirectory() as folder:
        room, begun = Room(options, folder), time.monotonic()
        try:
            if options.bytes < LARGE:
                for number in range(max(1, options.faults)):
                    room.send(number, min(1, options.faults))
            else:
                room.send(0, options.faults)
        except TimeoutError as error:
            room.problems.append(str(error))
            for number, receiver in enumerate(room.receivers):
                room.problems.append(f"receiver {number}: " + ", ".join(
                    f"{event['event']} {event.get('bytes', event.get('code', event.get('state', '')))}"
                    for event in receiver.events[-6:]))
        room.report(time.monotonic() - begun)
        for process in room.all:
            process.kill()
    sys.exit(1 if room.problems else 0)


main()
