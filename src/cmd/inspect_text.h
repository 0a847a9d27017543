/* SPDX-License-Identifier: Apache-2.0 */
/* inspect_text - the facts of a machine for a person: sections, short lines, tables. */
#ifndef CMD_INSPECT_TEXT_H
#define CMD_INSPECT_TEXT_H

#include "base/sink.h"
#include "cmd/term.h"
#include "host/facts.h"

void inspect_text(const struct machine_facts *m, const struct term *term, struct sink *out);

/* What the three files of it share. */
struct inspect {
	const struct machine_facts *m;
	const struct term *term;
	struct sink *out;
};

void inspect_head(const struct inspect *i, const char *title);
/* "  label        text": wrapped; nothing at all when the text is empty. */
void inspect_line(const struct inspect *i, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "48 KiB", "2 MiB", "1.5 GiB": memory comes in powers of two. */
char *inspect_size(char buf[32], uint64_t bytes);
/* "performance on 0-3, powersave on 4-7", or the value alone when all CPUs have it. */
void inspect_groups(const struct inspect *i, const char *label, const struct cpu_groups *g);

void inspect_machine(const struct inspect *i);
void inspect_cpus(const struct inspect *i);
void inspect_memory(const struct inspect *i);
void inspect_power(const struct inspect *i);
void inspect_irqs(const struct inspect *i);
void inspect_nics(const struct inspect *i);
void inspect_rest(const struct inspect *i);

#endif
