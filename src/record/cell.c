/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/vec.h"
#include "stat/histogram_json.h"

/* Where a number of the file belongs in a struct of doubles. */
struct number {
	const char *name;
	size_t offset;
};

#define TIME(member) { .name = #member, .offset = offsetof(struct record_times, member) }
#define RATE(member) { .name = #member, .offset = offsetof(struct record_rates, member) }

static const struct number times[] = {
	TIME(count), TIME(min_ns), TIME(p50_ns), TIME(mean_ns), TIME(stddev_ns),
	TIME(p90_ns), TIME(p99_ns), TIME(p999_ns), TIME(p9999_ns), TIME(max_ns),
};

static const struct number rates[] = {
	RATE(slice_s), RATE(p50_bps), RATE(mean_bps), RATE(stddev_bps),
	RATE(min_bps), RATE(max_bps), RATE(up_bps), RATE(down_bps),
};

/* A section that is absent or null leaves NAN everywhere. */
static int take_numbers(const json_t *cell, const char *section, const struct number *rows, size_t n, void *ret, struct err *err)
{
	json_t *object = NULL;
	int r = jx_opt_obj(cell, section, &object, err);

	for (size_t i = 0; i < n; i++)
		*(double *) ((char *) ret + rows[i].offset) = NAN;
	for (size_t i = 0; r == 0 && object && i < n; i++)
		r = jx_opt_double(object, rows[i].name, (double *) ((char *) ret + rows[i].offset), err);
	return r < 0 && object ? err_in(err, "%s", section) : r;
}

static int take_unsigned(const json_t *json, const char *member, unsigned *ret, struct err *err)
{
	uint64_t n = 0;
	int r = jx_u64(json, member, &n, err);

	if (r < 0)
		return r;
	if (n > INT_MAX)
		return err_set(err, -ERANGE, "%s is too large", member);
	*ret = (unsigned) n;
	return 0;
}

static int take_names(struct record_cell *c, struct err *err)
{
	const struct {
		const char *member, **to;
	} rows[] = {
		{ .member = "sut", .to = &c->sut },       { .member = "datapath", .to = &c->datapath },
		{ .member = "tuning", .to = &c->tuning }, { .member = "interference", .to = &c->interference },
		{ .member = "workload", .to = &c->workload }, { .member = "arm", .to = &c->arm },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
		r = jx_str(c->json, rows[i].member, rows[i].to, err);
	c->started = c->guest_kernel = c->pages = "";
	if (r == 0)
		r = jx_opt_str(c->json, "guest_kernel", &c->guest_kernel, err);
	if (r == 0)
		r = jx_opt_str(c->json, "pages", &c->pages, err);
	return r < 0 ? r : jx_opt_str(c->json, "started", &c->started, err);
}

static int take_error(struct record_cell *c, struct err *err)
{
	json_t *error = NULL;
	int64_t code = 0;
	int r = jx_opt_obj(c->json, "error", &error, err);

	c->error_text = "";
	if (r < 0 || !error)
		return r;
	r = jx_i64(error, "code", &code, err);
	if (r == 0)
		r = jx_str(error, "text", &c->error_text, err);
	if (r == 0 && (code >= 0 || code < -4095))
		r = err_set(err, -EINVAL, "code %lld is no negative errno", (long long) code);
	c->error_code = (int) code;
	return r < 0 ? err_in(err, "error") : 0;
}

static int take_platform(struct record_cell *c, struct err *err)
{
	json_t *platform = NULL, *plan = json_object_get(c->json, "plan");
	int r = jx_opt_obj(c->json, "platform", &platform, err);

	c->disturbed_why = "";
	c->platform = platform;
	c->plan = json_is_null(plan) ? NULL : plan;
	if (r < 0 || !platform)
		return r;
	r = jx_opt_bool(platform, "disturbed", &c->disturbed, err);
	if (r == 0)
		r = jx_opt_str(platform, "disturbed_why", &c->disturbed_why, err);
	return r < 0 ? err_in(err, "platform") : 0;
}

static int take_all(struct record_cell *c, struct err *err)
{
	int r = jx_formats(c->json, RECORD_OLDEST, RECORD_FORMAT, err);

	if (r == 0)
		r = take_unsigned(c->json, "id", &c->id, err);
	if (r == 0)
		r = take_unsigned(c->json, "block", &c->block, err);
	if (r == 0)
		r = take_unsigned(c->json, "group", &c->group, err);
	if (r == 0)
		r = take_names(c, err);
	c->duration_s = c->transactions_per_s = c->throughput_bps = c->lost = NAN;
	if (r == 0)
		r = jx_opt_double(c->json, "duration_s", &c->duration_s, err);
	if (r == 0)
		r = jx_opt_double(c->json, "transactions_per_s", &c->transactions_per_s, err);
	if (r == 0)
		r = jx_opt_double(c->json, "throughput_bps", &c->throughput_bps, err);
	if (r == 0)
		r = jx_opt_double(c->json, "lost", &c->lost, err);
	if (r == 0)
		r = take_numbers(c->json, "response", times, ARRAY_SIZE(times), &c->response, err);
	if (r == 0)
		r = take_numbers(c->json, "service", times, ARRAY_SIZE(times), &c->service, err);
	if (r == 0)
		r = take_numbers(c->json, "throughput", rates, ARRAY_SIZE(rates), &c->throughput, err);
	if (r == 0)
		r = take_error(c, err);
	return r < 0 ? r : take_platform(c, err);
}

int record_cell_parse(struct record_cell *ret, json_t *json, const char *what, struct err *err)
{
	struct record_cell c = { .json = json_incref(json) };
	int r = json_is_object(json) ? take_all(&c, err) : err_set(err, -EINVAL, "not a JSON object");

	if (r < 0) {
		json_decref(json);
		return err_in(err, "%s", what);
	}
	*ret = c;
	return 0;
}

void record_cell_clear(struct record_cell *c)
{
	json_decref(c->json);
	*c = (struct record_cell){ 0 };
}

/* The client measures; without a peer the SUT's own record is under "client" too (docs/results.md). */
int record_cell_histogram(const struct record_cell *c, bool service, struct histogram **ret, struct err *err)
{
	const json_t *side = json_object_get(c->json, "client");
	const json_t *json = json_object_get(json_object_get(side, service ? "service" : "response"), "histogram");
	AUTO_FREE struct histogram *h = NULL;
	int r;

	if (!json || json_is_null(json))
		return err_set(err, -ENOENT, "cell %u has no histogram of %s times", c->id, service ? "service" : "response");
	h = xalloc(1, sizeof(*h));
	r = histogram_from_json(json, h, err);
	if (r < 0)
		return err_in(err, "cell %u", c->id);
	*ret = TAKE(h);
	return 0;
}
