/* SPDX-License-Identifier: Apache-2.0 */
/* The history as a power cut, or a hostile hand, may have left it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "journal/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct history h = { 0 };

	history_parse((const char *) data, size, &h);
	if (h.n + h.damaged > size)
		abort();
	for (size_t i = 0; i < h.n; i++) {
		json_t *o = history_run_json(&h.at[i]);

		if (!o || !text_is_name(h.at[i].run))
			abort();
		json_decref(o);
	}
	history_free(&h);
	return 0;
}
