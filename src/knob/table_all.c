/* SPDX-License-Identifier: Apache-2.0 */
/* All knobs: those of the tuning (table.c), then the families that are only looked at.  A new family is a line here. */
#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

static const struct knob_rows *const families[] = {
	&look_iso, &look_tick, &look_sched, &look_irq,      &look_power, &look_memory,  &look_kvm,
	&look_vm,  &look_net,  &look_pci,   &look_firmware, &look_guest, &look_derived, &look_container,
	&look_vm_place,
};

const struct knob *knob_at(size_t i)
{
	if (i < knob_count)
		return knob_table[i];
	i -= knob_count;
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		if (i < families[f]->n)
			return &families[f]->at[i];
		i -= families[f]->n;
	}
	return NULL;
}

const struct knob *knob_find_any(const char *id)
{
	const struct knob *k;

	for (size_t i = 0; (k = knob_at(i)); i++) {
		if (text_eq(k->id, id))
			return k;
	}
	return NULL;
}

const struct knob *knob_nearest(const char *id)
{
	const char *ids[512], *near;
	const struct knob *k;
	size_t n = 0;

	while (n < ARRAY_SIZE(ids) && (k = knob_at(n)))
		ids[n++] = k->id;
	near = text_nearest(id, ids, n);
	return near ? knob_find_any(near) : NULL;
}
