/* SPDX-License-Identifier: Apache-2.0 */
#include "tune/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/fence.h"
#include "journal/mounter.h"
#include "tune/internal.h"

/* Beside what the knobs name. */
static const struct {
	const char *path;
	uint64_t access;
} always[] = {
	{ "/dev/null", FENCE_WRITE },    { "/dev/cpu_dma_latency", FENCE_WRITE },
	{ "/sys/devices", FENCE_WRITE }, /* a CPU or card that comes later has its files here, */
	{ "/proc/irq", FENCE_WRITE },    /* and its interrupts there */
	{ "/sys/fs/cgroup", FENCE_ALL }, { "/run", FENCE_ALL }, /* its locks and records; units of services it stops */
};

/* The file and none beside it; of "cpu/cpu%s/x", which stands for many, the folder above what differs. */
static int allow_file(const struct fence *set, const char *path, struct err *err)
{
	const char *hole = strstr(path, "%s");
	char name[512];

	if (text_print(name, sizeof(name), "/%.*s", (int) (hole ? (size_t) (hole - path) : strlen(path)), path))
		return 0;
	if (hole)
		*(strrchr(name, '/') == name ? name + 1 : strrchr(name, '/')) = '\0';
	return text_eq(name, "/") ? 0 : fence_allow(set, name, FENCE_WRITE, err);
}

static int allow_table(const struct fence *set, struct err *err)
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

static int allow_plan(const struct fence *set, const struct plan *p, struct err *err)
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
static int allow_debugfs(const struct fence *set, struct err *err)
{
	AUTO_CLOSE int fs = (int) syscall(SYS_fsopen, MOUNTER_TYPE, FSOPEN_CLOEXEC), mounted = -1, dir = -1;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(err, -errno, "debugfs cannot be opened");
	mounted = (int) syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	dir = mounted < 0 ? -1 : openat(mounted, "sched", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return mounted >= 0 && errno == ENOENT ? 0 : err_sys(err, -errno, "debugfs cannot be mounted");
	return fence_allow_fd(set, dir, "debugfs", FENCE_WRITE, err);
}

static int add_rules(const struct fence *set, const struct plan *p, const char *state, struct err *err)
{
	AUTO_FREE char *groups = xprintf("/%s", p->facts->cgroup.cpuset.dir);
	int r = allow_table(set, err);

	if (r == 0)
		r = allow_plan(set, p, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(always); i++)
		r = fence_allow(set, always[i].path, always[i].access, err);
	if (r == 0 && p->facts->cgroup.cpuset.version && groups[1])
		r = fence_allow(set, groups, FENCE_ALL, err);
	if (r == 0 && mounts(p))
		r = allow_debugfs(set, err);
	return r == 0 ? fence_allow(set, state, FENCE_ALL, err) : r;
}

const char *plan_unconfined(void)
{
	return fence_missing();
}

int plan_confine(struct plan *p, const char *state, struct err *err)
{
	AUTO(fence_free) struct fence set = FENCE_INIT;
	int r = fence_make(&set, err);

	if (r == 0 && access(state, W_OK) < 0)
		r = err_sys(err, -errno, "%s", state);
	if (r == 0)
		r = add_rules(&set, p, state, err);
	if (r == 0 && mounts(p) && p->mounter < 0)
		r = mounter_start(&p->mounter, err);
	return r == 0 ? fence_enter(&set, err) : r;
}
