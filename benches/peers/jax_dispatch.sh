#!/usr/bin/env bash
# Times one value and gradient through JAX, for comparison with benches/ (JSON on stdout).
# Usage: jax_dispatch.sh [ENVIRONMENT_DIRECTORY] [arguments of jax_dispatch.py]
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
exec "$python" "$here/jax_dispatch.py" "$@"
