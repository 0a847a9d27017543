/* SPDX-License-Identifier: Apache-2.0 */
#include "knob/doc.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/knob.h"

static const char *const when_words[] = {
	[KNOB_LIVE] = "live, put back by revert",
	[KNOB_START] = "when a measured system starts",
	[KNOB_BOOT] = "at boot: vlat says what to add, and never changes it",
	[KNOB_OTHER] = "another program's business: vlat only says so",
	[KNOB_MODULE] = "when the module is loaded, with no VM running: vlat only says so",
	[KNOB_VM] = "when a virtual machine starts: its command line",
	[KNOB_FIRMWARE] = "by hand: firmware or hardware",
};

static const struct {
	const char *prefix, *title;
} families[] = {
	{ "ctr.", "Containers" },      { "fw.", "Firmware and build" }, { "gst.", "Inside a guest" },
	{ "irq.", "Interrupts" },      { "iso.", "Isolation of CPUs" }, { "kvm.", "KVM" },
	{ "mem.", "Memory" },          { "net.", "Network" },           { "pci.", "PCI Express" },
	{ "pwr.", "Power" },           { "sch.", "Scheduler" },         { "vfio.", "Assigned devices" },
	{ "vm.", "Virtual machines" },
};

const char *knob_family(const char *id)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++)
		if (text_starts(id, families[f].prefix))
			return families[f].title;
	return "Others";
}

static void put_files(const struct knob *k, struct sink *out)
{
	for (size_t i = 0; i < k->n_files; i++) {
		const struct knob_file *f = &k->files[i];
		const char *hole[] = {
			[PER_HOST] = "", [PER_ISOLATED_CPU] = "N", [PER_POLICY] = "N", [PER_NODE] = "N", [PER_NAME] = "*"
		};

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
	if (k->boot.name)
		sink_printf(out, "- kernel parameter: `%s`\n", k->boot.name);
}

/* "vm-host: at least 10 (low); guest: ..." */
static void put_roles(const struct knob *k, struct sink *out)
{
	bool first = true;

	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		const struct role_want *w = &k->role[r];
		char words[160];

		if (!w->want)
			continue;
		sink_put(out, first ? "- audit: " : "; ");
		first = false;
		if (text_eq(w->want, "?"))
			sink_printf(out, "%s: shown", role_names[r]);
		else if (text_eq(w->want, "*"))
			sink_printf(out, "%s: as described (%s)", role_names[r], severity_name(severity_of(w->effect)));
		else
			sink_printf(out, "%s: %s (%s)", role_names[r], want_words(w->want, words, sizeof(words)),
				    severity_name(severity_of(w->effect)));
	}
	if (!first)
		sink_put(out, "\n");
}

static void put_knob(const struct knob *k, struct sink *out)
{
	sink_printf(out, "### `%s`: %s\n\n- why: %s\n- cost: %s\n", k->id, k->title, k->why, k->cost);
	if (k->risk)
		sink_printf(out, "- risk: %s\n", k->risk);
	put_files(k, out);
	put_roles(k, out);
	if (k->cure)
		sink_printf(out, "- cure: %s\n", k->cure);
	if (k->dispute)
		sink_printf(out, "- sources disagree: %s\n", k->dispute);
	sink_printf(out, "- takes effect: %s%s\n", !knob_find(k->id) && k->when == KNOB_LIVE ? "live" : when_words[k->when],
		    k->disruptive ? ", and is felt while it changes" : "");
	sink_printf(out, "- set by: %s\n",
		    knob_find(k->id) ? "`vlat` itself (tuning level `vlat`)" : "you; `vlat audit` only looks");
	if (k->security)
		sink_put(out, "- **lowers security**: only when asked for\n");
	sink_printf(out, "- source: %s\n\n", k->source);
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct knob *const *) a)->id, (*(const struct knob *const *) b)->id);
}

static void put_family(const char *prefix, struct sink *out)
{
	VEC(const struct knob *) list = { 0 };
	const struct knob *k;

	for (size_t i = 0; (k = knob_at(i)); i++) {
		if (text_starts(k->id, prefix))
			*vec_add(&list) = k;
	}
	if (list.n)
		qsort(list.at, list.n, sizeof(*list.at), by_id);
	for (size_t i = 0; i < list.n; i++)
		put_knob(list.at[i], out);
	vec_free(&list);
}

void knob_doc(struct sink *out)
{
	sink_put(out,
		 "# Knobs\n\n"
		 "What `vlat` tunes and what `vlat audit` looks at: one entry each, generated from `src/knob/` by\n"
		 "`vlat knobs --markdown`; do not edit. What a machine does not have is \"not applicable\", what it refuses is\n"
		 "\"blocked\", what this user may not read is \"cannot see\", each with the reason. `@iso` stands for the "
		 "isolated\n"
		 "CPUs, `@house` for the housekeeping ones. What is no knob, and why: [knobs-not.md](knobs-not.md).\n\n");
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		sink_printf(out, "## %s\n\n", families[f].title);
		put_family(families[f].prefix, out);
	}
}
