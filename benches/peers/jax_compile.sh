#!/usr/bin/env bash
# Compares the time from a model function to an executable of its value and gradient: Pyroxene and JAX, in turn, in one
# run. Prints a table; ratios are of the shortest times.
# Usage: jax_compile.sh [ENVIRONMENT_DIRECTORY]
# The directory defaults to target/peers-venv; PYTHON names the interpreter that makes it.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$here/environment.sh"
make_environment "${1:-$here/../../target/peers-venv}"
cd "$here/../.."
cargo build --quiet --release --bench compile
bench=$(cargo build --quiet --release --bench compile --message-format=json |
    "$python" -c 'import json, sys
for line in sys.stdin:
    built = json.loads(line)
    if built.get("target", {}).get("name") == "compile" and built.get("executable"):
        print(built["executable"])')
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for round in 1 2 3; do
    "$bench" --rounds 5 >"$results/pyroxene.$round"
    "$python" "$here/jax_compile.py" --rounds 5 >"$results/jax.$round"
done
"$python" "$here/jax_compile.py" --table "$results"
