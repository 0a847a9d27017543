/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtmsg - rtnetlink messages as pure values: a buffer in, bytes out; nothing
 * is opened and nothing is sent.  rtnetlink(7), linux/if_link.h, linux/veth.h,
 * linux/neighbour.h.
 */
#ifndef NET_RTMSG_H
#define NET_RTMSG_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/netlink.h>

#define RTBUF_MAX 1024

struct mac {
	uint8_t at[6];
};

struct rtbuf {
	_Alignas(8) char at[RTBUF_MAX];
};

/* One end of a veth pair; ns_fd < 0 = the namespace of the socket that the message is sent on. */
struct veth_end {
	const char *name;
	int ns_fd;
	struct mac mac;
};

/* What to change on a link; a zeroed field stays as it is. */
struct link_wish {
	bool up, down;
	uint32_t master;                /* ifindex of a bridge */
	uint32_t mtu;
	uint32_t txqueuelen;
	const struct mac *mac;
};

/* A link that shares another one's hardware address space: macvlan, macvtap, ipvlan. */
enum lower_kind { LOWER_MACVLAN, LOWER_MACVTAP, LOWER_IPVLAN };

struct lower_end {
	enum lower_kind kind;
	uint32_t lower;                 /* ifindex of the device below, in the namespace of the socket */
	const char *name;
	int ns_fd;                      /* where the new link will be; < 0 = beside the device below */
	const struct mac *mac;          /* NULL = the kernel's choice; ipvlan has its lower device's */
};

struct nlmsghdr *rtmsg_lower_new(struct rtbuf *m, const struct lower_end *end); /* macvlan: bridge mode; ipvlan: L2 */
const char *lower_kind_name(enum lower_kind kind);
struct nlmsghdr *rtmsg_link_move(struct rtbuf *m, uint32_t ifindex, int ns_fd, const char *name); /* down first */
struct nlmsghdr *rtmsg_veth_new(struct rtbuf *m, const struct veth_end *here, const struct veth_end *there);
struct nlmsghdr *rtmsg_bridge_new(struct rtbuf *m, const char *name, const struct mac *mac); /* STP off, no delay, no snooping */
struct nlmsghdr *rtmsg_link_set(struct rtbuf *m, uint32_t ifindex, const struct link_wish *wish);
struct nlmsghdr *rtmsg_link_del(struct rtbuf *m, uint32_t ifindex);
struct nlmsghdr *rtmsg_link_get(struct rtbuf *m, const char *name);
struct nlmsghdr *rtmsg_addr_new(struct rtbuf *m, uint32_t ifindex, uint32_t address_be, uint8_t prefix);
struct nlmsghdr *rtmsg_neigh_new(struct rtbuf *m, uint32_t ifindex, uint32_t address_be, const struct mac *mac); /* permanent */

/* The first message of an answer lies in it as a whole. */
bool rtmsg_whole(const void *bytes, size_t len);

/* The facts of an RTM_NEWLINK answer; false when it is not one or is torn. */
struct link_fact {
	char name[IFNAMSIZ];
	uint32_t ifindex, mtu, txqueuelen, master;
	bool up, carrier;
	bool queue;                     /* something takes its packets: without a carrier all are thrown away */
	uint8_t oper;                   /* IF_OPER_... of linux/if.h */
	uint8_t port_state;             /* BR_STATE_... of linux/if_bridge.h, 0 = no port, or disabled */
	struct mac mac;
};
bool rtmsg_link_parse(const void *bytes, size_t len, struct link_fact *ret);
/* Would a packet given to this link go on its way?  `port`: a bridge has to pass it on, too. */
bool link_fact_works(const struct link_fact *f, bool port);

#endif
