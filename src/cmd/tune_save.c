/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is compared is each change of a file or device with its value before
 * and after.  Tasks and interrupts come and go, so of those that are counted
 * ("12 interrupts") only the values count.
 */
#include "cmd/tune_save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/ids.h"
#include "base/jsonx.h"
#include "base/sink.h"
#include "base/text.h"

#define FORMAT    1
#define BYTES_MAX ((size_t) 8 << 20)
#define NAMED_MAX 3 /* differences that are told one by one */

static const char *member(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* One change of the plan, as it is kept. */
static json_t *change(const json_t *step)
{
	const char *target = member(step, "target");

	return json_pack("{s:s, s:s, s:s, s:s}", "knob", member(step, "knob"), "target", target[0] == '/' ? target : "", "before",
			 member(step, "before"), "after", member(step, "after"));
}

static bool has(const json_t *changes, const json_t *one)
{
	const json_t *c;
	size_t i;

	json_array_foreach (changes, i, c)
		if (json_equal(c, one))
			return true;
	return false;
}

static json_t *changes_of(const struct tuner *t)
{
	AUTO_JSON json_t *steps = plan_json(t->plan);
	json_t *changes = json_array(), *step;
	size_t i;

	json_array_foreach (steps, i, step) {
		AUTO_JSON json_t *one = NULL;

		if (!text_eq(member(step, "state"), "todo"))
			continue;
		one = change(step);
		if (one && !has(changes, one))
			json_array_append(changes, one);
	}
	return changes;
}

int tune_save(const struct tuner *t, const char *path, struct err *err)
{
	char machine[MACHINE_ID_CAP], now[32], isolated[4096];
	time_t s = time(NULL);
	struct tm tm;
	AUTO_JSON json_t *o = NULL;

	machine_id_of(&t->fs, machine);
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&s, &tm));
	o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:o}", "format", FORMAT, "what", "vlat plan", "saved", now, "machine",
		      machine, "isolated", cpuset_list(&t->split.isolated, isolated, sizeof(isolated)), "wish",
		      wish_to_json(t->wish), "changes", changes_of(t));
	if (!o)
		return err_set(err, -EILSEQ, "the plan holds bytes that are no UTF-8 text: it cannot be saved");
	return jx_save(path, o, 0600, err);
}

static int check_changes(const json_t *changes, struct err *err)
{
	static const char *const members[] = { "knob", "target", "before", "after" };
	const json_t *c;
	size_t i;

	json_array_foreach (changes, i, c) {
		const char *text;
		int r = 0;

		for (size_t m = 0; r == 0 && m < ARRAY_SIZE(members); m++)
			r = jx_str(c, members[m], &text, err);
		if (r < 0)
			return err_in(err, "change %zu", i + 1);
	}
	return 0;
}

int saved_parse(const json_t *o, struct saved_plan *ret, struct err *err)
{
	const char *machine = "", *saved = "";
	json_t *wish = NULL, *changes = NULL;
	int r = json_is_object(o) ? jx_format(o, FORMAT, err) : err_set(err, -EINVAL, "no JSON object");

	*ret = (struct saved_plan){ .changes = NULL };
	if (r == 0)
		r = jx_str(o, "machine", &machine, err);
	if (r == 0)
		r = jx_str(o, "saved", &saved, err);
	if (r == 0)
		r = jx_obj(o, "wish", &wish, err);
	if (r == 0)
		r = jx_array(o, "changes", &changes, err);
	if (r == 0)
		r = check_changes(changes, err);
	if (r == 0 && (text_print(ret->machine, sizeof(ret->machine), "%s", machine) ||
		       text_print(ret->saved, sizeof(ret->saved), "%s", saved)))
		r = err_set(err, -ERANGE, "\"machine\" or \"saved\" is too long");
	if (r == 0)
		r = wish_from_json(wish, &ret->wish, err);
	if (r == 0)
		ret->changes = json_incref(changes);
	return r;
}

int saved_load(const char *path, struct saved_plan *ret, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	int r = jx_load(path, BYTES_MAX, &o, err);

	*ret = (struct saved_plan){ .changes = NULL };
	if (r < 0)
		return r;
	r = saved_parse(o, ret, err);
	return r < 0 ? err_in(err, "%.200s is no plan of vlat tune --save", path) : 0;
}

void saved_free(struct saved_plan *s)
{
	wish_free(&s->wish);
	json_decref(s->changes);
	*s = (struct saved_plan){ .changes = NULL };
}

static const json_t *same_target(const json_t *changes, const json_t *one)
{
	const json_t *c;
	size_t i;

	json_array_foreach (changes, i, c)
		if (text_eq(member(c, "knob"), member(one, "knob")) && text_eq(member(c, "target"), member(one, "target")))
			return c;
	return NULL;
}

static const char *name_of(const json_t *change)
{
	return *member(change, "target") ? member(change, "target") : member(change, "knob");
}

static void tell(struct sink *out, size_t *n, const json_t *then, const json_t *now)
{
	if (++*n > NAMED_MAX)
		return;
	sink_put(out, *n > 1 ? "; " : "");
	if (then && now)
		sink_printf(out, "%s is %.60s now, and was %.60s", name_of(now), member(now, "before"), member(then, "before"));
	else if (now)
		sink_printf(out, "%s: %.60s -> %.60s was not part of it", name_of(now), member(now, "before"),
			    member(now, "after"));
	else
		sink_printf(out, "%s is not to be changed any more", name_of(then));
}

int saved_check(const struct saved_plan *s, const struct tuner *now, struct err *err)
{
	AUTO_JSON json_t *changes = changes_of(now);
	AUTO(sink_free) struct sink what = { 0 };
	char machine[MACHINE_ID_CAP];
	const json_t *c;
	size_t i, n = 0;

	machine_id_of(&now->fs, machine);
	if (!text_eq(machine, s->machine))
		return err_set(err, -EXDEV,
			       "this plan was made on another machine (machine-id %.8s..., this one is %.8s...): make one here",
			       s->machine, machine);
	json_array_foreach (changes, i, c)
		if (!has(s->changes, c))
			tell(&what, &n, same_target(s->changes, c), c);
	json_array_foreach (s->changes, i, c)
		if (!has(changes, c) && !same_target(changes, c))
			tell(&what, &n, c, NULL);
	if (n == 0)
		return 0;
	return err_set(err, -ESTALE,
		       "this host has changed since the plan was saved (%s): %s%s; look at a new plan and save that", s->saved,
		       what.text, n > NAMED_MAX ? "; and more" : "");
}
