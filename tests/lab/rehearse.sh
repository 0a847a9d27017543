#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A rehearsal on a kernel of the cache: one that boots and drops a parameter, one that does not boot, none; of a machine with many
# CPUs; without modules, KVM, QEMU.  Nothing is left.
# rehearse.sh VLAT VLAT-LAB DATA
set -u
export VLAT_LAB="$2" VLAT_DATA="$3"
vlat=$1
cache=${VLAT_CACHE:-/var/cache/vlat}/kernels
kernel=$(ls "$cache"/standard/*/boot/vmlinuz-* 2>/dev/null | head -1)
if [ -z "$kernel" ] && "$VLAT_LAB" --timeout 5m -- true; then # fetches it
	kernel=$(ls "$cache"/standard/*/boot/vmlinuz-* 2>/dev/null | head -1)
fi
[ -n "$kernel" ] || {
	echo "skipped: no Debian kernel in $cache/standard, and none could be fetched"
	exit 77
}
work=$(mktemp -d /tmp/vlat-rehearsed-XXXXXX)
said=$work/said
trap 'rm -rf "$work"' EXIT

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

"$vlat" rehearse vm-host --kernel "$kernel" --only iso.timer_migration --timeout 4m >"$said" 2>&1
[ $? = 0 ] || fail "no parameters: exit code"
says "none is wanted"

# What the emulated host lacks is said at once.
mkdir "$work/bare"
cp "$kernel" "$work/bare/vmlinuz"
"$vlat" rehearse vm-host --kernel "$work/bare/vmlinuz" >"$said" 2>&1
[ $? = 2 ] || fail "a kernel without its modules: exit code"
says "no folder of modules was found for it; name it by --modules"
"$vlat" rehearse vm-host --kernel "$work/bare/vmlinuz" --modules "$work/bare" >"$said" 2>&1
[ $? = 2 ] || fail "a folder without modules: exit code"
says "has no modules.dep: call depmod for it"

# other COMMAND...: on a machine of 48 CPUs, without KVM, as it looks to what reads its files; without QEMU too when $hidden is set.
cpus=$work/cpus
other() {
	unshare -m sh -ec '
		mount -t tmpfs tmpfs "$1/none"
		for file in $2; do touch "$1/none/${file##*/}"; mount --bind "$1/none/${file##*/}" "$file"; done
		[ -z "$2" ] || for folder in "$4"/lab/qemu; do [ ! -d "$folder" ] || mount -t tmpfs tmpfs "$folder"; done
		[ ! -e /dev/kvm ] || mount --bind /dev/null /dev/kvm
		mount --bind "$3" /sys/devices/system/cpu
		shift 4
		exec "$@"' sh "$work" "${hidden:-}" "$cpus" "${VLAT_CACHE:-/var/cache/vlat}" "$@"
}
if unshare -m true 2>/dev/null; then
	mkdir "$work/none" "$cpus"
	for file in possible present online; do echo 0-47 >"$cpus/$file"; done
	for cpu in $(seq 0 47); do
		mkdir -p "$cpus/cpu$cpu/topology"
		echo $cpu >"$cpus/cpu$cpu/topology/core_id"
		echo 0 >"$cpus/cpu$cpu/topology/physical_package_id"
		for file in thread_siblings_list core_cpus_list; do echo $cpu >"$cpus/cpu$cpu/topology/$file"; done
	done
	hidden=$(for folder in /usr/local/bin /usr/bin /bin; do readlink -f "$folder/qemu-system-x86_64"; done | sort -u |
		while read -r file; do [ ! -e "$file" ] || echo "$file"; done)
	other "$vlat" rehearse vm-host --kernel "$kernel" >"$said" 2>&1
	[ $? = 2 ] || fail "no QEMU: exit code"
	says "qemu-system-x86_64"
	hidden=
	other "$vlat" rehearse vm-host --kernel "$kernel" --cpus 10-47 --only iso.timer_migration,irq.default --timeout 4m >"$said" 2>&1
	[ $? = 0 ] || fail "48 CPUs: exit code"
	says "on an emulated host with 11 of 48 CPUs"
	says "effective    irqaffinity=0-9"
	says "1 settings made, 0 blocked, 0 failed"
	grep -q "is not among them" "$said" && fail "CPU 10 is there, and said not to be"
	other "$vlat" rehearse vm-host --kernel "$kernel" --cpus 40-47 --only iso.timer_migration,irq.default --json --timeout 4m \
		>"$said" 2>/dev/null
	[ $? = 0 ] || fail "CPUs that are not emulated: exit code"
	says '"cpus": 8'
	says '"isolated-cpus": 0'
	says '"wanted": "irqaffinity=0-39"'
else
	echo "not looked at: a machine with more CPUs, without KVM, without QEMU: no mount namespace can be made here"
fi

"$vlat" history 2>/dev/null | grep -q rehearse && fail "this machine's own history knows of what ran inside"
ls -d /tmp/vlat-rehearse-* 2>/dev/null && fail "folders are left"
exit 0
