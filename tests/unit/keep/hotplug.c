/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of devices that come, whom it concerns, and the steps of an applied plan that are made for them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../hosts/compare.h"
#include "../../hosts/tree.h"
#include "keep/groups.h"
#include "keep/hotplug.h"
#include "tune/internal.h"

#define MESSAGE(text) text, sizeof(text) - 1 /* the NUL at the end of the literal is not the message's */

static void events_are_read(void **state)
{
	struct uevent e;

	(void) state;
	assert_true(uevent_parse(MESSAGE("online@/devices/system/cpu/cpu3\0ACTION=online\0DEVPATH=/devices/system/cpu/cpu3\0"
					 "SUBSYSTEM=cpu\0SEQNUM=4711\0"),
				 &e));
	assert_string_equal(e.action, "online");
	assert_int_equal(e.cpu, 3);
	assert_true(uevent_parse(
		MESSAGE("add@/devices/pci0000:00/0000:00:1c.0/0000:02:00.1/net/eth1\0ACTION=add\0"
			"DEVPATH=/devices/pci0000:00/0000:00:1c.0/0000:02:00.1/net/eth1\0SUBSYSTEM=net\0INTERFACE=eth1\0"),
		&e));
	assert_string_equal(e.address, "0000:02:00.1");
	assert_string_equal(e.interface, "eth1");
	assert_int_equal(e.cpu, -1);
	assert_true(uevent_parse(MESSAGE("bind@/devices/pci0000:00/0000:00:03.0/virtio0\0ACTION=bind\0"
					 "DEVPATH=/devices/pci0000:00/0000:00:03.0/virtio0\0SUBSYSTEM=virtio\0"),
				 &e));
	assert_string_equal(e.address, "0000:00:03.0");
}

static void others_are_not(void **state)
{
	struct uevent e = { .cpu = 77 };

	(void) state;
	assert_false(uevent_parse(MESSAGE(""), &e));
	assert_false(uevent_parse(MESSAGE("libudev\0\xfe\xed\xca\xfe"), &e));
	assert_false(uevent_parse(MESSAGE("add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0"), &e)); /* no subsystem */
	assert_false(uevent_parse(MESSAGE("add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=ne"), &e)); /* cut */
	assert_false(uevent_parse(MESSAGE("add@/devices/x\0ACTION=add\0DEVPATH=x\0SUBSYSTEM=net\0"), &e));
	assert_false(uevent_parse(MESSAGE("add@/devices/x"), &e));
	assert_int_equal(e.cpu, 77); /* left as it was */
}

static struct uevent event(const char *subsystem, const char *action, const char *address, int cpu)
{
	struct uevent e = { .cpu = cpu };

	text_print(e.subsystem, sizeof(e.subsystem), "%s", subsystem);
	text_print(e.action, sizeof(e.action), "%s", action);
	text_print(e.address, sizeof(e.address), "%s", address);
	return e;
}

static bool noted(struct came *c, const char *subsystem, const char *action, const char *address, int cpu)
{
	struct uevent e = event(subsystem, action, address, cpu);

	return came_note(c, &e);
}

static void only_what_matters_is_noted(void **state)
{
	struct came c = { 0 };

	(void) state;
	assert_false(noted(&c, "block", "add", "0000:00:01.0", -1));
	assert_false(noted(&c, "net", "remove", "0000:00:01.0", -1));
	assert_false(noted(&c, "net", "add", "", -1)); /* a veth */
	assert_false(noted(&c, "cpu", "change", "", 1));
	assert_true(noted(&c, "cpu", "offline", "", 2));
	assert_true(noted(&c, "net", "add", "0000:00:01.0", -1));
	assert_true(noted(&c, "pci", "bind", "0000:00:01.0", -1));
	assert_int_equal(c.n_cards, 1);
	assert_false(c.all);
	for (int i = 0; i < 40; i++) {
		char address[16];

		text_print(address, sizeof(address), "0000:01:%02x.0", (unsigned) i % 32u);
		noted(&c, "net", "add", i < 32 ? address : "0000:02:00.0", -1);
	}
	assert_true(c.all); /* more than can be told apart: everything is looked at */
}

static void a_cpu_has_its_files(void **state)
{
	struct came c = { 0 };
	char dir[64];
	struct fs fs;

	(void) state;
	tree_open("two-cpu-vm", dir, &fs);
	tree_put(dir, "sys/devices/system/cpu/cpufreq/policy0/related_cpus", "0 1\n");
	tree_put(dir, "sys/devices/system/cpu/cpufreq/policy2/related_cpus", "2-3\n");
	noted(&c, "cpu", "online", "", 1);
	assert_true(came_concerns(&c, &fs, "sys/devices/system/cpu/cpu1/cpuidle/state2/disable"));
	assert_false(came_concerns(&c, &fs, "sys/devices/system/cpu/cpu10/cpuidle/state2/disable"));
	assert_true(came_concerns(&c, &fs, "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"));
	assert_false(came_concerns(&c, &fs, "sys/devices/system/cpu/cpufreq/policy2/scaling_governor"));
	assert_true(came_concerns(&c, &fs, "proc/irq/36/smp_affinity_list"));
	assert_false(came_concerns(&c, &fs, "proc/sys/vm/swappiness"));
	assert_false(came_concerns(&c, &fs, "sys/bus/pci/devices/0000:00:03.0"));
	noted(&c, "net", "add", "0000:00:03.0", -1);
	assert_true(came_concerns(&c, &fs, "sys/bus/pci/devices/0000:00:03.0"));
	assert_false(came_concerns(&c, &fs, "sys/bus/pci/devices/0000:00:03.1"));
	tree_close(dir, &fs);
}

/* ---- a plan that is applied ---- */

struct lab {
	char dir[64], original[64], state[80];
	struct fs fs, untouched;
	struct host_facts facts;
	struct cpu_split split;
	struct journal *j;
	struct plan *p;
};

static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	struct err err = { 0 };

	unsetenv("VLAT_LEAVE_ALONE");
	tree_open("two-cpu-vm", lab->dir, &lab->fs);
	tree_open("two-cpu-vm", lab->original, &lab->untouched);
	text_print(lab->state, sizeof(lab->state), "%s.state", lab->dir);
	setenv("VLAT_STATE", lab->state, 1);
	if (host_facts_read(&lab->fs, &lab->facts, &err) < 0 || journal_open(&lab->j, "unit test", &err) < 0)
		return -1;
	split_propose(&lab->facts.cpu, &lab->split);
	if (plan_make(&lab->p, &lab->fs, &lab->facts, &lab->split, NULL, &err) < 0 || plan_apply(lab->p, lab->j, &err) < 0)
		return -1;
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	plan_free(lab->p);
	journal_close(lab->j, &err);
	host_facts_free(&lab->facts);
	tree_close(lab->dir, &lab->fs);
	tree_close(lab->original, &lab->untouched);
	dir_remove_all(lab->state);
	free(lab);
	return 0;
}

static void holds(const struct lab *lab, const char *path, const char *want)
{
	char now[128];

	assert_true(fs_read(&lab->fs, path, now, sizeof(now)) >= 0);
	if (!text_eq(now, want))
		fail_msg("%s is %s, not %s", path, now, want);
}

static void new_irq(const char *dir, unsigned nr)
{
	char path[96];

	text_print(path, sizeof(path), "proc/irq/%u/new-rx/", nr);
	tree_put(dir, path, "");
	text_print(path, sizeof(path), "proc/irq/%u/smp_affinity_list", nr);
	tree_put(dir, path, "0-1\n");
	text_print(path, sizeof(path), "proc/irq/%u/effective_affinity_list", nr);
	tree_put(dir, path, "1\n");
}

struct concern {
	const struct came *came;
	const struct fs *fs;
};

static bool concerns(void *arg, const char *knob, const char *path)
{
	const struct concern *c = arg;

	(void) knob;
	return came_concerns(c->came, c->fs, path);
}

static int renew(struct lab *lab, const struct came *came)
{
	struct concern c = { .came = came, .fs = &lab->fs };
	struct err err = { 0 };
	int r = plan_renew(lab->p, &lab->facts, concerns, &c, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return r;
}

/* A driver is loaded: its card's interrupt is moved; another's, and what an administrator has changed, are left alone. */
static void a_card_comes(void **state)
{
	struct lab *lab = *state;
	struct came came = { 0 };
	struct err err = { 0 };

	holds(lab, "proc/sys/kernel/timer_migration", "0");
	assert_int_equal(fs_write(&lab->fs, "proc/sys/kernel/timer_migration", "1\n"), 0);
	new_irq(lab->dir, 98);
	new_irq(lab->dir, 99);
	tree_put(lab->dir, "sys/bus/pci/devices/0000:00:09.0/msi_irqs/99", "msix\n");
	noted(&came, "net", "add", "0000:00:09.0", -1);
	assert_int_equal(renew(lab, &came), 1);
	holds(lab, "proc/irq/99/smp_affinity_list", "0");
	holds(lab, "proc/irq/98/smp_affinity_list", "0-1");
	holds(lab, "proc/sys/kernel/timer_migration", "1");
	assert_int_equal(renew(lab, &came), 0); /* is so already */
	assert_int_equal(fs_write(&lab->fs, "proc/sys/kernel/timer_migration", "0\n"), 0);
	assert_int_equal(plan_verify(lab->p, &err), 0); /* which looks at the new one too */
	tree_put(lab->dir, "proc/irq/99/smp_affinity_list", "1\n");
	assert_int_equal(plan_verify(lab->p, &err), 1);
	tree_put(lab->dir, "proc/irq/99/smp_affinity_list", "0\n");
	assert_int_equal(plan_revert(lab->p, &err), 0);
	holds(lab, "proc/irq/99/smp_affinity_list", "0-1");
}

/* The CPU comes back with the kernel's own settings: made again, and undone to what was there first. */
static void a_cpu_comes_back(void **state)
{
	struct lab *lab = *state;
	struct came came = { 0 };
	struct err err = { 0 };

	holds(lab, "proc/irq/36/smp_affinity_list", "0");
	tree_put(lab->dir, "proc/irq/36/smp_affinity_list", "0-1\n"); /* the kernel's choice when its only CPU goes */
	noted(&came, "cpu", "online", "", 0);
	assert_true(renew(lab, &came) >= 1);
	holds(lab, "proc/irq/36/smp_affinity_list", "0");
	assert_int_equal(plan_verify(lab->p, &err), 0);
	tree_put(lab->dir, "proc/irq/36/smp_affinity_list", "1\n"); /* and once more, otherwise */
	assert_true(renew(lab, &came) >= 1);
	holds(lab, "proc/irq/36/smp_affinity_list", "0");
	assert_int_equal(plan_revert(lab->p, &err), 0);
	assert_int_equal(compare_trees(lab->original, lab->dir), 0);
}

static void new_group(const char *dir, const char *name, const char *cpus)
{
	AUTO_FREE char *list = xprintf("sys/fs/cgroup/cpuset/%s/cpuset.cpus", name);
	AUTO_FREE char *procs = xprintf("sys/fs/cgroup/cpuset/%s/cgroup.procs", name);

	tree_put(dir, list, cpus);
	tree_put(dir, procs, "");
}

/* The first login makes user.slice: confined as those that were there; one with CPUs of its own was given them on purpose. */
static void a_group_comes(void **state)
{
	struct lab *lab = *state;
	struct came came = { 0 };
	struct err err = { 0 };
	char dir[512];

	assert_false(plan_confined_groups(lab->p, dir, sizeof(dir)));
	lab->p->grouped = true; /* as on a running machine: in a copy no group can be made */
	assert_true(plan_confined_groups(lab->p, dir, sizeof(dir)));
	assert_true(text_starts(dir, lab->dir) && text_ends(dir, "/sys/fs/cgroup/cpuset"));
	new_group(lab->dir, "user.slice", "0-1\n");
	new_group(lab->dir, "machine.slice", "\n"); /* as a group is made: nobody has given it any */
	new_group(lab->dir, "latency", "1\n");
	new_group(lab->dir, "unseen", "0-1\n");
	came_note_group(&came, "user.slice");
	came_note_group(&came, "machine.slice");
	came_note_group(&came, "latency");
	assert_int_equal(came.n_groups, 3);
	assert_int_equal(renew(lab, &came), 2);
	holds(lab, "sys/fs/cgroup/cpuset/user.slice/cpuset.cpus", "0");
	holds(lab, "sys/fs/cgroup/cpuset/machine.slice/cpuset.cpus", "0");
	holds(lab, "sys/fs/cgroup/cpuset/latency/cpuset.cpus", "1");
	holds(lab, "sys/fs/cgroup/cpuset/unseen/cpuset.cpus", "0-1");
	assert_int_equal(renew(lab, &came), 0);
	assert_int_equal(plan_verify(lab->p, &err), 0);
	/* It goes and comes again: one entry in the journal, which undoes to what was there first. */
	new_group(lab->dir, "user.slice", "0-1\n");
	assert_int_equal(plan_verify(lab->p, &err), 1);
	assert_int_equal(renew(lab, &came), 1);
	came.any_group = true;
	assert_int_equal(renew(lab, &came), 2); /* docker's, too: not the container's, whose CPUs were chosen */
	holds(lab, "sys/fs/cgroup/cpuset/docker/1a2b/cpuset.cpus", "1");
	holds(lab, "sys/fs/cgroup/cpuset/unseen/cpuset.cpus", "0");
	assert_int_equal(plan_revert(lab->p, &err), 0);
	holds(lab, "sys/fs/cgroup/cpuset/user.slice/cpuset.cpus", "0-1");
	holds(lab, "sys/fs/cgroup/cpuset/unseen/cpuset.cpus", "0-1");
	holds(lab, "sys/fs/cgroup/cpuset/latency/cpuset.cpus", "1");
	assert_false(plan_confined_groups(lab->p, dir, sizeof(dir))); /* it is not in force */
}

static void note_name(void *arg, const char *name)
{
	came_note_group(arg, name);
}

/* The kernel tells of folders, of nothing else, and of all of them. */
static void new_folders_are_heard(void **state)
{
	char dir[] = "/tmp/vlat-groups-XXXXXX";
	struct came came = { 0 };
	struct err err = { 0 };
	int fd = -1;

	(void) state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(groups_open(dir, &fd, &err), 0);
	assert_int_equal(groups_hear(fd, note_name, &came), 0);
	assert_int_equal(came.n_groups, 0);
	tree_put(dir, "a.slice/below/cpuset.cpus", "0\n");
	tree_put(dir, "file", "x");
	tree_put(dir, "b.slice/", "");
	assert_int_equal(groups_hear(fd, note_name, &came), 0);
	assert_int_equal(came.n_groups, 2);
	assert_string_equal(came.groups[0], "a.slice");
	assert_string_equal(came.groups[1], "b.slice");
	for (unsigned i = 0; i < 20; i++) {
		char name[16];

		text_print(name, sizeof(name), "c%u/", i);
		tree_put(dir, name, "");
	}
	assert_int_equal(groups_hear(fd, note_name, &came), 0);
	assert_true(came.any_group);
	close(fd);
	dir_remove_all(dir);
	assert_true(groups_open(dir, &fd, &err) < 0);
	assert_non_null(strstr(err.text, dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_read),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(only_what_matters_is_noted),
		cmocka_unit_test(a_cpu_has_its_files),
		cmocka_unit_test_setup_teardown(a_card_comes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cpu_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_group_comes, set_up, tear_down),
		cmocka_unit_test(new_folders_are_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
