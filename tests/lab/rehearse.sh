#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A rehearsal on a kernel of the cache: one that boots and drops a parameter, one that does not boot, none; nothing is left.
# rehearse.sh VLAT VLAT-LAB DATA
set -u
export VLAT_LAB="$2" VLAT_DATA="$3"
vlat=$1
cache=${VLAT_CACHE:-/var/cache/vlat}/kernels
kernel=$(ls "$cache"/generic/*/boot/vmlinuz-* 2>/dev/null | head -1)
if [ -z "$kernel" ]; then
	"$VLAT_LAB" --timeout 5m -- true # fetches it
	kernel=$(ls "$cache"/generic/*/boot/vmlinuz-* 2>/dev/null | head -1)
fi
[ -n "$kernel" ] || {
	echo "skipped: no Debian kernel in $cache/generic, and none could be fetched"
	exit 77
}
said=$(mktemp)
trap 'rm -f "$said"' EXIT

fail() {
	echo "rehearse: $*"
	cat "$said"
	exit 1
}
# says WORDS...
says() {
	grep -q -- "$*" "$said" || fail "not said: $*"
}

"$vlat" rehearse vm-host --kernel /etc/passwd >"$said" 2>&1
[ $? = 2 ] || fail "a kernel that is none: exit code"
says "not a Linux kernel"
grep -q booting "$said" && fail "said to be booting what is no kernel"

"$vlat" rehearse vm-host --kernel /nonexistent/vmlinuz >"$said" 2>&1
[ $? = 2 ] || fail "a kernel that is not there: exit code"
says "/nonexistent/vmlinuz: No such file or directory"
grep -q booting "$said" && fail "said to be booting what is not there"

release=$(uname -r)
if [ -r "/boot/vmlinuz-$release" ] || [ -r "/lib/modules/$release/vmlinuz" ] || [ -r "/usr/lib/modules/$release/vmlinuz" ]; then
	echo "not looked at: what is said without an image of the running kernel, since this machine has one"
else
	"$vlat" rehearse vm-host >"$said" 2>&1
	[ $? = 2 ] || fail "no image of the running kernel: exit code"
	says "the image of the running kernel ($release) is neither in /boot nor in /lib/modules: name the file .* by --kernel"
fi

"$vlat" rehearse vm-host --kernel "$kernel" --only iso.timer_migration,mem.swap --boot-add "nohz_full=1,9x irqaffinity=0" \
	--timeout 4m >"$said" 2>&1
[ $? = 1 ] || fail "a dropped parameter: exit code"
says "Boots: "
says "dropped      nohz_full=1,9x"
says "effective    irqaffinity=0"
says "2 settings made, 0 blocked, 0 failed"

"$vlat" rehearse vm-host --json --kernel "$kernel" --only iso.timer_migration --boot-add mem=48M --timeout 4m >"$said" 2>/dev/null
[ $? = 1 ] || fail "a kernel that does not boot: exit code"
says '"boots": false'
says "Kernel panic"

"$vlat" history 2>/dev/null | grep -q rehearse && fail "this machine's own history knows of what ran inside"
ls -d /tmp/vlat-rehearse-* 2>/dev/null && fail "folders are left"
exit 0
