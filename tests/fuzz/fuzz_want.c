/* SPDX-License-Identifier: Apache-2.0 */
/* What a file holds against what is wanted of it: the input is "WANT\nTEXT"; the wants are ours, the texts are anybody's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "knob/containers.h"
#include "knob/role.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum value_form forms[] = { VALUE_TEXT, VALUE_NUMBER, VALUE_CPULIST, VALUE_CPUMASK, VALUE_CHOICE };
	char *want = xstrndup((const char *) data, size), *text = strchr(want, '\n'), words[200];
	struct container_fact c = { 0 };

	if (text)
		*text++ = '\0';
	else
		text = want + strlen(want);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		want_met(forms[i], text, want);
		/* A thing is wanted, or it is not. */
		if (want_met(forms[i], text, "!x") == want_met(forms[i], text, "x") && strlen(text) < 100)
			abort();
	}
	want_words(want, words, sizeof(words));
	want_literal(want, words, sizeof(words));
	if (container_name(text, want, &c) && (!c.engine || !c.id[0]))
		abort();
	free(want);
	return 0;
}
