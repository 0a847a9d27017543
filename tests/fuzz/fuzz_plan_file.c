/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of vlat tune --save: a plan whose wish says the same when written and read again, or a sentence. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "cmd/tune_save.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_again(const struct tune_wish *w)
{
	AUTO_JSON json_t *once = wish_to_json(w), *twice = NULL;
	struct tune_wish again;
	struct err err = { 0 };

	if (!once || wish_from_json(once, &again, &err) < 0)
		abort();
	twice = wish_to_json(&again);
	if (!json_equal(once, twice))
		abort();
	wish_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON json_t *o = NULL;
	struct saved_plan s = { .changes = NULL };
	struct err err = { 0 };

	if (jx_parse((const char *) data, size, "fuzz", &o, &err) < 0)
		return 0;
	if (saved_parse(o, &s, &err) < 0) {
		if (!err.text[0] || s.changes || s.wish.profile)
			abort();
	} else {
		try_again(&s.wish);
	}
	saved_free(&s);
	return 0;
}
