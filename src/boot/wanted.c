/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each knob that takes kernel parameters: which words, and where
 * they make no sense.  CPUs are isolated by a partition at run time, which can
 * be undone; of isolcpus= only managed_irq is asked for, which has no other way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "boot/internal.h"
#include "boot/params.h"
#include "knob/knob.h"

struct want {
	const struct fs *fs;
	const struct host_facts *facts;
	const struct boot_options *o;
	char iso[VALUE_MAX], house[VALUE_MAX];
};

struct row {
	const char *knob;
	unsigned level;     /* the lowest that takes it */
	bool realtime;      /* a machine for real-time processes takes it at level standard */
	bool cpus;          /* pointless when no CPU is set apart */
	const char *file;   /* without it this kernel does not have the parameter */
	const char *format; /* "nohz_full=@iso" */
	/* Instead: false = not here (the reason in w), true with no text = not wanted. */
	bool (*make)(const struct want *c, struct boot_word *w);
};

static bool make_threadirqs(const struct want *c, struct boot_word *w)
{
	text_print(w->text, sizeof(w->text), "threadirqs");
	text_print(w->reason, sizeof(w->reason), "a PREEMPT_RT kernel threads all interrupts anyway");
	return !c->facts->kernel.realtime;
}

static bool make_rcu_prio(const struct want *c, struct boot_word *w)
{
	text_print(w->text, sizeof(w->text), "rcutree.kthread_prio=11");
	text_print(w->reason, sizeof(w->reason), "matters only on a PREEMPT_RT kernel");
	return c->facts->kernel.realtime;
}

static bool make_tsc(const struct want *c, struct boot_word *w)
{
	text_print(w->text, sizeof(w->text), "tsc=nowatchdog");
	text_print(w->reason, sizeof(w->reason), "the clock source is not the time-stamp counter");
	return text_eq(c->facts->kernel.clocksource, "tsc");
}

static bool make_huge_1g(const struct want *c, struct boot_word *w)
{
	if (c->o->vm_memory_mb < 1024)
		return true;
	text_print(w->text, sizeof(w->text), "hugepagesz=1G hugepages=%u", (c->o->vm_memory_mb + 1023) / 1024);
	text_print(w->reason, sizeof(w->reason), "this processor or kernel has no pages of 1 GiB");
	return fs_exists(c->fs, "sys/kernel/mm/hugepages/hugepages-1048576kB");
}

#define RCUTREE "sys/module/rcutree/parameters/"

static const struct row rows[] = {
	{ .knob = "irq.default", .level = 1, .cpus = true, .format = "irqaffinity=@house" },
	{ .knob = "irq.threadirqs", .level = 2, .realtime = true, .make = make_threadirqs },
	{ .knob = "iso.audit", .level = 2, .format = "audit=0" },
	{ .knob = "iso.managed_irq", .level = 1, .cpus = true, .format = "isolcpus=managed_irq,@iso" },
	{ .knob = "iso.nohz_full",
	  .level = 1,
	  .cpus = true,
	  .file = "sys/devices/system/cpu/nohz_full",
	  .format = "nohz_full=@iso" },
	{ .knob = "iso.rcu_kthread_prio", .level = 2, .realtime = true, .file = RCUTREE "kthread_prio", .make = make_rcu_prio },
	{ .knob = "iso.rcu_nocb_poll", .level = 2, .realtime = true, .cpus = true, .format = "rcu_nocb_poll" },
	{ .knob = "iso.rcu_nocbs", .level = 1, .cpus = true, .format = "rcu_nocbs=@iso" },
	{ .knob = "iso.rcu_patience",
	  .level = 1,
	  .cpus = true,
	  .file = RCUTREE "nohz_full_patience_delay",
	  .format = "rcutree.nohz_full_patience_delay=1000" },
	{ .knob = "iso.skew_tick", .level = 1, .format = "skew_tick=1" },
	{ .knob = "iso.tsc", .level = 2, .realtime = true, .make = make_tsc },
	{ .knob = "iso.wq_power_efficient",
	  .level = 1,
	  .file = "sys/module/workqueue/parameters/power_efficient",
	  .format = "workqueue.power_efficient=1" },
	{ .knob = "mem.huge_1g", .level = 1, .make = make_huge_1g },
};

void boot_words_free(struct boot_words *w)
{
	vec_free(w);
}

static bool listed(const char *const *ids, const char *id)
{
	for (; *ids; ids++) {
		if (text_eq(*ids, id))
			return true;
	}
	return false;
}

/* "?" and NULL: the role only looks at it.  Huge pages are wanted by the memory asked for, in any role. */
static bool role_wants(const struct knob *k, const struct row *row, enum role role)
{
	const char *want = k->role[role].want;

	return row->make == make_huge_1g || row->cpus ? want != NULL : want && !text_eq(want, "?");
}

static unsigned level_of(const struct row *row, enum role role)
{
	return row->realtime && role == ROLE_REALTIME ? 1 : row->level;
}

static bool chosen(const struct row *row, const struct knob *k, const struct boot_options *o)
{
	if (o->except && listed(o->except, row->knob))
		return false;
	if (o->only)
		return listed(o->only, row->knob);
	return level_of(row, o->role) <= o->level && role_wants(k, row, o->role) && (!k->security || o->allow_insecure);
}

/* The format with @iso and @house written out. */
static void write_out(const struct want *c, const char *format, char *buf, size_t cap)
{
	const char *at = strchr(format, '@');

	if (!at)
		text_print(buf, cap, "%s", format);
	else
		text_print(buf, cap, "%.*s%s", (int) (at - format), format, text_eq(at, "@iso") ? c->iso : c->house);
}

static void add_row(const struct want *c, const struct row *row, const struct knob *k, struct boot_words *out)
{
	struct boot_word w = { .knob = k->id, .why = k->why, .cost = k->cost };
	bool here = true;

	if (row->cpus && !c->iso[0])
		return;
	if (row->format)
		write_out(c, row->format, w.text, sizeof(w.text));
	if (row->make)
		here = row->make(c, &w);
	if (!w.text[0])
		return;
	if (here && row->file && !fs_exists(c->fs, row->file)) {
		here = false;
		text_print(w.reason, sizeof(w.reason), "this kernel has no /%s", row->file);
	}
	w.state = here ? BOOT_ADD : BOOT_ABSENT;
	if (here)
		w.reason[0] = '\0';
	*vec_add(out) = w;
}

static int add_extra(const char *extra, struct boot_words *out, struct err *err)
{
	const char *at = extra, *word;
	size_t len;

	if (!params_plain(extra))
		return err_set(
			err, -EINVAL,
			"\"%s\" cannot be a boot parameter of vlat's: only letters, digits and _ . , : = / + @ - are safe in "
			"every boot loader's configuration",
			extra);
	while (params_next(&at, &word, &len)) {
		struct boot_word w = { .knob = "", .why = "asked for", .cost = "" };

		if (len == 2 && memcmp(word, "--", 2) == 0)
			return err_set(err, -EINVAL, "\"--\" ends the kernel's parameters: name parameters alone");
		if (text_print(w.text, sizeof(w.text), "%.*s", (int) len, word))
			return err_set(err, -E2BIG, "the boot parameter %.40s... is too long", word);
		if (text_starts(w.text, PARAMS_BEGIN) || text_eq(w.text, PARAMS_END))
			return err_set(err, -EINVAL, "%s is what vlat marks its own parameters with", w.text);
		*vec_add(out) = w;
	}
	return 0;
}

bool boot_sets(const char *knob)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_eq(rows[i].knob, knob))
			return true;
	return false;
}

int boot_wanted(struct boot_words *ret, const struct fs *fs, const struct host_facts *facts, const struct cpu_split *split,
		const struct boot_options *o, struct err *err)
{
	struct want c = { .fs = fs, .facts = facts, .o = o };
	struct boot_words words = { 0 };
	int r;

	params_cpulist(&split->isolated, c.iso, sizeof(c.iso));
	params_cpulist(&split->housekeeping, c.house, sizeof(c.house));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct knob *k = knob_find_any(rows[i].knob);

		if (k && chosen(&rows[i], k, o))
			add_row(&c, &rows[i], k, &words);
	}
	r = o->extra ? add_extra(o->extra, &words, err) : 0;
	if (r < 0)
		boot_words_free(&words);
	else
		*ret = words;
	return r;
}
