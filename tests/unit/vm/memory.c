/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory on made-up machines: pages that are there, missing, promised to others, on the wrong node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/pages.h"
#include "vm/vm_parts.h"

#define ALL    "sys/kernel/mm/hugepages/hugepages-2048kB/"
#define ALL_1G "sys/kernel/mm/hugepages/hugepages-1048576kB/"
#define NODE   "sys/devices/system/node/"
#define HUGE   "/hugepages/hugepages-2048kB/"

static char dir[64];
static struct fs fs;
static struct vm_platform platform = { .qemu.caps.bits = ~0ull };

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name), *folder = xstrndup(path, (size_t) (strrchr(path, '/') - path));
	struct err err;

	assert_int_equal(dir_make_all(folder, 0755, &err), 0);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

static void pool(const char *path, const char *nr, const char *idle)
{
	AUTO_FREE char *a = xprintf("%snr_hugepages", path), *b = xprintf("%sfree_hugepages", path);

	put(a, nr);
	put(b, idle);
}

static int machine(void **state)
{
	struct err err;

	(void) state;
	snprintf(dir, sizeof(dir), "/tmp/vlat-memory-XXXXXX");
	if (!mkdtemp(dir) || fs_open_root(&fs, dir, &err) < 0)
		return -1;
	put("proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
	pool(ALL, "200\n", "130\n");
	put(ALL "resv_hugepages", "2\n");
	return 0;
}

/* Two nodes: CPUs 0-3 with memory and 100 free pages, CPUs 4-7 with none at all. */
static int two_nodes(void **state)
{
	int r = machine(state);

	put(NODE "online", "0-2\n");
	put(NODE "has_memory", "0,2\n");
	put(NODE "node0/cpulist", "0-3\n");
	put(NODE "node1/cpulist", "4-7\n");
	put(NODE "node2/cpulist", "8-11\n");
	pool(NODE "node0" HUGE, "200\n", "130\n");
	pool(NODE "node2" HUGE, "0\n", "0\n");
	return r;
}

static int clean(void **state)
{
	(void) state;
	fs_close(&fs);
	dir_remove_all(dir);
	return 0;
}

static struct vm_spec spec_of(enum vm_pages pages, unsigned memory_mb)
{
	return (struct vm_spec){ .platform = &platform, .vcpus = 1, .memory_mb = memory_mb, .pages = pages };
}

static struct vm_memory planned(struct vm_spec spec, const struct placement *p)
{
	struct vm_memory m;
	struct err err = { 0 };

	if (vm_memory_plan(&m, &fs, &spec, p, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

static void refused(struct vm_spec spec, const struct placement *p, int code, const char *words)
{
	struct vm_memory m;
	struct err err = { 0 };

	assert_int_equal(vm_memory_plan(&m, &fs, &spec, p, NULL, &err), code);
	if (!strstr(err.text, words))
		fail_msg("no '%s' in: %s", words, err.text);
}

static void test_stock(void **state)
{
	struct vm_memory m = planned(spec_of(VM_PAGES_PLACEMENT, 256), NULL);

	(void) state;
	assert_false(m.prealloc || m.locked || m.hugepage_kb);
	assert_int_equal(m.node, -1);
	assert_string_equal(m.why, "");
	m = planned(spec_of(VM_PAGES_PLACEMENT, 256), &(struct placement){ 0 });
	assert_false(m.prealloc || m.locked || m.hugepage_kb);
	m = planned(spec_of(VM_PAGES_4K, 256), &(struct placement){ .hugepage_kb = 2048 });
	assert_false(m.prealloc || m.hugepage_kb);
}

/* What a tuning wishes is cut down, with the reason. */
static void test_tuned(void **state)
{
	struct placement wish = { .lock_memory = true, .hugepage_kb = 2048 };
	struct vm_memory m = planned(spec_of(VM_PAGES_PLACEMENT, 256), &wish);

	(void) state;
	assert_true(m.prealloc && m.locked);
	assert_int_equal(m.hugepage_kb, 2048);
	assert_string_equal(m.why, "");
	put(ALL "resv_hugepages", "3\n"); /* one short, for others were promised what is free */
	m = planned(spec_of(VM_PAGES_PLACEMENT, 256), &wish);
	assert_int_equal(m.hugepage_kb, 0);
	assert_non_null(strstr(m.why, "128 huge pages of 2 MiB are needed, 127 are free on this host"));
	assert_true(m.prealloc && m.locked);
	wish.hugepage_kb = HUGE_1G_KB;
	m = planned(spec_of(VM_PAGES_PLACEMENT, 256), &wish);
	assert_non_null(strstr(m.why, "pdpe1gb"));
	put(ALL_1G "free_hugepages", "1\n");
	m = planned(spec_of(VM_PAGES_PLACEMENT, 256), &wish);
	assert_non_null(strstr(m.why, "no whole number"));
	m = planned(spec_of(VM_PAGES_PLACEMENT, 1024), &wish);
	assert_int_equal(m.hugepage_kb, HUGE_1G_KB);
}

/* No capability: the limit decides. */
static void test_lock(void **state)
{
	struct placement wish = { .lock_memory = true };
	struct vm_memory m;

	(void) state;
	put("proc/self/status", "CapEff:\t0000000000000000\n");
	m = planned(spec_of(VM_PAGES_PLACEMENT, 1u << 31), &wish);
	if (m.locked)
		print_message("memlock is unlimited here: the refusal cannot be seen\n");
	else
		assert_non_null(strstr(m.why, "CAP_IPC_LOCK"));
	assert_true(m.prealloc);
	put("proc/meminfo", "MemTotal:  1 kB\nMemAvailable:   204800 kB\n");
	refused(spec_of(VM_PAGES_PLACEMENT, 201), &wish, -ENOMEM, "200 MiB available: give the guest less");
	assert_true(planned(spec_of(VM_PAGES_PLACEMENT, 200), &wish).prealloc);
}

/* What a person asked for by name is had or refused. */
static void test_by_name(void **state)
{
	(void) state;
	assert_int_equal(planned(spec_of(VM_PAGES_2M, 256), NULL).hugepage_kb, 2048);
	refused(spec_of(VM_PAGES_2M, 258), NULL, -ENOMEM, "129 huge pages of 2 MiB are needed, 128 are free");
	refused(spec_of(VM_PAGES_2M, 257), NULL, -EINVAL, "no whole number");
	refused(spec_of(VM_PAGES_1G, 1024), NULL, -EOPNOTSUPP, "use pages of 2 MiB");
	put("proc/cpuinfo", "flags\t: fpu pdpe1gb lm\n");
	refused(spec_of(VM_PAGES_1G, 1024), NULL, -EOPNOTSUPP, "this kernel has no huge pages of 1 GiB");
	/* The largest that can be had, and why no larger. */
	assert_int_equal(planned(spec_of(VM_PAGES_AUTO, 256), NULL).hugepage_kb, 2048);
	assert_int_equal(planned(spec_of(VM_PAGES_AUTO, 1024), NULL).hugepage_kb, 0);
	assert_non_null(strstr(planned(spec_of(VM_PAGES_AUTO, 1024), NULL).why, "512 huge pages of 2 MiB are needed"));
	platform.qemu.caps.bits = 0;
	refused(spec_of(VM_PAGES_2M, 256), NULL, -EOPNOTSUPP, "this QEMU cannot");
	platform.qemu.caps.bits = ~0ull;
}

static void test_nodes(void **state)
{
	struct placement p = { .sut_cpus = cpuset_one(2) };
	struct vm_spec spec = spec_of(VM_PAGES_PLACEMENT, 256);

	(void) state;
	assert_int_equal(planned(spec, &p).node, 0);
	assert_int_equal(planned(spec, NULL).node, -1);
	cpuset_add(&p.sut_cpus, 8);
	assert_non_null(strstr(planned(spec, &p).why, "on several"));
	p.sut_cpus = cpuset_one(5);
	assert_int_equal(planned(spec, &p).node, -1);
	assert_non_null(strstr(planned(spec, &p).why, "node 1"));
	spec.on_node = true;
	assert_int_equal(planned(spec, &p).node, 0);
	spec.node = 1;
	refused(spec, &p, -EINVAL, "NUMA node 1 has no memory: take it from 0,2");
	spec.node = 3;
	refused(spec, &p, -EINVAL, "there is no NUMA node 3: this machine has 0-2");
	/* Free pages elsewhere do not help. */
	spec.node = 2;
	spec.pages = VM_PAGES_2M;
	refused(spec, &p, -ENOMEM, "0 are free on NUMA node 2");
	spec.node = 0;
	assert_int_equal(planned(spec, &p).hugepage_kb, 2048);
	platform.qemu.caps.bits = ~(1ull << QEMU_CAP_HOST_NODES);
	refused(spec, &p, -EOPNOTSUPP, "libnuma");
	platform.qemu.caps.bits = ~0ull;
}

/* A card that is given away sits on a node too. */
static void test_card_elsewhere(void **state)
{
	struct placement p = { .sut_cpus = cpuset_one(2) };
	struct vm_spec spec = spec_of(VM_PAGES_PLACEMENT, 256);

	(void) state;
	spec.n_nics = 1;
	spec.nics[0] = (struct vm_nic){ .kind = VM_NIC_VFIO, .host = "0000:81:10.0" };
	put("sys/bus/pci/devices/0000:81:10.0/numa_node", "2\n");
	assert_non_null(strstr(planned(spec, &p).why, "0000:81:10.0 is on NUMA node 2"));
	p.sut_cpus = cpuset_one(9);
	assert_string_equal(planned(spec, &p).why, "");
	assert_int_equal(planned(spec, &p).node, 2);
	put("sys/bus/pci/devices/0000:81:10.0/numa_node", "-1\n");
	p.sut_cpus = cpuset_one(2);
	assert_string_equal(planned(spec, &p).why, "");
}

static void assert_pool(const char *want)
{
	char now[32];

	assert_true(fs_read(&fs, NODE "node2" HUGE "nr_hugepages", now, sizeof(now)) > 0);
	assert_string_equal(now, want);
}

/* Made on the node they are for, in the journal, and given back with it. */
static void test_made(void **state)
{
	AUTO_FREE char *home = xprintf("%s/state", dir);
	struct vm_spec spec = spec_of(VM_PAGES_2M, 256);
	struct vm_memory m;
	struct journal *j;
	struct err err = { 0 };

	(void) state;
	spec.on_node = true;
	spec.node = 2;
	setenv("VLAT_STATE", home, 1);
	assert_int_equal(journal_open(&j, "test", &err), 0);
	assert_int_equal(vm_memory_plan(&m, &fs, &spec, NULL, j, &err), 0);
	assert_int_equal(m.hugepage_kb, 2048);
	assert_pool("128");
	assert_int_equal(journal_close(j, &err), 0);
	assert_pool("0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stock, machine, clean),
		cmocka_unit_test_setup_teardown(test_tuned, machine, clean),
		cmocka_unit_test_setup_teardown(test_lock, machine, clean),
		cmocka_unit_test_setup_teardown(test_by_name, machine, clean),
		cmocka_unit_test_setup_teardown(test_nodes, two_nodes, clean),
		cmocka_unit_test_setup_teardown(test_card_elsewhere, two_nodes, clean),
		cmocka_unit_test_setup_teardown(test_made, two_nodes, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
