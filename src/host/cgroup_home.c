/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_home.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "host/mount.h"

const char *host_cgroups_name(enum host_cgroups layout)
{
	static const char *const names[] = {
		[HOST_CGROUPS_NONE] = "none",
		[HOST_CGROUPS_V1] = "v1",
		[HOST_CGROUPS_V2] = "v2",
		[HOST_CGROUPS_HYBRID] = "hybrid",
	};

	return names[layout];
}

/* "/" as a prefix of nothing: "/user.slice" stays, "/" becomes "". */
static void set_own(struct cgroup_home *h, const char *root, const char *own)
{
	size_t n = text_eq(root, "/") ? 0 : strlen(root);

	if (n && !(text_starts(own, root) && (own[n] == '/' || own[n] == '\0')))
		return;
	own += n;
	text_print(h->own, sizeof(h->own), "%s", text_eq(own, "/") ? "" : own);
}

/* The line of /proc/self/cgroup for a v1 controller, or with controller "" the v2 line "0::PATH". */
static bool find_own(const char *text, const char *controller, char *buf, size_t cap)
{
	char line[512];

	while (take_line(&text, line, sizeof(line))) {
		char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

		if (!second)
			continue;
		*second = '\0';
		if (*controller ? mount_has_option(first + 1, controller) : first[1] == '\0')
			return !text_print(buf, cap, "%s", second + 1);
	}
	return false;
}

static void take_home(struct cgroup_home *h, const struct mount_line *m, int version, const char *self, const char *controller)
{
	char own[160];

	if (h->version || text_print(h->dir, sizeof(h->dir), "%s", m->dir + 1))
		return;
	h->version = version;
	h->writable = mount_has_option(m->options, "rw") && mount_has_option(m->super, "rw");
	if (find_own(self, version == 2 ? "" : controller, own, sizeof(own)))
		set_own(h, m->root, own);
}

static void look_at_v2(const struct fs *fs, const struct mount_line *m, const char *self, struct cgroup_facts *f)
{
	char words[256] = "";

	if (f->unified[0] || text_print(f->unified, sizeof(f->unified), "%s", m->dir + 1))
		return;
	if (fs_readf(fs, words, sizeof(words), "%s/cgroup.controllers", f->unified) < 0)
		return;
	for (char *c = words; *c; c++)
		*c = *c == ' ' ? ',' : *c;
	if (mount_has_option(words, "cpuset"))
		take_home(&f->cpuset, m, 2, self, "cpuset");
	if (mount_has_option(words, "cpu"))
		take_home(&f->cpu, m, 2, self, "cpu");
}

static void look_at_v1(const struct mount_line *m, const char *self, struct cgroup_facts *f, bool *seen)
{
	*seen = true;
	if (mount_has_option(m->super, "cpuset"))
		take_home(&f->cpuset, m, 1, self, "cpuset");
	if (mount_has_option(m->super, "cpu"))
		take_home(&f->cpu, m, 1, self, "cpu");
}

int cgroup_facts_read(const struct fs *fs, struct cgroup_facts *ret, struct err *err)
{
	AUTO_FREE char *mounts = NULL, *self = NULL;
	struct cgroup_facts f = { 0 };
	struct mount_line m;
	bool v1 = false;
	int r = fs_read_all(fs, "proc/self/mountinfo", 1 << 22, &mounts, NULL);

	if (r < 0)
		return err_sys(err, r, "cannot read proc/self/mountinfo below %s", fs->path);
	if (fs_read_all(fs, "proc/self/cgroup", 1 << 16, &self, NULL) < 0)
		self = strdup("");
	for (const char *at = mounts; take_mount(&at, &m);) {
		if (text_eq(m.type, "cgroup2"))
			look_at_v2(fs, &m, self ? self : "", &f);
		else if (text_eq(m.type, "cgroup"))
			look_at_v1(&m, self ? self : "", &f, &v1);
	}
	if (f.unified[0])
		f.layout = v1 ? HOST_CGROUPS_HYBRID : HOST_CGROUPS_V2;
	else
		f.layout = v1 ? HOST_CGROUPS_V1 : HOST_CGROUPS_NONE;
	*ret = f;
	return 0;
}
