#!/usr/bin/env bash
# Builds the GPU suite into one folder that runs on a machine which has only an NVIDIA driver and
# Python with torch of the version it was built against:
#
#   bench/gpu/bundle.sh OUTPUT          (make gpu-bundle: bin/gpu)
#
# TORCH_VERSION says which torch (2.11.0). The folder must stay below 60 MiB.
set -euo pipefail

[[ $# == 1 ]] || { echo "usage: $0 OUTPUT" >&2; exit 2; }
output=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export TORCH_VERSION=${TORCH_VERSION:-2.11.0}
limit=$((60 << 20))

rm -rf "$output"
mkdir -p "$output/bin" "$output/lib" "$output/cgo" "$output/bench"
libtorch=$("${PYTHON:-python3}" cgo/libtorch.py cuda)
cgo/shim/build.sh cuda "$libtorch" "$output/lib/libtrainer_cuda.so"
strip --strip-unneeded "$output/lib/libtrainer_cuda.so"
find "$output/lib" -name '.*' -delete
go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$output/bin/trainer" ./cmd/trainer
go test -c -trimpath -ldflags '-s -w' -o "$output/bin/gpu.test" ./bench/gpu
cp cgo/ops.tbl "$output/cgo/"
cp bench/gpu/run.sh bench/gpu/*.py "$output/"
cp -r bench/*.py bench/peers "$output/bench/"
go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$output/bin/order" ./bench/order
echo "$TORCH_VERSION" >"$output/torch.version"

size=$(du -sb "$output" | cut -f 1)
echo "$output: $((size >> 20)) MiB, for torch $TORCH_VERSION"
((size <= limit)) || { echo "gpu-bundle: it is larger than $((limit >> 20)) MiB" >&2; exit 1; }
