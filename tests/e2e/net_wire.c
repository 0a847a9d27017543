/* SPDX-License-Identifier: Apache-2.0 */
/* The wire, with real packets: they arrive, nothing else moves, and nothing stays. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "e2e.h"
#include "net/link.h"
#include "net/offload.h"
#include "net/wire.h"

#define PORT 7
#define ROUNDS 100

static int udp_here(void *arg, struct err *err)
{
	int *fd = arg;

	*fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return *fd < 0 ? err_sys(err, -errno, "socket") : 0;
}

static struct sockaddr_in at(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	check(inet_pton(AF_INET, address, &a.sin_addr) == 1);
	return a;
}

/* A socket bound to one end and connected to the other. */
static int udp(int ns, const char *own, const char *other)
{
	struct sockaddr_in from = at(own), to = at(other);
	struct err e = { 0 };
	int fd = -1;

	must(netns_run(ns, udp_here, &fd, &e));
	check(bind(fd, (struct sockaddr *) &from, sizeof(from)) == 0);
	check(connect(fd, (struct sockaddr *) &to, sizeof(to)) == 0);
	return fd;
}

static ssize_t receive(int fd, void *buf, size_t cap)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	check(poll(&p, 1, 120000) == 1);
	return read(fd, buf, cap);
}

struct counters {
	unsigned long long rx, tx;
};

/* What eth0 has seen, from /proc/net/dev of the namespace (8 receive columns, packets second, come first). */
static int count_here(void *arg, struct err *err)
{
	struct counters *c = arg;
	FILE *f = fopen("/proc/thread-self/net/dev", "re");
	char line[512];
	int got = 0;

	while (f && got != 2 && fgets(line, sizeof(line), f))
		got = sscanf(line, " eth0: %*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", &c->rx, &c->tx);
	if (f)
		fclose(f);
	return got == 2 ? 0 : err_set(err, -ENOENT, "no eth0 in /proc/net/dev");
}

static struct counters count(int ns)
{
	struct counters c;
	struct err e = { 0 };

	must(netns_run(ns, count_here, &c, &e));
	return c;
}

static void ping(const struct wire *w)
{
	int sut = udp(w->sut_ns, WIRE_SUT_ADDRESS, WIRE_PEER_ADDRESS);
	int peer = udp(w->peer_ns, WIRE_PEER_ADDRESS, WIRE_SUT_ADDRESS);
	int word;

	for (int i = 0; i < ROUNDS; i++) {
		check(write(peer, &i, sizeof(i)) == sizeof(i));
		check(receive(sut, &word, sizeof(word)) == sizeof(word) && word == i);
		check(write(sut, &word, sizeof(word)) == sizeof(word));
		check(receive(peer, &word, sizeof(word)) == sizeof(word) && word == i);
	}
	close(sut);
	close(peer);
}

/* Exactly the packets that were sent: no ARP, no router solicitation, no report of a multicast group, no spanning tree. */
static void check_silence(const struct wire *w, unsigned packets)
{
	check(count(w->sut_ns).rx == packets && count(w->sut_ns).tx == packets);
	check(count(w->peer_ns).rx == packets && count(w->peer_ns).tx == packets);
}

static void test_native(enum wire_sut kind)
{
	struct wire w = WIRE_INIT;
	struct snapshot before;
	struct err e = { 0 };
	struct journal *j;
	char run[16];

	snapshot_take(&before, NULL);
	must(journal_open(&j, "e2e wire", &e));
	(void) text_print(run, sizeof(run), "%s", journal_run(j));
	must(wire_make(&w, j, kind, &e));
	check(w.sut_ns >= 0 && w.peer_ns >= 0 && w.queues == 0);
	check(access(w.sut_ns_path, F_OK) == 0 && access(w.peer_ns_path, F_OK) == 0);
	ping(&w);
	check_silence(&w, ROUNDS);
	if (kind == WIRE_NATIVE)
		clock_sleep_ns(1500 * NS_PER_MS);       /* IPv6 waits up to a second before it asks who else has its address */
	check_silence(&w, ROUNDS);
	wire_close(&w);
	wire_close(&w);
	must(wire_make(&w, j, kind, &e));       /* the next group of a study: same names, same addresses */
	ping(&w);
	must(journal_close(j, &e));             /* an exit that forgot the wire */
	close(w.sut_ns);
	close(w.peer_ns);
	close(w.wire_ns);
	e2e_clean(&before, run);
	snapshot_free(&before);
	printf("ok %s: %d round trips, no other packet\n", kind == WIRE_NATIVE ? "native" : "container", ROUNDS);
}

/* What QEMU would see: a virtio-net header (10 bytes: version 0.9.5 layout, the default of a tap), then the frame. */
#define VNET 10

static void test_vm(void)
{
	struct wire w = WIRE_INIT;
	uint8_t frame[2048];
	struct ether_header *eth = (struct ether_header *) (frame + VNET);
	struct iphdr *ip = (struct iphdr *) (eth + 1);
	struct udphdr *udp_head = (struct udphdr *) (ip + 1);
	struct in_addr from, to;
	struct snapshot before;
	struct err e = { 0 };
	struct journal *j;
	char run[16], text[8];
	int peer;
	ssize_t n;

	snapshot_take(&before, NULL);
	must(journal_open(&j, "e2e tap", &e));
	(void) text_print(run, sizeof(run), "%s", journal_run(j));
	must(wire_make(&w, j, WIRE_VM, &e));
	check(w.tap_fd[0] >= 0 && w.sut_ns < 0 && !w.sut_ns_path[0]);
	peer = udp(w.peer_ns, WIRE_PEER_ADDRESS, WIRE_SUT_ADDRESS);
	check(write(peer, "hello", 5) == 5);
	n = receive(w.tap_fd[0], frame, sizeof(frame));
	check(n == VNET + 14 + 20 + 8 + 5);
	check(memcmp(eth->ether_dhost, w.sut_mac.at, 6) == 0 && memcmp(eth->ether_shost, w.peer_mac.at, 6) == 0);
	check(memcmp(udp_head + 1, "hello", 5) == 0);
	/* The same frame back: addresses swapped, no checksum needed over UDP, that of IP is the same after a swap. */
	memcpy(eth->ether_dhost, w.peer_mac.at, 6);
	memcpy(eth->ether_shost, w.sut_mac.at, 6);
	from.s_addr = ip->saddr;
	to.s_addr = ip->daddr;
	ip->saddr = to.s_addr;
	ip->daddr = from.s_addr;
	udp_head->check = 0;
	memset(frame, 0, VNET);
	check(write(w.tap_fd[0], frame, (size_t) n) == n);
	check(receive(peer, text, sizeof(text)) == 5 && memcmp(text, "hello", 5) == 0);
	check(count(w.peer_ns).rx == 1 && count(w.peer_ns).tx == 1);
	close(peer);
	wire_close(&w);
	must(journal_close(j, &e));
	e2e_clean(&before, run);
	snapshot_free(&before);
	printf("ok vm: frames pass the tap both ways\n");
}

/* Two runs at once: each has its own, and a second wire in one run is refused without harm to the first. */
static void test_side_by_side(void)
{
	struct wire a = WIRE_INIT, b = WIRE_INIT, c = WIRE_INIT;
	struct journal *ja, *jb;
	struct snapshot before;
	struct err e = { 0 };
	char run[16];

	snapshot_take(&before, NULL);
	must(journal_open(&ja, "e2e a", &e));
	must(journal_open(&jb, "e2e b", &e));
	(void) text_print(run, sizeof(run), "%s", journal_run(ja));
	must(wire_make(&a, ja, WIRE_NATIVE, &e));
	must(wire_make(&b, jb, WIRE_CONTAINER, &e));
	check(wire_make(&c, ja, WIRE_NATIVE, &e) == -EEXIST);
	check(strstr(e.text, "exists already"));
	ping(&a);
	ping(&b);
	wire_close(&a);
	ping(&b);
	wire_close(&b);
	must(journal_close(ja, &e));
	must(journal_close(jb, &e));
	e2e_clean(&before, run);
	snapshot_free(&before);
	printf("ok side by side\n");
}

static void test_refusals(void)
{
	struct net *net = NULL;
	struct link_fact f;
	struct journal *j;
	struct err e = { 0 };
	char name[32];
	int ns, fd;

	must(journal_open(&j, "e2e refusals", &e));
	(void) text_print(name, sizeof(name), "vlat-%s-x", journal_run(j));
	must(netns_make(j, name, &ns, &e));
	must(net_open(&net, ns, &e));
	check(link_address(net, "lo", "10.0.0.1", 8, &e) == -EINVAL && strstr(e.text, "198.18.0.0/15"));
	check(link_address(net, "lo", "198.20.0.1", 8, &e) == -EINVAL);
	check(link_address(net, "lo", "198.18.0.1x", 8, &e) == -EINVAL);
	check(link_get(net, "nosuch0", &f, &e) == -ENODEV && strstr(e.text, "nosuch0"));
	check(link_address(net, "lo", "198.19.255.254", 64, &e) == -EINVAL);
	check(tap_make(ns, "a-name-too-long-for-a-link", &fd, 1, &e) == -ENAMETOOLONG);
	check(netns_sysctl(ns, "ipv4/no_such_switch", "1", &e) == 1);
	check(netns_sysctl(ns, "ipv4/conf/all/rp_filter", "wrong", &e) == -EINVAL && strstr(e.text, "rp_filter"));
	net_close(net);
	close(ns);
	must(journal_close(j, &e));
	printf("ok refusals\n");
}

static void test_offloads(void)
{
	const struct offload *tso = offload_find("tso");
	struct wire w = WIRE_INIT;
	struct journal *j;
	struct err e = { 0 };
	bool on;

	must(journal_open(&j, "e2e offloads", &e));
	must(wire_make(&w, j, WIRE_NATIVE, &e));
	must(offload_get(w.sut_ns, "eth0", tso, &on, &e));
	must(offload_set(w.sut_ns, "eth0", tso, !on, &e));
	must(offload_set(w.sut_ns, "eth0", tso, on, &e));
	check(offload_set(w.sut_ns, "eth1", tso, on, &e) == -ENODEV);
	check(offload_set(w.sut_ns, "lo", offload_find("rx"), false, &e) < 0);
	wire_close(&w);
	must(journal_close(j, &e));
	printf("ok offloads\n");
}

static void make_and_wait(struct journal *j)
{
	struct wire w = WIRE_INIT;
	struct err e = { 0 };

	must(wire_make(&w, j, WIRE_VM, &e));
	e2e_ready(j);
}

int main(void)
{
	e2e_begin("net");
	test_native(WIRE_NATIVE);
	test_native(WIRE_CONTAINER);
	if (access("/dev/net/tun", F_OK) == 0)
		test_vm();
	else
		printf("not tested: no /dev/net/tun, so no taps\n");
	test_side_by_side();
	test_refusals();
	test_offloads();
	if (access("/dev/net/tun", F_OK) == 0)
		e2e_killed(make_and_wait);
	printf("ok revert after SIGKILL\n");
	e2e_end();
	return 0;
}
