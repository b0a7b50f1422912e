#!/usr/bin/env python3
"""Measures TermTalk's host beside the yardsticks of shared/bench; prints markdown tables of ratios.

    run.py [--rounds 3] [--secs 0.9] [--ns 10,100,1000] [--size 422] [--out FILE]
           [--only seal,idle,setup,fanout1,fanoutw,latency,bulk,away,bound,arrivals]
    run.py --quick      that all of it runs: a debug build, few members, no yardsticks, some seconds

Needs: apt-get install ngircd inspircd mosquitto openssl libssl-dev libsodium-dev gcc make. Environment: TERMTALK_BENCH (../shared/bench),
BENCH_DIR (.bench-run), SRV_CPU (1), LG_CPU (0).

Every ratio is taken within a round, in which the servers run one after another in random order; the tables give the
median of the rounds and their range.
"""
import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HARNESS = os.path.abspath(os.environ.get("TERMTALK_BENCH", f"{ROOT}/../shared/bench"))
os.environ.setdefault("BENCH_DIR", f"{ROOT}/.bench-run")
sys.dont_write_bytecode = True                      # the harness may be read-only
sys.path.insert(0, HARNESS)

PROGRAM = f"{ROOT}/.build/release/termtalk-bench"
IDLE_MEMBERS = 500
BOUND_MEMBERS = 1000
KEEP_SIZE = 16 << 20
# What a short text weighs when it is sealed.
SIZE = 422
OURS = ("host", "relay", "opened", "relay-unix")
BULK = (16384, 65536)
# People who come, and the seconds in which they do.
ARRIVALS = ((300, 10), (5000, 60))


def build():
    """The C programs of the harness, and ours in release mode."""
    target = f"{os.environ['BENCH_DIR']}/bin"
    subprocess.run(["make", "-s", "-C", f"{HARNESS}/src", f"B={target}"], check=True)
    subprocess.run(["swift", "build", "-c", "release", "--product", "termtalk-bench"], cwd=ROOT, check=True,
                   stdout=sys.stderr)


def ours(base, options):
    """The product's host, with a participant that cannot open what is said; its relay; and a host whose participant opens it,
    because the senders are in the group for real. They have their own load generator."""

    def server(index, kind):
        class TermTalk(base):
            name, port, adapter, echo = f"termtalk-{kind}", 7301 + index, "termtalk", 1
            # Elsewhere the senders are in the group for real, and say short texts.
            bulk = () if kind == "opened" else BULK
            loadgen = [PROGRAM, "load", "--room", "opaque" if kind == "host" else kind.removesuffix("-unix")]

            def argv(self):
                address = str(self.port)
                if kind.endswith("-unix"):
                    self.path = f"{self.dir}/sock"
                    if os.path.exists(self.path):   # of a round before
                        os.unlink(self.path)
                    self.lg, address = ["--unix", self.path], f"unix:{self.path}"
                return [PROGRAM, "relay" if kind.startswith("relay") else "host", address, str(options.keep_size)]

            def after_start(self):
                if self.lg:
                    wait_for_file(self.path)
                else:
                    super().after_start()
        return TermTalk

    return [server(index, kind) for index, kind in enumerate(OURS)]


def wait_for_file(path):
    for _ in range(200):
        if os.path.exists(path):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{path} is not there")


class Alone:
    """What a server needs where there is no harness."""
    SRV_CPU = LG_CPU = "0"

    class Server:
        setup_conc, setup_total, tls, lg, bulk, loadgen = 4, 8, False, [], BULK, None

        def start(self):
            self.proc = subprocess.Popen(self.argv())
            for _ in range(400):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                        return self
                if self.proc.poll() is not None:
                    break
                time.sleep(0.05)
            raise RuntimeError(f"{self.name} did not start")

        def pids(self):
            return [self.proc.pid]

        def stop(self):
            self.proc.kill()
            self.proc.wait()


def servers(harness, options):
    """The servers to compare; all get the same closed-loop arguments. A yardstick pads as we do: without that it is below what
    a padded protocol can reach."""
    found = ours(harness.Server, options)
    if options.quick:
        return [server for server in found if not server.name.endswith("-unix")]

    class LimitPadded(harness.Server):
        name, port, adapter = "limit-padded", 7309, "aead"

        def argv(self):
            return [f"{harness.BIN}/limitd", str(self.port), "--aead", "--openssl", "--coalesce", "--bucket1"]

    found += [harness.LimitAead, harness.LimitAeadCoalesce, LimitPadded, harness.LimitUnix]
    for path, peer in (("/usr/sbin/ngircd", harness.NgircdTls), ("/usr/sbin/inspircd", harness.InspircdTls),
                       ("/usr/sbin/mosquitto", harness.MosquittoTls)):
        if os.path.exists(path):
            found.append(peer)
        else:
            print(f"no {path}: left out", file=sys.stderr)
    return found


class Run:
    def __init__(self, harness, options):
        self.harness, self.options = harness, options
        self.results = {}                           # (kind, n) -> name -> round -> line
        self.loads = []
        self.failed = []
        self.out = open(options.out, "a", buffering=1) if options.out else None

    def load(self, server, kind, n, round_, arguments):
        program = server.loadgen or [f"{self.harness.BIN}/loadgen"]
        command = ["taskset", "-c", self.harness.LG_CPU, *program, "--adapter", server.adapter,
                   "--port", str(server.port), "--label", server.name, "--pids", ",".join(map(str, server.pids()))]
        command += (["--tls"] if server.tls else []) + server.lg + [str(a) for a in arguments]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=400)
            line = json.loads(done.stdout.decode().strip().splitlines()[-1])
        except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
            line = {"error": repr(error)}
        load = os.getloadavg()[0]
        self.loads.append(load)
        line.update(kind=kind, n=n, round=round_, label=server.name, load=load)
        if self.out:
            self.out.write(json.dumps(line) + "\n")
        keys = ("cpu_us", "per_s", "srv_util", "lg_util", "kb_per_member_slope", "kb_per_member", "kb_per_away_member", "grown_kb", "cpu_ms", "p50_us", "p99_us", "cpu_ms_per_mb", "mb_s", "in_p50_ms", "in_max_ms", "talk_max_ms", "quiet_max_ms", "lost", "bad", "error")
        print(round_, kind, n, server.name, {k: line[k] for k in keys if k in line}, file=sys.stderr, flush=True)
        if "error" in line or line.get("bad") or line.get("lost"):
            self.failed.append(line)
        if "error" not in line:
            self.results.setdefault((kind, n), {}).setdefault(server.name, {})[round_] = line

    def measure(self, round_):
        options, classes = self.options, list(self.classes)

        def shuffled():
            random.shuffle(classes)
            return classes

        def each(kind, n, arguments):
            for cls in shuffled():
                server = cls().start()              # a fresh process each
                try:
                    self.load(server, kind, n, round_, arguments(server))
                finally:
                    server.stop()

        size = ["--size", options.size]
        # Memory and coming in are the same there.
        at_ports = classes = [cls for cls in self.classes if not cls.name.endswith("-unix")]
        if "idle" in options.only:
            each("idle", options.idle, lambda s: ["--test", "idle", "--n", options.idle, "--conc", 16])
        for kind, n in (("away", options.idle), ("bound", options.bound)):
            if kind in options.only:
                classes = [cls for cls in self.classes if cls.name in ("termtalk-host", "termtalk-relay")]
                each(kind, n, lambda s: ["--test", kind, "--n", n, "--conc", 16, "--keep-size", options.keep_size] + size)
        classes = list(at_ports)
        if "setup" in options.only:
            each("setup", 16, lambda s: ["--test", "setup", "--total", s.setup_total, "--conc", s.setup_conc])
        if "arrivals" in options.only:
            classes = [cls for cls in self.classes if cls.name in ("termtalk-host", "termtalk-relay")]
            for people, seconds in ARRIVALS:
                each("arrivals", people, lambda s: [
                    "--test", "arrivals", "--n", people + 10, "--senders", 10, "--conc", people, "--rate", 10,
                    "--secs", seconds] + size)
        classes = list(self.classes)
        if "latency" in options.only:
            each("latency", 10, lambda s: ["--test", "latency", "--n", 10, "--rate", 50, "--warm", 0.5, "--secs", 4] + size)
        for bytes_ in BULK if "bulk" in options.only else ():
            classes = [cls for cls in self.classes if bytes_ in cls.bulk]
            each("bulk", bytes_, lambda s: ["--test", "bulk", "--n", 2, "--size", bytes_, "--window", 8, "--warm", 0.3,
                                            "--secs", options.secs])
        classes = list(self.classes)
        for n in options.ns:
            common = ["--test", "fanout", "--n", n, "--warm", 0.3, "--secs", options.secs] + size
            if "fanout1" in options.only:
                each("fanout1", n, lambda s: common + ["--window", 1, "--senders", 1])
            if "fanoutw" in options.only:
                each("fanoutw", n, lambda s: common + ["--window", 32, "--senders", 8])

    def run(self):
        self.classes = servers(self.harness, self.options)
        for round_ in range(1, self.options.rounds + 1):
            self.measure(round_)

    def row(self, kind, n, field, scale=1):
        lines = self.results.get((kind, n), {})
        cells = []
        for own in [cls.name for cls in self.classes if cls.name.startswith("termtalk")]:
            ours = lines.get(own, {})
            cells.append(cell([line[field] * scale for line in ours.values() if field in line]))
            for name in self.others:
                theirs = lines.get(name, {})
                cells.append(cell([ours[r][field] / theirs[r][field] for r in ours
                                   if r in theirs and theirs[r].get(field, 0) > 0]))
        return cells

    def report(self):
        self.others = [cls.name for cls in self.classes if not cls.name.startswith("termtalk")]
        kinds = [cls.name.removeprefix("termtalk-") for cls in self.classes if cls.name.startswith("termtalk")]
        heads = [text for kind in kinds for text in [kind] + [f"{kind} / {name}" for name in self.others]]
        print("| | " + " | ".join(heads) + " |")
        print("|" + "---|" * (len(heads) + 1))
        rows = [(f"one message at a time, N={n}, server CPU µs a delivery", "fanout1", n, "cpu_us") for n in self.options.ns]
        rows += [(f"saturated, N={n}, server CPU µs a delivery", "fanoutw", n, "cpu_us") for n in self.options.ns]
        idle, bound = self.options.idle, self.options.bound
        rows += [(f"an idle member (from {idle // 5} to {idle}), KiB", "idle", idle, "kb_per_member_slope"),
                 (f"a member that is there, of {idle}, KiB after what is free was given back", "away", idle, "kb_per_member"),
                 (f"the same when all but 10 are away, KiB", "away", idle, "kb_per_away_member"),
                 (f"growth while {bound // 2} of {bound} never read, log of {self.options.keep_size >> 10} KiB", "bound", bound, "grown_kb"),
                 (f"joining a room that grows to {idle}, CPU ms", "idle", idle, "cpu_ms_join"),
                 ("connect, handshake, join, leave, CPU ms", "setup", 16, "cpu_ms"),
                 ("from a member to the others, N=10, 50 a second, median, µs", "latency", 10, "p50_us")]
        rows += [(f"messages of {size >> 10} KiB from one to one, CPU ms a MB", "bulk", size, "cpu_ms_per_mb") for size in BULK]
        rows += [(f"{people} who come in {seconds} s: {what}", "arrivals", people, field) for people, seconds in ARRIVALS
                 for what, field in (("in after, median, ms", "in_p50_ms"), ("the same, at most", "in_max_ms"),
                                     ("what ten say meanwhile, median, ms", "talk_p50_ms"), ("the same, at most", "talk_max_ms"),
                                     ("the same before, median", "quiet_p50_ms"), ("server's CPU, s", "cpu_s"))]
        for title, kind, n, field in rows:
            if (kind, n) in self.results:
                print(f"| {title} | " + " | ".join(self.row(kind, n, field)) + " |")
        print(f"\nRounds: {self.options.rounds}; load average {cell(self.loads)} on {os.cpu_count()} processors.")


def cell(values):
    if not values:
        return "–"
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.3g}" if len(values) == 1 else f"{middle:.3g} [{low:.3g}–{high:.3g}]"


def seal(cpu):
    print("| payload, bytes | libsodium, ns | CipherState | session, with its padding | the same against libsodium on the padded bytes |")
    print("|---|---|---|---|---|")
    done = subprocess.run(["taskset", "-c", cpu, PROGRAM, "seal"], stdout=subprocess.PIPE, check=True)
    for text in done.stdout.decode().splitlines():
        line = json.loads(text)
        print(f"| {line['bytes']} | {line['sodium_ns']:.0f} | {line['cipher']:.2f} | {line['session']:.2f} "
              f"| {line['session_padded']:.2f} ({line['padded_bytes']}) |")
    print()


def quick(options):
    """That everything runs says nothing about speed."""
    global PROGRAM, ARRIVALS
    PROGRAM = f"{ROOT}/.build/debug/termtalk-bench"
    options.rounds, options.secs, options.ns, options.size = 1, 0.2, "4", SIZE
    options.idle, options.bound, options.keep_size = 15, 8, 1 << 20
    options.only, ARRIVALS = "seal,idle,setup,fanout1,fanoutw,latency,bulk,away,bound,arrivals", ((5, 1),)
    if not options.no_build:
        subprocess.run(["swift", "build", "--product", "termtalk-bench"], cwd=ROOT, check=True, stdout=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=0.9)
    parser.add_argument("--ns", default="10,100,1000")
    parser.add_argument("--only", default="seal,idle,setup,fanout1,fanoutw")
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--idle", type=int, default=IDLE_MEMBERS)
    parser.add_argument("--bound", type=int, default=BOUND_MEMBERS)
    parser.add_argument("--keep-size", type=int, default=KEEP_SIZE)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out")
    parser.add_argument("--no-build", action="store_true")
    options = parser.parse_args()
    if options.quick:
        quick(options)
    options.ns = [int(n) for n in options.ns.split(",")]
    options.only = options.only.split(",")
    if options.quick:
        harness = Alone
    elif not os.path.exists(f"{HARNESS}/servers.py"):
        sys.exit(f"no harness at {HARNESS}: set TERMTALK_BENCH")
    else:
        if not options.no_build:
            build()
        import servers as harness
    begin = time.time()
    if "seal" in options.only:
        seal(harness.SRV_CPU)
    run = Run(harness, options)
    try:
        run.run()
    except KeyboardInterrupt:
        print("interrupted: the tables have what was measured", file=sys.stderr)
    if run.results:
        run.report()
    if options.quick and run.failed:
        sys.exit(f"failed: {run.failed}")
    print(f"{time.time() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
