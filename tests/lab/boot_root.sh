# SPDX-License-Identifier: Apache-2.0
# boot_root.sh - what boot.sh and boot_efi.sh share: the disk's root, the first root that mounts it, stages, QEMU.  Sourced; the
# disk is made of this machine's own programs and the lab's kernel: no mirror, no root needed.
PATH=$PATH:/usr/sbin:/sbin
qemu=

skip() {
	echo "skipped: $*"
	exit 77
}

need() {
	for program; do command -v "$program" >/dev/null || skip "$program is not installed (scripts/install-deps lab)"; done
}

# $image, $version, $modules: the kernel that the lab boots.
find_kernel() {
	kernels=${VLAT_CACHE:-/var/cache/vlat}/kernels/standard
	image=$(find "$kernels" -path '*/boot/vmlinuz-*' 2>/dev/null | sort | tail -n 1)
	[ -n "$image" ] || skip "no kernel in $kernels: boot the lab once (lab/run -- true)"
	version=${image##*/vmlinuz-} modules=${image%/boot/*}/lib/modules/${image##*/vmlinuz-}
}

cleanup() { [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :; rm -rf "$work"; }

# A program and the libraries it asks for, under the same paths.
add() {
	for file; do
		for part in "$file" $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
			[ -e "$root$part" ] || install -D "$(readlink -f "$part")" "$root$part"
		done
	done
}

# $work and $root, a system of busybox and vlat: make_root VLAT PROFILES
make_root() {
	work=$(mktemp -d /tmp/vlat-boot-XXXXXX)
	trap cleanup EXIT
	trap 'exit 130' INT TERM
	root=$work/root
	mkdir -p "$root/boot" "$root/bin" "$root/etc" "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/var/lib" \
		"$root/root" "$root/usr/sbin" "$root/usr/bin" "$root/usr/share/vlat"
	ln -s usr/sbin "$root/sbin"
	busybox=$(command -v busybox)
	cp "$busybox" "$root/bin/busybox"
	for applet in $(busybox --list); do [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"; done
	add "$1"
	install -D "$1" "$root/usr/bin/vlat"
	cp -r "$2" "$root/usr/share/vlat/profiles"
	echo 'NAME=Test' >"$root/etc/os-release"
}

# The first root, which mounts the disk; modules in the order in which they need each other: make_initrd FILE DEVICE MODULE...
make_initrd() {
	out=$1 device=$2
	shift 2
	mkdir -p "$work/initrd/bin" "$work/initrd/mnt" "$work/initrd/proc" "$work/initrd/dev"
	cp "$busybox" "$work/initrd/bin/busybox"
	for applet in sh insmod mount switch_root sleep sed; do ln -s busybox "$work/initrd/bin/$applet"; done
	n=10
	for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk crc16 mbcache jbd2 \
		crc32c_generic libcrc32c ext4 "$@"; do
		file=$(find "$modules" -name "$module.ko")
		[ -z "$file" ] || cp "$file" "$work/initrd/$((n += 1)).ko"
	done
	cat >"$work/initrd/init" <<E
#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /[0-9]*.ko; do insmod \$module; done
while [ ! -e $device ]; do sleep 0.1; done
mount -t ext4 $device /mnt
init=\$(sed -n 's/.*\\binit=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
exec switch_root /mnt \${init:-/sbin/init}
E
	chmod +x "$work/initrd/init"
	(cd "$work/initrd" && find . | cpio -o -H newc --quiet) >"$out"
}

# What the disk does at each boot, from the standard input: a `case $stage in`; it says name=value on the serial console.
# `files` names what is to be the same again; /run/off: no further boot.
make_stages() {
	cat >"$root/usr/sbin/init" <<'E'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/bin VLAT_DATA=/usr/share/vlat HOME=/root
mount -o remount,rw /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs run /run
[ ! -f /mounts ] || sh /mounts >/dev/ttyS0 2>&1
sh /stages >/dev/ttyS0 2>&1
[ ! -d /boot/efi ] || umount /boot/efi
# Read only at last: what GRUB reads is in its place then, not in ext4's journal.  The kernel does it later than it is told; sync waits.
echo u >/proc/sysrq-trigger
until grep -q ' / ext4 ro' /proc/mounts; do sleep 0.1; done
sync
if [ -e /run/off ]; then echo o >/proc/sysrq-trigger; else echo b >/proc/sysrq-trigger; fi
sleep 100
E
	chmod +x "$root/usr/sbin/init"
	echo 0 >"$root/stage"
	cat >"$root/stages" <<'E'
stage=$(cat /stage)
echo $((stage + 1)) >/stage
echo "cmdline=$(cat /proc/cmdline)"
tune() { vlat tune vm-host --cpus 1 --only iso.nohz_full,iso.rcu_nocbs,irq.default --apply "$@"; }
nohz() { echo "$1-nohz=$(cat /sys/devices/system/cpu/nohz_full)"; }
back() {
	vlat revert
	echo "$1-revert=$?"
	files >/run/after
	cmp /before /run/after && echo "$1-same=yes"
}
E
	cat >>"$root/stages"
}

# boot SECONDS QEMU-ARGUMENT...; what was said on the serial console is added to $work/all.
boot() {
	seconds=$1
	shift
	timeout -k 5 "$seconds" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 512 -display none -monitor none \
		-nodefaults -serial "file:$work/serial" -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" "$@" &
	qemu=$!
	wait $qemu || :
	qemu=
	cat "$work/serial" >>"$work/all"
}

# What was said, line by line: expect WANTED
expect() {
	said=$(tr -d '\r' <"$work/all" | grep -E '^(mkconfig|kept|saved|bad|good|default|cut|tries|again|all)[a-z-]*=') || :
	if [ "$said" != "$1" ]; then
		cat "$work/all"
		echo "wanted:"; echo "$1"; echo "said:"; echo "$said"
		exit 1
	fi
	# The panic was seen, and between it and the next stage nobody did anything.
	grep -q 'Kernel panic' "$work/all" || { echo "no panic in between: the test proves nothing"; exit 1; }
}
