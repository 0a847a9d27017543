/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the record of the boot parameters: one that says the same when written and read again, or a sentence. */
#include <stdlib.h>

#include "boot/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *o = json_loadb((const char *) data, size, JSON_REJECT_DUPLICATES, NULL), *said, *again;
	struct boot_record r, second;
	struct err err = { 0 };

	if (!o)
		return 0;
	if (boot_record_parse(o, &r, &err) < 0) {
		if (!err.text[0] || r.words.n || r.state != BOOT_NONE)
			abort();
		json_decref(o);
		return 0;
	}
	said = boot_record_json(&r);
	if (r.state == BOOT_NONE || !said || boot_record_parse(said, &second, &err) < 0)
		abort();
	again = boot_record_json(&second);
	if (!json_equal(said, again))
		abort();
	boot_record_free(&r);
	boot_record_free(&second);
	json_decref(said);
	json_decref(again);
	json_decref(o);
	return 0;
}
