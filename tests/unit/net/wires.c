/* SPDX-License-Identifier: Apache-2.0 */
/* Wires really made, where this machine can: packets arrive, nothing is left, and what cannot be had is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "net/link.h"
#include "net/wire.h"

#define PATIENCE_MS 20000

struct lab {
	char state[64];
	struct journal *j;
};

static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	struct err err = { 0 };

	strcpy(lab->state, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab->state))
		return -1;
	setenv("VLAT_STATE", lab->state, 1);
	*state = lab;
	return journal_open(&lab->j, "unit test", &err);
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	int r = journal_close(lab->j, &err);

	dir_remove_all(lab->state);
	free(lab);
	return r;
}

/* False, with the reason printed, where the kernel or the rights for it are missing. */
static bool make(struct lab *lab, const char *text, enum wire_sut sut, struct wire *ret)
{
	struct datapath_wish wish;
	struct err err = { 0 };
	struct fs fs;
	int r;

	if (geteuid() != 0) {
		print_message("skipped: %s needs root\n", text);
		return false;
	}
	if (datapath_parse(text, &wish, &err) < 0 || fs_open_root(&fs, "/", &err) < 0)
		fail_msg("%s", err.text);
	r = datapath_available(&fs, &wish, sut, &err);
	fs_close(&fs);
	if (r < 0) {
		print_message("skipped: %s: %s\n", text, err.text);
		assert_true(wire_make_over(ret, lab->j, sut, &wish, &(struct err){ 0 }) < 0);
		return false;
	}
	if (wire_make_over(ret, lab->j, sut, &wish, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return true;
}

static int udp_socket(void *arg, struct err *err)
{
	int *fd = arg;

	*fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return *fd < 0 ? err_sys(err, -errno, "socket") : 0;
}

static int socket_in(int ns)
{
	struct err err = { 0 };
	int fd = -1;

	if (netns_run(ns, udp_socket, &fd, &err) < 0)
		fail_msg("%s", err.text);
	return fd;
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9123) };

	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

/* A datagram from the peer's namespace to the SUT's, and its answer. */
static void talk(const struct wire *w)
{
	struct sockaddr_in sut = address(WIRE_SUT_ADDRESS), from;
	socklen_t len = sizeof(from);
	char buf[16] = "";
	int here = socket_in(w->peer_ns), there = socket_in(w->sut_ns);
	struct pollfd p = { .fd = there, .events = POLLIN };

	assert_int_equal(bind(there, (struct sockaddr *) &sut, sizeof(sut)), 0);
	assert_int_equal(sendto(here, "ask", 3, 0, (struct sockaddr *) &sut, sizeof(sut)), 3);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(recvfrom(there, buf, sizeof(buf), 0, (struct sockaddr *) &from, &len), 3);
	assert_string_equal(inet_ntoa(from.sin_addr), WIRE_PEER_ADDRESS);
	assert_int_equal(sendto(there, "told", 4, 0, (struct sockaddr *) &from, len), 4);
	p.fd = here;
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(recv(here, buf, sizeof(buf), 0), 4);
	close(here);
	close(there);
}

static void nothing_left(const char *run)
{
	AUTO_DIR DIR *names = opendir("/run/netns");
	const struct dirent *e;
	char mine[32], path[64];

	snprintf(mine, sizeof(mine), "vlat-%s-", run);
	while (names && (e = readdir(names)))
		assert_false(text_starts(e->d_name, mine));
	for (const char *end = "psth"; *end; end++) {
		snprintf(path, sizeof(path), "/sys/class/net/vl%s%c", run, *end);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void namespace_wire(void **state, const char *text, enum wire_sut sut)
{
	struct wire w;

	if (!make(*state, text, sut, &w))
		return;
	assert_int_equal(w.queues, 0);
	talk(&w);
	wire_close(&w);
	nothing_left(w.run);
}

static void test_bridge(void **state)
{
	namespace_wire(state, "bridge", WIRE_CONTAINER);
}
static void test_macvlan(void **state)
{
	namespace_wire(state, "macvlan", WIRE_CONTAINER);
}
static void test_ipvlan(void **state)
{
	namespace_wire(state, "ipvlan", WIRE_CONTAINER);
}
static void test_host(void **state)
{
	namespace_wire(state, "host", WIRE_NATIVE);
}

/* Behind the 10 bytes of a virtio header, an Ethernet frame of an unused kind from `from` to `to`. */
#define VNET 10
#define KIND 0x88b5 /* kept for experiments, IEEE 802 */

static void put_frame(uint8_t buf[VNET + 60], const struct mac *to, const struct mac *from, uint8_t mark)
{
	memset(buf, 0, VNET + 60);
	memcpy(buf + VNET, to, 6);
	memcpy(buf + VNET + 6, from, 6);
	buf[VNET + 12] = KIND >> 8;
	buf[VNET + 13] = KIND & 0xff;
	buf[VNET + 14] = mark;
}

static int packet_socket(void *arg, struct err *err)
{
	int *fd = arg;

	*fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(KIND));
	return *fd < 0 ? err_sys(err, -errno, "socket") : 0;
}

static bool get_frame(int fd, size_t skip, uint8_t mark)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t buf[2048];

	while (poll(&p, 1, PATIENCE_MS) == 1) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n >= (ssize_t) (skip + 15) && buf[skip + 12] == KIND >> 8 && buf[skip + 13] == (KIND & 0xff))
			return buf[skip + 14] == mark;
	}
	return false;
}

static uint32_t index_of(int ns)
{
	struct link_fact f = { 0 };
	struct err err = { 0 };
	struct net *net = NULL;

	if (net_open(&net, ns, &err) < 0 || link_get(net, "eth0", &f, &err) < 0)
		fail_msg("%s", err.text);
	net_close(net);
	return f.ifindex;
}

/* What QEMU does with the fd: a frame out of it reaches the peer, one of the peer's comes into it. */
static void vm_wire(void **state, const char *text)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	uint8_t frame[VNET + 60];
	struct err err = { 0 };
	struct wire w;
	int peer = -1;

	if (!make(*state, text, WIRE_VM, &w))
		return;
	assert_true(w.tap_fd[0] >= 0);
	assert_true(fcntl(w.tap_fd[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(w.sut_ns, -1);
	if (netns_run(w.peer_ns, packet_socket, &peer, &err) < 0)
		fail_msg("%s", err.text);
	put_frame(frame, &w.peer_mac, &w.sut_mac, 0x51);
	assert_int_equal(write(w.tap_fd[0], frame, sizeof(frame)), sizeof(frame));
	assert_true(get_frame(peer, 0, 0x51));
	put_frame(frame, &w.sut_mac, &w.peer_mac, 0x52);
	to.sll_ifindex = (int) index_of(w.peer_ns);
	assert_int_equal(sendto(peer, frame + VNET, 60, 0, (struct sockaddr *) &to, sizeof(to)), 60);
	assert_true(get_frame(w.tap_fd[0], VNET, 0x52));
	close(peer);
	wire_close(&w);
	nothing_left(w.run);
}

/* Several queues of one card: each carries frames out, and the kernel tells how many are switched on. */
static void queues_wire(void **state, const char *text, unsigned shown)
{
	struct ifreq off = { .ifr_flags = IFF_DETACH_QUEUE };
	uint8_t frame[VNET + 60];
	struct err err = { 0 };
	struct wire w;
	int peer = -1;

	if (!make(*state, text, WIRE_VM, &w))
		return;
	assert_int_equal(w.queues, 3);
	if (netns_run(w.peer_ns, packet_socket, &peer, &err) < 0)
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < w.queues; i++) {
		put_frame(frame, &w.peer_mac, &w.sut_mac, (uint8_t) i);
		assert_int_equal(write(w.tap_fd[i], frame, sizeof(frame)), sizeof(frame));
		assert_true(get_frame(peer, 0, (uint8_t) i));
		assert_int_equal(w.vhost_fd[i] >= 0, strstr(text, "vhost") != NULL);
	}
	assert_int_equal(wire_queues_on(&w), shown);
	assert_int_equal(ioctl(w.tap_fd[2], TUNSETQUEUE, &off), 0);
	assert_int_equal(wire_queues_on(&w), shown ? shown - 1 : 0);
	close(peer);
	wire_close(&w);
	nothing_left(w.run);
}

static void test_queues_tap(void **state)
{
	queues_wire(state, "bridge,queues=3", 3);
}
static void test_queues_vhost(void **state)
{
	queues_wire(state, "vhost-net,queues=3", 3);
}
static void test_queues_macvtap(void **state)
{
	queues_wire(state, "macvtap,queues=3", 0);
}

static void test_vm_bridge(void **state)
{
	vm_wire(state, "bridge");
}
static void test_vm_e1000e(void **state)
{
	vm_wire(state, "e1000e");
}
static void test_vm_vhost_net(void **state)
{
	vm_wire(state, "vhost-net");
}
static void test_macvtap(void **state)
{
	vm_wire(state, "macvtap");
}
static void test_macvtap_vhost_net(void **state)
{
	vm_wire(state, "macvtap-vhost-net");
}

/* Two at once: their links have the same number in different namespaces, and so the same name in /dev. */
static void test_two_macvtaps(void **state)
{
	struct lab other = { .j = NULL };
	struct err err = { 0 };
	struct stat one, two;
	struct wire a, b;

	if (!make(*state, "macvtap", WIRE_VM, &a))
		return;
	assert_int_equal(journal_open(&other.j, "unit test", &err), 0);
	assert_true(make(&other, "macvtap", WIRE_VM, &b));
	assert_int_equal(fstat(a.tap_fd[0], &one), 0);
	assert_int_equal(fstat(b.tap_fd[0], &two), 0);
	assert_true(one.st_rdev != two.st_rdev);
	wire_close(&a);
	wire_close(&b);
	assert_int_equal(journal_close(other.j, &err), 0);
}

/* As after a kill: only the journal knows. */
static void test_undo(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	struct wire w;

	if (!make(lab, "macvlan", WIRE_CONTAINER, &w))
		return;
	close(w.peer_ns);
	close(w.sut_ns);
	close(w.wire_ns);
	assert_int_equal(journal_undo_to(lab->j, 0, &err), 0);
	nothing_left(w.run);
	w.peer_ns = w.sut_ns = w.wire_ns = -1;
	wire_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bridge, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_macvlan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ipvlan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vm_bridge, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vm_e1000e, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vm_vhost_net, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_macvtap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_macvtap_vhost_net, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_macvtaps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queues_tap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queues_vhost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queues_macvtap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_undo, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
