#!/usr/bin/env bash
# Checks that trainer reads what PIL, pyarrow, pandas, NumPy and safetensors write; `make interop` calls it.
#
#   interop/run_sources.sh "$(interop/venv.sh interop/requirements-data.txt)"
#
# Lines and exit status as of interop/run.sh.
set -euo pipefail
python=${1:?usage: interop/run_sources.sh PYTHON}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TRAINER_LIB=${TRAINER_LIB:-$PWD/lib} PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=$work/cache
"$python" interop/check_sources.py "$PWD/bin/trainer" "$work/sources"
