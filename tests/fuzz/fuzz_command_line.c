/* SPDX-License-Identifier: Apache-2.0 */
/* Lines as words after "vlat": any command's rows must read them without harm. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cmd/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_WORDS 32

static int split(char *text, char *words[MAX_WORDS + 1])
{
	int n = 0;

	for (char *save, *w = strtok_r(text, "\n", &save); w && n < MAX_WORDS; w = strtok_r(NULL, "\n", &save))
		words[n++] = w;
	words[n] = NULL;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[MAX_WORDS + 1];
	AUTO_FREE char *text = xstrndup((const char *) data, size);
	int n = split(text, words);

	for (size_t i = 0; i < n_commands; i++) {
		const struct command *c = commands[i];
		struct common_cfg common = { 0 };
		AUTO_FREE void *config = xalloc(1, c->config_size);
		const struct option_table tables[] = {
			{ .rows = c->options, .n = c->n_options, .cfg = config },
			{ .rows = common_options, .n = n_common_options, .cfg = &common },
		};
		const struct option_table args = { .rows = c->args, .n = c->n_args, .cfg = config };
		struct err err = { 0 };
		int r = options_parse(tables, ARRAY_SIZE(tables), &args, n, words, &err);

		/* The contract: a failure has its sentence, a success has none. */
		if (r < 0 ? err.code != r || !err.text[0] : err.code != 0)
			abort();
	}
	return 0;
}
