#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# systemd-boot started by UEFI firmware, entries as kernel-install makes them: parameters set and reverted byte by byte; tried once
# with a set that panics, which falls back by itself; tried once with a good one, which becomes the default.  At last an entry whose
# tries the loader counts in its name: it is put back under the name that it has by then.
#   boot_efi.sh VLAT PROFILES    the kernel is the lab's, from its cache; systemd-boot and the firmware too (scripts/install-lab)
set -eu
. "$(dirname "$0")/boot_root.sh"
need busybox mke2fs cpio qemu-system-x86_64
find_kernel
tree=$(find "${VLAT_CACHE:-/var/cache/vlat}/lab/efi" -mindepth 1 -maxdepth 1 ! -name 'making-*' 2>/dev/null | sort -V | tail -n 1)
[ -n "$tree" ] || skip "neither systemd-boot nor a UEFI firmware in the lab's cache (scripts/install-lab)"
firmware=$tree/usr/share/OVMF loader=$tree/usr/lib/systemd/boot/efi/systemd-bootx64.efi shared=$tree/usr/lib/x86_64-linux-gnu/systemd
for file in "$firmware/OVMF_CODE_4M.fd" "$firmware/OVMF_VARS_4M.fd" "$loader" "$tree/usr/bin/bootctl" "$tree/usr/bin/mcopy"; do
	[ -r "$file" ] || skip "no ${file##*/} in $tree: remove that folder, and run scripts/install-lab"
done
PATH=$PATH:$tree/usr/bin:$tree/sbin:$tree/usr/sbin
make_root "$1" "$2"

# bootctl where it looks for its own library, and the libraries of this machine that it asks for.
install -D "$tree/usr/bin/bootctl" "$root/usr/bin/bootctl"
for part in "$tree/usr/bin/bootctl" "$shared"/libsystemd-shared-*.so; do
	for library in $(LD_LIBRARY_PATH=$shared ldd "$part" | grep -o '/[^ ]*' | grep -v "^$tree"); do add "$library"; done
done
for library in "$shared"/libsystemd-shared-*.so; do install -D "$library" "$root${library#"$tree"}"; done

# The names that kernel-install gives; a rescue entry, which is to stay as it is.
machine=4f6e652062792075736564206279212e
mkdir -p "$work/esp/EFI/BOOT" "$work/esp/loader/entries" "$work/esp/$machine/$version" "$root/boot/efi" "$root/etc/kernel"
cp "$loader" "$work/esp/EFI/BOOT/BOOTX64.EFI"
printf 'timeout 0\ndefault %s-*\n' $machine >"$work/esp/loader/loader.conf"
cp "$image" "$work/esp/$machine/$version/linux"
make_initrd "$work/esp/$machine/$version/initrd" /dev/vda nls_cp437 nls_ascii nls_iso8859-1 nls_utf8 fat vfat efivarfs
options="console=ttyS0 root=/dev/vda ro"
entry() {
	cat <<E
# Boot Loader Specification type#1 entry
title      Test
version    $version
machine-id $machine
sort-key   test
options    $options $1
linux      /$machine/$version/linux
initrd     /$machine/$version/initrd
E
}
entry quiet >"$work/esp/loader/entries/$machine-$version.conf"
entry rescue >"$work/esp/loader/entries/$machine-0-rescue.conf"
echo "$options quiet" >"$root/etc/kernel/cmdline"
echo $machine >"$root/etc/machine-id"
truncate -s 100M "$work/esp.img"
mkfs.fat -F 32 "$work/esp.img" >"$work/said"
export MTOOLS_SKIP_CHECK=1
mcopy -s -i "$work/esp.img" "$work/esp"/* ::/

# The partition as a machine mounts it: only root may read it.
cat >"$root/mounts" <<'E'
mount -t efivarfs efivarfs /sys/firmware/efi/efivars
mount -t vfat -o umask=0077 /dev/vdb /boot/efi
E
make_stages <<'E'
files() { find /boot/efi/loader /etc/kernel -type f | sort | xargs md5sum; }
plan() { vlat tune vm-host --cpus 1 --only iso.nohz_full | sed -n "s/.*boot loader: /$1-loader=/p"; }
case $stage in
0)	files >/before
	plan kept
	tune --boot
	echo "kept-apply=$?" ;;
1)	nohz kept
	vlat verify
	echo "kept-rescue=$(grep -c vlat /boot/efi/loader/entries/*-0-rescue.conf)"
	back kept
	tune --try-boot --boot-add "init=/nonexistent panic=1"
	echo "bad-apply=$?" ;;
2)	nohz bad
	vlat verify
	echo "bad-verify=$?"
	back bad
	tune --try-boot
	echo "good-apply=$?" ;;
3)	nohz good
	vlat verify
	echo "good-verify=$?" ;;
4)	nohz default
	vlat verify
	back default
	cd /boot/efi/loader/entries
	cp *"$(uname -r)".conf /counted
	mv *"$(uname -r)".conf "$(cat /etc/machine-id)-$(uname -r)+3.conf"
	tune --boot
	echo "tries-apply=$?" ;;
5)	nohz tries
	vlat verify
	echo "tries-entry=$(cd /boot/efi/loader/entries && ls | sed -n 's/.*\(+.*\)\.conf/\1/p')"
	vlat revert
	echo "tries-revert=$?"
	cmp /counted /boot/efi/loader/entries/*"$(uname -r)"+2-1.conf && echo "tries-same=yes"
	vlat tune vm-host --cpus 1 --only iso.nohz_full --apply --try-boot
	echo "tries-once=$?" ;;
6)	touch /run/off
	nohz again
	vlat revert
	cd /boot/efi/loader/entries
	mv *"$(uname -r)"*.conf "$(cat /etc/machine-id)-$(uname -r).conf"
	files >/run/after
	cmp /before /run/after && echo "again-same=yes"
	echo "all=done" ;;
esac
E
truncate -s 160M "$work/disk"
mke2fs -q -t ext4 -d "$root" "$work/disk"
cp "$firmware/OVMF_VARS_4M.fd" "$work/vars"

boot 600 -drive "if=pflash,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd" \
	-drive "if=pflash,format=raw,file=$work/vars" -drive "file=$work/esp.img,format=raw,if=virtio,cache=unsafe"

expect 'kept-loader=systemd-boot (the firmware was told that systemd-boot '"${tree##*/}"' boots this machine, and /boot/efi/loader/entries holds its entries)
kept-apply=0
kept-nohz=1
kept-rescue=0
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
tries-apply=0
tries-nohz=1
tries-entry=+2-1
tries-revert=0
tries-same=yes
tries-once=0
again-nohz=1
again-same=yes
all=done'
echo "ok: by firmware and systemd-boot: kept, panicked and fell back, tried and kept; each time taken back byte by byte"
