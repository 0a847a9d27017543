/* SPDX-License-Identifier: Apache-2.0 */
/* grub_menu - a grub.cfg as grub-mkconfig writes it: its entries, which one is the default.  Pure; fuzzed by fuzz_bootmenu. */
#ifndef BOOT_GRUB_MENU_H
#define BOOT_GRUB_MENU_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"
#include "base/vec.h"

struct menu_item {
	char title[160], id[160];
	bool submenu;
	int parent;      /* its submenu, -1 = the top */
	size_t from, to; /* of an entry its text, first line to "}" */
};

struct menu {
	VEC(struct menu_item) at;
	char preset[320]; /* what `set default=` names: "0", "saved" for ${saved_entry}, "a>b" */
};

void menu_parse(const char *text, struct menu *ret);
void menu_free(struct menu *m);
/* The entry that `name` (NULL = the preset) leads to, as GRUB finds it: by number, identifier or title; -1 = there is no entry.
 */
int menu_find(const struct menu *m, const char *name);
/* The words behind the kernel's file on the line that loads it; false when the entry loads none. */
bool menu_line(const char *text, const struct menu_item *item, struct sink *out);
/* The same entry under another title and id, with `block` on its command line. */
void menu_copy(const char *text, const struct menu_item *item, const char *title, const char *id, const char *block,
	       struct sink *out);

#endif
