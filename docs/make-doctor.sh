#!/bin/sh
# Writes docs/doctor.md from real runs of `termtalk doctor`, whole and in each broken state. As root, for another user, a
# full disk and a wrong clock; needs faketime and the private Tor network, nothing of which leaves this machine:
#   .build/debug/tor-network --exec sh docs/make-doctor.sh .build/debug/termtalk >docs/doctor.md
set -eu
program=$(realpath "$1")
: "${TERMTALK_TOR_INCLUDE:?run it with tor-network --exec}"
include=$TERMTALK_TOR_INCLUDE
unset TERMTALK_TOR_INCLUDE
work=$(mktemp -d /tmp/doctor.XXXXXX)
stalled=""
trap 'test -z "$stalled" || kill "$stalled"; rm -rf "$work"' EXIT
export HOME="$work/home" LC_ALL=C.UTF-8 TERM=xterm-256color
unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR
mkdir -m 700 "$HOME"

# A run: the heading, what was done, the command as shown, then the real one.
show() {
    printf '\n## %s\n\n%s\n\n```console\n$ %s\n' "$1" "$2" "$3"
    shift 3
    status=0
    "$@" 2>&1 </dev/null | sed "s#$work#…#g; s#/tmp/[A-Za-z0-9._/-]*/control#…/control#g" || true
    # The pipe hides it, and a second run is cheap.
    "$@" >/dev/null 2>&1 </dev/null || status=$?
    printf '```\n\nIts exit status is %s.\n' "$status"
}

cat <<'HEAD'
# What `termtalk doctor` says

Real runs, written by [make-doctor.sh](make-doctor.sh) on a machine without a terminal, in the private Tor network of the
tests. The last four runs were made without tor. The codes are explained in [troubleshooting.md](troubleshooting.md).
HEAD

# shellcheck disable=SC2086
{
    show "All is well" "With the system's tor." "termtalk doctor" "$program" doctor $TOR_NETWORK_HOST_FLAGS
    show "With a tor of its own" "No control port was found, so a private child was started." \
        "termtalk doctor --tor managed" env TERMTALK_TOR_INCLUDE="$include" "$program" doctor --tor managed
    show "No tor" "tor is not installed." "termtalk doctor" \
        env TERMTALK_TOR=/nonexistent/tor "$program" doctor --tor managed
    show "No permission" "tor runs, but this user may not open its control socket." "termtalk doctor" \
        setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp "$program" doctor --tor system \
        $TOR_NETWORK_HOST_FLAGS

    mkdir -m 700 "$work/tor"
    : >"$work/torrc"
    tor -f "$work/torrc" --DisableNetwork 1 --SocksPort 0 --DataDirectory "$work/tor/data" \
        --ControlPort "unix:$work/tor/control" --CookieAuthentication 1 --Log "notice file $work/tor/log" \
        >/dev/null 2>&1 &
    stalled=$!
    until [ -S "$work/tor/control" ] && [ -s "$work/tor/data/control_auth_cookie" ]; do
        kill -0 "$stalled"
        sleep 0.1
    done
    show "tor does not get into its network" "The machine is offline, or tor is blocked; the pause was cut to 3 s." \
        "termtalk doctor" env TERMTALK_TOR_STALL_SECONDS=3 "$program" doctor --tor-control "$work/tor/control"

    show "A wrong clock" "The machine's clock is six hours behind." "termtalk doctor" \
        faketime -m -f -6h "$program" doctor $TOR_NETWORK_HOST_FLAGS
    show "A full disk" "The home directory is on it." "termtalk doctor" \
        unshare -m sh -c 'mount -t tmpfs -o size=16k none "$HOME" && exec "$@"' sh \
        env TERMTALK_TOR=/nonexistent/tor "$program" doctor --tor managed
    show "A home that cannot be written to" "Read-only, or of somebody else." "termtalk doctor" \
        env HOME=/proc/self TERMTALK_TOR=/nonexistent/tor "$program" doctor --tor managed
    printf 'nick = 5\n' >"$work/config.toml"
    show "A configuration that cannot be used" "The file has \`nick = 5\`." "termtalk doctor --config …/config.toml" \
        env TERMTALK_TOR=/nonexistent/tor "$program" doctor --tor managed --config "$work/config.toml"
    printf 'not json' >"$HOME/.termtalk_rooms.json"
    chmod 600 "$HOME/.termtalk_rooms.json"
    show "A damaged registry" "The file of the rooms is not what termtalk wrote." "termtalk doctor" \
        env TERMTALK_TOR=/nonexistent/tor "$program" doctor --tor managed
}
