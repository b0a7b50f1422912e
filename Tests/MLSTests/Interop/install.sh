#!/bin/sh
# Installs the independent MLS that MLSTests talk to, into .build/interop-venv of the package: mls-rs and OpenMLS, as
# others have wrapped them for Python. Without one, or without a network, its tests are skipped; so this never fails.
here=$(cd "$(dirname "$0")" && pwd)
venv=$(cd "$(dirname "$0")/../../.." && pwd)/.build/interop-venv
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv" || exit 0

install() { # module requirements
    "$venv/bin/python" -c "import $1" 2>/dev/null && return
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
        -r "$here/requirements-$2.txt" && return
    echo "$2 could not be installed from PyPI: the interoperability tests with it will be skipped" >&2
}

install mls_rs_uniffi mls-rs
install gbp_stack openmls
exit 0
