#!/bin/sh
# Fetches onion-grater, the control port filter of Whonix and Tails, into .build/interop of the package. Without a network its
# test is skipped; so this never fails.
commit=acbcce6724418dff270e3aabe95b72cfbfe1573d
folder=$(cd "$(dirname "$0")/../../.." && pwd)/.build/interop
[ -f "$folder/onion-grater" ] && exit 0
mkdir -p "$folder" && source=$(mktemp -d) || exit 0
trap 'rm -rf "$source"' EXIT
git init -q "$source" &&
    GIT_TERMINAL_PROMPT=0 timeout 60 git -C "$source" fetch -q --depth 1 https://github.com/Whonix/onion-grater "$commit" &&
    git -C "$source" show "$commit:usr/lib/onion-grater" >"$folder/onion-grater.part" &&
    mv "$folder/onion-grater.part" "$folder/onion-grater" && exit 0
echo "onion-grater could not be fetched: the test with it will be skipped" >&2
exit 0
