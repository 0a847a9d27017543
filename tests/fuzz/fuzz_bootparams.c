/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, menus of GRUB, loader entries: what vlat adds can be found and taken out again, whatever else is there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "boot/entry_text.h"
#include "boot/grub_menu.h"
#include "boot/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCK "vlat.boot=r1 nohz_full=1 vlat.end"

static bool has_quote(const char *text)
{
	return strchr(text, '"') != NULL;
}

static void try_line(const char *line)
{
	struct sink bare = { 0 }, with = { 0 }, again = { 0 }, words = { 0 };
	char id[16], value[64];

	params_strip(line, &bare);
	params_append(line, BLOCK, &with);
	/* A quote that is never closed swallows what follows it: then nothing is promised but an end. */
	if (!has_quote(line)) {
		if (!params_ours(with.text, id, sizeof(id), &words) || strcmp(id, "r1") != 0)
			abort();
		if (strcmp(words.text, "nohz_full=1") != 0)
			abort();
		params_strip(with.text, &again);
		sink_free(&words);
		if (params_ours(again.text, id, sizeof(id), &words))
			abort();
	}
	params_find(line, "nohz_full", value, sizeof(value));
	sink_free(&bare);
	sink_free(&with);
	sink_free(&again);
	sink_free(&words);
}

static void try_entry(const char *text)
{
	struct sink with = { 0 }, copy = { 0 }, options = { 0 };
	char title[64];

	entry_edit(text, BLOCK, &with);
	entry_copy(text, "title", BLOCK, &copy);
	if (!entry_options(with.text, &options) || !entry_get(copy.text, "title", title, sizeof(title)))
		abort();
	if (!has_quote(text) && !strstr(options.text, BLOCK))
		abort();
	sink_free(&with);
	sink_free(&copy);
	sink_free(&options);
}

static void try_menu(const char *text)
{
	struct sink out = { 0 };
	struct menu menu;
	int found;

	menu_parse(text, &menu);
	found = menu_find(&menu, NULL);
	if (found >= (int) menu.at.n)
		abort();
	for (size_t i = 0; i < menu.at.n; i++) {
		struct sink line = { 0 };

		if (menu.at.at[i].to > strlen(text))
			abort();
		menu_line(text, &menu.at.at[i], &line);
		sink_free(&line);
	}
	if (found >= 0)
		menu_copy(text, &menu.at.at[found], "t", "i", BLOCK, &out);
	sink_free(&out);
	menu_free(&menu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *) data, size);

	try_line(text);
	try_entry(text);
	try_menu(text);
	vec_free_(text);
	return 0;
}
