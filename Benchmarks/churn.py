#!/usr/bin/env python3
"""A kept room over loopback for an hour, in which people come, leave, are killed and lose their connections: what the host needs.

    python3 Benchmarks/churn.py [--program PATH] [--seconds 3600] [--headless]

Each minute: resident memory (KiB), descriptors, threads, CPU of the last minute (ms), members and messages. It ends with status 1
if the host's memory in the last quarter is more than a quarter, or 2 MiB, above that of the second, or its descriptors more
than 4 above.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PLACES = 8


class Program:
    def __init__(self, binary, arguments, home):
        os.makedirs(home, exist_ok=True)
        environment = {"HOME": home, "PATH": os.environ["PATH"], "XDG_STATE_HOME": f"{home}/state"}
        self.process = subprocess.Popen(
            [binary, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, text=True, bufsize=1)
        self.messages = 0
        self.events = {}
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            with self.changed:
                self.messages += event["event"] == "message"
                self.events.setdefault(event["event"], event)
                self.changed.notify_all()

    def wait(self, name, seconds=60):
        with self.changed:
            if not self.changed.wait_for(lambda: name in self.events, seconds):
                raise TimeoutError(f"no {name} from {self.process.args}")
            return self.events[name]

    def send(self, line):
        try:
            self.process.stdin.write(line + "\n")
        except BrokenPipeError:
            pass

    def end(self, by=signal.SIGKILL):
        self.process.send_signal(by)
        self.process.wait()


def needs(pid):
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return {
        "memory": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "cpu": (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK"),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=".build/debug/termtalk")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--headless", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp()
    choose = random.Random(1)
    host = Program(
        options.program,
        ["host", "--json", "--direct", "127.0.0.1:0", "--ttl", "none", "--keep", "5m", "--persist", "club",
         "--no-passphrase"] + (["--headless"] if options.headless else []), f"{folder}/host")
    invite = host.wait("ready")["invite"]
    people, number, samples = [], 0, []
    begin = time.monotonic()
    minute, cpu = 0, needs(host.process.pid)["cpu"]

    def arrive():
        nonlocal number, invite
        number += 1
        home = f"{folder}/{number}"
        person = Program(options.program, ["join", invite, "--json"], home)
        person.wait("joined-room")
        if options.headless and number == 1:
            invite = person.wait("invite")["invite"]
        people.append((person, home))

    try:
        while time.monotonic() - begin < options.seconds:
            if len(people) < PLACES:
                arrive()
            elif choose.random() < 0.1:
                person, home = people.pop(choose.randrange(len(people)))
                if choose.random() < 0.5:
                    person.send("/quit")
                    person.process.wait(60)
                else:
                    person.end()
                shutil.rmtree(home, ignore_errors=True)
            for person, _ in choose.sample(people, min(2, len(people))):
                person.send("x" * choose.randrange(1, 400))
            if not options.headless:
                host.send("y" * choose.randrange(1, 400))
            time.sleep(0.5)
            if time.monotonic() - begin >= 60 * (minute + 1):
                minute += 1
                sample = needs(host.process.pid)
                sample["cpu"], cpu = sample["cpu"] - cpu, sample["cpu"]
                samples.append(sample)
                print(json.dumps({"minute": minute, **sample, "arrived": number, "messages": host.messages,
                                  "load": os.getloadavg()[0]}), flush=True)
    finally:
        for person, _ in people:
            person.end()
        host.end()
        shutil.rmtree(folder, ignore_errors=True)
    quarter = len(samples) // 4
    if quarter:
        second, last = samples[quarter:2 * quarter], samples[-quarter:]
        memory = [max(sample["memory"] for sample in part) for part in (second, last)]
        descriptors = [max(sample["descriptors"] for sample in part) for part in (second, last)]
        print(f"memory {memory[0]} -> {memory[1]} KiB, descriptors {descriptors[0]} -> {descriptors[1]}")
        if memory[1] > max(memory[0] * 5 // 4, memory[0] + 2048) or descriptors[1] > descriptors[0] + 4:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
