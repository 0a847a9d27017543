/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_soft - wires made of software alone: bridge, macvlan and its like, the
 * host's own stack.  Without dev= everything lies in namespaces of the run.
 * With it, what is put beside the host's links goes with the namespace or the
 * fd at its other end, so that nothing of it can be left behind.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/wire_parts.h"

#define TAKEN_NS (10 * NS_PER_S)

static const struct mac bridge_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x00 } };
static const struct mac peer_port_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x11 } };
static const struct mac sut_port_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x12 } };

/* Among the host's links a name carries the run; in a namespace of the run it need not. */
static const char *port_name(const struct wire *w, const char *plain, char which, char buf[16])
{
	if (w->parts->wish.dev[0] || w->datapath == DATAPATH_HOST)
		text_print(buf, 16, "vl%.12s%c", w->run, which);
	else
		text_print(buf, 16, "%s", plain);
	return buf;
}

static struct mac port_mac(const struct wire *w, const struct mac *plain)
{
	return w->parts->wish.dev[0] || w->datapath == DATAPATH_HOST ? mac_chance() : *plain;
}

static const char *bridge_name(const struct wire *w)
{
	return w->parts->wish.dev[0] ? w->parts->wish.dev : "br0";
}

/* The namespace in which the device below lies. */
static int below_ns(const struct wire *w)
{
	return w->parts->wish.dev[0] ? w->parts->host_ns : w->wire_ns;
}

static int make_bridge(const struct wire *w, struct net *net, struct err *err)
{
	int r;

	if (w->parts->wish.dev[0])
		return 0;
	r = link_bridge(net, "br0", &bridge_mac, err);
	return r < 0 ? r : link_set(net, "br0", &(struct link_wish){ .up = true }, err);
}

static int plug_veth(const struct wire *w, struct net *net, const struct veth_end *port, const struct veth_end *end,
		     struct err *err)
{
	int r = link_veth(net, port, end, err);

	return r < 0 ? r : link_enslave(net, port->name, bridge_name(w), err);
}

static int plug_peer(struct wire *w, struct net *net, struct err *err)
{
	char name[16];
	const struct veth_end port = { .name = port_name(w, "peer0", 'p', name),
				       .ns_fd = -1,
				       .mac = port_mac(w, &peer_port_mac) };
	const struct veth_end end = { .name = WIRE_LINK, .ns_fd = w->peer_ns, .mac = w->peer_mac };
	int r;

	if (w->peer_ns < 0)
		return 0;
	r = plug_veth(w, net, &port, &end, err);
	if (r == 0)
		r = wire_dress_peer(w, err);
	return r < 0 ? r : link_await(net, port.name, true, err);
}

static int plug_veth_sut(struct wire *w, struct net *net, struct err *err)
{
	char name[16];
	const struct veth_end port = { .name = port_name(w, "sut0", 's', name), .ns_fd = -1, .mac = port_mac(w, &sut_port_mac) };
	const struct veth_end end = { .name = WIRE_LINK, .ns_fd = w->sut_ns, .mac = w->sut_mac };
	int r = plug_veth(w, net, &port, &end, err);

	if (r == 0)
		r = wire_dress_sut(w, err);
	return r < 0 ? r : link_await(net, port.name, true, err);
}

static int plug_tap(struct wire *w, struct net *net, struct err *err)
{
	const struct mac mac = port_mac(w, &sut_port_mac);
	char buf[16];
	const char *name = port_name(w, "tap0", 't', buf);
	int r = tap_make(below_ns(w), name, w->tap_fd, w->queues, err);

	if (r == 0)
		r = link_set(net, name, &(struct link_wish){ .mac = &mac }, err);
	if (r == 0)
		r = link_enslave(net, name, bridge_name(w), err);
	return r < 0 ? r : link_await(net, name, true, err);
}

unsigned wire_queues_on(const struct wire *w)
{
	struct err e = { 0 };
	char buf[16];
	unsigned n = 0;

	if (w->queues == 0 || w->datapath == DATAPATH_MACVTAP || w->datapath == DATAPATH_MACVTAP_VHOST_NET)
		return 0;
	return tap_queues(below_ns(w), port_name(w, "tap0", 't', buf), &n, &e) < 0 ? 0 : n;
}

int wire_build_bridge(struct wire *w, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, below_ns(w), err);

	if (r == 0)
		r = make_bridge(w, net, err);
	if (r == 0)
		r = plug_peer(w, net, err);
	if (r < 0)
		return r;
	return w->kind == WIRE_VM ? plug_tap(w, net, err) : plug_veth_sut(w, net, err);
}

/* ---- macvlan, ipvlan, macvtap ---- */

static enum lower_kind lower_of(const struct wire *w)
{
	if (w->datapath == DATAPATH_IPVLAN)
		return LOWER_IPVLAN;
	return w->datapath == DATAPATH_MACVLAN ? LOWER_MACVLAN : LOWER_MACVTAP;
}

/* A veth pair stands in for the card and its cable: the peer holds the far end. */
static int make_cable(struct wire *w, struct net *net, struct err *err)
{
	const bool peer = w->peer_ns >= 0;
	const struct veth_end port = { .name = "low0", .ns_fd = -1, .mac = peer_port_mac };
	const struct veth_end end = { .name = peer ? WIRE_LINK : "low1", .ns_fd = w->peer_ns, .mac = w->peer_mac };
	int r = link_veth(net, &port, &end, err);

	if (r == 0 && !peer)
		r = link_set(net, "low1", &(struct link_wish){ .up = true }, err);
	return r < 0 ? r : link_set(net, "low0", &(struct link_wish){ .up = true }, err);
}

/* On a card of the user's the peer is a sibling of the SUT: bridge mode joins them inside the host. */
static int make_sibling(struct wire *w, struct net *net, struct err *err)
{
	struct lower_end end = {
		.kind = w->datapath == DATAPATH_IPVLAN ? LOWER_IPVLAN : LOWER_MACVLAN,
		.name = WIRE_LINK,
		.ns_fd = w->peer_ns,
		.mac = &w->peer_mac,
	};

	return w->peer_ns < 0 ? 0 : link_lower(net, w->parts->wish.dev, &end, err);
}

static int require_up(struct net *net, const char *device, struct link_fact *f, struct err *err)
{
	int r = link_get(net, device, f, err);

	if (r == 0 && !f->up)
		return err_set(err, -ENETDOWN, "%s is down, so nothing on it can work: ip link set %s up", device, device);
	return r;
}

static int make_upper(struct wire *w, struct net *net, const char *device, struct err *err)
{
	const bool vm = w->kind == WIRE_VM;
	struct lower_end end = {
		.kind = lower_of(w),
		.name = vm ? "tap0" : WIRE_LINK,
		.ns_fd = vm ? w->wire_ns : w->sut_ns,
		.mac = &w->sut_mac,
	};

	return link_lower(net, device, &end, err);
}

static int open_macvtap(struct wire *w, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, w->wire_ns, err);

	if (r == 0)
		r = link_set(net, "tap0", &(struct link_wish){ .up = true }, err);
	if (r == 0)
		r = macvtap_open(w->wire_ns, "tap0", w->tap_fd, w->queues, err);
	return r < 0 ? r : link_await(net, "tap0", false, err);
}

int wire_build_lower(struct wire *w, struct err *err)
{
	const char *named = w->parts->wish.dev, *device = named[0] ? named : "low0";
	AUTO_NET struct net *net = NULL;
	struct link_fact f;
	int r = net_open(&net, below_ns(w), err);

	if (r == 0)
		r = named[0] ? make_sibling(w, net, err) : make_cable(w, net, err);
	if (r == 0)
		r = require_up(net, device, &f, err);
	if (r == 0)
		r = make_upper(w, net, device, err);
	if (r < 0)
		return r;
	if (w->datapath == DATAPATH_IPVLAN)
		w->sut_mac = f.mac;
	if (w->datapath == DATAPATH_IPVLAN && named[0])
		w->peer_mac = f.mac;
	r = wire_dress_peer(w, err);
	if (r < 0)
		return r;
	return w->kind == WIRE_VM ? open_macvtap(w, err) : wire_dress_sut(w, err);
}

/* ---- the host's own stack ---- */

static int find_taken_address(char who[16])
{
	struct ifaddrs *all;

	who[0] = '\0';
	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		const struct sockaddr_in *in = (const void *) a->ifa_addr;

		if (in && in->sin_family == AF_INET && (ntohl(in->sin_addr.s_addr) & 0xffffff00) == 0xc6120000)
			text_print(who, 16, "%s", a->ifa_name);
	}
	freeifaddrs(all);
	return 0;
}

/* A run that was killed just now: the kernel removes its link a moment after its namespace. */
static int refuse_taken_address(struct err *err)
{
	uint64_t deadline = clock_ns() + TAKEN_NS;
	char who[16];
	int r;

	for (;;) {
		r = find_taken_address(who);
		if (r < 0)
			return err_sys(err, r, "cannot list the host's addresses");
		if (!who[0])
			return 0;
		if (clock_ns() > deadline)
			return err_set(err, -EADDRINUSE,
				       "%s of this host has an address in 198.18.0.0/24, which datapath host needs "
				       "(another run of vlat?)",
				       who);
		clock_sleep_ns(20 * NS_PER_MS);
	}
}

/* At once, not when the kernel gets round to it: the next run needs the address. */
void wire_host_close(struct wire *w)
{
	AUTO_NET struct net *net = NULL;
	struct err e = { 0 };

	if (w->datapath == DATAPATH_HOST && w->peer_ns >= 0 && w->sut_ns >= 0 && net_open(&net, w->parts->host_ns, &e) == 0)
		(void) link_delete(net, w->sut_link, &e);
}

/* The cable's end lies open among the host's links; it goes with the peer's namespace, which has the other one. */
int wire_build_host(struct wire *w, struct err *err)
{
	struct veth_end port = { .name = w->sut_link, .ns_fd = -1, .mac = mac_chance() };
	const struct veth_end end = { .name = WIRE_LINK, .ns_fd = w->peer_ns, .mac = w->peer_mac };
	AUTO_NET struct net *net = NULL;
	char name[16];
	int r;

	text_print(w->sut_ns_path, sizeof(w->sut_ns_path), "/proc/%d/ns/net", (int) getpid());
	w->sut_ns = fcntl(w->parts->host_ns, F_DUPFD_CLOEXEC, 0);
	if (w->sut_ns < 0)
		return err_sys(err, -errno, "cannot keep the host's network namespace");
	if (w->peer_ns < 0)
		return 0;
	text_print(w->sut_link, sizeof(w->sut_link), "%s", port_name(w, "", 'h', name));
	w->sut_mac = port.mac;
	r = refuse_taken_address(err);
	if (r == 0)
		r = net_open(&net, w->parts->host_ns, err);
	if (r == 0)
		r = link_veth(net, &port, &end, err);
	if (r == 0)
		r = link_set(net, port.name, &(struct link_wish){ .up = true }, err);
	if (r == 0)
		r = link_address(net, port.name, WIRE_SUT_ADDRESS, WIRE_PREFIX, err);
	if (r == 0)
		r = link_neighbour(net, port.name, WIRE_PEER_ADDRESS, &w->peer_mac, err);
	if (r == 0)
		r = wire_dress_peer(w, err);
	return r < 0 ? r : link_await(net, port.name, false, err);
}
