/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/table.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "workload/workload.h"

static const struct workload *const table[] = {
	&workload_tcp_rr,
	&workload_tcp_crr,
	&workload_udp_rr,
	&workload_tcp_stream,
	&workload_wakeup,
	&workload_memory,
	&workload_vmexit,
};

/* The same order; a test holds the two together. */
static const char *const names[] = { "tcp-rr", "tcp-crr", "udp-rr", "tcp-stream", "wakeup", "memory", "vmexit" };

_Static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(table), "one name per workload");

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (text_eq(table[i]->name, name))
			return table[i];
	return NULL;
}

int workload_find_or_explain(const char *name, const struct workload **ret, struct err *err)
{
	const struct workload *w = workload_find(name);
	const char *near;
	char all[200] = "";

	if (w) {
		*ret = w;
		return 0;
	}
	for (size_t i = 0, n = 0; i < ARRAY_SIZE(names); i++)
		n += (size_t) snprintf(all + n, sizeof(all) - n, " %s", names[i]);
	near = text_nearest(name, names, ARRAY_SIZE(names));
	return err_set(err, -EINVAL, "there is no workload '%.40s'%s%s%s; there are:%s", name, near ? ": did you mean " : "",
		       near ? near : "", near ? "?" : "", all);
}

const char *const *workload_names(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(names);
	return names;
}

const struct workload *workload_at(size_t i)
{
	return i < ARRAY_SIZE(table) ? table[i] : NULL;
}

const char *measure_unit(enum measure m)
{
	return m == MEASURE_TIME ? "ns" : "bit/s";
}
