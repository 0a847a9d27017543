#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Undoing from where little is left; two tunings at once; force and history on the running machine.
#   revert.sh VLAT SNAPSHOT
# In a /run and a network namespace of its own, so that no other vlat's locks are in the way.
set -u
vlat=$1
snapshot=$2
. "$(dirname "$0")/alone.sh"
mkdir "$VLAT_STATE"
swap=/proc/sys/vm/swappiness
swap_before=$(cat $swap)
clean() {
	"$vlat" revert >/dev/null 2>&1
	echo "$swap_before" >$swap
	umount -R "$work/rescue/proc" "$work/rescue/sys" 2>/dev/null
	rm -rf --one-file-system "$work"
}
trap clean EXIT

# Two at once: one of them tunes, the other one says who is in its way.
echo 60 >$swap
"$vlat" tune vm-host --only mem.swap --apply >"$work/one" 2>&1 &
one=$!
"$vlat" tune vm-host --only mem.swap --apply >"$work/two" 2>&1
two=$?
wait $one
one=$?
cat "$work/one" "$work/two" >"$work/out"
[ "$one $two" = "0 2" ] || [ "$one $two" = "2 0" ] || bad "two at once ended with $one and $two"
said "vlat revert first"
run 0 revert
[ "$(cat $swap)" = 60 ] || bad "swappiness is $(cat $swap), not 60"

# What somebody else changed is left to him, until it is named: by its knob, after the revert.
run 0 tune vm-host --only mem.swap --apply
echo 33 >$swap
run 4 revert
said "(mem.swap)"
said "vlat revert --force"
run 0 status
run 2 revert --force mem.swapp
run 0 revert --force mem.swap
[ "$(cat $swap)" = 60 ] || bad "swappiness is $(cat $swap) after --force, not 60"

# By whom, what, and what became of it.
run 0 history
said "tune vm-host"
said "uid 0"
said "reverted, 20"
run 0 history --json
said '"end": "reverted"'

# A rescue shell: vlat, its libraries and the journal, /proc and /sys; no profiles, no /etc, no /run, no holder.
"$snapshot" >"$work/before"
run 0 tune vm-host --level extreme --apply
killed "$(holder)"
mkdir -p "$work/rescue/proc" "$work/rescue/sys"
cp "$vlat" "$work/rescue/vlat"
ldd "$vlat" | grep -o '/[^ ]*' | while read -r lib; do
	mkdir -p "$work/rescue$(dirname "$lib")"
	cp "$lib" "$work/rescue$lib"
done
mount --rbind /proc "$work/rescue/proc" && mount --rbind /sys "$work/rescue/sys" || exit 99
mount --make-rprivate "$work/rescue/proc" && mount --make-rprivate "$work/rescue/sys" || exit 99
cp -a "$VLAT_STATE" "$work/rescue/state"
VLAT_STATE=/state chroot "$work/rescue" /vlat revert >"$work/out" 2>&1 || bad "revert in the rescue shell: exit $?"
said "reverted"
VLAT_STATE=/state chroot "$work/rescue" /vlat history >"$work/out" 2>&1 || bad "history in the rescue shell: exit $?"
umount -R "$work/rescue/proc" "$work/rescue/sys"
# It had a copy of the journal, and could unmount its own view of debugfs only: those are for the revert outside.
rescued() {
	"$snapshot" --at-once "$work/before" | grep -v -e '^+ mount /sys/kernel/debug:' -e '^+ run ' >"$work/out"
	[ ! -s "$work/out" ]
}
within rescued || bad "revert in the rescue shell left a difference"
run 0 revert
said "0 failed"
"$snapshot" --since "$work/before" >"$work/out" || bad "revert left a difference"
exit $failed
