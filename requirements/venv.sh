#!/bin/sh
# Make a virtual environment and install a lock into it: venv.sh PYTHON FOLDER LOCK [OPTION OF pip install ...]
set -eu
python=$1 folder=$2 lock=$3
shift 3

say() { echo "$0: $*" >&2; }

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "Python 3.11 or newer is needed, $python is $("$python" --version 2>&1 || echo missing)." \
        "Name another one: make PYTHON=python3.12"
    exit 1
fi

# Debian ships venv without the pip that it puts into an environment.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    else
        say "$python cannot make virtual environments. Install $package: sudo apt-get install $package"
        exit 1
    fi
fi

# A folder that was copied here or whose Python is gone cannot be mended.
if ! "$folder/bin/python" -c "import sys, os; sys.exit(not os.path.samefile(sys.prefix, '$folder'))" 2>/dev/null; then
    rm -rf "$folder"
    "$python" -m venv "$folder"
fi
echo "installing $lock into $folder, this may take some minutes" >&2
# --no-deps: the lock names everything. --only-binary: nothing is compiled, so no compiler is needed.
"$folder/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps --only-binary :all: \
    --requirement "$lock" "$@"
# What nothing here uses: a third of LiteRT, for GPUs and for compiling models for the chips of phones; the tests of NumPy.
for packages in "$folder"/lib/python3.*/site-packages; do
    for part in aot libLiteRtWebGpuAccelerator.so tools vendors; do
        rm -rf "$packages/ai_edge_litert/$part"
    done
    [ ! -d "$packages/numpy" ] || find "$packages/numpy" -type d -name tests -prune -exec rm -rf {} +
done
