#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A small Debian disk that boots by itself, as clouds have them, for tests of `vlat run vm --disk`:
#
#	run_image.sh FOLDER		makes FOLDER/disk.img and FOLDER/key, once
#
# An MBR with GRUB in front of one ext4 partition; systemd-networkd asks for an address by DHCP, dropbear
# answers ssh for the key. No loop device, no mount: the partition is written by mke2fs -d, GRUB's two pieces
# lie where the BIOS and the first look for the next. Exit status 77: a tool is missing, said on stdout.
set -eu
dir=$1
suite=${VLAT_TEST_SUITE:-bookworm}
[ -s "$dir/disk.img" ] && [ -s "$dir/key" ] && exit 0
for tool in mmdebstrap mke2fs grub-mkimage ssh-keygen; do
	command -v "$tool" > /dev/null || PATH=$PATH:/sbin:/usr/sbin command -v "$tool" > /dev/null || {
		echo "skipped: $tool is not installed (mmdebstrap, e2fsprogs, grub-pc-bin, grub-common, openssh-client)"
		exit 77
	}
done
[ -d /usr/lib/grub/i386-pc ] || { echo "skipped: grub-pc-bin is not installed"; exit 77; }
PATH=$PATH:/sbin:/usr/sbin
mkdir -p "$dir"
work=$(mktemp -d "$dir/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
ssh-keygen -q -t ed25519 -N '' -C vlat-test -f "$work/key"

# Everything that a guest under translation would only spend time on is left out.
timeout 400 mmdebstrap --quiet --variant=minbase --mode=root \
	--include=linux-image-cloud-amd64,systemd-sysv,dbus,udev,dropbear-bin \
	--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
	--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/doc/*' \
	"$suite" "$work/root" < /dev/null > "$work/log" 2>&1 || {
	echo "skipped: mmdebstrap cannot make a Debian root here: $(tail -n 2 "$work/log" | tr '\n' ' ')"
	exit 77
}
root=$work/root
uuid=6a1ef0b2-3c9e-4b52-9a5c-5d0c7f3f6b11
printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n[DHCPv4]\nClientIdentifier=mac\n' > "$root/etc/systemd/network/all.network"
printf 'UUID=%s / ext4 defaults 0 1\n' $uuid > "$root/etc/fstab"
echo guest > "$root/etc/hostname"
mkdir -p -m 700 "$root/root/.ssh" "$root/etc/dropbear"
cp "$work/key.pub" "$root/root/.ssh/authorized_keys"
cat > "$root/etc/systemd/system/ssh.service" << 'EOF'
[Unit]
After=network.target
[Service]
ExecStart=/usr/sbin/dropbear -F -E -R -s
[Install]
WantedBy=multi-user.target
EOF
for unit in systemd-networkd.service ssh.service serial-getty@ttyS0.service; do
	chroot "$root" systemctl enable "$unit" > /dev/null 2>&1
done
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service fstrim.timer systemd-networkd-wait-online.service; do
	chroot "$root" systemctl mask "$unit" > /dev/null 2>&1 || true
done
kernel=$(basename "$(ls "$root"/boot/vmlinuz-*)")
initrd=$(basename "$(ls "$root"/boot/initrd.img-*)")
cat > "$work/grub.cfg" << EOF
search --no-floppy --fs-uuid --set=root $uuid
linux /boot/$kernel root=UUID=$uuid ro quiet console=ttyS0 net.ifnames=0
initrd /boot/$initrd
boot
EOF
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*

# 1 MiB for GRUB, then the file system.
truncate -s 600M "$work/part.img"
mke2fs -q -t ext4 -U $uuid -d "$root" "$work/part.img"
truncate -s 1M "$work/disk.img"
cat "$work/part.img" >> "$work/disk.img"
# One bootable Linux partition: 1228800 sectors from 2048 on.
printf '\200\000\002\000\203\377\377\377\000\010\000\000\000\300\022\000' | dd of="$work/disk.img" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$work/disk.img" bs=1 seek=510 conv=notrunc status=none
grub-mkimage -O i386-pc -o "$work/core.img" -p /boot/grub -c "$work/grub.cfg" biosdisk part_msdos ext2 linux normal search search_fs_uuid serial
dd if=/usr/lib/grub/i386-pc/boot.img of="$work/disk.img" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$work/disk.img" bs=512 seek=1 conv=notrunc status=none
[ "$(stat -c %s "$work/core.img")" -lt 1000000 ]
mv "$work/key" "$work/key.pub" "$dir/"
mv "$work/disk.img" "$dir/"
