/* SPDX-License-Identifier: Apache-2.0 */
#include "knob/containers.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"

#define MOST_GROUPS 4000u
#define MOST_DEPTH  10u

static bool all_hex(const char *text, size_t n)
{
	return n == 64 && strspn(text, "0123456789abcdef") >= n;
}

struct group_name {
	const char *prefix, *suffix, *engine;
	bool named; /* by people, not by 64 digits */
};

/* libvirt's machines are registered in the same way as those of systemd-nspawn. */
static bool fits(const struct group_name *row, const char *name, char id[72])
{
	const char *at = name;
	size_t n;

	if (!take_text(&at, row->prefix) || text_starts(at, "qemu\\x2d") || text_starts(at, "lxc\\x2d"))
		return false;
	n = strlen(at);
	if (text_ends(at, row->suffix))
		n -= strlen(row->suffix);
	else if (row->named)
		return false;
	return n > 0 && (row->named || all_hex(at, n)) && !text_print(id, 72, "%.*s", (int) n, at);
}

/*
 * systemd names its scopes ENGINE-ID.scope; the cgroupfs driver makes a folder ID below one of the engine's.  A machine of
 * systemd-nspawn is a scope when a person started it, and a service when systemd did (man systemd-nspawn, --keep-unit).
 */
bool container_name(const char *name, const char *parent, struct container_fact *ret)
{
	static const struct group_name rows[] = {
		{ "docker-", ".scope", "docker", false },
		{ "libpod-", ".scope", "podman", false },
		{ "cri-containerd-", ".scope", "containerd", false },
		{ "crio-", ".scope", "cri-o", false },
		{ "lxc.payload.", "", "lxc", true },
		{ "machine-", ".scope", "systemd-nspawn", true },
		{ "systemd-nspawn@", ".service", "systemd-nspawn", true },
	};
	bool pods = text_starts(parent, "pod") || text_starts(parent, "kubepods");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!fits(&rows[i], name, ret->id))
			continue;
		ret->engine = rows[i].engine;
		return true;
	}
	if (!all_hex(name, strlen(name)) || (!pods && !text_eq(parent, "docker")))
		return false;
	text_print(ret->id, sizeof(ret->id), "%s", name);
	ret->engine = text_eq(parent, "docker") ? "docker" : "containerd";
	return true;
}

struct walk {
	const struct fs *fs;
	const char *root;
	unsigned groups;
	struct containers *out;
};

static void walk_group(struct walk *w, const char *path, const char *name, unsigned depth)
{
	struct fs_names names;
	char dir[512];

	if (depth > MOST_DEPTH || text_print(dir, sizeof(dir), "%s%s", w->root, path) || fs_list(w->fs, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n && w->groups < MOST_GROUPS; i++) {
		struct container_fact c = { 0 };
		char child[256];

		/* Files of a group have a dot or a known beginning; only folders can be listed below. */
		if (text_starts(names.at[i], "cgroup.") || text_starts(names.at[i], "cpu.") ||
		    text_starts(names.at[i], "memory.") || text_starts(names.at[i], "io.") ||
		    text_starts(names.at[i], "cpuset.") || text_print(child, sizeof(child), "%s/%s", path, names.at[i]))
			continue;
		w->groups++;
		if (!container_name(names.at[i], name, &c)) {
			walk_group(w, child, names.at[i], depth + 1);
			continue;
		}
		c.pod = strstr(child, "kubepods") != NULL;
		memcpy(c.path, child, sizeof(c.path));
		*vec_add(w->out) = c;
	}
	fs_list_free(&names);
}

void containers_read(const struct fs *fs, const struct cgroup_facts *cg, struct containers *ret)
{
	struct containers out = { 0 };
	struct walk w = { .fs = fs, .root = cg->cpu.version ? cg->cpu.dir : cg->unified, .out = &out };

	if (w.root[0])
		walk_group(&w, "", "", 0);
	*ret = out;
}

void containers_free(struct containers *c)
{
	vec_free(c);
}
