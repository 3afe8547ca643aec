#!/usr/bin/env bash
# Times draws through JAX, for comparison with the example draw_cost of pyroxene-frontend.
# Usage: jax_draws.sh [ENVIRONMENT_DIRECTORY] [arguments of jax_draws.py]
# The directory defaults to target/peers-venv; PYTHON names the interpreter that makes it.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
run_peer jax_draws.py "$@"
