#!/bin/sh
# Shows that docs/protocol.md suffices: a member that follows it takes a host through the whole protocol.
#
#   run.sh [TERMTALK]      default: .build/debug/termtalk
#   run.sh --check         only tells, by its exit status, whether it can run
#
# Exit status: 0 all is well, 1 something failed, 77 skipped, because the Python packages are missing
# (Tests/NoiseTests/Interop/install.sh puts them into .build/interop-venv).
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${TERMTALK_PYTHON:-$root/.build/interop-venv/bin/python}
termtalk=${1:-$root/.build/debug/termtalk}
if ! "$python" -c 'import cryptography, noise.connection' 2>/dev/null; then
    echo "SKIPPED Tests/ProtocolPeer: no Python with noiseprotocol; run Tests/NoiseTests/Interop/install.sh" >&2
    exit 77
fi
[ "$1" = --check ] && exit 0
if ! [ -x "$termtalk" ]; then
    echo "Tests/ProtocolPeer: there is no $termtalk; build it first" >&2
    exit 1
fi
export PYTHONDONTWRITEBYTECODE=1
"$python" "$here/mls_vectors.py" "${TERMTALK_VECTORS:-$root/../shared/vectors}" || exit 1
exec "$python" "$here/scenario.py" "$termtalk" "$root/docs/protocol.md" "$root/Sources/Room/Checks/WordList.swift"
