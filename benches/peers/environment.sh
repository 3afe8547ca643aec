# Sourced by the peer scripts: a virtual environment with JAX and NumPyro.
# make_environment DIRECTORY sets $python; an environment that is there is used as it is.

make_environment() {
    local directory=$1
    python="$directory/bin/python"
    if ! "$python" -c 'import jax, numpyro' 2>/dev/null; then
        echo "peers: installing jax and numpyro into $directory (several hundred MB)" >&2
        "${PYTHON:-python3}" -m venv "$directory"
        "$directory/bin/pip" install --quiet --disable-pip-version-check jax numpyro >&2
    fi
}
