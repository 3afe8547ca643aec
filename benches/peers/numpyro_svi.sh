#!/usr/bin/env bash
# Compares minibatch variational inference on half a million rows: Pyroxene and NumPyro, in turn, in one run (JSON lines on
# stdout).
# Usage: numpyro_svi.sh [ENVIRONMENT_DIRECTORY] [STEPS]
# The directory defaults to target/peers-venv; PYTHON names the interpreter that makes it.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$here/environment.sh"
make_environment "${1:-$here/../../target/peers-venv}"
steps=${2:-5000}
cd "$here/../.."
cargo build --quiet --release -p pyroxene-inference --example minibatch
for round in 1 2; do
    target/release/examples/minibatch "$steps"
    "$python" "$here/numpyro_svi.py" "$steps"
done
