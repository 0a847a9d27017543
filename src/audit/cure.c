/* SPDX-License-Identifier: Apache-2.0 */
/* Words: what is, what is wanted, and exactly what to do about it. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/text.h"

/* A mask is for machines: people read "CPUs 0-3". */
static bool mask_words(const char *mask, char *buf, size_t cap)
{
	struct cpuset set;
	char list[VALUE_MAX];

	if (cpuset_parse_mask(mask, &set) < 0)
		return false;
	return !text_print(buf, cap, "CPUs %s", cpuset_empty(&set) ? "none" : cpuset_list(&set, list, sizeof(list)));
}

const char *audit_now(const struct setting *s, char *buf, size_t cap)
{
	if (!s->before)
		text_print(buf, cap, "%s", "");
	else if (s->form != VALUE_CPUMASK || !mask_words(s->before, buf, cap))
		text_print(buf, cap, "%s", s->before[0] && !text_eq(s->before, "(null)") ? s->before : "none");
	return buf;
}

const char *audit_wanted(const struct setting *s, char *buf, size_t cap)
{
	char cpus[VALUE_MAX];
	bool without = s->after && s->after[0] == '^';

	if (!s->after || text_eq(s->after, "?"))
		text_print(buf, cap, "%s", "");
	else if (s->form == VALUE_CPUMASK && mask_words(s->after + without, cpus, sizeof(cpus)))
		text_print(buf, cap, "%s%s", without ? "without " : "", cpus);
	else
		want_words(s->after, buf, cap);
	return buf;
}

const char *audit_takes(const struct knob *k)
{
	static const char *const names[KNOB_WHEN_COUNT] = {
		[KNOB_LIVE] = "live",
		[KNOB_START] = "at the start of the program",
		[KNOB_BOOT] = "at boot",
		[KNOB_OTHER] = "live, by another program",
		[KNOB_MODULE] = "when the module is loaded",
		[KNOB_VM] = "at the start of the VM",
		[KNOB_FIRMWARE] = "by hand",
	};

	return names[k->when];
}

/* Text with @iso and @house as CPU lists, and @name as whose says. */
static void put_text(const struct audit *a, const char *text, const char *whose, struct sink *out)
{
	char iso[VALUE_MAX], house[VALUE_MAX];

	cpuset_list(&a->split.isolated, iso, sizeof(iso));
	cpuset_list(&a->split.housekeeping, house, sizeof(house));
	while (*text) {
		size_t n = strcspn(text, "@");

		sink_putn(out, text, n);
		text += n;
		if (text_starts(text, "@iso")) {
			sink_put(out, iso[0] ? iso : "LIST");
			text += strlen("@iso");
		} else if (text_starts(text, "@house")) {
			sink_put(out, house[0] ? house : "LIST");
			text += strlen("@house");
		} else if (text_starts(text, "@name")) {
			sink_put(out, whose ? whose : "NAME");
			text += strlen("@name");
		} else if (*text) {
			sink_char(out, *text++);
		}
	}
}

/* A value to write: the want's own, or the housekeeping CPUs for "without the isolated ones". */
static void value_to_write(const struct audit *a, const struct setting *s, char *buf, size_t cap)
{
	if (s->after[0] != '^')
		want_literal(s->after, buf, cap);
	else if (s->form == VALUE_CPUMASK)
		cpuset_mask(&a->split.housekeeping, a->machine->host.cpu.n_possible, buf, cap);
	else
		cpuset_list(&a->split.housekeeping, buf, cap);
}

/* "net/core/busy_poll" as sysctl names it: a dot in a device's name stays a slash's business. */
static void put_sysctl(const char *path, const char *value, struct sink *out)
{
	sink_put(out, "sysctl -w ");
	for (const char *at = path + strlen("proc/sys/"); *at; at++)
		sink_char(out, *at == '/' ? '.' : *at == '.' ? '/' : *at);
	sink_printf(out, strchr(value, ' ') ? "=\"%s\"" : "=%s", value);
}

static void put_module(const char *path, const char *value, struct sink *out)
{
	const char *module = path + strlen("sys/module/"), *param = strrchr(path, '/') + 1;

	sink_printf(out, "options %.*s %s=%s in /etc/modprobe.d/vlat.conf, then load the module again or boot",
		    (int) strcspn(module, "/"), module, param, value);
}

static void put_write(const struct audit *a, const struct knob *k, const struct setting *s, struct sink *out)
{
	char value[VALUE_MAX];

	if (s->kind == SETTING_TASK) {
		sink_printf(out, "taskset -cp %s %d", s->after, (int) s->tid);
		return;
	}
	if (!s->path || !s->after) {
		sink_put(out, "see why");
		return;
	}
	value_to_write(a, s, value, sizeof(value));
	if (text_starts(s->path, "proc/sys/"))
		put_sysctl(s->path, value, out);
	else if (k->when == KNOB_MODULE && text_starts(s->path, "sys/module/"))
		put_module(s->path, value, out);
	else
		sink_printf(out, "write %s to /%s", value, s->path);
}

/* Up to three different groups by name, each with how many more are like it. */
static void put_writes(const struct audit *a, const struct finding *f, struct sink *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < f->n_groups; i++) {
		const struct audit_group *g = &f->groups[i];

		if (g->state != AUDIT_DIFFERS && g->state != AUDIT_BLOCKED)
			continue;
		if (shown++ == 3) {
			sink_put(out, "; and so on");
			return;
		}
		if (shown > 1)
			sink_put(out, "; ");
		put_write(a, f->knob, g->first, out);
		if (g->n > 1)
			sink_printf(out, " (and %zu more like it)", g->n - 1);
	}
}

static void put_parameter(const struct audit *a, const struct knob *k, struct sink *out)
{
	const char *want = k->role[a->role].want;
	char value[128];

	want_literal(want, value, sizeof(value));
	if (want[0] == '!' || !value[0] || text_eq(value, k->boot.absent))
		sink_printf(out, "take %s off the kernel command line and boot", k->boot.name);
	else
		sink_printf(out, "add %s=%s to the kernel command line and boot", k->boot.name, value);
}

bool audit_group_cure(const struct audit *a, const struct audit_group *g, struct sink *out)
{
	if (!g->first->cure)
		return false;
	put_text(a, g->first->cure, g->first->whose, out);
	return true;
}

static bool is_first_with_cure(const struct finding *f, size_t i)
{
	for (size_t n = 0; n < i; n++) {
		if (f->groups[n].state == f->groups[i].state && f->groups[n].first->cure == f->groups[i].first->cure)
			return false;
	}
	return true;
}

/* Each launcher's words once: for the first VM or container that needs them. */
static bool put_own_cures(const struct audit *a, const struct finding *f, struct sink *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < f->n_groups; i++) {
		const struct audit_group *g = &f->groups[i];

		if ((g->state != AUDIT_DIFFERS && g->state != AUDIT_BLOCKED) || !g->first->cure || !is_first_with_cure(f, i))
			continue;
		if (shown++)
			sink_put(out, "; ");
		audit_group_cure(a, g, out);
	}
	return shown > 0;
}

void audit_cure(const struct audit *a, const struct finding *f, struct sink *out)
{
	if (put_own_cures(a, f, out))
		return;
	if (f->knob->cure)
		put_text(a, f->knob->cure, NULL, out);
	else if (f->knob->boot.name)
		put_parameter(a, f->knob, out);
	else
		put_writes(a, f, out);
}

void audit_summary(const struct audit *a, struct sink *out)
{
	sink_printf(out, "%zu differ", a->count[AUDIT_DIFFERS]);
	if (a->count[AUDIT_DIFFERS])
		sink_printf(out, " (%zu high, %zu medium, %zu low)", a->differ[SEVERITY_HIGH], a->differ[SEVERITY_MEDIUM],
			    a->differ[SEVERITY_LOW] + a->differ[SEVERITY_INFO]);
	sink_printf(out, ", %zu blocked, %zu cannot be seen, %zu ok, %zu not applicable", a->count[AUDIT_BLOCKED],
		    a->count[AUDIT_UNSEEN], a->count[AUDIT_OK], a->count[AUDIT_ABSENT]);
}
