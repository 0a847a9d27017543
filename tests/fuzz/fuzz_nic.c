/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "journal/nic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood says itself again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256], said[NIC_WORDS_MAX];
	struct nic_words one, two;

	text_print(text, sizeof(text), "%.*s", size > 255 ? 255 : (int) size, (const char *) data);
	if (nic_words_parse(text, &one) < 0)
		return 0;
	if (nic_words_parse(nic_words_text(&one, said), &two) < 0 || !nic_words_same(&one, &two))
		abort();
	return 0;
}
