/* SPDX-License-Identifier: Apache-2.0 */
/* inspect: interrupts and network interfaces. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/inspect_text.h"
#include "cmd/table_out.h"

#define LIST_MAX 4096
/* A person reads so many lines; JSON has all. */
#define SHOWN_MAX 40

/* Interrupts of one device. */
struct irq_line {
	char who[80];
	unsigned n, managed, threads;
	uint64_t count;
	struct cpuset effective, counted;
	int node;
};

static const struct irq_line *line_at(const void *row)
{
	return row;
}

static void put_list(struct sink *out, const struct cpuset *s)
{
	AUTO_FREE char *list = xalloc(1, LIST_MAX);

	cpuset_list(s, list, LIST_MAX);
	if (strlen(list) > 40)
		sink_printf(out, "%u CPUs", cpuset_count(s));
	else
		sink_put(out, list);
}

static void cell_who(struct sink *out, const void *row)
{
	sink_printf(out, "  %s", line_at(row)->who);
}

static void cell_n(struct sink *out, const void *row)
{
	sink_printf(out, "%u", line_at(row)->n);
}

static void cell_count(struct sink *out, const void *row)
{
	sink_printf(out, "%llu", (unsigned long long) line_at(row)->count);
}

static void cell_node(struct sink *out, const void *row)
{
	if (line_at(row)->node >= 0)
		sink_printf(out, "%d", line_at(row)->node);
}

static void cell_goes(struct sink *out, const void *row)
{
	put_list(out, &line_at(row)->effective);
}

static void cell_came(struct sink *out, const void *row)
{
	put_list(out, &line_at(row)->counted);
}

static void cell_managed(struct sink *out, const void *row)
{
	if (line_at(row)->managed)
		sink_printf(out, "%u", line_at(row)->managed);
}

static void cell_threads(struct sink *out, const void *row)
{
	if (line_at(row)->threads)
		sink_printf(out, "%u", line_at(row)->threads);
}

static const struct column irq_columns[] = {
	{ .name = "  DEVICE", .cell = cell_who },
	{ .name = "IRQS", .number = true, .cell = cell_n },
	{ .name = "COUNT", .number = true, .cell = cell_count },
	{ .name = "NODE", .number = true, .cell = cell_node },
	{ .name = "GO TO", .cell = cell_goes },
	{ .name = "CAME TO", .cell = cell_came },
	{ .name = "MANAGED", .number = true, .cell = cell_managed },
	{ .name = "THREADS", .number = true, .cell = cell_threads },
};

typedef VEC(struct irq_line) line_vec;

static void name_line(const struct irq_fact *f, char *buf, size_t cap)
{
	if (f->device[0])
		text_print(buf, cap, "%s %.*s", f->device, (int) strcspn(f->name, "-@"), f->name);
	else
		text_print(buf, cap, "%s", f->name[0] ? f->name : "(no handler)");
}

static bool same_device(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	return text_eq(a, b) || (a[n] == ' ' && strcspn(b, " ") == n && strncmp(a, b, n) == 0 && strchr(a, ':'));
}

/* Interrupts of a device lie together, so looking back a little finds its line. */
static struct irq_line *line_for(line_vec *lines, const struct irq_fact *f)
{
	struct irq_line *line;
	char who[80];

	name_line(f, who, sizeof(who));
	for (size_t k = lines->n; k > 0 && k + 64 > lines->n; k--) {
		if (same_device(lines->at[k - 1].who, who))
			return &lines->at[k - 1];
	}
	line = vec_add(lines);
	text_print(line->who, sizeof(line->who), "%s", who);
	line->node = f->node;
	return line;
}

static int by_count(const void *a, const void *b)
{
	const struct irq_line *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->who, y->who);
}

static void collect(const struct irq_facts *irqs, line_vec *lines)
{
	for (size_t k = 0; k < irqs->n; k++) {
		const struct irq_fact *f = &irqs->at[k];
		struct irq_line *line = line_for(lines, f);

		line->n++;
		line->count += f->count;
		line->managed += f->managed == IRQ_MANAGED_YES;
		line->threads += f->thread != 0;
		line->effective = cpuset_or(&line->effective, &f->effective);
		line->counted = cpuset_or(&line->counted, &f->counted);
	}
	if (lines->n)
		qsort(lines->at, lines->n, sizeof(*lines->at), by_count);
}

/* The interrupts that CPUs send themselves and each other, the busiest ones. */
static void put_rows(const struct inspect *i)
{
	struct sink text = { 0 };

	for (size_t k = 0; k < i->m->irq.n_rows; k++) {
		const struct irq_row *r = &i->m->irq.rows[k];

		if (r->count)
			sink_printf(&text, "%s%s %llu", text.len ? ", " : "", r->label, (unsigned long long) r->count);
	}
	if (text.len)
		inspect_line(i, "of the CPUs", "%s", text.text);
	sink_free(&text);
}

void inspect_irqs(const struct inspect *i)
{
	const struct irq_facts *irqs = &i->m->irq;
	AUTO_FREE char *list = xalloc(1, LIST_MAX);
	line_vec lines = { 0 };
	struct err err;

	inspect_head(i, "Interrupts");
	collect(irqs, &lines);
	if (irqs->n)
		inspect_line(i, "there are", "%zu of %zu devices%s", irqs->n, lines.n,
			     irqs->counts_known ? "; counts are since boot" : "");
	if (irqs->default_known)
		inspect_line(i, "later ones go to", "%s", cpuset_list(&irqs->default_affinity, list, LIST_MAX));
	put_rows(i);
	if (lines.n) {
		struct table table = { .columns = irq_columns,
				       .n_columns = ARRAY_SIZE(irq_columns),
				       .rows = lines.at,
				       .n_rows = lines.n < SHOWN_MAX ? lines.n : SHOWN_MAX,
				       .row_size = sizeof(*lines.at) };

		table_text(i->out, &table, i->term, &err);
	}
	if (lines.n > SHOWN_MAX)
		sink_printf(i->out, "  ... and %zu more devices (--json has all)\n", lines.n - SHOWN_MAX);
	vec_free(&lines);
}

static const struct nic_fact *nic_at(const void *row)
{
	return row;
}

static void nic_name(struct sink *out, const void *row)
{
	sink_printf(out, "  %s", nic_at(row)->name);
}

static void nic_kind(struct sink *out, const void *row)
{
	const struct nic_fact *n = nic_at(row);

	sink_printf(out, "%s", n->driver[0] ? n->driver : n->kind);
}

static void nic_device(struct sink *out, const void *row)
{
	sink_put(out, nic_at(row)->device);
}

static void nic_state(struct sink *out, const void *row)
{
	const struct nic_fact *n = nic_at(row);

	sink_put(out, n->state);
	if (n->speed_mbps > 0)
		sink_printf(out, " %lld Mbit/s", (long long) n->speed_mbps);
	if (n->master[0])
		sink_printf(out, " in %s", n->master);
}

static void nic_node(struct sink *out, const void *row)
{
	if (nic_at(row)->node >= 0)
		sink_printf(out, "%d", nic_at(row)->node);
}

static void nic_queues(struct sink *out, const void *row)
{
	const struct nic_fact *n = nic_at(row);

	sink_printf(out, "%u/%u", n->rx_queues, n->tx_queues);
	if (n->queues_max > 0)
		sink_printf(out, " of %d", n->queues_max);
}

static void nic_waits(struct sink *out, const void *row)
{
	const struct nic_fact *n = nic_at(row);

	if (n->coalesce_known && n->coalesce.adaptive_rx == 1)
		sink_put(out, "adaptive");
	else if (n->coalesce_known)
		sink_printf(out, "%lld us", (long long) n->coalesce.rx_usecs);
}

static void nic_offloads(struct sink *out, const void *row)
{
	const struct nic_offloads *o = &nic_at(row)->offloads;

	if (!nic_at(row)->offloads_known)
		return;
	sink_printf(out, "%s%s%s%s", o->gro == 1 ? "gro " : "", o->lro == 1 ? "lro " : "", o->gso == 1 ? "gso " : "",
		    o->tso == 1 ? "tso" : "");
}

static void nic_aspm(struct sink *out, const void *row)
{
	sink_put(out, nic_at(row)->aspm);
}

static const struct column nic_columns[] = {
	{ .name = "  NAME", .cell = nic_name },
	{ .name = "DRIVER", .cell = nic_kind },
	{ .name = "DEVICE", .cell = nic_device },
	{ .name = "STATE", .cell = nic_state },
	{ .name = "NODE", .number = true, .cell = nic_node },
	{ .name = "QUEUES RX/TX", .cell = nic_queues },
	{ .name = "RX WAITS", .cell = nic_waits },
	{ .name = "OFFLOADS", .cell = nic_offloads },
	{ .name = "LINK SLEEP", .cell = nic_aspm },
};

/* What could be given to a guest: groups, and virtual functions where there can be some. */
static void put_assignable(const struct inspect *i)
{
	const char *iommu = i->m->iommu[0] ? i->m->iommu : "on";
	struct sink text = { 0 };

	for (size_t k = 0; k < i->m->pci.n; k++) {
		const struct pci_device *d = &i->m->pci.at[k];

		if (d->group < 0 && !d->vfs_total)
			continue;
		sink_printf(&text, "%s%s", text.len ? "; " : "", d->address);
		if (d->group >= 0)
			sink_printf(&text, " in IOMMU group %d", d->group);
		if (d->vfs_total)
			sink_printf(&text, ", %u of %u virtual functions", d->vfs, d->vfs_total);
	}
	inspect_line(i, "IOMMU", "%.*s", (int) strcspn(iommu, ":"), iommu); /* the cure is audit's */
	inspect_line(i, "assignable", "%s", text.text ? text.text : "");
	sink_free(&text);
}

void inspect_nics(const struct inspect *i)
{
	const struct nic_facts *f = &i->m->nic;
	struct table table = { .columns = nic_columns,
			       .n_columns = ARRAY_SIZE(nic_columns),
			       .rows = f->at,
			       .n_rows = f->n < SHOWN_MAX ? f->n : SHOWN_MAX,
			       .row_size = sizeof(*f->at) };
	struct err err;

	if (!f->n && !f->aspm_policy[0])
		return;
	inspect_head(i, "Network");
	inspect_line(i, "PCIe sleep policy", "%s", f->aspm_policy);
	put_assignable(i);
	if (f->n)
		table_text(i->out, &table, i->term, &err);
	if (f->n > SHOWN_MAX)
		sink_printf(i->out, "  ... and %zu more interfaces (--json has all)\n", f->n - SHOWN_MAX);
}
