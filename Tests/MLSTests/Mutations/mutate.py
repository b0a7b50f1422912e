#!/usr/bin/env python3
"""Breaks rules of RFC 9420 on purpose, one at a time, and says which tests of MLSTests turn red.

    mutate.py [--prepared] SCRATCH_FOLDER [NAME...]

In a copy of the sources that MLS needs, every mutation of `mutations.py` is compiled in behind its name; the tests then
run once for each. With `--prepared` a copy made before is taken as it is. docs/mls-mutations.md is the result.
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from mutations import MUTATIONS

ROOT = Path(__file__).resolve().parents[3]
VECTORS = Path(os.environ.get("TERMTALK_VECTORS") or ROOT.parent / "shared/vectors")
PACKAGE = """// swift-tools-version: 6.2
import PackageDescription
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}
let package = Package(
    name: "mutations",
    dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")],
    targets: [
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium"),
        library("Locking"), library("Sodium", ["CSodium", "Locking"]), library("Wire"),
        library("Noise", ["Sodium", "Wire"]), library("CPace", ["Sodium"]),
        library("SecureSession", ["CPace", "Noise", "Sodium", "Wire"]),
        library("Chat", ["Sodium"]), library("SharedLog", ["Sodium", "Wire"]),
        library("Room", ["Chat", .product(name: "DequeModule", package: "swift-collections"), "Sodium", "Wire"]),
        library("MLS", ["Locking", "Sodium", "Wire"]),
        library("SecureGroup", ["Chat", "MLS", "Room", "Sodium", "Wire"]),
        .target(
            name: "TestSupport",
            dependencies: ["Chat", "Room", "SecureGroup", "SecureSession", "SharedLog", "Sodium", "Wire"],
            path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "MLSTests", dependencies: ["MLS", "Sodium", "TestSupport", "Wire"],
            exclude: ["Interop", "Mutations"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6])
"""
SWITCH = """import Foundation
private let chosen = ProcessInfo.processInfo.environment["MUTATION"] ?? ""
func isMutant(_ name: String) -> Bool { chosen == name }
"""


def prepare(scratch):
    scratch.mkdir(parents=True, exist_ok=True)
    for folder in ["Locking", "CSodium", "Sodium", "Wire", "Noise", "CPace", "SecureSession", "Chat", "SharedLog", "Room",
                   "MLS", "SecureGroup"]:
        shutil.copytree(ROOT / "Sources" / folder, scratch / "Sources" / folder)
    for folder in ["TestSupport", "MLSTests"]:
        shutil.copytree(ROOT / "Tests" / folder, scratch / "Tests" / folder)
    (scratch / "Package.swift").write_text(PACKAGE)
    shutil.copy(ROOT / "Package.resolved", scratch)
    for target in ["MLS", "Wire"]:
        (scratch / "Sources" / target / "Switch.swift").write_text(SWITCH)
    for name, _, file, old, new in MUTATIONS:
        if file is None:
            continue
        path = scratch / "Sources" / file
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"{name}: {text.count(old)} places in {file}, must be one")
        path.write_text(text.replace(old, new.replace("MUTANT", f'isMutant("{name}")')))


def swift(scratch, *arguments, mutation=""):
    environment = {**os.environ, "MUTATION": mutation, "TERMTALK_VECTORS": str(VECTORS)}
    command = ["swift", *arguments, "-c", "release", "-Xswiftc", "-enable-testing"]
    return subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, timeout=1200)


def red_tests(scratch, mutation):
    """The tests that fail; `crash` when the process ended in the middle."""
    report = scratch / "report-swift-testing.xml"
    report.unlink(missing_ok=True)
    run = swift(
        scratch, "test", "--skip-build", "--skip", "MLSRSTests|OpenMLSTests", "--xunit-output", "report.xml",
        mutation=mutation)
    if not report.exists():
        return ["crash"]
    cases = ElementTree.parse(report).iter("testcase")
    red = {f"{case.get('classname')}.{case.get('name')}" for case in cases if case.find("failure") is not None}
    if bool(red) != bool(run.returncode):
        sys.exit(run.stdout + run.stderr)
    return sorted(re.sub(r"^MLSTests\.|\(.*", "", name) for name in red)


def main():
    if not VECTORS.is_dir():
        sys.exit("no test vectors: set TERMTALK_VECTORS to the folder that holds them")
    arguments = sys.argv[1:]
    is_prepared = "--prepared" in arguments
    scratch, *names = [argument for argument in arguments if argument != "--prepared"]
    scratch = Path(scratch)
    if not is_prepared:
        for folder in ["Sources", "Tests"]:
            shutil.rmtree(scratch / folder, ignore_errors=True)
        prepare(scratch)
    build = swift(scratch, "build", "--build-tests")
    if build.returncode:
        sys.exit(build.stdout + build.stderr)
    if baseline := red_tests(scratch, ""):
        sys.exit(f"red without any mutation: {baseline}")
    for name in names or [mutation[0] for mutation in MUTATIONS]:
        print(name, "-", ", ".join(red_tests(scratch, name)) or "NOTHING", flush=True)


main()
