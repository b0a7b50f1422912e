#!/usr/bin/env python3
"""Sends the same file over loopback with termtalk and with other programs, in random order, and prints a table in Markdown:
MB/s from the sender's start until the whole file is there, and CPU a MB of all processes that took part.

    file_peers.py [--program .build/release/termtalk] [--megabytes 200] [--rounds 3] [--peers FOLDER]
    swift run tor-network --exec python3 Benchmarks/file_peers.py --over tor --megabytes 20

Receivers and servers are started before the clock. `ncat --ssl` (package ncat); magic-wormhole with a mailbox and a transit relay
of its own, in a virtual environment at FOLDER (pip install magic-wormhole magic-wormhole-mailbox-server
magic-wormhole-transit-relay). Over tor: onionshare-cli, which the one tor serves and curl fetches through the other one; termtalk
sends from the one to the host at the other; the tors' CPU is not counted. What is missing is left out, and said. Contents are compared.
"""
import argparse
import filecmp
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATIENCE = 180


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.002)


def listens(port):
    """Whether somebody listens there; without connecting, which some take for a peer."""
    with open("/proc/net/tcp") as file:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in list(file)[1:])


class Processes:
    """What takes part, and the CPU that it takes."""

    def __init__(self, folder):
        self.folder, self.children, self.used = folder, [], 0.0

    def start(self, *command, home="home", **streams):
        home = f"{self.folder}/{home}"
        os.makedirs(home, exist_ok=True)
        streams.setdefault("stdout", subprocess.DEVNULL)
        streams.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, cwd=home, env={"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            **streams)
        self.children.append(child)
        return child

    def cpu(self):
        for child in self.children:
            try:
                with open(f"/proc/{child.pid}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                child.used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            except OSError:
                pass
        return sum(getattr(child, "used", 0) for child in self.children)

    def end(self):
        for child in self.children:
            child.kill()
        for child in self.children:
            child.wait()


def measured(processes, begin, is_there, path, out):
    before, started = processes.cpu(), time.monotonic()
    sender = begin()

    def look():
        processes.cpu()
        return is_there(sender)
    wait_for(look, "the file does not come")
    seconds = time.monotonic() - started
    used = processes.cpu() - before
    return seconds, used, filecmp.cmp(out(), path, shallow=False)


def termtalk(options, folder, path):
    processes = Processes(folder)

    def event(child, name):
        for line in child.stdout:
            found = json.loads(line)
            if found["event"] == name:
                return found
        raise TimeoutError(name)
    try:
        host = processes.start(
            options.program, "host", "--direct", "127.0.0.1:0", "--files", "8G", "--json", home="host",
            stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        invite = event(host, "ready")["invite"]
        receiver = processes.start(
            options.program, "join", invite, "--accept-files", "8G", "--files-to", f"{folder}/in", "--json", home="receiver",
            stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        event(receiver, "joined-room")
        target = f"{folder}/in/{os.path.basename(path)}"
        return measured(
            processes, lambda: processes.start(options.program, "send", invite, path, home="sender"),
            lambda sender: os.path.exists(target), path, lambda: target)
    finally:
        processes.end()


def ncat(options, folder, path):
    processes, port, target = Processes(folder), free_port(), f"{folder}/out"
    try:
        with open(target, "wb") as out, open(path, "rb") as source:
            receiver = processes.start("ncat", "-l", "--ssl", "--recv-only", "127.0.0.1", str(port), stdout=out)
            wait_for(lambda: listens(port), "ncat does not listen")
            return measured(
                processes,
                lambda: processes.start("ncat", "--ssl", "--send-only", "127.0.0.1", str(port), stdin=source),
                lambda sender: receiver.poll() is not None, path, lambda: target)
    finally:
        processes.end()


def wormhole(options, folder, path):
    processes, mailbox, transit = Processes(folder), free_port(), free_port()
    tools = f"{options.peers}/bin"
    target = f"{folder}/out"
    servers = Processes(folder)
    try:
        servers.start(f"{tools}/twist", "wormhole-mailbox", f"--port=tcp:{mailbox}:interface=127.0.0.1", home="mailbox")
        servers.start(f"{tools}/twist", "transitrelay", f"--port=tcp:{transit}:interface=127.0.0.1", home="transit")
        wait_for(lambda: listens(mailbox) and listens(transit), "magic-wormhole's servers do not listen")
        common = [f"{tools}/wormhole", "--relay-url", f"ws://127.0.0.1:{mailbox}/v1",
                  "--transit-helper", f"tcp:127.0.0.1:{transit}"]
        code = f"{random.randrange(1, 1000)}-one-two"
        receiver = processes.start(*common, "receive", "--accept-file", "--hide-progress", "-o", target, code)
        time.sleep(1.5)
        return measured(
            processes, lambda: processes.start(*common, "send", "--hide-progress", "--code", code, path),
            lambda sender: os.path.exists(target) and receiver.poll() is not None, path, lambda: target)
    finally:
        processes.end()
        servers.end()


def termtalk_over_tor(options, folder, path):
    processes, network = Processes(folder), json.loads(os.environ["TOR_NETWORK_JSON"])
    target = f"{folder}/in/{os.path.basename(path)}"
    try:
        host = processes.start(
            options.program, "host", "--onion", "--files", "8G", "--accept-files", "8G", "--files-to", f"{folder}/in", "--json",
            *network["host"]["flags"], home="host", stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        for line in host.stdout:
            event = json.loads(line)
            if event["event"] == "ready":
                break
        return measured(
            processes,
            lambda: processes.start(
                options.program, "send", event["invite"], path, *network["client"]["flags"], home="sender"),
            lambda sender: os.path.exists(target), path, lambda: target)
    finally:
        processes.end()


def onionshare(options, folder, path):
    processes, network = Processes(folder), json.loads(os.environ["TOR_NETWORK_JSON"])
    control, target = network["host"]["control"], f"{folder}/out"
    settings = {"auth_type": "no_auth", "socks_address": "127.0.0.1", "socks_port": network["host"]["socks_port"]}
    if control.startswith("/"):
        settings.update(connection_type="socket_file", socket_file_path=control)
    else:
        settings.update(connection_type="control_port", control_port_address="127.0.0.1",
                        control_port_port=int(control.rsplit(":", 1)[1]))
    with open(f"{folder}/settings.json", "w") as file:
        json.dump(settings, file)
    try:
        server = processes.start(
            "onionshare-cli", "--config", f"{folder}/settings.json", "--public", "--no-autostop-sharing", path,
            stdout=subprocess.PIPE)
        for line in server.stdout:
            if found := re.search(rb"http://[a-z2-7]{56}\.onion", line):
                break
        else:
            raise TimeoutError("onionshare-cli does not start")
        return measured(
            processes,
            lambda: processes.start(
                "curl", "-s", "--fail", "--socks5-hostname", f"127.0.0.1:{network['client']['socks_port']}", "-o", target,
                found.group().decode() + "/download"),
            lambda client: client.poll() is not None, path, lambda: target)
    finally:
        processes.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/termtalk"))
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="/nonexistent")
    parser.add_argument("--over", choices=["direct", "tor"], default="direct")
    options = parser.parse_args()
    tools, results = [("termtalk", termtalk)], {}
    if options.over == "tor":
        tools = [("termtalk over tor", termtalk_over_tor)]
        if shutil.which("onionshare-cli"):
            tools.append(("onionshare-cli", onionshare))
    elif shutil.which("ncat"):
        tools.append(("ncat --ssl", ncat))
    if options.over == "direct" and os.path.exists(f"{options.peers}/bin/wormhole"):
        tools.append(("magic-wormhole", wormhole))
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/file.bin"
        with open(path, "wb") as file:
            for _ in range(options.megabytes):
                file.write(os.urandom(1_000_000))
        for number in range(options.rounds):
            for name, tool in random.sample(tools, len(tools)):
                place = f"{folder}/{number}-{name.replace(' ', '-')}"
                os.makedirs(place)
                try:
                    results.setdefault(name, []).append(tool(options, place, path))
                except (TimeoutError, OSError) as error:
                    print(f"{name}: {error}", file=sys.stderr)
                shutil.rmtree(place)
    print(f"{options.megabytes} MB, {options.rounds} rounds, load {os.getloadavg()[0]:.1f}\n")
    print("| program | MB/s, median [range] | CPU ms a MB, all processes | whole |\n|---|---|---|---|")
    for name, _ in tools:
        runs = results.get(name)
        if not runs:
            print(f"| {name} | did not run | | |")
            continue
        rates = sorted(options.megabytes / seconds for seconds, _, _ in runs)
        used = statistics.median(1000 * cpu / options.megabytes for _, cpu, _ in runs)
        print(f"| {name} | {statistics.median(rates):.1f} [{rates[0]:.1f}–{rates[-1]:.1f}] | {used:.1f} | "
              f"{sum(same for _, _, same in runs)} of {len(runs)} |")


main()
