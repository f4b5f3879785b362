#!/usr/bin/env bash
# Make .venv (everything but the AWS server) and .venv-aws (the AWS server) match their locks;
# `local/setup.sh checks` makes .venv-checks as well, which `make check` needs and nothing else.
# Quick when nothing changed; safe to run again after being stopped anywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Where this is set, nothing is byte-compiled and every Airflow process starts seconds later.
unset PYTHONDONTWRITEBYTECODE
# As pip does: a company's own certificate authority is in the system's store.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"

readonly UV_VERSION=0.13.9
readonly LOCKS=(requirements-dev.txt local/aws/requirements.txt)

say() { printf 'setup: %s\n' "$*" >&2; }

works() { # a shim may exist and fail, and Debian's python3 has no ensurepip
    "$1" -c 'import sys, venv, ensurepip, ssl; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
    local name path
    if [[ -n "${LAKEPORT_PYTHON:-}" ]]; then
        works "$LAKEPORT_PYTHON" && command -v "$LAKEPORT_PYTHON" && return
        say "LAKEPORT_PYTHON=$LAKEPORT_PYTHON is not a usable Python 3.11, 3.12 or 3.13 with venv, ensurepip and ssl."
        return 1
    fi
    for name in python3.12 python3.13 python3.11 python3; do
        while read -r path; do
            works "$path" && echo "$path" && return
        done < <(type -ap "$name" || true; compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/*/bin/$name" || true)
    done
    say "no usable Python found: Lakeport needs Python 3.12 (or 3.13 or 3.11) with the modules venv, ensurepip and ssl."
    say "Install it (Debian and Ubuntu: apt install python3.12-venv; macOS: brew install python@3.12),"
    say "or name it: LAKEPORT_PYTHON=/path/to/python3.12 make ..."
    return 1
}

# What the environments were made from: the locks, the tool, the place (scripts hold absolute paths), the interpreter.
stamp() {
    cat "${LOCKS[@]}" | cksum
    echo "uv $UV_VERSION"
    cd .venv 2>/dev/null && pwd -P
    bin/python -V 2>&1
}

is_current() {
    [[ -f .venv/lakeport-stamp && -x .venv/bin/python && -x .venv-aws/bin/python ]] &&
        [[ "$(cat .venv/lakeport-stamp)" == "$(stamp)" ]]
}

# The same for the checks, which are made with .venv's uv and interpreter.
checks_stamp() {
    cksum <checks/requirements.txt
    cat .venv/lakeport-stamp
}

checks_are_current() {
    [[ -f .venv-checks/lakeport-stamp && -x .venv-checks/bin/python ]] &&
        [[ "$(cat .venv-checks/lakeport-stamp)" == "$(checks_stamp)" ]]
}

sync() { # ENVIRONMENT LOCK OPTION...
    local link_mode="hardlink"
    [[ "$(uname)" != Darwin ]] || link_mode="clone"
    UV_LINK_MODE="${UV_LINK_MODE:-$link_mode}" .venv/bin/uv pip sync --quiet --python "$@"
}

refuse_links() {
    local environment
    for environment in "$@"; do
        if [[ -L "$environment" ]]; then
            say "$environment is a link: making it match this checkout would empty the one it points to; remove the link."
            exit 1
        fi
    done
}

make_environments() {
    local python now
    refuse_links .venv .venv-aws
    python="$(find_python)"
    say "using $python ($("$python" -V))"
    rm -f .venv/lakeport-stamp
    # --clear repairs an environment whose interpreter is gone or that was made at another path.
    "$python" -m venv --clear .venv
    "$python" -m venv --clear --without-pip .venv-aws
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    say "installing the AWS server (local/aws/requirements.txt)"
    sync .venv-aws local/aws/requirements.txt --compile-bytecode
    say "installing Airflow, tests and tools (requirements-dev.txt)"
    sync .venv requirements-dev.txt --compile-bytecode
    now="$(stamp)"
    echo "$now" >.venv/lakeport-stamp
    say "done in $SECONDS s"
}

make_checks() {
    refuse_links .venv-checks
    say "installing the checks (checks/requirements.txt)"
    rm -f .venv-checks/lakeport-stamp
    .venv/bin/python -m venv --clear --without-pip .venv-checks
    sync .venv-checks checks/requirements.txt # not compiled: the checks import half of it, and compile that as they run
    checks_stamp >.venv-checks/lakeport-stamp
    say "the checks are there after $SECONDS s"
}

is_current || make_environments
[[ "${1:-}" != checks ]] || checks_are_current || make_checks
