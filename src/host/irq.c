/* SPDX-License-Identifier: Apache-2.0 */
#include "host/irq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/irq_parts.h"

const char *irq_managed_name(enum irq_managed m)
{
	static const char *const names[] = {
		[IRQ_MANAGED_UNKNOWN] = "unknown",
		[IRQ_MANAGED_NO] = "no",
		[IRQ_MANAGED_YES] = "yes",
		[IRQ_MANAGED_FIXED] = "fixed",
	};

	return names[m];
}

/* A handler has a folder of its name; everything else in /proc/irq/NR is a file. */
static void name_by_folder(const struct fs *fs, struct irq_fact *f)
{
	struct fs_names names;
	char path[64];

	text_print(path, sizeof(path), "proc/irq/%u", f->nr);
	if (fs_list_dirs(fs, path, &names) < 0)
		return;
	if (names.n)
		text_print(f->name, sizeof(f->name), "%s", names.at[0]);
	fs_list_free(&names);
}

/* "eth0-rx-0,eth0-tx-0": handlers that share the line; one read instead of a walk. */
static void read_name(const struct fs *fs, struct irq_fact *f)
{
	char text[256];

	if (fs_readf(fs, text, sizeof(text), "sys/kernel/irq/%u/actions", f->nr) < 0) {
		name_by_folder(fs, f);
		return;
	}
	text[strcspn(text, ",")] = '\0';
	if (!text_eq(text, "(null)"))
		text_print(f->name, sizeof(f->name), "%s", text_trim(text));
}

static int read_node(const struct fs *fs, unsigned nr)
{
	char text[32];
	int64_t n;

	if (fs_readf(fs, text, sizeof(text), "proc/irq/%u/node", nr) < 0 || text_i64(text_trim(text), &n) < 0)
		return -1;
	return n < 0 || n > 65535 ? -1 : (int) n;
}

static bool read_irq(const struct fs *fs, unsigned nr, struct irq_fact *f)
{
	char path[64];

	*f = (struct irq_fact){ .nr = nr };
	text_print(path, sizeof(path), "proc/irq/%u/smp_affinity_list", nr);
	if (fs_read_cpulist(fs, path, &f->affinity) < 0)
		return false;
	text_print(path, sizeof(path), "proc/irq/%u/effective_affinity_list", nr);
	if (fs_read_cpulist(fs, path, &f->effective) < 0)
		f->effective = f->affinity;
	f->node = read_node(fs, nr);
	read_name(fs, f);
	return true;
}

int irq_facts_read(const struct fs *fs, struct irq_facts *ret, struct err *err)
{
	VEC(struct irq_fact) list = { 0 };
	struct irq_facts facts = { 0 };
	struct fs_names names;
	int r = fs_list(fs, "proc/irq", &names);

	if (r == -ENOENT) { /* no interrupt controller to speak of: some containers and architectures */
		*ret = (struct irq_facts){ 0 };
		return 0;
	}
	if (r < 0)
		return err_sys(err, r, "cannot list proc/irq below %s", fs->path);
	for (size_t i = 0; i < names.n; i++) {
		struct irq_fact f;
		uint64_t nr;

		if (text_u64(names.at[i], &nr) == 0 && nr < UINT32_MAX && read_irq(fs, (unsigned) nr, &f))
			*vec_add(&list) = f;
	}
	fs_list_free(&names);
	facts.at = list.at;
	facts.n = list.n;
	if (facts.n)
		qsort(facts.at, facts.n, sizeof(*facts.at), irq_by_number);
	*ret = facts;
	return 0;
}

void irq_facts_free(struct irq_facts *f)
{
	free(f->at);
	free(f->rows);
	*f = (struct irq_facts){ 0 };
}

int irq_by_number(const void *a, const void *b)
{
	const struct irq_fact *x = a, *y = b;

	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

const struct irq_fact *irq_fact(const struct irq_facts *f, unsigned nr)
{
	struct irq_fact key = { .nr = nr };

	return f->n ? bsearch(&key, f->at, f->n, sizeof(key), irq_by_number) : NULL;
}

/* "           CPU0       CPU2": online CPUs only. */
static int parse_head(const char **at, unsigned *cpus)
{
	int n = 0;

	for (;;) {
		uint64_t cpu;

		take_blanks(at);
		if (!take_text(at, "CPU"))
			break;
		if (!take_u64(at, &cpu) || cpu >= CPUSET_MAX || n == INTERRUPTS_CPUS)
			return -EINVAL;
		cpus[n++] = (unsigned) cpu;
	}
	take_blanks(at);
	return n && take_char(at, '\n') ? n : -EINVAL;
}

/* ERR: and MIS: have one count for the machine: they are not per CPU and not shown. */
static bool parse_row(const char *line, size_t want, char label[32], uint64_t *counts)
{
	const char *colon = strchr(line, ':');

	take_blanks(&line);
	if (!colon || colon < line || text_print(label, 32, "%.*s", (int) (colon - line), line))
		return false;
	line = colon + 1;
	for (size_t i = 0; i < want; i++) {
		take_blanks(&line);
		if (!take_u64(&line, &counts[i]))
			return false;
	}
	return true;
}

int interrupts_parse(const char *text, unsigned cpus[INTERRUPTS_CPUS], interrupts_fn *fn, void *arg)
{
	uint64_t counts[INTERRUPTS_CPUS];
	int n = parse_head(&text, cpus);

	if (n < 0)
		return n;
	while (*text) {
		size_t len = strcspn(text, "\n");
		AUTO_FREE char *line = xstrndup(text, len);
		char label[32];

		text += len + (text[len] == '\n');
		if (parse_row(line, (size_t) n, label, counts))
			fn(label, counts, (size_t) n, arg);
	}
	return n;
}
