#!/usr/bin/env bash
# Builds Dockerfile.cuda without a Docker daemon and tries the image: the demo's commands, doctor,
# SIGTERM, the user and the size. `make docker` calls it.
#
#   interop/docker.sh cpu|cuda
#
# The base image is made with debootstrap, the Go image of the Go that is installed here; both stand
# in for the ones that the Dockerfile names, so its two defaults are all that is not run. A certificate
# authority of this machine's own goes into the base, so that it builds behind a proxy. Needs root,
# and for cuda 25 GB of disk; $TMPDIR says where.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
kind=${1:-cpu}
[[ $kind =~ ^(cpu|cuda)$ ]] || { echo "usage: $0 cpu|cuda" >&2; exit 2; }

for tool in buildah debootstrap; do
	command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || {
		echo "docker.sh: $tool is missing; apt-get install buildah debootstrap" >&2
		exit 2
	}
done
[[ $(id -u) == 0 ]] || { echo "docker.sh: debootstrap and chroot need root" >&2; exit 2; }
export PATH=$PATH:/usr/sbin

work=$(mktemp -d "${TMPDIR:-/var/tmp}/trainer-docker-XXXXXX")
export TMPDIR=$work
b() { buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
# below PID prints the process of the program among the descendants of PID.
below() {
	local p
	for p in $(pgrep -P "$1"); do
		if [[ $(readlink "/proc/$p/exe") == */bin/trainer ]]; then echo "$p"; else below "$p"; fi
	done
}

container='' root='' pid=''
finish() {
	status=$?
	if [[ -n $pid ]]; then kill -KILL "$(below "$pid")" "$pid" 2>/dev/null || true; fi
	if [[ -n $container ]]; then umount "$root/trainer/experiments" 2>/dev/null || true; fi
	if [[ -n $container ]]; then b umount "$container" >/dev/null 2>&1 || true; fi
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
say() { echo "== $*"; }

# image NAME FOLDER PLACE makes an image that has the folder's content at that place.
image() {
	local c
	c=$(b from scratch)
	b add -q "$c" "$2" "$3" >/dev/null
	b commit -q --rm "$c" "$1" >/dev/null
}

say "base image by debootstrap"
debootstrap --variant=minbase bookworm "$work/rootfs" >"$work/log" 2>&1 || { tail -5 "$work/log"; exit 1; }
if [[ -f /etc/ssl/certs/ca-certificates.crt ]]; then
	install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$work/rootfs/usr/local/share/ca-certificates/host.crt"
fi
rm -rf "$work/rootfs/var/cache/apt/archives/"*.deb "$work/rootfs/var/lib/apt/lists/"*
image trainer-base "$work/rootfs" /
rm -rf "$work/rootfs"
image trainer-go "$(go env GOROOT)" /usr/local/go

say "Dockerfile.cuda for $kind"
tags=
if [[ $kind == cpu ]]; then tags=cpu; fi
b bud --isolation chroot --format docker --build-arg BASE=localhost/trainer-base --build-arg GO=localhost/trainer-go \
	--build-arg TAGS="$tags" -f Dockerfile.cuda -t trainer-"$kind" .

say "what the image says of itself"
b inspect --type image --format '{{.Docker.Config.User}} {{.Docker.Config.Entrypoint}} {{.Docker.Config.StopSignal}} {{.Docker.Config.Healthcheck.Test}}' \
	trainer-"$kind" >"$work/config"
cat "$work/config"
echo
grep -qx '1000:1000 \[trainer\] SIGTERM \[CMD trainer doctor\]' "$work/config"

container=$(b from localhost/trainer-"$kind")
root=$(b mount "$container")
say "size: $(du -sh --apparent-size "$root" | cut -f1)"
du -sh --apparent-size "$root/opt/trainer/bin" "$root/opt/trainer/lib" "$root/usr" "$root/var" | sed "s#$root##"
find "$root/opt/trainer" -type f -size +100M -printf '  %s bytes  %f\n' | sort -rn

mkdir -m 700 "$work/experiments"
chown 1000:1000 "$work/experiments"
# As the image has it: its user, its folder, its program without a shell.
trainer() {
	b run --isolation chroot --volume "$work/experiments:/trainer/experiments" "$container" -- trainer "$@"
}

say "the demo as user $(b run --isolation chroot "$container" -- id -u)"
trainer train configs/train_vae.yaml --set experiment.name=demo
trainer extract-embeddings configs/extract_embeddings.yaml --set experiment.name=demo
trainer train configs/train_sae.yaml --set experiment.name=demo --set data.experiment=experiments/vae/demo
trainer predict configs/predict.yaml --set experiment.name=demo
for file in vae/demo/checkpoints/best_model.pt vae/demo/embeddings/test_embeddings.npy sae/demo/checkpoints/best_model.pt; do
	[[ $(stat -c %u "$work/experiments/$file") == 1000 ]] || { echo "$file is not the user's" >&2; exit 1; }
done
if trainer train configs/train_vae.yaml --set training.device=cuda --set experiment.name=gpu 2>"$work/why"; then code=0; else code=$?; fi
say "device: cuda here ends with $code: $(grep -m1 'found cuda' "$work/why" || true)"
if [[ ! -e /dev/nvidia0 ]]; then [[ $code == 2 ]]; fi

# A daemon sends StopSignal to process 1, which takes only signals that it has asked for: so the
# program is process 1 here too, in the image's files with experiments/ in them.
say "SIGTERM to process 1"
mkdir -p "$root/trainer/experiments"
mount --bind "$work/experiments" "$root/trainer/experiments"
unshare --pid --fork --mount-proc="$root/proc" chroot --userspec=1000:1000 "$root" /usr/bin/env --chdir=/trainer PATH=/opt/trainer/bin:/usr/bin:/bin HOME=/home/trainer \
	trainer train configs/train_vae.yaml --set experiment.name=stopped --set training.epochs=100000 >"$work/stopped.log" 2>&1 &
pid=$!
for _ in $(seq 300); do
	if compgen -G "$work/experiments/vae/*stopped*/checkpoints/*.pt" >/dev/null || compgen -G "$work/experiments/vae/.stopped*/checkpoints/*.pt" >/dev/null; then break; fi
	sleep 0.2
done
inside=$(below "$pid")
[[ -n $inside ]] || { tail -4 "$work/stopped.log"; echo "the program has ended by itself" >&2; exit 1; }
kill -TERM "$inside"
code=0
wait "$pid" || code=$?
pid=
umount "$root/trainer/experiments"
tail -4 "$work/stopped.log"
[[ $code == 143 ]] || { echo "exit code $code, want 143" >&2; exit 1; }
trainer inspect experiments/vae/stopped/checkpoints/resume.pt

say "doctor"
trainer doctor
say "all lines of Dockerfile.cuda were run, with BASE and GO given; the pull of $(sed -n 's/^ARG BASE=//p' Dockerfile.cuda) and $(sed -n 's/^ARG GO=//p' Dockerfile.cuda) was not, nor HEALTHCHECK by a daemon, nor --gpus all"
