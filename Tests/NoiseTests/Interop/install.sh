#!/bin/sh
# Installs the independent Noise that NoiseTests talk to, into .build/interop-venv of the package.
# Without it, or without a network, those tests are skipped; so this never fails.
here=$(cd "$(dirname "$0")" && pwd)
venv=$(cd "$(dirname "$0")/../../.." && pwd)/.build/interop-venv
"$venv/bin/python" -c 'import noise.connection' 2>/dev/null && exit 0
python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: -r "$here/requirements.txt" && exit 0
echo "noiseprotocol could not be installed from PyPI: the interoperability tests of Noise will be skipped" >&2
exit 0
