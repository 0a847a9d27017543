/* SPDX-License-Identifier: Apache-2.0 */
/* A journal as a killed vlat, or a hostile hand, may have left it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "journal/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_text t = { 0 };
	struct err err = { 0 };

	if (journal_text_parse((const char *) data, size, &t, &err) < 0) {
		if (!err.text[0])
			abort();
		return 0;
	}
	if (t.whole > size)
		abort();
	for (size_t i = 0; i < t.entries.n; i++) {
		struct entry *e = &t.entries.at[i], again;
		char *line = entry_line(e);
		json_t *o = NULL;

		/* What was accepted is written and read again as the same. */
		if (!entry_is_whole(e) || !line || jx_parse(line, strlen(line), "line", &o, &err) < 0 ||
		    entry_parse(o, &again, &err) < 0 || again.seq != e->seq || again.kind != e->kind)
			abort();
		entry_free(&again);
		json_decref(o);
		free(line);
	}
	journal_text_free(&t);
	return 0;
}
