# SPDX-License-Identifier: Apache-2.0
# In the lab: what cannot be had is one sentence with its cure, and nothing is left of the attempt.
#   refuse.sh VLAT devices|iommu; facts as name=value lines: exit code, number of lines, the words.
vlat=$1
pf=/sys/class/net/eth0/device
export VLAT_STATE=/tmp/vlat-state

# Few processes: each one costs a tenth of a second here.
state() {
	grep -H . /sys/class/net/*/address /sys/class/net/*/flags /sys/kernel/mm/hugepages/*/nr_hugepages
	grep -H . /sys/bus/pci/devices/*/driver_override $pf/sriov_numvfs $pf/sriov_drivers_autoprobe
	echo /sys/bus/pci/devices/*/driver /run/netns/* $VLAT_STATE/runs/*
}
# refused NAME WORDS...: vlat measure WORDS
refused() {
	name=$1
	shift
	state >/tmp/before
	"$vlat" -q measure "$@" -d 1s >/dev/null 2>/tmp/said
	code=$?
	echo "$name=$code $(wc -l </tmp/said) $(tr '\n' ' ' </tmp/said)"
	state >/tmp/after
	cmp /tmp/before /tmp/after >&2 || echo "left-by-$name=$(diff /tmp/before /tmp/after | tr '\n' ' ')"
}
over() {
	refused "$1" tcp-rr --sut "$2" --datapath "$3"
}

case $2 in
devices)
	over nobody container vf,dev=eth9
	over no-address container vf,dev=0000:09:00.0
	over no-sriov container vf,dev=eth1
	over too-many container vf,dev=eth0,vfs=8
	over dots container vf,dev=../../etc
	over blank container 'vf,dev=eth 0'
	over newline container 'vf,dev=eth0
'
	over no-peer vm pf,dev=eth0
	over one-end vm pf,dev=eth0,peer=eth0
	over queues container bridge,queues=2
	refused more-queues tcp-rr --sut vm --datapath vhost-net,queues=2 --accelerator tcg
	refused pages wakeup --sut vm --pages 1g --accelerator tcg
	ip link set eth0 up
	echo 2 >$pf/sriov_numvfs
	vf=$(basename "$(readlink $pf/virtfn0)")
	over is-function container "vf,dev=$vf"
	over has-functions vm pf,dev=eth0,peer=eth1
	for i in $(seq 120); do [ -d $pf/virtfn0/net ] && [ -d $pf/virtfn1/net ] && break; sleep 1; done
	for link in $pf/virtfn*/net/*; do ip link set "$(basename "$link")" up; done
	over in-use container vf,dev=eth0
	over two-are-few container vf,dev=eth0,vfs=7
	echo 0 >$pf/sriov_numvfs
	# Locked memory is limited, and the right to go beyond it is gone: VFIO cannot pin the guest's memory.
	refuse_pin() {
		setpriv --bounding-set -sys_resource,-ipc_lock --inh-caps -sys_resource,-ipc_lock prlimit --memlock=65536:65536 \
			"$vlat" "$@"
	}
	state >/tmp/before
	refuse_pin -q measure tcp-rr --sut vm --datapath vf,dev=eth0 --accelerator tcg -d 1s >/dev/null 2>/tmp/said
	echo "pin=$? $(wc -l </tmp/said) $(tr '\n' ' ' </tmp/said)"
	state >/tmp/after
	cmp /tmp/before /tmp/after >&2 || echo "left-by-pin=$(diff /tmp/before /tmp/after | tr '\n' ' ')"
	;;
iommu)
	over vf vm vf,dev=eth0
	over pf vm pf,dev=eth0,peer=eth1
	refused gigantic wakeup --sut vm --pages 1g
	;;
esac
