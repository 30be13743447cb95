#!/usr/bin/env bash
# Builds the wheel and the sdist as a release would, installs the wheel where no source lies, and runs it.
# Then the same with the lowest versions that pyproject.toml allows, and with those the tests of what
# they are used for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
python=$root/.venv/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" -m pip --disable-pip-version-check --quiet wheel --no-deps --no-build-isolation --wheel-dir "$scratch" .
"$python" -c 'import sys; from flit_core import buildapi; print("built", buildapi.build_sdist(sys.argv[1]))' "$scratch"

# try_out NAME PIP-ARGUMENTS…: a venv of its own with these packages and the wheel, run from elsewhere
try_out() {
  local venv=$scratch/$1
  shift
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip --disable-pip-version-check --quiet install "$@"
  "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps "$scratch"/*.whl
  mkdir "$venv/elsewhere"
  (
    cd "$venv/elsewhere"
    echo 'raise SystemExit("not this one")' > agent.py  # what lies here is not run
    "$venv/bin/rollcall" --version
    "$venv/bin/rollcall" formats
    "$venv/bin/rollcall" lab --replicas 1 --output galera
  )
}

try_out locked --require-hashes -r requirements/run.txt
lowest=$("$python" - <<'PY'
import re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
needed = project["dependencies"] + project["optional-dependencies"]["test"]
print(*(re.sub(r"\s*>=\s*", "==", line) for line in needed))
PY
)
# shellcheck disable=SC2086  # one word for each package
try_out lowest $lowest
"$scratch/lowest/bin/python" -m pytest -q -p no:cacheprovider tests/core tests/settings tests/formats \
  tests/e2e/test_commands.py
