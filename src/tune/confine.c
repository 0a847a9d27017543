/* SPDX-License-Identifier: Apache-2.0 */
#include "tune/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/mounter.h"
#include "tune/internal.h"

/* Younger than some headers. */
#define ACCESS_REFER    (1ULL << 13) /* ABI 2 */
#define ACCESS_TRUNCATE (1ULL << 14) /* ABI 3 */

#define WRITE_FILES ((uint64_t) LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define WRITE_ALL                                                                                                                \
	(WRITE_FILES | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |           \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                              \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | ACCESS_REFER)

/* Beside what the knobs name. */
static const struct {
	const char *path;
	uint64_t access;
} always[] = {
	{ "/dev/null", WRITE_FILES },    { "/dev/cpu_dma_latency", WRITE_FILES },
	{ "/sys/devices", WRITE_FILES }, /* a CPU or card that comes later has its files here, */
	{ "/proc/irq", WRITE_FILES },    /* and its interrupts there */
	{ "/sys/fs/cgroup", WRITE_ALL }, { "/run", WRITE_ALL },
};

struct ruleset {
	int fd;
	uint64_t handled;
};

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int ruleset_make(struct ruleset *ret, struct err *err)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = WRITE_ALL };
	long abi = landlock_abi();

	if (abi < 2)
		attr.handled_access_fs &= ~ACCESS_REFER;
	if (abi < 3)
		attr.handled_access_fs &= ~ACCESS_TRUNCATE;
	ret->handled = attr.handled_access_fs;
	ret->fd = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	return ret->fd < 0 ? err_sys(err, -errno, "no Landlock rules can be made") : 0;
}

/* What is not there cannot be written either. */
static int allow(const struct ruleset *set, const char *path, uint64_t access, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .allowed_access = access & set->handled, .parent_fd = fd };

	if (fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, set->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return err_sys(err, -errno, "no Landlock rule can be made for %s", path);
	return 0;
}

/* The file and none beside it; of "cpu/cpu%s/x", which stands for many, the folder above what differs. */
static int allow_file(const struct ruleset *set, const char *path, struct err *err)
{
	const char *hole = strstr(path, "%s");
	char name[512];

	if (text_print(name, sizeof(name), "/%.*s", (int) (hole ? (size_t) (hole - path) : strlen(path)), path))
		return 0;
	if (hole)
		*(strrchr(name, '/') == name ? name + 1 : strrchr(name, '/')) = '\0';
	return text_eq(name, "/") ? 0 : allow(set, name, WRITE_FILES, err);
}

static int allow_table(const struct ruleset *set, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < knob_count; i++) {
		for (size_t k = 0; r == 0 && k < knob_table[i]->n_files; k++) {
			const struct knob_file *f = &knob_table[i]->files[k];

			r = allow_file(set, f->path, err);
			if (r == 0 && f->follower)
				r = allow_file(set, f->follower, err);
		}
	}
	return r;
}

static int allow_plan(const struct ruleset *set, const struct plan *p, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->steps.n; i++) {
		const struct settings *list = &p->steps.at[i].settings;

		for (size_t k = 0; r == 0 && k < list->n; k++)
			if (list->at[k].kind == SETTING_VALUE && list->at[k].path)
				r = allow_file(set, list->at[k].path, err);
	}
	return r;
}

static bool mounts(const struct plan *p)
{
	for (size_t i = 0; i < p->steps.n; i++)
		if (step_has_kind(&p->steps.at[i], SETTING_MOUNT))
			return true;
	return false;
}

/*
 * Landlock passes over the folder that something is mounted on, so no rule on
 * a path reaches into debugfs, which the plan has yet to mount.  A rule is of
 * the folder itself, however it is reached: by a mount of our own, which is
 * attached nowhere and gone when this returns.
 */
static int allow_debugfs(const struct ruleset *set, struct err *err)
{
	AUTO_CLOSE int fs = (int) syscall(SYS_fsopen, MOUNTER_TYPE, FSOPEN_CLOEXEC), mounted = -1, dir = -1;
	struct landlock_path_beneath_attr rule = { .allowed_access = WRITE_FILES & set->handled };

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(err, -errno, "debugfs cannot be opened");
	mounted = (int) syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	dir = mounted < 0 ? -1 : openat(mounted, "sched", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return mounted >= 0 && errno == ENOENT ? 0 : err_sys(err, -errno, "debugfs cannot be mounted");
	rule.parent_fd = dir;
	if (syscall(SYS_landlock_add_rule, set->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return err_sys(err, -errno, "no Landlock rule can be made for debugfs");
	return 0;
}

static int add_rules(const struct ruleset *set, const struct plan *p, const char *state, struct err *err)
{
	AUTO_FREE char *groups = xprintf("/%s", p->facts->cgroup.cpuset.dir);
	int r = allow_table(set, err);

	if (r == 0)
		r = allow_plan(set, p, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(always); i++)
		r = allow(set, always[i].path, always[i].access, err);
	if (r == 0 && p->facts->cgroup.cpuset.version && groups[1])
		r = allow(set, groups, WRITE_ALL, err);
	if (r == 0 && mounts(p))
		r = allow_debugfs(set, err);
	return r == 0 ? allow(set, state, WRITE_ALL, err) : r;
}

const char *plan_unconfined(void)
{
	return landlock_abi() < 1 ? "this kernel has no Landlock, or it is switched off" : NULL;
}

int plan_confine(struct plan *p, const char *state, struct err *err)
{
	const char *why_not = plan_unconfined();
	struct ruleset set = { .fd = -1 };
	AUTO_CLOSE int fd = -1;
	int r;

	if (why_not)
		return err_set(err, -EOPNOTSUPP, "%s", why_not);
	if (access(state, W_OK) < 0)
		return err_sys(err, -errno, "%s", state);
	r = ruleset_make(&set, err);
	if (r < 0)
		return r;
	fd = set.fd;
	r = add_rules(&set, p, state, err);
	if (r == 0 && mounts(p) && p->mounter < 0)
		r = mounter_start(&p->mounter, err);
	if (r < 0)
		return r;
	/* Programs it starts (systemctl) gain nothing by being set-user-ID: it is root already. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return err_sys(err, -errno, "this process cannot be confined");
	return 0;
}
