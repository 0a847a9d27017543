/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/measure_text.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cmd/measure_detail.h"

static const struct {
	const char *head, *member;
} statistics[] = {
	{ "min", "min_ns" }, { "median", "p50_ns" }, { "mean", "mean_ns" },    { "sd", "stddev_ns" }, { "p90", "p90_ns" },
	{ "p99", "p99_ns" }, { "p99.9", "p999_ns" }, { "p99.99", "p9999_ns" }, { "max", "max_ns" },
};

static const char *text_of(const json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}

static double number_of(const json_t *object, const char *member)
{
	const json_t *x = json_object_get(object, member);

	return json_is_number(x) ? json_number_value(x) : NAN;
}

static const char *const of_guest[][2] = { { "guest kernel", "guest_kernel" }, { "pages", "pages" } };

static void put_title(struct sink *out, const json_t *cell, const struct term *t)
{
	char length[32];
	bool over = json_is_object(json_object_get(cell, "server")); /* a workload without a peer has no way to it */

	sink_printf(out, "%s%s, %s%s%s%s   ", term_on(t, PAINT_BOLD), text_of(cell, "workload"), text_of(cell, "sut"),
		    over ? " over " : "", over ? text_of(cell, "datapath") : "", term_off(t, PAINT_BOLD));
	for (size_t i = 0; i < ARRAY_SIZE(of_guest); i++)
		if (text_of(cell, of_guest[i][1])[0])
			sink_printf(out, "%s %s, ", of_guest[i][0], text_of(cell, of_guest[i][1]));
	sink_printf(out, "tuning %s, host %s, %s\n\n", text_of(cell, "tuning"), text_of(cell, "interference"),
		    text_seconds(length, sizeof(length), number_of(cell, "duration_s")));
}

static void put_row(struct sink *out, const char *name, const json_t *summary)
{
	char cell[32];

	if (!summary)
		return;
	sink_printf(out, "%-14s", name);
	for (size_t i = 0; i < ARRAY_SIZE(statistics); i++)
		sink_printf(out, "%9s", text_ns(cell, sizeof(cell), number_of(summary, statistics[i].member)));
	sink_put(out, "\n");
}

static void put_times(struct sink *out, const json_t *cell, const struct term *t)
{
	const json_t *response = json_object_get(cell, "response");
	double lost = number_of(cell, "lost");

	if (!response)
		return;
	sink_printf(out, "%s%-14s", term_on(t, PAINT_DIM), "");
	for (size_t i = 0; i < ARRAY_SIZE(statistics); i++)
		sink_printf(out, "%9s", statistics[i].head);
	sink_printf(out, "%s\n", term_off(t, PAINT_DIM));
	put_row(out, "response time", response);
	put_row(out, "service time", json_object_get(cell, "service"));
	sink_printf(out, "\n%-14s%.0f transactions, %.1f a second", "count", number_of(response, "count"),
		    number_of(cell, "transactions_per_s"));
	if (lost > 0)
		sink_printf(out, ", %s%.0f lost%s", term_on(t, PAINT_BAD), lost, term_off(t, PAINT_BAD));
	sink_put(out, "\n");
}

static void put_throughput(struct sink *out, const json_t *cell)
{
	const json_t *flow = json_object_get(cell, "throughput");
	char p50[32], sd[32], min[32], max[32], one[32];
	static const char *const ways[][2] = { { "up", "up_bps" }, { "down", "down_bps" } };

	if (!flow)
		return;
	sink_printf(out, "%-14smedian %s, sd %s, %s to %s in slices of %g s\n", "throughput",
		    text_bps(p50, sizeof(p50), number_of(flow, "p50_bps")),
		    text_bps(sd, sizeof(sd), number_of(flow, "stddev_bps")),
		    text_bps(min, sizeof(min), number_of(flow, "min_bps")),
		    text_bps(max, sizeof(max), number_of(flow, "max_bps")), number_of(flow, "slice_s"));
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (isfinite(number_of(flow, ways[i][1])))
			sink_printf(out, "%-14s%s\n", ways[i][0], text_bps(one, sizeof(one), number_of(flow, ways[i][1])));
}

static void put_side(struct sink *out, const char *name, const json_t *record)
{
	const json_t *clock = json_object_get(record, "clock");
	const char *cpus = text_of(record, "cpus");

	if (!json_is_object(record))
		return;
	sink_printf(out, "%-14spolicy %s", name, text_of(record, "policy"));
	if (number_of(record, "priority") > 0)
		sink_printf(out, " %.0f", number_of(record, "priority"));
	sink_printf(out, ", CPUs %s, memory %slocked, %.2f s of CPU; clock %s, %.0f ns a stamp\n", cpus[0] ? cpus : "any",
		    json_is_true(json_object_get(record, "locked")) ? "" : "not ", number_of(record, "cpu_s"),
		    text_of(clock, "source"), number_of(clock, "cost_ns"));
}

/* Members of sut_facts() that explain a number; each on a line when it is there and says something. */
static const char *const explained[][2] = {
	{ "accelerator_why", "" },
	{ "guest_kernel", "guest kernel " },
	{ "guest_clocksource", "guest clocksource " },
	{ "runtime_why", "" },
	{ "rt_why", "no real-time policy in the container: " },
};

static void put_platform(struct sink *out, const json_t *cell, const struct term *t)
{
	const json_t *p = json_object_get(cell, "platform");
	const char *accelerator = text_of(p, "accelerator"), *governor = text_of(p, "governor");

	sink_printf(out, "%-14s", "platform");
	if (strcmp(accelerator, "none") != 0)
		sink_printf(out, "%saccelerator %s%s, ", term_on(t, PAINT_WARN),
			    strcmp(accelerator, "tcg") ? accelerator : "TCG (binary translation)", term_off(t, PAINT_WARN));
	sink_printf(out, "clocksource %s, governor %s, steal %.1f %%, throttled %.0f times\n", text_of(p, "clocksource"),
		    governor[0] ? governor : "none", number_of(p, "steal_percent"), number_of(p, "throttled"));
	for (size_t i = 0; i < ARRAY_SIZE(explained); i++)
		if (text_of(p, explained[i][0])[0])
			sink_printf(out, "%-14s%s%s\n", "", explained[i][1], text_of(p, explained[i][0]));
	if (json_is_true(json_object_get(p, "disturbed")))
		sink_printf(out, "%-14s%sdisturbed: %s%s\n", "", term_on(t, PAINT_WARN), text_of(p, "disturbed_why"),
			    term_off(t, PAINT_WARN));
}

/* "34 applied, 12 not applicable, 2 blocked", whatever states the plan knows. */
static void put_plan(struct sink *out, const json_t *cell)
{
	json_t *states = json_object(), *count;
	const json_t *step;
	const char *state, *comma = "";
	size_t i;

	json_array_foreach (json_object_get(cell, "plan"), i, step) {
		state = text_of(step, "state");
		json_object_set_new(states, state, json_integer(json_integer_value(json_object_get(states, state)) + 1));
	}
	if (json_object_size(states))
		sink_printf(out, "%-14s", "tuning");
	json_object_foreach (states, state, count) {
		sink_printf(out, "%s%lld %s", comma, (long long) json_integer_value(count), state);
		comma = ", ";
	}
	if (json_object_size(states))
		sink_put(out, "; everything was put back (vlat study --plan lists the settings)\n");
	json_decref(states);
}

void measure_text(struct sink *out, const json_t *cell, const struct term *t)
{
	put_title(out, cell, t);
	put_times(out, cell, t);
	put_throughput(out, cell);
	measure_detail(out, cell, t);
	put_side(out, "client", json_object_get(cell, "client"));
	put_side(out, "server", json_object_get(cell, "server"));
	put_platform(out, cell, t);
	put_plan(out, cell);
}
