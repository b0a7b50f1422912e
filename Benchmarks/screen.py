"""What the full screen costs: from key to echo, from message to screen, at rest and with 100 messages a second; wake-ups
and CPU while nothing happens; what starting costs. Everything runs here, over loopback.

    python3 Benchmarks/screen.py [path of termtalk]
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ".build/release/termtalk"
HOME = tempfile.mkdtemp(prefix="termtalk-screen-")
ENVIRONMENT = {**os.environ, "HOME": HOME, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
SAMPLES = 200
IDLE_SECONDS = 20


class Screen:
    """The program in a terminal of 120 x 40."""

    def __init__(self, *arguments):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [PROGRAM, *arguments], ENVIRONMENT)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.seen = b""

    def wait(self, text, seconds=10):
        """Seconds until the terminal was sent `text`; what came before is forgotten."""
        wanted = text.encode()
        start = time.monotonic()
        while wanted not in self.seen:
            left = start + seconds - time.monotonic()
            if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
                raise SystemExit(f"nothing showed {text!r}: {self.seen[-300:]!r}")
            self.seen += os.read(self.terminal, 65536)
        self.seen = self.seen[self.seen.index(wanted) + len(wanted):]
        return time.monotonic() - start

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.terminal], [], [], left)[0]:
                os.read(self.terminal, 65536)
        self.seen = b""

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def usage(pid):
    """Voluntary context switches, and CPU seconds."""
    with open(f"/proc/{pid}/status") as file:
        switches = next(int(line.split()[1]) for line in file if line.startswith("voluntary"))
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return switches, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentiles(samples):
    ordered = sorted(samples)
    pick = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
    return f"median {pick(0.5):.1f} ms, 99 % {pick(0.99):.1f} ms, most {ordered[-1] * 1000:.1f} ms"


def signs(first):
    """Characters that are each sent once, so that the terminal cannot have them already."""
    for number in range(first, first + 3000):
        yield chr(number)


def start_host():
    host = subprocess.Popen(
        [PROGRAM, "host", "--direct", "127.0.0.1:0", "--json", "--ttl", "none", "--nick", "host"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True)
    for line in host.stdout:
        event = json.loads(line)
        if event["event"] == "ready":
            threading.Thread(target=lambda: [None for _ in host.stdout], daemon=True).start()
            return host, event["invite"]
    raise SystemExit("no room")


def say(host, text):
    host.stdin.write(text + "\n")
    host.stdin.flush()


def key_latency(screen, characters):
    samples = []
    for character in characters:
        os.write(screen.terminal, character.encode())
        samples.append(screen.wait(character))
        time.sleep(0.02)
    os.write(screen.terminal, b"\x15")
    return samples


def main():
    for name, arguments in (("--help", ["--help"]), ("--version", ["--version"])):
        times = []
        for _ in range(20):
            start = time.monotonic()
            subprocess.run([PROGRAM, *arguments], env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
            times.append(time.monotonic() - start)
        print(f"start, {name}: {percentiles(times)}")
    print(f"size: {os.path.getsize(PROGRAM) / 1e6:.1f} MB")

    host, invite = start_host()
    screen = Screen("join", invite, "--nick", "guest")
    screen.wait("guest")
    screen.drain(2)
    with open(f"/proc/{screen.pid}/status") as file:
        memory = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    print(f"memory in a room: {memory / 1024:.1f} MiB")

    before = usage(screen.pid)
    time.sleep(IDLE_SECONDS)
    after = usage(screen.pid)
    print(
        f"idle: {(after[0] - before[0]) / IDLE_SECONDS:.2f} wake-ups a second, "
        f"{(after[1] - before[1]) / IDLE_SECONDS * 100:.2f} % CPU")

    ours = signs(0x4E00)
    print("key to echo:", percentiles(key_latency(screen, [next(ours) for _ in range(SAMPLES)])))

    theirs = signs(0x6000)
    samples = []
    for _ in range(SAMPLES):
        character = next(theirs)
        say(host, character)
        samples.append(screen.wait(character))
        time.sleep(0.03)
    print("message to screen:", percentiles(samples))

    stop = threading.Event()

    def flood():
        number = 0
        due = time.monotonic()
        while not stop.is_set():
            say(host, f"message {number} of a lively room, as long as people write")
            number += 1
            due += 0.01
            time.sleep(max(0, due - time.monotonic()))

    before = usage(screen.pid)
    start = time.monotonic()
    thread = threading.Thread(target=flood)
    thread.start()
    print(
        "key to echo at 100 messages a second:",
        percentiles(key_latency(screen, [next(ours) for _ in range(SAMPLES)])))
    samples = []
    for _ in range(SAMPLES):
        character = next(theirs)
        say(host, character)
        samples.append(screen.wait(character))
    print("message to screen at 100 a second:", percentiles(samples))
    after = usage(screen.pid)
    print(f"CPU at 100 messages a second: {(after[1] - before[1]) / (time.monotonic() - start) * 100:.1f} %")
    stop.set()
    thread.join()
    screen.end()
    host.terminate()
    host.wait()


main()
