#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the lab: one study over all its datapaths, a whole e1000e, then two guests at once.
# study.sh VLAT STUDY RESULTS GUESTS AGENT; facts as name=value lines.
export VLAT_STATE=/tmp/vlat-state

state() {
	echo "numvfs $(cat /sys/class/net/eth0/device/sriov_numvfs)"
	for link in /sys/class/net/*; do echo "link $(basename "$link") $(cat "$link/address") $(cat "$link/flags")"; done
	ip netns list
	for device in /sys/bus/pci/devices/*; do
		echo "driver $device $(basename "$(readlink "$device/driver")" 2>/dev/null) $(cat "$device/driver_override")"
	done
}

state >/tmp/before
"$1" -q study "$2" --out "$3" --seed 2 >/dev/null
code=$?
"$1" -q measure tcp-rr --sut vm --datapath pf,dev=eth2,peer=eth1 --accelerator kvm -d 1s --json >/tmp/record.json
echo "e1000e=$?"
member() {
	sed -n "s/^ *\"$1\": \"\([a-z0-9]*\)\",*\$/\1/p" /tmp/record.json
}
echo "e1000e-path=$(member datapath) $(member accelerator)"
echo "e1000e-moved=$(grep -c -E '"transactions": [1-9]' /tmp/record.json)"
"$4" "$5" || code=$?
state >/tmp/after
cmp /tmp/before /tmp/after >&2 && echo same=yes
echo "journals=$(ls $VLAT_STATE/runs 2>/dev/null | wc -l)"
exit $code
