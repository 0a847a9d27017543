/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datapath - how packets reach the SUT: one row each, as data.  What a user
 * writes is NAME[,key=value...]: "bridge", "macvtap,dev=eth1",
 * "vf,dev=0000:01:00.0,peer=pf,vlan=7,trust=on".  docs/datapaths.md draws them.
 */
#ifndef NET_DATAPATH_H
#define NET_DATAPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "net/vf.h"

enum wire_sut { WIRE_NATIVE, WIRE_CONTAINER, WIRE_VM, WIRE_SUTS };

enum datapath_kind {
	DATAPATH_BRIDGE,                /* veth or tap on a bridge; VM: virtio served by QEMU itself */
	DATAPATH_VHOST_NET,             /* VM: the same tap, served by the kernel's vhost worker */
	DATAPATH_MACVTAP,               /* VM: virtio served by QEMU itself, no bridge */
	DATAPATH_MACVTAP_VHOST_NET,     /* VM: macvtap served by the kernel's vhost worker */
	DATAPATH_E1000E,                /* VM: the bridge's tap behind an emulated Intel NIC */
	DATAPATH_MACVLAN,
	DATAPATH_IPVLAN,
	DATAPATH_VF,                    /* SR-IOV virtual function: netdev in the namespace; VM: by VFIO */
	DATAPATH_PF,                    /* the whole device */
	DATAPATH_HOST,                  /* no namespace of its own: the host's network stack as it is */
	DATAPATHS
};

struct datapath {
	const char *name;
	unsigned suts;                  /* 1u << WIRE_NATIVE | ... */
	const char *brief;              /* what it is, one line */
	const char *needs;              /* what this machine must have, one line */
	bool vhost;                     /* the VM gets wire.vhost_fd */
	bool vfio;                      /* the VM gets wire.vfio instead of a tap */
	bool device;                    /* takes hardware: dev= matters, nothing is made up without it */
};

const struct datapath *datapath_row(enum datapath_kind kind);
/* -EINVAL: lists them, guesses. */
int datapath_find(const char *name, enum datapath_kind *ret, struct err *err);
/* Is it one of this SUT's at all?  -EINVAL names those that are. */
int datapath_fits(enum datapath_kind kind, enum wire_sut sut, struct err *err);

#define DATAPATH_DEV_MAX 64
#define DATAPATH_QUEUES_MAX 8
#define DATAPATH_TEXT_MAX 512

/* Where the measuring peer sits.  Only vf and pf offer a choice. */
enum peer_place {
	PEER_AUTO,                      /* vf: another VF of the same port; pf: a device must be named; else veth or a sibling */
	PEER_PF,                        /* vf: the physical function itself, in the peer's namespace for the time of the run */
	PEER_DEV,                       /* vf, pf: another NIC, at the other end of the cable */
	PEER_NONE,                      /* nobody measures: `vlat run` */
};

struct datapath_wish {
	enum datapath_kind kind;
	char dev[DATAPATH_DEV_MAX];     /* netdev or PCI address; "" = vlat's own veth; vf: the first free port that has SR-IOV */
	enum peer_place peer;
	char peer_dev[DATAPATH_DEV_MAX]; /* PEER_DEV */
	unsigned queues;                /* a VM's virtio: pairs of queues, one a vCPU at most; 0 = 1 */
	unsigned vfs;                   /* vf: how many to make when the port has none; 0 = as many as are used */
	struct vf_wish vf;              /* vf: attributes of the SUT's; VLAN is given to the peer's too */
	bool force;                     /* also a device that carries the host's default route, addresses or a group in use */
};

int datapath_parse(const char *text, struct datapath_wish *ret, struct err *err);
/* Back to text that parses to the same. */
char *datapath_text(const struct datapath_wish *w, char buf[DATAPATH_TEXT_MAX]);

/*
 * Could it be had here?  Leaves nothing behind.  0, or one sentence why not
 * and the cure (no module, no IOMMU, no SR-IOV device, group not viable ...).
 * fs = the machine; what only a running kernel can answer is asked when fs->live.
 */
int datapath_available(const struct fs *fs, const struct datapath_wish *w, enum wire_sut sut, struct err *err);

#endif
