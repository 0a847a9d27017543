/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory: what is asked for, held against what this machine gives.
 * Asking QEMU for more would only end it at start, with a worse sentence.
 *
 * What a tuning wishes is cut down, with the reason; what a person asked for by
 * name is had or refused.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "vm/pages.h"
#include "vm/platform.h"
#include "vm/vm_parts.h"

#define OVERHEAD_MB      640 /* QEMU itself with mlockall: text, heaps, translated code */
#define CAP_IPC_LOCK_BIT 14  /* linux/capability.h */
#define NODES            "sys/devices/system/node/"

static void __attribute__((format(printf, 2, 3))) add_why(struct vm_memory *m, const char *fmt, ...)
{
	size_t n = strlen(m->why);
	char text[240];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_print(m->why + n, sizeof(m->why) - n, "%s%s", n ? "; " : "", text);
}

/* ---- locked ---- */

static bool may_lock_any(const struct fs *fs)
{
	char status[8192];
	const char *at;
	uint64_t caps = 0;

	if (fs_read(fs, "proc/self/status", status, sizeof(status)) < 0)
		return false;
	at = strstr(status, "CapEff:");
	return at && take_text(&at, "CapEff:") && take_blanks(&at) && take_hex(&at, &caps) && caps >> CAP_IPC_LOCK_BIT & 1;
}

static void plan_lock(const struct fs *fs, struct vm_memory *m, unsigned memory_mb)
{
	uint64_t need = ((uint64_t) memory_mb + OVERHEAD_MB) << 20;
	struct rlimit limit;

	m->locked = may_lock_any(fs) || (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= need);
	if (!m->locked)
		add_why(m, "not locked: it would need CAP_IPC_LOCK or a memlock limit of %llu MiB",
			(unsigned long long) (need >> 20));
}

/* ---- node ---- */

static int wanted_node(const struct fs *fs, const struct vm_spec *spec, struct vm_memory *m, struct err *err)
{
	struct cpuset online, memory;
	char list[128];

	if (fs_read_cpulist(fs, NODES "online", &online) < 0 || fs_read_cpulist(fs, NODES "has_memory", &memory) < 0)
		online = memory = cpuset_one(0); /* a kernel without NUMA is one node */
	if (!cpuset_has(&online, spec->node))
		return err_set(err, -EINVAL, "there is no NUMA node %u: this machine has %s", spec->node,
			       cpuset_list(&online, list, sizeof(list)));
	if (!cpuset_has(&memory, spec->node))
		return err_set(err, -EINVAL, "NUMA node %u has no memory: take it from %s", spec->node,
			       cpuset_list(&memory, list, sizeof(list)));
	if (!qemu_has(&spec->platform->qemu.caps, QEMU_CAP_HOST_NODES))
		return err_set(err, -EOPNOTSUPP, "this QEMU cannot bind memory to a NUMA node: it was built without libnuma");
	m->node = (int) spec->node;
	return 0;
}

/* The node that has all of these CPUs, -1 when they are spread. */
static int node_of(const struct fs *fs, const struct cpuset *nodes, const struct cpuset *cpus)
{
	for (int n = -1; (n = cpuset_next(nodes, n)) >= 0;) {
		char path[64];
		struct cpuset has;

		text_print(path, sizeof(path), NODES "node%d/cpulist", n);
		if (fs_read_cpulist(fs, path, &has) == 0 && cpuset_within(cpus, &has))
			return n;
	}
	return -1;
}

/* Where there is one node of memory, there is nothing to bind, and mbind(2) may be refused in a container. */
static void own_node(const struct fs *fs, const struct vm_spec *spec, const struct placement *p, struct vm_memory *m)
{
	struct cpuset online, memory;
	int node;

	if (fs_read_cpulist(fs, NODES "online", &online) < 0 || fs_read_cpulist(fs, NODES "has_memory", &memory) < 0 ||
	    cpuset_count(&online) < 2 || !p || cpuset_empty(&p->sut_cpus))
		return;
	node = node_of(fs, &online, &p->sut_cpus);
	if (node < 0)
		add_why(m, "not bound to a NUMA node: the vCPUs are on several");
	else if (!cpuset_has(&memory, (unsigned) node))
		add_why(m, "not bound: NUMA node %d, where the vCPUs are, has no memory", node);
	else if (!qemu_has(&spec->platform->qemu.caps, QEMU_CAP_HOST_NODES))
		add_why(m, "not bound to NUMA node %d: this QEMU was built without libnuma", node);
	else
		m->node = node;
}

/* A card on another node: every packet crosses between the nodes, wherever the memory is. */
static void look_at_cards(const struct fs *fs, const struct vm_spec *spec, struct vm_memory *m)
{
	for (unsigned i = 0; m->node >= 0 && i < spec->n_nics; i++) {
		char path[80];
		int64_t node;

		text_print(path, sizeof(path), "sys/bus/pci/devices/%s/numa_node", spec->nics[i].host);
		if (spec->nics[i].kind == VM_NIC_VFIO && fs_read_i64(fs, path, &node) == 0 && node >= 0 && node != m->node)
			add_why(m, "%s is on NUMA node %d, the guest's memory on %d: choose CPUs near the card",
				spec->nics[i].host, (int) node, m->node);
	}
}

/* ---- pages ---- */

static bool try_pages(const struct fs *fs, const struct vm_spec *spec, unsigned kb, struct journal *j, struct vm_memory *m,
		      struct err *err)
{
	int r = 0;

	if (!qemu_has(&spec->platform->qemu.caps, QEMU_CAP_MEMFD_HUGETLB))
		r = err_set(err, -EOPNOTSUPP, "this QEMU cannot use huge pages");
	if (r == 0)
		r = pages_get(fs, kb, m->node, spec->memory_mb, j, err);
	if (r == 0)
		m->hugepage_kb = kb;
	return r == 0;
}

static int plan_pages(const struct fs *fs, const struct vm_spec *spec, const struct placement *p, struct journal *j,
		      struct vm_memory *m, struct err *err)
{
	struct err why;

	switch (spec->pages) {
	case VM_PAGES_4K:
		return 0;
	case VM_PAGES_2M:
	case VM_PAGES_1G:
		return try_pages(fs, spec, spec->pages == VM_PAGES_1G ? HUGE_1G_KB : HUGE_2M_KB, j, m, err) ? 0 : err->code;
	case VM_PAGES_AUTO:
		if (try_pages(fs, spec, HUGE_1G_KB, j, m, &why))
			return 0;
		add_why(m, "%.110s", why.text);
		if (!try_pages(fs, spec, HUGE_2M_KB, j, m, &why))
			add_why(m, "%.110s", why.text);
		return 0;
	case VM_PAGES_PLACEMENT:
		/* The tuning has made its pages already; it shows them in its plan. */
		if (p && p->hugepage_kb && !try_pages(fs, spec, p->hugepage_kb, NULL, m, &why))
			add_why(m, "%s", why.text);
	}
	return 0;
}

/* Memory that is touched beforehand has to be there. */
static int check_room(const struct fs *fs, const struct vm_memory *m, unsigned memory_mb, struct err *err)
{
	AUTO_FREE char *text = NULL;
	const char *at;
	uint64_t kb;
	size_t len;

	if (!m->prealloc || m->hugepage_kb || fs_read_all(fs, "proc/meminfo", 65536, &text, &len) < 0)
		return 0;
	at = strstr(text, "MemAvailable:");
	if (!at || !take_text(&at, "MemAvailable:") || !take_blanks(&at) || !take_u64(&at, &kb) || kb / 1024 >= memory_mb)
		return 0;
	return err_set(
		err, -ENOMEM,
		"the guest's %u MiB are touched before it starts, but this host has %llu MiB available: give the guest less",
		memory_mb, (unsigned long long) (kb / 1024));
}

int vm_memory_plan(struct vm_memory *ret, const struct fs *fs, const struct vm_spec *spec, const struct placement *p,
		   struct journal *j, struct err *err)
{
	struct vm_memory m = { .node = -1 };
	int r = 0;

	if (spec->on_node)
		r = wanted_node(fs, spec, &m, err);
	else
		own_node(fs, spec, p, &m);
	look_at_cards(fs, spec, &m);
	if (p && p->lock_memory)
		plan_lock(fs, &m, spec->memory_mb);
	if (r >= 0)
		r = plan_pages(fs, spec, p, j, &m, err);
	/* Touched before the start even where it cannot be locked: a page fault in the guest is then none on the host. */
	m.prealloc = (p && p->lock_memory) || m.hugepage_kb;
	if (r >= 0)
		r = check_room(fs, &m, spec->memory_mb, err);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}
