/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups are walked breadth first, so that where there are too many the ones
 * near the top, which own the CPUs, have been seen.
 */
#include "host/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

#define DEPTH_MAX 8

struct todo {
	char *path; /* below the mount, "" = the top */
	unsigned depth;
};

struct search {
	const struct fs *fs;
	const char *mount;
	int version;
	VEC(struct todo) todo;
	VEC(struct partition_fact) found;
};

static bool read_in(const struct search *s, const char *group, const char *file, char *buf, size_t cap)
{
	char path[512];

	return !text_print(path, sizeof(path), "%s%s/%s", s->mount, group, file) && fs_read(s->fs, path, buf, cap) >= 0;
}

static void read_cpus(const struct search *s, const char *group, const char *file, struct cpuset *ret)
{
	char path[512];

	if (text_print(path, sizeof(path), "%s%s/%s", s->mount, group, file) || fs_read_cpulist(s->fs, path, ret) < 0)
		*ret = (struct cpuset){ 0 };
}

static void found(struct search *s, const char *group, const char *state, const char *cpus_file)
{
	struct partition_fact *p = vec_add(&s->found);

	text_print(p->path, sizeof(p->path), "%s", group);
	text_print(p->state, sizeof(p->state), "%s", state);
	p->valid = strstr(state, "invalid") == NULL;
	read_cpus(s, group, cpus_file, &p->cpus);
}

static void look_v2(struct search *s, const char *group)
{
	char state[96];

	if (read_in(s, group, "cpuset.cpus.partition", state, sizeof(state)) && !text_eq(text_trim(state), "member"))
		found(s, group, text_trim(state), "cpuset.cpus.effective");
}

static bool says(const struct search *s, const char *group, const char *file, char want)
{
	char buf[16];

	return read_in(s, group, file, buf, sizeof(buf)) && buf[0] == want;
}

/* The top of v1 is exclusive by nature. */
static void look_v1(struct search *s, const char *group)
{
	if (!*group)
		return;
	if (says(s, group, "cpuset.sched_load_balance", '0'))
		found(s, group, "unbalanced", "cpuset.cpus");
	else if (says(s, group, "cpuset.cpu_exclusive", '1'))
		found(s, group, "exclusive", "cpuset.cpus");
}

static void add_children(struct search *s, const struct todo *t)
{
	struct fs_names names;
	char path[512];

	if (t->depth == DEPTH_MAX || text_print(path, sizeof(path), "%s%s", s->mount, t->path) ||
	    fs_list_dirs(s->fs, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.n && s->todo.n <= PARTITION_GROUPS; i++)
		*vec_add(&s->todo) = (struct todo){ .path = xprintf("%s/%s", t->path, names.at[i]), .depth = t->depth + 1 };
	fs_list_free(&names);
}

void partition_facts_read(const struct fs *fs, const struct cgroup_facts *cg, struct partition_facts *ret)
{
	struct search s = { .fs = fs, .mount = cg->cpuset.dir, .version = cg->cpuset.version };
	struct partition_facts f = { 0 };

	if (s.version)
		*vec_add(&s.todo) = (struct todo){ .path = xstrdup("") };
	for (size_t i = 0; i < s.todo.n && i < PARTITION_GROUPS; i++) {
		struct todo t = s.todo.at[i];

		if (s.version == 2)
			look_v2(&s, t.path);
		else
			look_v1(&s, t.path);
		add_children(&s, &t);
		f.groups++;
	}
	f.cut = s.todo.n > PARTITION_GROUPS;
	if (s.version == 2)
		read_cpus(&s, "", "cpuset.cpus.isolated", &f.isolated);
	for (size_t i = 0; i < s.todo.n; i++)
		free(s.todo.at[i].path);
	vec_free(&s.todo);
	f.at = s.found.at;
	f.n = s.found.n;
	*ret = f;
}

void partition_facts_free(struct partition_facts *f)
{
	free(f->at);
	*f = (struct partition_facts){ 0 };
}
