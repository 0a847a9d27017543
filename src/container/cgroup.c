/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup - the hierarchies that /proc/self/mountinfo shows. */
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "container/cgroup.h"

#define FIELD_MAX 512

static bool take_field(const char **at, char *buf)
{
	return take_word(at, buf, FIELD_MAX) && take_blanks(at);
}

static bool is_controller(const char *word)
{
	static const char *const known[] = { "blkio", "cpu",     "cpuacct",    "cpuset",   "debug",      "devices", "freezer",
					     "hugetlb", "memory", "misc", "net_cls", "net_prio", "perf_event", "pids", "rdma" };

	if (text_starts(word, "name="))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (text_eq(word, known[i]))
			return true;
	return false;
}

/* v1: the mount's own options name what it controls, "rw,xattr,cpu,cpuacct" -> "cpu,cpuacct"; false = nothing, or too much. */
static bool controllers_of(char *options, char *buf, size_t cap)
{
	size_t n = 0;
	char *word;

	buf[0] = '\0';
	while ((word = strsep(&options, ","))) {
		if (!is_controller(word))
			continue;
		if (text_print(buf + n, cap - n, "%s%s", n ? "," : "", word))
			return false;
		n += strlen(buf + n);
	}
	return n > 0;
}

/*
 * One line: "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - tmpfs tmpfs rw,mode=755",
 * with any number of optional fields before the dash (proc(5)).
 */
static bool take_mount(const char *line, struct cgroup_mount *ret)
{
	char field[FIELD_MAX], path[FIELD_MAX], type[FIELD_MAX];
	struct cgroup_mount m = { 0 };

	for (int i = 0; i < 4; i++)
		if (!take_field(&line, field))
			return false;
	if (!take_field(&line, path))
		return false;
	do {
		if (!take_field(&line, field))
			return false;
	} while (!text_eq(field, "-"));
	if (!take_field(&line, type) || !take_field(&line, field) || !take_field(&line, field))
		return false;
	m.v2 = text_eq(type, "cgroup2");
	if (!m.v2 && !text_eq(type, "cgroup"))
		return false;
	if (text_print(m.path, sizeof(m.path), "%s", path) ||
	    (!m.v2 && !controllers_of(field, m.controllers, sizeof(m.controllers))))
		return false;
	*ret = m;
	return true;
}

void cgroups_parse(const char *mountinfo, struct cgroups *ret)
{
	char line[4096];
	bool v1 = false, v2 = false;

	memset(ret, 0, sizeof(*ret));
	while (ret->n < CGROUP_MOUNTS_MAX && take_line(&mountinfo, line, sizeof(line))) {
		if (!take_mount(line, &ret->mount[ret->n]))
			continue;
		v1 |= !ret->mount[ret->n].v2;
		v2 |= ret->mount[ret->n].v2;
		ret->n++;
	}
	ret->layout = v1 && v2 ? CGROUP_HYBRID : v1 ? CGROUP_V1 : v2 ? CGROUP_V2 : CGROUP_NONE;
}

/* What the unified hierarchy controls, "cpuset cpu io" -> "cpuset,cpu,io". */
static void read_v2_controllers(const struct fs *fs, struct cgroup_mount *m)
{
	if (fs_readf(fs, m->controllers, sizeof(m->controllers), "%s/cgroup.controllers", m->path + 1) < 0)
		m->controllers[0] = '\0';
	for (char *c = m->controllers; *c; c++)
		if (*c == ' ')
			*c = ',';
}

static bool lists(const char *controllers, const char *wanted)
{
	size_t len = strlen(wanted);

	for (const char *at = controllers; *at; at += strcspn(at, ","), at += *at == ',')
		if (!strncmp(at, wanted, len) && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

const struct cgroup_mount *cgroups_find(const struct cgroups *c, const char *controller)
{
	for (size_t i = 0; i < c->n; i++)
		if (lists(c->mount[i].controllers, controller))
			return &c->mount[i];
	return NULL;
}

int cgroups_read(const struct fs *fs, struct cgroups *ret, struct err *err)
{
	const struct cgroup_mount *cpu;
	AUTO_FREE char *text = NULL;
	int64_t limit;
	size_t len;
	int r = fs_read_all(fs, "proc/self/mountinfo", 1 << 20, &text, &len);

	if (r < 0)
		return err_sys(err, r, "cannot read /proc/self/mountinfo");
	cgroups_parse(text, ret);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->mount[i].v2)
			read_v2_controllers(fs, &ret->mount[i]);
	cpu = cgroups_find(ret, "cpu");
	if (fs_read_i64(fs, "proc/sys/kernel/sched_rt_runtime_us", &limit) < 0)
		limit = 0;
	ret->rt_budgets = limit >= 0 && cpu && !cpu->v2 && fs_existsf(fs, "%s/cpu.rt_runtime_us", cpu->path + 1);
	return 0;
}

const char *cgroup_layout_name(enum cgroup_layout layout)
{
	static const char *const names[] = {
		[CGROUP_NONE] = "none",
		[CGROUP_V1] = "v1",
		[CGROUP_HYBRID] = "hybrid",
		[CGROUP_V2] = "v2",
	};

	return names[layout];
}
