# SPDX-License-Identifier: Apache-2.0
# In the lab, on a kernel with a fair server: the task that keeps a CPU from halting is started where that server was
# switched off before, and nowhere else.   spin.sh VLAT; facts as name=value lines.
vlat=$1
export VLAT_STATE=/tmp/vlat-state VLAT_DATA="$(dirname "$0")/../../data"
[ -d /sys/kernel/debug/sched ] || mount -t debugfs debugfs /sys/kernel/debug
servers=/sys/kernel/debug/sched/fair_server

# How long each CPU's server may run.
runtimes() {
	cat $servers/cpu*/runtime | sort | uniq -c | awk '{ printf "%s%s*%s", sep, $1, $2; sep = " " }'
}
spinners() {
	cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^vlat-spin$'
}

echo "model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
echo "before=$(runtimes)"

"$vlat" tune guest --cpus 2-3 --only pwr.idle_spin --apply >/tmp/said 2>&1
echo "alone=$?"
cat /tmp/said >&2
echo "alone-why=$(tr '\n' ' ' </tmp/said | sed 's/  */ /g' | sed -n "s/.*\(fair server is not seen to be off\).*/\1/p")"
echo "alone-spinners=$(spinners)"
"$vlat" -q revert >/dev/null 2>&1

"$vlat" tune guest --cpus 2-3 --only sch.fair_server,pwr.idle_spin --apply >/tmp/said 2>&1
echo "both=$?"
cat /tmp/said >&2
echo "both-spinners=$(spinners)"
echo "both-servers=$(runtimes)"
for pid in $(grep -lx vlat-spin /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3); do
	echo "spinner $(sed -n 's/^Cpus_allowed_list:[^0-9]*//p' "/proc/$pid/status") $(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f39)" >&2
	sed -n 's/^Cpus_allowed_list:[^0-9]*//p' "/proc/$pid/status"
done | sort | tr '\n' ' ' | sed 's/^/both-cpus=/; s/ $//'
echo
"$vlat" -q revert >&2
echo "revert=$?"
echo "left=$(spinners)"
echo "after=$(runtimes)"
