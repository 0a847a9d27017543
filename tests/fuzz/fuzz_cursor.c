/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One taker chosen by the caller; false = it took nothing. */
static bool take_one(const char **at, unsigned which)
{
	const char *before = *at;
	char buf[8];
	uint64_t value;
	bool took;

	switch (which % 6) {
	case 0:
		took = take_u64(at, &value);
		break;
	case 1:
		took = take_hex(at, &value);
		break;
	case 2:
		took = take_word(at, buf, sizeof(buf));
		break;
	case 3:
		took = take_line(at, buf, sizeof(buf));
		break;
	case 4:
		took = take_text(at, "ab");
		break;
	default:
		took = take_char(at, ',');
		break;
	}
	if (took == (*at == before))
		abort(); /* the contract: failure moves nothing, success moves */
	return took;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = strndup((const char *) data, size);
	const char *at = s, *end;
	unsigned idle = 0;

	if (!s)
		return 0;
	end = s + strlen(s);
	for (unsigned i = 0; at < end && idle < 6; i++) {
		take_blanks(&at);
		idle = take_one(&at, i) ? 0 : idle + 1;
	}
	if (at > end)
		abort();
	return 0;
}
