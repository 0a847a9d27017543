/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"

static const char *const state_names[] = {
	[SETTING_TODO] = "todo",
	[SETTING_SAME] = "same",
	[SETTING_ABSENT] = "not applicable",
	[SETTING_BLOCKED] = "blocked",
	[SETTING_DONE] = "done",
	[SETTING_FAILED] = "failed",
	[SETTING_CHANGED] = "changed since",
	[SETTING_UNSEEN] = "cannot see",
};

static const char *const kind_names[] = {
	[SETTING_VALUE] = "value", [SETTING_TASK] = "task",   [SETTING_POLICY] = "policy", [SETTING_GROUP] = "group",
	[SETTING_MOVE] = "move",   [SETTING_MOUNT] = "mount", [SETTING_HOLD] = "hold",     [SETTING_GIVEN] = "given",
	[SETTING_SPIN] = "spin",   [SETTING_NIC] = "nic",
};

const char *setting_state_name(enum setting_state s)
{
	return state_names[s];
}

const char *setting_kind_name(enum setting_kind k)
{
	return kind_names[k];
}

struct setting *settings_add(struct settings *s, enum setting_kind kind, const char *path)
{
	struct setting *new = vec_add(s);

	new->kind = kind;
	new->path = path ? xstrdup(path) : NULL;
	return new;
}

void settings_free(struct settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->at[i].path);
		free(s->at[i].before);
		free(s->at[i].after);
		free(s->at[i].guard);
		free(s->at[i].whose);
	}
	vec_free(s);
}

/* Opening for writing changes nothing and is refused for the reasons a write would be. */
static int try_open(const struct fs *fs, const char *path)
{
	AUTO_CLOSE int fd = -1;

	if (!fs->live)
		return 0;
	fd = fs_open(fs, path, O_WRONLY);
	return fd < 0 ? fd : 0;
}

static const char *refusal(const struct knob_ctx *c, int code)
{
	if (code == -EROFS)
		return "mounted read-only here (a container?)";
	if (code != -EPERM && code != -EACCES)
		return NULL;
	if (c->fs->live && geteuid() != 0)
		return "needs root";
	if (c->facts->kernel.lockdown[0] && !text_eq(c->facts->kernel.lockdown, "none"))
		return "the kernel is locked down (Secure Boot)";
	return "the kernel refuses it even to root: lockdown, or a missing capability";
}

static void block(const struct knob_ctx *c, struct setting *s, int code)
{
	const char *known = refusal(c, code);

	s->state = SETTING_BLOCKED;
	text_print(s->reason, sizeof(s->reason), "%s", known ? known : strerror(-code));
}

void setting_judge(const struct knob_ctx *c, struct setting *s, const char *want)
{
	char now[VALUE_MAX];
	int r = fs_read(c->fs, s->path, now, sizeof(now));

	free(s->after);
	s->after = xstrdup(want);
	if (r < 0 && c->auditing) {
		s->state = SETTING_UNSEEN;
		if (r == -EACCES || r == -EPERM)
			text_print(s->reason, sizeof(s->reason), "only root can read it");
		else
			text_print(s->reason, sizeof(s->reason), "/%s cannot be read: %s", s->path, strerror(-r));
		return;
	}
	if (r < 0) {
		block(c, s, r);
		return;
	}
	free(s->before);
	s->before = xstrdup(now);
	if (value_same(s->form, now, want)) {
		s->state = SETTING_SAME;
		return;
	}
	s->state = SETTING_TODO;
	if (c->auditing)
		return;
	r = try_open(c->fs, s->path);
	if (r < 0)
		block(c, s, r);
}

struct setting *list_value(const struct knob_ctx *c, struct settings *out, const char *path, enum value_form form,
			   const char *want)
{
	struct setting *s;

	if (!fs_exists(c->fs, path))
		return NULL;
	s = settings_add(out, SETTING_VALUE, path);
	s->form = form;
	text_print(s->target, sizeof(s->target), "/%s", path);
	setting_judge(c, s, want);
	return s;
}

void list_reason(struct settings *out, enum setting_state state, const char *target, const char *fmt, va_list ap)
{
	struct setting *s = settings_add(out, SETTING_GIVEN, NULL);

	s->state = state;
	text_print(s->target, sizeof(s->target), "%s", target);
	vsnprintf(s->reason, sizeof(s->reason), fmt, ap);
}

void list_absent(struct settings *out, const char *target, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	list_reason(out, SETTING_ABSENT, target, fmt, ap);
	va_end(ap);
}

void list_blocked(struct settings *out, const char *target, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	list_reason(out, SETTING_BLOCKED, target, fmt, ap);
	va_end(ap);
}

char *ctx_house_list(const struct knob_ctx *c, char *buf, size_t cap)
{
	return cpuset_list(&c->split->housekeeping, buf, cap);
}

char *ctx_iso_list(const struct knob_ctx *c, char *buf, size_t cap)
{
	return cpuset_list(&c->split->isolated, buf, cap);
}

bool name_left_alone(const struct knob_ctx *c, pid_t pid, const char *comm)
{
	const char *const *list = c->options ? c->options->leave_alone : NULL;
	char number[16];

	text_print(number, sizeof(number), "%d", (int) pid);
	for (size_t i = 0; list && list[i]; i++) {
		if (text_eq(list[i], number) || text_eq(list[i], comm))
			return true;
	}
	return false;
}

bool ctx_left_alone(const struct knob_ctx *c, const struct task_fact *t)
{
	return name_left_alone(c, t->pid, t->stat.comm);
}
