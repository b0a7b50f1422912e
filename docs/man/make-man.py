"""Makes the manual page: commands and options from the program itself, the machine interface from json.md, the rest from
termtalk.1.in.

    termtalk room-commands > room-commands
    termtalk --experimental-dump-help | python3 make-man.py VERSION termtalk.1.in room-commands json.md > termtalk.1
"""

import json
import re
import sys


def escape(text):
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def names(argument):
    found = []
    for name in argument.get("names", []):
        found.append(("--" if name["kind"] == "long" else "-") + name["name"])
    return found


def term(argument):
    value = argument.get("valueName", "")
    if argument["kind"] == "positional":
        return "\\fI" + escape(value) + "\\fR"
    text = ", ".join("\\fB" + escape(name) + "\\fR" for name in names(argument))
    return text + (" \\fI" + escape(value) + "\\fR" if argument["kind"] == "option" else "")


def command(entry, program):
    arguments = [a for a in entry.get("arguments", []) if a.get("shouldDisplay", True)]
    positional = " ".join("\\fI" + escape(a["valueName"]) + "\\fR" for a in arguments if a["kind"] == "positional")
    yield ".SS " + program + " " + entry["commandName"]
    yield "\\fB" + program + " " + entry["commandName"] + "\\fR " + positional + " [\\fIoptions\\fR]"
    yield ".PP"
    yield escape(entry.get("abstract", ""))
    for paragraph in entry.get("discussion", "").split("\n"):
        if paragraph.strip():
            yield escape(paragraph.strip())
    for argument in arguments:
        if "--help" in names(argument) or "--version" in names(argument):
            continue
        yield ".TP"
        yield term(argument)
        yield escape(argument.get("abstract", ""))
        if argument.get("discussion"):
            yield escape(argument["discussion"].strip())


def room_commands(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            yield ".TP"
            yield "\\fB" + escape(entry["name"]) + "\\fR \\fI" + escape(entry["arguments"]) + "\\fR"
            yield escape(entry["help"]) + (" (moderators)" if entry["audience"] == "moderators" else "")


def inline(text):
    text = escape(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text))
    return re.sub(r"`([^`]*)`", lambda match: "\\fB" + match.group(1) + "\\fR", text)


def markdown(path):
    """Headings, paragraphs, lists and tables of two columns."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")[1:]
    for line in lines:
        row = re.fullmatch(r"\| (.*?) \| (.*) \|", line)
        if line.startswith("## "):
            yield ".SS " + inline(line[3:])
        elif row:
            if row.group(1) not in ("event", "line", "status"):
                yield from (".TP", inline(row.group(1)), inline(row.group(2)))
        elif line.startswith("- "):
            yield from (".IP \\(bu 2", inline(line[2:]))
        elif not line.strip():
            yield ".PP"
        elif not line.startswith("|--"):
            yield inline(line.strip())


def main():
    version, template, in_room, interface = sys.argv[1:5]
    root = json.load(sys.stdin)["command"]
    hidden = ("help", "room-commands")
    commands = [entry for entry in root["subcommands"] if entry["commandName"] not in hidden]
    text = "\n".join(line for entry in commands for line in command(entry, root["commandName"]))
    with open(template, encoding="utf-8") as file:
        page = file.read()
    page = page.replace("@VERSION@", version).replace("@COMMANDS@", text)
    page = page.replace("@ROOM_COMMANDS@", "\n".join(room_commands(in_room)))
    print(page.replace("@INTERFACE@", "\n".join(markdown(interface))), end="")


main()
