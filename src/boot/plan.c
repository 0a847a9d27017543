/* SPDX-License-Identifier: Apache-2.0 */
/* What would be added to the command line, and what somebody else has given already. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/value.h"
#include "boot/internal.h"
#include "boot/params.h"
#include "host/cmdline.h"

#define FILE_WORDS 96 /* BOOT_IMAGE=... or initrd=..., which the loader itself adds */

/* What the loader gives by itself, vlat's own words gone; where that cannot be read, what runs. */
static void foreign_line(const struct boot_plan *p, const struct fs *fs, const struct host_facts *facts, struct sink *out)
{
	struct sink line = { 0 };
	struct err err;

	if (p->loader && p->loader->line(fs, &line, &err) == 0)
		params_strip(line.text ? line.text : "", out);
	else
		params_strip(facts->kernel.cmdline, out);
	sink_free(&line);
}

static bool same_isolcpus(const char *theirs, const char *ours)
{
	struct isolcpus a, b;

	return isolcpus_parse(theirs, &a) == 0 && isolcpus_parse(ours, &b) == 0 && a.managed_irq >= b.managed_irq &&
	       cpuset_within(&b.cpus, &a.cpus);
}

static bool same_value(const char *name, const char *theirs, const char *ours)
{
	struct cpuset a, b;

	if (text_eq(theirs, ours))
		return true;
	if (text_eq(name, "isolcpus"))
		return same_isolcpus(theirs, ours);
	return strchr(ours, '-') && cpuset_parse_list(theirs, &a) == 0 && cpuset_parse_list(ours, &b) == 0 &&
	       cpuset_equal(&a, &b);
}

/* One parameter of a word; false when it settles that the word is not simply added. */
static bool judge_one(const char *foreign, const char *param, size_t len, struct boot_word *w, bool *same)
{
	AUTO_FREE char *text = xstrndup(param, len);
	char *value = strchr(text, '='), theirs[BOOT_WORD_MAX];

	if (value)
		*value++ = '\0';
	if (!params_find(foreign, text, theirs, sizeof(theirs)))
		return true;
	*same = same_value(text, theirs, value ? value : "");
	w->state = *same ? BOOT_SAME : BOOT_CONFLICT;
	if (!*same)
		text_print(w->reason, sizeof(w->reason), "%s%s%.120s is given already, not by vlat: take it off first", text,
			   theirs[0] ? "=" : "", theirs);
	return false;
}

static void judge(const char *foreign, const char *running, struct boot_word *w)
{
	const char *at = w->text, *param;
	bool same = false, all = true, any = false;
	size_t len;

	while (params_next(&at, &param, &len)) {
		AUTO_FREE char *name = xstrndup(param, strcspn(param, "= "));
		char value[BOOT_WORD_MAX];

		if (!w->now[0] && params_find(running, name, value, sizeof(value)))
			text_print(w->now, sizeof(w->now), value[0] ? "%s=%s" : "%s%s", name, value);
		if (w->state == BOOT_CONFLICT || w->state == BOOT_ABSENT)
			continue;
		if (judge_one(foreign, param, len, w, &same))
			all = false;
		else
			any = any || same;
	}
	/* Of hugepagesz=1G hugepages=4 only one is there: neither means the same without the other. */
	if (w->state == BOOT_SAME && any && !all) {
		w->state = BOOT_CONFLICT;
		text_print(w->reason, sizeof(w->reason), "a part of it is given already, not by vlat: take it off first");
	}
}

static void collect(struct boot_plan *p)
{
	struct sink words = { 0 };

	for (size_t i = 0; i < p->words.n; i++) {
		if (p->words.at[i].state != BOOT_ADD)
			continue;
		if (p->adds++)
			sink_char(&words, ' ');
		sink_put(&words, p->words.at[i].text);
	}
	p->block = words.text ? words.text : xstrdup("");
}

static int check_length(struct boot_plan *p, const char *foreign, const struct host_facts *facts, struct err *err)
{
	AUTO_FREE char *block = params_block("r4k2az", p->block);
	struct sink line = { 0 };
	const char *machine = facts->kernel.machine[0] ? facts->kernel.machine : "x86_64";

	params_append(foreign, block, &line);
	p->length = line.len + FILE_WORDS;
	p->limit = params_limit(machine);
	sink_free(&line);
	if (p->length <= p->limit || p->adds == 0)
		return 0;
	return err_set(err, -E2BIG,
		       "the kernel's command line would be %zu letters long, and a kernel for %s takes %zu: leave knobs out "
		       "with --skip, or choose CPUs in fewer ranges",
		       p->length, machine, p->limit);
}

int boot_plan_make(struct boot_plan *ret, const struct fs *fs, const struct host_facts *facts, struct boot_words *words,
		   struct err *err)
{
	struct boot_plan p = { .words = *words };
	struct sink foreign = { 0 };
	int r;

	*words = (struct boot_words){ 0 };
	p.loader = loader_detect(fs, p.reason, sizeof(p.reason));
	foreign_line(&p, fs, facts, &foreign);
	for (size_t i = 0; i < p.words.n; i++)
		judge(foreign.text ? foreign.text : "", facts->kernel.cmdline, &p.words.at[i]);
	collect(&p);
	r = check_length(&p, foreign.text ? foreign.text : "", facts, err);
	sink_free(&foreign);
	if (r < 0)
		boot_plan_free(&p);
	else
		*ret = p;
	return r;
}

void boot_plan_free(struct boot_plan *p)
{
	boot_words_free(&p->words);
	free(p->block);
	*p = (struct boot_plan){ 0 };
}

const char *boot_loader_title(const struct boot_plan *p)
{
	return p->loader ? p->loader->title : "none";
}

static const char *const state_names[] = {
	[BOOT_ADD] = "add", [BOOT_SAME] = "same", [BOOT_ABSENT] = "not applicable", [BOOT_CONFLICT] = "conflict"
};

static void put_word(const struct boot_word *w, struct sink *out)
{
	sink_printf(out, "  %s%s%s\n", w->knob, w->knob[0] ? "  " : "", w->text);
	switch (w->state) {
	case BOOT_ADD:
		sink_printf(out, "      now: %s\n", w->now[0] ? w->now : "not given");
		break;
	case BOOT_SAME:
		sink_put(out, "      is given already\n");
		return;
	default:
		sink_printf(out, "      left alone: %s\n", w->reason);
		return;
	}
	sink_printf(out, "      why: %s\n", w->why);
	if (w->cost[0])
		sink_printf(out, "      cost: %s\n", w->cost);
}

void boot_plan_text(const struct boot_plan *p, struct sink *out)
{
	if (p->words.n == 0)
		return;
	sink_put(out, "at boot\n");
	for (size_t i = 0; i < p->words.n; i++)
		put_word(&p->words.at[i], out);
	if (p->adds == 0)
		return;
	sink_printf(out, "  boot loader: %s (%s)\n", boot_loader_title(p), p->reason);
	if (!p->loader)
		sink_printf(out, "  add by hand to the kernel's parameters: %s\n", p->block);
	sink_printf(out, "  command line: %zu of %zu letters\n", p->length, p->limit);
}

json_t *boot_plan_json(const struct boot_plan *p)
{
	json_t *words = json_array();

	for (size_t i = 0; i < p->words.n; i++) {
		const struct boot_word *w = &p->words.at[i];

		json_array_append_new(words, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "knob", w->knob, "word", w->text,
						       "state", state_names[w->state], "now", w->now, "reason", w->reason, "why",
						       w->why, "cost", w->cost));
	}
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "loader", p->loader ? p->loader->name : "", "loader_reason", p->reason,
			 "add", p->block, "length", (json_int_t) p->length, "limit", (json_int_t) p->limit, "words", words);
}
