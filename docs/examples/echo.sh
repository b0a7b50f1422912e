#!/bin/sh
# Says again what others say: echo.sh INVITE-FILE. Needs jq. Ends with the room, or with ^C.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkfifo "$dir/input"
# Open for reading and writing, so that the input has no end before the room has.
exec 3<>"$dir/input"
"${TERMTALK:-termtalk}" join --invite-file "$1" --nick echo --json <"$dir/input" |
    jq --unbuffered -c 'select(.event == "message" and (.self | not) and .kind == "text") | {send: "heard: \(.text)"}' >&3
