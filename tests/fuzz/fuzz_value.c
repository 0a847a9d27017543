/* SPDX-License-Identifier: Apache-2.0 */
/* Two values compared by meaning; the first byte picks the form, a NUL parts them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char buf[VALUE_MAX], *a, *b;
	enum value_form form;

	if (size < 1)
		return 0;
	form = (enum value_form)(data[0] % (VALUE_CONTROLLERS + 1));
	a = malloc(size + 1);
	if (!a)
		return 0;
	memcpy(a, data + 1, size - 1);
	a[size - 1] = a[size] = '\0';
	b = a + strlen(a) + (strlen(a) < size - 1);
	if (!value_same(form, a, a) && form != VALUE_CONTROLLERS) /* "+x" is a change, and no state */
		abort();
	if (form != VALUE_CONTROLLERS && value_same(form, a, b) != value_same(form, b, a))
		abort();
	if (value_clean(form, a, buf, sizeof(buf)) && strlen(buf) >= sizeof(buf))
		abort();
	value_change(form, a, b, buf, sizeof(buf));
	free(a);
	return 0;
}
