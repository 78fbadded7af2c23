#!/usr/bin/env bash
# The VAE step (784-400-20, batch 128, one thread): trainer beside plain PyTorch, in turns.
# Prints the median of the rounds' medians in milliseconds, and the ratios.
#   bench/vae_step.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-5}
python=$(interop/venv.sh)
go build -o bin/vaestep ./bench/vaestep
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for _ in $(seq "$rounds"); do
	TRAINER_LIB=lib bin/vaestep >>"$out/trainer"
	OMP_NUM_THREADS=1 "$python" bench/vae_step.py >>"$out/pytorch"
	OMP_NUM_THREADS=1 "$python" bench/vae_step.py --fused >>"$out/pytorch-fused"
done
median() { sort -n "$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ours=$(median "$out/trainer")
printf '%-16s %8s %8s\n' what 'ms/step' ratio
for name in trainer pytorch pytorch-fused; do
	awk -v n="$name" -v m="$(median "$out/$name")" -v o="$ours" 'BEGIN {printf "%-16s %8.2f %8.2f\n", n, m, m / o}'
done
