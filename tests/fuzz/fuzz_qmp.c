/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "vm/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qmp_message m = { 0 };
	struct err err = { 0 };

	if (qmp_parse((const char *) data, size, &m, &err) < 0) {
		if (err.code >= 0 || !err.text[0] || m.json)
			abort();
		return 0;
	}
	if (!m.json || (m.kind == QMP_EVENT ? !m.event : !m.value))
		abort();
	json_decref(m.json);
	return 0;
}
