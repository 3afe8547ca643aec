#!/usr/bin/env bash
# Times NumPyro's Predictive beside ours on the same models, data, draws and key; writes a table.
# Usage: numpyro_predictive.sh [ENVIRONMENT_DIRECTORY] [arguments of numpyro_predictive.py]
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
exec "$python" "$here/numpyro_predictive.py" "$@"
