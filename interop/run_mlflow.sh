#!/usr/bin/env bash
# Checks what trainer reports with a real MLflow server and real TensorBoard; `make interop` calls it.
#
#   interop/run_mlflow.sh "$(interop/venv.sh interop/requirements-mlflow.txt)"
#
# The server runs on loopback, in a temporary folder. Lines and exit status as of interop/run.sh.
# TRAINER_SOAK=1 also tells how fast training is beside a server that answers in 5 s.
set -euo pipefail
python=${1:?usage: interop/run_mlflow.sh PYTHON}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TRAINER_LIB=${TRAINER_LIB:-$PWD/lib} PYTHONDONTWRITEBYTECODE=1 MLFLOW_DISABLE_TELEMETRY=true
"$python" interop/check_mlflow.py "$PWD/bin/trainer" "$work/mlflow"
