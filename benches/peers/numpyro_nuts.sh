#!/usr/bin/env bash
# Times NumPyro's NUTS end to end, for comparison with ours (JSON lines on stdout).
# Usage: numpyro_nuts.sh [ENVIRONMENT_DIRECTORY] [arguments of numpyro_nuts.py]
# The directory defaults to target/peers-venv; PYTHON names the interpreter that makes it.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
run_peer numpyro_nuts.py "$@"
