/* SPDX-License-Identifier: Apache-2.0 */
/* wire_parts - what the files that build a wire share.  Private to the room. */
#ifndef NET_WIRE_PARTS_H
#define NET_WIRE_PARTS_H

#include "journal/netdev.h"
#include "net/link.h"
#include "net/sriov.h"
#include "net/wire.h"

#define WIRE_LINK "eth0"

/* A network device of the host's, in somebody else's hands for the time of the run. */
struct taken {
	char address[PCI_ADDRESS_MAX];
	struct netdev_state before;
	bool noted, moved;              /* in the journal; out of this namespace */
	int lease;
};

struct wire_parts {
	struct fs fs;
	struct journal *journal;
	struct datapath_wish wish;
	int host_ns;
	char pf[PCI_ADDRESS_MAX];
	struct sriov *port;
	struct vf sut_vf, peer_vf;
	struct taken sut, peer;         /* sut: pf; peer: peer=pf and peer=DEV */
	char peer_link[16];             /* the peer's interface; w->sut_link is the other end's */
};

/* The journal first: a device is written down before the namespaces, so that undo removes those before it looks for it. */
int wire_devices_note(struct wire *w, struct err *err);
int wire_build_bridge(struct wire *w, struct err *err);         /* also vhost-net, e1000e */
int wire_build_lower(struct wire *w, struct err *err);          /* macvlan, ipvlan, macvtap */
int wire_build_host(struct wire *w, struct err *err);
void wire_host_close(struct wire *w);
int wire_build_vf(struct wire *w, struct err *err);
int wire_build_pf(struct wire *w, struct err *err);
void wire_devices_back(struct wire *w);

/* Addresses and neighbours: both MAC addresses must be known by then. */
int wire_dress_peer(struct wire *w, struct err *err);
int wire_dress_sut(struct wire *w, struct err *err);

static inline void wire_net_closep(struct net **net)
{
	net_close(*net);
}
#define AUTO_NET AUTO(wire_net_closep)

#endif
