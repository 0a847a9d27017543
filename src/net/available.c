/* SPDX-License-Identifier: Apache-2.0 */
/*
 * available - what each datapath needs, looked for without leaving anything.
 *
 * What a kernel can do is asked by having it done in a nameless namespace:
 * a driver may be built in, or a module that the kernel loads when it is
 * asked, and no list tells which.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "host/pci.h"
#include "net/datapath.h"
#include "net/link.h"
#include "net/netns.h"
#include "net/route.h"
#include "net/sriov.h"
#include "net/vfio.h"

static const struct mac any_mac = { { 0x02, 0x76, 0x6c, 0x61, 0x74, 0x77 } };

/* -1 = a bridge, else an enum lower_kind. */
static int try_link(void *arg, struct err *err)
{
	const int *kind = arg;
	const struct veth_end a = { .name = "a", .ns_fd = -1, .mac = any_mac };
	const struct veth_end b = { .name = "b", .ns_fd = -1, .mac = { { 2, 0, 0, 0, 0, 1 } } };
	AUTO_CLOSE int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct net *net = NULL;
	int r = net_open(&net, here, err);

	if (r == 0)
		r = link_veth(net, &a, &b, err);
	if (r == -EOPNOTSUPP)
		r = err_set(err, r, "this kernel has no veth: modprobe veth, or take a kernel that has it");
	else if (r == 0 && *kind < 0)
		r = link_bridge(net, "c", &any_mac, err);
	else if (r == 0)
		r = link_lower(net, "a", &(struct lower_end){ .kind = (enum lower_kind) * kind, .name = "c", .ns_fd = -1 }, err);
	if (r == -EOPNOTSUPP && *kind < 0)
		r = err_set(err, r, "this kernel has no bridge: modprobe bridge, or take a kernel that has it");
	net_close(net);
	return r;
}

static int check_link(const struct fs *fs, int kind, struct err *err)
{
	return fs->live ? netns_try(try_link, &kind, err) : 0;
}

static int check_vhost(const struct fs *fs, struct err *err)
{
	int fd = -1, r = 0;

	if (fs->live)
		r = vhost_net_open(&fd, err);
	else if (!fs_exists(fs, "dev/vhost-net"))
		r = err_set(err, -ENODEV, "no /dev/vhost-net: modprobe vhost_net");
	if (fd >= 0)
		close(fd);
	return r;
}

static int check_tun(const struct fs *fs, struct err *err)
{
	if (fs_exists(fs, "dev/net/tun"))
		return 0;
	return err_set(err, -ENOENT, "no /dev/net/tun: the kernel lacks the driver for taps (try: modprobe tun)");
}

static int check_named(const struct fs *fs, const char *dev, bool bridge, struct err *err)
{
	if (!dev[0])
		return 0;
	if (!fs_existsf(fs, "sys/class/net/%s", dev))
		return err_set(err, -ENODEV, "there is no network device %s here (ip link lists those that there are)", dev);
	if (bridge && !fs_existsf(fs, "sys/class/net/%s/bridge", dev))
		return err_set(err, -EINVAL,
			       "%s is no bridge: this datapath plugs its tap or veth into one; for a card take macvtap, "
			       "macvlan, vf or pf",
			       dev);
	if (!bridge && text_eq(dev, "lo"))
		return err_set(err, -EINVAL, "lo is a loop, nothing can share it: name a network card");
	return 0;
}

static int check_bridge(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err)
{
	int r = check_named(fs, w->dev, true, err);

	if (r == 0 && sut == WIRE_VM)
		r = check_tun(fs, err);
	if (r == 0 && datapath_row(w->kind)->vhost)
		r = check_vhost(fs, err);
	return r < 0 ? r : check_link(fs, -1, err);
}

static int check_lower(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err)
{
	int kind = w->kind == DATAPATH_IPVLAN ? LOWER_IPVLAN : w->kind == DATAPATH_MACVLAN ? LOWER_MACVLAN : LOWER_MACVTAP;
	int r = check_named(fs, w->dev, false, err);

	(void) sut;
	if (r == 0 && datapath_row(w->kind)->vhost)
		r = check_vhost(fs, err);
	return r < 0 ? r : check_link(fs, kind, err);
}

/* The card that shall be the other end of the cable. */
static int check_peer(const struct fs *fs, const struct datapath_wish *w, struct err *err)
{
	char address[PCI_ADDRESS_MAX];
	struct pci_device d;
	int r;

	if (w->peer != PEER_DEV)
		return 0;
	r = pci_resolve(fs, w->peer_dev, address, err);
	if (r == 0)
		r = pci_read(fs, address, &d, err);
	if (r < 0)
		return r;
	if (!d.netdev[0])
		return err_set(err, -ENODEV,
			       "%s has no network device here, so it cannot be the peer: it has no network driver, or is in "
			       "another namespace",
			       w->peer_dev);
	return route_check_free(fs, d.netdev, true, w->force, err);
}

/* The port itself as the peer: it is taken from the host, not only disturbed. */
static int check_port_as_peer(const struct fs *fs, const char *pf, const struct datapath_wish *w, struct err *err)
{
	struct pci_device d;
	int r = pci_read(fs, pf, &d, err);

	if (r == 0 && !d.netdev[0])
		r = err_set(err, -ENODEV, "%s has no network device here that could be the peer", pf);
	return r < 0 ? r : route_check_free(fs, d.netdev, true, w->force, err);
}

static int check_vf(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err)
{
	unsigned needed = w->peer == PEER_AUTO ? 2 : 1;
	char pf[PCI_ADDRESS_MAX];
	int r = sut == WIRE_VM ? vfio_check_host(fs, err) : 0;

	if (r < 0)
		return r;
	if (!w->dev[0])
		r = sriov_find(fs, needed, w->vfs, pf, err);
	else
		r = pci_resolve(fs, w->dev, pf, err);
	if (r == 0 && w->dev[0])
		r = sriov_check(fs, pf, needed, w->vfs, w->force, err);
	if (r == 0 && w->peer == PEER_PF)
		r = check_port_as_peer(fs, pf, w, err);
	return r < 0 ? r : check_peer(fs, w, err);
}

static int check_pf(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err)
{
	char address[PCI_ADDRESS_MAX];
	struct pci_device d;
	int r;

	if (!w->dev[0])
		return err_set(err, -EINVAL,
			       "datapath pf takes a whole card from the host: say which, and which one is at the other end of "
			       "its cable (pf,dev=eth1,peer=eth2)");
	if (w->peer == PEER_AUTO)
		return err_set(err, -EINVAL,
			       "datapath pf needs a peer at the other end of the cable of %s: name its card (peer=eth2), or "
			       "peer=none where nothing is measured",
			       w->dev);
	r = pci_resolve(fs, w->dev, address, err);
	if (r == 0)
		r = pci_read(fs, address, &d, err);
	if (r < 0)
		return r;
	if (d.is_vf)
		return err_set(err, -EINVAL, "%s is a virtual function of %s: use datapath vf,dev=%s", w->dev, d.pf, d.pf);
	if (d.vfs)
		return err_set(err, -EBUSY, "%s has %u virtual functions, which would lose their port: remove them first", w->dev,
			       d.vfs);
	if (!d.netdev[0])
		return err_set(err, -ENODEV,
			       "%s has no network device here (its driver is %s): vlat reads its MAC address from that", w->dev,
			       d.driver[0] ? d.driver : "none");
	r = sut == WIRE_VM ? vfio_check(fs, address, w->force, err) : route_check_free(fs, d.netdev, true, w->force, err);
	return r < 0 ? r : check_peer(fs, w, err);
}

static int check_host(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err)
{
	(void) w;
	(void) sut;
	return check_link(fs, -1, err);
}

typedef int check_fn(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err);

static check_fn *const checks[] = {
	[DATAPATH_BRIDGE] = check_bridge, [DATAPATH_VHOST_NET] = check_bridge,
	[DATAPATH_MACVTAP] = check_lower, [DATAPATH_MACVTAP_VHOST_NET] = check_lower,
	[DATAPATH_E1000E] = check_bridge, [DATAPATH_MACVLAN] = check_lower,
	[DATAPATH_IPVLAN] = check_lower,  [DATAPATH_VF] = check_vf,
	[DATAPATH_PF] = check_pf,         [DATAPATH_HOST] = check_host,
};

int datapath_available(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err)
{
	int r = datapath_fits(w->kind, sut, err);

	if (r == 0 && w->queues && sut != WIRE_VM)
		r = err_set(err, -EINVAL, "datapath option queues=%u is for the card of a VM: leave it out here", w->queues);
	return r < 0 ? r : checks[w->kind](fs, w, sut, err);
}
