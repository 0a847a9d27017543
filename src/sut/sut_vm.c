/* SPDX-License-Identifier: Apache-2.0 */
/* vm - the agent as the only program of a QEMU guest, with no management layer above QEMU. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "net/link.h"
#include "sut/driver.h"
#include "vm/nic.h"

/*
 * A guest under binary translation on a loaded host takes 20 s, one under KVM that is itself translated minutes: only a
 * hang takes longer, since a guest that panics or ends is noticed at once.
 */
#define BOOT_NS       (300 * NS_PER_S)
#define HELLO_NS      (60 * NS_PER_S)
#define CONSOLE_LINES 4

static int vm_available(const struct sut_wish *wish, struct err *err)
{
	struct qemu qemu;

	return qemu_find(&qemu, wish->qemu, err);
}

/* Which stock kernel a level stands for. */
static enum kernel_flavour flavour_of(const struct sut_kit *kit, enum guest_kernel kernel)
{
	if (kernel == GUEST_RT)
		return KERNEL_RT;
	return kit->wish.whole_kernel ? KERNEL_GENERIC : KERNEL_FASTEST;
}

/* Whether enough of them are free is known when a guest wants them; whether there is such a size, beforehand. */
static int check_pages(enum guest_pages pages, struct err *err)
{
	static const struct {
		const char *pool, *size, *cure;
	} rows[PAGES_SIZES] = {
		[PAGES_2M] = { "hugepages-2048kB", "2 MB", "take a kernel with CONFIG_HUGETLBFS" },
		[PAGES_1G] = { "hugepages-1048576kB", "1 GB",
			       "it takes a CPU with the flag pdpe1gb (a hypervisor may hide it) and CONFIG_HUGETLBFS in the "
			       "kernel" },
	};
	char path[96];

	if (!rows[pages].pool)
		return 0;
	(void) text_print(path, sizeof(path), "/sys/kernel/mm/hugepages/%s", rows[pages].pool);
	if (access(path, F_OK) == 0)
		return 0;
	return err_set(err, -EOPNOTSUPP, "this machine has no pages of %s (%s is missing): %s", rows[pages].size, path,
		       rows[pages].cure);
}

static int vm_fits(const struct sut_system *system, const struct sut_wish *wish, enum sut_part *ret_part, struct err *err)
{
	*ret_part = PART_KERNEL;
	if (system->kernel != GUEST_STANDARD && wish->kernel)
		return err_set(err, -EINVAL, "--kernel names the guest's kernel already: the guest kernel cannot be '%s' too",
			       guest_kernel_name(system->kernel));
	*ret_part = PART_PAGES;
	return check_pages(system->pages, err);
}

static int vm_prepare(struct sut_kit *kit, const struct sut_system *system, enum sut_part *ret_part, struct err *err)
{
	struct vm_wish wish = {
		.agent = kit->agent,
		.qemu = kit->wish.qemu,
		.kernel = kit->wish.kernel,
		.modules = kit->wish.modules,
		.accelerator = kit->wish.accelerator,
		.offline = kit->wish.offline,
		.flavour = flavour_of(kit, system->kernel),
	};

	if (kit->platforms[system->kernel])
		return 0;
	*ret_part = system->kernel == GUEST_STANDARD ? PART_SUT : PART_KERNEL;
	return vm_platform_prepare(&kit->platforms[system->kernel], &wish, kit->journal, err);
}

/* How QEMU fares, and what the guest said last. */
static void vm_explain(void *arg, char *buf, size_t cap)
{
	const struct sut *s = arg;
	AUTO_FREE char *tail = NULL;
	struct err err = { 0 };

	if (!s->vm)
		return;
	if (vm_check(s->vm, &err) < 0) { /* its sentence ends in the console's last words */
		text_print(buf, cap, "%s", err.text);
		return;
	}
	tail = vm_console_tail(s->vm, CONSOLE_LINES);
	text_print(buf, cap, "QEMU runs%s%s", tail && tail[0] ? "; the guest's console: " : ", the guest's console is silent",
		   tail ? tail : "");
}

static const struct vm_platform *platform_of(const struct sut *s)
{
	return s->kit->platforms[s->spec.system.kernel];
}

static const enum vm_pages pages_of[PAGES_SIZES] = {
	[PAGES_TUNING] = VM_PAGES_PLACEMENT, [PAGES_4K] = VM_PAGES_4K, [PAGES_2M] = VM_PAGES_2M, [PAGES_1G] = VM_PAGES_1G,
	[PAGES_AUTO] = VM_PAGES_AUTO,
};

static void fill_spec(const struct sut *s, struct vm_spec *spec)
{
	spec->platform = platform_of(s);
	spec->name = journal_run(s->kit->journal);
	spec->vcpus = s->spec.vcpus;
	spec->memory_mb = s->spec.memory_mb;
	spec->pages = pages_of[s->spec.system.pages];
	spec->isolate = !cpuset_empty(&s->spec.place.sut_cpus); /* tuned; vm_adapt() measures on the last vCPU */
	if (!s->spec.peer)
		return;
	spec->n_nics = 1;
	nic_of_wire(&spec->nics[0], &s->wire);
}

static int vm_meet(struct sut *s, struct err *err)
{
	char mac[18], address[32];
	int fd = vm_control_fd(s->vm);
	int r = vm_watch(s->vm, fd, clock_ns() + BOOT_NS, err);

	if (r < 0)
		return err_in(err, "vm: the guest's agent did not come up");
	s->agent = agent_open(&(struct agent_opts){
		.who = "the agent in the guest",
		.to = fd,
		.from = fd,
		.explain = vm_explain,
		.arg = s,
	});
	r = agent_hello(s->agent, clock_ns() + HELLO_NS, err);
	if (r < 0 || !s->spec.peer)
		return r;
	text_print(address, sizeof(address), "%s/%d", WIRE_SUT_ADDRESS, WIRE_PREFIX);
	r = agent_configure(s->agent, mac_text(&s->wire.sut_mac, mac), address, clock_ns() + HELLO_NS, err);
	/* A card of its own: the guest's driver has raised the link just now. */
	return r < 0 ? r : wire_await_peer(&s->wire, err);
}

static int vm_start_sut(struct sut *s, struct err *err)
{
	struct vm_spec spec = { 0 };
	int r;

	nic_spread(&s->spec.place, s->spec.vcpus, s->wire.queues);
	fill_spec(s, &spec);
	r = vm_start(&s->vm, &spec, &s->spec.place, s->kit->journal, err);
	if (r < 0)
		return err_in(err, "vm");
	r = vm_meet(s, err);
	return r < 0 ? r : vm_settle(s->vm, &s->spec.place, s->kit->journal, err);
}

static void vm_stop_sut(struct sut *s, uint64_t grace_ns)
{
	if (s->vm)
		vm_stop(s->vm, grace_ns, NULL);
	vm_free(s->vm);
	s->vm = NULL;
}

static int vm_tids(const struct sut *s, pid_t **ret, size_t *ret_n, struct err *err)
{
	AUTO_FREE struct vm_thread *threads = NULL;
	VEC(pid_t) tids = { 0 };
	size_t n = 0;
	int r = vm_threads(s->vm, &threads, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (threads[i].kind == VM_THREAD_VCPU)
			*vec_add(&tids) = threads[i].tid;
	*ret = tids.at;
	*ret_n = tids.n;
	return 0;
}

/* Where each thread of QEMU's runs, as the kernel says. */
static json_t *threads_json(const struct sut *s)
{
	static const char *const kinds[] = {
		[VM_THREAD_VCPU] = "vcpu", [VM_THREAD_EMULATOR] = "emulator", [VM_THREAD_VHOST] = "vhost" };
	AUTO_FREE struct vm_thread *threads = NULL;
	json_t *all = json_array();
	struct err ignored = { 0 };
	char cpus[128];
	size_t n = 0;

	if (vm_threads(s->vm, &threads, &n, &ignored) < 0)
		return all;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:i}", "kind", kinds[threads[i].kind], "name",
						     threads[i].comm, "cpus",
						     cpuset_list(&threads[i].cpus, cpus, sizeof(cpus)), "rt_priority",
						     threads[i].priority));
	return all;
}

static int memory_facts(const struct sut *s, json_t *into)
{
	const struct vm_memory *m = vm_memory(s->vm);

	return json_object_set_new(into, "guest_memory",
				   json_pack("{s:b, s:b, s:i, s:i, s:s}", "prealloc", m->prealloc, "locked", m->locked,
					     "hugepage_kb", (int) m->hugepage_kb, "node", m->node, "why", m->why));
}

static int qemu_facts(const struct sut *s, json_t *into)
{
	struct vm_rights rights = vm_rights(s->vm);
	json_t *facts = json_pack("{s:I, s:s, s:s, s:s, s:o}", "qemu_uid", (json_int_t) rights.uid, "qemu_why", rights.why,
				  "guest_words", vm_guest_words(s->vm), "guest_words_why", vm_guest_why(s->vm), "threads",
				  threads_json(s));
	int r = json_object_update_new(into, facts);

	if (r == 0 && s->wire.queues > 1)
		r = json_object_update_new(into, json_pack("{s:i, s:i}", "queues", (int) s->wire.queues, "queues_on",
							   (int) wire_queues_on(&s->wire)));
	return r;
}

static int vm_facts(const struct sut *s, json_t *into)
{
	const struct vm_platform *p = platform_of(s);
	json_t *facts = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "accelerator",
				  p->accel.kind == VM_KVM ? "kvm" : "tcg", "accelerator_why", p->accel.why,
				  "guest_clocksource", agent_facts(s->agent)->clocksource, "guest_kernel", p->kernel.version,
				  "guest_kernel_source", p->kernel.source, "qemu", p->qemu.caps.version, "vcpus",
				  (int) s->spec.vcpus, "memory_mb", (int) s->spec.memory_mb);
	int r = json_object_update_new(into, facts);

	if (r == 0)
		r = memory_facts(s, into);
	return r < 0 ? r : qemu_facts(s, into);
}

/*
 * CPU numbers and groups of the host mean nothing in the guest.  There the first vCPU keeps
 * house and the last one measures; with a single vCPU there is nothing to choose.
 */
static void vm_adapt(const struct sut *s, struct job *job)
{
	bool tuned = !cpuset_empty(&job->cpus) && s->spec.vcpus > 1;

	job->cpus = tuned ? cpuset_one(s->spec.vcpus - 1) : (struct cpuset){ 0 };
	job->group[0] = '\0';
}

const struct sut_driver sut_vm = {
	.name = "vm",
	.brief = "a KVM or QEMU guest, started by vlat itself",
	.cure = "install QEMU (apt-get install qemu-system-x86, dnf install qemu-kvm), allow one download of a guest kernel or "
		"name one with --kernel, and run vlat as root",
	.wire = WIRE_VM,
	.available = vm_available,
	.fits = vm_fits,
	.prepare = vm_prepare,
	.start = vm_start_sut,
	.stop = vm_stop_sut,
	.tids = vm_tids,
	.facts = vm_facts,
	.adapt = vm_adapt,
	.needs_root = true,
};
