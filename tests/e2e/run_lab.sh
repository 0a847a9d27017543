#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the lab, where cgroup v2 is all there is: `vlat run container` under crun, in a terminal and out of one; its limit of memory;
# two runs on CPUs that are set apart as a partition; death; seven containers on the seven virtual functions of a port.
#   run_lab.sh VLAT RUN_TTY AGENT TTY_INSIDE
set -u
vlat=$1
work=/tmp/run-lab
root=$work/root
export VLAT_STATE=/tmp/vlat-state

fail() {
	echo "FAILED: $*"
	exit 1
}
# says EXIT WORDS COMMAND...: it ends so, and its output has the words
says() {
	code=$1 words=$2
	shift 2
	"$@" >$work/said 2>&1
	got=$?
	[ $got = "$code" ] && { [ -z "$words" ] || grep -q -- "$words" $work/said; } || fail "$*: exit $got, not $code, or without '$words': $(cat $work/said)"
}
# One member of a run's record.
member() {
	"$vlat" ps --json | tr -d '\n' | sed -n "s/.*\"name\": \"$1\"[^}]*\"$2\": \"\{0,1\}\([^\",}]*\).*/\1/p"
}
groups() {
	find /sys/fs/cgroup -mindepth 1 -type d -name 'vlat*'
	cat /sys/fs/cgroup/cgroup.subtree_control
	ls /run/netns $VLAT_STATE/runs 2>/dev/null
}
# The holder of the host's tuning puts it back when the last run has gone: a moment later.
as_before() {
	for i in $(seq 900); do
		groups >$work/after
		cmp -s $work/before $work/after && return
		sleep 0.2
	done
	fail "left behind after $1: $(diff $work/before $work/after)"
}

busybox=$(command -v busybox) || { echo "skipped: no busybox here, of which the container is made"; exit 77; }
# The lab's root is an overlay of its own: whoever else runs containers is out of the way.
for other in runc docker podman; do
	path=$(command -v $other) && mv "$path" "$path.away"
done
mkdir -p $root/bin $VLAT_STATE/runs /run/netns
cp "$busybox" $root/bin/busybox
"$root/bin/busybox" true || fail "busybox does not run"
groups >$work/before

box() {
	name=$1
	shift
	"$vlat" -q run container --name "$name" --rootfs $root "$@"
}
says 0 "^Cpus_allowed_list:.*2$" box pinned --tuning none --cpus 2, -- /bin/busybox grep Cpus_allowed_list /proc/self/status
says 2 "bin/nothing" box wrong --tuning none -- /bin/nothing
says 2 "bin/nothing" box wrong --tuning none --detach -- /bin/nothing
echo "# crun: a command, a wrong one"

says 0 "" box limited --tuning none --memory 32M --detach -- /bin/busybox sleep 600
group=$(sed -n 's/^0:://p' "/proc/$(member limited workload_pid)/cgroup")
[ "$(cat "/sys/fs/cgroup$group/memory.max")" = 33554432 ] || fail "memory.max of '$group' is not 32 MiB"
[ "$(member limited memory_mb)" = 32 ] || fail "vlat ps says nothing of the limit"
says 0 "" "$vlat" -q stop --now limited
says 137 "" box eager --tuning none --memory 16M -- /bin/busybox dd if=/dev/zero of=/dev/null bs=64M count=1
says 2 "set apart lives in the group of those CPUs" box limited --cpus 2, --memory 32M -- /bin/busybox true
as_before "limits of memory"
echo "# memory is limited, or the limit refused"

says 0 "" box one --cpus 1, --pool 1-2 --policy fifo --priority 3 --detach -- /bin/busybox sleep 600
says 0 "" "$vlat" -q run native --name two --cpus 1 --detach -- sleep 600
[ "$(member one tuning) $(member two tuning)" = "isolated isolated" ] || fail "not both are isolated: $("$vlat" ps)"
[ "$(member one cpus) $(member two cpus)" = "1 2" ] || fail "not on CPUs of their own: $("$vlat" ps)"
[ "$(member one policy)" = "fifo 3" ] || fail "policy of the container: $(member one policy)"
pid=$(member one workload_pid)
grep -q "^Cpus_allowed_list:.*	1$" "/proc/$pid/status" || fail "the container is on $(grep Cpus_allowed_list "/proc/$pid/status")"
grep -q isolated /sys/fs/cgroup/vlat*/cpuset.cpus.partition /sys/fs/cgroup/vlat*/*/cpuset.cpus.partition ||
	fail "no isolated partition: $(grep -r . /sys/fs/cgroup --include cpuset.cpus.partition --include cpuset.cpus)"
says 2 "free are 0 of" "$vlat" -q run native --cpus 1 -- true
says 2 "belongs to the run 'one'" box three --cpus 1, -- /bin/busybox true
echo "# two runs share a pool, a third is refused"

# A card comes while the holder cannot look: its interrupts are where the kernel put them until it can.
astray() {
	n=0
	for irq in $(ls /sys/bus/pci/drivers/igb/0000:*/msi_irqs | grep '^[0-9]'); do
		[ ! -e /proc/irq/$irq/smp_affinity ] || [ $((0x$(cat /proc/irq/$irq/smp_affinity) & 6)) -eq 0 ] || n=$((n + 1))
	done
	echo $n
}
holder=$(grep -lx vlat-hold /proc/[0-9]*/comm | head -1 | tr -dc 0-9)
[ -n "$holder" ] || fail "nobody holds the tuning: $(cat /proc/[0-9]*/comm)"
default=$(cat /proc/irq/default_smp_affinity)
kill -STOP "$holder"
modprobe -r igb && echo 7 >/proc/irq/default_smp_affinity && modprobe igb && ip link set eth0 up || fail "the card's driver"
[ "$(astray)" -gt 0 ] || fail "no interrupt of the card is on the runs' CPUs: nothing to see"
echo "$default" >/proc/irq/default_smp_affinity
kill -CONT "$holder"
for i in $(seq 300); do [ "$(astray)" = 0 ] && break; sleep 1; done
[ "$(astray)" = 0 ] || fail "interrupts of a card that came stay on the runs' CPUs: $(grep . /proc/irq/*/smp_affinity_list)"
echo "# a card that comes keeps off the runs' CPUs"

kill -9 "$(member one pid)"
while [ "$(member one state)" != dead ]; do sleep 0.1; done
says 0 "vlat revert" "$vlat" ps
says 2 "is dead\|was killed\|vlat revert" "$vlat" stop one
says 0 "" "$vlat" stop two
says 0 "" "$vlat" -q revert
[ ! -e "/proc/$pid" ] || fail "the container of the killed vlat runs on"
says 0 "nothing runs" "$vlat" ps
as_before "a death"
echo "# killed and reverted"

# Every function of a port to a container of its own, all at once; the other end of the wire answers each.
ip link set eth1 up && ip address add 198.18.1.100/24 dev eth1
: >$work/macs
for n in 1 2 3 4 5 6 7; do
	says 0 "" box vf$n --tuning none --net vf,dev=eth0,vfs=7 --detach -- /bin/busybox sleep 600
done
says 2 "0 of them are free" box vf8 --tuning none --net vf,dev=eth0,vfs=7 --detach -- /bin/busybox sleep 600
for n in 1 2 3 4 5 6 7; do
	pid=$(member vf$n workload_pid)
	dev=$(nsenter -t "$pid" -n ip -o link | sed -n 's/^[0-9]*: \(e[^:]*\):.*/\1/p')
	nsenter -t "$pid" -n ip -o link show "$dev" | sed 's/.*link.ether \([^ ]*\).*/\1/' >>$work/macs
	nsenter -t "$pid" -n ip address add 198.18.1.$n/24 dev "$dev"
	# The port may lose what is sent before its link is up.
	for i in $(seq 60); do nsenter -t "$pid" -n busybox ping -c 1 -W 3 198.18.1.100 >$work/said 2>&1 && break; sleep 0.5; done
	grep -q "1 packets received" $work/said || fail "vf$n gets no answer: $(cat $work/said)"
	[ "$(cat "/proc/$pid/net/dev" | grep -c ': ')" = 2 ] || fail "not lo and one function: $(cat "/proc/$pid/net/dev")"
done
[ "$(sort -u $work/macs | wc -l)" = 7 ] || fail "not seven addresses of hardware: $(cat $work/macs)"
# The first has made them, and removes them: last.
for n in 7 6 5 4 3 2 1; do
	says 0 "" "$vlat" -q stop --now vf$n
done
as_before "seven functions"
[ "$(cat /sys/class/net/eth0/device/sriov_numvfs)" = 0 ] || fail "functions were left"
echo "# seven containers with a function each"

"$2" "$vlat" "$3" "$4"
