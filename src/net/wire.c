/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - the three namespaces of one run and what joins them.
 *
 * Hardware addresses are fixed and locally administered: they need be unique
 * on their own bridge only, and a known address means a neighbour entry that
 * is there before the first packet.  No other traffic exists on the wire, so
 * nothing but the measured datapath runs: veth, bridge, veth (or tap).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/netns_folder.h"
#include "net/link.h"
#include "net/wire.h"

static const struct mac bridge_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x00 } };
static const struct mac peer_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x01 } };
static const struct mac sut_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x02 } };
static const struct mac peer_port_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x11 } };
static const struct mac sut_port_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x12 } };

#define LINK_NAME "eth0"

static void cleanup_net(struct net **net)
{
	net_close(*net);
}
#define AUTO_NET AUTO(cleanup_net)

static void name_namespace(const char *run, char which, char buf[48])
{
	(void) text_print(buf, 48, "vlat-%s-%c", run, which);
}

static int make_namespace(const struct wire *w, char which, char path[NETNS_PATH_MAX], int *ret_fd, struct err *err)
{
	char name[48];

	name_namespace(w->run, which, name);
	if (text_print(path, NETNS_PATH_MAX, "%s/%s", NETNS_FOLDER, name))
		return err_set(err, -ENAMETOOLONG, "the run's name \"%.64s\" is too long", w->run);
	return netns_make(NULL, name, ret_fd, err);
}

/* One write to disk for all of them. */
static int note_namespaces(const struct wire *w, struct journal *j, struct err *err)
{
	const char *which = w->kind == WIRE_VM ? "wp" : "wps";
	char name[48];
	int r = 0, s;

	journal_hold(j);
	for (; *which && r == 0; which++) {
		name_namespace(w->run, *which, name);
		r = journal_netns(j, name, err);
	}
	s = journal_sync(j, r < 0 ? NULL : err);
	return r < 0 ? r : s;
}

static int make_bridge(struct net *wire, struct err *err)
{
	int r = link_bridge(wire, "br0", &bridge_mac, err);

	return r < 0 ? r : link_set(wire, "br0", &(struct link_wish) { .up = true }, err);
}

/* The far end of a cable: loopback, address, and who is at the other end. */
static int dress_end(int ns_fd, const char *address, const char *neighbour, const struct mac *neighbour_mac, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, ns_fd, err);

	if (r < 0)
		return r;
	r = link_set(net, "lo", &(struct link_wish) { .up = true }, err);
	if (r < 0)
		return r;
	r = link_set(net, LINK_NAME, &(struct link_wish) { .up = true }, err);
	if (r < 0)
		return r;
	r = link_address(net, LINK_NAME, address, WIRE_PREFIX, err);
	if (r < 0)
		return r;
	r = link_neighbour(net, LINK_NAME, neighbour, neighbour_mac, err);
	return r < 0 ? r : link_await(net, LINK_NAME, false, err);
}

static int plug_veth(struct net *wire, const struct veth_end *port, const struct veth_end *end, struct err *err)
{
	int r = link_veth(wire, port, end, err);

	return r < 0 ? r : link_enslave(wire, port->name, "br0", err);
}

static int plug_peer(struct wire *w, struct net *net, struct err *err)
{
	const struct veth_end port = { .name = "peer0", .ns_fd = -1, .mac = peer_port_mac };
	const struct veth_end end = { .name = LINK_NAME, .ns_fd = w->peer_ns, .mac = peer_mac };
	int r = plug_veth(net, &port, &end, err);

	if (r == 0)
		r = dress_end(w->peer_ns, WIRE_PEER_ADDRESS, WIRE_SUT_ADDRESS, &sut_mac, err);
	return r < 0 ? r : link_await(net, port.name, true, err);
}

static int plug_veth_sut(struct wire *w, struct net *net, struct err *err)
{
	const struct veth_end port = { .name = "sut0", .ns_fd = -1, .mac = sut_port_mac };
	const struct veth_end end = { .name = LINK_NAME, .ns_fd = w->sut_ns, .mac = sut_mac };
	int r = plug_veth(net, &port, &end, err);

	if (r == 0)
		r = dress_end(w->sut_ns, WIRE_SUT_ADDRESS, WIRE_PEER_ADDRESS, &peer_mac, err);
	return r < 0 ? r : link_await(net, port.name, true, err);
}

static int plug_tap(struct wire *w, struct net *net, struct err *err)
{
	int r = tap_make(w->wire_ns, "tap0", &w->tap_fd, err);

	if (r < 0)
		return r;
	r = link_set(net, "tap0", &(struct link_wish) { .mac = &sut_port_mac }, err);
	if (r < 0)
		return r;
	r = link_enslave(net, "tap0", "br0", err);
	return r < 0 ? r : link_await(net, "tap0", true, err);
}

static int build(struct wire *w, struct journal *j, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	char path[NETNS_PATH_MAX];
	int r;

	r = note_namespaces(w, j, err);
	if (r < 0)
		return r;
	r = make_namespace(w, 'w', path, &w->wire_ns, err);
	if (r < 0)
		return r;
	r = make_namespace(w, 'p', w->peer_ns_path, &w->peer_ns, err);
	if (r < 0)
		return r;
	if (w->kind != WIRE_VM) {
		r = make_namespace(w, 's', w->sut_ns_path, &w->sut_ns, err);
		if (r < 0)
			return r;
	}
	r = net_open(&net, w->wire_ns, err);
	if (r < 0)
		return r;
	r = make_bridge(net, err);
	if (r < 0)
		return r;
	r = plug_peer(w, net, err);
	if (r < 0)
		return r;
	return w->kind == WIRE_VM ? plug_tap(w, net, err) : plug_veth_sut(w, net, err);
}

int wire_make(struct wire *ret, struct journal *j, enum wire_sut kind, struct err *err)
{
	struct wire w = WIRE_INIT;
	int r;

	w.kind = kind;
	w.sut_mac = sut_mac;
	w.peer_mac = peer_mac;
	(void) text_print(w.sut_link, sizeof(w.sut_link), "%s", LINK_NAME);
	(void) text_print(w.run, sizeof(w.run), "%s", journal_run(j));
	r = build(&w, j, err);
	if (r < 0) {
		wire_close(&w);
		return err_in(err, "wire of run %s", journal_run(j));
	}
	*ret = w;
	return 0;
}

static void close_one(int *fd, const char *run, char which)
{
	struct err e = { 0 };
	char name[48];

	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
	name_namespace(run, which, name);
	if (netns_delete(name, &e) < 0)
		log_warn("%s", e.text);
}

void wire_close(struct wire *w)
{
	if (w->tap_fd >= 0)
		close(w->tap_fd);
	w->tap_fd = -1;
	close_one(&w->sut_ns, w->run, 's');
	close_one(&w->peer_ns, w->run, 'p');
	close_one(&w->wire_ns, w->run, 'w');
}
