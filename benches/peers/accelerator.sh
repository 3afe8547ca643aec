#!/usr/bin/env bash
# Compares Pyroxene and NumPyro on a CUDA device, in turn: one JSON line a run, and a table.
# Usage: accelerator.sh [BINARY] [OPTIONS of accelerator.py...]
# PYTHON names an interpreter with NumPyro and jax[cuda12] or jax[cuda13], whose plugin both use; BINARY is the bench `peers`,
# built here if it is not given.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
binary=${1:-}
if [[ -z $binary || $binary == -* ]]; then
    cd "$here/../.."
    binary=$(cargo bench --bench peers --no-run --message-format=json 2>/dev/null |
        sed -n 's/.*"executable":"\([^"]*peers-[^"]*\)".*/\1/p' | tail -1)
else
    shift
fi
exec "${PYTHON:-python3}" "$here/accelerator.py" "$binary" "$@"
