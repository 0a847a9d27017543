/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a study file: a spec or a sentence, nothing else; what was accepted can be written out. */
#include <stdlib.h>

#include "study/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct study_spec *s = NULL;
	struct err err = { 0 };

	if (spec_parse(&s, (const char *) data, size, "fuzz.yaml", size % 2, &err) < 0) {
		if (err.code >= 0 || !err.text[0] || s)
			abort();
		return 0;
	}
	json_decref(spec_json(s));
	spec_free(s);
	return 0;
}
