/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a fixture: samples drawn from its shape, and the cell that they make. */
#include "fixture_cell.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stat/histogram.h"
#include "stat/histogram_json.h"

enum { SAMPLES = 4000, SLICES = 20 };

double fixture_uniform(struct random *r)
{
	uint64_t z = (r->at += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (double) (z >> 11) * 0x1p-53;
}

static double quantile_of(const struct shape *s, double u)
{
	size_t i = 1;

	while (i < 5 && u > s->q[i])
		i++;
	return s->ns[i - 1] + (u - s->q[i - 1]) / (s->q[i] - s->q[i - 1]) * (s->ns[i] - s->ns[i - 1]);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* Nearest rank; x sorted. */
static double at_rank(const double *x, size_t n, double q)
{
	size_t rank = (size_t) ceil(q * (double) n);

	return x[rank > 0 ? rank - 1 : 0];
}

static void mean_and_stddev(const double *x, size_t n, double *mean, double *stddev)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	*mean = sum / (double) n;
	for (size_t i = 0; i < n; i++)
		squares += (x[i] - *mean) * (x[i] - *mean);
	*stddev = sqrt(squares / (double) (n - 1));
}

static json_t *response(const double *x, size_t n)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {
		{ "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 }, { "p9999_ns", 0.9999 }
	};
	json_t *j = json_object();
	double mean, stddev;

	mean_and_stddev(x, n, &mean, &stddev);
	json_object_set_new(j, "count", json_integer((json_int_t) n));
	json_object_set_new(j, "min_ns", json_real(x[0]));
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		json_object_set_new(j, quantiles[i].name, json_real(at_rank(x, n, quantiles[i].q)));
	json_object_set_new(j, "mean_ns", json_real(mean));
	json_object_set_new(j, "stddev_ns", json_real(stddev));
	json_object_set_new(j, "max_ns", json_real(x[n - 1]));
	return j;
}

static void put_times(json_t *cell, json_t *client, const struct place *p, struct random *rng)
{
	struct shape shape = fixture_times(p->sut, p->workload, p->interference, p->level);
	struct histogram *h = calloc(1, sizeof(*h));
	double *x = calloc(SAMPLES, sizeof(*x)), drift = 0.9 + 0.2 * fixture_uniform(rng);

	histogram_clear(h);
	for (size_t i = 0; i < SAMPLES; i++) {
		x[i] = floor(quantile_of(&shape, fixture_uniform(rng)) * drift);
		histogram_add(h, (uint64_t) x[i]);
	}
	qsort(x, SAMPLES, sizeof(*x), by_value);
	json_object_set_new(cell, "response", response(x, SAMPLES));
	json_object_set_new(cell, "transactions_per_s", json_real(SAMPLES / 2.0));
	json_object_set_new(client, "response", json_pack("{s:o, s:[]}", "histogram", histogram_to_json(h), "seconds"));
	free(x);
	free(h);
}

static void put_stream(json_t *cell, json_t *client, const struct place *p, struct random *rng)
{
	double x[SLICES], mean, width, stddev, drift = 0.97 + 0.06 * fixture_uniform(rng);
	json_t *up = json_array(), *down = json_array();

	fixture_stream(p->sut, p->level, &mean, &width);
	for (size_t i = 0; i < SLICES; i++) {
		x[i] = floor(mean * drift * (1 + width * (2 * fixture_uniform(rng) - 1)));
		json_array_append_new(i % 2 ? down : up, json_real(x[i]));
	}
	qsort(x, SLICES, sizeof(x[0]), by_value);
	mean_and_stddev(x, SLICES, &mean, &stddev);
	json_object_set_new(cell, "throughput_bps", json_real(mean));
	json_object_set_new(cell, "throughput",
			    json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "slice_s", 0.1, "p50_bps",
				      at_rank(x, SLICES, 0.5), "mean_bps", mean, "stddev_bps", stddev, "min_bps", x[0], "max_bps",
				      x[SLICES - 1], "up_bps", mean, "down_bps", mean));
	json_object_set_new(client, "throughput", json_pack("{s:f, s:o, s:o}", "slice_s", 0.1, "up_bps", up, "down_bps", down));
}

static json_t *platform(const struct fixture *f, const struct place *p, bool disturbed)
{
	bool vm = strcmp(p->sut, "vm") == 0;
	json_t *j = json_pack("{s:s, s:s, s:s, s:f, s:f, s:i, s:b, s:s, s:s, s:{s:f, s:f}}", "accelerator", vm ? "tcg" : "none",
			      "accelerator_why", vm ? "a probe guest under KVM did not reach its first message within 20 s" : "",
			      "clocksource", "tsc", "steal_s", disturbed ? 0.11 : 0.01, "steal_percent", disturbed ? 5.5 : 0.5,
			      "throttled", 0, "disturbed", disturbed, "disturbed_why",
			      disturbed ? "steal 5.5 % of the measured CPUs' time" : "", "governor", "performance", "cpu_s",
			      "client", 1.93, "server", 1.91);

	if (vm)
		json_object_set_new(j, "guest_clocksource", json_string(f->hostile ? "\"><script>" : "tsc"));
	return j;
}

struct step {
	const char *knob, *title, *target, *before, *after, *state, *reason, *why, *cost;
	bool security;
};

/* clang-format off */
static const struct step steps[] = {
	{ .knob = "cpu.partition", .title = "CPUs for the measured threads alone", .target = "cpu1", .before = "member",
	  .after = "isolated", .state = "done", .reason = "", .why = "other tasks on the measured CPU are what a response waits for",
	  .cost = "CPU 1 does nothing else meanwhile" },
	{ .knob = "irq.affinity", .title = "interrupts away from the measured CPUs", .target = "24 interrupts", .before = "0-1",
	  .after = "0", .state = "done", .reason = "", .why = "an interrupt handler runs before any task, real-time or not",
	  .cost = "CPU 0 handles all of them" },
	{ .knob = "sched.fifo", .title = "real-time policy for the measured threads", .target = "vlat-agent", .before = "other",
	  .after = "fifo 50", .state = "done", .reason = "", .why = "a waking SCHED_FIFO task runs at once",
	  .cost = "a runaway thread starves its CPU" },
	{ .knob = "vm.stat_interval", .title = "per-CPU statistics", .target = "/proc/sys/vm/stat_interval", .before = "1",
	  .after = "120", .state = "done", .reason = "", .why = "the worker wakes every second on every CPU",
	  .cost = "statistics up to two minutes old" },
	{ .knob = "cpu.governor", .title = "CPU frequency governor", .target = "", .before = "", .after = "",
	  .state = "not applicable", .reason = "the machine offers no frequency control",
	  .why = "a governor that lowers the clock makes the first packets after idle slow", .cost = "power" },
	{ .knob = "mem.hugepages", .title = "huge pages for the guest", .target = "node0", .before = "0", .after = "64",
	  .state = "blocked", .reason = "Permission denied", .why = "guest memory on huge pages needs fewer page walks",
	  .cost = "128 MB set aside" },
	{ .knob = "kernel.watchdog", .title = "soft lockup watchdog", .target = "/proc/sys/kernel/watchdog", .before = "0",
	  .after = "0", .state = "same", .reason = "", .why = "its timer wakes every CPU", .cost = "" },
};
/* clang-format on */

static const struct step hostile_step = {
	.knob = "cpu.mitigations",
	.title = "</td></table><script>alert(1)</script>",
	.target = "\"><img src=http://example.org/x>",
	.before = "on",
	.after = "off",
	.state = "done",
	.reason = "",
	.why = "\033[31mred\033[0m & \xc2\x9b"
	       "2J",
	.cost = "",
	.security = true,
};

static json_t *step_json(const struct step *s)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "knob", s->knob, "title", s->title, "target",
			 s->target, "before", s->before, "after", s->after, "state", s->state, "reason", s->reason, "why", s->why,
			 "cost", s->cost, "security", s->security);
}

json_t *fixture_plan(const struct fixture *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		json_array_append_new(a, step_json(&steps[i]));
	if (f->hostile)
		json_array_append_new(a, step_json(&hostile_step));
	return a;
}

static const struct fixture_level *level_of(const struct fixture *f, const char *name)
{
	size_t i = 0;

	while (strcmp(f->levels[i].name, name) != 0)
		i++;
	return &f->levels[i];
}

json_t *fixture_place_json(const struct place *p)
{
	return json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "id", (int) p->id, "block", (int) p->block, "group",
			 (int) p->id, "sut", p->sut, "datapath", "bridge", "tuning", p->level, "interference", p->interference,
			 "workload", p->workload, "arm", p->arm);
}

json_t *fixture_cell(const struct fixture *f, const struct place *p)
{
	struct random rng = { .at = 0x76c17 + 1000003ull * p->id };
	bool failed = f->failed_every && p->id % f->failed_every == 0;
	bool disturbed = !failed && f->disturbed_every && p->id % f->disturbed_every == 0;
	json_t *j = json_pack("{s:i}", "format", 1),
	       *client = json_pack("{s:s, s:s, s:s}", "type", "result", "side", "client", "policy", "other");
	json_t *h = fixture_place_json(p);

	json_object_update(j, h);
	json_decref(h);
	json_object_set_new(j, "started", json_string("2026-11-22T16:41:02Z"));
	json_object_set_new(j, "duration_s", json_real(2));
	if (failed) {
		json_object_set_new(
			j, "error",
			json_pack("{s:i, s:s}", "code", -ETIMEDOUT, "text",
				  "the agent in the container said nothing for 10 s; last line: <oops> & \"quoted\""));
		json_decref(client);
		return j;
	}
	if (strcmp(p->workload, "tcp-stream") == 0)
		put_stream(j, client, p, &rng);
	else
		put_times(j, client, p, &rng);
	json_object_set_new(j, "lost", json_integer(0));
	json_object_set_new(j, "client", client);
	json_object_set_new(j, "platform", platform(f, p, disturbed));
	json_object_set_new(j, "plan", level_of(f, p->level)->has_plan ? fixture_plan(f) : json_null());
	json_object_set_new(j, "error", json_null());
	return j;
}
