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
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc || exit 99
swap=/proc/sys/vm/swappiness
swap_before=$(cat $swap)
clean() {
	"$vlat" revert >/dev/null 2>&1
	echo "$swap_before" >$swap
	umount -R "$work"/rescue/* /etc 2>/dev/null
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

# A rescue shell: vlat, its libraries and the journal, /proc and /sys; no profiles, no /etc, nothing in /run, no holder.
"$snapshot" >"$work/before"
run 0 tune vm-host --level extreme --apply
killed "$(holder)"
mkdir -p "$work/rescue/proc" "$work/rescue/sys" "$work/rescue/run"
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
# What is less still: no control groups, no /run, an /etc that cannot be written.  What cannot be undone there stays, and says why; the
# revert outside does the rest.
etc() {
	(cd /etc && find . -printf '%p %y %m %u %g %l\n' | sort && find . -type f -exec cksum {} + | sort)
}
etc >"$work/etc.before"
# Without the knob that mounts debugfs: from there nobody could see that it is mounted here.
run 0 tune vm-host --level extreme --skip sch.fair_server --apply --persist
groups=$(find /sys/fs/cgroup -maxdepth 3 -type d -name 'vlat-*')
killed "$(holder)"
mkdir -p "$work/rescue/etc" "$work/rescue/kept"
rm -r "$work/rescue/run"
mount --rbind /proc "$work/rescue/proc" && mount --bind /sys "$work/rescue/sys" && mount --bind /etc "$work/rescue/etc" &&
	mount -o remount,ro,bind "$work/rescue/etc" && mount --bind "$VLAT_STATE" "$work/rescue/kept" || exit 99
mount --make-rprivate "$work/rescue/proc" || exit 99
for _ in once twice; do
	VLAT_STATE=/kept chroot "$work/rescue" /vlat revert >"$work/out" 2>&1
	[ $? -eq 4 ] || bad "revert without control groups and a writable /etc: exit $?"
	said "Read-only file system"
	said "there is no /run"
	[ -z "$groups" ] || said "control groups are not mounted"
	said "not all reverted"
	[ "$(cat $swap)" = 60 ] || bad "the rescue shell left swappiness at $(cat $swap)"
	[ -e /etc/vlat/tune.json ] || bad "a file went from a read-only /etc"
	for group in $groups; do
		[ -d "$group" ] || bad "$group went without being seen"
	done
done
umount -R "$work"/rescue/proc "$work"/rescue/sys "$work"/rescue/etc "$work"/rescue/kept
run 0 revert
said "0 failed"
"$snapshot" --since "$work/before" >"$work/out" || bad "the second revert left a difference"
etc >"$work/etc.after"
diff "$work/etc.before" "$work/etc.after" >"$work/out" || bad "the second revert left something in /etc"

# Somebody empties and removes vlat's groups: nothing of them is missing, the rest is put back.
run 0 tune vm-host --level extreme --apply
groups=$(find /sys/fs/cgroup -maxdepth 4 -type d -path '*/vlat-*' | sort -r) # those in others first
[ -n "$groups" ] || echo "not tried: groups that somebody removed, for this tuning has none here"
killed "$(holder)"
for group in $groups; do
	removed() {
		for list in tasks cgroup.procs; do
			while read -r task; do
				echo "$task" >"$(dirname "$group")/$list"
			done <"$group/$list"
		done 2>/dev/null
		rmdir "$group"
	}
	within removed 2>/dev/null || bad "$group cannot be removed"
done
run 0 revert -v
for group in $groups; do
	said "unchanged  control group $group"
done
said "0 failed"
"$snapshot" --since "$work/before" >"$work/out" || bad "revert without the groups left a difference"
exit $failed
