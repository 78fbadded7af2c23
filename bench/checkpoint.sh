#!/usr/bin/env bash
# A checkpoint of a VAE with 100 million parameters and Adam's state (1.2 GB): trainer beside
# `cp` + fsync of the same bytes and torch.save + fsync, in turns. Prints the medians of the rounds.
#   bench/checkpoint.sh [ROUNDS]
# Each replaces its file of before by rename. It needs 5 GB in bin/, on the checkout's drive.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-5}
export TRAINER_BENCH_WIDTH=6560 TRAINER_LIB=$PWD/lib
python=$(interop/venv.sh)
mkdir -p bin
out=$(mktemp -d "$PWD/bin/checkpoint.XXXXXX")
trap 'rm -rf "$out"' EXIT
go test -c -o "$out/bench" ./pkg/trainer

# A virtual machine may have given memory that is not in use back to its host, and getting it again
# takes seconds a gigabyte (2.4 ms a MB where this was written). So that it hits nobody's figures,
# each save is preceded by using and freeing as much as it will need.
export TRAINER_BENCH_WARM="head -c 4G /dev/zero >/dev/shm/warm.$$ && rm /dev/shm/warm.$$"

copy() {
	sh -c "$TRAINER_BENCH_WARM"
	local start=$EPOCHREALTIME
	cp "$out/source" "$out/new"
	sync "$out/new"
	mv "$out/new" "$out/copy"
	sync "$out"
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f cp-ms\n", (b - a) * 1e3}' >>"$out/figures"
}

for round in $(seq "$rounds"); do
	mkdir "$out/tmp"
	TMPDIR=$out/tmp "$out/bench" -test.run '^$' -test.bench '^BenchmarkCheckpoint$' -test.benchtime 1x >"$out/said" || { cat "$out/said" >&2; exit 1; }
	# a benchmark's line: its name and count, then pairs of a value and a unit
	awk '/^BenchmarkCheckpoint/ {for (i = 3; i < NF; i += 2) print $i, $(i + 1)}' "$out/said" >>"$out/figures"
	rm -rf "$out/tmp"
	if ((round == 1)); then
		head -c "$(awk '$2 == "file-MB" {printf "%d", $1 * 1e6}' "$out/figures")" /dev/urandom >"$out/source"
	fi
	cat "$out/source" >/dev/null # cp reads from memory
	for _ in 1 2 3; do copy; done
	rm "$out/copy"
	"$python" bench/checkpoint.py "$TRAINER_BENCH_WIDTH" "$out" >>"$out/figures"
	rm "$out/torch.pt"
done

"$python" bench/checkpoint_table.py "$out/figures" "$rounds"
