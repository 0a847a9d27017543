/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link - links inside a network namespace, which is named by its fd and never
 * the host's own unless the caller hands that in.
 *
 * Nothing here is journalled: a link made in a namespace goes with it, and the
 * namespace is in the journal.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "base/err.h"
#include "net/rtmsg.h"

struct net;                             /* an rtnetlink socket that lives in one namespace */

int net_open(struct net **ret, int ns_fd, struct err *err);
void net_close(struct net *net);        /* accepts NULL */

/* Send one built message and wait for its acknowledgement; `what` says it for people ("add veth eth0"). */
int net_do(struct net *net, struct nlmsghdr *msg, const char *what, struct err *err);
/* Send a question and receive its answer whole, as long as it may be: malloc'ed. */
int net_ask(struct net *net, struct nlmsghdr *msg, const char *what, void **ret, size_t *ret_len, struct err *err);

int link_get(struct net *net, const char *name, struct link_fact *ret, struct err *err);
int link_veth(struct net *net, const struct veth_end *here, const struct veth_end *there, struct err *err);
int link_lower(struct net *net, const char *device, struct lower_end *end, struct err *err);  /* fills end->lower */
/* To another namespace and to a new name there; it is down afterwards, without addresses. */
int link_move(struct net *net, const char *name, int ns_fd, const char *new_name, struct err *err);
int link_bridge(struct net *net, const char *name, const struct mac *mac, struct err *err);
int link_set(struct net *net, const char *name, const struct link_wish *wish, struct err *err);
int link_enslave(struct net *net, const char *name, const char *bridge, struct err *err);
/*
 * Wait until a packet would go through: the kernel switches queues and bridge
 * ports on in a worker of its own, a moment after carrier and "up".
 */
int link_await(struct net *net, const char *name, bool port, struct err *err);
int link_await_for(struct net *net, const char *name, bool port, uint64_t timeout_ns, struct err *err);
int link_delete(struct net *net, const char *name, struct err *err);

/* Addresses outside 198.18.0.0/15 (RFC 2544, RFC 6815: benchmarking) are refused. */
int link_address(struct net *net, const char *name, const char *address, uint8_t prefix, struct err *err);
int link_neighbour(struct net *net, const char *name, const char *address, const struct mac *mac, struct err *err);

/*
 * A tap with IFF_VNET_HDR in the namespace, one fd (close-on-exec) for each queue, several with IFF_MULTI_QUEUE; the
 * link lives as long as an fd or a copy of it.  None is left open on failure.
 */
int tap_make(int ns_fd, const char *name, int *ret_fds, unsigned queues, struct err *err);
/* How many of them somebody reads from now. */
int tap_queues(int ns_fd, const char *name, unsigned *ret, struct err *err);
/* The character device of a macvtap in the namespace, as QEMU wants it (IFF_VNET_HDR, close-on-exec), once a queue. */
int macvtap_open(int ns_fd, const char *name, int *ret_fds, unsigned queues, struct err *err);
/* Served by the kernel: a fresh /dev/vhost-net, one for each queue of a tap. */
int vhost_net_open(int *ret_fd, struct err *err);

char *mac_text(const struct mac *mac, char buf[18]);
/* Locally administered, by chance: for addresses that other hosts on a real wire may see. */
struct mac mac_chance(void);
int mac_parse(const char *text, struct mac *ret);       /* "02:00:00:00:00:01"; -EINVAL */

#endif
