"""Records the picture of the README: a room of three, and another one in a second window, in tmux, with the
real program, as SVG.

    make picture        # python3 docs/make-screen.py .build/debug/termtalk >docs/screen.svg
"""

import html
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata

WIDTH, HEIGHT = 96, 20
CELL, LINE = 8.4, 18
PROGRAM = os.path.abspath(sys.argv[1])
PALETTE = ["#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5"]
GROUND, INK = "#1b1f24", "#d5dae0"


def environment(home):
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"HOME": home, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}


class Member:
    """A member that a script plays, over the machine interface."""

    def __init__(self, arguments, nick, home):
        self.process = subprocess.Popen(
            [PROGRAM, *arguments, "--json", "--nick", nick], env=environment(home), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.invite = self.wait("ready" if arguments[0] == "host" else "joined-room").get("invite")

    def wait(self, event, text=None):
        for line in self.process.stdout:
            seen = json.loads(line)
            if seen["event"] == event and text in (None, seen.get("text")):
                return seen
        sys.exit("make-screen: a member has ended")

    def say(self, text, to=None):
        self.process.stdin.write(json.dumps({"send": text} | ({"to": to} if to else {})) + "\n")
        self.process.stdin.flush()
        self.wait("delivered")

    def command(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()


class Terminal:
    def __init__(self, home):
        self.socket, self.environment = f"{home}/tmux", environment(home)
        self.tmux("new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT), PROGRAM, "host", "--direct",
                  "127.0.0.1:0", "--ttl", "2h", "--nick", "ada")

    def tmux(self, *arguments):
        command = ["tmux", "-S", self.socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def rows(self, *options):
        return self.tmux("capture-pane", "-p", *options).split("\n")[:HEIGHT]

    def wait(self, text):
        for _ in range(600):
            rows = self.rows("-J")
            if any(text in row for row in rows):
                return rows
            time.sleep(0.1)
        sys.exit(f"make-screen: the screen does not show {text!r}")

    def press(self, key):
        self.tmux("send-keys", key)

    def write(self, text):
        self.tmux("send-keys", "-l", "--", text)


def colour(number):
    if number < 16:
        return PALETTE[number % 8]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    levels = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#" + "".join(f"{levels[part]:02x}" for part in (number // 36, number // 6 % 6, number % 6))


def styled(style, code):
    """The style (colour, bold, reversed) after a sequence that sets colours and the like."""
    ink, bold, reverse = style
    numbers = [int(part or 0) for part in code.replace(":", ";").split(";")]
    while numbers:
        number = numbers.pop(0)
        if number == 0:
            ink, bold, reverse = INK, False, False
        elif number in (1, 22):
            bold = number == 1
        elif number in (7, 27):
            reverse = number == 7
        elif 30 <= number <= 37:
            ink = PALETTE[number - 30]
        elif number == 38 and numbers[:1] == [5]:
            ink, numbers = colour(numbers[1]), numbers[2:]
        elif number == 39:
            ink = INK
    return ink, bold, reverse


def picture(rows):
    width, height = WIDTH * CELL + 24, HEIGHT * LINE + 24
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
          'font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="14">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>')
    style = (INK, False, False)
    for index, row in enumerate(rows):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;:]*m)", row):
            if part.startswith("\x1b["):
                style = styled(style, part[2:-1])
                continue
            part = re.sub(r"\x1b.|[\x00-\x1f]", "", part)
            if not part:
                continue
            cells = sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
                        for c in part)
            ink, bold, reverse = style
            x, y, length = 12 + column * CELL, 12 + index * LINE, cells * CELL
            if reverse:
                print(f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="{LINE}" fill="{ink}"/>')
                ink = GROUND
            if part.strip():
                weight = ' font-weight="bold"' if bold else ""
                print(f'<text x="{x:.1f}" y="{y + 14}" textLength="{length:.1f}" fill="{ink}"{weight} '
                      f'xml:space="preserve">{html.escape(part)}</text>')
            column += cells
    print("</svg>")


with tempfile.TemporaryDirectory(prefix="tt-") as home:
    terminal = Terminal(home)
    members = []
    try:
        terminal.wait("/help lists")
        terminal.press("F2")
        invite = next(row for row in terminal.wait("Enter goes back") if row.startswith("termtalk://"))
        terminal.press("Enter")
        terminal.write("/clear")
        terminal.press("Enter")
        dora = Member(["host", "--direct", "127.0.0.1:0"], "dora", home)
        terminal.write(f"/join {dora.invite} --nick guest")
        terminal.press("Enter")
        dora.wait("member-joined")
        terminal.wait("1 ada  [2 dora]")
        terminal.press("M-1")
        terminal.wait("[1 ada]  2 dora")
        terminal.write("/topic release on Monday")
        terminal.press("Enter")
        terminal.wait("topic: release")
        bob, chi = members = [Member(["join", invite], nick, home) for nick in ("bob", "chi")]
        bob.say("hello ada, nice screen")
        terminal.wait("nice screen")
        terminal.write("welcome! 你好 chi")
        terminal.press("Enter")
        terminal.wait("welcome!")
        chi.command("/me waves")
        chi.wait("delivered")
        bob.say("shall we tell them about the release?", to="ada")
        terminal.wait("about the release")
        terminal.write("the agenda:")
        terminal.press("Enter")
        chi.say("ada: I have it here, shall I paste it? It is a little longer than one line of this terminal")
        terminal.wait("shall I paste")
        dora.say("is anybody here?")
        dora.say("guest: the room closes at nine")
        terminal.wait("[1 ada]  2 dora:2!")
        terminal.write("bob: y")
        terminal.wait("✓✓ <ada> the agenda:")
        terminal.wait("bob: y")
        picture(terminal.rows("-e", "-N"))
        dora.command("/quit")
        dora.process.wait(30)
    finally:
        subprocess.run(["tmux", "-S", terminal.socket, "kill-server"], capture_output=True, check=False)
        # Their homes go only when they have ended, with the room.
        for member in members:
            member.process.wait(60)
