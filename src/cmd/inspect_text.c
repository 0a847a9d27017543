/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/inspect_text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/help.h"
#include "cmd/table_out.h"

#define LABEL_COLUMN 2
#define TEXT_COLUMN  22

void inspect_head(const struct inspect *i, const char *title)
{
	sink_printf(i->out, "%s%s%s%s\n", i->out->len ? "\n" : "", term_on(i->term, PAINT_BOLD), title,
		    term_off(i->term, PAINT_BOLD));
}

void inspect_line(const struct inspect *i, const char *label, const char *fmt, ...)
{
	struct sink text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sink_vprintf(&text, fmt, ap);
	va_end(ap);
	if (text.len) {
		sink_printf(i->out, "%*s%s", LABEL_COLUMN, "", label);
		wrap_text(i->out, text.text, LABEL_COLUMN + (unsigned) strlen(label), TEXT_COLUMN,
			  i->term->width ? i->term->width : 100);
	}
	sink_free(&text);
}

char *inspect_size(char buf[32], uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double n = (double) bytes;
	size_t u = 0;

	for (; n >= 1024 && u + 1 < ARRAY_SIZE(units); u++)
		n /= 1024;
	text_print(buf, 32, n < 100 && n - (double) (uint64_t) n >= 0.05 ? "%.1f %s" : "%.0f %s", n, units[u]);
	return buf;
}

void inspect_groups(const struct inspect *i, const char *label, const struct cpu_groups *g)
{
	struct sink text = { 0 };

	for (size_t n = 0; n < g->n; n++) {
		AUTO_FREE char *list = xalloc(1, 16384);

		sink_printf(&text, "%s%s", n ? "; " : "", g->at[n].value);
		if (g->n > 1 && strlen(cpuset_list(&g->at[n].cpus, list, 16384)) > 60)
			sink_printf(&text, " on %u CPUs", cpuset_count(&g->at[n].cpus));
		else if (g->n > 1)
			sink_printf(&text, " on %s", list);
	}
	if (text.len)
		inspect_line(i, label, "%s", text.text);
	sink_free(&text);
}

void inspect_text(const struct machine_facts *m, const struct term *term, struct sink *out)
{
	const struct inspect i = { .m = m, .term = term, .out = out };

	inspect_machine(&i);
	inspect_cpus(&i);
	inspect_memory(&i);
	inspect_power(&i);
	inspect_irqs(&i);
	inspect_nics(&i);
	inspect_rest(&i);
}
