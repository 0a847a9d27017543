#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A tuning that is kept, under a real systemd: stored, held through a reload, there early at the next boot, taken back byte by byte,
# gone after that; and a stored tuning that cannot be read, with which the machine boots all the same.
#   systemd.sh VLAT DATA    the kernel is the lab's, from its cache; the disk is the one of e2e/run_vm
# One emulator for all boots, which writes to a layer above the disk that is gone with it: any number may run at once.
set -eu
vlat=$1 data=$2 cache=${VLAT_CACHE:-/var/cache/vlat}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
for need in busybox cpio qemu-system-x86_64; do
	command -v $need >/dev/null || { echo "skipped: $need is not installed (scripts/install-deps lab)"; exit 77; }
done
image=$(find "$cache/kernels/standard" -path '*/boot/vmlinuz-*' 2>/dev/null | sort | tail -n 1)
[ -n "$image" ] || { echo "skipped: no kernel in $cache/kernels/standard: boot the lab once (lab/run -- true)"; exit 77; }
modules=${image%/boot/*}/lib/modules/${image##*/vmlinuz-}
"$here/../e2e/run_image.sh" "$cache/test-image" </dev/null
work=$(mktemp -d /tmp/vlat-systemd-XXXXXX)
qemu=
cleanup() { [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :; rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 130' INT TERM

# What the disk gets at its first boot: vlat, its data, the libraries that the disk lacks, and what each boot does.
extra=$work/initrd/extra
mkdir -p "$extra/usr/local/bin" "$extra/usr/local/share/vlat" "$extra/usr/sbin" "$extra/usr/lib/systemd/system" "$extra/etc/systemd/system/multi-user.target.wants"
cp "$vlat" "$extra/usr/local/bin/vlat"
for part in $(ldd "$vlat" | grep -o '/[^ ]*'); do install -D "$(readlink -f "$part")" "$work/initrd/libraries$part"; done
cp -r "$data/profiles" "$extra/usr/local/share/vlat/"
cp "$data/systemd/vlat-guard.service" "$extra/usr/lib/systemd/system/"
cp "$here/systemd_inside.sh" "$extra/stages"
unit() { # NAME UNIT-LINES SERVICE-LINES
	printf '[Unit]\n%b[Service]\n%b\n[Install]\nWantedBy=multi-user.target\n' "$2" "$3" >"$extra/usr/lib/systemd/system/$1.service"
	ln -s "/usr/lib/systemd/system/$1.service" "$extra/etc/systemd/system/multi-user.target.wants/$1.service"
}
# What tuning has to end: a program of irqbalance's name, which is all that vlat and systemd know of it.
cp "$(command -v sleep)" "$extra/usr/sbin/irqbalance"
unit irqbalance '' 'ExecStart=/usr/sbin/irqbalance infinity'
# Another whose unit is somebody's own, in /etc, where no mask in /run helps.
cp "$(command -v sleep)" "$extra/usr/sbin/tuned"
unit tuned '' 'ExecStart=/usr/sbin/tuned infinity'
mv "$extra/usr/lib/systemd/system/tuned.service" "$extra/etc/systemd/system/"
ln -sf ../tuned.service "$extra/etc/systemd/system/multi-user.target.wants/tuned.service"
# Stand-ins for what must come after the tuning: a network manager, and what starts guests.
unit test-network 'After=network-pre.target\nBefore=network.target\nWants=network.target\n' \
	'Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true'
unit libvirtd '' 'Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true'
# Comes to need what vlat has switched on.
printf '[Service]\nExecStart=/bin/sleep infinity\nDelegate=cpuset\n' >"$extra/usr/lib/systemd/system/hold.service"
unit stages '' 'Type=exec\nStandardOutput=file:/dev/ttyS1\nStandardError=inherit\nExecStart=/bin/sh /stages'
# What costs time under translation, and nothing here needs.
for name in systemd-networkd.service systemd-networkd.socket ssh.service serial-getty@ttyS0.service getty@tty1.service \
	systemd-udev-trigger.service systemd-tmpfiles-setup.service systemd-random-seed.service systemd-journal-flush.service \
	systemd-user-sessions.service systemd-update-done.service dev-mqueue.mount sys-fs-fuse-connections.mount \
	sys-kernel-config.mount sys-kernel-tracing.mount; do
	ln -s /dev/null "$extra/etc/systemd/system/$name"
done

mkdir -p "$work/initrd/bin" "$work/initrd/mnt" "$work/initrd/proc" "$work/initrd/dev"
cp "$(command -v busybox)" "$work/initrd/bin/busybox"
for applet in sh insmod mount switch_root sleep cp rm find mkdir dirname; do ln -s busybox "$work/initrd/bin/$applet"; done
n=10
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk crc16 mbcache jbd2 crc32c_generic \
	libcrc32c ext4; do
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
if [ ! -e /mnt/stage ]; then
	cd /extra
	find . ! -type d | while read -r file; do rm -f "/mnt/$file"; done
	cp -a /extra/. /mnt/
	cd /libraries
	find . -type f | while read -r file; do
		[ -e "/mnt/$file" ] || [ -L "/mnt/$file" ] || { mkdir -p "/mnt/$(dirname "$file")"; cp "$file" "/mnt/$file"; }
	done
	echo 0 >/mnt/stage
fi
exec switch_root /mnt /sbin/init
E
chmod +x "$work/initrd/init"
(cd "$work/initrd" && find . | cpio -o -H newc --quiet) >"$work/initrd.img"

: >"$work/said"
timeout -k 5 900 qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 768 -display none -monitor none -nodefaults \
	-serial "file:$work/console" -serial "file:$work/said" -drive "file=$cache/test-image/disk.img,format=raw,if=virtio,snapshot=on,cache=unsafe" \
	-kernel "$image" -initrd "$work/initrd.img" -append "console=ttyS0 root=/dev/vda1 rw quiet systemd.show_status=0 audit=0" &
qemu=$!
wait $qemu || :
qemu=

said=$(tr -d '\r' <"$work/said" | grep -E '^[a-z]+\.[a-z-]+=' || :)
wanted=$(sed -n 's/^[[:space:]]*# wanted: //p' "$here/systemd_inside.sh")
if [ "$said" != "$wanted" ]; then
	tail -n 60 "$work/console"
	cat "$work/said"
	echo "$wanted" >"$work/wanted"
	echo "wanted (-) and said (+):"
	echo "$said" | diff -u "$work/wanted" - || :
	exit 1
fi
echo "ok: kept over a reload and a reboot and taken back under systemd; a stored tuning that cannot be read does not stop the boot"
