/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking, without root and without a write.  Whether a difference could be
 * put right is read from what is plain to see (lockdown, mounts that are
 * read-only), so that a captured machine gives the same answer as a live one.
 */
#include "knob/look.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/mount.h"
#include "knob/internal.h"

static void read_mounts(struct look *l, const struct fs *fs)
{
	AUTO_FREE char *text = NULL;
	VEC(char *) list = { 0 };
	struct mount_line m;

	if (fs_read_all(fs, "proc/self/mountinfo", 1 << 22, &text, NULL) < 0)
		return;
	for (const char *at = text; take_mount(&at, &m);) {
		bool ours = text_starts(m.dir, "/proc") || text_starts(m.dir, "/sys");

		if (ours && (mount_has_option(m.options, "ro") || mount_has_option(m.super, "ro")))
			*vec_add(&list) = xstrdup(m.dir + 1);
	}
	l->read_only = list.at;
	l->n_read_only = list.n;
}

void look_open(struct look *l, const struct fs *fs, const struct machine_facts *machine)
{
	*l = (struct look){ .machine = machine };
	read_mounts(l, fs);
}

void look_close(struct look *l)
{
	for (size_t i = 0; i < l->n_read_only; i++)
		free(l->read_only[i]);
	free(l->read_only);
	if (l->have_tasks)
		task_facts_free(&l->tasks);
	if (l->have_qemus)
		qemus_free(&l->qemus);
	if (l->have_containers)
		containers_free(&l->containers);
}

const struct task_facts *look_tasks(const struct knob_ctx *c)
{
	struct err err = { 0 };

	if (c->look->machine && c->look->machine->tasks)
		return c->look->machine->tasks;
	if (!c->look->have_tasks) {
		if (task_facts_read(c->fs, &c->look->tasks, &err) < 0)
			c->look->tasks = (struct task_facts){ 0 };
		c->look->have_tasks = true;
	}
	return &c->look->tasks;
}

const struct qemus *look_qemus(const struct knob_ctx *c)
{
	if (!c->look->have_qemus) {
		qemus_read(c->fs, look_tasks(c), 0, &c->look->qemus);
		c->look->have_qemus = true;
	}
	return &c->look->qemus;
}

const struct containers *look_containers(const struct knob_ctx *c)
{
	if (!c->look->have_containers) {
		containers_read(c->fs, &c->facts->cgroup, &c->look->containers);
		if (c->look->names)
			containers_name(c->fs, &c->look->containers);
		c->look->have_containers = true;
	}
	return &c->look->containers;
}

bool look_boot(const struct knob_ctx *c, const char *name, char *buf, size_t cap)
{
	struct cmdline_param p;

	if (c->look)
		c->look->asked_boot = true;
	if (!cmdline_find(c->facts->kernel.cmdline, name, &p))
		return false;
	text_print(buf, cap, "%s", p.has_value ? p.value : "");
	return true;
}

void look_without_cmdline(const struct knob_ctx *c, struct settings *list)
{
	int error = c->look && c->look->asked_boot ? c->facts->kernel.cmdline_error : 0;

	for (size_t i = 0; error && i < list->n; i++) {
		struct setting *s = &list->at[i];

		if (s->state == SETTING_ABSENT)
			continue;
		s->state = SETTING_UNSEEN;
		text_print(s->reason, sizeof(s->reason), "/proc/cmdline cannot be read: %s",
			   error == -ENOENT ? "this copy of the machine does not hold it" : strerror(-error));
	}
}

static void put_cpus(const struct knob_ctx *c, const struct cpuset *set, enum value_form form, char *buf, size_t cap)
{
	if (form == VALUE_CPUMASK)
		cpuset_mask(set, c->facts->cpu.n_possible, buf, cap);
	else
		cpuset_list(set, buf, cap);
}

bool look_resolve(const struct knob_ctx *c, const char *want, enum value_form form, char *buf, size_t cap)
{
	const char *at = strchr(want, '@');
	size_t sign = at ? (size_t) (at - want) : 0;

	if (!at)
		return !text_print(buf, cap, "%s", want);
	if (!c->split->possible || sign >= cap)
		return false;
	memcpy(buf, want, sign);
	put_cpus(c, text_eq(at, "@iso") ? &c->split->isolated : &c->split->housekeeping, form, buf + sign, cap - sign);
	return true;
}

bool look_want(const struct knob *k, const struct knob_ctx *c, enum value_form form, char *buf, size_t cap)
{
	const char *want = k->role[c->role].want;

	return want && look_resolve(c, want, form, buf, cap);
}

static bool read_only(const struct knob_ctx *c, const char *path)
{
	for (size_t i = 0; i < c->look->n_read_only; i++) {
		const char *dir = c->look->read_only[i];

		if (text_starts(path, dir) && path[strlen(dir)] == '/')
			return true;
	}
	return false;
}

/* A difference that nobody can put right here is "blocked". */
static void judge_blocked(const struct knob_ctx *c, struct setting *s)
{
	const char *lock = c->facts->kernel.lockdown;

	if (read_only(c, s->path))
		text_print(s->reason, sizeof(s->reason), "mounted read-only here (a container?)");
	else if (strstr(s->path, "/debug/") && lock[0] && !text_eq(lock, "none"))
		text_print(s->reason, sizeof(s->reason), "the kernel is locked down (%s, Secure Boot)", lock);
	else
		return;
	s->state = SETTING_BLOCKED;
}

static void judge_unreadable(struct setting *s, int code)
{
	s->state = SETTING_UNSEEN;
	if (code == -EACCES || code == -EPERM)
		text_print(s->reason, sizeof(s->reason), "only root can read it");
	else
		text_print(s->reason, sizeof(s->reason), "/%s cannot be read: %s", s->path, strerror(-code));
}

struct setting *look_path(const struct knob_ctx *c, struct settings *out, const char *path, enum value_form form,
			  const char *want)
{
	char now[VALUE_MAX], clean[VALUE_MAX];
	struct setting *s;
	int r = fs_read(c->fs, path, now, sizeof(now));

	if (r == -ENOENT || r == -ENOTDIR || r == -ENODEV || r == -ENXIO || r == -EOPNOTSUPP)
		return NULL;
	s = settings_add(out, SETTING_VALUE, path);
	s->form = form;
	s->after = xstrdup(want);
	text_print(s->target, sizeof(s->target), "/%s", path);
	if (r < 0) {
		judge_unreadable(s, r);
		return s;
	}
	if (!value_clean(form, now, clean, sizeof(clean)))
		text_print(clean, sizeof(clean), "%.60s...", now);
	s->before = xstrdup(clean);
	s->state = want_met(form, now, want) ? SETTING_SAME : SETTING_TODO;
	if (s->state == SETTING_TODO)
		judge_blocked(c, s);
	return s;
}

struct setting *look_value(const struct knob *k, const struct knob_ctx *c, struct settings *out, const char *target,
			   enum value_form form, const char *now)
{
	char want[VALUE_MAX] = "";
	struct setting *s = settings_add(out, SETTING_GIVEN, NULL);

	look_want(k, c, form, want, sizeof(want));
	text_print(s->target, sizeof(s->target), "%s", target);
	s->form = form;
	s->before = xstrdup(now);
	s->after = xstrdup(want);
	s->state = want_met(form, now, want) ? SETTING_SAME : SETTING_TODO;
	return s;
}

struct setting *look_says(struct settings *out, bool ok, const char *target, const char *now, const char *want)
{
	struct setting *s = settings_add(out, SETTING_GIVEN, NULL);

	text_print(s->target, sizeof(s->target), "%s", target);
	s->before = xstrdup(now);
	s->after = xstrdup(want);
	s->state = ok ? SETTING_SAME : SETTING_TODO;
	return s;
}

void look_unseen(struct settings *out, const char *target, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	list_reason(out, SETTING_UNSEEN, target, fmt, ap);
	va_end(ap);
}

void look_missing(const struct knob_ctx *c, struct settings *out, const char *path, const char *what)
{
	int fd = fs_open(c->fs, path, 0);

	if (fd >= 0)
		close(fd);
	if (fd == -EACCES || fd == -EPERM)
		look_unseen(out, what, "only root can read it");
	else
		list_absent(out, what, "this kernel or machine does not have it");
}
