/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a rehearsal inside the emulated host, and what is told of all of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "boot/verify.h"
#include "cmd/rehearse.h"
#include "journal/journal.h"

#define FORMAT 1

static size_t count_state(const json_t *steps, const char *state)
{
	const json_t *step;
	size_t i, n = 0;

	json_array_foreach (steps, i, step) {
		const char *is = json_string_value(json_object_get(step, "state"));

		n += is && text_eq(is, state);
	}
	return n;
}

/* Applied, looked at again, taken back. */
static int try_plan(struct tuner *t, json_t *ret, struct err *err)
{
	AUTO_JSON json_t *steps = NULL;
	struct journal *j = NULL;
	struct err undo = { 0 };
	int changed = 0, r = journal_open(&j, "rehearse", err);

	if (r == 0)
		r = plan_apply(t->plan, j, err);
	if (r == 0) {
		steps = plan_json(t->plan);
		changed = plan_verify(t->plan, err);
		r = changed < 0 ? changed : plan_revert(t->plan, err);
	}
	if (j && journal_close(j, &undo) < 0 && r == 0)
		r = err_set(err, -EIO, "not all could be put back: %s", undo.text);
	json_object_set_new(ret, "done", json_integer((json_int_t) count_state(steps, "done")));
	json_object_set_new(ret, "blocked", json_integer((json_int_t) count_state(steps, "blocked")));
	json_object_set_new(ret, "failed", json_integer((json_int_t) count_state(steps, "failed")));
	json_object_set_new(ret, "changed", json_integer(changed));
	return r;
}

static json_t *try_tuning(const json_t *wish_json)
{
	struct tune_wish wish = { .profile = NULL };
	struct tuner t = TUNER_INIT;
	json_t *o = json_object();
	struct err err = { 0 };
	int r = wish_from_json(wish_json, &wish, &err);

	if (r == 0)
		r = tuner_make(&t, &wish, NULL, &err);
	if (r == 0)
		r = try_plan(&t, o, &err);
	json_object_set_new(o, "error", json_string(r < 0 ? err.text : ""));
	tuner_free(&t);
	wish_free(&wish);
	return o;
}

int rehearse_inside(const char *job, struct sink *out, struct err *err)
{
	AUTO_JSON json_t *o = NULL, *answer = NULL;
	AUTO_FREE char *line = NULL;
	struct boot_report report = { .state = BOOT_NONE };
	const char *words = "";
	json_t *wish = NULL;
	struct utsname u;
	struct fs fs;
	int r = jx_parse(job, strlen(job), "--inside", &o, err);

	if (r == 0)
		r = jx_str(o, "words", &words, err);
	if (r == 0)
		r = jx_obj(o, "wish", &wish, err);
	if (r == 0)
		r = fs_open_root(&fs, "/", err);
	if (r < 0)
		return r;
	r = boot_look(&fs, words, &report, err);
	fs_close(&fs);
	if (r < 0)
		return r;
	uname(&u);
	answer = json_pack("{s:i, s:s, s:o, s:o}", "format", FORMAT, "release", u.release, "boot", boot_report_json(&report),
			   "tuning", try_tuning(wish));
	boot_report_free(&report);
	line = answer ? jx_line(answer) : NULL;
	if (!line)
		return err_set(err, -EILSEQ, "what was found holds bytes that are no text");
	sink_printf(out, "%s\n", line);
	return 0;
}

/* ---- what is told ---- */

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static json_int_t number_of(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

bool rehearsed_is_fine(const struct rehearsed *r)
{
	const json_t *tuning = json_object_get(r->inside, "tuning");

	return r->boots && number_of(json_object_get(r->inside, "boot"), "missing") == 0 && !*text_of(tuning, "error") &&
	       number_of(tuning, "failed") == 0 && number_of(tuning, "changed") == 0;
}

static void put_parameters(const struct rehearsed *r, struct sink *out)
{
	const json_t *list = json_object_get(json_object_get(r->inside, "boot"), "parameters"), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		sink_printf(out, "  %-11s  %s", text_of(one, "effect"), text_of(one, "wanted"));
		if (*text_of(one, "why"))
			sink_printf(out, ": %s", text_of(one, "why"));
		sink_put(out, "\n");
	}
	if (json_array_size(list) == 0)
		sink_put(out, "  none is wanted\n");
	if (r->untried && r->untried[0])
		sink_printf(out, "  not tried    %s: this machine has not the memory to show it\n", r->untried);
}

static void put_tuning(const struct rehearsed *r, struct sink *out)
{
	const json_t *t = json_object_get(r->inside, "tuning");

	sink_put(out, "\nThe profile there\n");
	if (*text_of(t, "error"))
		sink_printf(out, "  failed: %s\n", text_of(t, "error"));
	else
		sink_printf(out, "  %lld settings made, %lld blocked, %lld failed, %lld changed by somebody; all put back\n",
			    (long long) number_of(t, "done"), (long long) number_of(t, "blocked"),
			    (long long) number_of(t, "failed"), (long long) number_of(t, "changed"));
}

void rehearsed_text(const struct rehearsed *r, struct sink *out)
{
	sink_printf(out, "%s, on an emulated host with %u of %u CPUs\n", r->kernel, r->cpus, r->possible);
	if (r->beyond >= 0)
		sink_printf(out,
			    "The first CPU to be isolated, %d, is not among them: the parameters are tried on whether the kernel "
			    "understands them, and the profile with other CPUs.\n",
			    r->beyond);
	if (!r->boots) {
		sink_printf(out, "\nIt does not boot with: %s\nThe end of what it said:\n%s\n", r->words,
			    r->console ? r->console : "");
		return;
	}
	sink_printf(out, "\nBoots: %s\n\nKernel parameters\n", text_of(r->inside, "release"));
	put_parameters(r, out);
	put_tuning(r, out);
}

json_t *rehearsed_json(const struct rehearsed *r)
{
	return json_pack("{s:i, s:s, s:i, s:i, s:i, s:s, s:s, s:b, s:s, s:O?}", "format", FORMAT, "kernel", r->kernel, "cpus",
			 (int) r->cpus, "possible-cpus", (int) r->possible, "isolated-cpus", (int) r->isolated, "words",
			 r->words ? r->words : "", "untried", r->untried ? r->untried : "", "boots", r->boots, "console",
			 r->console ? r->console : "", "inside", r->inside);
}
