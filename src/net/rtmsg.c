/* SPDX-License-Identifier: Apache-2.0 */
/* rtmsg - rtnetlink messages, built into the caller's buffer by libmnl's pure half. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

#include "net/rtmsg.h"

enum { OPER_UNKNOWN = 0, OPER_UP = 6 }; /* IF_OPER_* of linux/if.h, which glibc's net/if.h shuts out */

static struct nlmsghdr *begin(struct rtbuf *m, uint16_t type, int flags)
{
	struct nlmsghdr *h;

	memset(m->at, 0, sizeof(m->at)); /* padding is part of a golden message */
	h = mnl_nlmsg_put_header(m->at);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t) (NLM_F_REQUEST | NLM_F_ACK | flags);
	return h;
}

static struct nlmsghdr *begin_link(struct rtbuf *m, uint16_t type, int flags, uint32_t ifindex)
{
	struct nlmsghdr *h = begin(m, type, flags);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int) ifindex;
	return h;
}

static void put_mac(struct nlmsghdr *h, const struct mac *mac)
{
	mnl_attr_put(h, IFLA_ADDRESS, sizeof(mac->at), mac->at);
}

static void put_veth_end(struct nlmsghdr *h, const struct veth_end *end)
{
	mnl_attr_put_strz(h, IFLA_IFNAME, end->name);
	put_mac(h, &end->mac);
	if (end->ns_fd >= 0)
		mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t) end->ns_fd);
}

/* The far end is a message inside the message: VETH_INFO_PEER holds a struct ifinfomsg and attributes of its own. */
struct nlmsghdr *rtmsg_veth_new(struct rtbuf *m, const struct veth_end *here, const struct veth_end *there)
{
	struct nlmsghdr *h = begin_link(m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data, *peer;

	put_veth_end(h, here);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	put_veth_end(h, there);
	mnl_attr_nest_end(h, peer);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return h;
}

/*
 * A bridge that only forwards: spanning tree would hold every new port back
 * for 2 x forward_delay, and snooping sends queries of its own.
 */
struct nlmsghdr *rtmsg_bridge_new(struct rtbuf *m, const char *name, const struct mac *mac)
{
	struct nlmsghdr *h = begin_link(m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data;

	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	put_mac(h, mac);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u32(h, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u32(h, IFLA_BR_FORWARD_DELAY, 0);
	mnl_attr_put_u8(h, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return h;
}

const char *lower_kind_name(enum lower_kind kind)
{
	static const char *const names[] = {
		[LOWER_MACVLAN] = "macvlan",
		[LOWER_MACVTAP] = "macvtap",
		[LOWER_IPVLAN] = "ipvlan",
	};

	return names[kind];
}

/* Bridge mode and L2: siblings on one device reach each other without leaving it. */
struct nlmsghdr *rtmsg_lower_new(struct rtbuf *m, const struct lower_end *end)
{
	struct nlmsghdr *h = begin_link(m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data;

	mnl_attr_put_u32(h, IFLA_LINK, end->lower);
	mnl_attr_put_strz(h, IFLA_IFNAME, end->name);
	if (end->mac && end->kind != LOWER_IPVLAN)
		put_mac(h, end->mac);
	if (end->ns_fd >= 0)
		mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t) end->ns_fd);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, lower_kind_name(end->kind));
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	if (end->kind == LOWER_IPVLAN)
		mnl_attr_put_u16(h, IFLA_IPVLAN_MODE, IPVLAN_MODE_L2);
	else
		mnl_attr_put_u32(h, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return h;
}

struct nlmsghdr *rtmsg_link_move(struct rtbuf *m, uint32_t ifindex, int ns_fd, const char *name)
{
	struct nlmsghdr *h = begin_link(m, RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(h);

	info->ifi_change = IFF_UP; /* flags 0: down, or its new name is refused */
	mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t) ns_fd);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	return h;
}

struct nlmsghdr *rtmsg_link_set(struct rtbuf *m, uint32_t ifindex, const struct link_wish *wish)
{
	struct nlmsghdr *h = begin_link(m, RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(h);

	if (wish->up || wish->down) {
		info->ifi_flags = wish->up ? IFF_UP : 0;
		info->ifi_change = IFF_UP;
	}
	if (wish->mac)
		put_mac(h, wish->mac);
	if (wish->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, wish->mtu);
	if (wish->txqueuelen)
		mnl_attr_put_u32(h, IFLA_TXQLEN, wish->txqueuelen);
	if (wish->master)
		mnl_attr_put_u32(h, IFLA_MASTER, wish->master);
	return h;
}

struct nlmsghdr *rtmsg_link_del(struct rtbuf *m, uint32_t ifindex)
{
	return begin_link(m, RTM_DELLINK, 0, ifindex);
}

/* A GET without ACK: the answer itself is the end. */
struct nlmsghdr *rtmsg_link_get(struct rtbuf *m, const char *name)
{
	struct nlmsghdr *h = begin_link(m, RTM_GETLINK, 0, 0);

	h->nlmsg_flags = NLM_F_REQUEST;
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	return h;
}

struct nlmsghdr *rtmsg_addr_new(struct rtbuf *m, uint32_t ifindex, uint32_t address_be, uint8_t prefix)
{
	struct nlmsghdr *h = begin(m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *addr = mnl_nlmsg_put_extra_header(h, sizeof(*addr));

	addr->ifa_family = AF_INET;
	addr->ifa_prefixlen = prefix;
	addr->ifa_scope = RT_SCOPE_UNIVERSE;
	addr->ifa_index = ifindex;
	mnl_attr_put_u32(h, IFA_LOCAL, address_be);
	mnl_attr_put_u32(h, IFA_ADDRESS, address_be);
	return h;
}

struct nlmsghdr *rtmsg_neigh_new(struct rtbuf *m, uint32_t ifindex, uint32_t address_be, const struct mac *mac)
{
	struct nlmsghdr *h = begin(m, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(h, sizeof(*nd));

	nd->ndm_family = AF_INET;
	nd->ndm_ifindex = (int) ifindex;
	nd->ndm_state = NUD_PERMANENT;
	mnl_attr_put_u32(h, NDA_DST, address_be);
	mnl_attr_put(h, NDA_LLADDR, sizeof(mac->at), mac->at);
	return h;
}

static int take_port(const struct nlattr *attr, void *data)
{
	struct link_fact *f = data;

	if (mnl_attr_get_type(attr) == IFLA_BRPORT_STATE && mnl_attr_get_payload_len(attr) == 1)
		f->port_state = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

static int take_info(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_DATA)
		(void) mnl_attr_parse_nested(attr, take_port, data);
	return MNL_CB_OK;
}

static void take_number(uint16_t type, const struct nlattr *attr, struct link_fact *f)
{
	const struct {
		uint16_t type;
		uint32_t *at;
	} numbers[] = {
		{ IFLA_MTU, &f->mtu },
		{ IFLA_TXQLEN, &f->txqueuelen },
		{ IFLA_MASTER, &f->master },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (type == numbers[i].type)
			*numbers[i].at = mnl_attr_get_u32(attr);
	if (type == IFLA_OPERSTATE)
		f->oper = mnl_attr_get_u8(attr);
	if (type == IFLA_CARRIER)
		f->carrier = mnl_attr_get_u8(attr) != 0;
}

static int take_attr(const struct nlattr *attr, void *data)
{
	static const char noop[] = "noop";
	struct link_fact *f = data;
	uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);
	bool byte = type == IFLA_OPERSTATE || type == IFLA_CARRIER;

	if (len == (byte ? 1 : sizeof(uint32_t)))
		take_number(type, attr, f);
	if (type == IFLA_IFNAME && len > 0 && len <= sizeof(f->name))
		memcpy(f->name, mnl_attr_get_payload(attr), len - 1u);
	if (type == IFLA_ADDRESS && len == sizeof(f->mac.at))
		memcpy(f->mac.at, mnl_attr_get_payload(attr), len);
	if (type == IFLA_QDISC)
		f->queue = len != sizeof(noop) || memcmp(mnl_attr_get_payload(attr), noop, len) != 0;
	if (type == IFLA_LINKINFO)
		(void) mnl_attr_parse_nested(attr, take_info, f);
	return MNL_CB_OK;
}

bool link_fact_works(const struct link_fact *f, bool port)
{
	return f->up && f->carrier && f->queue && (f->oper == OPER_UP || f->oper == OPER_UNKNOWN) &&
	       (!port || f->port_state == BR_STATE_FORWARDING);
}

/* mnl_nlmsg_ok() compares lengths as signed numbers: 2 GiB and more would be less than anything. */
bool rtmsg_whole(const void *bytes, size_t len)
{
	struct nlmsghdr h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, bytes, sizeof(h));
	return h.nlmsg_len >= sizeof(h) && h.nlmsg_len <= len;
}

bool rtmsg_link_parse(const void *bytes, size_t len, struct link_fact *ret)
{
	_Alignas(8) char copy[16384]; /* the kernel's bytes may lie anywhere; attributes must not */
	const struct nlmsghdr *h = (const struct nlmsghdr *) copy;
	const struct ifinfomsg *info;
	struct link_fact fact = { 0 };

	if (len > sizeof(copy) || !rtmsg_whole(bytes, len))
		return false;
	memcpy(copy, bytes, len);
	if (h->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(h) < sizeof(*info))
		return false;
	info = mnl_nlmsg_get_payload(h);
	fact.ifindex = (uint32_t) info->ifi_index;
	fact.up = (info->ifi_flags & IFF_UP) != 0;
	if (mnl_attr_parse(h, sizeof(*info), take_attr, &fact) < 0 || !fact.name[0])
		return false;
	*ret = fact;
	return true;
}
