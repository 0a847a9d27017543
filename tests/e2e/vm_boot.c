/* SPDX-License-Identifier: Apache-2.0 */
/* Real guests: booted, placed, panicking, hanging, killed; and what cannot be booted at all. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "e2e.h"
#include "vm/accel.h"
#include "vm/initramfs.h"
#include "vm/vm.h"
#include "workload/protocol.h"

#define BOOT_NS (400 * NS_PER_S)
#define SOON_NS (100 * NS_PER_S) /* no boot was waited for, whatever else this machine does */

static const char *agent_path, *bad_init_path;
static struct vm_platform *platform;

static struct vm_spec plain(void)
{
	return (struct vm_spec){ .platform = platform, .name = "e2e", .vcpus = 1, .memory_mb = 256 };
}

static bool has(const char *text, const char *word)
{
	if (strstr(text, word))
		return true;
	printf("no '%s' in: %s\n", word, text);
	return false;
}

/* The machine under a test that needs one: a run, and nothing left of it. */
struct scene {
	struct journal *j;
	struct snapshot before;
	char run[16];
};

static void scene_begin(struct scene *s, const char *why)
{
	struct err e = { 0 };

	snapshot_take(&s->before, NULL);
	must(journal_open(&s->j, why, &e));
	(void) text_print(s->run, sizeof(s->run), "%s", journal_run(s->j));
}

static void scene_end(struct scene *s, const char *name)
{
	struct err e = { 0 };

	must(journal_close(s->j, &e));
	e2e_clean(&s->before, s->run);
	snapshot_free(&s->before);
	printf("ok %s\n", name);
}

/* The slow parts are slow once. */
static void test_platform(void)
{
	struct vm_wish wish = { .agent = agent_path };
	struct vm_platform *again;
	struct err e = { 0 };
	uint64_t began;
	int r = vm_platform_prepare(&platform, &wish, NULL, &e);

	if (r == -ENOENT || r == -ENETUNREACH)
		e2e_skip("%s", e.text);
	e2e_must(r, &e, "vm_platform_prepare");
	printf("# QEMU %s; kernel %s (%s); %s\n", platform->qemu.caps.version, platform->kernel.version, platform->kernel.source,
	       platform->accel.why);
	check(platform->accel.kind == VM_KVM ? has(platform->accel.why, "booted in") : has(platform->accel.why, "TCG"));
	began = clock_ns();
	must(vm_platform_prepare(&again, &wish, NULL, &e));
	if (again->accel.kind == VM_TCG) /* a /dev/kvm that cannot be used is asked each time, and how long its answer took is told */
		memcpy(again->accel.why, platform->accel.why, sizeof(again->accel.why));
	check(memcmp(again, platform, sizeof(*again)) == 0);
	printf("# prepared again in %.0f ms\n", (double) (clock_ns() - began) / 1e6);
	vm_platform_free(again);
	wish.accelerator = "xen";
	check(vm_platform_prepare(&again, &wish, NULL, &e) == -EINVAL && has(e.text, "'xen'"));
	wish.accelerator = "kvm";
	r = vm_platform_prepare(&again, &wish, NULL, &e);
	check(platform->accel.kind == VM_KVM ? r == 0 : r == -ENODEV && has(e.text, "/dev/kvm"));
	if (r == 0)
		vm_platform_free(again);
	printf("ok platform\n");
}

static struct placement tuned(void)
{
	struct placement p = { .sut_fifo = 10, .emulator_fifo = 20, .lock_memory = true };
	struct cpuset all;

	check(cpuset_get_affinity(0, &all) == 0);
	p.sut_cpus = cpuset_one((unsigned) cpuset_last(&all));
	p.emulator_cpus = cpuset_one((unsigned) cpuset_first(&all));
	return p;
}

static bool may_be_fifo(void)
{
	struct sched_param p = { .sched_priority = 1 }, other = { 0 };
	bool may = sched_setscheduler(0, SCHED_FIFO, &p) == 0;

	sched_setscheduler(0, SCHED_OTHER, &other);
	return may;
}

/* By the kernel's own account, thread by thread. */
static void check_placed(const struct vm *vm, const struct placement *p)
{
	AUTO_FREE struct vm_thread *t = NULL;
	struct err e = { 0 };
	unsigned vcpus = 0;
	size_t n;

	must(vm_threads(vm, &t, &n, &e));
	for (size_t i = 0; i < n; i++) {
		bool vcpu = t[i].kind == VM_THREAD_VCPU;
		const struct cpuset *cpus = vcpu ? &p->sut_cpus : &p->emulator_cpus;
		int fifo = vcpu ? p->sut_fifo : p->emulator_fifo;

		check(cpuset_equal(&t[i].cpus, cpus));
		check(t[i].priority == fifo && t[i].policy == (fifo ? SCHED_FIFO : SCHED_OTHER));
		check(!vcpu || text_starts(t[i].comm, "CPU 0/"));
		vcpus += vcpu;
	}
	check(vcpus == 1 && n >= 3);
}

static uint64_t locked_kb(pid_t pid)
{
	AUTO_FREE char *path = xprintf("/proc/%d/status", (int) pid);
	char text[SNAPSHOT_STATE_MAX], *at;

	check(snapshot_read(path, text));
	at = strstr(text, "VmLck:");
	return at ? strtoull(at + 6, NULL, 10) : 0;
}

static void say_bye(const struct vm *vm)
{
	AUTO_JSON json_t *hello = json_pack("{s:s, s:i}", "type", "hello", "protocol", PROTOCOL_VERSION);
	AUTO_JSON json_t *bye = json_pack("{s:s}", "type", "bye");
	struct err e = { 0 };

	must(frame_send(vm_control_fd(vm), hello, clock_ns() + 5 * NS_PER_S, &e));
	must(frame_send(vm_control_fd(vm), bye, clock_ns() + 5 * NS_PER_S, &e));
}

static void test_life(void)
{
	struct placement p = tuned();
	struct vm_spec spec = plain();
	struct err e = { 0 };
	struct scene s;
	struct vm_end end;
	struct vm *vm;
	uint64_t began;

	if (!may_be_fifo()) {
		printf("# SCHED_FIFO is refused here: placed without it\n");
		p.sut_fifo = p.emulator_fifo = 0;
	}
	scene_begin(&s, "e2e vm life");
	began = clock_ns();
	must(vm_start(&vm, &spec, &p, s.j, &e));
	check_placed(vm, &p); /* before the guest has done anything */
	check(vm_memory(vm)->prealloc && (!vm_memory(vm)->locked || locked_kb(vm_pid(vm)) >= 256 * 1024));
	must(accel_await_hello(vm, began + BOOT_NS, &e));
	printf("# hello after %.1f s\n", (double) (clock_ns() - began) / 1e9);
	check_placed(vm, &p); /* and what it started later inherits it */
	must(vm_check(vm, &e));
	say_bye(vm);
	vm_stop(vm, BOOT_NS, &end);
	check(text_eq(end.how, "by itself") && !end.end.signalled && end.end.code == 0);
	vm_stop(vm, 0, &end);
	check(text_eq(end.how, "by itself")); /* a second stop does nothing */
	check(vm_check(vm, &e) == -ESHUTDOWN);
	vm_free(vm);
	scene_end(&s, "life: boot, hello, placement, bye");
}

/* A platform whose init misbehaves, and whose kernel lies in a folder with an awkward name. */
static void make_bad(struct vm_platform *bad, char folder[64])
{
	AUTO_FREE char *kernel = NULL;
	struct err e = { 0 };
	size_t len;

	*bad = *platform;
	must(initramfs_file(&(struct initramfs_wish){ .agent = bad_init_path, .kernel = &bad->kernel }, bad->initrd,
			    sizeof(bad->initrd), NULL, &e));
	(void) text_print(folder, 64, "/tmp/vlat, e2e=on XXXXXX");
	check(mkdtemp(folder));
	must(file_read_all(platform->kernel.image, 64 << 20, &kernel, &len, &e));
	(void) text_print(bad->kernel.image, sizeof(bad->kernel.image), "%s/a kernel,x=y", folder);
	must(file_write_atomic(bad->kernel.image, kernel, len, 0644, &e));
}

static void test_panic(void)
{
	struct vm_platform bad;
	struct vm_spec spec = plain();
	struct err e = { 0 };
	struct scene s;
	struct vm *vm;
	char folder[64];

	scene_begin(&s, "e2e vm panic");
	make_bad(&bad, folder);
	spec.platform = &bad;
	spec.append = "test=panic";
	must(vm_start(&vm, &spec, NULL, s.j, &e));
	check(vm_watch(vm, vm_control_fd(vm), clock_ns() + BOOT_NS, &e) == -EIO);
	printf("# %s\n", e.text);
	check(has(e.text, "the guest kernel panicked: Attempted to kill init!"));
	vm_free(vm);
	dir_remove_all(folder);
	scene_end(&s, "panic");
}

static void await_console(const struct vm *vm, const char *word)
{
	uint64_t deadline = clock_ns() + BOOT_NS;

	for (AUTO_FREE char *tail = NULL; !tail || !strstr(tail, word); tail = vm_console_tail(vm, 1)) {
		check(clock_ns() < deadline);
		clock_sleep_ns(100 * NS_PER_MS);
		free(tail);
	}
}

static void test_hang(void)
{
	struct vm_platform bad = *platform;
	struct vm_spec spec = plain();
	AUTO_FREE char *tail = NULL;
	struct err e = { 0 };
	struct scene s;
	struct vm_end end;
	struct vm *vm;

	scene_begin(&s, "e2e vm hang");
	must(initramfs_file(&(struct initramfs_wish){ .agent = bad_init_path, .kernel = &bad.kernel }, bad.initrd,
			    sizeof(bad.initrd), NULL, &e));
	spec.platform = &bad;
	must(vm_start(&vm, &spec, NULL, s.j, &e));
	await_console(vm, "for ever");
	check(vm_watch(vm, vm_control_fd(vm), clock_ns() + 2 * NS_PER_S, &e) == -ETIME);
	printf("# %s\n", e.text);
	check(has(e.text, "did not answer within") && has(e.text, "s of CPU time") && has(e.text, "going to sleep | for ever"));
	tail = vm_console_tail(vm, 1);
	check(text_eq(tail, "for ever"));
	vm_stop(vm, 0, &end);
	check((text_eq(end.how, "quit") || text_eq(end.how, "SIGTERM")) && end.end.code == 0); /* the latter on a slow machine */
	vm_free(vm);
	scene_end(&s, "hang");
}

/* QEMU is killed while somebody waits; and one that hears nothing any more is ended all the same, in bounded time. */
static void test_deaths(void)
{
	struct vm_spec spec = plain();
	struct err e = { 0 };
	struct scene s;
	struct vm_end end;
	struct vm *vm;
	uint64_t began;

	scene_begin(&s, "e2e vm deaths");
	must(vm_start(&vm, &spec, NULL, s.j, &e));
	check(kill(vm_pid(vm), SIGKILL) == 0);
	began = clock_ns();
	check(vm_watch(vm, vm_control_fd(vm), clock_ns() + BOOT_NS, &e) == -EIO);
	printf("# %s\n", e.text);
	check(has(e.text, "SIGKILL") && clock_ns() - began < SOON_NS);
	vm_free(vm);
	must(vm_start(&vm, &spec, NULL, s.j, &e));
	check(kill(vm_pid(vm), SIGSTOP) == 0);
	began = clock_ns();
	vm_stop(vm, 0, &end);
	check(text_eq(end.how, "SIGKILL") && end.end.signalled && clock_ns() - began < SOON_NS);
	vm_free(vm);
	vm_free(NULL);
	scene_end(&s, "deaths");
}

static void refuse(struct vm_spec spec, const struct placement *p, int code, const char *word)
{
	struct vm *vm = NULL;
	struct err e = { 0 };

	check(vm_start(&vm, &spec, p, NULL, &e) < 0);
	printf("# %s\n", e.text);
	check(!vm && (!code || e.code == code) && has(e.text, word));
}

static void test_refusals(void)
{
	struct placement p = tuned();
	struct vm_platform bad = *platform;
	struct vm_spec spec = plain();

	spec.platform = &bad;
	(void) text_print(bad.kernel.image, sizeof(bad.kernel.image), "/nonexistent/vmlinuz");
	refuse(spec, NULL, -ENOENT, "/nonexistent/vmlinuz");
	bad = *platform;
	(void) text_print(bad.accel.cpu, sizeof(bad.accel.cpu), "no-such-cpu");
	refuse(spec, NULL, -EIO, "no-such-cpu");
	bad = *platform;
	spec.vcpus = 2;
	refuse(spec, &p, -EINVAL, "starve");
	spec = plain();
	p.sut_cpus = cpuset_one(CPUSET_MAX - 1);
	refuse(spec, &p, 0, "4095");
	spec.name = "a,b";
	refuse(spec, NULL, -EINVAL, "a,b");
	printf("ok refusals\n");
}

/* A modules folder with one damaged file: said by name, before anything boots. */
static void test_broken_module(void)
{
	struct vm_wish wish = { .agent = agent_path, .kernel = platform->kernel.image, .offline = true };
	char folder[] = "/tmp/vlat-e2e-modules-XXXXXX";
	AUTO_FREE char *pci = NULL;
	struct vm_platform *p;
	struct err e = { 0 };

	check(mkdtemp(folder));
	pci = xprintf("%s/virtio_pci.ko", folder);
	wish.modules = folder;
	check(vm_platform_prepare(&p, &wish, NULL, &e) == -ENOENT && has(e.text, "virtio_pci"));
	printf("# %s\n", e.text);
	must(file_write_atomic(pci, "\177ELF and nothing else", 21, 0644, &e));
	check(vm_platform_prepare(&p, &wish, NULL, &e) == -ENOEXEC && has(e.text, pci));
	printf("# %s\n", e.text);
	dir_remove_all(folder);
	wish.kernel = "/nonexistent/vmlinuz";
	check(vm_platform_prepare(&p, &wish, NULL, &e) == -ENOENT && has(e.text, "/nonexistent/vmlinuz"));
	wish = (struct vm_wish){ .agent = agent_path, .qemu = "/nonexistent/qemu" };
	check(vm_platform_prepare(&p, &wish, NULL, &e) == -ENOENT && has(e.text, "/nonexistent/qemu"));
	printf("ok broken module, missing kernel, missing QEMU\n");
}

static void start_and_wait(struct journal *j)
{
	struct vm_spec spec = plain();
	struct err e = { 0 };
	struct vm *vm;

	must(vm_start(&vm, &spec, NULL, j, &e));
	e2e_ready(j);
}

int main(int argc, char **argv)
{
	agent_path = argc > 2 ? argv[1] : "";
	bad_init_path = argc > 2 ? argv[2] : "";
	if (access(agent_path, X_OK) < 0 || access(bad_init_path, X_OK) < 0) {
		fprintf(stderr, "usage: vm_boot VLAT_AGENT VM_INIT\n");
		return 2;
	}
	e2e_begin("vm");
	test_platform();
	test_life();
	test_panic();
	test_hang();
	test_deaths();
	test_refusals();
	test_broken_module();
	e2e_killed(start_and_wait);
	printf("ok revert after SIGKILL\n");
	vm_platform_free(platform);
	e2e_end();
	return 0;
}
