#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `vlat run container` with images of real engines, and with an OCI bundle: who runs, where, with what, and nothing left in the engine.
#   run_images.sh VLAT AGENT
# The image is made here and imported: no registry.  Engines keep their data in the test's folder; dockerd is the test's own.
set -u
vlat=$1
export VLAT_AGENT="$2"
. "$(dirname "$0")/alone.sh"
tried=0
dockerd=
clean() {
	[ -z "$dockerd" ] || { kill "$dockerd"; wait "$dockerd" 2>/dev/null; }
	"$vlat" revert >/dev/null 2>&1
	umount -R "$work" 2>/dev/null
	find "$work" -xdev -depth -delete 2>/dev/null
}
trap clean EXIT

nothing_left() {
	[ -z "$(ls "$VLAT_STATE/runs")" ] || bad "a journal is left"
}

# A root filesystem of a few programs of this machine and what they are linked with.
root=$work/root
mkdir -p "$root/bin" "$root/etc" "$root/srv/data"
for program in sh id cat pwd; do
	path=$(PATH=/usr/bin:/bin which "$program") || { echo "skipped: no $program here"; exit 77; }
	cp -L "$path" "$root/bin/$program"
	ldd "$path" | grep -o '/[^ )]*' | while read -r lib; do
		mkdir -p "$root$(dirname "$lib")" && cp -L "$lib" "$root$lib"
	done
done
echo 'root:x:0:0::/:/bin/sh
app:x:1234:2345::/:/bin/sh' >"$root/etc/passwd"
tar -C "$root" -cf "$work/root.tar" .

# images ENGINE: what the image says counts, and may be overruled
images() {
	tried=$((tried + 1))
	"$1" import -c 'ENTRYPOINT ["/bin/sh","-c"]' -c 'CMD ["id -u; id -g; pwd; echo $COLOUR"]' -c 'USER app' -c 'ENV COLOUR=green' \
		-c 'WORKDIR /srv/data' "$work/root.tar" "localhost/vlat-$1" >"$work/out" 2>&1 || { bad "$1 import"; return; }
	run 0 run container --tuning none --image "localhost/vlat-$1"
	[ "$(cat "$work/out")" = "1234
2345
/srv/data
green" ] || bad "$1: the image's own user, folder or environment did not count"
	run 7 run container --tuning none --image "localhost/vlat-$1" -- /bin/sh -c 'id -u; exit 7'
	said '^1234$'
	run 2 run container --tuning none --image "localhost/vlat-$1" -- /no/such/program
	said '/no/such/program'
	nothing_left
	"$1" ps --all --quiet >"$work/out" 2>&1
	[ ! -s "$work/out" ] || bad "$1 has a container left"
	echo "# $1: as wanted"
}

if command -v podman >/dev/null; then
	printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$work/podman" "$work/podman-run" >"$work/storage.conf"
	export CONTAINERS_STORAGE_CONF="$work/storage.conf"
	images podman
else
	echo "# podman is not installed: its images were not tried"
fi

if command -v docker >/dev/null && command -v dockerd >/dev/null; then
	export DOCKER_HOST="unix://$work/docker.sock"
	dockerd --data-root "$work/docker" --exec-root "$work/docker-run" --pidfile "$work/docker.pid" --host "$DOCKER_HOST" --bridge=none \
		--iptables=false --storage-driver vfs >"$work/dockerd.log" 2>&1 &
	dockerd=$!
	for _ in $(seq 300); do
		docker version >/dev/null 2>&1 && break
		kill -0 $dockerd 2>/dev/null || break
		sleep 0.2
	done
	if docker version >/dev/null 2>&1; then
		images docker
	else
		echo "# dockerd does not start here ($(tail -n 1 "$work/dockerd.log")): its images were not tried"
	fi
else
	echo "# docker is not installed: its images were not tried"
fi

# Nobody has it: what each engine said about fetching it, in one sentence.
if [ $tried -gt 0 ]; then
	run 2 run container --tuning none --image localhost:1/no/such:image
	said '--image localhost:1/no/such:image'
fi
run 2 run container --tuning none --image ' -rf'
said '--image'
run 2 run container --tuning none --image -rf
nothing_left

# A bundle: its config.json counts, its folder is not written to, its command may be overruled.
bundle="$work/a bundle; \$(false)"
mkdir "$bundle"
cp -r "$root" "$bundle/rootfs"
cat >"$bundle/config.json" <<'END'
{"ociVersion": "1.0.0", "hostname": "fromthebundle", "root": {"path": "rootfs", "readonly": true},
 "process": {"terminal": true, "cwd": "/srv", "user": {"uid": 77, "gid": 78}, "args": ["/bin/sh", "-c", "id -u; pwd; echo $FRUIT"],
  "env": ["PATH=/bin", "FRUIT=pear"]},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}, {"type": "ipc"}, {"type": "network"}]}}
END
sum=$(cksum "$bundle/config.json")
run 0 run container --tuning none --bundle "$bundle"
[ "$(cat "$work/out")" = "77
/srv
pear" ] || bad "the bundle's own words did not count"
run 3 run container --tuning none --bundle "$bundle" -- /bin/sh -c 'exit 3'
[ "$sum" = "$(cksum "$bundle/config.json")" ] || bad "the bundle was written to"
echo '{"process": 7}' >"$bundle/config.json"
run 2 run container --tuning none --bundle "$bundle"
said 'config.json'
: >"$bundle/config.json"
run 2 run container --tuning none --bundle "$bundle"
said 'config.json'
nothing_left
exit $failed
