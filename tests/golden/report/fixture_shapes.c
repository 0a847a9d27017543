/* SPDX-License-Identifier: Apache-2.0 */
/* The truth of the fixtures, and the list of them. */
#include "fixture.h"

#include <string.h>

const struct fixture fixtures[] = {
	{ .name = "welch",
	  .title = "Native, container and VM; stock against vlat",
	  .blocks = 10,
	  .suts = { "native", "container", "vm" },
	  .interferences = { "busy" },
	  .workloads = { "tcp-stream", "tcp-rr", "wakeup" },
	  .levels = { { .name = "stock" }, { .name = "vlat", .has_plan = true } },
	  .aa_sut = "native",
	  .failed_every = 61,
	  .disturbed_every = 23 },
	{ .name = "quick",
	  .title = "Three blocks, interrupted",
	  .blocks = 3,
	  .quick = true,
	  .suts = { "native", "container" },
	  .interferences = { "busy" },
	  .workloads = { "tcp-stream", "tcp-rr", "wakeup" },
	  .levels = { { .name = "stock" }, { .name = "vlat", .has_plan = true } },
	  .aa_sut = "native",
	  .unavailable = "vm",
	  .made = 29 },
	{ .name = "rival",
	  .title = "A rival tuner <b>& friends</b>",
	  .blocks = 8,
	  .suts = { "native" },
	  .interferences = { "idle", "busy" },
	  .workloads = { "tcp-rr", "udp-rr" },
	  .levels = { { .name = "stock" },
		      { .name = "vlat", .has_plan = true },
		      { .name = "ri<script>val", .apply = "tuned-adm profile \"<latency>\"" } },
	  .aa_sut = "native",
	  .hostile = true },
	{ .name = "failed",
	  .title = "Nothing came out",
	  .blocks = 6,
	  .suts = { "container" },
	  .interferences = { "idle" },
	  .workloads = { "tcp-rr" },
	  .levels = { { .name = "stock" }, { .name = "vlat", .has_plan = true } },
	  .failed_every = 1 },
};
const size_t n_fixtures = sizeof(fixtures) / sizeof(fixtures[0]);

const struct fixture *fixture_find(const char *name)
{
	for (size_t i = 0; i < n_fixtures; i++)
		if (strcmp(fixtures[i].name, name) == 0)
			return &fixtures[i];
	return NULL;
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static double slowdown(const char *sut, bool tuned)
{
	if (is(sut, "vm"))
		return tuned ? 5.5 : 7;
	return is(sut, "container") ? 1.25 : 1;
}

/*
 * Body and tail of native, stretched for the others.  A rival helps a little on
 * a busy host and hurts on an idle one, where vlat makes no difference.
 */
struct shape fixture_times(const char *sut, const char *workload, const char *interference, const char *level)
{
	static const struct shape busy_stock = { { 0, 0.5, 0.9, 0.99, 0.999, 1 }, { 17e3, 29e3, 61e3, 240e3, 4.2e6, 13e6 } };
	static const struct shape busy_vlat = { { 0, 0.5, 0.9, 0.99, 0.999, 1 }, { 15e3, 23e3, 31e3, 48e3, 95e3, 170e3 } };
	static const struct shape busy_rival = { { 0, 0.5, 0.9, 0.99, 0.999, 1 }, { 17e3, 28e3, 58e3, 230e3, 3.9e6, 11e6 } };
	static const struct shape idle = { { 0, 0.5, 0.9, 0.99, 0.999, 1 }, { 14e3, 20e3, 27e3, 44e3, 90e3, 400e3 } };
	bool tuned = is(level, "vlat"), rival = !tuned && !is(level, "stock");
	struct shape s = is(interference, "idle") ? idle : tuned ? busy_vlat : rival ? busy_rival : busy_stock;
	double factor = slowdown(sut, tuned);

	if (is(workload, "wakeup"))
		factor *= tuned ? 0.5 : 2;
	if (is(interference, "idle") && rival)
		factor *= 1.6;
	for (size_t i = 0; i < 6; i++)
		s.ns[i] *= factor;
	return s;
}

void fixture_stream(const char *sut, const char *level, double *ret_mean, double *ret_width)
{
	bool tuned = is(level, "vlat");

	*ret_mean = (is(sut, "vm") ? 1.3e9 : is(sut, "container") ? 14e9 : 17e9) * (tuned ? 1.09 : 1);
	*ret_width = is(sut, "container") ? 0.2 : tuned ? 0.05 : 0.25;
}
