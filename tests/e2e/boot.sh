#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kernel parameters on hosts where they can be set, and on those where they cannot: no boot loader, systemd-boot, a partition
# that is read-only or full, a read-only /etc, a /boot that is not mounted.  Whatever fails leaves every byte as it was and no run behind.
#   boot.sh VLAT
# /boot, /etc/default and the firmware's variables are folders of the test's own; the words change nothing in what runs.
set -u
vlat=$1
. "$(dirname "$0")/alone.sh"
clean() {
	"$vlat" revert >/dev/null 2>&1
	umount "$work/aside" 2>/dev/null
	rm -rf "$work"
}
trap clean EXIT
mkdir "$VLAT_STATE"
# tune WORDS...: the same parameters, planned or set
tune() {
	want=$1
	shift
	run "$want" tune vm-host --only iso.skew_tick --boot-add vlattest.one=1 "$@"
}
# keep: /boot as it is now.  kept: it still is that, and nothing is in force or half undone.
keep() {
	rm -rf "$work/before"
	cp -a /boot "$work/before"
}
kept() {
	diff -r "$work/before" /boot >"$work/out" 2>&1 || bad "$1: /boot is not as it was"
	run 0 status
	said "nothing is in force"
	run 0 revert --dry-run
	grep -q "could not be undone" "$work/out" && bad "$1: a run was left behind"
}
own() {
	mount -t tmpfs tmpfs "$1" || { echo "no folder of the test's own on $1"; exit 99; }
}

own /boot
[ ! -d /efi ] || own /efi
[ ! -d /sys/firmware ] || own /sys/firmware # what the firmware was told of this machine's own loader

# None that is known, and /boot that is not mounted looks the same: what to add is said.
tune 0
said "add by hand to the kernel's parameters: skew_tick=1 vlattest.one=1"
keep
tune 2 --apply --boot
said "no boot loader that vlat knows: .* add to the kernel's parameters by hand: .*vlattest.one=1"
tune 2 --apply --try-boot
said "no boot loader that vlat knows"
kept "no boot loader"

# Knobs that only the command line can set are named like others, to be taken and to be left out.
run 0 tune vm-host --only irq.default,iso.skew_tick
said "skew_tick=1"
run 0 tune vm-host --skip iso.skew_tick
grep -q "skew_tick=1" "$work/out" && bad "--skip iso.skew_tick: still in the plan"
run 2 tune vm-host --skip iso.skew_tock
said "there is no knob \"iso.skew_tock\""

# systemd-boot: for every boot, and back byte by byte.
mkdir -p /boot/loader/entries
echo "default *" >/boot/loader/loader.conf
entry=/boot/loader/entries/0123-6.1.0.conf
printf 'title Debian\r\nversion 6.1.0\nlinux /linux\n# foreign\n\noptions  root=UUID=1\toptions quiet' >$entry
keep
tune 0
said "boot loader: systemd-boot"
kept "a plan"
tune 0 --apply --boot
said "every boot from the next on"
grep -q "^options.* quiet vlat.boot=[a-z0-9]* .*vlattest.one=1 vlat.end" $entry ||
	bad "the entry is without the parameters: $(cat $entry)"
run 0 status
said "they are for the next boot"
tune 2 --apply --boot
said "boot parameters of vlat's are set up already"
run 0 revert
kept "revert of --boot"

# A file system that cannot be written, and one that is full.
mount -o remount,ro /boot
tune 2 --apply --boot
said "Read-only file system; everything is as it was"
kept "a read-only partition"
mount -o remount,rw,size=16k /boot
dd if=/dev/zero of=/boot/fill bs=4k 2>/dev/null
keep
tune 2 --apply --boot
said "No space left on device; everything is as it was"
kept "a full partition"
mount -o remount,size=1m /boot
rm -rf /boot/fill /boot/loader

# GRUB, and /etc read-only: before its menu is made anew.
mkdir -p /boot/grub
printf "menuentry 'Debian' {\n\tlinux /vmlinuz root=/dev/sda1 quiet\n}\n" >/boot/grub/grub.cfg
own /etc/default
printf 'GRUB_DEFAULT=saved\nGRUB_DISABLE_SUBMENU=y\nGRUB_CMDLINE_LINUX="quiet"\n' >/etc/default/grub
mount -o remount,ro /etc/default
keep
tune 0
said "boot loader: GRUB"
tune 2 --apply --boot
said "everything is as it was"
said "Read-only file system"
kept "a read-only /etc"

# A /boot that is to be mounted and is not: neither what lies there instead is changed, nor is what vlat has put there given up.
cp /etc/fstab "$work/fstab" 2>/dev/null || touch "$work/fstab"
[ -e /etc/fstab ] || bare=1
[ -z "${bare:-}" ] || touch /etc/fstab
mount --bind "$work/fstab" /etc/fstab
echo "tmpfs /boot tmpfs defaults 0 0" >>"$work/fstab"
rm -rf /boot/grub /boot/loader
mkdir -p /boot/loader/entries
echo "default *" >/boot/loader/loader.conf
printf 'title Debian\noptions root=UUID=1 quiet\n' >$entry
keep
tune 0 --apply --boot
mkdir "$work/aside"
mount --move /boot "$work/aside" 2>/dev/null || { mount --bind /boot "$work/aside" && umount /boot; }
run 4 revert
said "cannot be seen from here, for /boot is in /etc/fstab and not mounted: mount it"
tune 2 --apply --boot
mount --bind "$work/aside" /boot
grep -q vlattest.one=1 $entry || bad "unmounted: the entry is not as vlat wrote it"
run 0 revert
kept "revert once /boot is mounted again"
umount /boot
tune 2 --apply --boot
said "/boot is in /etc/fstab and not mounted: mount it first; add to the kernel's parameters by hand: "
umount /etc/fstab
[ -z "${bare:-}" ] || rm /etc/fstab
umount "$work/aside"
keep

# A line that the kernel would cut off.
run 2 tune vm-host --only iso.skew_tick --boot-add "$(printf 'one=%01000d two=%01000d' 1 2)" --apply --boot
said "command line would be .* letters long, and a kernel for .* takes"
kept "a line too long"
exit $failed
