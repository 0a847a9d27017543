/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - the network of one run.  Datapath `bridge` (docs/datapaths.md draws the others):
 *
 *	netns vlat-ID-p          netns vlat-ID-w           netns vlat-ID-s
 *	  eth0 198.18.0.1/24 ---- peer0 [ br0 ] sut0 ------ eth0 198.18.0.2/24     native, container
 *	                                        tap0 ------ virtio-net of the VM    vm
 *
 * The peer stands in for the client at the other end of a cable.  Every end
 * knows its neighbour beforehand, so no ARP falls into a measurement.  The
 * host's own namespace is never touched; runs side by side never meet, since
 * the names carry the run and the addresses live in the run's namespaces.
 */
#ifndef NET_WIRE_H
#define NET_WIRE_H

#include "base/err.h"
#include "journal/journal.h"
#include "net/datapath.h"
#include "net/netns.h"
#include "net/rtmsg.h"
#include "net/vfio.h"

#define WIRE_PEER_ADDRESS "198.18.0.1"
#define WIRE_SUT_ADDRESS  "198.18.0.2"
#define WIRE_PREFIX 24

struct wire {
	enum wire_sut kind;
	enum datapath_kind datapath;
	int peer_ns;                            /* spawn the peer's agent with this as netns_fd; -1 = PEER_NONE */
	int wire_ns;                            /* holds br0, or the device that macvlan and its like hang on; -1 = none needed */
	int sut_ns;                             /* native: netns_fd of the agent (`host`: the host's own); -1 for a VM */
	unsigned queues;                        /* VM: how many of the next two there are; 0 for vf, pf and whatever is no VM */
	int tap_fd[DATAPATH_QUEUES_MAX];            /* VM: -netdev tap,fds=...: tap or macvtap (IFF_VNET_HDR) */
	int vhost_fd[DATAPATH_QUEUES_MAX];          /* VM, datapath_row()->vhost: vhostfds=... of the same netdev; else -1 */
	struct vfio_device vfio;                /* VM, datapath_row()->vfio: -device vfio-pci,host=ADDRESS; address "" = none */
	char peer_ns_path[NETNS_PATH_MAX];
	char sut_ns_path[NETNS_PATH_MAX];       /* container: for config.json; "" for a VM and for `host` */
	char run[16];                           /* in the names of the namespaces */
	char sut_link[16];                      /* the SUT's interface: "eth0", a card's own name; in a VM find it by sut_mac */
	struct mac sut_mac, peer_mac;           /* the VM's NIC must use sut_mac: the peer knows no other (vf: set by the PF) */
	struct wire_parts *parts;               /* private: devices taken, to be given back */
};                                              /* all fds are close-on-exec */
#define WIRE_INIT { .peer_ns = -1, .wire_ns = -1, .sut_ns = -1 }

/* Datapath `bridge`. */
int wire_make(struct wire *ret, struct journal *j, enum wire_sut kind, struct err *err);
/* Any datapath; devices are journalled before they are touched.  -EINVAL when it is none of this SUT's. */
int wire_make_over(struct wire *ret, struct journal *j, enum wire_sut kind, const struct datapath_wish *wish, struct err *err);

/*
 * A VM that has a card of its own (pf) raises the link of its cable itself:
 * wait until the peer's end works.  Call when the guest's driver is up; returns
 * at once for every other wire.
 */
int wire_await_peer(const struct wire *w, struct err *err);

/* The host's device that its packets go through, a name or a PCI address; "" = the wire is all vlat's own. */
const char *wire_device(const struct wire *w);

/*
 * How many queues of its tap the guest has switched on: its driver does so when it starts, one a vCPU at most.
 * 0 = the kernel does not show it (a macvtap), or there is no tap.
 */
unsigned wire_queues_on(const struct wire *w);

/*
 * Delete the namespaces, give devices back, close the fds.  The VM must have
 * ended.  Accepts WIRE_INIT; the journal's undo finds nothing left afterwards.
 */
void wire_close(struct wire *w);

#endif
