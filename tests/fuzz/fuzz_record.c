/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as a cell: typed numbers or a sentence; its histogram reads or is refused. */
#include <stdlib.h>

#include "record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *) data, size, 0, NULL);
	struct histogram *h = NULL;
	struct record_cell cell;
	struct err err = { 0 };

	if (!json)
		return 0;
	if (record_cell_parse(&cell, json, "fuzz.json", &err) < 0) {
		if (err.code >= 0 || !err.text[0])
			abort();
	} else {
		if (record_cell_histogram(&cell, false, &h, &err) == 0 && h->count == 0 && h->max != 0)
			abort();
		free(h);
		record_cell_clear(&cell);
	}
	json_decref(json);
	return 0;
}
