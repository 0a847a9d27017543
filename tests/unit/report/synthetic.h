/* SPDX-License-Identifier: Apache-2.0 */
/* synthetic - runs with known answers, for tests of the analysis and of its words. Include after cmocka.h. */
#ifndef UNIT_REPORT_SYNTHETIC_H
#define UNIT_REPORT_SYNTHETIC_H

#include <math.h>

#include "base/vec.h"
#include "report/analyse.h"

typedef VEC(struct run) run_list;

/* One good run whose time statistics are all `ns`; the caller may change it. */
static inline struct run *synthetic_run(run_list *list, const char *sut, const char *workload, const char *tuning, unsigned block,
					double ns)
{
	struct run *r = vec_add(list);

	*r = (struct run){ .id = (unsigned) list->n,
			   .block = block,
			   .sut = sut,
			   .datapath = "bridge",
			   .guest_kernel = "",
			   .pages = "",
			   .interference = "busy",
			   .workload = workload,
			   .tuning = tuning,
			   .why = "" };
	for (int m = 0; m < METRIC_N; m++)
		r->value[m] = metric_row((enum metric) m)->stream ? NAN : ns;
	return r;
}

/* `blocks` pairs, stock around 1 ms and tuned around `ratio` times that, each with a few percent of its own noise. */
static inline void synthetic_pairs(run_list *list, const char *sut, const char *workload, unsigned blocks, double ratio)
{
	static const double noise[] = { 1, 1.03, 0.97, 1.01, 0.99, 1.02, 0.98, 1.04, 0.96, 1.005 };

	for (unsigned b = 1; b <= blocks; b++) {
		synthetic_run(list, sut, workload, "stock", b, 1e6 * noise[b % 10]);
		synthetic_run(list, sut, workload, "vlat", b, 1e6 * ratio * noise[(b * 3 + 1) % 10]);
	}
}

static inline struct analysis *synthetic_analyse(const run_list *list, size_t blocks)
{
	static const char *const suts[] = { "native", "container", "vm" }, *const tunings[] = { "stock", "vlat" };
	const struct factors f = { .at = { [FACTOR_SUT] = suts, [FACTOR_TUNING] = tunings },
				   .n = { [FACTOR_SUT] = 3, [FACTOR_TUNING] = 2 } };
	struct analysis *a = NULL;
	struct err e = { 0 };

	if (analyse(&a, list->at, list->n, &f, blocks, &e) < 0)
		fail_msg("%s", e.text);
	return a;
}

#endif
