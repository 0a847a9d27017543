/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

const char *fence_missing(void)
{
	return landlock_abi() < 1 ? "this kernel has no Landlock, or it is switched off" : NULL;
}

int fence_make(struct fence *ret, struct err *err)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = FENCE_ALL };
	long abi = landlock_abi();

	if (abi < 1)
		return err_set(err, -EOPNOTSUPP, "%s", fence_missing());
	if (abi < 2)
		attr.handled_access_fs &= ~FENCE_REFER;
	if (abi < 3)
		attr.handled_access_fs &= ~FENCE_TRUNCATE;
	ret->handled = attr.handled_access_fs;
	ret->fd = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	return ret->fd < 0 ? err_sys(err, -errno, "no Landlock rules can be made") : 0;
}

int fence_allow_fd(const struct fence *f, int fd, const char *what, uint64_t access, struct err *err)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access & f->handled, .parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) /* of the others a file has none */
		rule.allowed_access &= FENCE_WRITE;
	if (!rule.allowed_access)
		return 0;
	if (syscall(SYS_landlock_add_rule, f->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return err_sys(err, -errno, "no Landlock rule can be made for %s", what);
	return 0;
}

int fence_allow(const struct fence *f, const char *path, uint64_t access, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? 0 : fence_allow_fd(f, fd, path, access, err);
}

int fence_enter(const struct fence *f, struct err *err)
{
	/* Programs it starts (systemctl) gain nothing by being set-user-ID: it is root already. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, f->fd, 0) < 0)
		return err_sys(err, -errno, "this process cannot be confined");
	return 0;
}

void fence_free(struct fence *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
