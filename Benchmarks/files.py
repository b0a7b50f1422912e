#!/usr/bin/env python3
"""Passes a file from one member to others over loopback while they talk; prints speed, CPU, memory, and the latency of messages.

    files.py [--program .build/release/termtalk] [--megabytes 100] [--receivers 1] [--messages 40] [--limit-rate KB/s]
        [--spinners N]

Real processes: `termtalk host --direct 127.0.0.1:0 --files 4G`, `termtalk join --json`. Latency is from the line on a member's
stdin to the message's event at another member, in one run: in an idle room first, then while the file is on its way. With
--limit-rate the sender's connection goes through a relay that carries so many KB a second, with a small buffer, as a slow line
does. With --spinners, messages are timed once more when the file is over and N processes that have nothing to do with it keep the
processors busy. Contents are compared. Nothing leaves loopback.
"""
import argparse
import filecmp
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Process:
    """A termtalk with --json, whose events are read by a thread."""

    def __init__(self, program, arguments, home):
        os.makedirs(home, exist_ok=True)
        self.child = subprocess.Popen(
            [program] + arguments + ["--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"HOME": home, "PATH": os.environ["PATH"]}, text=True, bufsize=1)
        self.events, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            event = json.loads(line)
            event["at"] = time.monotonic()
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def event(self, name, matches=lambda event: True, seconds=600):
        deadline, index = time.monotonic() + seconds, 0
        with self.changed:
            while True:
                while index < len(self.events):
                    event = self.events[index]
                    index += 1
                    if event["event"] == name and matches(event):
                        return event
                if not self.changed.wait(deadline - time.monotonic()):
                    sys.exit(f"no event {name} came")

    def say(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def cpu(self):
        with open(f"/proc/{self.child.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        with open(f"/proc/{self.child.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def slow_relay(target, rate):
    """Carries bytes to `target` with so many KB a second in each direction; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source, sink):
        source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        due = time.monotonic()
        try:
            while data := source.recv(4096):
                due = max(due, time.monotonic() - 0.05) + len(data) / (rate * 1000)
                time.sleep(max(0, due - time.monotonic()))
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def serve():
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(target)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1]


def latencies(speaker, hearer, count, label, goes_on=lambda: True):
    times = []
    for number in range(count):
        if not goes_on():
            break
        begun, text = time.monotonic(), f"{label} {number}"
        speaker.say(text)
        times.append(1000 * (hearer.event("message", lambda event: event["text"] == text)["at"] - begun))
        time.sleep(0.05)
    return times


def summary(times):
    if not times:
        return "none"
    return "%.1f ms median, %.1f p95, of %d" % (
        statistics.median(times), sorted(times)[int(0.95 * (len(times) - 1))], len(times))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/termtalk"))
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--receivers", type=int, default=1)
    parser.add_argument("--messages", type=int, default=40)
    parser.add_argument("--limit-rate", type=int, default=0)
    parser.add_argument("--spinners", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/file.bin"
        with open(path, "wb") as file:
            for _ in range(options.megabytes):
                file.write(os.urandom(1_000_000))
        host = Process(options.program, ["host", "--direct", "127.0.0.1:0", "--files", "4G", "--ttl", "2h"], f"{folder}/h")
        ready = host.event("ready")
        place = []
        if options.limit_rate:
            name, port = ready["address"].rsplit(":", 1)
            place = ["--direct", slow_relay((name, int(port)), options.limit_rate)]
        sender = Process(options.program, ["join", ready["invite"]] + place, f"{folder}/s")
        sender.event("joined-room")
        receivers = [
            Process(options.program, ["join", ready["invite"], "--accept-files", "4G", "--files-to", f"{folder}/r{n}/in"],
                    f"{folder}/r{n}") for n in range(options.receivers)]
        for receiver in receivers:
            receiver.event("joined-room")
        time.sleep(1)
        idle = latencies(sender, receivers[0], options.messages, "idle")
        everybody = [("sender", sender), ("host", host), ("a receiver", receivers[0])]
        before = [process.cpu() for _, process in everybody]
        sender.say(f"/send {path}")
        offered = receivers[0].event("file-offered")
        busy = latencies(
            sender, receivers[0], options.messages, "busy",
            lambda: not any(event["event"] == "file-done" for event in receivers[0].events))
        done = [receiver.event("file-done") for receiver in receivers]
        after = [process.cpu() for _, process in everybody]
        whole = all(filecmp.cmp(event["path"], path, shallow=False) for event in done)
        seconds = max(event["at"] for event in done) - offered["at"]
        print(f"{options.megabytes} MB to {options.receivers}: {seconds:.2f} s, {options.megabytes / seconds:.1f} MB/s"
              + (f" through {options.limit_rate} KB/s" if options.limit_rate else "")
              + f"; contents {'equal' if whole else 'DIFFER'}")
        for (name, process), earlier, later in zip(everybody, before, after):
            print(f"{name}: {1000 * (later - earlier) / options.megabytes:.2f} ms CPU a MB, "
                  f"{process.peak():.0f} MB at most")
        print("messages, idle:  " + summary(idle))
        print("messages, busy:  " + summary(busy))
        if options.spinners:
            spinners = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(options.spinners)]
            print(f"messages, beside {options.spinners} that spin: "
                  + summary(latencies(sender, receivers[0], options.messages, "spin")))
            for spinner in spinners:
                spinner.kill()
        for process in [sender, host] + receivers:
            process.child.kill()
        sys.exit(0 if whole else 1)


main()
