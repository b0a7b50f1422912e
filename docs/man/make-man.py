"""Makes the manual page: the commands and options from the program itself, the rest from termtalk.1.in.

    termtalk --experimental-dump-help | python3 make-man.py VERSION termtalk.1.in > termtalk.1
"""

import json
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


def main():
    version, template = sys.argv[1:3]
    root = json.load(sys.stdin)["command"]
    commands = [entry for entry in root["subcommands"] if entry["commandName"] != "help"]
    text = "\n".join(line for entry in commands for line in command(entry, root["commandName"]))
    with open(template, encoding="utf-8") as file:
        page = file.read()
    print(page.replace("@VERSION@", version).replace("@COMMANDS@", text), end="")


main()
