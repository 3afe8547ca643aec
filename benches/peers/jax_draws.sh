#!/usr/bin/env bash
# Times draws through JAX, for comparison with the example draw_cost of pyroxene-frontend.
# Usage: jax_draws.sh [ENVIRONMENT_DIRECTORY] [arguments of jax_draws.py]
# The directory defaults to target/peers-venv; PYTHON names the interpreter that makes it.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$here/environment.sh"
directory="$here/../../target/peers-venv"
if [[ $# -gt 0 && $1 != -* ]]; then
    directory=$1
    shift
fi
make_environment "$directory"
exec "$python" "$here/jax_draws.py" "$@"
