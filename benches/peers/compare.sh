#!/usr/bin/env bash
# Compares Pyroxene with Stan (stanli), nutpie, NumPyro and BlackJAX on the same models and data, in turn.
# Writes benches/results/peers.{json,md,svg}; what its columns mean is in benches/README.md.
# Usage: compare.sh [--quick] [--models NAME,...] [--engines NAME,...] [--repeats N] [--minutes N] [--report]
# Environments, data and what is compiled are kept in PYROXENE_PEERS_DIR, by default in the user's cache directory;
# PYTHON names the interpreter.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
exec "${PYTHON:-python3}" "$here/compare/main.py" "$@"
