#!/bin/sh
# Write the exact versions, with hashes, that setup.cfg leads to today. `make lock` calls this; UV names the uv to use.
set -eu
cd "$(dirname "$0")/.."

# Every line would repeat the condition that pyproject.toml gives under [tool.uv]; on other machines pip shall fail, not skip.
every="platform_machine == 'aarch64' or platform_machine == 'arm64' or platform_machine == 'x86_64'"

notes=$(mktemp -d)
trap 'rm -rf "$notes"' EXIT
# uv does not look at upper bounds of Python: 1.3.1 is for Python < 3.11.
echo "backports.strenum<1.3" >"$notes/constraints"
# LiteRT is left out where tflite-runtime is meant, as the program prefers it.
echo "ai-edge-litert; python_version < '3'" >"$notes/overrides"

run="--extra onnx --extra viam --extra clarifai"
extras="--extra test $run"

compile() {
    output=$1
    shift
    "$UV" pip compile --quiet --upgrade --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
        --constraints "$notes/constraints" "$@" setup.cfg --output-file "requirements/$output.new"
    {
        echo "# Made by \`make lock\` from setup.cfg: do not edit."
        sed "s/ ; $every//" "requirements/$output.new"
    } >"requirements/$output"
    rm "requirements/$output.new"
    echo "requirements/$output: $(grep -c '==' "requirements/$output") distributions"
}

# shellcheck disable=SC2086 # lists
# One version for every Python where there is one ("fewest"): what is tested is what others install.
compile lock.txt --universal --fork-strategy fewest $extras
# The same versions, for those who only run the program. setuptools installs the clone itself, without asking for another one.
sed -n 's/^requires = \["\(.*\)"\]$/\1/p' pyproject.toml >"$notes/build.txt"
# Without their hashes, with which uv would ask for wheels for other systems, too.
sed -n 's/^\([^ ]*==[^ ]*\).*/\1/p' requirements/lock.txt >"$notes/tested.txt"
compile run.txt --universal --fork-strategy fewest --constraint "$notes/tested.txt" "$notes/build.txt"
compile run-extras.txt --universal --fork-strategy fewest --constraint "$notes/tested.txt" "$notes/build.txt" $run
compile train.txt --universal --fork-strategy fewest --extra train
compile lowest.txt --universal --fork-strategy fewest $extras --resolution lowest-direct
compile tflite-runtime.txt --python-platform linux --extra tflite-runtime --overrides "$notes/overrides"
