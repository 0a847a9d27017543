/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the lab: eth0 is an igb with seven virtual functions, eth1 a virtio card,
 * both on one switch; two e1000 share an IOMMU group.  After every step, however it ended, all must be as it
 * was: names, addresses, drivers, numbers of functions.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/iommu.h"
#include "host/pci.h"
#include "journal/device.h"
#include "journal/netdev.h"
#include "journal/undo.h"
#include "net/link.h"
#include "net/sriov_ask.h"
#include "net/wire.h"

#define FUNCTIONS   7
#define PATIENCE_MS 120000

static struct fs machine;

static void fail(const char *what, const struct err *err)
{
	printf("FAILED: %s: %s\n", what, err ? err->text : "");
	exit(1);
}
#define must(x)                                                                                                                  \
	do {                                                                                                                     \
		struct err e_ = { 0 }, *err = &e_;                                                                               \
		if ((x) < 0)                                                                                                     \
			fail(#x, &e_);                                                                                           \
	} while (0)
#define check(x) ((x) ? (void) 0 : fail(#x, NULL))

static void remark(enum log_level level, const char *text)
{
	if (level != LOG_DEBUG_)
		printf("remark: %s\n", text);
}

/* ---- what there is ---- */

static void put_card(struct sink *out, const char *name)
{
	char text[NETDEV_TEXT_MAX], address[PCI_ADDRESS_MAX];
	struct netdev_state s;
	struct pci_device d;
	struct err err = { 0 };

	if (netdev_read(name, &s, &err) < 0 || pci_of_netdev(&machine, name, address, &err) < 0 ||
	    pci_read(&machine, address, &d, &err) < 0) {
		sink_printf(out, "%s: %s\n", name, err.text);
		return;
	}
	sink_printf(out, "%s; driver %s override '%s' functions %u\n", netdev_text(&s, text), d.driver, d.override, d.vfs);
}

static char *snapshot(void)
{
	char probing[16] = "";
	struct fs_names names = { 0 };
	struct sink out = { 0 };

	put_card(&out, "eth0");
	put_card(&out, "eth1");
	(void) fs_readf(&machine, probing, sizeof(probing), "sys/class/net/eth0/device/sriov_drivers_autoprobe");
	sink_printf(&out, "probing %s\n", probing);
	if (fs_list(&machine, "sys/class/net", &names) == 0)
		for (size_t i = 0; i < names.n; i++)
			sink_printf(&out, "link %s\n", names.at[i]);
	fs_list_free(&names);
	if (fs_list(&machine, "run/netns", &names) == 0)
		for (size_t i = 0; i < names.n; i++)
			sink_printf(&out, "namespace %s\n", names.at[i]);
	fs_list_free(&names);
	return out.text;
}

static void same_again(const char *before, const char *after_what)
{
	AUTO_FREE char *now = snapshot();

	if (!text_eq(before, now)) {
		printf("FAILED: after %s\nbefore:\n%snow:\n%s", after_what, before, now);
		exit(1);
	}
	printf("%s: as before\n", after_what);
}

/* ---- packets ---- */

static int udp_socket(void *arg, struct err *err)
{
	*(int *) arg = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return *(int *) arg < 0 ? err_sys(err, -errno, "socket") : 0;
}

static struct sockaddr_in at(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9123) };

	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

/* A port that has just been reset may lose the first ones: asked again, until the patience is over. */
static void talk(int from_ns, int to_ns, const char *to)
{
	struct sockaddr_in there = at(to);
	int asks = -1, hears = -1;
	char buf[16];

	must(netns_run(from_ns, udp_socket, &asks, err));
	must(netns_run(to_ns, udp_socket, &hears, err));
	check(bind(hears, (struct sockaddr *) &there, sizeof(there)) == 0);
	for (int left = PATIENCE_MS; left > 0; left -= 500) {
		struct pollfd p = { .fd = hears, .events = POLLIN };

		(void) sendto(asks, "ask", 3, 0, (struct sockaddr *) &there, sizeof(there));
		if (poll(&p, 1, 500) == 1 && recv(hears, buf, sizeof(buf), 0) == 3)
			left = -1;
		if (left == 500)
			fail(to, NULL);
	}
	close(asks);
	close(hears);
}

static void talk_both(const struct wire *w)
{
	talk(w->peer_ns, w->sut_ns, WIRE_SUT_ADDRESS);
	talk(w->sut_ns, w->peer_ns, WIRE_PEER_ADDRESS);
}

/* ---- steps ---- */

static void wire(struct wire *ret, struct journal *j, enum wire_sut sut, const char *text)
{
	struct datapath_wish wish;

	must(datapath_parse(text, &wish, err));
	must(wire_make_over(ret, j, sut, &wish, err));
}

static void one_wire(enum wire_sut sut, const char *text, bool packets)
{
	AUTO_FREE char *before = snapshot();
	struct journal *j;
	struct wire w;

	must(journal_open(&j, "lab", err));
	wire(&w, j, sut, text);
	if (packets)
		talk_both(&w);
	check(packets || w.vfio.address[0]);
	if (w.vfio.address[0])
		check(access(w.vfio.node, R_OK) == 0);
	wire_close(&w);
	same_again(before, text);
	must(journal_close(j, err));
	same_again(before, text);
}

/* Namespaces without a name, each with one function; they end with their fd. */
static int own_namespace(void *arg, struct err *err)
{
	*(int *) arg = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return *(int *) arg < 0 ? err_sys(err, -errno, "namespace") : 0;
}

static void into_namespace(struct sriov *s, struct vf *vf, unsigned nr, int *ret_ns)
{
	struct net *here = NULL, *there = NULL;
	char netdev[16], address[16];
	int host;

	must(netns_try(own_namespace, ret_ns, err));
	must(own_namespace(&host, err));
	must(vf_bind_network(s, vf, netdev, err));
	must(net_open(&here, host, err));
	must(link_move(here, netdev, *ret_ns, "eth0", err));
	must(net_open(&there, *ret_ns, err));
	must(link_set(there, "eth0", &(struct link_wish){ .up = true }, err));
	snprintf(address, sizeof(address), "198.18.0.%u", 10 + nr);
	must(link_address(there, "eth0", address, 24, err));
	must(link_await_for(there, "eth0", false, (uint64_t) PATIENCE_MS * NS_PER_MS, err));
	net_close(here);
	net_close(there);
	close(host);
}

static void seven_at_once(void)
{
	const struct sriov_wish wish = {
		.pf = "0000:01:00.0",
		.need = FUNCTIONS,
		.attributes = { .set = VF_VLAN | VF_SPOOFCHK | VF_TRUST, .vlan = 7, .spoofchk = true, .trust = true },
	};
	AUTO_FREE char *before = snapshot();
	struct vf vf[FUNCTIONS];
	int ns[FUNCTIONS];
	char address[16];
	struct journal *j;
	struct sriov *s;

	must(journal_open(&j, "lab", err));
	must(sriov_open(&s, &machine, j, &wish, err));
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		must(sriov_take(s, &vf[i], err));
		into_namespace(s, &vf[i], i, &ns[i]);
	}
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		snprintf(address, sizeof(address), "198.18.0.%u", 10 + (i + 1) % FUNCTIONS);
		talk(ns[i], ns[(i + 1) % FUNCTIONS], address);
	}
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		vf_give_back(s, &vf[i]);
		close(ns[i]);
	}
	sriov_close(s);
	must(journal_close(j, err));
	same_again(before, "seven functions in seven namespaces");
}

/* ---- deaths ---- */

static unsigned set_before_death;

/* Not a driver anywhere, and none will come by itself, until all functions have their attributes. */
static void check_not_probing(void)
{
	char text[16] = "", driver[64];

	if (fs_readf(&machine, text, sizeof(text), "sys/class/net/eth0/device/sriov_drivers_autoprobe") < 0 || !text_eq(text, "0"))
		_exit(3);
	for (unsigned i = 0; i < 4; i++) {
		char address[PCI_ADDRESS_MAX];

		if (pci_vf_address(&machine, "0000:01:00.0", i, address, NULL) < 0)
			_exit(4);
		device_driver(&machine, address, driver, sizeof(driver));
		if (driver[0])
			_exit(5);
	}
}

static int set_or_die(void *arg, const char *netdev, unsigned vf, const struct vf_wish *wish, struct err *err)
{
	check_not_probing();
	if (vf == set_before_death)
		raise(SIGKILL);
	return sriov_rtnetlink.set(arg, netdev, vf, wish, err);
}

static void die_half_made(void)
{
	struct sriov_ops ops = sriov_rtnetlink;
	int here = -1;
	const struct sriov_wish wish = { .pf = "0000:01:00.0", .need = 4, .ops = &ops, .arg = &here };
	struct journal *j;
	struct sriov *s;

	ops.set = set_or_die;
	set_before_death = 2;
	must(journal_open(&j, "lab", err));
	must(sriov_open(&s, &machine, j, &wish, err));
}

static void die_container_vf(void)
{
	struct journal *j;
	struct wire w;

	must(journal_open(&j, "lab", err));
	wire(&w, j, WIRE_CONTAINER, "vf,dev=eth0,peer=pf");
	raise(SIGKILL);
}

static void die_vm_vf(void)
{
	struct journal *j;
	struct wire w;

	must(journal_open(&j, "lab", err));
	wire(&w, j, WIRE_VM, "vf,dev=eth0,vfs=7");
	raise(SIGKILL);
}

static void die_vm_pf(void)
{
	struct journal *j;
	struct wire w;

	must(journal_open(&j, "lab", err));
	wire(&w, j, WIRE_VM, "pf,dev=eth0,peer=eth1");
	raise(SIGKILL);
}

static void die_container_pf(void)
{
	struct journal *j;
	struct wire w;

	must(journal_open(&j, "lab", err));
	wire(&w, j, WIRE_CONTAINER, "pf,dev=eth1,peer=eth0");
	raise(SIGKILL);
}

static void killed(void (*doomed)(void), const char *what)
{
	struct revert_options options = { .run = NULL };
	AUTO_FREE char *before = snapshot();
	struct revert_report report = { 0 };
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		doomed();
		_exit(1);
	}
	check(waitpid(pid, &status, 0) == pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail(what, NULL);
	must(journal_revert(&options, &report, err));
	for (size_t i = 0; i < report.n; i++)
		for (size_t k = 0; k < report.at[i].report.n; k++)
			printf("  %s: %s: %s\n", undo_state_name(report.at[i].report.at[k].state), report.at[i].report.at[k].what,
			       report.at[i].report.at[k].text);
	check(report.n == 1 && revert_clean(&report));
	check(report.at[0].report.count[UNDO_DONE] > 0);
	revert_report_free(&report);
	same_again(before, what);
}

/* ---- refusals, as the kernel's own state makes them ---- */

static void refused(enum wire_sut sut, const char *text, const char *why)
{
	struct datapath_wish wish;
	struct err told = { 0 };

	must(datapath_parse(text, &wish, err));
	if (datapath_available(&machine, &wish, sut, &told) >= 0 || !strstr(told.text, why))
		fail(text, &told);
	printf("%s: refused: %s\n", text, told.text);
}

static void words(const char *const *argv)
{
	struct argv a = { 0 };
	struct run_result r = { 0 };

	argv_add_all(&a, argv);
	must(run(&r, &a, NULL, 60 * NS_PER_S, err));
	if (r.end.signalled || r.end.code)
		fail(r.err, NULL);
	run_result_free(&r);
	argv_free(&a);
}
#define WORDS(...) words((const char *const[]){ __VA_ARGS__, NULL })

/* The first of two cards behind one old bridge. */
static void refuse_shared_group(void)
{
	struct pci_devices all;
	struct err told = { 0 };
	bool refused_one = false;

	must(pci_network_devices(&machine, &all, err));
	for (size_t i = 0; i < all.n && !refused_one; i++) {
		if (!text_eq(all.at[i].driver, "e1000"))
			continue;
		refused_one = vfio_check(&machine, all.at[i].address, false, &told) < 0 &&
			      strstr(told.text, "is not viable while the host drives its other members") &&
			      strstr(told.text, "(e1000, eth");
		if (!refused_one)
			fail("a group of several", &told);
	}
	pci_devices_free(&all);
	check(refused_one);
	printf("refused: %s\n", told.text);
}

static void refusals(void)
{
	struct err told = { 0 };
	struct journal *j;
	struct wire w;
	int group;

	refused(WIRE_VM, "vf,dev=eth0,vfs=8", "it has 7 at most");
	refused(WIRE_VM, "vf,dev=eth1", "has no virtual functions (SR-IOV)");
	refused(WIRE_CONTAINER, "vf,dev=eth7", "no network device eth7");
	refuse_shared_group();
	must(journal_open(&j, "lab", err));
	wire(&w, j, WIRE_VM, "vf,dev=eth0");
	refused(WIRE_VM, "vf,dev=01:10.0", "name the port it belongs to");
	refused(WIRE_VM, "pf,dev=eth0,peer=none", "has 2 virtual functions, which would lose their port");
	refused(WIRE_VM, "vf,dev=eth0,peer=none", "0 of them are free");
	group = open(w.vfio.node, O_RDWR | O_CLOEXEC);
	check(group >= 0);
	if (vfio_check(&machine, w.vfio.address, false, &told) >= 0 || !strstr(told.text, "is open in process"))
		fail("a group in use", &told);
	printf("refused: %s\n", told.text);
	if (journal_undo_to(j, 0, &told) >= 0 || !strstr(told.text, "is open in process"))
		fail("undo of a group in use", &told);
	close(group);
	wire_close(&w);
	must(journal_close(j, err));
	WORDS("modprobe", "-r", "vfio_iommu_type1");
	refused(WIRE_VM, "vf,dev=eth0", "modprobe vfio_iommu_type1");
	WORDS("modprobe", "-r", "vfio_pci");
	refused(WIRE_VM, "vf,dev=eth0", "modprobe vfio-pci");
	WORDS("modprobe", "vfio_pci");
	WORDS("modprobe", "vfio_iommu_type1");
	must(journal_open(&j, "lab", err));
	wire(&w, j, WIRE_VM, "pf,dev=eth0,peer=none");
	refused(WIRE_CONTAINER, "vf,dev=01:00.0", "given away to vfio-pci");
	wire_close(&w);
	must(journal_close(j, err));
	WORDS("ip", "route", "add", "default", "dev", "eth0");
	refused(WIRE_VM, "pf,dev=eth0,peer=eth1", "carries this host's default route");
	refused(WIRE_CONTAINER, "vf,dev=eth0", "carries this host's default route");
	WORDS("ip", "route", "del", "default", "dev", "eth0");
}

int main(void)
{
	AUTO_FREE char *before = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_install(remark);
	setenv("VLAT_STATE", "/tmp/vlat-lab-state", 1);
	must(fs_open_root(&machine, "/", err));
	WORDS("modprobe", "igbvf");
	WORDS("modprobe", "e1000");
	WORDS("ip", "link", "set", "eth0", "up");
	WORDS("ip", "address", "add", "198.18.5.1/24", "dev", "eth0");
	before = snapshot();
	printf("%s", before);
	one_wire(WIRE_CONTAINER, "vf,dev=eth0,vlan=7,trust=on,spoofchk=on", true);
	one_wire(WIRE_CONTAINER, "pf,dev=eth0,peer=eth1", true);
	one_wire(WIRE_VM, "vf", false);
	seven_at_once();
	killed(die_half_made, "killed with functions half made");
	killed(die_container_vf, "killed with a function and its port in namespaces");
	killed(die_vm_vf, "killed with a function at vfio-pci, five idle");
	killed(die_vm_pf, "killed with the card at vfio-pci");
	killed(die_container_pf, "killed with both cards in namespaces");
	refusals();
	same_again(before, "everything");
	printf("all devices are as they were\n");
	fs_close(&machine);
	return 0;
}
