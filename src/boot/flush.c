/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRUB reads ext4 as if it had no journal: what fsync(2) has brought no further
 * than there, a boot loader does not see.  The kernel moves it to its place
 * minutes later or at unmount; this asks for it at once, so that a power cut
 * does not bring back the menu of before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/types.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"
#include "boot/internal.h"

/* Since 5.14, by fs/ext4/ext4.h; older headers do not have it.  Flags: 0 = all that is in the journal. */
#ifndef EXT4_IOC_CHECKPOINT
#define EXT4_IOC_CHECKPOINT _IOW('f', 43, __u32)
#endif

static void flush(const struct fs *fs, const char *folder)
{
	AUTO_CLOSE int fd = fs_open(fs, folder, O_RDONLY | O_DIRECTORY);
	__u32 all = 0;
	struct statfs on;

	if (fd < 0)
		return;
	if (syncfs(fd) < 0)
		log_warn("/%s: what was written is not on disk yet: %s", folder, strerror(errno));
	/* Without a journal (ENODEV) there is nothing to move; an older kernel (ENOTTY) does it at unmount. */
	if (fstatfs(fd, &on) == 0 && on.f_type == EXT4_SUPER_MAGIC && ioctl(fd, EXT4_IOC_CHECKPOINT, &all) < 0)
		log_debug("/%s: its journal is written out at unmount only: %s", folder, strerror(errno));
}

void boot_flush(const struct fs *fs)
{
	static const char *const folders[] = { "boot", "boot/grub", "boot/grub2", "boot/efi", "efi" };

	for (size_t i = 0; fs->live && i < ARRAY_SIZE(folders); i++)
		flush(fs, folders[i]);
}
