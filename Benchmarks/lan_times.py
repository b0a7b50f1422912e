#!/usr/bin/env python3
"""Times of rooms on a local network, and what announcing costs: machines of network namespaces, as root.

    python3 Benchmarks/lan_times.py [--program .build/release/termtalk] [--rounds 10] [--idle 60]

Needs ip(8), nsenter(1), tcpdump(8), avahi-daemon(8), avahi-browse(1) and dbus-daemon(1). Prints tables in Markdown.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import threading
import time

ROOM = "a3f5d7b9e2c4f6a8"
PATIENCE = 60


class Process:
    """A program; each line of its standard output gets the moment at which it was read."""

    def __init__(self, command, home):
        environment = {"HOME": home, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb"}
        self.begun = time.monotonic()
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        self.lines, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.lines.append((time.monotonic(), line.decode().rstrip()))
                self.changed.notify_all()

    def line(self, part):
        """Seconds from the start of the program until a line with `part`."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for at, line in self.lines:
                    if part in line:
                        return at - self.begun
                if not self.changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                    raise TimeoutError((part, self.lines[-3:]))

    def stop(self):
        self.child.terminate()
        self.child.wait(30)


class Machine:
    """Namespaces for network, mounts and host name."""

    def __init__(self, address=None, switch=None):
        self.home = tempfile.mkdtemp(prefix="lan-times-")
        self.holder = Process(
            ["unshare", "-nmu", "--propagation", "private", "sh", "-c",
             "mount -t tmpfs none /run && ip link set lo up && echo up && exec sleep inf"], self.home)
        self.holder.line("up")
        self.pid = self.holder.child.pid
        if switch:
            switch.run(f"ip link add p{self.pid} type veth peer name eth0 netns /proc/{self.pid}/ns/net && "
                       f"ip link set p{self.pid} master lan up")
            self.run(f"ip link set eth0 up && ip addr add {address}/24 dev eth0 nodad")

    def inside(self, command):
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "-u", "--", *command]

    def run(self, command):
        return subprocess.run(self.inside(["sh", "-c", command]), check=True, capture_output=True, text=True).stdout

    def start(self, *command):
        return Process(self.inside(command), self.home)


def switch():
    machine = Machine()
    machine.run("ip link add lan type bridge mcast_snooping 0 && ip link set lan up")
    return machine


def start_daemon(machine):
    """The machine's own mDNS daemon and the bus that it is asked by."""
    machine.run("mkdir -p /run/dbus /run/avahi-daemon")
    bus = machine.start("dbus-daemon", "--system", "--nofork", "--nopidfile", "--print-address")
    bus.line("unix:")
    path = os.path.join(machine.home, "avahi.conf")
    with open(path, "w") as file:
        file.write("[server]\n[wide-area]\nenable-wide-area=no\n[publish]\n[rlimits]\n")
    daemon = machine.start("avahi-daemon", "-f", path, "--no-drop-root", "--no-chroot", "--no-rlimits")
    return bus, daemon


def know(machine):
    """Waits until the daemon has heard of the room."""
    while "\n=" not in "\n" + machine.run("avahi-browse -rpt _termtalk._tcp || true"):
        time.sleep(0.1)


def text(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def work_of(pid):
    """Seconds of a processor and wake-ups of a process so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    switches = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as file:
            switches += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), switches


def packets(machine, seconds, act=lambda: None):
    """UDP packets of mDNS that pass the machine, and their bytes."""
    path = os.path.join(machine.home, "capture")
    capture = subprocess.Popen(
        machine.inside(["tcpdump", "-i", "eth0", "-nn", "-U", "-w", path, "udp", "port", "5353"]),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    capture.stderr.readline()
    result = act()
    time.sleep(seconds)
    capture.terminate()
    capture.wait()
    lines = subprocess.run(["tcpdump", "-nn", "-e", "-r", path], capture_output=True, text=True).stdout.splitlines()
    return result, len(lines), sum(int(line.split("length ")[1].split(":")[0]) for line in lines)


def idle(machine, process, seconds):
    before = work_of(process.child.pid)
    _, count, size = packets(machine, seconds)
    after = work_of(process.child.pid)
    return count, size, after[1] - before[1], after[0] - before[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=".build/release/termtalk")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--idle", type=int, default=60, help="seconds")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    loads = [os.getloadavg()[0]]
    lan = switch()
    addresses = iter(range(1, 200))
    machine = lambda: Machine(f"192.168.7.{next(addresses)}", lan)

    hosting, plain, direct, knowing = machine(), machine(), machine(), machine()
    daemons = start_daemon(knowing)
    host_arguments = ["--json", "--ttl", "none", "--max-members", "0"]

    def open_room():
        room = hosting.start(program, "host", "--lan", "--room", ROOM, *host_arguments)
        room.line('"ready"')
        return room

    room, count, size = packets(plain, 5, open_room)
    opening = (count, size)
    invite = next(json.loads(line)["invite"] for _, line in room.lines if '"ready"' in line)
    know(knowing)
    times = {}

    def join(name, guest, *where):
        guest.home = tempfile.mkdtemp(prefix="lan-times-")
        process = guest.start(program, "join", invite, *where, "--json")
        times.setdefault(name, []).append(process.line('"joined-room"'))
        process.stop()

    address = "192.168.7.1:12345"
    work = [lambda: join("cold: nobody on the machine has heard of the room", plain, "--lan"),
            lambda: join("warm: the machine's daemon knows it", knowing, "--lan"),
            lambda: join("beside: the address is given, nothing is looked for", plain, "--direct", address)]
    work = work * options.rounds
    random.shuffle(work)
    for step in work:
        know(knowing)
        step()
        loads.append(os.getloadavg()[0])
    print(f"Rounds: {options.rounds}; load average {statistics.median(loads):.1f} ({min(loads):.1f}–{max(loads):.1f}), "
          f"{os.cpu_count()} processors.\n")
    print("| `join`, from its start to `joined-room` | median (range), s |\n|---|---|")
    for name, values in sorted(times.items()):
        print(f"| {name} | {text(values)} |")

    for daemon in daemons:
        daemon.stop()
    other = direct.start(program, "host", "--direct", "0.0.0.0:12345", "--room", "other", *host_arguments)
    other.line('"ready"')
    print(f"\n| in {options.idle} s | packets of mDNS | bytes | wake-ups | CPU, s |\n|---|---|---|---|---|")
    print(f"| opening the room, 5 s of it | {opening[0]} | {opening[1]} | | |")
    for name, place, process in [("`host --lan`, nobody asks", hosting, room), ("`host --direct`", direct, other)]:
        count, size, switches, used = idle(place, process, options.idle)
        print(f"| {name} | {count} | {size} | {switches} | {used:.2f} |")
    for process in (room, other):
        process.stop()
    for place in (hosting, plain, direct, knowing, lan):
        place.holder.stop()


if __name__ == "__main__":
    main()
