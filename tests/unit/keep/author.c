/* SPDX-License-Identifier: Apache-2.0 */
/* A device that has come back since the tuning is told from one that was there before; on a made-up machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../hosts/tree.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "keep/arrival.h"

#define CARD  "0000:00:03.0"
#define SEATS "sys/bus/pci/devices/"

/* Booted at 11:06:40; interrupt 36 is the card's, 9 nobody's. */
static const char machine[] = "== proc/stat\n"
			      "btime 1795000000\n"
			      "== " SEATS CARD "/msi_irqs/36\n"
			      "msix\n"
			      "== " SEATS CARD "/net/eth1/ifindex\n"
			      "7\n"
			      "== " SEATS "0000:00:04.0/msi_irqs/40\n"
			      "msix\n"
			      "== sys/class/net/bonding_masters\n"
			      "\n"
			      "== proc/irq/9/smp_affinity_list\n"
			      "0\n";

#define TUNED "2026-11-18T12-00-00" /* 3200 s after the boot */

static char dir[64];
static struct fs fs;

static int set_up(void **state)
{
	AUTO_FREE char *link = NULL;
	struct err err = { 0 };

	(void) state;
	strcpy(dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	tree_unfold(machine, dir);
	link = xprintf("%s/sys/class/net/eth1", dir);
	if (symlink("../../bus/pci/devices/" CARD "/net/eth1", link) < 0)
		return -1;
	return fs_open_root(&fs, dir, &err);
}

static int tear_down(void **state)
{
	(void) state;
	fs_close(&fs);
	return dir_remove_all(dir);
}

static void guess(const char *created, const char *what, char who[320])
{
	struct author a;

	author_open(&a, &fs, created);
	author_guess(&a, what, who, 320);
	author_close(&a);
}

static void says(const char *what, const char *why)
{
	char who[320];

	guess(TUNED, what, who);
	if (!strstr(who, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", what, who, why);
}

static void put_thread(int tid, const char *comm, unsigned start_s)
{
	char path[64], text[256];

	text_print(path, sizeof(path), "proc/%d/comm", tid);
	text_print(text, sizeof(text), "%s\n", comm);
	tree_put(dir, path, text);
	text_print(path, sizeof(path), "proc/%d/stat", tid);
	text_print(text, sizeof(text),
		   "%d (%s) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 -51 0 1 0 %lld 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 50 1 0 0 0\n",
		   tid, comm, (long long) start_s * sysconf(_SC_CLK_TCK));
	tree_put(dir, path, text);
}

static const char *const of_card[] = { "network card eth1 (" CARD ")", "/sys/class/net/eth1/threaded",
				       "/proc/irq/36/smp_affinity_list" };

static void what_was_there_before_is_not_blamed(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(of_card); i++)
		says(of_card[i], "unknown");
	tree_put(dir, "run/udev/data/+pci:" CARD, "I:2000000\nV:1\n");
	tree_put(dir, "run/udev/data/n7", "I:3100000000\nE:ID_BUS=pci\n");
	for (size_t i = 0; i < ARRAY_SIZE(of_card); i++)
		says(of_card[i], "unknown");
}

static void a_driver_loaded_again(void **state)
{
	char who[320];

	(void) state;
	tree_put(dir, "run/udev/data/+pci:" CARD, "I:2000000\nV:1\n");
	tree_put(dir, "run/udev/data/n7", "E:ID_BUS=pci\nI:3300000000\nV:1\n");
	tree_put(dir, "run/udev/data/n8", "I:1\n");
	put_thread(70, "tuned", 10);
	for (size_t i = 0; i < ARRAY_SIZE(of_card); i++)
		says(of_card[i], "probably the kernel: the driver of eth1 was loaded, or bound to it, again after the tuning");
	says("/proc/irq/40/smp_affinity_list", "probably tuned"); /* another card's */
	says("/proc/irq/9/smp_affinity_list", "probably tuned");
	says("/proc/irq/default_smp_affinity", "probably tuned");
	says("network card eth2 (0000:00:05.0)", "probably tuned");
	guess("2026-11-18T12-10-00", of_card[0], who); /* that tuning is of later */
	assert_non_null(strstr(who, "probably tuned"));
	guess("once", of_card[0], who); /* nobody knows of when */
	assert_non_null(strstr(who, "probably tuned"));
}

static void a_device_removed_and_back(void **state)
{
	(void) state;
	tree_put(dir, "run/udev/data/+pci:" CARD, "I:3300000000\n");
	tree_put(dir, "run/udev/data/n7", "I:3300500000\n");
	for (size_t i = 0; i < ARRAY_SIZE(of_card); i++)
		says(of_card[i], "probably the kernel: the device at " CARD " was removed and came back after the tuning");
}

static void an_interrupt_asked_for_anew(void **state)
{
	(void) state;
	put_thread(90, "irq/36-eth1-rx-", 3100);
	put_thread(91, "irq/40-nvme0q1", 3300);
	put_thread(92, "irq/369-other", 3300);
	says("/proc/irq/36/smp_affinity_list", "unknown");
	says("/proc/irq/40/smp_affinity_list", "probably the kernel: interrupt 40 was asked for anew after the tuning");
}

static void records_that_say_nothing(void **state)
{
	static const char *const records[] = { "", "I:\n", "I:soon\n", "I:0\n", "E:I:3300000000\n" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		tree_put(dir, "run/udev/data/n7", records[i]);
		says(of_card[0], "unknown");
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_there_before_is_not_blamed), T(a_driver_loaded_again),    T(a_device_removed_and_back),
		T(an_interrupt_asked_for_anew),         T(records_that_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
