#!/usr/bin/env bash
# Times NumPyro's NUTS end to end, for comparison with ours (JSON lines on stdout).
# Usage: numpyro_nuts.sh [ENVIRONMENT_DIRECTORY] [arguments of numpyro_nuts.py]
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
exec "$python" "$here/numpyro_nuts.py" "$@"
