#!/usr/bin/env bash
# Checks trainer beside the real SAELens, sparsify, dictionary_learning and pythae; `make interop` calls it.
#
#   interop/run_references.sh "$(interop/venv.sh interop/requirements-references.txt)"
#
# Lines and exit status as of interop/run.sh.
set -euo pipefail
python=${1:?usage: interop/run_references.sh PYTHON}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TRAINER_LIB=${TRAINER_LIB:-$PWD/lib} PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 WANDB_MODE=disabled SPARSIFY_DISABLE_TRITON=1
status=0
"$python" interop/make_references.py --check interop/references || status=1
"$python" interop/check_export.py "$PWD/bin/trainer" "$work/export" || status=1
exit "$status"
