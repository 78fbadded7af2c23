#!/usr/bin/env bash
# Prints the path of a Python that has the requirements installed: interop/requirements.txt, or the
# given file.
#
#   PY=$(interop/venv.sh) && "$PY" interop/check_run.py experiments/vae/demo
#   PY=$(interop/venv.sh bench/requirements.txt)
#
# A line `# over: FILE` in the file puts the environment on top of that of FILE beside it, whose
# packages it sees: PyTorch is there once.
#
# The virtual environment is made once, outside the checkout, in
# ${XDG_CACHE_HOME:-$HOME/.cache}/trainer/<the file's folder>-<its hash>, under a temporary name
# that becomes the real one when it is complete; afterwards no network is needed. Callers that run at
# the same time wait for one another. $PYTHON names the Python to make it with (python3).
set -euo pipefail

requirements=$(realpath "${1:-$(dirname "${BASH_SOURCE[0]}")/requirements.txt}")
name=$(basename "$(dirname "$requirements")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trainer
below=$(sed -n 's/^# over: //p' "$requirements")
[[ -z $below ]] || below=$("${BASH_SOURCE[0]}" "$(dirname "$requirements")/$below")
hash=$( (cat "$requirements" && printf %s "$below") | sha256sum | cut -c1-12)
venv=$cache/$name-$hash

usable() { "$venv/bin/python" -c 'import numpy' 2>/dev/null; }

mkdir -p "$cache"
exec 9>"$cache/$name.lock"
flock 9
if ! usable; then
	python=${PYTHON:-python3}
	if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		echo "$name: $python is missing, older than 3.11 or without venv; install Python 3.11+ with pip and venv, or set PYTHON" >&2
		exit 1
	fi
	temporary=$venv.tmp-$$
	trap 'rm -rf "$temporary"' EXIT
	rm -rf "$venv".tmp-* # left-overs of killed runs: only the holder of the lock is here
	echo "$name: making $venv (once; PyTorch is a large download)" >&2
	"$python" -m venv "$temporary"
	if [[ -n $below ]]; then
		site='import sysconfig; print(sysconfig.get_path("purelib"))'
		"$below" -c "$site" >"$("$temporary/bin/python" -c "$site")/below.pth"
	fi
	"$temporary/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2
	rm -rf "$venv" # one that no longer runs
	mv -T "$temporary" "$venv"
fi
echo "$venv/bin/python"
