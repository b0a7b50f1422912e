#!/usr/bin/env python3
"""What a delivery costs where one, two or three relays hold one room through a redis-server of its own.

    python3 Benchmarks/shared_fan.py [--members 120] [--secs 6] [--hosts 0,1,2,3] [--size 422] [--program FILE]

0 hosts is a relay without a store. Processor time, not time: hosts, Redis and load generator share the machine. What joining costs is left
out: each number is the difference between a long run and a short one.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, ".build", "release", "termtalk-bench")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(path, word):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(word.encode() + b"\r\n")
        head = b""
        while b"\r\n" not in head:
            head += client.recv(4096)
        if not head.startswith(b"$"):
            return {}
        line, rest = head.split(b"\r\n", 1)
        while len(rest) < int(line[1:]):
            rest += client.recv(65536)
    return dict(pair.split(":", 1) for pair in rest.decode().split("\r\n") if ":" in pair)


def redis_numbers(path):
    info = {**ask(path, "INFO cpu"), **ask(path, "INFO stats")}
    return {
        "cpu": float(info["used_cpu_user"]) + float(info["used_cpu_sys"]),
        "in": int(info["total_net_input_bytes"]),
        "out": int(info["total_net_output_bytes"]),
    }


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(program, hosts, members, seconds, size):
    """One load against fresh hosts: messages, deliveries, processor seconds of each host, and Redis' numbers."""
    with tempfile.TemporaryDirectory() as folder:
        children = []
        try:
            path = os.path.join(folder, "s")
            if hosts:
                children.append(subprocess.Popen(
                    ["redis-server", "--port", "0", "--unixsocket", path, "--dir", folder, "--appendonly", "yes", "--save", "",
                     "--loglevel", "warning"], stdout=subprocess.DEVNULL))
                while not os.path.exists(path):
                    time.sleep(0.02)
            ports = [free_port() for _ in range(max(1, hosts))]
            servers = []
            for number, port in enumerate(ports):
                words = ["shared", str(port), f"unix:{path}", "other" if number else "first"] if hosts else ["relay", str(port)]
                server = subprocess.Popen([program, *words], stdout=subprocess.PIPE, text=True)
                children.append(server)
                servers.append(server)
                while hosts and server.stdout.readline().strip() != "ready":
                    if server.poll() is not None:
                        sys.exit("a host ended")
            time.sleep(0.5)
            before = [cpu(server.pid) for server in servers]
            redis = redis_numbers(path) if hosts else None
            output = subprocess.run(
                [program, "load", "--test", "fanout", "--room", "relay", "--port", ",".join(map(str, ports)), "--n", str(members),
                 "--senders", "8", "--window", "32", "--size", str(size), "--secs", str(seconds), "--warm", "0",
                 "--pids", ",".join(str(server.pid) for server in servers)],
                stdout=subprocess.PIPE, text=True).stdout
            line = json.loads(output.strip().split("\n")[-1])
            if "error" in line:
                sys.exit(line["error"])
            used = [cpu(server.pid) - start for server, start in zip(servers, before)]
            after = redis_numbers(path) if hosts else None
            numbers = {name: after[name] - redis[name] for name in after} if hosts else {"cpu": 0, "in": 0, "out": 0}
            return line["messages"], line["deliveries"], used, numbers, line
        finally:
            for child in children:
                child.kill()
                child.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--members", type=int, default=120)
    parser.add_argument("--secs", type=float, default=6)
    parser.add_argument("--hosts", default="0,1,2,3")
    parser.add_argument("--size", type=int, default=422)
    parser.add_argument("--program", default=BENCH)
    options = parser.parse_args()
    print("| hosts | messages/s | deliveries/s | µs a delivery, all hosts | µs a message at each host | Redis: µs a message | bytes in, out a message |")
    print("|---|---|---|---|---|---|---|")
    for hosts in map(int, options.hosts.split(",")):
        short = run(options.program, hosts, options.members, 0.2, options.size)
        long = run(options.program, hosts, options.members, options.secs, options.size)
        messages, deliveries = long[0] - short[0], long[1] - short[1]
        used = sum(long[2]) - sum(short[2])
        redis = {name: long[3][name] - short[3][name] for name in long[3]}
        print(
            f"| {hosts or 'no store'} | {long[0] / long[4]['secs']:.0f} | {long[1] / long[4]['secs']:.0f} | {used / deliveries * 1e6:.2f}"
            f" | {used / max(1, hosts) / messages * 1e6:.0f} | {redis['cpu'] / messages * 1e6:.0f}"
            f" | {redis['in'] / messages:.0f}, {redis['out'] / messages:.0f} |", flush=True)


if __name__ == "__main__":
    main()
