/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/measure_detail.h"

#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"

static const char *const kinds[] = { "4k", "2m", "1g" };

static double number_of(const json_t *object, const char *member)
{
	const json_t *x = json_object_get(object, member);

	return json_is_number(x) ? json_number_value(x) : NAN;
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}

/* Loads are fractions of a nanosecond to some hundreds: tenths are worth showing. */
static void put_load(struct sink *out, double ns)
{
	if (isfinite(ns))
		sink_printf(out, "%11.1f", fabs(ns) < 0.05 ? 0 : ns);
	else
		sink_printf(out, "%11s", "-");
}

/* ---- memory ---- */

/* "   L2" behind the largest set that a cache holds. */
static void put_cache(struct sink *out, const json_t *memory, double bytes)
{
	const json_t *cache;
	size_t i;

	json_array_foreach (json_object_get(memory, "caches"), i, cache) {
		double holds = number_of(cache, "bytes");

		if (bytes <= holds && 2 * bytes > holds)
			sink_printf(out, "   L%.0f", number_of(cache, "level"));
	}
}

static void put_size(struct sink *out, const json_t *memory, const json_t *size)
{
	double bytes = number_of(size, "bytes");
	char text[32];

	if (bytes < 1 << 20)
		snprintf(text, sizeof(text), "%.0f KiB", bytes / 1024);
	else
		snprintf(text, sizeof(text), "%.0f MiB", bytes / (1 << 20));
	sink_printf(out, "%10s", text);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		put_load(out, number_of(json_object_get(size, "p50_ns"), kinds[i]));
	put_load(out, number_of(size, "page_walk_ns"));
	put_cache(out, memory, bytes);
	sink_put(out, "\n");
}

static void put_memory(struct sink *out, const json_t *memory, const struct term *t)
{
	const json_t *sizes = json_object_get(memory, "sizes"), *one;
	size_t i;

	if (json_array_size(sizes)) {
		sink_printf(out, "\n%s%10s%11s%11s%11s%11s%s   ns per load, median; walk = 4k - 2m\n",
			    term_on(t, PAINT_DIM), "set", "4k", "2m", "1g", "walk", term_off(t, PAINT_DIM));
		json_array_foreach (sizes, i, one)
			put_size(out, memory, one);
		sink_put(out, "\n");
	}
	json_array_foreach (json_object_get(memory, "mappings"), i, one)
		if (text_of(one, "from")[0])
			sink_printf(out, "%-14s%s memory\n", text_of(one, "pages"), text_of(one, "from"));
		else if (!text_eq(text_of(one, "why"), "not asked for"))
			sink_printf(out, "%-14s%s%s%s\n", text_of(one, "pages"), term_on(t, PAINT_WARN), text_of(one, "why"),
				    term_off(t, PAINT_WARN));
	sink_printf(out, "%-14s%.0f MiB in pages of %s: the times above, each the mean of %.0f loads\n\n", "set",
		    number_of(memory, "set_bytes") / (1 << 20), text_of(memory, "pages"), number_of(memory, "loads_per_sample"));
}

/* ---- vmexit ---- */

static void put_time(struct sink *out, const json_t *summary, const char *member)
{
	double ns = number_of(summary, member);
	char text[32];

	if (!isfinite(ns))
		sink_printf(out, "%11s", "-");
	else if (ns < 100)
		sink_printf(out, "%8.1f ns", ns);
	else
		sink_printf(out, "%11s", text_ns(text, sizeof(text), ns));
}

static void put_price(struct sink *out, const json_t *price, const struct term *t)
{
	static const char *const statistics[] = { "min_ns", "p50_ns", "p99_ns", "max_ns" };
	const json_t *inside = json_object_get(price, "inside");

	sink_printf(out, "%-12s", text_of(price, "price"));
	if (text_of(price, "why")[0] && !(number_of(inside, "count") > 0)) {
		sink_printf(out, "%s%s%s\n", term_on(t, PAINT_WARN), text_of(price, "why"), term_off(t, PAINT_WARN));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(statistics); i++)
		put_time(out, inside, statistics[i]);
	put_time(out, json_object_get(price, "outside"), "p50_ns");
	sink_printf(out, "%9.0f   %s\n", number_of(inside, "count"), text_of(price, "what"));
}

static void put_exits(struct sink *out, const json_t *exits, const struct term *t)
{
	const json_t *price;
	size_t i;

	sink_printf(out, "\nKVM is usable: %s\n\n", text_of(exits, "why"));
	sink_printf(out, "%s%-12s%11s%11s%11s%11s%11s%9s%s\n", term_on(t, PAINT_DIM), "", "min", "median", "p99", "max",
		    "KVM_RUN", "count", term_off(t, PAINT_DIM));
	json_array_foreach (json_object_get(exits, "prices"), i, price)
		put_price(out, price, t);
	sink_put(out, "\n");
}

void measure_detail(struct sink *out, const json_t *cell, const struct term *t)
{
	const json_t *record = json_object_get(cell, "client");
	const json_t *memory = json_object_get(record, "memory"), *exits = json_object_get(record, "exits");

	if (memory)
		put_memory(out, memory, t);
	if (exits)
		put_exits(out, exits, t);
}
