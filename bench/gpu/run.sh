#!/usr/bin/env bash
# The GPU suite, in the bundle that `make gpu-bundle` makes:
#
#   run.sh test [RESULTS]     every test; on a GPU a skipped one is a failure
#   run.sh bench [RESULTS]    the speed table, with the share of the roofline
#
# RESULTS is the folder of the reports, JSON and Markdown (results beside this file). DEVICE chooses
# the device (cuda:0); DEVICE=cpu shows that the suite works where there is no GPU.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
what=${1:-test}
results=$(realpath -m "${2:-$here/results}")
python=${PYTHON:-python3}
export DEVICE=${DEVICE:-cuda:0} TRAINER_LIB=$here/lib TRAINER_SHIM=cuda
mkdir -p "$results"

torch=$("$python" -c 'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")')
[[ -n $torch ]] || { echo "run.sh: $python has no torch; install torch $(cat "$here/torch.version"), or set PYTHON" >&2; exit 2; }
libraries=$torch/lib
for folder in "$(dirname "$torch")"/nvidia/*/lib; do libraries+=:$folder; done
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

case $what in
test)
  status=0
  (cd "$here" && TRAINER_TEST_DEVICE=$DEVICE TRAINER_REQUIRE_LIBTORCH=1 bin/gpu.test -test.v -test.timeout 30m) >"$results/gpu-test.log" 2>&1 || status=$?
  if [[ $DEVICE != cpu ]] && command -v compute-sanitizer >/dev/null; then
    (cd "$here" && TRAINER_TEST_DEVICE=$DEVICE compute-sanitizer --error-exitcode 9 bin/gpu.test -test.v -test.run 'Models?.*/sae') \
      >"$results/gpu-sanitizer.log" 2>&1 || { status=$?; echo "compute-sanitizer found errors: $results/gpu-sanitizer.log"; }
  else
    echo "compute-sanitizer is not here: the kernels were not run under it"
  fi
  "$python" "$here/summary.py" "$results/gpu-test.log" "$results" "$("$here/bin/trainer" version --json 2>/dev/null || echo '{}')"
  exit "$status"
  ;;
bench)
  "$python" "$here/bench/run.py" --trainer "$here/bin/trainer" --order "$here/bin/order" --device "${DEVICE%%:*}"
  cp "$here"/bin/bench/*.json "$here"/bin/bench/*.md "$results/"
  ;;
*)
  echo "usage: $0 test|bench [RESULTS]" >&2
  exit 2
  ;;
esac
