#!/usr/bin/env python3
"""Builds the fuzz targets with libFuzzer and runs them; prints a table of what each did.

    fuzz.py [--seconds 900] [--jobs 2] [--address] [--program FILE] [TARGET ...]

Each target starts from Tests/Fuzz/Corpus/TARGET and from what earlier runs have found in .fuzz/corpus/TARGET. What ends a
run is a finding, and is kept in .fuzz/findings: repair the cause, and put the input into Tests/Fuzz/Corpus/TARGET, where
the tests replay it. The exit status is 1 when there was a finding. With --address everything is built with AddressSanitizer too.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = f"{ROOT}/.fuzz"
# A single input that takes so long, or so much memory, is a finding.
SECONDS_PER_INPUT = 25
MEGABYTES = 2048


def build(has_address):
    """Returns the program. libFuzzer's own main is left out: the program has one, which chooses the target. gold cannot link the archive."""
    info = json.loads(subprocess.run(["swift", "-print-target-info"], stdout=subprocess.PIPE, check=True).stdout)
    library = f"{info['paths']['runtimeResourcePath']}/clang/lib/linux/libclang_rt.fuzzer_no_main-x86_64.a"
    if os.uname().machine != "x86_64":
        library = library.replace("x86_64", os.uname().machine)
    scratch = f"{ROOT}/.build-fuzz" + ("-address" if has_address else "")
    subprocess.run(
        ["swift", "build", "-c", "release", "--scratch-path", scratch, "--product", "termtalk-fuzz",
         *(["--sanitize", "address"] if has_address else []),
         "-Xswiftc", "-enable-testing", "-Xswiftc", "-sanitize=fuzzer", "-Xswiftc", "-use-ld=lld", "-Xlinker", library],
        cwd=ROOT, check=True, env={**os.environ, "TERMTALK_FUZZ": "1"}, stdout=sys.stderr)
    return f"{scratch}/release/termtalk-fuzz"


def targets(program):
    listed = subprocess.run([program, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return dict(line.split() for line in listed.splitlines())


def fuzz(program, target, longest, seconds):
    corpus, findings = f"{WORK}/corpus/{target}", f"{WORK}/findings"
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(findings, exist_ok=True)
    log = f"{WORK}/{target}.log"
    begin = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen(
            ["nice", "-n", "19", program, corpus, f"{ROOT}/Tests/Fuzz/Corpus/{target}", f"-max_len={longest}",
             f"-max_total_time={seconds}", f"-timeout={SECONDS_PER_INPUT}", f"-rss_limit_mb={MEGABYTES}",
             f"-artifact_prefix={findings}/{target}-", "-print_final_stats=1", "-use_value_profile=0"],
            cwd=WORK, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, "TERMTALK_FUZZ_TARGET": target, "SWIFT_BACKTRACE": "enable=no"})
        _, status, usage = os.wait4(process.pid, 0)
    text = open(log, errors="replace").read()
    covered = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", text) or [("0", "0", "0")]
    runs = re.findall(r"stat::number_of_executed_units: (\d+)", text) or re.findall(r"^#(\d+)", text, re.M) or ["0"]
    return {
        "target": target, "seconds": round(time.monotonic() - begin), "cpu": round(usage.ru_utime + usage.ru_stime),
        "executions": int(runs[-1]), "coverage": int(covered[-1][0]), "features": int(covered[-1][1]),
        "corpus": int(covered[-1][2]), "finding": status != 0,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=900)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--address", action="store_true", help="with AddressSanitizer")
    parser.add_argument("--program", help="one that was built before")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    program = os.path.abspath(options.program or build(options.address))
    known = targets(program)
    unknown = set(options.targets) - set(known)
    if unknown:
        sys.exit(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    results = []
    print("| target | seconds | of CPU | executions | edges | features | corpus | finding |\n|---|---|---|---|---|---|---|---|")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(fuzz, program, name, known[name], options.seconds) for name in options.targets or known]
        for done in concurrent.futures.as_completed(waiting):
            result = done.result()
            results.append(result)
            with open(f"{WORK}/results.jsonl", "a") as file:
                file.write(json.dumps(result) + "\n")
            cells = [result[key] for key in ("target", "seconds", "cpu", "executions", "coverage", "features", "corpus")]
            print("|", " | ".join(map(str, cells)), "|", "**yes**" if result["finding"] else "none", "|", flush=True)
    if any(result["finding"] for result in results):
        found = "\n".join(sorted(glob.glob(f"{WORK}/findings/*")))
        sys.exit(f"findings:\n{found}")


if __name__ == "__main__":
    main()
