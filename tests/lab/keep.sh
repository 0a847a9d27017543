# SPDX-License-Identifier: Apache-2.0
# In the lab: CPUs 2-3 of four are isolated by a tuning that stays; a card's driver is loaded again, CPUs go and come.
# keep.sh VLAT; facts as name=value lines.
vlat=$1
export VLAT_STATE=/tmp/vlat-state
mkdir -p $VLAT_STATE

irqs() { ls /sys/bus/pci/drivers/igb/0000:*/msi_irqs 2>/dev/null | grep '^[0-9]'; }
# How many of the card's interrupts may go to CPU 2 or 3
astray() {
	n=0
	for irq in $(irqs); do
		[ -e /proc/irq/$irq/smp_affinity ] || continue
		[ $((0x$(tr -d , </proc/irq/$irq/smp_affinity) & 12)) -eq 0 ] || n=$((n + 1))
	done
	echo $n
}
alive() { case $(sed -n 's/^State:.//p' /proc/"$1"/status 2>/dev/null) in [!ZX]*) true ;; *) false ;; esac; }
# await VALUE COMMAND PID: until its output is that, for some minutes, or the process that would see to it has ended; its last output
await() {
	for _ in $(seq 300); do
		now=$($2)
		[ "$now" != "$1" ] && alive "$3" || break
		sleep 1
	done
	echo "$now"
}

ip link set lo up
ip link set eth0 up
"$vlat" tune vm-host --cpus 2-3 --apply >/tmp/tune 2>&1
echo "tuned=$?"
tail -40 /tmp/tune >&2
echo "irqs=$(irqs | wc -l)"
echo "astray-tuned=$(astray)"
# What comes up is looked at while the holder cannot put it right: what the kernel tells it meanwhile waits for it.
holder=$("$vlat" status --json | awk '/"pid":/ { gsub(/[^0-9]/, ""); print; exit }')
partition=$(grep -l . /sys/fs/cgroup/*/iso/cpuset.cpus.partition /sys/fs/cgroup/*/cpuset.cpus.partition 2>/dev/null | head -1)

# Interrupts that are asked for later would start where the tuning wants them: somebody has changed that.
echo f >/proc/irq/default_smp_affinity
kill -STOP "$holder"
modprobe -r igb
modprobe igb
ip link set eth0 up
echo "astray-came=$(astray)"
kill -CONT "$holder"
echo "astray-later=$(await 0 astray "$holder")"
echo "default=$(cat /proc/irq/default_smp_affinity)"

# A housekeeping CPU goes while an interrupt may go nowhere else: the kernel lets it go anywhere.
first=$(irqs | head -2 | tail -1)
kill -STOP "$holder"
echo 1 >/proc/irq/"$first"/smp_affinity_list
echo 0 >/sys/devices/system/cpu/cpu1/online
echo "broken=$(cat /proc/irq/"$first"/smp_affinity_list)"
kill -CONT "$holder"
echo "astray-offline=$(await 0 astray "$holder")"
echo 1 >/sys/devices/system/cpu/cpu1/online

# An isolated CPU goes and comes.
echo 0 >/sys/devices/system/cpu/cpu3/online
sleep 1
echo 1 >/sys/devices/system/cpu/cpu3/online
is_partition() { cat "$partition"; }
echo "partition=$(await isolated is_partition "$holder")"
grep . /sys/fs/cgroup/*/cpuset.cpus.effective /sys/fs/cgroup/*/iso/cpuset.cpus.effective >&2

# The guard keeps to the housekeeping CPUs, and sees the one setting that somebody has changed.
"$vlat" guard --listen unix:/run/guard.sock --interval 1s >/dev/null 2>&1 &
guard=$!
guard_cpus() { sed -n 's/^Cpus_allowed_list:[^0-9]*//p' /proc/$guard/status; }
echo "guard-cpus=$(await 0 guard_cpus $guard)"
listens() { [ -S /run/guard.sock ] && echo yes; }
echo "guard-listens=$(await yes listens $guard)" # it heeds a signal from then on

# It wakes nobody on an isolated CPU and interrupts none, as the kernel's tracer sees it, while it looks and answers some times;
# a shell that wakes a task there is seen to do so.
tracing=/sys/kernel/tracing
[ -e $tracing/trace ] || mount -t tracefs tracefs $tracing
trace() { # PID: from now on
	echo 0 >$tracing/tracing_on
	echo "$1" >$tracing/set_event_pid
	: >$tracing/trace
	echo 1 >$tracing/tracing_on
}
by_itself() { grep -E '\] ..\.' $tracing/trace; } # not what came upon it: hard and soft interrupts are marked in the third place
disturbed() { # events that reach CPU 2 or 3
	n=$(by_itself | grep -cE 'sched_waking:.*target_cpu=00[23]|ipi_send_cpu:.* cpu=[23] ')
	for mask in $(by_itself | sed -n 's/.*ipi_send_cpumask:.*cpumask=\([0-9a-f,]*\).*/\1/p' | tr -d ,); do
		[ $((0x$mask & 12)) -eq 0 ] || n=$((n + 1))
	done
	echo "$n"
}
events=0
for event in sched/sched_switch sched/sched_waking ipi/ipi_send_cpu ipi/ipi_send_cpumask; do
	echo 1 >$tracing/events/$event/enable && events=$((events + 1))
done
echo "trace-events=$events"
looks() {
	perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => "/run/guard.sock") or exit 1;
		print $s "GET /metrics HTTP/1.0\r\n\r\n"; print while <$s>' | sed -n 's/^vlat_guard_looks_total //p'
}
trace $guard
first=$(looks)
more_looks() { [ "$(looks)" -ge $((first + 3)) ] && echo yes; }
echo "guard-looks=$(await yes more_looks $guard)"
echo 0 >$tracing/tracing_on
echo "guard-ran=$(by_itself | grep -c 'sched_switch:')"
echo "guard-disturbs=$(disturbed)"
by_itself | grep -E 'target_cpu=00[23]|ipi_send' >&2
for task in /proc/$guard/task/*; do sed -n 's/^Cpus_allowed_list:[^0-9]*//p' "$task"/status; done | sort -u | tr '\n' ' ' | sed 's/^/guard-threads=/; s/ $//'
echo
echo "guard-children=$(cat /proc/$guard/task/*/children | wc -w)"
sleep 1000 &
sleeper=$!
echo $sleeper >"${partition%/*}"/cgroup.procs
trace $$
kill $sleeper
echo 0 >$tracing/tracing_on
echo "shell-disturbs=$(disturbed)"
echo >$tracing/set_event_pid
kill $guard
wait $guard
echo "guard=$?"
"$vlat" verify >/tmp/verify 2>&1
echo "verify=$?"
cat /tmp/verify >&2
echo "differs=$(grep -c '^differs' /tmp/verify)"
grep -q '^differs  /proc/irq/default_smp_affinity' /tmp/verify && echo "differs-default=yes"
grep -v default_smp_affinity /tmp/verify | grep -A1 '^differs' >&2
"$vlat" revert >/tmp/revert 2>&1
echo "revert=$?"
cat /tmp/revert >&2
echo "left=$(ls $VLAT_STATE/runs | wc -l)"
