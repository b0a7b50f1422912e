"""A termtalk process under test, and how the results are told."""
import json
import os
import queue
import subprocess
import tempfile
import threading
import time

from client import ConnectionEnded

STARTED = time.monotonic()
LONG = 120  # seconds that anything may take on a busy machine


class Program:
    """A termtalk process and the events of its machine interface."""

    def __init__(self, termtalk, *arguments):
        self.home = tempfile.TemporaryDirectory()
        environment = {**os.environ, "HOME": self.home.name, "XDG_STATE_HOME": self.home.name}
        self.process = subprocess.Popen(
            [termtalk, *arguments, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment)
        self.events = []
        self.arrived = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.arrived.put(json.loads(line))
        self.arrived.put(None)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def drain(self, timeout):
        try:
            event = self.arrived.get(timeout=timeout)
        except queue.Empty:
            return
        if event is not None:
            self.events.append(event)

    def seen(self, name, **fields):
        while not self.arrived.empty():
            self.drain(0)
        return [event for event in self.events
                if event["event"] == name and all(event.get(key) == value for key, value in fields.items())]

    def wait(self, name, **fields):
        deadline = time.monotonic() + LONG
        while not self.seen(name, **fields):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {name} {str(fields)[:100]}")
            self.drain(0.1)
        return self.seen(name, **fields)[0]

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.home.cleanup()


def warnings_of(program):
    return [event["code"] for event in program.seen("warning") if event["code"].startswith("group-")]


def ended(client):
    try:
        client.pump(lambda: False, LONG)
    except ConnectionEnded:
        client.socket.close()


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def done(name, result):
    print(f"ok {name}: {result} ({time.monotonic() - STARTED:.1f} s)", flush=True)
