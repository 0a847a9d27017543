/* SPDX-License-Identifier: Apache-2.0 */
/* The family "a file with a value": one row of data a knob, or a few. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"
#include "knob/own.h"

const char *ctx_own(const struct knob_ctx *c, const struct knob_file *f)
{
	return c->options && !c->auditing ? own_value(c->options->own, c->options->n_own, f) : NULL;
}

static void mark_own(struct setting *s)
{
	if (s && s->state == SETTING_TODO)
		text_print(s->reason, sizeof(s->reason), "a value of the profile's own");
}

void list_own(const struct knob_ctx *c, struct settings *out, const struct knob_file *f, const char *own)
{
	mark_own(list_value(c, out, f->path, f->form, own));
}

/* "@house" becomes the housekeeping CPUs as the file writes them. */
static bool wanted(const struct knob_ctx *c, const struct knob_file *f, const char *now, char *buf, size_t cap)
{
	if (f->choose)
		return f->choose(c, now, buf, cap);
	if (!text_eq(f->want, "@house"))
		return !text_print(buf, cap, "%s", f->want);
	if (f->form == VALUE_CPUMASK)
		cpuset_mask(&c->split->housekeeping, c->facts->cpu.n_possible, buf, cap);
	else
		ctx_house_list(c, buf, cap);
	return true;
}

/* The row's own wish, or the role's. */
static void look_file(const struct knob *k, const struct knob_ctx *c, const struct knob_file *f, const char *path,
		      const char *target, struct settings *out)
{
	char now[VALUE_MAX] = "", clean[VALUE_MAX], want[VALUE_MAX];
	struct setting *s;

	if (!text_eq(k->role[c->role].want, "*")) {
		if (!look_want(k, c, f->form, want, sizeof(want)))
			return;
	} else {
		fs_read(c->fs, path, now, sizeof(now));
		value_clean(f->form, now, clean, sizeof(clean));
		if (!wanted(c, f, clean, want, sizeof(want)))
			text_print(want, sizeof(want), "%s", clean);
	}
	s = look_path(c, out, path, f->form, want);
	if (s && target)
		text_print(s->target, sizeof(s->target), "%s", target);
}

static void list_file(const struct knob *k, const struct knob_ctx *c, const struct knob_file *f, const char *path,
		      const char *target, struct settings *out)
{
	char now[VALUE_MAX] = "", clean[VALUE_MAX], want[VALUE_MAX];
	const char *own = ctx_own(c, f);
	struct setting *s;

	if (c->auditing) {
		look_file(k, c, f, path, target, out);
		return;
	}
	if (!fs_exists(c->fs, path))
		return;
	if (fs_read(c->fs, path, now, sizeof(now)) < 0)
		now[0] = '\0';
	value_clean(f->form, now, clean, sizeof(clean));
	if (!own && !wanted(c, f, clean, want, sizeof(want)))
		text_print(want, sizeof(want), "%s", clean);
	s = list_value(c, out, path, f->form, own ? own : want);
	if (s && target)
		text_print(s->target, sizeof(s->target), "%s", target);
	if (s)
		s->follower = f->follower;
	if (own)
		mark_own(s);
}

static void list_isolated_cpus(const struct knob *k, const struct knob_ctx *c, const struct knob_file *f, struct settings *out)
{
	char path[256], target[16], cpu[16];
	int n = -1;

	while ((n = cpuset_next(&c->split->isolated, n)) >= 0) {
		const char *at = strstr(f->path, "%s");

		text_print(cpu, sizeof(cpu), "%d", n);
		text_print(target, sizeof(target), "cpu%d", n);
		text_print(path, sizeof(path), "%.*s%s%s", (int) (at - f->path), f->path, cpu, at + 2);
		list_file(k, c, f, path, target, out);
	}
}

/* Every name in the folder before "%s" that starts with what stands between them: ".../cpufreq/policy%s/x". */
static void list_names(const struct knob *k, const struct knob_ctx *c, const struct knob_file *f, struct settings *out)
{
	const char *at = strstr(f->path, "%s"), *slash = at;
	struct fs_names names;
	char dir[200], prefix[32], path[256];

	while (slash[-1] != '/')
		slash--;
	text_print(dir, sizeof(dir), "%.*s", (int) (slash - 1 - f->path), f->path);
	text_print(prefix, sizeof(prefix), "%.*s", (int) (at - slash), slash);
	if (fs_list(c->fs, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (text_starts(names.at[i], prefix) && !text_print(path, sizeof(path), "%s/%s%s", dir, names.at[i], at + 2))
			list_file(k, c, f, path, names.at[i], out);
	}
	fs_list_free(&names);
}

static int list_files(const struct knob *k, const struct knob_ctx *c, struct settings *out)
{
	for (size_t i = 0; i < k->n_files; i++) {
		const struct knob_file *f = &k->files[i];

		if (f->per == PER_HOST)
			list_file(k, c, f, f->path, NULL, out);
		else if (f->per == PER_ISOLATED_CPU)
			list_isolated_cpus(k, c, f, out);
		else
			list_names(k, c, f, out);
	}
	if (out->n == 0) {
		const char *path = k->files[0].path, *hole = strstr(path, "%s");
		char shown[96];

		text_print(shown, sizeof(shown), "/%.*s%s%s", hole ? (int) (hole - path) : 90, path, hole ? "*" : "",
			   hole ? hole + 2 : "");
		if (c->auditing && !hole)
			look_missing(c, out, path, shown);
		else
			list_absent(out, shown, "this kernel or machine does not have it");
	}
	return 0;
}

/* A bare word counts as given. */
static void look_parameter(const struct knob *k, const struct knob_ctx *c, struct settings *out)
{
	char value[256];
	bool given = look_boot(c, k->boot.name, value, sizeof(value));
	struct setting *s = look_value(k, c, out, "", k->boot.form, !given ? k->boot.absent : value[0] ? value : "1");

	text_print(s->target, sizeof(s->target), "kernel parameter %s", k->boot.name);
}

static bool needs_split(const struct knob *k, const struct knob_ctx *c)
{
	const char *want = k->role[c->role].want;

	for (size_t i = 0; i < k->n_files; i++) {
		if (k->files[i].per == PER_ISOLATED_CPU || (text_eq(want, "*") && k->files[i].want && k->files[i].want[0] == '@'))
			return true;
	}
	return strchr(want, '@') != NULL;
}

static int judge(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	if (k->check)
		return k->check(k, c, out, err);
	if (k->boot.name) {
		look_parameter(k, c, out);
		return 0;
	}
	return knob_list(k, c, out, err);
}

int knob_look(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	int r;

	if (!k->role[c->role].want) {
		list_absent(out, role_names[c->role], "this role wants nothing of it");
		return 0;
	}
	if (!c->split->possible && needs_split(k, c)) {
		list_absent(out, "isolated CPUs", "%s", c->split->why);
		return 0;
	}
	if (c->look)
		c->look->asked_boot = false;
	r = judge(k, c, out, err);
	if (r == 0)
		look_without_cmdline(c, out);
	return r;
}

int knob_list(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	return k->list ? k->list(k, c, out, err) : list_files(k, c, out);
}
