#!/usr/bin/env python3
"""Counts what makes the sources hard to read, for the work tree or for commits, side by side.

    Benchmarks/house.py [COMMIT...]     default: the work tree; "." names it among commits

A type's lines and stored properties are those of its declaration and all its extensions; of an enum, the ones of its cases do
not count. It reads the text, without a compiler: what a macro or a conditional makes is not seen.
"""
import collections
import io
import re
import subprocess
import sys
import tarfile

TYPES_SHOWN = 10
SIGNATURES_SHOWN = 6
NAMED = ["MemberNode", "HostNode", "RoomHost", "RoomGuest", "HostConnection", "MemberClient", "Room", "TorController", "ChatSession"]

TYPE = re.compile(r"\b(struct|class|enum|actor|extension|protocol)\s+([A-Z][\w.]*)")
MODIFIERS = r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*((?:(?:package|public|private|fileprivate|internal|unowned|weak|lazy|final|nonisolated|override|static|class|private\(set\)|internal\(set\)|unowned\(unsafe\)|nonisolated\(unsafe\)|unsafe)\s+)*)"
PROPERTY = re.compile(MODIFIERS + r"(let|var)\s+(\w+)\b(.*)$")
SIGNATURE = re.compile(r"\b(?:func\s+([\w`]+|[^\s\w(]+)|(init)\??)\s*(?:<[^>]*>)?\(")


def bare(source):
    """The source with comments and strings as blanks of the same length."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|#+""".*?"""#+|""".*?"""|#+"[^\n]*?"#+|"(?:\\\((?:[^()\n]|\([^()\n]*\))*\)|\\.|[^"\\\n])*"', re.S)
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)


def is_stored(modifiers, rest):
    """Whether the declaration's text, from behind the name to the end of its line, is that of a stored property."""
    if re.search(r"\b(static|class)\b", modifiers):
        return False
    brace = rest.find("{")
    equals = re.search(r"(?<![=!<>])=(?!=)", rest)
    if brace < 0 or (equals and equals.start() < brace):
        return True
    return bool(re.search(r"\b(didSet|willSet)\b", rest))


def arguments(text, start):
    """How many parameters stand between the parentheses of which the first is at `start`."""
    depth, commas, filled = 0, 0, False
    for at in range(start, len(text)):
        letter = text[at]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if depth == 0:
                return commas + 1 if filled else 0
        elif depth == 1 and letter == ",":
            commas += 1
        elif not letter.isspace():
            filled = True
    return 0


class House:
    def __init__(self, files):
        self.properties = collections.defaultdict(dict)
        self.lines = collections.Counter()
        self.homes = collections.defaultdict(set)
        self.folders = collections.Counter()
        self.signatures = []
        self.long_files = 0
        self.total = 0
        for path, source in sorted(files.items()):
            self.folders[path.rsplit("/", 1)[0]] += 1
            self.read(path, source)

    def read(self, path, source):
        text = bare(source)
        count = source.count("\n")
        self.total += count
        self.long_files += count > 400
        target = path.split("/")[1]
        # (qualified name, depth of its body, first line)
        open_types, depth, pending = [], 0, None
        lines = text.split("\n")
        for number, line in enumerate(lines):
            found = TYPE.search(line)
            if found and not re.search(r"\b(?:import|func|case)\b[^{]*$", line[: found.start()]):
                pending = (found.group(1), found.group(2))
            inside = open_types[-1] if open_types else None
            if inside and depth == inside[1] and not pending:
                declared = PROPERTY.match(line)
                if declared:
                    rest = declared.group(4)
                    if "{" in rest and "didSet" not in rest and number + 1 < len(lines):
                        rest += lines[number + 1]
                    if is_stored(declared.group(1), rest):
                        kind = rest.split("{")[0]
                        self.properties[inside[0]][declared.group(3)] = kind.strip()
            for letter in line:
                if letter == "{":
                    if pending:
                        outer = open_types[-1][0] if open_types else target
                        name = f"{outer}.{pending[1]}"
                        if pending[0] == "extension":
                            name = f"{target}.{pending[1]}"
                        open_types.append((name, depth + 1, number))
                        pending = None
                    depth += 1
                elif letter == "}":
                    depth -= 1
                    if open_types and depth < open_types[-1][1]:
                        name, _, first = open_types.pop()
                        self.lines[name] += number - first + 1
                        self.homes[name].add(path)
        for found in SIGNATURE.finditer(text):
            name = found.group(1) or found.group(2)
            self.signatures.append((arguments(text, found.end() - 1), f"{path.split('/')[-1]} {name}"))

    def merged(self):
        """Extensions in other targets count for the type that they extend."""
        stored = {name for name in self.properties if self.properties[name]}
        by_last = collections.defaultdict(list)
        for name in stored:
            by_last[name.split(".", 1)[1]].append(name)
        lines = collections.Counter()
        files = collections.defaultdict(set)
        for name, count in self.lines.items():
            owner = name if name in stored else next(iter(by_last.get(name.split(".", 1)[1], [])), name)
            lines[owner] += count
            files[owner] |= self.homes[name]
        return lines, files


def work_tree():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "Sources"], capture_output=True, text=True, check=True)
    files = {}
    for name in names.stdout.split("\n"):
        if name.endswith(".swift"):
            try:
                files[name] = open(name, encoding="utf-8").read()
            except FileNotFoundError:
                pass
    return files


def commit(revision):
    packed = subprocess.run(["git", "archive", revision, "Sources"], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {
            member.name: archive.extractfile(member).read().decode()
            for member in archive
            if member.isfile() and member.name.endswith(".swift")
        }


def report(title, files):
    house = House(files)
    lines, homes = house.merged()
    count = {name: len(stored) for name, stored in house.properties.items()}
    print(f"== {title}: {house.total} lines, {len(files)} files, {house.long_files} of more than 400 lines")

    def row(name):
        kinds = house.properties[name].values()
        bools = sum(bool(re.search(r":\s*Bool\b|=\s*(true|false)\b", kind)) for kind in kinds)
        optionals = sum(bool(re.search(r"\?\s*(=|$)", kind)) for kind in kinds)
        print(
            f"  {name:<44} {count[name]:>3} stored ({bools} Bool, {optionals} optional)"
            f" {lines[name]:>5} lines {len(homes[name]):>2} files")

    biggest = sorted(count, key=lambda name: (-count[name], name))[:TYPES_SHOWN]
    print("-- most stored properties")
    for name in biggest:
        row(name)
    print("-- most lines")
    for name in sorted(count, key=lambda name: (-lines[name], name))[:TYPES_SHOWN]:
        row(name)
    print("-- by name")
    for wanted in NAMED:
        for name in sorted(count):
            if name.split(".", 1)[1] == wanted and name not in biggest:
                row(name)
    shown = ", ".join(f"{name[8:]} {number}" for name, number in house.folders.most_common(8))
    print(f"-- files a folder: {shown}")
    longest = sorted(house.signatures, key=lambda each: (-each[0], each[1]))[:SIGNATURES_SHOWN]
    print("-- parameters: " + ", ".join(f"{name} {number}" for number, name in longest))
    closures = [
        f"{owner}.{name}" for owner, stored in house.properties.items() for name, kind in stored.items()
        if re.match(r"on[A-Z]", name) and "->" in kind]
    print(f"-- closures on…: {len(closures)}")


for name in sys.argv[1:] or ["."]:
    report("work tree" if name == "." else name, work_tree() if name == "." else commit(name))
