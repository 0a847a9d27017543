# SPDX-License-Identifier: Apache-2.0
# In the lab: a container, and a process, over a virtual function, by vlat; its end, and its death in the middle of setting it up.
# vf.sh VLAT; facts as name=value lines.
vlat=$1
pf=/sys/class/net/eth0
export VLAT_STATE=/tmp/vlat-state

state() {
	echo "numvfs $(cat $pf/device/sriov_numvfs) autoprobe $(cat $pf/device/sriov_drivers_autoprobe) flags $(cat $pf/flags)"
	for link in /sys/class/net/*; do echo "link $(basename "$link") $(cat "$link/address")"; done
	ip netns list
	for device in /sys/bus/pci/devices/*; do
		echo "driver $device $(basename "$(readlink "$device/driver")" 2>/dev/null) $(cat "$device/driver_override")"
	done
}

runs() {
	ls $VLAT_STATE/runs 2>/dev/null | wc -l
}

state >/tmp/before
for workload in tcp-rr tcp-stream; do
	"$vlat" -q measure $workload --sut container --datapath vf --device eth0 -d 1s --json >/tmp/record.json 2>/tmp/said
	echo "$workload=$?"
	cat /tmp/said >&2
	echo "$workload-path=$(sed -n 's/^ "datapath": "\(.*\)",$/\1/p' /tmp/record.json)"
	echo "$workload-moved=$(grep -c -E '"(transactions|throughput_bps)": [1-9]' /tmp/record.json)"
done
# The same for a process of the host, in a namespace with nothing but a function.
"$vlat" -q measure tcp-rr --sut native --datapath vf --device eth0 -d 1s --json >/tmp/record.json 2>/tmp/said
echo "native=$?"
cat /tmp/said >&2
echo "native-path=$(sed -n 's/^ "datapath": "\(.*\)",$/\1/p' /tmp/record.json)"
echo "native-moved=$(grep -c '"transactions": [1-9]' /tmp/record.json)"
state >/tmp/after
cmp /tmp/before /tmp/after >&2 && echo same=yes

# Killed when the virtual function is there, whatever else is.
"$vlat" -q measure tcp-rr --sut container --datapath vf --device eth0 -d 60s >/dev/null 2>&1 &
victim=$!
while kill -0 $victim 2>/dev/null && [ "$(cat $pf/device/sriov_numvfs)" = 0 ]; do sleep 0.02; done
kill -9 $victim
echo "killed-with=$(cat $pf/device/sriov_numvfs)"
echo "journals=$(runs)"
"$vlat" -q revert >&2
echo "revert=$?"
state >/tmp/after
diff /tmp/before /tmp/after >&2 && echo reverted=yes
echo "journals-left=$(runs)"
