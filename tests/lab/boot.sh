#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A disk with a real GRUB, booted by firmware: parameters set and reverted byte by byte; tried once with a set that panics, which
# falls back by itself; tried once with a good one, which becomes the default; the power cut right behind setting and reverting.
#   boot.sh VLAT PROFILES    the kernel is the lab's, from its cache
# The disk is made of this machine's own programs: no mirror, no root needed.
set -eu
vlat=$1 profiles=$2 kernels=${VLAT_CACHE:-/var/cache/vlat}/kernels/standard
for need in busybox grub-mkconfig grub-mkimage grub-probe grub-editenv mke2fs cpio qemu-system-x86_64; do
	PATH=$PATH:/usr/sbin:/sbin command -v $need >/dev/null || { echo "skipped: $need is not installed (scripts/install-deps lab)"; exit 77; }
done
[ -r /usr/lib/grub/i386-pc/boot.img ] || { echo "skipped: no GRUB for BIOS (grub-pc-bin)"; exit 77; }
image=$(find "$kernels" -path '*/boot/vmlinuz-*' 2>/dev/null | sort | tail -n 1)
[ -n "$image" ] || { echo "skipped: no kernel in $kernels: boot the lab once (lab/run -- true)"; exit 77; }
version=${image##*/vmlinuz-} modules=${image%/boot/*}/lib/modules/${image##*/vmlinuz-}
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d /tmp/vlat-grub-XXXXXX)
qemu=
cleanup() { [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :; rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 130' INT TERM
root=$work/root

# A program and the libraries it asks for, under the same paths.
add() {
	for file; do
		for part in "$file" $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
			[ -e "$root$part" ] || install -D "$(readlink -f "$part")" "$root$part"
		done
	done
}

mkdir -p "$root/boot/grub/i386-pc" "$root/bin" "$root/etc/default/grub.d" "$root/etc/grub.d" "$root/usr/share/grub" \
	"$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/var/lib" "$root/root"
ln -s usr/sbin "$root/sbin"
mkdir -p "$root/usr/sbin" "$root/usr/bin"
busybox=$(command -v busybox)
cp "$busybox" "$root/bin/busybox"
for applet in $(busybox --list); do [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"; done
for program in grub-probe grub-mkconfig; do add "$(command -v $program)"; done
for program in grub-script-check grub-editenv grub-mkrelpath grub-file; do add "$(command -v $program)"; done
cp -r /usr/share/grub/grub-mkconfig_lib "$root/usr/share/grub/" 2>/dev/null || :
mkdir -p "$root/usr/lib/grub"
cp /usr/lib/grub/grub-mkconfig_lib "$root/usr/lib/grub/" 2>/dev/null || :
cp /etc/grub.d/00_header /etc/grub.d/10_linux /etc/grub.d/41_custom "$root/etc/grub.d/"
cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst "$root/boot/grub/i386-pc/"
install -D "$vlat" "$root/usr/bin/vlat"
for part in $(ldd "$vlat" | grep -o '/[^ ]*'); do [ -e "$root$part" ] || install -D "$(readlink -f "$part")" "$root$part"; done
mkdir -p "$root/usr/share/vlat"
cp -r "$profiles" "$root/usr/share/vlat/profiles"
cat >"$root/etc/default/grub" <<'E'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Test
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="console=ttyS0 root=/dev/vda1"
GRUB_DISABLE_LINUX_UUID=true
GRUB_TERMINAL=console
E
echo 'NAME=Test' >"$root/etc/os-release"
grub-editenv "$root/boot/grub/grubenv" create
cp "$image" "$root/boot/vmlinuz-$version"

# The first root: what mounts the disk, in the order in which the modules need each other.
mkdir -p "$work/initrd/bin" "$work/initrd/mnt" "$work/initrd/proc" "$work/initrd/dev"
cp "$busybox" "$work/initrd/bin/busybox"
for applet in sh insmod mount switch_root sleep sed; do ln -s busybox "$work/initrd/bin/$applet"; done
n=10
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk crc16 mbcache jbd2 crc32c_generic libcrc32c ext4; do
	file=$(find "$modules" -name "$module.ko")
	[ -z "$file" ] || cp "$file" "$work/initrd/$((n += 1)).ko"
done
cat >"$work/initrd/init" <<'E'
#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /[0-9]*.ko; do insmod $module; done
while [ ! -e /dev/vda1 ]; do sleep 0.1; done
mount -t ext4 /dev/vda1 /mnt
init=$(sed -n 's/.*\binit=\([^ ]*\).*/\1/p' /proc/cmdline)
exec switch_root /mnt ${init:-/sbin/init}
E
chmod +x "$work/initrd/init"
(cd "$work/initrd" && find . | cpio -o -H newc --quiet) >"$root/boot/initrd.img-$version"

# What the disk does at each boot; it says name=value on the serial console.
cat >"$root/usr/sbin/init" <<'E'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/bin VLAT_DATA=/usr/share/vlat HOME=/root
mount -o remount,rw /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs run /run
sh /stages >/dev/ttyS0 2>&1
# Read only at last: what GRUB reads is in its place then, not in ext4's journal.  The kernel does it later than it is told; sync waits.
echo u >/proc/sysrq-trigger
until grep -q ' / ext4 ro' /proc/mounts; do sleep 0.1; done
sync
if [ -e /run/off ]; then echo o >/proc/sysrq-trigger; else echo b >/proc/sysrq-trigger; fi
sleep 100
E
cat >"$root/stages" <<'E'
stage=$(cat /stage)
echo $((stage + 1)) >/stage
echo "cmdline=$(cat /proc/cmdline)"
files() { find /etc/default /boot/grub /boot/loader /etc/kernel -type f 2>/dev/null | grep -v i386-pc | sort | xargs md5sum; }
tune() { vlat tune vm-host --cpus 1 --only iso.nohz_full,iso.rcu_nocbs,irq.default --apply "$@"; }
back() {
	vlat revert
	echo "$1-revert=$?"
	files >/run/after
	cmp /before /run/after && echo "$1-same=yes"
}
case $stage in
0)	touch /run/off
	grub-mkconfig -o /boot/grub/grub.cfg
	echo "mkconfig=$?"
	files >/before
	tune --boot
	echo "kept-apply=$?" ;;
1)	echo "kept-nohz=$(cat /sys/devices/system/cpu/nohz_full)"
	vlat verify
	back kept
	tune --try-boot --boot-add "init=/nonexistent panic=1"
	echo "bad-apply=$?" ;;
2)	echo "bad-nohz=$(cat /sys/devices/system/cpu/nohz_full)"
	vlat verify
	echo "bad-verify=$?"
	back bad
	tune --try-boot
	echo "good-apply=$?" ;;
3)	echo "good-nohz=$(cat /sys/devices/system/cpu/nohz_full)"
	vlat verify
	echo "good-verify=$?" ;;
4)	echo "default-nohz=$(cat /sys/devices/system/cpu/nohz_full)"
	vlat verify
	back default
	sync # our own stage; what vlat writes from here on is its business
	tune --boot
	echo "cut-apply=$?"
	echo b >/proc/sysrq-trigger ;;
5)	echo "cut-nohz=$(cat /sys/devices/system/cpu/nohz_full)"
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
chmod +x "$root/usr/sbin/init"
echo 0 >"$root/stage"

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

boot() {
	timeout -k 5 "$1" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 512 -display none -monitor none -nodefaults \
		-serial "file:$work/serial" -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" "$2" "$3" "$4" "$5" "$6" "$7" &
	qemu=$!
	wait $qemu || :
	qemu=
	cat "$work/serial" >>"$work/all"
}
boot 420 -kernel "$image" -initrd "$root/boot/initrd.img-$version" -append "console=ttyS0 root=/dev/vda1 ro"
grep -q '^kept-apply=0' "$work/all" || { cat "$work/all"; echo "the first boot did not come to its end"; exit 1; }
boot 600 -boot c -rtc base=utc -name grub

wanted='mkconfig=0
kept-apply=0
kept-nohz=1
kept-revert=0
kept-same=yes
bad-apply=0
bad-nohz=(null)
bad-verify=1
bad-revert=0
bad-same=yes
good-apply=0
good-nohz=1
good-verify=0
default-nohz=1
default-revert=0
default-same=yes
cut-apply=0
cut-nohz=1
cut-revert=0
cut-back=(null)
cut-same=yes
all=done'
said=$(tr -d '\r' <"$work/all" | grep -E '^(mkconfig|kept|bad|good|default|cut|all)[a-z-]*=')
if [ "$said" != "$wanted" ]; then
	cat "$work/all"
	echo "wanted:"; echo "$wanted"; echo "said:"; echo "$said"
	exit 1
fi
# The panic was seen, and between it and the next stage nobody did anything.
grep -q 'Kernel panic' "$work/all" || { echo "no panic in between: the test proves nothing"; exit 1; }
echo "ok: kept, panicked and fell back, tried and kept; each time taken back byte by byte; also with the power cut right behind it"
