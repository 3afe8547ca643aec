#!/usr/bin/env bash
# Times NumPyro's Predictive beside ours on the same models, data, draws and key; writes a table.
# Usage: numpyro_predictive.sh [ENVIRONMENT_DIRECTORY] [arguments of numpyro_predictive.py]
# The directory defaults to target/peers-venv; PYTHON names the interpreter that makes it.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
run_peer numpyro_predictive.py "$@"
