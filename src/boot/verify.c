/* SPDX-License-Identifier: Apache-2.0 */
/* After a boot: requested against effective.  What stands in /proc/cmdline was asked for, and no more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ids.h"
#include "base/text.h"
#include "base/value.h"
#include "boot/internal.h"
#include "boot/params.h"
#include "host/cmdline.h"

const char *boot_effect_name(enum boot_effect e)
{
	static const char *const names[] = { [BOOT_EFFECTIVE] = "effective",
					     [BOOT_UNSEEN] = "cannot tell",
					     [BOOT_MISSING] = "missing",
					     [BOOT_DROPPED] = "dropped" };

	return names[e];
}

/* "rcutree.kthread_prio=11" shows in /sys/module/rcutree/parameters/kthread_prio, where the module is built in or loaded. */
static bool see_module(const struct fs *fs, const char *name, const char *value, struct boot_check *c)
{
	const char *dot = strchr(name, '.');
	AUTO_FREE char *path = dot ? xprintf("sys/module/%.*s/parameters/%s", (int) (dot - name), name, dot + 1) : NULL;

	if (!path || fs_read(fs, path, c->seen, sizeof(c->seen)) < 0)
		return false;
	c->effect = value_same(VALUE_NUMBER, c->seen, value) || value_same(VALUE_TEXT, c->seen, value) ? BOOT_EFFECTIVE
												       : BOOT_DROPPED;
	if (c->effect == BOOT_DROPPED)
		text_print(c->why, sizeof(c->why), "/%s says otherwise", path);
	return true;
}

static void see_effect(const struct cmdline_facts *facts, const struct fs *fs, const char *name, const char *value,
		       struct boot_check *c)
{
	static const enum boot_effect same[] = { [EFFECT_NONE_TO_SEE] = BOOT_UNSEEN,
						 [EFFECT_YES] = BOOT_EFFECTIVE,
						 [EFFECT_NO] = BOOT_DROPPED,
						 [EFFECT_PARTLY] = BOOT_DROPPED };
	const struct cmdline_effect *e = cmdline_effect(facts, name);

	if (e) {
		c->effect = same[e->effect];
		text_print(c->seen, sizeof(c->seen), "%s", e->seen);
		text_print(c->why, sizeof(c->why), "%s", e->why);
	} else if (!see_module(fs, name, value, c)) {
		c->effect = BOOT_UNSEEN;
		text_print(c->why, sizeof(c->why), "no file tells of it");
	}
}

static void check_one(const struct fs *fs, const struct cmdline_facts *facts, const char *cmdline, const char *knob,
		      const char *param, struct boot_check *c)
{
	AUTO_FREE char *name = xstrdup(param);
	char *value = strchr(name, '='), now[BOOT_WORD_MAX];

	text_print(c->knob, sizeof(c->knob), "%s", knob);
	text_print(c->wanted, sizeof(c->wanted), "%s", param);
	if (value)
		*value++ = '\0';
	if (!params_find(cmdline, name, now, sizeof(now))) {
		c->effect = BOOT_MISSING;
		text_print(c->why, sizeof(c->why), "not on the command line of this boot");
	} else if (!text_eq(now, value ? value : "")) {
		c->effect = BOOT_MISSING;
		text_print(c->why, sizeof(c->why), "the command line of this boot says %s=%.100s", name, now);
	} else {
		see_effect(facts, fs, name, value ? value : "1", c);
	}
}

struct checks {
	VEC(struct boot_check) at;
	size_t missing;
};

static void check_all(const struct fs *fs, const struct host_facts *host, const struct boot_record *rec, struct checks *ret)
{
	struct cmdline_facts facts;

	cmdline_facts_read(fs, &host->kernel, &host->cpu, &facts);
	for (size_t i = 0; i < rec->words.n; i++) {
		const char *at = rec->words.at[i].text, *word;
		size_t len;

		while (params_next(&at, &word, &len)) {
			AUTO_FREE char *param = xstrndup(word, len);
			struct boot_check *c = vec_add(&ret->at);

			check_one(fs, &facts, host->kernel.cmdline, rec->words.at[i].knob, param, c);
			ret->missing += c->effect == BOOT_MISSING || c->effect == BOOT_DROPPED;
		}
	}
	cmdline_facts_free(&facts);
}

static bool booted_with(const char *cmdline, const char *id)
{
	struct sink words = { 0 };
	char now[16] = "";
	bool ours = params_ours(cmdline, now, sizeof(now), &words) && text_eq(now, id);

	sink_free(&words);
	return ours;
}

int boot_look(const struct fs *fs, const char *words, struct boot_report *ret, struct err *err)
{
	struct record_word all = { .text = xstrdup(words) };
	struct boot_record rec = { .state = BOOT_NONE };
	struct checks checks = { 0 };
	struct host_facts host;
	int r = host_facts_read(fs, &host, err);

	*vec_add(&rec.words) = all;
	*ret = (struct boot_report){ .state = BOOT_NONE, .booted = true };
	if (r == 0) {
		check_all(fs, &host, &rec, &checks);
		host_facts_free(&host);
	}
	ret->at = checks.at.at;
	ret->n = checks.at.n;
	ret->missing = checks.missing;
	boot_record_free(&rec);
	return r;
}

int boot_verify(const struct fs *fs, struct boot_report *ret, struct err *err)
{
	struct checks checks = { 0 };
	struct host_facts host;
	struct boot_record rec;
	char boot[BOOT_ID_CAP];
	int r = boot_record_read(&rec, err);

	*ret = (struct boot_report){ .state = BOOT_NONE };
	if (r <= 0)
		return r;
	r = host_facts_read(fs, &host, err);
	if (r < 0) {
		boot_record_free(&rec);
		return r;
	}
	ret->state = rec.state;
	text_print(ret->run, sizeof(ret->run), "%s", rec.run);
	text_print(ret->profile, sizeof(ret->profile), "%s", rec.profile);
	text_print(ret->loader, sizeof(ret->loader), "%s", rec.loader);
	text_print(ret->since, sizeof(ret->since), "%s", rec.since);
	ret->booted = booted_with(host.kernel.cmdline, rec.id);
	boot_id_of(fs, boot);
	ret->due = !text_eq(boot, rec.boot);
	check_all(fs, &host, &rec, &checks);
	ret->at = checks.at.at;
	ret->n = checks.at.n;
	ret->missing = checks.missing;
	host_facts_free(&host);
	boot_record_free(&rec);
	return 0;
}

void boot_report_free(struct boot_report *r)
{
	free(r->at);
	*r = (struct boot_report){ .state = BOOT_NONE };
}

static const char *what_became(const struct boot_report *r)
{
	if (r->booted)
		return "this boot was made with them";
	if (!r->due)
		return "they are for the next boot";
	if (r->state == BOOT_TRYING)
		return "the boot that tried them did not last, or another entry was chosen: the old ones are back";
	return "this boot was made without them: another entry was chosen, or the boot loader's configuration was changed";
}

void boot_checks_text(const struct boot_report *r, struct sink *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct boot_check *c = &r->at[i];

		sink_printf(out, "  %-11s %s", boot_effect_name(c->effect), c->wanted);
		if (c->seen[0] && c->effect != BOOT_EFFECTIVE)
			sink_printf(out, " (is: %s)", c->seen);
		sink_printf(out, "%s%s\n", c->why[0] ? ": " : "", c->why);
	}
}

void boot_report_text(const struct boot_report *r, struct sink *out)
{
	if (r->state == BOOT_NONE)
		return;
	sink_printf(out, "boot parameters of %s (%s, run %s), since %s: %s\n", r->profile, boot_state_name(r->state), r->run,
		    r->since, what_became(r));
	if (r->booted)
		boot_checks_text(r, out);
}

json_t *boot_report_json(const struct boot_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++) {
		const struct boot_check *c = &r->at[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "knob", c->knob, "wanted", c->wanted, "seen",
						      c->seen, "effect", boot_effect_name(c->effect), "why", c->why));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:o}", "state", boot_state_name(r->state), "run", r->run,
			 "profile", r->profile, "loader", r->loader, "since", r->since, "booted", r->booted, "due", r->due,
			 "missing", (json_int_t) r->missing, "parameters", list);
}
