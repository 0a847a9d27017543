/* SPDX-License-Identifier: Apache-2.0 */
#include "run/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"

static off_t name_at(unsigned cpu)
{
	return CPUSET_MAX + (off_t) cpu * LEASE_NAME;
}

static int lock_byte(int fd, int how, unsigned cpu)
{
	struct flock l = { .l_type = (short) how, .l_whence = SEEK_SET, .l_start = cpu, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &l) < 0 ? -errno : 0;
}

static bool is_taken(int fd, unsigned cpu)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = cpu, .l_len = 1 };

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

int lease_open(struct lease *ret, const char *path, struct err *err)
{
	struct lease l = LEASE_INIT;
	int r;

	if (!path) {
		path = LEASE_FILE;
		r = dir_make_all("/run/vlat", 0755, err);
		if (r == -EACCES || r == -EPERM || r == -EROFS) {
			*ret = l;
			return 0;
		}
		if (r < 0)
			return r;
	}
	l.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (l.fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)) {
		l.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		l.only_look = true;
	}
	if (l.fd < 0 && errno != ENOENT && errno != EACCES)
		return err_sys(err, -errno, "cannot open %s, where CPUs are lent out", path);
	*ret = l;
	return 0;
}

static void write_name(const struct lease *l, unsigned cpu, const char *name)
{
	char text[LEASE_NAME] = "";

	text_print(text, sizeof(text), "%s", name);
	if (pwrite(l->fd, text, sizeof(text), name_at(cpu)) < 0)
		return; /* the lock is what counts */
}

char *lease_holder(const struct lease *l, unsigned cpu, char buf[LEASE_NAME])
{
	buf[0] = '\0';
	if (!is_taken(l->fd, cpu))
		return buf;
	if (pread(l->fd, buf, LEASE_NAME, name_at(cpu)) <= 0)
		buf[0] = '\0';
	buf[LEASE_NAME - 1] = '\0';
	if (!text_is_name(buf))
		text_print(buf, LEASE_NAME, "?");
	return buf;
}

static void give_back(struct lease *l)
{
	for (int c = -1; (c = cpuset_next(&l->cpus, c)) >= 0;)
		(void) lock_byte(l->fd, F_UNLCK, (unsigned) c);
	l->cpus = (struct cpuset){ 0 };
}

static int refuse(const struct lease *l, unsigned cpu, int code, struct err *err)
{
	char who[LEASE_NAME];

	if (code != -EAGAIN && code != -EACCES)
		return err_sys(err, code, "cannot reserve CPU %u", cpu);
	return err_set(err, -EBUSY,
		       "CPU %u belongs to the run '%s': take another one (see `vlat ps`), or stop that run with `vlat stop %s`",
		       cpu, lease_holder(l, cpu, who), who);
}

int lease_take_cpus(struct lease *l, const struct cpuset *cpus, const char *name, struct err *err)
{
	if (l->fd < 0 || l->only_look)
		return 0;
	for (int c = -1; (c = cpuset_next(cpus, c)) >= 0;) {
		int r = lock_byte(l->fd, F_WRLCK, (unsigned) c);

		if (r < 0) {
			r = refuse(l, (unsigned) c, r, err);
			give_back(l);
			return r;
		}
		cpuset_add(&l->cpus, (unsigned) c);
		write_name(l, (unsigned) c, name);
	}
	return 0;
}

struct cpuset lease_taken(const struct lease *l, const struct cpuset *among)
{
	struct cpuset taken = { 0 };

	for (int c = -1; (c = cpuset_next(among, c)) >= 0;)
		if (!cpuset_has(&l->cpus, (unsigned) c) && is_taken(l->fd, (unsigned) c))
			cpuset_add(&taken, (unsigned) c);
	return taken;
}

void lease_close(struct lease *l)
{
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct lease) LEASE_INIT;
}
