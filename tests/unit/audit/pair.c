/* SPDX-License-Identifier: Apache-2.0 */
/* A host and a guest that do not fit, one row of the table after the other; and that they can fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

#include "audit/pair.h"
#include "base/fs_tree.h"

/* Both machines with nothing in them but what a row looks at. */
struct scene {
	struct machine_facts host, guest;
	struct task_fact tasks[4];
	struct qemu_task vcpus[4];
	struct qemu vm;
	struct qemus all;
	struct cpu_split split;
	struct irq_fact irq;
	struct kvm_param poll;
	char words[1024];
	struct audit *audit;
	struct fs_tree *tree;
	struct fs guest_fs;
};

static void cpus(struct cpuset *ret, const char *list)
{
	assert_int_equal(cpuset_parse_list(list, ret), 0);
}

/* A VM of as many vCPUs as there are lists in `where`, each pinned to its own; options parted by '|'. */
static void scene_open(struct scene *s, const char *options, const char *const *where)
{
	size_t n = 0, len;

	*s = (struct scene){ .vm = { .pid = 500, .name = "web", .kvm = true } };
	text_print(s->words, sizeof(s->words), "qemu|%s", options);
	len = strlen(s->words);
	for (size_t i = 0; i < len; i++)
		s->words[i] = s->words[i] == '|' ? '\0' : s->words[i];
	s->vm.argc = qemu_line_words(s->words, len + 1, &s->vm.argv);
	for (; where[n]; n++) {
		s->vcpus[n] = (struct qemu_task){ .kind = QEMU_VCPU, .index = (unsigned) n, .task = &s->tasks[n] };
		cpus(&s->tasks[n].allowed, where[n]);
	}
	s->vm.tasks = s->vcpus;
	s->vm.n_tasks = n;
	s->all = (struct qemus){ .at = &s->vm, .n = 1 };
	cpus(&s->host.host.cpu.online, "0-3");
	cpus(&s->host.host.cpu.isolated, "2-3");
	cpus(&s->guest.host.cpu.online, "0-1");
	s->split.possible = true;
	cpus(&s->split.isolated, "2-3");
	cpus(&s->split.housekeeping, "0-1");
	text_print(s->host.host.kernel.clocksource, sizeof(s->host.host.kernel.clocksource), "tsc");
	text_print(s->guest.host.kernel.clocksource, sizeof(s->guest.host.kernel.clocksource), "tsc");
	text_print(s->guest.host.kernel.machine, sizeof(s->guest.host.kernel.machine), "x86_64");
	s->poll = (struct kvm_param){ .module = "kvm", .name = "halt_poll_ns", .value = "200000" };
	s->host.kvm = (struct kvm_facts){ .params = &s->poll, .n_params = 1 };
	s->guest.virt.steal_known = true;
	s->tree = fs_tree_new();
	fs_of_tree(&s->guest_fs, s->tree, "guest");
}

static void scene_close(struct scene *s)
{
	audit_free(s->audit);
	fs_close(&s->guest_fs);
	free(s->vm.argv);
}

static const struct finding *judge(struct scene *s, const char *id)
{
	struct pair p = {
		.host = &s->host, .guest = &s->guest, .split = &s->split, .guest_fs = &s->guest_fs, .all = &s->all, .vm = &s->vm
	};

	audit_free(s->audit);
	pair_make(&s->audit, &p, id);
	assert_int_equal(s->audit->n, 1);
	return &s->audit->at[0];
}

/* cure: part of what is to be done, NULL where nothing is. */
static void is(struct scene *s, const char *id, enum audit_state state, const char *cure)
{
	const struct finding *f = judge(s, id);
	struct sink out = { 0 };
	char now[VALUE_MAX + 64];

	if (f->state != state)
		fail_msg("%s is \"%s\", not \"%s\": %s", id, audit_state_name(f->state), audit_state_name(state),
			 audit_now(f->groups[0].first, now, sizeof(now)));
	audit_cure(s->audit, f, &out);
	if (cure && (!out.text || !strstr(out.text, cure)))
		fail_msg("%s: the cure is \"%s\", without \"%s\"", id, out.text, cure);
	sink_free(&out);
}

#define OPEN(s, options, ...) scene_open(s, options, (const char *const[]){ __VA_ARGS__, NULL })
#define SMP2                  "-smp|2"

static void guest_says(struct scene *s, const char *cmdline, const char *idle)
{
	text_print(s->guest.host.kernel.cmdline, sizeof(s->guest.host.kernel.cmdline), "%s", cmdline);
	text_print(s->guest.power.idle_driver, sizeof(s->guest.power.idle_driver), "%s", idle);
}

static void test_promise(void **state)
{
	struct scene s;

	(void) state;
	OPEN(&s, SMP2 "|-cpu|host,kvm-hint-dedicated=on", "2", "3");
	is(&s, "pair.hint", AUDIT_OK, NULL);
	is(&s, "pair.pvspin", AUDIT_OK, NULL);
	is(&s, "pair.haltpoll_told", AUDIT_DIFFERS, "modprobe cpuidle-haltpoll");
	guest_says(&s, "", "haltpoll");
	is(&s, "pair.haltpoll_told", AUDIT_OK, NULL);
	scene_close(&s);
	OPEN(&s, SMP2 "|-cpu|host,kvm-hint-dedicated=on", "0-3", "3");
	is(&s, "pair.hint", AUDIT_DIFFERS, "taskset -cp CPU TID");
	s.vm.launcher = LAUNCHER_LIBVIRT;
	is(&s, "pair.hint", AUDIT_DIFFERS, "virsh vcpupin web");
	guest_says(&s, "nopvspin", "");
	is(&s, "pair.pvspin", AUDIT_DIFFERS, "take nopvspin off");
	scene_close(&s);
	OPEN(&s, SMP2 "|-cpu|host", "2", "3");
	is(&s, "pair.hint", AUDIT_DIFFERS, "kvm-hint-dedicated=on");
	is(&s, "pair.pvspin", AUDIT_DIFFERS, "kvm-hint-dedicated=on");
	guest_says(&s, "nopvspin", "");
	is(&s, "pair.pvspin", AUDIT_OK, NULL);
	s.vm.kvm = false;
	is(&s, "pair.hint", AUDIT_ABSENT, NULL);
	scene_close(&s);
	/* Two vCPUs on one CPU have none of their own. */
	OPEN(&s, SMP2 "|-cpu|host,kvm-hint-dedicated=on", "3", "3");
	is(&s, "pair.hint", AUDIT_DIFFERS, NULL);
	scene_close(&s);
}

static void test_polling(void **state)
{
	struct scene s;

	(void) state;
	OPEN(&s, SMP2 "|-cpu|host", "2", "3");
	is(&s, "pair.halt_poll", AUDIT_OK, NULL);
	guest_says(&s, "", "haltpoll");
	is(&s, "pair.halt_poll", AUDIT_DIFFERS, "kvm-poll-control=on");
	text_print(s.poll.value, sizeof(s.poll.value), "0");
	is(&s, "pair.halt_poll", AUDIT_OK, NULL);
	s.host.kvm.n_params = 0;
	is(&s, "pair.halt_poll", AUDIT_UNSEEN, NULL);
	is(&s, "pair.idle_poll", AUDIT_OK, NULL);
	guest_says(&s, "idle=poll", "");
	is(&s, "pair.idle_poll", AUDIT_OK, NULL);
	cpus(&s.tasks[1].allowed, "0-3");
	is(&s, "pair.idle_poll", AUDIT_DIFFERS, "taskset");
	scene_close(&s);
	OPEN(&s, SMP2 "|-cpu|host,kvm-poll-control=on", "2", "3");
	guest_says(&s, "", "haltpoll");
	is(&s, "pair.halt_poll", AUDIT_OK, NULL);
	scene_close(&s);
	OPEN(&s, SMP2 "|-overcommit|cpu-pm=on", "2", "3");
	guest_says(&s, "idle=poll", "");
	is(&s, "pair.idle_poll", AUDIT_DIFFERS, "take idle=poll off");
	scene_close(&s);
}

static void clock_is(const char *options, const char *inside, const char *outside, enum audit_state state, const char *cure)
{
	struct scene s;

	OPEN(&s, options, "2", "3");
	text_print(s.guest.host.kernel.clocksource, sizeof(s.guest.host.kernel.clocksource), "%s", inside);
	text_print(s.host.host.kernel.clocksource, sizeof(s.host.host.kernel.clocksource), "%s", outside);
	is(&s, "pair.clock", state, cure);
	scene_close(&s);
}

static void test_clock(void **state)
{
	(void) state;
	clock_is("-cpu|host", "tsc", "tsc", AUDIT_OK, NULL);
	clock_is("-cpu|host", "kvm-clock", "tsc", AUDIT_DIFFERS, "+invtsc");
	clock_is("-cpu|host", "hpet", "tsc", AUDIT_DIFFERS, "+invtsc");
	clock_is("-cpu|host,+invtsc", "acpi_pm", "tsc", AUDIT_DIFFERS, "write tsc to");
	clock_is("-cpu|host", "kvm-clock", "hpet", AUDIT_DIFFERS, "on the host: find out");
	clock_is("-cpu|host", "", "tsc", AUDIT_UNSEEN, NULL);
}

static void test_isolation(void **state)
{
	struct scene s;

	(void) state;
	OPEN(&s, SMP2, "0-1", "3");
	is(&s, "pair.isolated", AUDIT_ABSENT, NULL);
	is(&s, "pair.tick", AUDIT_ABSENT, NULL);
	is(&s, "pair.virtio_irq", AUDIT_ABSENT, NULL);
	/* Its vCPU 1 has a CPU set apart, and the guest uses it for everything. */
	is(&s, "pair.dedicated", AUDIT_DIFFERS, "isolcpus=managed_irq,domain,1 nohz_full=1");
	cpus(&s.guest.host.cpu.isolated, "1");
	is(&s, "pair.dedicated", AUDIT_OK, NULL);
	is(&s, "pair.isolated", AUDIT_OK, NULL);
	cpus(&s.guest.host.cpu.isolated, "0-1");
	is(&s, "pair.isolated", AUDIT_DIFFERS, "taskset");
	s.vm.n_tasks = 0;
	is(&s, "pair.isolated", AUDIT_UNSEEN, NULL);
	is(&s, "pair.dedicated", AUDIT_UNSEEN, NULL);
	scene_close(&s);
	/* Pinned, but to a CPU that is everybody's. */
	OPEN(&s, SMP2, "0", "1");
	cpus(&s.guest.host.cpu.isolated, "1");
	is(&s, "pair.isolated", AUDIT_DIFFERS, NULL);
	is(&s, "pair.dedicated", AUDIT_ABSENT, NULL);
	scene_close(&s);
}

static void test_noise(void **state)
{
	struct scene s;

	(void) state;
	OPEN(&s, SMP2, "2", "3");
	cpus(&s.guest.host.cpu.nohz_full, "1");
	is(&s, "pair.tick", AUDIT_DIFFERS, "nohz_full=2-3");
	cpus(&s.host.host.cpu.nohz_full, "3");
	is(&s, "pair.tick", AUDIT_OK, NULL);
	cpus(&s.guest.host.cpu.isolated, "1");
	s.irq = (struct irq_fact){ .nr = 24, .name = "virtio0-input.0" };
	s.guest.irq = (struct irq_facts){ .at = &s.irq, .n = 1 };
	cpus(&s.irq.effective, "0-1");
	is(&s, "pair.virtio_irq", AUDIT_DIFFERS, "write 0 to /proc/irq/N");
	cpus(&s.irq.effective, "0");
	is(&s, "pair.virtio_irq", AUDIT_OK, NULL);
	is(&s, "pair.steal", AUDIT_OK, NULL);
	s.guest.virt.steal_percent = 3;
	is(&s, "pair.steal", AUDIT_DIFFERS, "taskset");
	s.guest.virt.steal_known = false;
	is(&s, "pair.steal", AUDIT_UNSEEN, NULL);
	is(&s, "pair.realtime", AUDIT_OK, NULL);
	s.host.host.kernel.realtime = true;
	is(&s, "pair.realtime", AUDIT_DIFFERS, "linux-image-rt-amd64");
	s.guest.host.kernel.realtime = true;
	is(&s, "pair.realtime", AUDIT_OK, NULL);
	s.host.host.kernel.realtime = false;
	is(&s, "pair.realtime", AUDIT_DIFFERS, "on the host");
	is(&s, "pair.vcpus", AUDIT_OK, NULL);
	cpus(&s.guest.host.cpu.online, "0");
	is(&s, "pair.vcpus", AUDIT_DIFFERS, "cpuN/online");
	scene_close(&s);
}

static void thp(struct scene *s, const char *inside, const char *outside)
{
	text_print(s->guest.host.memory.thp, sizeof(s->guest.host.memory.thp), "%s", inside);
	text_print(s->host.host.memory.thp, sizeof(s->host.host.memory.thp), "%s", outside);
}

static void test_pages(void **state)
{
	struct scene s;

	(void) state;
	OPEN(&s, SMP2, "2", "3");
	thp(&s, "always", "never");
	is(&s, "pair.huge", AUDIT_DIFFERS, "hugetlb=on");
	thp(&s, "always", "madvise");
	is(&s, "pair.huge", AUDIT_OK, NULL);
	s.guest.host.memory.n_huge = 1;
	s.guest.host.memory.huge[0] = (struct huge_pool){ .kb = 2048, .total = 64 };
	is(&s, "pair.huge", AUDIT_DIFFERS, "hugetlb=on");
	scene_close(&s);
	OPEN(&s, SMP2 "|-object|memory-backend-memfd,id=m,size=1G,hugetlb=on", "2", "3");
	s.guest.host.memory.n_huge = 1;
	s.guest.host.memory.huge[0] = (struct huge_pool){ .kb = 2048, .total = 64 };
	thp(&s, "always", "never");
	is(&s, "pair.huge", AUDIT_OK, NULL);
	scene_close(&s);
}

static void test_memory_taken(void **state)
{
	const struct fs_tree_entry driver = { .path = "sys/bus/virtio/drivers/virtio_balloon/virtio2",
					      .kind = FS_DIR,
					      .mode = 0755 };
	struct scene s;

	(void) state;
	OPEN(&s, SMP2 "|-m|1G", "2", "3");
	s.guest.host.memory.total_bytes = 512 << 20;
	is(&s, "pair.balloon", AUDIT_ABSENT, NULL);
	assert_int_equal(fs_tree_add(s.tree, &driver), 0);
	is(&s, "pair.balloon", AUDIT_DIFFERS, "QEMU: -nodefaults");
	s.guest.host.memory.total_bytes = 980 << 20;
	is(&s, "pair.balloon", AUDIT_OK, NULL);
	is(&s, "pair.swap", AUDIT_OK, NULL);
	s.guest.host.memory.swap_bytes = s.guest.host.memory.swap_free_bytes = 1 << 30;
	is(&s, "pair.swap", AUDIT_OK, NULL);
	s.host.host.memory.swap_bytes = 1 << 30;
	is(&s, "pair.swap", AUDIT_DIFFERS, "mem-lock=on");
	s.host.host.memory.swap_bytes = 0;
	s.guest.host.memory.swap_free_bytes = 0;
	is(&s, "pair.swap", AUDIT_DIFFERS, "swapoff");
	scene_close(&s);
}

/* No finding without an explanation, a source and a cure; ids are the pairs' own, and sorted within a family. */
static void test_table(void **state)
{
	const struct knob *k;
	size_t n = 0;

	(void) state;
	for (; (k = pair_at(n)); n++) {
		assert_true(text_starts(k->id, "pair."));
		assert_ptr_equal(pair_find(k->id), k);
		assert_null(knob_find_any(k->id));
		assert_true(k->title && k->why && k->cost && k->source && k->cure);
		assert_true(k->role[ROLE_VM_HOST].want && k->role[ROLE_VM_HOST].effect);
		assert_false(text_ends(k->why, ".") || text_ends(k->cure, "."));
	}
	assert_int_equal(n, 16);
	assert_null(pair_find("pair.none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promise),      cmocka_unit_test(test_polling), cmocka_unit_test(test_clock),
		cmocka_unit_test(test_isolation),    cmocka_unit_test(test_noise),   cmocka_unit_test(test_pages),
		cmocka_unit_test(test_memory_taken), cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
