#!/usr/bin/env bash
# Prepares this clone: Python, a virtual environment from the hash-locked requirements, system packages where root.
# Usage: ./setup.sh [run|dev]    run: what `make demo` needs; dev: also what the tests and checks need (default)
# Idempotent: a second call with the same locks does nothing.
set -euo pipefail
cd "$(dirname "$0")"
want=${1:-dev}
case "$want" in run|dev) ;; *) echo "setup.sh: say run or dev, not '$want'" >&2; exit 2 ;; esac
say() { printf 'setup: %s\n' "$*" >&2; }

apt_install() { # packages…: installs as root, otherwise prints the exact line and returns 1
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "apt-get install $*"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2
    else
        say "missing system packages; run:  sudo apt-get install -y $*"
        return 1
    fi
}

usable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; }
find_python() {
    local name
    for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        if [ -n "$name" ] && command -v "$name" >/dev/null && usable "$name"; then command -v "$name"; return; fi
    done
    return 1
}

if ! python=$(find_python); then
    apt_install python3 python3-venv || { say "Python 3.11 to 3.14 with venv is needed; set PYTHON=… to point at one"; exit 1; }
    python=$(find_python) || { say "this system's python3 is not 3.11 to 3.14; set PYTHON=… to point at one"; exit 1; }
fi

missing() { local name; for name in "$@"; do command -v "$name" >/dev/null || return 0; done; return 1; }
if [ "$want" = dev ]; then
    # tshark: the independent dissector of the interop tests. Without it those tests are shown as skipped.
    ! missing tshark || apt_install tshark || say "going on without tshark: its tests will be skipped"
    # pcscd and the virtual reader: our card as third-party programs see it; the compiler and headers are for pyscard.
    ! missing pcscd pcsc_scan opensc-tool swig gcc \
        || apt_install pcscd pcsc-tools opensc vsmartcard-vpcd libpcsclite-dev swig gcc python3-dev \
        || say "going on without PC/SC: its tests will be skipped"
fi

stamp=$(cat requirements/run.txt "requirements/$want.txt" requirements/pcsc.txt pyproject.toml | sha256sum | cut -d' ' -f1)
if [ -f ".venv/.stamp-$want" ] && [ "$(cat ".venv/.stamp-$want")" = "$stamp" ]; then exit 0; fi
[ -x .venv/bin/python ] || { say "virtual environment .venv with $("$python" --version)"; "$python" -m venv .venv; }
say "Python packages (requirements/$want.txt, hash-locked)"
if command -v uv >/dev/null; then
    uv pip install --quiet --python .venv/bin/python --require-hashes -r "requirements/$want.txt"
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$want.txt"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi
if [ "$want" = dev ]; then # built from source: where that does not work, everything but the reader commands does
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pcsc.txt \
        || say "going on without pyscard: \`ykt reader\` will not work and the PC/SC tests will be skipped"
fi
rm -f .venv/.stamp-*
[ "$want" = dev ] && cat requirements/run.txt requirements/run.txt requirements/pcsc.txt pyproject.toml | sha256sum | cut -d' ' -f1 > .venv/.stamp-run
printf '%s\n' "$stamp" > ".venv/.stamp-$want"
say "ready"
