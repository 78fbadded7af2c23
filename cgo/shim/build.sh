#!/usr/bin/env bash
# Builds the C++ shim, linked with libtorch, as a shared library: cgo/shim/*.cc with
# cgo/shim/cuda/*.cc (cuda) or with cgo/shim/cpu/*.cc, which answer for what only CUDA has.
#
#   cgo/shim/build.sh cpu|cuda LIBTORCH OUTPUT
#
# Objects lie in ${XDG_CACHE_HOME:-~/.cache}/trainer/objects under the hash of all that they depend
# on (source, headers, flags, compiler, libtorch's version), so that a fresh clone compiles nothing
# that another one has compiled, and both shims share what is not CUDA's. JOBS says how many
# compilers run at once (2).
set -euo pipefail

[[ $# == 3 && $1 =~ ^(cpu|cuda)$ ]] || { echo "usage: $0 cpu|cuda LIBTORCH OUTPUT" >&2; exit 2; }
kind=$1 libtorch=$(realpath "$2") output=$(realpath -m "$3")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cxx=${CXX:-g++} jobs=${JOBS:-2} python=${PYTHON:-python3}
objects=$(realpath -m "${XDG_CACHE_HOME:-$HOME/.cache}")/trainer/objects
# Without -fopenmp at::parallel_for is a plain loop; with errno a loop that has a square root is not
# vectorised.
flags=(-std=c++20 -O2 -fPIC -fvisibility=hidden -fopenmp -fno-math-errno -DNDEBUG -Wall -Wextra -I cgo)
torch_flags=(-isystem "$libtorch/include" -isystem "$libtorch/include/torch/csrc/api/include")
openmp=("$libtorch"/lib/libgomp*.so*) # libtorch's own: two of them in a process would be two sets of threads
[[ -f ${openmp[0]} ]] || openmp=(-lgomp)
libraries=(-ltorch_cpu -lc10 "${openmp[0]}") places=("$libtorch/lib")
if [[ $kind == cuda ]]; then
  # Of an installed PyTorch, CUDA's libraries lie beside it; else they are in its own lib/.
  beside=$(dirname "$libtorch")/nvidia/cu13/lib
  if [[ -d $beside ]]; then places+=("$beside"); fi
  libraries+=(-Wl,--no-as-needed -ltorch_cuda -lc10_cuda -l:libcudart.so.13 -l:libnvrtc.so.13)
  found=$("$python" cgo/libtorch.py headers "$libtorch")
  cuda_flags=(-DTRAINER_CUDA)
  while read -r folder; do cuda_flags+=(-isystem "$folder"); done <<<"$found"
fi
# DT_RPATH, as in libtorch itself: a stray LD_LIBRARY_PATH must not bring in another libtorch.
# shellcheck disable=SC2054 # the commas are the linker's
link_flags=(-shared -Wl,-soname,"$(basename "$output")" -Wl,-z,defs -Wl,--disable-new-dtags
  "-Wl,-rpath,\$ORIGIN$(printf ':%s' "${places[@]}")" "${places[@]/#/-L}" "${libraries[@]}")

command -v "$cxx" >/dev/null || {
  echo "shim: the C++ compiler $cxx is missing; install it (Debian, Ubuntu: apt-get install g++) or set CXX" >&2
  exit 1
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$objects" "$(dirname "$output")"
shopt -s nullglob
headers=() declarations=(cgo/ops_gen.h cgo/shim/impl.h)
for header in cgo/*.h cgo/shim/*.h; do
  if [[ " ${declarations[*]} " != *" $header "* ]]; then headers+=("$header"); fi
done
sources=(cgo/shim/*.cc cgo/shim/"$kind"/*.cc)
common=$({
  "$cxx" --version | head -1
  echo "${flags[*]}"
  "$python" cgo/libtorch.py version "$libtorch"
  cat "${headers[@]}"
} | sha256sum)

# What objects of cgo/shim/cuda depend on beyond that; the headers of CUDA go with libtorch's version.
cuda=
if [[ $kind == cuda ]]; then cuda=$(cat cgo/shim/cuda/*.h cgo/kernels/* | sha256sum); fi

# object SOURCE prints where its object lies, or will lie.
# The op table and impl.h only declare functions: they count for ops_gen.cc, which calls them all, and
# a source whose functions they no longer describe does not link.
object() {
  local more=
  if [[ $1 == */ops_gen.cc ]]; then more=$(cat "${declarations[@]}" | sha256sum); fi
  if [[ $1 == */sparse_host.cc ]]; then more=$(cat cgo/kernels/* | sha256sum); fi
  if [[ $1 == cgo/shim/cuda/* ]]; then more=$cuda; fi
  echo "$objects/$(basename "$1" .cc)-$({ echo "$common $1$more"; cat "$1"; } | sha256sum | cut -c 1-32).o"
}

# compile SOURCE OBJECT; the object takes its name when it is whole.
compile() {
  echo "c++ $1" >&2
  local more=()
  if [[ $1 == cgo/shim/cuda/* ]]; then more=("${cuda_flags[@]}"); fi
  "$cxx" "${flags[@]}" "${torch_flags[@]}" "${more[@]}" -c "$1" -o "$2.tmp.$$" || {
    rm -f "$2.tmp.$$"
    return 1
  }
  mv "$2.tmp.$$" "$2"
}

all=() missing=()
for source in "${sources[@]}"; do
  o=$(object "$source")
  all+=("$o")
  if [[ -f $o ]]; then touch "$o"; else missing+=("$source"); fi
done

# The largest first, so that the last compilers end together. (A precompiled ATen.h was tried: it
# saves 4 s a file, takes 9 s and 390 MB to make, and does not pay for fewer than eight files.)
running=0 failed=0
for source in $( ((${#missing[@]} == 0)) || ls -S "${missing[@]}"); do
  if ((running == jobs)); then wait -n || failed=1; running=$((running - 1)); fi
  compile "$source" "$(object "$source")" &
  running=$((running + 1))
done
while ((running > 0)); do wait -n || failed=1; running=$((running - 1)); done
((failed == 0)) || { echo "shim: it does not compile" >&2; exit 1; }

# Linked only when an object, libtorch's place or this file is another one than last time.
stamp=$(dirname "$output")/.$(basename "$output").from
from=$(printf '%s\n' "$cxx" "${link_flags[@]}" "${all[@]##*/}")
if [[ -f $output && -f $stamp && $from == "$(cat "$stamp")" ]]; then exit 0; fi
echo "c++ -o $(basename "$output")" >&2
"$cxx" "${all[@]}" "${link_flags[@]}" -o "$tmp/shim.so"
env -u LD_LIBRARY_PATH -u LD_PRELOAD "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$tmp/shim.so" 2>"$tmp/why" || {
  echo "shim: it is built, but libtorch in $libtorch does not load: $(tail -1 "$tmp/why"); repair it, or set LIBTORCH to another one" >&2
  exit 1
}
cp "$tmp/shim.so" "$output.tmp.$$"
mv "$output.tmp.$$" "$output"
echo "$from" >"$stamp"
find "$objects" -type f -mtime +60 -delete # what no checkout has used for two months
