/* SPDX-License-Identifier: Apache-2.0 */
#include "knob/doc.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/knob.h"

static const char *const when_words[] = {
	[KNOB_LIVE] = "live, put back by revert",
	[KNOB_START] = "when a measured system starts",
	[KNOB_BOOT] = "at boot: vlat says what to add, and never changes it",
	[KNOB_OTHER] = "another program's business: vlat only says so",
};

static const struct {
	const char *prefix, *title;
} families[] = {
	{ "irq.", "Interrupts" }, { "iso.", "Isolation of CPUs" }, { "kvm.", "KVM" },
	{ "mem.", "Memory" },     { "net.", "Network" },           { "pci.", "PCI Express" },
	{ "pwr.", "Power" },      { "sch.", "Scheduler" },         { "vm.", "Virtual machines" },
};

static void put_files(const struct knob *k, struct sink *out)
{
	for (size_t i = 0; i < k->n_files; i++) {
		const struct knob_file *f = &k->files[i];
		const char *hole[] = { [PER_HOST] = "", [PER_ISOLATED_CPU] = "N", [PER_POLICY] = "N", [PER_NODE] = "N" };

		sink_put(out, i ? ", `/" : "- files: `/");
		for (const char *c = f->path; *c; c++) {
			if (c[0] == '%' && c[1] == 's') {
				sink_put(out, hole[f->per]);
				c++;
			} else {
				sink_char(out, *c);
			}
		}
		sink_put(out, "`");
		if (f->want)
			sink_printf(out, " = %s", text_eq(f->want, "@house") ? "the housekeeping CPUs" : f->want);
	}
	if (k->n_files)
		sink_put(out, "\n");
}

static void put_knob(const struct knob *k, struct sink *out)
{
	sink_printf(out, "### `%s`: %s\n\n- why: %s\n- cost: %s\n", k->id, k->title, k->why, k->cost);
	if (k->risk)
		sink_printf(out, "- risk: %s\n", k->risk);
	put_files(k, out);
	sink_printf(out, "- takes effect: %s\n", when_words[k->when]);
	if (k->security)
		sink_put(out, "- **lowers security**: only when asked for\n");
	sink_printf(out, "- source: %s\n\n", k->source);
}

void knob_doc(struct sink *out)
{
	sink_put(out,
		 "# Knobs\n\n"
		 "What the tuning level `vlat` looks at: one entry each, generated from `src/knob/` by `vlat knobs --markdown`;\n"
		 "do not edit. What a machine does not have is \"not applicable\", what it refuses is \"blocked\", with the "
		 "reason.\n\n");
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		sink_printf(out, "## %s\n\n", families[f].title);
		for (size_t i = 0; i < knob_count; i++) {
			if (text_starts(knob_table[i]->id, families[f].prefix))
				put_knob(knob_table[i], out);
		}
	}
}
