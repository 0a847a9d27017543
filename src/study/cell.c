/* SPDX-License-Identifier: Apache-2.0 */
#include "study/cell.h"

#include <errno.h>
#include <math.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "record/record.h"
#include "stat/histogram_json.h"
#include "study/series.h"
#include "study/spec.h"

/* The quantiles of DESIGN, "Numbers that a result holds". */
static const struct {
	const char *name;
	double q;
} quantiles[] = {
	{ "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 }, { "p9999_ns", 0.9999 },
};

static json_t *number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static json_t *summary(const struct histogram *h)
{
	json_t *s = json_pack("{s:I, s:I, s:I}", "count", (json_int_t) h->count, "min_ns", (json_int_t) h->min, "max_ns",
			      (json_int_t) h->max);

	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		json_object_set_new(s, quantiles[i].name, number(histogram_quantile(h, quantiles[i].q)));
	json_object_set_new(s, "mean_ns", number(histogram_mean(h)));
	json_object_set_new(s, "stddev_ns", number(histogram_stddev(h)));
	return s;
}

/* `response` or `service` of a record, if it has one: 1 = it had. */
static int put_times(json_t *cell, const json_t *record, const char *name, struct err *err)
{
	const json_t *histogram = json_object_get(json_object_get(record, name), "histogram");
	AUTO_FREE struct histogram *h = NULL;
	int r;

	if (!histogram)
		return 0;
	h = xalloc(1, sizeof(*h));
	r = histogram_from_json(histogram, h, err);
	if (r < 0)
		return err_in(err, "%s times", name);
	if (h->count == 0)
		return err_set(err, -ENODATA, "not a single transaction was completed in the measured time");
	json_object_set_new(cell, name, summary(h));
	return 1;
}

static void take_series(struct series *s, const json_t *numbers)
{
	const json_t *x;
	size_t i;

	json_array_foreach (numbers, i, x)
		if (json_is_number(x))
			series_add(s, json_number_value(x));
}

static json_t *numbers_of(const json_t *from, const struct series *up, const struct series *down, const struct series *all)
{
	const json_t *slice = json_object_get(from, "slice_s");

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "slice_s",
			 number(json_is_number(slice) ? json_number_value(slice) : NAN), "p50_bps", number(series_median(all)),
			 "mean_bps", number(series_mean(all)), "stddev_bps", number(series_stddev(all)), "min_bps",
			 number(series_min(all)), "max_bps", number(series_max(all)), "up_bps", number(series_mean(up)),
			 "down_bps", number(series_mean(down)));
}

/* The slices of both directions together, since `both` gives half of the time to each; 1 = there were some. */
static int put_throughput(json_t *cell, const json_t *record, struct err *err)
{
	const json_t *from = json_object_get(record, "throughput");
	struct series up = { 0 }, down = { 0 }, all = { 0 };
	size_t n;

	if (!from)
		return 0;
	take_series(&up, json_object_get(from, "up_bps"));
	take_series(&down, json_object_get(from, "down_bps"));
	take_series(&all, json_object_get(from, "up_bps"));
	take_series(&all, json_object_get(from, "down_bps"));
	n = all.n;
	if (n)
		json_object_set_new(cell, "throughput", numbers_of(from, &up, &down, &all));
	series_free(&up);
	series_free(&down);
	series_free(&all);
	return n ? 1 : err_set(err, -ENODATA, "not a single slice of throughput was completed in the measured time");
}

static json_t *cpu_of(const json_t *record)
{
	json_t *cpu = json_object_get(record, "cpu_s");

	return cpu ? json_incref(cpu) : json_null();
}

static const char *why_disturbed(const struct launch_result *got, char *buf, size_t cap)
{
	const struct steal_delta *d = &got->steal;

	if (got->changed_since > 0)
		text_print(buf, cap, "%s%s%d tuned setting(s) were changed by somebody else", d->why, d->why[0] ? "; " : "",
			   got->changed_since);
	else
		text_print(buf, cap, "%s", d->why);
	return buf;
}

static json_t *platform(const struct launch_result *got, const struct tuning_host *host)
{
	const json_t *inside = got->records.server ? got->records.server : got->records.client;
	const struct steal_delta *d = &got->steal;
	char why[256];
	json_t *p = json_pack("{s:s, s:f, s:f, s:I, s:f, s:I, s:b, s:s, s:s, s:{s:o, s:o}}", "clocksource",
			      host->facts.kernel.clocksource, "steal_s", d->steal_s, "steal_percent", d->steal_percent,
			      "throttled", (json_int_t) (d->quota_throttled + d->thermal_throttles), "quota_throttled_s",
			      d->quota_throttled_s, "thermal_throttles", (json_int_t) d->thermal_throttles, "disturbed",
			      d->disturbed || got->changed_since > 0, "disturbed_why", why_disturbed(got, why, sizeof(why)),
			      "governor", host->facts.governor, "cpu_s", "client", cpu_of(got->records.client), "server",
			      cpu_of(got->records.server));

	json_object_update(p, got->facts);
	/* A guest settles on its clock source after the agent's hello: the record knows better. */
	if (json_object_get(p, "guest_clocksource") && json_object_get(inside, "clocksource"))
		json_object_set(p, "guest_clocksource", json_object_get(inside, "clocksource"));
	return p;
}

static json_t *label_json(const struct cell_label *l)
{
	time_t second = (time_t) (l->started_wall_ns / NS_PER_S);
	char stamp[32] = "";
	struct tm tm;
	json_t *label;

	if (gmtime_r(&second, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	label = json_pack("{s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:f}", "format", RECORD_FORMAT, "id", (int) l->id,
			  "block", (int) l->block, "group", (int) l->group, "tuning", l->tuning, "interference", l->interference,
			  "workload", l->workload, "arm", l->arm, "started", stamp, "duration_s", l->duration_s);
	json_object_update_new(label, spec_system_json(l->system));
	return label;
}

/* What the measuring side counted; it must hold times or throughput. */
static int put_numbers(json_t *cell, const json_t *record, struct err *err)
{
	static const char *const counts[] = {
		"transactions", "transactions_per_s", "throughput_bps", "lost", "late", "unfinished"
	};
	int times = put_times(cell, record, "response", err);
	int service = times < 0 ? times : put_times(cell, record, "service", err);
	int flow = service < 0 ? service : put_throughput(cell, record, err);

	if (flow < 0)
		return flow;
	if (!times && !flow)
		return err_set(err, -EPROTO, "the agent's record holds neither response times nor throughput");
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (json_is_number(json_object_get(record, counts[i])))
			json_object_set(cell, counts[i], json_object_get(record, counts[i]));
	return 0;
}

int cell_make(const struct cell_label *label, const struct launch_result *got, const struct tuning_host *host, json_t **ret,
	      struct err *err)
{
	AUTO_JSON json_t *cell = label_json(label);
	int r = put_numbers(cell, got->records.client, err);

	if (r < 0)
		return r;
	json_object_set(cell, "client", got->records.client);
	json_object_set_new(cell, "server", got->records.server ? json_incref(got->records.server) : json_null());
	json_object_set_new(cell, "platform", platform(got, host));
	json_object_set(cell, "plan", got->plan);
	json_object_set_new(cell, "error", json_null());
	*ret = TAKE(cell);
	return 0;
}

json_t *cell_failed(const struct cell_label *label, const struct err *why)
{
	json_t *cell = label_json(label);

	json_object_set_new(cell, "error", json_pack("{s:i, s:s}", "code", why->code, "text", why->text));
	return cell;
}
