#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Guests on CPUs that are going to be isolated: a real QEMU and a real container are named and keep the tuning from being applied;
# with --force they are moved like everybody else, and are where they were afterwards.
#   guests.sh VLAT
set -u
vlat=$(readlink -f "$1") # the container is made from its own folder
. "$(dirname "$0")/alone.sh"
mkdir "$VLAT_STATE"
command -v qemu-system-x86_64 >/dev/null || {
	rm -rf "$work"
	echo "skipped: no qemu-system-x86_64 (scripts/install-deps lab)"
	exit 77
}
swap=/proc/sys/vm/swappiness
swap_before=$(cat $swap)
id=$(printf '%064d' $$)
vm=
engine=
late=
clean() {
	[ -z "$vm" ] || kill "$vm" 2>/dev/null
	"$vlat" revert >/dev/null 2>&1
	[ ! -d "$late" ] || rmdir "$late"
	[ -z "$engine" ] || $engine delete --force "$id" >/dev/null 2>&1
	echo "$swap_before" >$swap
	for mount in "$work"/bundle/rootfs/*; do umount "$mount" 2>/dev/null; done
	rm -rf --one-file-system "$work"
}
trap clean EXIT

iso=$("$vlat" tune vm-host --json | sed -n 's/^ *"isolated": "\([^"]*\)".*/\1/p')
[ -n "$iso" ] || { echo "skipped: no CPU of this machine can be set apart"; exit 77; }
cpus_of() { sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$1/status"; }
# one_of LIST: it has CPUs to be isolated, which is what --force takes away
first=${iso%%[,-]*}
is_on_first() { taskset -p "$1" | awk -v cpu="$first" '{ mask = $NF } END { n = length(mask) - int(cpu / 4)
	exit int(index("0123456789abcdef", substr(mask, n, 1)) - 1) % (2 ^ (cpu % 4 + 1)) < 2 ^ (cpu % 4) }'; }

# ---- a virtual machine that waits for its first instruction: its threads are there, and cost nothing
qemu-system-x86_64 -name "tiny,debug-threads=on" -machine q35 -accel tcg,thread=multi -smp 1 -m 16 -S -display none -nodefaults \
	-monitor none >"$work/qemu" 2>&1 &
vm=$!
vcpu() { grep -l '^CPU 0/TCG$' /proc/$vm/task/*/comm 2>/dev/null | sed 's|.*/task/||; s|/comm||'; }
has_vcpu() { [ -n "$(vcpu)" ]; }
within has_vcpu || { bad "QEMU has no vCPU thread: $(cat "$work/qemu")"; exit 1; }
thread=$(vcpu)
before=$(cpus_of "$thread")
is_on_first "$thread" || { echo "skipped: this process may not run on CPU $first"; exit 77; }

run 0 tune vm-host
said "guests that run on CPUs to be isolated"
said "VM tiny (process $vm) on CPUs $iso"
run 0 tune vm-host --json
said "\"name\": \"VM tiny (process $vm)\""
run 2 tune vm-host --apply
said "VM tiny (process $vm) on CPUs $iso; stop them or place them first, choose other CPUs, or say --force"
run 0 status
said "nothing is in force"
[ "$(cpus_of "$thread")" = "$before" ] || bad "a refused tuning has moved the guest"

# What leaves everybody where he is may be done beside it.
echo 60 >$swap
run 0 tune vm-host --only mem.swap --apply
[ "$(cat $swap)" = 10 ] || bad "swappiness is $(cat $swap), not 10"
run 0 revert

# Told to: it is crowded onto the others, and comes back.
run 0 tune vm-host --only iso.partition,sch.task_affinity --apply --force
is_on_first "$thread" && bad "the guest may still run on $(cpus_of "$thread")"
run 0 revert
[ "$(cpus_of "$thread")" = "$before" ] || bad "the guest may run on $(cpus_of "$thread"), not on $before, after revert"

# Placed elsewhere it is in nobody's way.
house=$("$vlat" tune vm-host --json | sed -n 's/^ *"housekeeping": "\([^"]*\)".*/\1/p')
taskset -a -cp "$house" $vm >/dev/null
run 0 tune vm-host --only iso.partition,sch.task_affinity --apply
run 0 revert
kill $vm
within ended $vm || bad "QEMU did not end"
vm=

# ---- a group that comes later is confined like those that were there, where that is the way (v1, kernels before 6.8)
run 0 tune vm-host --only iso.partition --apply
late=$(dirname "$(find /sys/fs/cgroup -maxdepth 2 -path "*/vlat-*.hk" -type d | head -n 1)")/late-$$
if [ -n "${late%/late-*}" ] && [ "${late%/late-*}" != . ]; then
	mkdir "$late"
	is_confined() { [ "$(cat "$late/cpuset.cpus")" = "$house" ]; }
	within is_confined || bad "a group that came later may use CPUs $(cat "$late/cpuset.cpus")"
	run 0 status
	said "0 drifted"
else
	late=
fi
run 0 revert
[ -z "$late" ] || rmdir "$late"

# ---- a container that may run nowhere else, in a group of the name that Docker gives
mkdir -p "$work/bundle/rootfs" && cd "$work/bundle" || exit 99
mounts='{"destination": "/proc", "type": "proc", "source": "proc"}'
for dir in /bin /lib /lib64 /usr; do
	[ ! -d $dir ] || mounts="$mounts, {\"destination\": \"$dir\", \"source\": \"$(readlink -f $dir)\",
		\"type\": \"bind\", \"options\": [\"rbind\", \"ro\"]}"
done
cat >config.json <<E
{"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "hostname": "test", "mounts": [$mounts],
 "process": {"cwd": "/", "args": ["/bin/sleep", "600"], "user": {"uid": 0, "gid": 0}, "env": ["PATH=/bin:/usr/bin"]},
 "linux": {"cgroupsPath": "/docker/$id", "resources": {"cpu": {"cpus": "$iso"}},
  "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "network"}]}}
E
for engine in runc crun ''; do
	[ -n "$engine" ] && command -v $engine >/dev/null || continue
	$engine run --detach --pid-file "$work/pid" "$id" </dev/null >"$work/engine" 2>&1 && break
	sed "s/^/# $engine: /" "$work/engine"
	$engine delete --force "$id" >/dev/null 2>&1
done
[ -n "$engine" ] || { echo "# not looked at: containers, for neither runc nor crun starts one here"; exit $failed; }
box=$(cat "$work/pid")
short=$(echo "$id" | cut -c 1-12)
[ "$(cpus_of "$box")" = "$iso" ] || bad "the container may run on $(cpus_of "$box"), not on $iso"
run 2 tune vm-host --apply
said "container $short (docker) on CPUs $iso"
[ "$(cpus_of "$box")" = "$iso" ] || bad "a refused tuning has moved the container"
run 0 tune vm-host --only iso.partition --apply --force
is_on_first "$box" && bad "the container may still run on $(cpus_of "$box")"
run 0 revert
[ "$(cpus_of "$box")" = "$iso" ] || bad "the container may run on $(cpus_of "$box"), not on $iso, after revert"
exit $failed
