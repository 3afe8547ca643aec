#!/usr/bin/env bash
# Times one value and gradient through JAX, for comparison with benches/ (JSON on stdout).
# Usage: jax_dispatch.sh [ENVIRONMENT_DIRECTORY] [arguments of jax_dispatch.py]
# The directory defaults to target/peers-venv; PYTHON names the interpreter that makes it.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
run_peer jax_dispatch.py "$@"
