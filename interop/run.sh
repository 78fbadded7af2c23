#!/usr/bin/env bash
# Checks trainer's files and numbers with real PyTorch and NumPy, its metrics with scikit-learn, SAELens and
# dictionary_learning, and its pages with real Chromium; `make interop` calls it.
#
#   interop/run.sh "$(interop/venv.sh)"
#
# Trains the small runs of interop/runs with bin/trainer in a temporary folder. A line for each
# check, `ok NAME` or `FAIL NAME: why`, then their number; the exit status is 1 if one failed.
# $TEST_TOTALS, where it is set, gets lines as `interop PASSED FAILED SKIPPED` (see .ci/gotest).
set -euo pipefail
python=${1:?usage: interop/run.sh PYTHON}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -buildvcs=false ${TAGS:+-tags "$TAGS"} -o "$work/nextstep" ./interop/nextstep
export TRAINER_LIB=${TRAINER_LIB:-$PWD/lib} PYTHONDONTWRITEBYTECODE=1
status=0
"$python" interop/run_checks.py "$PWD/bin/trainer" "$work/nextstep" "$work" || status=1
references=$(interop/venv.sh interop/requirements-references.txt)
"$references" interop/check_metrics.py "$PWD/bin/trainer" "$work/metrics" || status=1
"$python" interop/check_pages.py "$PWD/bin/trainer" "$work/pages" || status=1
exit "$status"
