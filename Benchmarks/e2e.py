#!/usr/bin/env python3
"""A real host, or relay, and N real members, each a process of its own: what a message costs them.

    e2e.py N [--headless] [--rate 40] [--messages 200] [--burst 300] [--binary .build/release/termtalk]

Prints one JSON line: microseconds of processor time a message of host, sender and a receiver, one message after the other and in
a burst; milliseconds from the sender's stdin to the last member's stdout; joining; memory.
"""
import argparse
import json
import os
import selectors
import statistics
import subprocess
import tempfile
import time

TEXT = "hello, this is a message of some eighty characters, as people write them in a chat"
PATIENCE = 120


def processor_time(pid):
    """Seconds, by the process' own clock (clock_getcpuclockid)."""
    return time.clock_gettime(((~pid) << 3) | 2)


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class Program:
    selector = selectors.DefaultSelector()

    def __init__(self, binary, *arguments):
        home = tempfile.mkdtemp()
        environment = {**os.environ, "HOME": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
        self.process = subprocess.Popen([binary, *arguments, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment)
        self.pid = self.process.pid
        self.rest, self.events, self.messages, self.last = b"", {}, 0, 0
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector.register(self.process.stdout, selectors.EVENT_READ, self)

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def read(self):
        data = self.process.stdout.read(1 << 20)
        if not data:
            if data == b"":
                self.selector.unregister(self.process.stdout)
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if b'"event":"message"' in line:        # not decoded: this program is to cost little
                self.messages += 1
                self.last = time.monotonic()
            else:
                event = json.loads(line)
                self.events.setdefault(event["event"], event)

    @classmethod
    def poll(cls, seconds):
        for key, _ in cls.selector.select(seconds):
            key.data.read()

    @classmethod
    def run(cls, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            cls.poll(min(0.05, left))

    def wait(self, name):
        end = time.monotonic() + PATIENCE
        while name not in self.events:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"no {name}: {list(self.events)}")
            self.poll(0.02)
        return self.events[name]

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Meter:
    """Processor time of the host and all members since this was made, in microseconds for each of `count` messages."""

    def __init__(self, host, members):
        self.programs = [host, *members]
        self.start = [processor_time(program.pid) for program in self.programs]

    def line(self, count):
        host, sender, *others = [(processor_time(program.pid) - start) / count * 1e6
                                 for program, start in zip(self.programs, self.start)]
        return {"host_us": round(host, 1), "sender_us": round(sender, 1),
                "receiver_us": round(statistics.median(others), 1) if others else None}


def join(options, host, invite):
    members, times = [], []
    while len(members) < options.members:
        before, start = processor_time(host.pid), time.monotonic()
        member = Program(options.binary, "join", invite)
        member.wait("joined-room")
        times.append(((time.monotonic() - start) * 1e3, (processor_time(host.pid) - before) * 1e3))
        if options.headless and not members:
            invite = member.wait("invite")["invite"]
        members.append(member)
    wall, processor = zip(*times[-5:])
    return members, {"join_ms": round(statistics.median(wall), 1), "join_host_ms": round(statistics.median(processor), 2)}


def one_at_a_time(options, host, members):
    meter, last, times = Meter(host, members), members[-1], []
    for _ in range(options.messages):
        start, count, seen = time.monotonic(), last.messages, None
        members[0].write(TEXT + "\n")
        while time.monotonic() < start + 1 / options.rate or seen is None:
            Program.poll(0.002)
            if seen is None and last.messages > count:
                seen = last.last - start
            if time.monotonic() > start + PATIENCE:
                raise SystemExit("a message was not delivered")
        times.append(seen * 1e3)
    Program.run(1)
    times.sort()
    return {**meter.line(options.messages), "p50_ms": round(times[len(times) // 2], 2),
            "p99_ms": round(times[int(len(times) * 0.99)], 2)}


def burst(options, host, members):
    before, meter, start = [member.messages for member in members], Meter(host, members), time.monotonic()
    members[0].write((TEXT + "\n") * options.burst)
    while any(member.messages - count < options.burst for member, count in zip(members, before)):
        Program.poll(0.02)
        if time.monotonic() > start + PATIENCE:
            raise SystemExit("a burst was not delivered")
    seconds = max(member.last for member in members) - start
    Program.run(0.5)
    return {**meter.line(options.burst), "seconds": round(seconds, 3)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("members", type=int)
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--rate", type=float, default=40)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--burst", type=int, default=300)
    parser.add_argument("--binary", default=".build/release/termtalk")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    host = Program(options.binary, "host", "--direct", "127.0.0.1:0", "--ttl", "none", "--max-members", "0",
                   *(["--headless"] if options.headless else []))
    members = []
    try:
        invite = host.wait("ready")["invite"]
        Program.run(0.3)
        empty = resident(host.pid)
        members, joining = join(options, host, invite)
        Program.run(2)
        line = {"members": options.members, "headless": options.headless, **joining, "host_kb": empty,
                "host_kb_with_all": resident(host.pid), "member_kb": statistics.median(resident(m.pid) for m in members),
                "one": one_at_a_time(options, host, members), "burst": burst(options, host, members),
                "load": [round(load, 2), round(os.getloadavg()[0], 2)]}
        print(json.dumps(line))
    finally:
        for program in [host, *members]:
            program.stop()


if __name__ == "__main__":
    main()
