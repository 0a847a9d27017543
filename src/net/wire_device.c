/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_device - wires that go through a card: virtual functions and whole
 * devices, the SUT's and the peer's.
 *
 * Taking a network device loses its name, addresses and state, so these are
 * in the journal before anything else; and before the namespaces, because
 * undoing goes backwards and a namespace that ends gives its devices back.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/device.h"
#include "net/wire_parts.h"

#define NETDEV_NS (60 * NS_PER_S)

static int note(struct wire_parts *p, struct taken *t, const char *dev, struct err *err)
{
	struct pci_device d;
	int r = pci_resolve(&p->fs, dev, t->address, err);

	if (r == 0)
		r = pci_read(&p->fs, t->address, &d, err);
	if (r == 0 && !d.netdev[0])
		r = err_set(err, -ENODEV, "%s has no network device here (driver: %s)", dev, d.driver[0] ? d.driver : "none");
	if (r == 0)
		r = netdev_read(d.netdev, &t->before, err);
	if (r == 0)
		r = journal_netdev(p->journal, &p->fs, t->address, &t->before, err);
	t->noted = r == 0;
	return r;
}

int wire_devices_note(struct wire *w, struct err *err)
{
	struct wire_parts *p = w->parts;
	unsigned needed = p->wish.peer == PEER_AUTO ? 2 : 1;
	int r = 0;

	if (!datapath_row(w->datapath)->device)
		return 0;
	if (w->datapath == DATAPATH_PF)
		r = note(p, &p->sut, p->wish.dev, err);
	else if (p->wish.dev[0])
		r = pci_resolve(&p->fs, p->wish.dev, p->pf, err);
	else
		r = sriov_find(&p->fs, needed, p->wish.vfs, p->pf, err);
	if (r == 0 && p->wish.peer == PEER_PF)
		r = note(p, &p->peer, p->pf, err);
	if (r == 0 && p->wish.peer == PEER_DEV)
		r = note(p, &p->peer, p->wish.peer_dev, err);
	return r;
}

static int link_mac(int ns_fd, const char *name, struct mac *ret, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	struct link_fact f;
	int r = net_open(&net, ns_fd, err);

	if (r == 0)
		r = link_get(net, name, &f, err);
	if (r == 0)
		*ret = f.mac;
	return r;
}

/*
 * From the host's namespace into one of the run's, under its own name: when
 * the kernel has to bring it back, that name is still free.
 */
static int move_in(const struct wire_parts *p, const char *netdev, int ns_fd, char link[16], struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, p->host_ns, err);

	text_print(link, 16, "%s", netdev);
	return r < 0 ? r : link_move(net, netdev, ns_fd, netdev, err);
}

static int take_whole(const struct wire_parts *p, struct taken *t, int ns_fd, char link[16], struct mac *ret_mac, struct err *err)
{
	int r = move_in(p, t->before.name, ns_fd, link, err);

	t->moved = r == 0;
	return r < 0 ? r : link_mac(ns_fd, link, ret_mac, err);
}

static int take_function(struct wire_parts *p, struct vf *vf, int ns_fd, char link[16], struct mac *ret_mac, struct err *err)
{
	char netdev[16];
	int r = vf_bind_network(p->port, vf, netdev, err);

	if (r == 0)
		r = move_in(p, netdev, ns_fd, link, err);
	return r < 0 ? r : link_mac(ns_fd, link, ret_mac, err);
}

static int bring_up(int ns_fd, const char *link, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, ns_fd, err);

	return r < 0 ? r : link_set(net, link, &(struct link_wish){ .up = true }, err);
}

static int take_peer(struct wire *w, struct err *err)
{
	struct wire_parts *p = w->parts;
	int r;

	if (w->peer_ns < 0 || p->peer.moved)
		return 0;
	if (p->wish.peer == PEER_DEV)
		return take_whole(p, &p->peer, w->peer_ns, p->peer_link, &w->peer_mac, err);
	r = sriov_take(p->port, &p->peer_vf, err);
	return r < 0 ? r : take_function(p, &p->peer_vf, w->peer_ns, p->peer_link, &w->peer_mac, err);
}

static int open_port(struct wire *w, struct err *err)
{
	struct wire_parts *p = w->parts;
	struct sriov_wish wish = {
		.pf = p->pf,
		.need = p->wish.peer == PEER_AUTO ? 2 : 1,
		.make = p->wish.vfs,
		.attributes = p->wish.vf,
		.force = p->wish.force,
	};

	if (p->wish.peer == PEER_PF) {
		wish.netdev = p->peer_link;
		wish.arg = &w->peer_ns;
	}
	return sriov_open(&p->port, &p->fs, p->journal, &wish, err);
}

static int give_function_to_vm(struct wire *w, struct err *err)
{
	struct wire_parts *p = w->parts;
	const struct mac none = { { 0 } };

	w->sut_mac = p->sut_vf.mac;
	if (memcmp(&w->sut_mac, &none, sizeof(none)) == 0)
		return err_set(
			err, -EADDRNOTAVAIL,
			"virtual function %u of %s has no MAC address, so a VM would choose one that nobody knows: set it with "
			"ip link set dev PORT vf %u mac ADDRESS",
			p->sut_vf.nr, p->pf, p->sut_vf.nr);
	return vfio_bind(&w->vfio, p->journal, p->sut_vf.address, p->wish.force, err);
}

/* The port goes to its peer's namespace before it makes functions: moving it would reset them. */
int wire_build_vf(struct wire *w, struct err *err)
{
	struct wire_parts *p = w->parts;
	int r = 0;

	if (p->wish.peer == PEER_PF) {
		r = take_whole(p, &p->peer, w->peer_ns, p->peer_link, &w->peer_mac, err);
		if (r == 0)
			r = bring_up(w->peer_ns, p->peer_link, err);
	}
	if (r == 0)
		r = open_port(w, err);
	if (r == 0)
		r = sriov_take(p->port, &p->sut_vf, err);
	if (r == 0)
		r = w->kind == WIRE_VM ? give_function_to_vm(w, err)
				       : take_function(p, &p->sut_vf, w->sut_ns, w->sut_link, &w->sut_mac, err);
	if (r == 0)
		r = take_peer(w, err);
	if (r == 0)
		r = wire_dress_peer(w, err);
	return r < 0 ? r : wire_dress_sut(w, err);
}

int wire_build_pf(struct wire *w, struct err *err)
{
	struct wire_parts *p = w->parts;
	int r = device_lease(&p->fs, p->sut.address, &p->sut.lease, err);

	if (r == 0)
		r = take_peer(w, err);
	if (r < 0)
		return r;
	memcpy(w->sut_mac.at, p->sut.before.mac, sizeof(w->sut_mac.at));
	if (w->kind == WIRE_VM)
		r = vfio_bind(&w->vfio, p->journal, p->sut.address, p->wish.force, err);
	else
		r = take_whole(p, &p->sut, w->sut_ns, w->sut_link, &w->sut_mac, err);
	if (r < 0)
		return r;
	r = wire_dress_peer(w, err);
	return r < 0 ? r : wire_dress_sut(w, err);
}

static int move_back(const struct wire_parts *p, const struct taken *t, int ns_fd, struct err *err)
{
	AUTO_NET struct net *net = NULL;
	int r = net_open(&net, ns_fd, err);

	if (r == 0)
		r = link_move(net, t->before.name, p->host_ns, t->before.name, err);
	return r < 0 ? r : netdev_restore(t->before.name, &t->before, err);
}

static void give_whole_back(const struct wire_parts *p, struct taken *t, int ns_fd)
{
	struct err e = { 0 };

	if (t->moved && move_back(p, t, ns_fd, &e) < 0)
		log_warn("%s", e.text);
	t->moved = false;
	if (t->lease >= 0)
		close(t->lease);
	t->lease = -1;
}

/* The driver first, which brings the network device. */
static void take_from_vfio(const struct wire_parts *p, const struct taken *t)
{
	struct err e = { 0 };
	char netdev[16];
	int r = device_give(&p->fs, t->address, NULL, &e);

	if (r == 0 && !device_await_netdev(&p->fs, t->address, netdev, sizeof(netdev), NETDEV_NS))
		r = err_set(&e, -ETIMEDOUT, "%s has its driver again, but no network device has come of it", t->address);
	if (r == 0)
		r = netdev_restore(netdev, &t->before, &e);
	if (r < 0)
		log_warn("%s", e.text);
}

void wire_devices_back(struct wire *w)
{
	struct wire_parts *p = w->parts;

	if (p->port) {
		vf_give_back(p->port, &p->sut_vf);
		vf_give_back(p->port, &p->peer_vf);
		sriov_close(p->port);
	}
	p->port = NULL;
	if (p->sut.noted && w->vfio.address[0])
		take_from_vfio(p, &p->sut);
	w->vfio.address[0] = '\0';
	give_whole_back(p, &p->sut, w->sut_ns);
	give_whole_back(p, &p->peer, w->peer_ns);
}
