#!/usr/bin/env bash
# Runs the blocks of README.md, docs/*.md and the examples of every help page; `make interop` calls it.
#
#   interop/run_docs.sh "$(interop/venv.sh)"
#
# In a temporary folder, with bin/trainer and the configs made short. Lines and exit status as of
# interop/run.sh; interop/check_docs.py says how a block tells what is expected of it.
set -euo pipefail
python=${1:?usage: interop/run_docs.sh PYTHON}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TRAINER_LIB=${TRAINER_LIB:-$PWD/lib} PYTHONDONTWRITEBYTECODE=1
"$python" interop/check_docs.py "$PWD/bin/trainer" "$work"
