/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "7f5a00000000 default file=/memfd:x huge anon=512 dirty=512 N0=512 kernelpagesize_kB=2048": counts are in pages of the
 * size that ends the line.
 */
#include "knob/numa_maps.h"

#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

struct line {
	uint64_t pages[NUMA_MAPS_NODES];
	uint64_t page_kb;
	bool huge;
};

static void take_field(const char *word, struct line *l)
{
	uint64_t node, n;

	if (text_eq(word, "huge"))
		l->huge = true;
	else if (take_text(&word, "kernelpagesize_kB=") && take_u64(&word, &n) && n <= 1u << 24)
		l->page_kb = n;
	else if (take_char(&word, 'N') && take_u64(&word, &node) && take_char(&word, '=') && take_u64(&word, &n) &&
		 node < NUMA_MAPS_NODES && n < UINT64_MAX >> 26)
		l->pages[node] = n;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void count_line(const struct line *l, struct numa_maps *out)
{
	uint64_t kb = l->page_kb ? l->page_kb : 4, total = 0;

	for (unsigned i = 0; i < NUMA_MAPS_NODES; i++) {
		out->kb[i] = sum(out->kb[i], l->pages[i] * kb);
		total = sum(total, l->pages[i] * kb);
	}
	if (l->huge)
		out->huge_kb = sum(out->huge_kb, total);
	if (total <= out->largest_kb)
		return;
	out->largest_kb = total;
	for (unsigned i = 0; i < NUMA_MAPS_NODES; i++)
		out->largest_node_kb[i] = l->pages[i] * kb;
}

void numa_maps_parse(const char *text, struct numa_maps *ret)
{
	struct numa_maps out = { 0 };
	char line[4096], word[256];

	while (take_line(&text, line, sizeof(line))) {
		struct line l = { 0 };

		for (const char *at = line; *at;) {
			size_t n = strcspn(at, " ");

			if (!text_print(word, sizeof(word), "%.*s", (int) n, at))
				take_field(word, &l);
			at += n;
			at += *at == ' ';
		}
		count_line(&l, &out);
	}
	*ret = out;
}
