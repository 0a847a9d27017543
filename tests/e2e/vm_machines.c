/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machines as people ask for them: huge pages of a size, a real-time kernel, an emulated card, a disk that boots
 * itself, a console to talk to; and that QEMU has no rights meanwhile.  In the lab (LAB is set) the same under
 * nested KVM, with pages of 1 GiB, vhost-net and a whole card (lab/run --nic e1000e).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "e2e.h"
#include "net/link.h"
#include "net/netns.h"
#include "net/vfio.h"
#include "sut/agent_client.h"
#include "vm/pages.h"
#include "vm/vm.h"

#define BOOT_NS    (400 * NS_PER_S)
#define MAC        "52:54:00:12:34:56"
#define LAB_MAC    "52:54:00:aa:00:01"
#define DISK_BYTES ((size_t) 1 << 20) /* below a cylinder the firmware sees no disk */

static const char *agent_path;
static bool in_lab;
static struct vm_platform *platform;
static int tap_ns;

static bool has(const char *text, const char *word)
{
	if (strstr(text, word))
		return true;
	printf("no '%s' in: %s\n", word, text);
	return false;
}

/* A network namespace that lives as long as its fd and what is in it: nobody else ever sees it. */
static int own_namespace(void *arg, struct err *err)
{
	*(int *) arg = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return *(int *) arg < 0 ? err_sys(err, -errno, "namespace") : 0;
}

static uint64_t pool(unsigned kb)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct err e = { 0 };
	char path[96];
	uint64_t n = 0;

	must(fs_open_root(&fs, "/", &e));
	(void) text_print(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%ukB/nr_hugepages", kb);
	check(fs_read_u64(&fs, path, &n) >= 0);
	return n;
}

static char *of_process(pid_t pid, const char *file)
{
	AUTO_FREE char *path = xprintf("/proc/%d/%s", (int) pid, file);
	struct err e = { 0 };
	char *text = NULL;

	must(file_read_all(path, 16 << 20, &text, NULL, &e));
	return text;
}

/* By the kernel's own account: a user nobody is, no capability but one, no way back, filtered system calls. */
static void check_rights(const struct vm *vm)
{
	AUTO_FREE char *status = of_process(vm_pid(vm), "status"), *uid = NULL, *dev = NULL;
	struct vm_rights rights = vm_rights(vm);
	struct stat st;

	printf("# QEMU runs as user %u%s%s\n", (unsigned) rights.uid, *rights.why ? ": " : "", rights.why);
	check(rights.uid != 0 || *rights.why);
	if (rights.uid == 0)
		return;
	uid = xprintf("Uid:\t%u\t%u\t%u\t%u\n", rights.uid, rights.uid, rights.uid, rights.uid);
	check(has(status, uid) && has(status, "NoNewPrivs:\t1") && has(status, "Seccomp:\t2"));
	check(strstr(status, "CapEff:\t0000000000000000") || has(status, "CapEff:\t0000000000004000"));
	check(strstr(status, "CapBnd:\t0000000000000000") || has(status, "CapBnd:\t0000000000004000"));
	if (*rights.why)
		return; /* no /dev of its own */
	dev = xprintf("/proc/%d/root/dev/urandom", (int) vm_pid(vm));
	check(stat(dev, &st) == 0);
	free(dev);
	dev = xprintf("/proc/%d/root/dev/mem", (int) vm_pid(vm));
	check(stat(dev, &st) < 0 && errno == ENOENT);
}

/* All of guest memory, by the map of QEMU's address space. */
static void check_pages(const struct vm *vm, unsigned kb, unsigned memory_mb)
{
	AUTO_FREE char *maps = of_process(vm_pid(vm), "smaps"), *page = xprintf("KernelPageSize: %8u kB", kb),
		       *all = xprintf("Hugetlb:%*u kB", 8, memory_mb * 1024);

	check(vm_memory(vm)->hugepage_kb == kb && vm_memory(vm)->prealloc);
	check(has(maps, page));
	if (!strstr(maps, all)) {
		AUTO_FREE char *wide = xprintf("Hugetlb: %7u kB", memory_mb * 1024);

		check(has(maps, wide));
	}
}

static struct vm_platform *prepared(enum kernel_flavour flavour, const char *accelerator)
{
	struct vm_wish wish = { .agent = agent_path, .flavour = flavour, .accelerator = accelerator };
	struct vm_platform *p;
	struct err e = { 0 };
	int r = vm_platform_prepare(&p, &wish, NULL, &e);

	if (r == -ENOENT || r == -ENETUNREACH)
		e2e_skip("%s", e.text);
	e2e_must(r, &e, "vm_platform_prepare");
	return p;
}

/* The real-time kernel; in the lab under KVM, which was seen booting the kernel that boots fastest. */
static void prepare(void)
{
	platform = prepared(KERNEL_RT, "tcg");
	if (in_lab) {
		struct vm_platform *fast = prepared(KERNEL_FASTEST, "kvm");

		platform->accel = fast->accel;
		vm_platform_free(fast);
	}
	printf("# QEMU %s; kernel %s; drivers: %s; %s\n", platform->qemu.caps.version, platform->kernel.version,
	       platform->drivers, platform->accel.why);
}

/* In the lab with as many queues as vCPUs, a vhost for each. */
static void fill_nic(struct vm_nic *nic)
{
	struct err e = { 0 };

	*nic = (struct vm_nic){ .kind = in_lab ? VM_NIC_VIRTIO : VM_NIC_E1000E, .mac = MAC, .queues = in_lab ? 2 : 1 };
	must(netns_try(own_namespace, &tap_ns, &e));
	must(tap_make(tap_ns, "tap0", nic->tap_fd, nic->queues, &e));
	nic->vhost = in_lab;
	for (unsigned i = 0; in_lab && i < nic->queues; i++)
		must(vhost_net_open(&nic->vhost_fd[i], &e));
}

/* vhost fds, too: until they are closed the kernel keeps QEMU's memory, and with it the card. */
static void close_nic(const struct vm_nic *nic)
{
	for (unsigned i = 0; i < nic->queues; i++) {
		close(nic->tap_fd[i]);
		if (in_lab)
			close(nic->vhost_fd[i]);
	}
	close(tap_ns);
}

static unsigned queues_on(void)
{
	struct err e = { 0 };
	unsigned n = 0;

	must(tap_queues(tap_ns, "tap0", &n, &e));
	return n;
}

/* The lab's first card, whole: taken from its driver, put back by the journal. */
static void give_card(struct vm_nic *nic, struct journal *j)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct vfio_device device;
	struct err e = { 0 };
	char link[256], *address;

	must(fs_open_root(&fs, "/", &e));
	check(fs_readlink(&fs, "sys/class/net/eth0/device", link, sizeof(link)) > 0);
	address = strrchr(link, '/') + 1;
	must(vfio_bind(&device, j, address, false, &e));
	*nic = (struct vm_nic){ .kind = VM_NIC_VFIO };
	(void) text_print(nic->host, sizeof(nic->host), "%s", device.address);
}

/* Its interrupts came when the guest's driver was up, and went where the emulator is. */
static void check_card_irqs(const struct vm_nic *nic, const struct placement *place)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	AUTO(fs_list_free) struct fs_names irqs = { 0 };
	struct err e = { 0 };
	char path[80];

	must(fs_open_root(&fs, "/", &e));
	(void) text_print(path, sizeof(path), "sys/bus/pci/devices/%s/msi_irqs", nic->host);
	check(fs_list(&fs, path, &irqs) >= 0 && irqs.n > 0);
	for (size_t i = 0; i < irqs.n; i++) {
		struct cpuset cpus;

		(void) text_print(path, sizeof(path), "proc/irq/%s/smp_affinity_list", irqs.at[i]);
		check(fs_read_cpulist(&fs, path, &cpus) >= 0 && cpuset_equal(&cpus, &place->emulator_cpus));
	}
}

/* A worker for each queue, each on a CPU of its own of the emulator's. */
static void check_vhost_threads(const struct vm *vm, const struct placement *place)
{
	AUTO_FREE struct vm_thread *t = NULL;
	struct cpuset used = { 0 };
	struct err e = { 0 };
	unsigned found = 0;
	size_t n;

	must(vm_threads(vm, &t, &n, &e));
	for (size_t i = 0; i < n; i++) {
		if (t[i].kind != VM_THREAD_VHOST)
			continue;
		check(cpuset_count(&t[i].cpus) == 1);
		used = cpuset_or(&used, &t[i].cpus);
		found++;
	}
	check(found == 2 && cpuset_equal(&used, &place->emulator_cpus));
}

/* The guest's accesses go through such pages, too: KVM's own count of what it maps; else those of QEMU would be for nothing. */
static void check_nested_pages(const struct vm *vm)
{
	AUTO_FREE char *start = xprintf("%d-", (int) vm_pid(vm));
	AUTO(fs_close) struct fs fs = { .root = -1 };
	AUTO(fs_list_free) struct fs_names vms = { 0 };
	struct err e = { 0 };
	uint64_t n = 0;

	(void) mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL); /* the lab's own; it may be there */
	must(fs_open_root(&fs, "/", &e));
	check(fs_list(&fs, "sys/kernel/debug/kvm", &vms) >= 0);
	for (size_t i = 0; i < vms.n; i++) {
		AUTO_FREE char *path = xprintf("sys/kernel/debug/kvm/%s/pages_1g", vms.at[i]);

		if (text_starts(vms.at[i], start))
			check(fs_read_u64(&fs, path, &n) >= 0);
	}
	printf("# KVM maps %u pages of 1 GiB\n", (unsigned) n);
	check(n > 0);
}

/* The guest's own account: which kernel it is, that its card is there, and how many vCPUs it was to isolate. */
static void meet(struct vm *vm, const struct placement *place, struct journal *j)
{
	struct err e = { 0 };
	struct agent *a;

	must(vm_watch(vm, vm_control_fd(vm), clock_ns() + BOOT_NS, &e));
	a = agent_open(&(struct agent_opts){ .who = "the guest", .to = vm_control_fd(vm), .from = vm_control_fd(vm) });
	must(agent_hello(a, clock_ns() + BOOT_NS, &e));
	printf("# guest: kernel %s, clocksource %s\n", agent_facts(a)->kernel, agent_facts(a)->clocksource);
	check(has(agent_facts(a)->kernel, "-rt-"));
	check(json_is_true(json_object_get(agent_facts(a)->hello, "realtime")));
	check(agent_facts(a)->ncpus == 2);
	must(agent_configure(a, MAC, "198.18.0.2/24", clock_ns() + BOOT_NS, &e));
	if (in_lab)
		must(agent_configure(a, LAB_MAC, "198.18.1.2/24", clock_ns() + BOOT_NS, &e));
	must(vm_settle(vm, place, j, &e));
	if (in_lab)
		check_nested_pages(vm);
	agent_bye(a);
	agent_close(a);
}

/* Large pages that were not there before, a real-time kernel, a card, two vCPUs of which one is set apart. */
static void test_machine(void)
{
	unsigned kb = in_lab ? HUGE_1G_KB : HUGE_2M_KB, memory_mb = in_lab ? 2048 : 256; /* the first GiB has holes */
	uint64_t before = pool(kb);
	struct vm_spec spec = { .name = "e2e",
				.vcpus = 2,
				.memory_mb = memory_mb,
				.pages = in_lab ? VM_PAGES_1G : VM_PAGES_2M,
				.n_nics = 1,
				.isolate = true };
	struct placement place = { 0 };
	struct err e = { 0 };
	struct vm_end end;
	struct journal *j;
	struct vm *vm;

	prepare();
	check(cpuset_get_affinity(0, &place.sut_cpus) == 0);
	place.emulator_cpus = in_lab ? place.sut_cpus : cpuset_one(0);
	spec.platform = platform;
	fill_nic(&spec.nics[0]);
	must(journal_open(&j, "e2e vm machines", &e));
	if (in_lab)
		give_card(&spec.nics[spec.n_nics++], j);
	must(vm_start(&vm, &spec, &place, j, &e));
	check(queues_on() == 1); /* no driver is there yet */
	check(text_starts(vm_guest_words(vm), "isolcpus=managed_irq,domain,1 "));
	check_rights(vm);
	check_pages(vm, kb, memory_mb);
	meet(vm, &place, j);
	if (in_lab) {
		check(queues_on() == 2);
		check_vhost_threads(vm, &place);
		check_card_irqs(&spec.nics[1], &place);
	}
	vm_stop(vm, BOOT_NS, &end);
	check(text_eq(end.how, "by itself"));
	vm_free(vm);
	close_nic(&spec.nics[0]);
	must(journal_close(j, &e));
	check(pool(kb) == before); /* given back */
	printf("ok machine: pages of %u kB, real-time kernel, %s\n", kb, in_lab ? "vhost-net with two queues under KVM" : "e1000e");
}

/*
 * A whole operating system: says a word on the serial line, then gives back whatever it hears.
 *
 *	xor ax, ax; mov ds, ax; cld; mov si, 0x7c22
 *	1: lodsb; test al, al; jz 2f; mov dx, 0x3f8; out dx, al; jmp 1b
 *	2: mov dx, 0x3fd; 3: in al, dx; test al, 1; jz 3b; mov dx, 0x3f8; in al, dx; out dx, al; jmp 2b
 */
static const unsigned char boot_sector[] = {
	0x31, 0xc0, 0x8e, 0xd8, 0xfc, 0xbe, 0x22, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xba,
	0xf8, 0x03, 0xee, 0xeb, 0xf5, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb, 0xba,
	0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1, 'b',  'o',  'o',  't',  'e',  'd',  '\n', 0,
};

/* Readable by nobody but root, in a folder that nobody but root may enter, with a name that no option could hold. */
static void make_disk(char folder[64], char path[96])
{
	AUTO_FREE unsigned char *image = xalloc(DISK_BYTES, 1);
	struct err e = { 0 };

	memcpy(image, boot_sector, sizeof(boot_sector));
	image[510] = 0x55;
	image[511] = 0xaa;
	(void) text_print(folder, 64, "/tmp/vlat-disk-XXXXXX");
	check(mkdtemp(folder));
	(void) text_print(path, 96, "%s/a disk,x=y\n.raw", folder);
	must(file_write_atomic(path, image, DISK_BYTES, 0600, &e));
}

static int dial(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) text_print(un.sun_path, sizeof(un.sun_path), "%s", path);
	check(fd >= 0 && connect(fd, (const struct sockaddr *) &un, sizeof(un)) == 0);
	return fd;
}

/* What is typed comes back: both directions work. */
static void check_echo(const struct vm *vm, int fd)
{
	uint64_t deadline = clock_ns() + BOOT_NS;
	char byte = 0;

	for (AUTO_FREE char *tail = NULL; !tail || !strstr(tail, "booted");) {
		check(clock_ns() < deadline);
		clock_sleep_ns(100 * NS_PER_MS);
		free(tail);
		tail = vm_console_tail(vm, 100);
	}
	check(write(fd, "q", 1) == 1);
	while (byte != 'q')
		check(read(fd, &byte, 1) == 1);
}

/* A disk that boots itself needs no kernel of the distribution: nothing is unpacked here, and nothing downloaded. */
static struct vm_platform *prepare_bare(void)
{
	struct vm_wish wish = { .agent = agent_path, .kernel = "/nowhere/vmlinuz", .own = true };
	struct vm_platform *p = NULL;
	struct err e = { 0 };

	must(vm_platform_prepare(&p, &wish, NULL, &e));
	check(!p->kernel.image[0]);
	check(!in_lab || p->accel.kind == VM_KVM);
	printf("# without a kernel: %s\n", p->accel.why);
	return p;
}

static void test_disk(void)
{
	char folder[64], path[96], console[96];
	struct vm_spec spec = { .name = "disk", .vcpus = 1, .memory_mb = 64 };
	struct vm_platform *bare = prepare_bare();
	struct err e = { 0 };
	struct journal *j;
	struct stat st;
	struct vm *vm;
	int fd;

	make_disk(folder, path);
	(void) text_print(console, sizeof(console), "%s/console", folder);
	spec.platform = bare;
	spec.disk = (struct vm_disk){ .path = path };
	spec.console = console;
	must(journal_open(&j, "e2e vm disk", &e));
	must(vm_start(&vm, &spec, NULL, j, &e));
	check_rights(vm);
	check(stat(console, &st) == 0 && (st.st_mode & 0777) == 0600);
	fd = dial(console);
	check_echo(vm, fd);
	must(vm_powerdown(vm, &e));
	must(vm_check(vm, &e)); /* this one does not know of power buttons */
	close(fd);
	vm_free(vm);
	check(stat(console, &st) < 0);
	spec.disk.format = VM_DISK_QCOW2;
	check(vm_start(&vm, &spec, NULL, j, &e) == -EINVAL && has(e.text, "said to be qcow2"));
	must(journal_close(j, &e));
	dir_remove_all(folder);
	vm_platform_free(bare);
	printf("ok disk: boots itself, console answers\n");
}

/* Killed with its pages just made: they are given back by revert. */
static void start_and_wait(struct journal *j)
{
	struct vm_spec spec = { .platform = platform, .name = "e2e", .vcpus = 1, .memory_mb = 64, .pages = VM_PAGES_2M };
	struct err e = { 0 };
	struct vm *vm;

	must(vm_start(&vm, &spec, NULL, j, &e));
	e2e_ready(j);
}

static void test_killed(void)
{
	uint64_t before = pool(HUGE_2M_KB);

	e2e_killed(start_and_wait);
	check(pool(HUGE_2M_KB) == before);
	printf("ok huge pages given back after SIGKILL\n");
}

int main(int argc, char **argv)
{
	agent_path = argc > 1 ? argv[1] : "";
	if (access(agent_path, X_OK) < 0) {
		fprintf(stderr, "usage: vm_machines VLAT_AGENT\n");
		return 2;
	}
	in_lab = getenv("LAB") != NULL;
	e2e_begin("vm-machines");
	test_machine();
	test_disk();
	if (!in_lab)
		test_killed();
	vm_platform_free(platform);
	e2e_end();
	return 0;
}
