/* SPDX-License-Identifier: Apache-2.0 */
/* link - the executing half of rtmsg: one socket, one message, one answer at a time. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "net/link.h"
#include "net/netns.h"

#define AWAIT_NS (30 * NS_PER_S) /* usually a millisecond */

struct net {
	struct mnl_socket *sock;
	unsigned seq;
};

static int open_here(void *arg, struct err *err)
{
	static const struct timeval patience = { .tv_sec = 10 };
	struct net *net = arg;
	int on = 1;

	net->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!net->sock)
		return err_sys(err, -errno, "cannot open rtnetlink");
	if (mnl_socket_bind(net->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return err_sys(err, -errno, "cannot bind rtnetlink");
	(void) mnl_socket_setsockopt(net->sock, NETLINK_EXT_ACK, &on, sizeof(on)); /* kernels before 4.12 lack it */
	if (setsockopt(mnl_socket_get_fd(net->sock), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return err_sys(err, -errno, "cannot set a time limit on rtnetlink");
	return 0;
}

int net_open(struct net **ret, int ns_fd, struct err *err)
{
	struct net *net = xalloc(1, sizeof(*net));
	int r = netns_run(ns_fd, open_here, net, err);

	if (r < 0) {
		net_close(net);
		return r;
	}
	*ret = net;
	return 0;
}

void net_close(struct net *net)
{
	if (!net)
		return;
	if (net->sock)
		mnl_socket_close(net->sock);
	free(net);
}

static int take_reason(const struct nlattr *attr, void *data)
{
	const char **why = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*why = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* The kernel's own words about a refusal (NETLINK_EXT_ACK), or NULL. */
static const char *refusal_text(const struct nlmsghdr *h, const struct nlmsgerr *e)
{
	const char *why = NULL;
	size_t echoed = 0;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		echoed = e->msg.nlmsg_len - sizeof(e->msg); /* the whole request lies between error and attributes */
	if (sizeof(*e) + echoed > mnl_nlmsg_get_payload_len(h))
		return NULL;
	(void) mnl_attr_parse(h, (unsigned) (sizeof(*e) + echoed), take_reason, &why);
	return why;
}

static int refused(const struct nlmsghdr *h, const char *what, struct err *err)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	const char *why;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*e))
		return err_set(err, -EPROTO, "cannot %s: the kernel's answer is torn", what);
	if (e->error == 0)
		return 0;
	why = refusal_text(h, e);
	if (why)
		return err_sys(err, e->error, "cannot %s: %s", what, why);
	return err_sys(err, e->error, "cannot %s", what);
}

/* Send, and receive the answer to this very message into buf; returns its length. */
static int talk(struct net *net, struct nlmsghdr *msg, char *buf, size_t cap, const char *what, struct err *err)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *) buf;
	ssize_t n;

	msg->nlmsg_seq = ++net->seq;
	if (mnl_socket_sendto(net->sock, msg, msg->nlmsg_len) < 0)
		return err_sys(err, -errno, "cannot %s: sending to rtnetlink", what);
	do {
		n = mnl_socket_recvfrom(net->sock, buf, cap);
		if (n < 0 && errno == EAGAIN)
			return err_set(err, -ETIMEDOUT, "cannot %s: the kernel does not answer", what);
		if (n < 0 && errno != EINTR)
			return err_sys(err, -errno, "cannot %s: receiving from rtnetlink", what);
	} while (n < 0 || !rtmsg_whole(buf, (size_t) n) || h->nlmsg_seq != msg->nlmsg_seq);
	return (int) n;
}

int net_do(struct net *net, struct nlmsghdr *msg, const char *what, struct err *err)
{
	_Alignas(8) char buf[16384];
	int r = talk(net, msg, buf, sizeof(buf), what, err);

	return r < 0 ? r : refused((const struct nlmsghdr *) buf, what, err);
}

/* With many virtual functions an answer is larger than any buffer one would guess: 256 of them need 100 kB. */
#define ANSWER_MAX ((size_t) 1 << 20)

int net_ask(struct net *net, struct nlmsghdr *msg, const char *what, void **ret, size_t *ret_len, struct err *err)
{
	AUTO_FREE char *buf = xalloc(ANSWER_MAX, 1);
	int n = talk(net, msg, buf, ANSWER_MAX, what, err), r;

	if (n < 0)
		return n;
	if (((const struct nlmsghdr *) buf)->nlmsg_type == NLMSG_ERROR) {
		r = refused((const struct nlmsghdr *) buf, what, err);
		return r < 0 ? r : err_set(err, -EPROTO, "cannot %s: the kernel's answer is empty", what);
	}
	*ret = TAKE(buf);
	*ret_len = (size_t) n;
	return 0;
}

int link_get(struct net *net, const char *name, struct link_fact *ret, struct err *err)
{
	_Alignas(8) char buf[16384];
	const struct nlmsghdr *h = (const struct nlmsghdr *) buf;
	char what[64];
	struct rtbuf m;
	int n;

	(void) text_print(what, sizeof(what), "look at link %s", name);
	n = talk(net, rtmsg_link_get(&m, name), buf, sizeof(buf), what, err);
	if (n < 0)
		return n;
	if (h->nlmsg_type == NLMSG_ERROR) {
		n = refused(h, what, err);
		return n < 0 ? n : err_set(err, -EPROTO, "cannot %s: the kernel's answer is empty", what);
	}
	if (!rtmsg_link_parse(buf, (size_t) n, ret))
		return err_set(err, -EPROTO, "cannot %s: the kernel's answer is torn", what);
	return 0;
}

int link_veth(struct net *net, const struct veth_end *here, const struct veth_end *there, struct err *err)
{
	char what[80];
	struct rtbuf m;

	(void) text_print(what, sizeof(what), "make the veth pair %s, %s", here->name, there->name);
	return net_do(net, rtmsg_veth_new(&m, here, there), what, err);
}

int link_lower(struct net *net, const char *device, struct lower_end *end, struct err *err)
{
	struct link_fact fact;
	char what[96];
	struct rtbuf m;
	int r = link_get(net, device, &fact, err);

	if (r < 0)
		return r;
	end->lower = fact.ifindex;
	(void) text_print(what, sizeof(what), "make the %s %s on %s", lower_kind_name(end->kind), end->name, device);
	r = net_do(net, rtmsg_lower_new(&m, end), what, err);
	if (r == -EOPNOTSUPP)
		return err_set(err, r, "this kernel has no %s: load its module (modprobe %s) or take a kernel that has it",
			       lower_kind_name(end->kind), lower_kind_name(end->kind));
	return r;
}

int link_move(struct net *net, const char *name, int ns_fd, const char *new_name, struct err *err)
{
	struct link_fact fact;
	char what[96];
	struct rtbuf m;
	int r = link_set(net, name, &(struct link_wish){ .down = true }, err);

	if (r == 0)
		r = link_get(net, name, &fact, err);
	if (r < 0)
		return r;
	(void) text_print(what, sizeof(what), "move %s to another network namespace", name);
	return net_do(net, rtmsg_link_move(&m, fact.ifindex, ns_fd, new_name), what, err);
}

int link_bridge(struct net *net, const char *name, const struct mac *mac, struct err *err)
{
	char what[64];
	struct rtbuf m;

	(void) text_print(what, sizeof(what), "make the bridge %s", name);
	return net_do(net, rtmsg_bridge_new(&m, name, mac), what, err);
}

int link_set(struct net *net, const char *name, const struct link_wish *wish, struct err *err)
{
	struct link_fact fact;
	char what[64];
	struct rtbuf m;
	int r = link_get(net, name, &fact, err);

	if (r < 0)
		return r;
	(void) text_print(what, sizeof(what), "change link %s", name);
	return net_do(net, rtmsg_link_set(&m, fact.ifindex, wish), what, err);
}

int link_enslave(struct net *net, const char *name, const char *bridge, struct err *err)
{
	struct link_fact fact;
	int r = link_get(net, bridge, &fact, err);

	if (r < 0)
		return r;
	return link_set(net, name, &(struct link_wish){ .master = fact.ifindex, .up = true }, err);
}

int link_await(struct net *net, const char *name, bool port, struct err *err)
{
	return link_await_for(net, name, port, AWAIT_NS, err);
}

int link_await_for(struct net *net, const char *name, bool port, uint64_t timeout_ns, struct err *err)
{
	uint64_t deadline = clock_ns() + timeout_ns;
	struct link_fact f;

	for (;;) {
		int r = link_get(net, name, &f, err);

		if (r < 0 || link_fact_works(&f, port))
			return r;
		if (clock_ns() > deadline)
			return err_set(err, -ETIMEDOUT,
				       "link %s does not begin to work (carrier %d, state %u, bridge port state %u)", name,
				       f.carrier, f.oper, f.port_state);
		clock_sleep_ns(NS_PER_MS);
	}
}

int link_delete(struct net *net, const char *name, struct err *err)
{
	struct link_fact fact;
	char what[64];
	struct rtbuf m;
	int r = link_get(net, name, &fact, err);

	if (r < 0)
		return r;
	(void) text_print(what, sizeof(what), "delete link %s", name);
	return net_do(net, rtmsg_link_del(&m, fact.ifindex), what, err);
}

static int parse_address(const char *text, uint32_t *ret_be, struct err *err)
{
	const uint32_t net = 0xc6120000, mask = 0xfffe0000; /* 198.18.0.0/15 */
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return err_set(err, -EINVAL, "\"%.64s\" is no IPv4 address", text);
	if ((ntohl(a.s_addr) & mask) != net)
		return err_set(err, -EINVAL, "%s is not in 198.18.0.0/15, the range kept for benchmarks", text);
	*ret_be = a.s_addr;
	return 0;
}

int link_address(struct net *net, const char *name, const char *address, uint8_t prefix, struct err *err)
{
	struct link_fact fact;
	uint32_t be;
	char what[80];
	struct rtbuf m;
	int r = parse_address(address, &be, err);

	if (r < 0)
		return r;
	r = link_get(net, name, &fact, err);
	if (r < 0)
		return r;
	(void) text_print(what, sizeof(what), "give %s the address %s/%u", name, address, prefix);
	return net_do(net, rtmsg_addr_new(&m, fact.ifindex, be, prefix), what, err);
}

int link_neighbour(struct net *net, const char *name, const char *address, const struct mac *mac, struct err *err)
{
	struct link_fact fact;
	uint32_t be;
	char what[80];
	struct rtbuf m;
	int r = parse_address(address, &be, err);

	if (r < 0)
		return r;
	r = link_get(net, name, &fact, err);
	if (r < 0)
		return r;
	(void) text_print(what, sizeof(what), "tell %s its neighbour %s", name, address);
	return net_do(net, rtmsg_neigh_new(&m, fact.ifindex, be, mac), what, err);
}

char *mac_text(const struct mac *mac, char buf[18])
{
	const uint8_t *a = mac->at;

	(void) text_print(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
	return buf;
}

struct mac mac_chance(void)
{
	struct mac mac = { { 0x02, 0x76, 0x6c, 0, 0, 0 } };
	uint64_t now = clock_ns();

	if (getrandom(mac.at + 3, 3, GRND_NONBLOCK) != 3)
		memcpy(mac.at + 3, &now, 3); /* before the kernel has gathered any: the clock is chance enough */
	return mac;
}

static bool take_octet(const char **at, uint8_t *ret)
{
	const char *p = *at;
	uint64_t value;

	if (!take_hex(&p, &value) || p - *at != 2)
		return false;
	*ret = (uint8_t) value;
	*at = p;
	return true;
}

int mac_parse(const char *text, struct mac *ret)
{
	struct mac mac;

	for (size_t i = 0; i < sizeof(mac.at); i++)
		if ((i && !take_char(&text, ':')) || !take_octet(&text, &mac.at[i]))
			return -EINVAL;
	if (*text)
		return -EINVAL;
	*ret = mac;
	return 0;
}
