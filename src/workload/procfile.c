/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"

int procfile_read(const char *path, char *buf, size_t cap)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	while (n > 0 && len < cap - 1) {
		n = read(fd, buf + len, cap - 1 - len);
		if (n < 0)
			return -errno;
		len += (size_t) n;
	}
	buf[len] = '\0';
	return (int) len;
}

/* Lines are "NAME:   17 kB", in /proc/PID/sched "NAME    :     17". */
int procfile_field(const char *text, const char *name, int base, uint64_t *ret)
{
	char line[256];

	while (take_line(&text, line, sizeof(line))) {
		const char *at = line;

		if (!take_text(&at, name) || !take_blanks(&at) || !take_char(&at, ':') || !take_blanks(&at))
			continue;
		if (base == 16 ? take_hex(&at, ret) : take_u64(&at, ret))
			return 0;
	}
	return -ENOENT;
}

static int status_field(const char *name, int base, uint64_t *ret)
{
	char text[4096];
	int n = procfile_read("/proc/thread-self/status", text, sizeof(text));

	return n < 0 ? n : procfile_field(text, name, base, ret);
}

int procfile_status_u64(const char *name, uint64_t *ret)
{
	return status_field(name, 10, ret);
}

int procfile_status_hex(const char *name, uint64_t *ret)
{
	return status_field(name, 16, ret);
}

int procfile_u64(const char *dir, const char *name, uint64_t *ret)
{
	char path[1024], text[64];
	const char *at = text;
	int n;

	if (text_print(path, sizeof(path), "%s/%s", dir, name))
		return -ENAMETOOLONG;
	n = procfile_read(path, text, sizeof(text));
	if (n < 0)
		return n;
	return take_u64(&at, ret) ? 0 : -EINVAL;
}

int procfile_clocksource(char *buf, size_t cap)
{
	int n = procfile_read("/sys/devices/system/clocksource/clocksource0/current_clocksource", buf, cap);

	if (n > 0 && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return n < 0 ? n : 0;
}

/* Is `word` one of the comma-separated words of list[n]? */
static bool list_has(const char *list, size_t n, const char *word)
{
	size_t want = strlen(word);

	while (n) {
		const char *comma = memchr(list, ',', n);
		size_t len = comma ? (size_t) (comma - list) : n;

		if (len == want && !memcmp(list, word, len))
			return true;
		len += comma != NULL;
		list += len;
		n -= len;
	}
	return false;
}

/* "4:cpu,cpuacct:/a/b": the path of the group that has the controller. */
static bool group_path(const char *cgroup, const char *controller, char *path, size_t cap)
{
	char line[1024];

	while (take_line(&cgroup, line, sizeof(line))) {
		char *names = strchr(line, ':'), *at = names ? strchr(names + 1, ':') : NULL;

		if (at && list_has(names + 1, (size_t) (at - names - 1), controller))
			return !text_print(path, cap, "%s", at + 1);
	}
	return false;
}

/* "29 23 0:26 /root /mount/point rw,nosuid - cgroup cgroup rw,cpu": 4th and 5th word, and the last one's options. */
static bool mount_line(const char *at, const char *controller, char *root, char *point, unsigned cap)
{
	const char *type = strstr(at, " - cgroup "), *options = strrchr(at, ' ');
	char skip[64];

	for (int i = 0; i < 3; i++)
		if (!take_word(&at, skip, sizeof(skip)) || !take_blanks(&at))
			return false;
	if (!type || !options || !take_word(&at, root, cap) || !take_blanks(&at) || !take_word(&at, point, cap))
		return false;
	return list_has(options + 1, strlen(options + 1), controller);
}

int cgroup_v1_dir(const char *cgroup, const char *mountinfo, const char *controller, char *dir, size_t cap)
{
	char line[1024], path[512], root[512], point[512];

	if (!group_path(cgroup, controller, path, sizeof(path)))
		return -ENOENT;
	while (take_line(&mountinfo, line, sizeof(line))) {
		const char *below = path;

		if (!mount_line(line, controller, root, point, sizeof(root)))
			continue;
		if (!text_eq(root, "/") && text_starts(path, root))
			below = path + strlen(root);
		return text_print(dir, cap, "%s%s", point, text_eq(below, "/") ? "" : below) ? -ENAMETOOLONG : 0;
	}
	return -ENOENT;
}

int procfile_cgroup_v1(const char *controller, char *dir, size_t cap)
{
	char cgroup[4096], mountinfo[16384];
	int n = procfile_read("/proc/self/cgroup", cgroup, sizeof(cgroup));

	if (n >= 0)
		n = procfile_read("/proc/self/mountinfo", mountinfo, sizeof(mountinfo));
	return n < 0 ? n : cgroup_v1_dir(cgroup, mountinfo, controller, dir, cap);
}
