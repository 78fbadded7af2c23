#!/usr/bin/env bash
# Go benchmarks of two commits in turns, compared by benchstat; `make bench-check BASE=rev` calls it.
#
#   bench/check.sh BASE [PACKAGE...]
#
# The commit BASE beside the one that is checked out, both built in worktrees of their own; what is
# not committed does not count. PACKAGE is ./... by default. BENCH (.) chooses the benchmarks,
# BENCH_COUNT (6) how often each is run, BENCH_TIME (0.2s) how long; benchstat wants 6 runs at least.
# They run on the CPU: TAGS is cpu unless it is set.
set -euo pipefail
export TAGS=${TAGS-cpu}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
base=${1:?usage: bench/check.sh BASE [PACKAGE...], such as: make bench-check BASE=HEAD~1}
shift
[[ $# -gt 0 ]] || set -- ./...
benchstat=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
base=$(git rev-parse --verify --quiet "$base^{commit}") || { echo "bench: BASE: no such commit" >&2; exit 2; }

work=$(mktemp -d)
repository=$PWD
clean() {
	cd "$repository"
	for side in base new; do git worktree remove --force "$work/$side" 2>/dev/null || true; done
	rm -rf "$work"
}
trap clean EXIT

# Builds a commit, and a test program for each package that has benchmarks.
prepare() {
	local side=$1 commit=$2
	shift 2
	git worktree add --quiet --detach "$work/$side" "$commit"
	cd "$work/$side"
	make shim TAGS="$TAGS" >&2
	mkdir programs
	go list -f '{{.Dir}} {{.ImportPath}}' "$@" | while read -r dir package; do
		grep -qs '^func Benchmark' "$dir"/*_test.go || continue
		go test -c -trimpath -tags "$TAGS" -o "programs/${package//\//_}" "$package"
		echo "$dir $work/$side/programs/${package//\//_} $package"
	done >"$work/$side.list"
	cd "$repository"
}

# Runs every benchmark of a commit once.
once() {
	local side=$1
	while read -r dir program package; do
		echo "pkg: $package"
		(cd "$dir" && "$program" -test.run '^$' -test.bench "${BENCH:-.}" -test.benchmem -test.benchtime "${BENCH_TIME:-0.2s}")
	done <"$work/$side.list" >>"$work/$side.txt"
}

prepare base "$base" "$@"
prepare new HEAD "$@"
for i in $(seq "${BENCH_COUNT:-6}"); do
	echo "bench: round $i" >&2
	for side in base new; do once "$side"; done
done
cd "$work"
go run "$benchstat" base.txt new.txt
