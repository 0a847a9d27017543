/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - the network of one run, datapath `bridge`:
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
#include "net/netns.h"
#include "net/rtmsg.h"

enum wire_sut { WIRE_NATIVE, WIRE_CONTAINER, WIRE_VM };

#define WIRE_PEER_ADDRESS "198.18.0.1"
#define WIRE_SUT_ADDRESS  "198.18.0.2"
#define WIRE_PREFIX 24

struct wire {
	enum wire_sut kind;
	int peer_ns;                            /* spawn the peer's agent with this as netns_fd */
	int wire_ns;                            /* holds br0 */
	int sut_ns;                             /* native: netns_fd of the agent; -1 for a VM */
	int tap_fd;                             /* VM: -netdev tap,fd=N (IFF_VNET_HDR); else -1.  All fds are close-on-exec */
	char peer_ns_path[NETNS_PATH_MAX];
	char sut_ns_path[NETNS_PATH_MAX];       /* container: for config.json; "" for a VM */
	char run[16];                           /* in the names of the namespaces */
	char sut_link[16];                      /* the SUT's interface: "eth0"; in a VM find it by sut_mac */
	struct mac sut_mac, peer_mac;           /* the VM's NIC must use sut_mac: the peer knows no other */
};
#define WIRE_INIT { .peer_ns = -1, .wire_ns = -1, .sut_ns = -1, .tap_fd = -1 }

int wire_make(struct wire *ret, struct journal *j, enum wire_sut kind, struct err *err);

/* Delete the namespaces and close the fds.  Accepts WIRE_INIT; the journal's undo finds nothing left afterwards. */
void wire_close(struct wire *w);

#endif
