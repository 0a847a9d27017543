# SPDX-License-Identifier: Apache-2.0
# In the lab: vlat measures in a container on isolated CPUs while more programs than CPUs want to run.
# isolation.sh VLAT; facts as name=value lines.
vlat=$1
export VLAT_STATE=/tmp/vlat-state

isolated=$("$vlat" plan | sed -n 's/.*, CPUs\{0,1\} \([0-9,-]*\) \(is\|are\) isolated.*/\1/p')
echo "isolated=$isolated"
echo "at-boot=$(cat /sys/devices/system/cpu/isolated)"

spinners=
for n in 1 2 3 4 5 6; do
	while :; do :; done &
	spinners="$spinners $!"
done

# What is not the kernel's own on an isolated CPU: "agent" with the real-time policy that only it has, "stranger" if it runs (R).
# Fields behind the name in parentheses: 1 state, 7 flags (0x200000: kernel thread), 37 CPU, 39 policy.
look() {
	cat /proc/[0-9]*/task/*/stat 2>/dev/null | awk -v list="$isolated" '
		BEGIN {
			n = split(list, part, ",")
			for (i = 1; i <= n; i++) {
				split(part[i], end, "-")
				for (cpu = end[1]; cpu <= (end[2] == "" ? end[1] : end[2]); cpu++) inside[cpu] = 1
			}
		}
		{
			name = $0; sub(/^[^(]*\(/, "", name); sub(/\).*/, "", name)
			sub(/.*\) /, "")
			if (!($37 in inside)) next
			if (int($7 / 2097152) % 2) next
			if ($39 == 1) print "agent", name
			else if ($1 == "R") print "stranger", name
		}'
}

# The partition settles before the agent gets its policy, so whoever is there then was not moved away. A look takes its
# time: only one between two others that saw the agent was whole while the partition stood. On a slow machine the whole
# measurement may pass between two looks: the one who looks goes before the programs that want to run, and measures again.
measure() {
	"$vlat" -q measure wakeup --sut container --tuning vlat -d 20s --json >/tmp/record.json 2>/tmp/said &
	measuring=$!
	renice -n -20 -p $$ >/dev/null
	in_a_row=0
	while kill -0 $measuring 2>/dev/null && [ $samples -lt 12 ]; do
		look >/tmp/seen
		if ! grep -q agent /tmp/seen; then
			in_a_row=0
			sleep 0.2
			continue
		fi
		in_a_row=$((in_a_row + 1))
		if [ $in_a_row -ge 3 ]; then # the one before this
			samples=$((samples + 1))
			strangers=$((strangers + $(grep -c stranger /tmp/seen.before)))
			grep stranger /tmp/seen.before >&2
			partition=$now_partition
			kernel=$now_kernel
		fi
		mv /tmp/seen /tmp/seen.before
		now_partition=$(cat /sys/fs/cgroup/vlat-*/iso/cpuset.cpus.partition 2>/dev/null)
		now_kernel=$(cat /sys/fs/cgroup/cpuset.cpus.isolated 2>/dev/null)
	done
	renice -n 0 -p $$ >/dev/null
	wait $measuring
}

samples=0
strangers=0
partition=
kernel=
now_partition=
now_kernel=
for try in 1 2 3 4; do
	measure
	measured=$?
	[ $measured -eq 0 ] && [ $samples -eq 0 ] || break
	echo "try $try: nobody looked while the agent ran" >&2
done
echo "measured=$measured"
cat /tmp/said >&2
echo "samples=$samples"
echo "strangers=$strangers"
echo "partition=$partition"
echo "partition-cpus=$kernel"
echo "cpus=$(sed -n 's/^  "cpus": "\(.*\)",$/\1/p' /tmp/record.json | head -n 1)"
echo "journals-left=$(ls $VLAT_STATE/runs | wc -l)"
echo "partition-left=$(cat /sys/fs/cgroup/cpuset.cpus.isolated 2>/dev/null)"
echo "groups-left=$(ls -d /sys/fs/cgroup/vlat-* 2>/dev/null | wc -l)"
# shellcheck disable=SC2086
kill $spinners
