/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool has nr_hugepages pages, of which free_hugepages are not in use.  Of
 * those, some are promised to mappings that have not touched them yet; the
 * kernel counts that for all nodes together (resv_hugepages), so on one node
 * all of them may be: they are all taken off.
 *
 * Writing a larger nr_hugepages makes the kernel look for free memory in one
 * piece.  It takes what it finds, and reports success even when that is less:
 * only reading back tells.
 */
#include "vm/pages.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

struct pool {
	const struct fs *fs;
	unsigned kb;
	int node;
	char dir[96];
	char where[40]; /* "on NUMA node 1", "on this host" */
};

static const char *size_name(unsigned kb)
{
	return kb == HUGE_1G_KB ? "1 GiB" : "2 MiB";
}

static bool cpu_has_1g(const struct fs *fs)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	return fs_read_all(fs, "proc/cpuinfo", 1 << 24, &text, &len) == 0 && strstr(text, " pdpe1gb");
}

static int pool_open(struct pool *ret, const struct fs *fs, unsigned kb, int node, struct err *err)
{
	struct pool p = { .fs = fs, .kb = kb, .node = node };

	if (node >= 0)
		text_print(p.dir, sizeof(p.dir), "sys/devices/system/node/node%d/hugepages/hugepages-%ukB", node, kb);
	else
		text_print(p.dir, sizeof(p.dir), "sys/kernel/mm/hugepages/hugepages-%ukB", kb);
	if (node >= 0)
		text_print(p.where, sizeof(p.where), "on NUMA node %d", node);
	else
		text_print(p.where, sizeof(p.where), "on this host");
	if (!fs_existsf(fs, "sys/kernel/mm/hugepages/hugepages-%ukB", kb)) {
		if (kb == HUGE_1G_KB && !cpu_has_1g(fs))
			return err_set(err, -EOPNOTSUPP, "this CPU has no pages of 1 GiB (flag pdpe1gb): use pages of 2 MiB");
		return err_set(err, -EOPNOTSUPP, "this kernel has no huge pages of %s: use %s", size_name(kb),
			       kb == HUGE_1G_KB ? "pages of 2 MiB" : "ordinary ones");
	}
	if (!fs_exists(fs, p.dir))
		return err_set(err, -ENOENT, "there are no huge pages %s: choose another node", p.where);
	*ret = p;
	return 0;
}

static uint64_t pool_count(const struct pool *p, const char *dir, const char *file)
{
	char path[160];
	uint64_t n = 0;

	text_print(path, sizeof(path), "%s/%s", dir, file);
	return fs_read_u64(p->fs, path, &n) < 0 ? 0 : n;
}

static uint64_t pool_free(const struct pool *p)
{
	char all[96];
	uint64_t idle = pool_count(p, p->dir, "free_hugepages"), promised;

	text_print(all, sizeof(all), "sys/kernel/mm/hugepages/hugepages-%ukB", p->kb);
	promised = pool_count(p, all, "resv_hugepages");
	return idle > promised ? idle - promised : 0;
}

static int pool_write(const struct pool *p, uint64_t n, struct err *err)
{
	char path[128], text[24];
	int r;

	text_print(path, sizeof(path), "%s/nr_hugepages", p->dir);
	text_print(text, sizeof(text), "%llu", (unsigned long long) n);
	r = fs_write(p->fs, path, text);
	return r < 0 ? err_sys(err, r, "cannot make huge pages: /%s", path) : 0;
}

static int note(const struct pool *p, struct journal *j, uint64_t before, uint64_t after, struct err *err)
{
	char path[400], was[24], will[24];

	text_print(path, sizeof(path), "%s/%s/nr_hugepages", p->fs->live ? "" : p->fs->path, p->dir);
	text_print(was, sizeof(was), "%llu", (unsigned long long) before);
	text_print(will, sizeof(will), "%llu", (unsigned long long) after);
	return journal_value(
		j, &(struct journal_value){ .path = path, .form = VALUE_NUMBER, .before = was, .after = will, .guard = NULL },
		err);
}

/* All of them or none. */
static int pool_grow(const struct pool *p, uint64_t missing, uint64_t need, struct journal *j, struct err *err)
{
	uint64_t before = pool_count(p, p->dir, "nr_hugepages"), got;
	struct err ignored;
	int r = note(p, j, before, before + missing, err);

	if (r >= 0)
		r = pool_write(p, before + missing, err);
	if (r < 0)
		return r;
	got = pool_count(p, p->dir, "nr_hugepages");
	if (got >= before + missing)
		return 0;
	pool_write(p, before, &ignored); /* the journal does it where this did not */
	return err_set(
		err, -ENOMEM,
		"%llu huge pages of %s are needed, but only %llu of the missing %llu could be made %s, where memory is in use"
		" or in pieces: reserve them at boot (hugepagesz=%s hugepages=%llu), or use smaller pages",
		(unsigned long long) need, size_name(p->kb), (unsigned long long) (got > before ? got - before : 0),
		(unsigned long long) missing, p->where, p->kb == HUGE_1G_KB ? "1G" : "2M", (unsigned long long) need);
}

int pages_get(const struct fs *fs, unsigned kb, int node, unsigned memory_mb, struct journal *j, struct err *err)
{
	unsigned page_mb = kb / 1024, need;
	uint64_t idle;
	struct pool p;
	int r = pool_open(&p, fs, kb, node, err);

	if (r < 0)
		return r;
	if (!page_mb || memory_mb % page_mb)
		return err_set(err, -EINVAL, "%u MiB are no whole number of %s pages: give the guest a multiple of them",
			       memory_mb, size_name(kb));
	need = memory_mb / page_mb;
	idle = pool_free(&p);
	if (idle >= need)
		return 0;
	if (j)
		return pool_grow(&p, need - idle, need, j, err);
	return err_set(err, -ENOMEM, "%u huge pages of %s are needed, %llu are free %s: reserve more (nr_hugepages)", need,
		       size_name(kb), (unsigned long long) idle, p.where);
}
