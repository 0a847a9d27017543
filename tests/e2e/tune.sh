#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A tuning that stays: applied, watched, reverted; its holder killed; a second one refused; what somebody else changed left alone;
# plans kept in files; programs that set the same.
#   tune.sh VLAT SNAPSHOT
# In a /run and a network namespace of its own, so that no other vlat's locks are in the way.
set -u
vlat=$1
snapshot=$2
. "$(dirname "$0")/alone.sh"
mkdir "$VLAT_STATE"
swap=/proc/sys/vm/swappiness
swap_before=$(cat $swap)
rival=
clean() {
	[ -z "$rival" ] || kill "$rival" 2>/dev/null
	"$vlat" revert >/dev/null 2>&1
	echo "$swap_before" >$swap
	rm -rf "$work"
}
trap clean EXIT

# Nothing happens that was not asked for.
run 0 tune vm-host
said "Nothing was changed"
run 0 status
said "nothing is in force"
run 2 tune vm-hots
said "did you mean vm-host"
run 2 tune vm-host --only mem.swop
said "did you mean mem.swap"
run 2 tune vm-host --level high
said "level high: one of safe, standard, extreme is meant"
run 2 tune vm-host --cpus 1023 --apply
said "cannot isolate CPUs \"1023\": give CPUs out of those online, $(cat /sys/devices/system/cpu/online)"
run 2 tune vm-host --cpus "$(cat /sys/devices/system/cpu/online)" --apply
said "cannot isolate all CPUs"
run 2 tune vm-host --apply --json
run 2 tune vm-host --only mem.swap --cpus 0 --apply
said "CPU 0 is to be isolated"

# All that the profile wants, and back: the machine is as it was.
"$snapshot" >"$work/before"
run 0 tune vm-host --level extreme --apply
said "In force as run"
run 0 status
said "0 drifted"
run 2 tune realtime --apply
said "vlat revert first"
run 0 revert
said "reverted"
"$snapshot" --since "$work/before" >"$work/out" || bad "revert left a difference"
run 0 status
said "nothing is in force"

# Two at once: one tunes, the other says so, whichever comes first.
echo 60 >$swap
"$vlat" tune vm-host --only mem.swap --apply </dev/null >"$work/first" 2>&1 &
"$vlat" tune realtime --only mem.swap --apply </dev/null >"$work/out" 2>&1
second=$?
wait $!
first=$?
[ "$first,$second" = 0,2 ] || [ "$first,$second" = 2,0 ] || bad "two at once ended with $first and $second: $(cat "$work/first")"
run 0 status
[ "$(grep -c '^run ' "$work/out")" = 1 ] || bad "two at once are not one run"
run 0 revert
[ "$(cat $swap)" = 60 ] || bad "swappiness is $(cat $swap), not 60, after two at once"

# A holder that is killed leaves its journal.
run 0 tune vm-host --only mem.swap --apply
[ "$(cat $swap)" = 10 ] || bad "swappiness is $(cat $swap), not 10"
killed "$(holder)"
run 1 status
said "its process is dead"
run 0 revert
[ "$(cat $swap)" = 60 ] || bad "swappiness is $(cat $swap), not 60"

# A holder that is asked to end, as at a shutdown, puts everything back itself; also debugfs, which it may not unmount (Landlock).
mounted() {
	grep -c ' debugfs ' /proc/mounts
}
debugfs=$(mounted)
run 0 tune vm-host --only mem.swap,sch.fair_server --json
confined=0
grep -q '"unconfined": null' "$work/out" && confined=1
run 0 tune vm-host --only mem.swap,sch.fair_server --apply
pid=$(holder)
now=$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$pid/status")
[ "$now" = $confined ] || bad "the holder is confined: $now, not $confined"
kill "$pid"
within ended "$pid"
[ "$(mounted)" = "$debugfs" ] || bad "a holder asked to end left debugfs mounted"
[ "$(cat $swap)" = 60 ] || bad "a holder asked to end left swappiness at $(cat $swap)"
run 0 status

# What somebody else has changed since is his: told, and left alone.
run 0 tune vm-host --only mem.swap --apply
echo 33 >$swap
run 1 status
said "drifted  $swap: is 33 now"
run 4 revert
said "somebody changed it since"
[ "$(cat $swap)" = 33 ] || bad "a foreign value was overwritten"
run 0 status

# A plan that is kept is done as it was read, or not at all.
echo 60 >$swap
run 0 tune vm-host --only mem.swap --save "$work/plan.json"
said "vlat tune --from $work/plan.json --apply"
[ "$(stat -c %a "$work/plan.json")" = 600 ] || bad "a plan that others can read"
run 0 tune --from "$work/plan.json"
said "60 -> 10"
run 2 tune guest --from "$work/plan.json"
said "leave the others out"
echo 61 >$swap
run 2 tune --from "$work/plan.json" --apply
said "swappiness is 61 now, and was 60"
echo 60 >$swap
sed 's/"machine": "/&0/' "$work/plan.json" >"$work/foreign.json"
run 2 tune --from "$work/foreign.json" --apply
said "another machine"
sed 's/"wish"/"wihs"/' "$work/plan.json" >"$work/odd.json"
run 2 tune --from "$work/odd.json"
said "is no plan of vlat tune --save"
head -c 200 "$work/plan.json" >"$work/cut.json"
run 2 tune --from "$work/cut.json"
run 2 tune --from "$work/none.json"
[ "$(cat $swap)" = 60 ] || bad "a refused plan was applied"
run 0 tune --from "$work/plan.json" --apply
[ "$(cat $swap)" = 10 ] || bad "swappiness is $(cat $swap), not 10"
run 0 revert

# Programs that set the same: named, in nobody's way but an --apply's, stopped when told, and started again.
# A systemctl of our own stands for systemd's, a sleep for the program.
mkdir "$work/bin" && cp "$(command -v sleep)" "$work/bin/tuned" || exit 99
cat >"$work/bin/systemctl" <<'EOF'
#!/bin/sh
echo "$*" >>"$WORK/calls"
case $1 in
is-active) [ -e "$WORK/active" ] ;;
show) cat "$WORK/fragment" 2>/dev/null ;;
daemon-reload) ls /run/systemd/system/*.service.d/*.conf >"$WORK/loaded" 2>/dev/null || : ;;
stop) rm "$WORK/active" ;;
mask) [ ! -e "$WORK/refuse" ] || { echo "Access denied" >&2; exit 1; }; touch "$WORK/masked"; rm "$WORK/active" ;;
unmask) rm -f "$WORK/masked" ;;
start) [ ! -e "$WORK/masked" ] && [ ! -s "$WORK/loaded" ] && touch "$WORK/active" ;;
esac
EOF
chmod +x "$work/bin/systemctl"
export WORK=/run/services # the holder may write no other place of ours
mkdir $WORK
touch $WORK/active
"$work/bin/tuned" 600 &
rival=$!
within called "$rival" tuned
PATH="$work/bin:$PATH"
run 0 tune vm-host --only mem.swap
said "tuned (process $rival)"
run 2 tune vm-host --only mem.swap --apply
said "say --take-over"
run 2 tune vm-host --only mem.swap --apply --take-over
said "systemd does not run this machine"
mkdir -p /run/systemd/system
touch $WORK/refuse
run 2 tune vm-host --only mem.swap --apply --take-over
said "Access denied"
[ "$(cat $swap)" = 60 ] || bad "applied although the other program could not be stopped"
rm $WORK/refuse
[ -e $WORK/active ] || bad "a program that could not be stopped is not as it was"
run 0 tune vm-host --only mem.swap --apply --take-over
[ -e $WORK/masked ] && [ ! -e $WORK/active ] || bad "the other program was not stopped and masked"
run 0 revert
[ ! -e $WORK/masked ] && [ -e $WORK/active ] || bad "the other program was not started again"
# A unit in /etc goes before a mask in /run: it is kept from starting by a condition, which goes again.
echo /etc/systemd/system/tuned.service >$WORK/fragment
: >$WORK/calls
run 0 tune vm-host --only mem.swap --apply --take-over
[ ! -e $WORK/active ] || bad "a program whose unit is in /etc was not stopped"
grep -q '^ConditionPathExists=!/run/systemd/system$' "$(cat $WORK/loaded)" || bad "a program whose unit is in /etc may start again"
! grep -q mask $WORK/calls || bad "a unit in /etc was masked, which does nothing"
run 0 revert
[ -e $WORK/active ] || bad "the program whose unit is in /etc was not started again"
[ -z "$(ls -A /run/systemd/system)" ] || bad "a file is left in /run/systemd/system"
kill "$rival"

# A tuning that nobody confirms is put back by itself, also when its holder is killed; one that is confirmed stays.
# On a slow machine the time may be over before what is to happen within it: then it is given more.
is_swap() { [ "$(cat $swap)" = "$1" ]; }
run 2 confirm
said "no tuning waits"
run 2 tune vm-host --only mem.swap --confirm-within 5
for limit in 2 15 60; do
	run 0 tune vm-host --only mem.swap --apply --confirm-within $limit
	said "Say vlat confirm within "
	"$vlat" tune vm-host --only mem.thp --apply --confirm-within 2 >"$work/out" 2>&1
	second=$? pid=$(holder)
	is_swap 10 && [ -n "$pid" ] && kill -9 "$pid" && break
	within is_swap 60
	"$vlat" revert >/dev/null 2>&1
	pid=
done
[ -n "$pid" ] && [ $second = 2 ] || bad "a second tuning ended with $second while one waited"
within is_swap 60 || bad "swappiness is $(cat $swap), not 60, after the holder of an unconfirmed tuning was killed"
# The clock is killed: nobody could put it back in time then, so its holder does at once.
run 0 tune vm-host --only mem.swap --apply --confirm-within 10m
run 0 status
said "not confirmed"
clock=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' /run/vlat.confirm)
is_swap 10 || bad "swappiness is $(cat $swap), not 10, before the clock was killed"
kill -9 "$clock"
within is_swap 60 || bad "swappiness is $(cat $swap), not 60, after the clock of an unconfirmed tuning was killed"
nothing_held() { [ -z "$(holder)" ]; }
within nothing_held || bad "the holder has not ended"
run 2 confirm
said "no tuning waits"
run 0 status
said "nothing is in force"
[ -z "$(ls -d /run/vlat.confirm* 2>/dev/null)" ] || bad "left: $(ls -d /run/vlat.confirm*)"
# One that was confirmed does not mind how the clock ends.
run 0 tune vm-host --only mem.swap --apply --confirm-within 10m
clock=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' /run/vlat.confirm)
kill -STOP "$clock"
run 0 confirm
run 0 status --json
said '"unconfirmed": false'
kill -9 "$clock"
sleep 1
is_swap 10 || bad "a confirmed tuning was put back when its clock was killed"
run 0 revert
for limit in 3 15 60; do
	run 0 tune vm-host --only mem.swap --apply --confirm-within $limit
	"$vlat" confirm >"$work/out" 2>&1
	confirmed=$?
	[ $confirmed = 0 ] && break
	within is_swap 60
done
[ $confirmed = 0 ] || bad "confirm ended with $confirmed"
said "it stays"
sleep $((limit + 1))
is_swap 10 || bad "a confirmed tuning was put back"
run 2 confirm
run 0 revert
exit $failed
