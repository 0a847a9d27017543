/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same name may stand for different things in two studies: a workload of
 * another length, a load of another command line, a tuning that an older vlat
 * understood differently.  study.json says what each stood for.  A member that
 * only one of the two has was not written by an older vlat, and tells nothing.
 */
#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "record/record.h"
#include "report/gather.h"
#include "report/versus_out.h"

enum { MOST_LETTERS = 80 };

/* Whom to tell, and what each side has. */
struct telling {
	versus_differs_fn *each;
	void *arg;
};

static const json_t *study_of(const struct report *r)
{
	return r->record->study;
}

/* A value as it is read: a text without its quotes. */
static struct formatted value_text(const json_t *value)
{
	AUTO_FREE char *line = json_is_string(value) ? NULL : jx_line(value);

	return format_cut(line ? line : json_string_value(value), MOST_LETTERS);
}

static void tell_values(const struct telling *t, const char *name, const json_t *a, const json_t *b)
{
	if (!a || !b || json_is_null(a) || json_is_null(b) || json_equal(a, b))
		return;
	versus_tell(t->each, t->arg, name, value_text(a).text, value_text(b).text);
}

/* Member by member: "workload tcp-rr, duration_s". */
static void tell_members(const struct telling *t, const char *kind, const char *name, const json_t *a, const json_t *b)
{
	const char *member;
	json_t *value;

	json_object_foreach ((json_t *) a, member, value) {
		AUTO_FREE char *what = xprintf("%s%s%s, %s", kind, *name ? " " : "", name, member);

		if (!text_eq(member, "plan"))
			tell_values(t, what, value, json_object_get(b, member));
	}
}

static const json_t *named(const json_t *list, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (text_eq(gather_text(one, "name"), name))
			return one;
	return NULL;
}

static void workloads(const struct telling *t, const json_t *a, const json_t *b)
{
	const json_t *one;
	size_t i;

	json_array_foreach (a, i, one)
		tell_members(t, "workload", gather_text(one, "name"), one, named(b, gather_text(one, "name")));
}

static bool wants(const json_t *plan, const json_t *step)
{
	const json_t *other;
	size_t i;

	json_array_foreach (plan, i, other)
		if (text_eq(gather_text(other, "knob"), gather_text(step, "knob")) &&
		    text_eq(gather_text(other, "after"), gather_text(step, "after")))
			return true;
	return false;
}

/* Knobs that one plan sets and the other does not, or sets otherwise. */
static struct words_seen only_in(const json_t *plan, const json_t *other)
{
	struct words_seen knobs = { 0 };
	const json_t *step;
	size_t i;

	json_array_foreach (plan, i, step)
		if (!wants(other, step))
			words_add(&knobs, gather_text(step, "knob"));
	return knobs;
}

static void tunings(const struct telling *t, const json_t *a, const json_t *b)
{
	const char *name;
	json_t *meant;

	json_object_foreach ((json_t *) a, name, meant) {
		const json_t *other = json_object_get(b, name), *x = json_object_get(meant, "plan"),
			     *y = json_object_get(other, "plan");
		AUTO_FREE char *what = xprintf("tuning %s, its plan has alone", name);
		struct words_seen in_a = only_in(x, y), in_b = only_in(y, x);

		tell_members(t, "tuning", name, meant, other);
		if (json_is_array(x) && json_is_array(y))
			versus_tell(t->each, t->arg, what, *in_a.text ? in_a.text : "nothing",
				    *in_b.text ? in_b.text : "nothing");
	}
}

void versus_levels(const struct versus_view *v, versus_differs_fn *each, void *arg)
{
	const struct telling t = { .each = each, .arg = arg };
	const json_t *a = study_of(v->a), *b = study_of(v->b);
	const json_t *in_a = json_object_get(a, "levels"), *in_b = json_object_get(b, "levels");

	tell_values(&t, "host name", json_object_get(json_object_get(a, "host"), "hostname"),
		    json_object_get(json_object_get(b, "host"), "hostname"));
	tell_values(&t, "scheduling of the peer", json_object_get(a, "peer_policy"), json_object_get(b, "peer_policy"));
	tell_members(&t, "VM", "", json_object_get(a, "vm"), json_object_get(b, "vm"));
	workloads(&t, json_object_get(in_a, "workloads"), json_object_get(in_b, "workloads"));
	tell_members(&t, "interference", "", json_object_get(in_a, "interference"), json_object_get(in_b, "interference"));
	tunings(&t, json_object_get(a, "tunings"), json_object_get(b, "tunings"));
}
