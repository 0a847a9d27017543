/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "journal/netns_folder.h"

bool netns_folder_empty(void)
{
	AUTO_DIR DIR *dir = opendir(NETNS_FOLDER);
	const struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			return false;
	return true;
}

int netns_folder_lock(int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (mkdir(NETNS_FOLDER, 0755) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make " NETNS_FOLDER);
	fd = open(NETNS_FOLDER "/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* its own fd would keep the mount busy */
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_sys(err, -errno, "cannot lock the folder of " NETNS_FOLDER);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool folder_is_ours(void)
{
	AUTO_FILE FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " " NETNS_FOLDER " ") && strstr(line, " - tmpfs " NETNS_TMPFS " "))
			return true;
	return false;
}

int netns_folder_tidy(struct err *err)
{
	AUTO_CLOSE int lock = -1;
	int r;

	if (!folder_is_ours())
		return 0;
	r = netns_folder_lock(&lock, err);
	if (r < 0)
		return r;
	if (!folder_is_ours() || !netns_folder_empty())
		return 0;
	if (umount2(NETNS_FOLDER, UMOUNT_NOFOLLOW) < 0 && errno != EBUSY && errno != EINVAL)
		return err_sys(err, -errno, "cannot unmount " NETNS_FOLDER);
	return 0;
}
