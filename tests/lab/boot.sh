#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A disk with a real GRUB, booted by firmware: parameters set and reverted byte by byte; tried once with a set that panics, which
# falls back by itself; tried once with a good one, which becomes the default; the power cut right behind setting and reverting.
# The first with GRUB's menu as it is by default, the others with the older of two kernels as the user's choice, without submenus.
#   boot.sh VLAT PROFILES    the kernel is the lab's, from its cache
set -eu
. "$(dirname "$0")/boot_root.sh"
need busybox grub-mkconfig grub-mkimage grub-probe grub-editenv mke2fs cpio qemu-system-x86_64
[ -r /usr/lib/grub/i386-pc/boot.img ] || skip "no GRUB for BIOS (grub-pc-bin)"
find_kernel
make_root "$1" "$2"

mkdir -p "$root/boot/grub/i386-pc" "$root/etc/default/grub.d" "$root/etc/grub.d" "$root/usr/share/grub"
for program in grub-probe grub-mkconfig; do add "$(command -v $program)"; done
for program in grub-script-check grub-editenv grub-mkrelpath grub-file; do add "$(command -v $program)"; done
cp -r /usr/share/grub/grub-mkconfig_lib "$root/usr/share/grub/" 2>/dev/null || :
mkdir -p "$root/usr/lib/grub"
cp /usr/lib/grub/grub-mkconfig_lib "$root/usr/lib/grub/" 2>/dev/null || :
cp /etc/grub.d/00_header /etc/grub.d/10_linux /etc/grub.d/41_custom "$root/etc/grub.d/"
cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst "$root/boot/grub/i386-pc/"
cat >"$root/etc/default/grub" <<'E'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Test
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="console=ttyS0 root=/dev/vda1"
GRUB_DISABLE_LINUX_UUID=true
GRUB_TERMINAL=console
E
grub-editenv "$root/boot/grub/grubenv" create
cp "$image" "$root/boot/vmlinuz-$version"
make_initrd "$root/boot/initrd.img-$version" /dev/vda1

make_stages <<'E'
files() { find /etc/default /boot/grub /boot/loader /etc/kernel -type f 2>/dev/null | grep -v i386-pc | sort | xargs md5sum; }
case $stage in
0)	touch /run/off
	grub-mkconfig -o /boot/grub/grub.cfg
	echo "mkconfig=$?"
	files >/before
	tune --boot
	echo "kept-apply=$?" ;;
1)	nohz kept
	vlat verify
	back kept
	# From here on: two kernels, no submenu, and the user's choice is the older one.
	for file in /boot/vmlinuz-* /boot/initrd.img-*; do ln "$file" "${file%%-*}-0.9-old"; done
	sed -i 's/^GRUB_DEFAULT=.*/GRUB_DEFAULT=saved\nGRUB_DISABLE_SUBMENU=y/' /etc/default/grub
	grub-mkconfig -o /boot/grub/grub.cfg
	grub-editenv /boot/grub/grubenv set saved_entry="$(sed -n "s/.* '\(gnulinux-0.9-old-advanced-[^']*\)' {.*/\1/p" /boot/grub/grub.cfg)"
	echo "saved-submenus=$(grep -c ^submenu /boot/grub/grub.cfg)"
	files >/before
	tune --try-boot --boot-add "init=/nonexistent panic=1"
	echo "bad-apply=$?" ;;
2)	nohz bad
	vlat verify
	echo "bad-verify=$?"
	back bad
	tune --try-boot
	echo "good-apply=$?" ;;
3)	nohz good
	echo "saved-tried=$(sed 's/.*BOOT_IMAGE=\([^ ]*\).*/\1/' /proc/cmdline)"
	vlat verify
	echo "good-verify=$?" ;;
4)	nohz default
	echo "saved-kept=$(sed 's/.*BOOT_IMAGE=\([^ ]*\).*/\1/' /proc/cmdline)"
	vlat verify
	back default
	sync # our own stage; what vlat writes from here on is its business
	tune --boot
	echo "cut-apply=$?"
	echo b >/proc/sysrq-trigger ;;
5)	nohz cut
	sync
	vlat revert
	echo "cut-revert=$?"
	echo b >/proc/sysrq-trigger ;;
6)	touch /run/off
	echo "cut-back=$(cat /sys/devices/system/cpu/nohz_full)"
	files >/run/after
	cmp /before /run/after && echo "cut-same=yes"
	echo "all=done" ;;
esac
E

# One partition from sector 2048; GRUB's core behind the boot sector, which says where it begins (sector 1) by itself.
truncate -s 160M "$work/part"
mke2fs -q -t ext4 -d "$root" "$work/part"
grub-mkimage -O i386-pc -o "$work/core" -p '(hd0,msdos1)/boot/grub' biosdisk part_msdos ext2 normal configfile
truncate -s 1M "$work/disk"
cat "$work/part" >>"$work/disk"
dd if=/usr/lib/grub/i386-pc/boot.img of="$work/disk" bs=440 count=1 conv=notrunc status=none
dd if="$work/core" of="$work/disk" bs=512 seek=1 conv=notrunc status=none
# The table of partitions: active, type 83, from 2048, 160 MiB; and its signature.
printf '\200\0\0\0\203\0\0\0\0\010\0\0\0\0\005\0' | dd of="$work/disk" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$work/disk" bs=1 seek=510 conv=notrunc status=none

boot 420 -kernel "$image" -initrd "$root/boot/initrd.img-$version" -append "console=ttyS0 root=/dev/vda1 ro"
grep -q '^kept-apply=0' "$work/all" || { cat "$work/all"; echo "the first boot did not come to its end"; exit 1; }
boot 600 -boot c -rtc base=utc -name grub

expect 'mkconfig=0
kept-apply=0
kept-nohz=1
kept-revert=0
kept-same=yes
saved-submenus=0
bad-apply=0
bad-nohz=(null)
bad-verify=1
bad-revert=0
bad-same=yes
good-apply=0
good-nohz=1
saved-tried=/boot/vmlinuz-0.9-old
good-verify=0
default-nohz=1
saved-kept=/boot/vmlinuz-0.9-old
default-revert=0
default-same=yes
cut-apply=0
cut-nohz=1
cut-revert=0
cut-back=(null)
cut-same=yes
all=done'
echo "ok: kept, panicked and fell back, tried and kept; each time taken back byte by byte; also with the power cut right behind it"
