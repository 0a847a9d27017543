#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The instrument of the fault tests is tested itself: what it must see, it sees; what goes on anyway, it does not.
set -eu
snapshot=$1
[ "$(id -u)" = 0 ] || { echo "skipped: control groups and network namespaces need root"; exit 77; }
dir=$(mktemp -d /tmp/vlat-snapshot-XXXXXX)
sleeper=
group=
clean() {
	[ -z "$sleeper" ] || kill "$sleeper"
	[ ! -d "$group" ] || rmdir "$group"
	rm -rf "$dir"
}
trap clean EXIT
echo one >"$dir/knob"
export VLAT_STATE="$dir/state"
mkdir -p "$VLAT_STATE/runs"

# sees WORD: the difference to before has a line with it; blind WORD: it has none.
differs() {
	"$snapshot" --at-once "$dir/before" "$dir/knob*" >"$dir/diff" || true
	grep -q -- "$1" "$dir/diff"
}
sees() {
	differs "$1" || { echo "FAILED: not seen: $1"; cat "$dir/diff"; exit 1; }
}
blind() {
	! differs "$1" || { echo "FAILED: seen: $1"; cat "$dir/diff"; exit 1; }
}

# A program that was started is itself a moment later.
await_sleep() {
	until [ "$(cat "/proc/$1/comm")" = sleep ]; do sleep 0.05; done
}

sleep 1000 &
sleeper=$!
await_sleep $sleeper
"$snapshot" "$dir/knob*" >"$dir/before"
sort -c "$dir/before" 2>/dev/null || LC_ALL=C sort -c "$dir/before"
blind "$dir/knob"
echo two >"$dir/knob"
sees "- file $dir/knob: one"
sees "+ file $dir/knob: two"
echo one >"$dir/knob"
blind "$dir/knob"

mkdir "$VLAT_STATE/runs/abc123"
sees '+ run abc123'
rmdir "$VLAT_STATE/runs/abc123"

# A program that started meanwhile is no difference, unless it is marked; one that was there must be as it was.
sleep 999 &
new=$!
VLAT_RUN=test99 sleep 998 &
marked=$!
await_sleep $new
await_sleep $marked
chrt --batch -p 0 "$sleeper"
sees "+ marked $marked (sleep): VLAT_RUN=test99"
sees "+ task $sleeper/$sleeper .* policy 3 "
blind "task $new/"
kill "$new" "$marked"
wait "$new" "$marked" 2>/dev/null || true
blind "marked $marked"

root=$(awk '$3 ~ /^cgroup2?$/ { print $2; exit }' /proc/mounts)
if [ -n "$root" ] && mkdir "$root/vlat-snapshot-test" 2>/dev/null; then
	group=$root/vlat-snapshot-test
	sees "+ cgroup $group:"
	rmdir "$group"
	blind "$group"
	mkdir "$root/others-$$"
	blind "others-$$"
	rmdir "$root/others-$$"
else
	echo "not tested: no control group can be made here"
fi
echo ok
