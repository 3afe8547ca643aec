# Sourced by the peer scripts: a virtual environment with JAX and NumPyro.
# make_environment DIRECTORY sets $python; an environment that is there is used as it is.
# run_peer SCRIPT [DIRECTORY] [ARGUMENTS...] runs a script of this folder in one.

make_environment() {
    local directory=$1
    python="$directory/bin/python"
    if ! "$python" -c 'import jax, numpyro' 2>/dev/null; then
        echo "peers: installing jax and numpyro into $directory (several hundred MB)" >&2
        "${PYTHON:-python3}" -m venv "$directory"
        "$directory/bin/pip" install --quiet --disable-pip-version-check jax numpyro >&2
    fi
}

run_peer() {
    local script=$1 here directory
    shift
    here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
    directory="$here/../../target/peers-venv"
    if [[ $# -gt 0 && $1 != -* ]]; then
        directory=$1
        shift
    fi
    make_environment "$directory"
    exec "$python" "$here/$script" "$@"
}
