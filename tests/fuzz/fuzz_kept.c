/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the stored tuning: one that says the same when written and read again, or a sentence. */
#include <stdlib.h>
#include <string.h>

#include "keep/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_cpus(const struct stored *s)
{
	struct cpu_fact at[4] = { 0 };
	struct cpu_facts cpus = { .at = at, .n = 4, .n_possible = 4 };
	struct cpuset set = { 0 };
	struct err err = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		at[i] = (struct cpu_fact){ .cpu = i, .package = 0, .core = (int) i, .siblings = cpuset_one(i) };
		cpuset_add(&cpus.online, i);
	}
	if (stored_cpus(s, &cpus, &set, &err) < 0 && !err.text[0])
		abort();
	if (!cpuset_within(&set, &cpus.online))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stored s = { 0 }, again = { 0 };
	struct err err = { 0 };
	char *text;

	if (stored_parse((const char *) data, size, "fuzz", &s, &err) < 0) {
		if (!err.text[0] || s.wish)
			abort();
		return 0;
	}
	try_cpus(&s);
	text = stored_text(&s);
	if (!text || stored_parse(text, strlen(text), "again", &again, &err) < 0 || !json_equal(s.wish, again.wish))
		abort();
	free(text);
	stored_free(&again);
	stored_free(&s);
	return 0;
}
