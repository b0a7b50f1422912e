"""Says again what others say: python3 echo.py INVITE-FILE. Ends with the room, or with ^C."""

import json
import os
import subprocess
import sys

program = os.environ.get("TERMTALK", "termtalk")
room = subprocess.Popen(
    [program, "join", "--invite-file", sys.argv[1], "--nick", "echo", "--json"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

for line in room.stdout:
    event = json.loads(line)
    if event["event"] == "error":
        print(event["message"], event.get("hint") or "", file=sys.stderr)
    if event["event"] == "message" and not event["self"] and event["kind"] == "text":
        # One object a line, and flushed: what waits in a buffer is not said.
        print(json.dumps({"send": "heard: " + event["text"]}), file=room.stdin, flush=True)

sys.exit(room.wait())
