/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - the namespaces of one run and what joins them.
 *
 * On vlat's own bridge or veth, hardware addresses are fixed and locally
 * administered: they need be unique there only, and a known address means a
 * neighbour entry that is there before the first packet.  No other traffic
 * exists on the wire, so nothing but the measured datapath runs.  On a device
 * that the user named others may listen: there they are chosen by chance.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/netns_folder.h"
#include "net/wire_parts.h"

#define LINK_UP_NS (60 * NS_PER_S) /* a card negotiates its link, a VF may first wait for its port; veth takes a millisecond */

static const struct mac peer_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x01 } };
static const struct mac sut_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x02 } };

/* Which namespaces a datapath has: w(ire), p(eer), s(ut). */
static bool has_namespace(const struct wire *w, char which)
{
	const struct datapath_wish *wish = &w->parts->wish;
	bool vm = w->kind == WIRE_VM, named = wish->dev[0] != '\0';

	switch (which) {
	case 'p':
		return wish->peer != PEER_NONE;
	case 's':
		return !vm && w->datapath != DATAPATH_HOST;
	default:
		if (datapath_row(w->datapath)->device || w->datapath == DATAPATH_HOST)
			return false;
		return !named || w->datapath == DATAPATH_MACVTAP || w->datapath == DATAPATH_MACVTAP_VHOST_NET;
	}
}

static void name_namespace(const char *run, char which, char buf[48])
{
	(void) text_print(buf, 48, "vlat-%s-%c", run, which);
}

static int make_namespace(const struct wire *w, char which, char path[NETNS_PATH_MAX], int *ret_fd, struct err *err)
{
	char name[48];

	if (!has_namespace(w, which))
		return 0;
	name_namespace(w->run, which, name);
	if (text_print(path, NETNS_PATH_MAX, "%s/%s", NETNS_FOLDER, name))
		return err_set(err, -ENAMETOOLONG, "the run's name \"%.64s\" is too long", w->run);
	return netns_make(NULL, name, ret_fd, err);
}

static int make_namespaces(struct wire *w, struct err *err)
{
	char path[NETNS_PATH_MAX];
	int r = make_namespace(w, 'w', path, &w->wire_ns, err);

	if (r == 0)
		r = make_namespace(w, 'p', w->peer_ns_path, &w->peer_ns, err);
	return r < 0 ? r : make_namespace(w, 's', w->sut_ns_path, &w->sut_ns, err);
}

/* One write to disk for all of them. */
static int note_namespaces(const struct wire *w, struct journal *j, struct err *err)
{
	char name[48];
	int r = 0, s;

	journal_hold(j);
	for (const char *which = "wps"; *which && r == 0; which++) {
		name_namespace(w->run, *which, name);
		if (has_namespace(w, *which))
			r = journal_netns(j, name, err);
	}
	s = journal_sync(j, r < 0 ? NULL : err);
	return r < 0 ? r : s;
}

/* The far end of a cable: loopback, address, and who is at the other end. */
static int dress_end(int ns_fd, const char *link, const char *address, const char *neighbour, const struct mac *neighbour_mac,
		     struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, ns_fd, err);

	if (r == 0)
		r = link_set(net, "lo", &(struct link_wish){ .up = true }, err);
	if (r == 0)
		r = link_set(net, link, &(struct link_wish){ .up = true }, err);
	if (r == 0)
		r = link_address(net, link, address, WIRE_PREFIX, err);
	if (r == 0 && neighbour)
		r = link_neighbour(net, link, neighbour, neighbour_mac, err);
	return r;
}

static int await_end(int ns_fd, const char *link, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, ns_fd, err);

	return r < 0 ? r : link_await_for(net, link, false, LINK_UP_NS, err);
}

/* The link of a cable into a VM comes up with the VM's driver. */
static bool is_dark(const struct wire *w)
{
	return w->kind == WIRE_VM && w->datapath == DATAPATH_PF;
}

const char *wire_device(const struct wire *w)
{
	const struct wire_parts *p = w->parts;

	if (!p)
		return "";
	if (p->pf[0])
		return p->pf;
	return p->sut.address[0] ? p->sut.address : p->wish.dev;
}

int wire_await_peer(const struct wire *w, struct err *err)
{
	return w->peer_ns < 0 ? 0 : await_end(w->peer_ns, w->parts->peer_link, err);
}

int wire_dress_peer(struct wire *w, struct err *err)
{
	int r = 0;

	if (w->peer_ns >= 0)
		r = dress_end(w->peer_ns, w->parts->peer_link, WIRE_PEER_ADDRESS, WIRE_SUT_ADDRESS, &w->sut_mac, err);
	return r < 0 || is_dark(w) ? r : wire_await_peer(w, err);
}

int wire_dress_sut(struct wire *w, struct err *err)
{
	const char *neighbour = w->peer_ns < 0 ? NULL : WIRE_PEER_ADDRESS;

	int r;

	if (w->sut_ns < 0)
		return 0;
	r = dress_end(w->sut_ns, w->sut_link, WIRE_SUT_ADDRESS, neighbour, &w->peer_mac, err);
	return r < 0 ? r : await_end(w->sut_ns, w->sut_link, err);
}

typedef int build_fn(struct wire *w, struct err *err);

static build_fn *const builders[] = {
	[DATAPATH_BRIDGE] = wire_build_bridge, [DATAPATH_VHOST_NET] = wire_build_bridge,
	[DATAPATH_MACVTAP] = wire_build_lower, [DATAPATH_MACVTAP_VHOST_NET] = wire_build_lower,
	[DATAPATH_E1000E] = wire_build_bridge, [DATAPATH_MACVLAN] = wire_build_lower,
	[DATAPATH_IPVLAN] = wire_build_lower,  [DATAPATH_VF] = wire_build_vf,
	[DATAPATH_PF] = wire_build_pf,         [DATAPATH_HOST] = wire_build_host,
};

static int build(struct wire *w, struct err *err)
{
	struct wire_parts *p = w->parts;
	int r = wire_devices_note(w, err);

	if (r == 0)
		r = note_namespaces(w, p->journal, err);
	if (r == 0)
		r = make_namespaces(w, err);
	for (unsigned i = 0; r == 0 && i < w->queues && datapath_row(w->datapath)->vhost; i++)
		r = vhost_net_open(&w->vhost_fd[i], err);
	return r < 0 ? r : builders[w->datapath](w, err);
}

/* A VM's end of the wire: so many taps, so many servers of them. */
static void count_queues(struct wire *w, const struct datapath_wish *wish)
{
	if (w->kind == WIRE_VM && !datapath_row(w->datapath)->vfio)
		w->queues = wish->queues ? wish->queues : 1;
	for (unsigned i = 0; i < DATAPATH_QUEUES_MAX; i++)
		w->tap_fd[i] = w->vhost_fd[i] = -1;
}

static int start_parts(struct wire *w, struct journal *j, const struct datapath_wish *wish, struct err *err)
{
	struct wire_parts *p = xalloc(1, sizeof(*p));
	int r;

	p->journal = j;
	p->wish = *wish;
	(void) text_print(p->peer_link, sizeof(p->peer_link), "%s", WIRE_LINK);
	p->sut_vf.lease = p->peer_vf.lease = p->sut.lease = p->peer.lease = -1;
	p->fs.root = p->host_ns = -1;
	w->parts = p;
	r = fs_open_root(&p->fs, "/", err);
	p->host_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (r == 0 && p->host_ns < 0)
		r = err_sys(err, -errno, "cannot open the host's network namespace");
	return r;
}

int wire_make_over(struct wire *ret, struct journal *j, enum wire_sut kind, const struct datapath_wish *wish, struct err *err)
{
	struct wire w = WIRE_INIT;
	int r;

	w.kind = kind;
	w.datapath = wish->kind;
	w.sut_mac = wish->dev[0] ? mac_chance() : sut_mac;
	w.peer_mac = wish->dev[0] ? mac_chance() : peer_mac;
	(void) text_print(w.sut_link, sizeof(w.sut_link), "%s", WIRE_LINK);
	(void) text_print(w.run, sizeof(w.run), "%s", journal_run(j));
	count_queues(&w, wish);
	r = start_parts(&w, j, wish, err);
	if (r == 0)
		r = datapath_available(&w.parts->fs, wish, kind, err);
	if (r == 0) {
		r = build(&w, err);
		if (r < 0)
			err_in(err, "datapath %s", datapath_row(wish->kind)->name);
	}
	if (r < 0) {
		wire_close(&w);
		return r;
	}
	*ret = w;
	return 0;
}

int wire_make(struct wire *ret, struct journal *j, enum wire_sut kind, struct err *err)
{
	return wire_make_over(ret, j, kind, &(struct datapath_wish){ .kind = DATAPATH_BRIDGE }, err);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_one(const struct wire *w, int *fd, char which)
{
	struct err e = { 0 };
	char name[48];

	if (*fd < 0)
		return;
	close_fd(fd);
	if (!has_namespace(w, which))
		return; /* the host's own */
	name_namespace(w->run, which, name);
	if (netns_delete(name, &e) < 0)
		log_warn("%s", e.text);
}

void wire_close(struct wire *w)
{
	for (unsigned i = 0; i < w->queues; i++) {
		close_fd(&w->tap_fd[i]);
		close_fd(&w->vhost_fd[i]);
	}
	w->queues = 0;
	if (!w->parts)
		return;
	wire_host_close(w);
	wire_devices_back(w);
	close_one(w, &w->sut_ns, 's');
	close_one(w, &w->peer_ns, 'p');
	close_one(w, &w->wire_ns, 'w');
	close_fd(&w->parts->host_ns);
	fs_close(&w->parts->fs);
	free(w->parts);
	w->parts = NULL;
}
