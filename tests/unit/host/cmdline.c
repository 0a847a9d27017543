/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel command line: its words, what isolcpus= means, and what took effect; and other texts that facts are made of. */
#include "host/cmdline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../hosts/big.h"
#include "base/cleanup.h"
#include "base/fs_tree.h"
#include "base/text.h"
#include "host/facts.h"
#include "host/irq_parts.h"
#include "host/nic_ethtool.h"

static void words(void **state)
{
	const char *at = "quiet dyndbg=\"file x +p\" \"a=b c\" kvm.ept=1 -- not=ours";
	struct cmdline_param p;

	(void) state;
	assert_true(take_param(&at, &p));
	assert_string_equal(p.name, "quiet");
	assert_false(p.has_value);
	assert_true(take_param(&at, &p));
	assert_string_equal(p.value, "file x +p");
	assert_true(take_param(&at, &p));
	assert_string_equal(p.name, "a");
	assert_string_equal(p.value, "b c");
	assert_true(take_param(&at, &p));
	assert_false(take_param(&at, &p));
	assert_string_equal(at, " -- not=ours");
	assert_true(cmdline_find("x=1 a-b=2 a_b=3", "a_b", &p)); /* the last counts, '-' is '_' */
	assert_string_equal(p.value, "3");
	assert_false(cmdline_find("xa_b=2", "a_b", &p));
}

static void isolcpus_as_the_kernel_reads_it(void **state)
{
	static const struct {
		const char *value;
		int r;
		bool domain, nohz, managed;
		const char *cpus;
	} cases[] = {
		{ "2-3", 0, true, false, false, "2-3" },
		{ "managed_irq,domain,2-3,8", 0, true, false, true, "2-3,8" },
		{ "managed_irq,1", 0, false, false, true, "1" },
		{ "nohz,4-7", 0, false, true, false, "4-7" },
		{ "future_flag,domain,1", 0, true, false, false, "1" }, /* letters: skipped with a remark */
		{ "dom4in,1", -EINVAL, false, false, false, "" },
		{ "2-3;5", -EINVAL, false, false, false, "" },
		{ "domain", -EINVAL, false, false, false, "" },
		{ "", -EINVAL, false, false, false, "" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct isolcpus s;
		char list[64];

		if (isolcpus_parse(cases[i].value, &s) != cases[i].r)
			fail_msg("isolcpus=%s is not judged right", cases[i].value);
		if (cases[i].r < 0)
			continue;
		assert_int_equal(s.domain, cases[i].domain);
		assert_int_equal(s.nohz, cases[i].nohz);
		assert_int_equal(s.managed_irq, cases[i].managed);
		assert_string_equal(cpuset_list(&s.cpus, list, sizeof(list)), cases[i].cpus);
	}
}

static void with_big(const char *cmdline, const char *isolated, const char *nohz, const char *name, enum effect want)
{
	struct big_host b = big_hosts[4];
	const struct cmdline_effect *e;
	struct machine_facts m;
	struct err err = { 0 };
	struct fs fs;

	b.cmdline = cmdline;
	b.isolated = isolated;
	b.nohz_full = nohz;
	big_open(&b, &fs);
	if (machine_facts_read(&fs, &m, &err) < 0)
		fail_msg("%s", err.text);
	e = cmdline_effect(&m.cmdline, name);
	if (!e)
		fail_msg("%s is not found in \"%s\"", name, cmdline);
	else if (e->effect != want)
		fail_msg("\"%s\" with isolated \"%s\", nohz_full \"%s\": %s, %s", cmdline, isolated, nohz, effect_name(e->effect),
			 e->why);
	else if (want != EFFECT_YES && !e->why[0])
		fail_msg("no reason for %s", cmdline);
	machine_facts_free(&m);
	fs_close(&fs);
}

static void effects(void **state)
{
	(void) state;
	with_big("isolcpus=2-3", "2-3", "(null)", "isolcpus", EFFECT_YES);
	with_big("isolcpus=2-3", "", "(null)", "isolcpus", EFFECT_NO);
	with_big("isolcpus=2-3", "2", "(null)", "isolcpus", EFFECT_PARTLY);
	with_big("isolcpus=2-3,400", "2-3", "(null)", "isolcpus", EFFECT_PARTLY);
	with_big("isolcpus=2;3", "", "(null)", "isolcpus", EFFECT_NO);
	with_big("isolcpus=managed_irq,2", "", "(null)", "isolcpus", EFFECT_NONE_TO_SEE);
	with_big("nohz_full=0-3", "", "1-3", "nohz_full", EFFECT_YES); /* the boot CPU keeps its tick */
	with_big("nohz_full=2-3", "", "(null)", "nohz_full", EFFECT_NO);
	with_big("irqaffinity=0-1", "", "(null)", "irqaffinity", EFFECT_YES);
	with_big("irqaffinity=0", "", "(null)", "irqaffinity", EFFECT_NO);
	with_big("nosmt", "", "(null)", "nosmt", EFFECT_NO);
}

static void build_configuration(void **state)
{
	struct kernel_facts k = { .release = "" };

	(void) state;
	kernel_config_parse("CONFIG_PREEMPT_DYNAMIC=y\n# CONFIG_KSM is not set\nCONFIG_HZ=250\nCONFIG_HZ_250=y\nxCONFIG_KVM=y\n",
			    &k);
	assert_string_equal(kernel_option(&k, "PREEMPT_DYNAMIC"), "y");
	assert_string_equal(kernel_option(&k, "KSM"), "n");
	assert_string_equal(kernel_option(&k, "HZ"), "250");
	assert_string_equal(kernel_option(&k, "KVM"), "n");
	assert_null(kernel_option(&k, "NOT_LOOKED_FOR"));
	kernel_facts_free(&k);
}

static void small_texts(void **state)
{
	const char *swaps =
		"Filename Type Size Used Priority\n/dev/sda2 partition 2097148 512 -2\nbad line\n/s\\040f file 8 4 -3\n";
	struct swap_area a;
	double steal;
	unsigned nr;

	(void) state;
	assert_true(take_swap(&swaps, &a));
	assert_string_equal(a.name, "/dev/sda2");
	assert_int_equal(a.used_bytes, 512 * 1024);
	assert_true(take_swap(&swaps, &a));
	assert_false(take_swap(&swaps, &a));
	assert_int_equal(ethtool_word("rx_usecs=3 rx=7 tx=x", "rx"), 7);
	assert_int_equal(ethtool_word("rx_usecs=3 rx=7 tx=x", "tx"), -1);
	assert_int_equal(ethtool_word("rx_usecs=3", "usecs"), -1);
	assert_int_equal(meminfo_bytes("MemTotalX: 1 kB\nMemTotal:  2 kB\n", "MemTotal"), 2048);
	assert_int_equal(node_meminfo_bytes("Node 3 MemFree:   4 kB\n", "MemFree"), 4096);
	assert_true(stat_steal_percent("cpu  1 1 1 1 0 0 0 1 0 0\ncpu0 1 1\n", &steal));
	assert_true(steal > 19.9 && steal < 20.1);
	assert_false(stat_steal_percent("cpu0 1 1 1\n", &steal));
	assert_true(irq_of_thread("irq/36-eth0", &nr));
	assert_int_equal(nr, 36);
	assert_false(irq_of_thread("irq_work/3", &nr));
	assert_false(irq_of_thread("irq/x-y", &nr));
}

static void interrupts_of_a_big_machine(void **state)
{
	const struct irq_fact *f;
	struct machine_facts m;
	struct err err = { 0 };
	struct fs fs;

	(void) state;
	big_open(&big_hosts[3], &fs);
	if (machine_facts_read(&fs, &m, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(m.irq.n, 4096);
	f = irq_fact(&m.irq, 24 + 64 + 5);
	assert_non_null(f);
	assert_string_equal(f->name, "card1-rx-5");
	assert_string_equal(f->device, "0000:02:00.0");
	assert_int_equal(f->managed, IRQ_MANAGED_YES); /* mode 0444 */
	assert_int_equal(f->count, (24 + 64 + 5) * 10);
	assert_int_equal(cpuset_first(&f->counted), 69);
	assert_int_equal(irq_fact(&m.irq, 24)->managed, IRQ_MANAGED_NO);
	assert_null(irq_fact(&m.irq, 5000));
	machine_facts_free(&m);
	fs_close(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),       cmocka_unit_test(isolcpus_as_the_kernel_reads_it),
		cmocka_unit_test(effects),     cmocka_unit_test(build_configuration),
		cmocka_unit_test(small_texts), cmocka_unit_test(interrupts_of_a_big_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
