/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the lab: `vlat run vm` with a kernel and an initramfs of the user's own, in nested KVM: over macvtap with vhost and
 * pages of 1 GiB; and over a virtual function by VFIO on a host of two sockets, three nodes, dies and threads, whose card
 * hangs on the second node.  The guest answers on the wire; it, its memory and what serves it are where they belong, as
 * `vlat ps` and the kernel say; and afterwards all is as before.
 *
 *	lab_runs VLAT GUEST_OWN macvtap|vf
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cpuset.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/device.h"
#include "vm/initramfs.h"
#include "vm/kernel.h"

#define INITRD    "/tmp/own.img"
#define CARD      "0000:21:00.0" /* tests/lab/meson.build says where it hangs */
#define NEW_IRQS  "proc/irq/default_smp_affinity"
#define CONSOLE   "/tmp/own.console"
#define GUEST_MB  "512"
#define ANSWER_NS (400 * NS_PER_S) /* a boot in nested KVM, under translation, on a machine with other work */

static const char *vlat; /* argv of the program, set once by main() */
static struct vm_kernel kernel;

#define must(x)                                                                                                                  \
	do {                                                                                                                     \
		struct err e_ = { 0 }, *err = &e_;                                                                               \
		if ((x) < 0) {                                                                                                   \
			printf("FAILED: %s: %s\n", #x, e_.text);                                                                 \
			exit(1);                                                                                                 \
		}                                                                                                                \
	} while (0)
#define check(x) ((x) ? (void) 0 : (printf("FAILED: line %d: %s\n", __LINE__, #x), exit(1)))

static struct run_result tool(const char *const *words)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct run_result got = { 0 };

	argv_add_all(&argv, words);
	must(run(&got, &argv, NULL, ANSWER_NS, err));
	return got;
}
#define TOOL(...) tool((const char *const[]){ __VA_ARGS__, NULL })

static void expect(struct run_result got, int code)
{
	if (got.end.signalled || got.end.code != code)
		printf("FAILED: exit %d, not %d\n%s%s\n", got.end.code, code, got.out, got.err);
	check(!got.end.signalled && got.end.code == code);
	run_result_free(&got);
}

static void make_initrd(const char *init)
{
	static const char *const drivers[] = { "igbvf", NULL };
	const struct initramfs_wish wish = { .agent = init, .kernel = &kernel, .drivers = drivers };
	AUTO(sink_free) struct sink archive = { 0 };

	must(kernel_find(&kernel, KERNEL_GENERIC, NULL, NULL, true, err));
	must(initramfs_build(&archive, &wish, NULL, err));
	must(file_write_atomic(INITRD, archive.text, archive.len, 0644, err));
}

static json_t *record(void)
{
	struct run_result got = TOOL(vlat, "ps", "--json");
	json_t *all = json_loads(got.out, 0, NULL), *one = json_incref(json_array_get(json_object_get(all, "runs"), 0));

	json_decref(all);
	run_result_free(&got);
	check(one);
	return one;
}

static json_int_t number_of(const char *member)
{
	json_t *r = record();
	json_int_t n = json_integer_value(json_object_get(r, member));

	json_decref(r);
	return n;
}

static struct cpuset cpus_of(const char *member)
{
	json_t *r = record();
	struct cpuset s = { 0 };

	check(cpuset_parse_list(json_string_value(json_object_get(r, member)), &s) == 0);
	json_decref(r);
	return s;
}

/* One echo request out of this device; did the guest answer within two seconds? */
static bool answers(const char *dev)
{
	AUTO_CLOSE int s = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	struct sockaddr_in to = { .sin_family = AF_INET }, from;
	struct icmphdr echo = { .type = ICMP_ECHO, .un.echo.id = htons(0x7674) };
	uint64_t deadline = clock_ns() + 2 * NS_PER_S;
	socklen_t len = sizeof(from);
	char got[256];

	inet_pton(AF_INET, "198.18.0.2", &to.sin_addr);
	echo.checksum = (uint16_t) ~(htons(ICMP_ECHO << 8) + echo.un.echo.id);
	check(s >= 0 && setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, dev, (socklen_t) strlen(dev)) == 0);
	if (sendto(s, &echo, sizeof(echo), 0, (struct sockaddr *) &to, sizeof(to)) < 0)
		return false;
	while (clock_ns() < deadline) {
		struct pollfd p = { .fd = s, .events = POLLIN };

		if (poll(&p, 1, clock_left_ms(deadline)) > 0 &&
		    recvfrom(s, got, sizeof(got), 0, (struct sockaddr *) &from, &len) > 20 &&
		    from.sin_addr.s_addr == to.sin_addr.s_addr && got[20] == ICMP_ECHOREPLY)
			return true;
	}
	return false;
}

static void await_answer(const char *from)
{
	uint64_t began = clock_ns();

	while (!answers(from)) {
		if (clock_ns() - began > ANSWER_NS) {
			struct run_result got = TOOL("tail", "-c", "3000", "/tmp/vlat-state/log/own.log", CONSOLE);

			printf("FAILED: the guest does not answer\n%s\n", got.out);
			exit(1);
		}
	}
	printf("answered after %.0f s\n", (double) (clock_ns() - began) / 1e9);
}

/* What came into being after the start: seen soon after the guest's first answer, and in its place. */
static void await_settled(const char *how_many, const char *where)
{
	uint64_t deadline = clock_ns() + ANSWER_NS;
	struct cpuset house = cpus_of("emulator_cpus"), at;

	while (number_of(how_many) == 0 && clock_ns() < deadline)
		clock_sleep_ns(NS_PER_S);
	at = cpus_of(where);
	printf("%s: %d\n", how_many, (int) number_of(how_many));
	check(number_of(how_many) > 0);
	check(!cpuset_empty(&at) && cpuset_within(&at, &house));
}

/* What the guest says goes to a file, for who wants to know why it says no more. */
static void record_console(void)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct child c = CHILD_INIT;

	argv_add_all(&argv, (const char *const[]){ vlat, "console", "own", NULL });
	how.out = open(CONSOLE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	check(how.out >= 0);
	must(spawn(&c, &argv, &how, err)); /* ends with the guest */
	close(how.out);
}

static void start(const char *net, const char *pages, const char *cpus)
{
	expect(TOOL(vlat, "run", "vm", "--name", "own", "--cpus", cpus, "--memory", text_eq(pages, "1g") ? "1G" : GUEST_MB "M",
		    "--pages", pages, "--kernel", kernel.image, "--initrd", INITRD, "--append",
		    "console=ttyS0 quiet panic=-1 own=198.18.0.2", "--accelerator", "kvm", "--detach", net ? "--net" : NULL, net),
	       0);
	record_console();
}

static void end(void)
{
	expect(TOOL(vlat, "stop", "--now", "own"), 0);
	for (int i = 0; i < 2000 && access("/run/vlat/pool", F_OK) == 0; i++)
		clock_sleep_ns(100 * NS_PER_MS);
	check(access("/run/vlat/pool", F_OK) < 0);
}

static char *links(void)
{
	struct run_result got = TOOL("ls", "/sys/class/net", "/sys/bus/pci/drivers/vfio-pci");
	char *text = xstrdup(got.out);

	run_result_free(&got);
	return text;
}

static void over_macvtap(void)
{
	AUTO_FREE char *before = links(), *after = NULL;

	start("macvtap-vhost-net,dev=eth1", "1g", "1");
	check(number_of("hugepage_kb") == 1048576);
	await_answer("eth0");
	await_settled("vhost_threads", "vhost_cpus");
	end();
	after = links();
	check(text_eq(before, after));
	printf("macvtap: as wanted\n");
}

/* ---- a host of several nodes ---- */

static struct cpuset list_of(const char *path)
{
	struct cpuset s = { 0 };
	char text[256];
	struct fs root;

	must(fs_open_root(&root, "/", err));
	check(fs_readf(&root, text, sizeof(text), "%s", path + 1) >= 0 && cpuset_parse_list(text, &s) == 0);
	fs_close(&root);
	return s;
}

static struct cpuset cpus_of_node(unsigned node)
{
	AUTO_FREE char *path = xprintf("/sys/devices/system/node/node%u/cpulist", node);

	return list_of(path);
}

static struct cpuset core_of(const struct cpuset *cpus)
{
	struct cpuset all = { 0 };

	for (int c = -1; (c = cpuset_next(cpus, c)) >= 0;) {
		AUTO_FREE char *path = xprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", c);
		struct cpuset core = list_of(path);

		all = cpuset_or(&all, &core);
	}
	return all;
}

/*
 * Guest memory, by the kernel's map of QEMU: the mapping of the guest's size is bound to that node, and all that there is
 * of it lies there.  "7f.. bind:1 anon=131072 dirty=131072 active=0 N1=131072 kernelpagesize_kB=4".
 */
static void check_memory(unsigned node)
{
	AUTO_FREE char *path = xprintf("/proc/%d/numa_maps", (int) number_of("workload_pid")),
		       *bound = xprintf(" bind:%u ", node), *there = xprintf(" N%u=", node), *text = NULL;
	unsigned long pages = 0;
	char *rest, *line;

	must(file_read_all(path, 16 << 20, &text, NULL, err));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *at = strstr(line, bound) ? strstr(line, there) : NULL;

		check(!strstr(line, bound) || !strstr(line, node ? " N0=" : " N1="));
		if (at)
			pages += strtoul(at + strlen(there), NULL, 10);
	}
	printf("pages of guest memory on node %u: %lu\n", node, pages);
	check(pages >= strtoul(GUEST_MB, NULL, 10) * 256);
}

/* Where interrupts arrive that come into being from now on, unless somebody moves them. */
static char *point_interrupts(const char *mask)
{
	char before[256] = "";
	struct fs root;

	must(fs_open_root(&root, "/", err));
	check(fs_read(&root, NEW_IRQS, before, sizeof(before)) > 0 && fs_write(&root, NEW_IRQS, mask) >= 0);
	fs_close(&root);
	return xstrdup(before);
}

/* CPUs that were not named are of the card's node; whole cores are set apart for them. */
static void check_cpus(void)
{
	struct cpuset cpus = cpus_of("cpus"), node = cpus_of_node(1), core = core_of(&cpus), house = cpus_of("emulator_cpus");
	struct cpuset both = cpuset_and(&core, &house);
	char list[128];

	printf("CPUs %s\n", cpuset_list(&cpus, list, sizeof(list)));
	check(cpuset_count(&cpus) == 1 && cpuset_within(&cpus, &node));
	check(cpuset_count(&core) == 2 && cpuset_empty(&both));
}

static void over_vf(void)
{
	AUTO_FREE char *before = links(), *after = NULL, *mask = NULL;
	struct cpuset cpus;
	char wrong[64];

	start("vf,dev=eth1", "default", "1");
	check_cpus();
	check_memory(1);
	cpus = cpus_of("cpus");
	mask = point_interrupts(cpuset_mask(&cpus, 32, wrong, sizeof(wrong)));
	await_answer("eth0");
	await_settled("irqs", "irq_cpus");
	free(point_interrupts(mask));
	end();
	after = links();
	check(text_eq(before, after));
	printf("vf: as wanted\n");
}

/* vCPUs on a node without memory of its own: that is said, and the guest has its memory from elsewhere. */
static void on_bare_node(void)
{
	struct cpuset node = cpus_of_node(2);
	AUTO_FREE char *one = xprintf("%d,", cpuset_first(&node)), *log = NULL;

	start(NULL, "default", one);
	must(file_read_all("/tmp/vlat-state/log/own.log", 1 << 20, &log, NULL, err));
	printf("%s", log);
	check(strstr(log, "not bound: NUMA node 2, where the vCPUs are, has no memory"));
	end();
}

/* Asked for by name, memory comes from nowhere else. */
static void no_memory_there(const char *node, const char *words)
{
	struct run_result got = TOOL(vlat, "run", "vm", "--name", "own", "--tuning", "none", "--memory", GUEST_MB "M", "--node",
				     node, "--kernel", kernel.image, "--initrd", INITRD, "--accelerator", "kvm", "--detach");

	printf("%s", got.err);
	check(!got.end.signalled && got.end.code == 2 && strstr(got.err, words));
	run_result_free(&got);
}

/* The peer's end of the wire, for one test after the other. */
static void address(const char *word, const char *dev)
{
	expect(TOOL("ip", "address", word, "198.18.0.1/24", "dev", dev), 0);
}

static void with_address(const char *dev, void (*test)(void))
{
	address("add", dev);
	test();
	address("del", dev);
}

static void pages_and_macvtap(void)
{
	expect(TOOL("ip", "link", "set", "eth1", "up"), 0);
	with_address("eth0", over_macvtap);
}

/* The card of that host is none that the lab has made, so nobody has loaded its driver. */
static void nodes_and_vf(void)
{
	char netdev[16];
	struct fs root;

	expect(TOOL("modprobe", "igb"), 0);
	must(fs_open_root(&root, "/", err));
	check(device_await_netdev(&root, CARD, netdev, sizeof(netdev), ANSWER_NS) && text_eq(netdev, "eth1"));
	fs_close(&root);
	expect(TOOL("ip", "link", "set", "eth1", "up"), 0);
	with_address("eth0", over_vf);
	on_bare_node();
	no_memory_there("2", "NUMA node 2 has no memory: take it from 0-1");
	no_memory_there("5", "there is no NUMA node 5: this machine has 0-2");
}

static const struct {
	const char *name;
	void (*test)(void);
} tests[] = {
	{ "macvtap", pages_and_macvtap },
	{ "vf", nodes_and_vf },
};

int main(int argc, char **argv)
{
	bool found = false;

	check(argc == 4);
	setvbuf(stdout, NULL, _IOLBF, 0);
	vlat = argv[1];
	check(setenv("VLAT_STATE", "/tmp/vlat-state", 1) == 0);
	make_initrd(argv[2]);
	expect(TOOL("ip", "link", "set", "eth0", "up"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!text_eq(argv[3], tests[i].name))
			continue;
		found = true;
		tests[i].test();
	}
	check(found);
	return 0;
}
