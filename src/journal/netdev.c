/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev - a network device's own state, read and put back in the namespace
 * of the calling thread.
 *
 * Moving a device to another namespace closes it and takes its addresses;
 * binding its PCI device to another driver makes it vanish and come back
 * under a name of the kernel's choice.  Routes of the connected networks come
 * back with the addresses; others are why a device in use is refused.
 */
#include "journal/netdev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"

static int control(const char *name, unsigned long what, struct ifreq *req)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (name && text_print(req->ifr_name, sizeof(req->ifr_name), "%s", name))
		return -ENAMETOOLONG;
	return ioctl(fd, what, req) < 0 ? -errno : 0;
}

static unsigned prefix_of(const struct sockaddr *mask)
{
	const struct sockaddr_in *four = (const void *) mask;
	const struct sockaddr_in6 *six = (const void *) mask;
	unsigned n = 0;

	if (mask->sa_family == AF_INET)
		return (unsigned) __builtin_popcount(four->sin_addr.s_addr);
	for (size_t i = 0; i < sizeof(six->sin6_addr.s6_addr); i++)
		n += (unsigned) __builtin_popcount(six->sin6_addr.s6_addr[i]);
	return n;
}

/* Link-local IPv6 addresses the kernel makes by itself whenever the device comes up. */
static void add_address(struct netdev_state *s, const struct ifaddrs *a)
{
	const struct sockaddr_in6 *six = (const void *) a->ifa_addr;
	const struct sockaddr_in *four = (const void *) a->ifa_addr;
	bool is_six = a->ifa_addr->sa_family == AF_INET6;
	char text[INET6_ADDRSTRLEN];

	if (s->n_addresses == NETDEV_ADDRESSES_MAX || (is_six && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)))
		return;
	inet_ntop(a->ifa_addr->sa_family, is_six ? (const void *) &six->sin6_addr : &four->sin_addr, text, sizeof(text));
	text_print(s->addresses[s->n_addresses++], sizeof(s->addresses[0]), "%s/%u", text, prefix_of(a->ifa_netmask));
}

static int read_addresses(struct netdev_state *s)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_netmask && text_eq(a->ifa_name, s->name) &&
		    (a->ifa_addr->sa_family == AF_INET || a->ifa_addr->sa_family == AF_INET6))
			add_address(s, a);
	freeifaddrs(all);
	return 0;
}

int netdev_read(const char *name, struct netdev_state *ret, struct err *err)
{
	struct netdev_state s = { 0 };
	struct ifreq req = { 0 };
	int r;

	if (text_print(s.name, sizeof(s.name), "%s", name))
		return err_set(err, -ENAMETOOLONG, "\"%.64s\" is too long for a network device", name);
	r = control(name, SIOCGIFFLAGS, &req);
	s.up = (req.ifr_flags & IFF_UP) != 0;
	if (r == 0)
		r = control(name, SIOCGIFMTU, &req);
	s.mtu = (unsigned) req.ifr_mtu;
	if (r == 0)
		r = control(name, SIOCGIFHWADDR, &req);
	memcpy(s.mac, req.ifr_hwaddr.sa_data, sizeof(s.mac));
	if (r == 0)
		r = read_addresses(&s);
	if (r < 0)
		return err_sys(err, r, "cannot look at the network device %s", name);
	*ret = s;
	return 0;
}

static int set_up(const char *name, bool up)
{
	struct ifreq req = { 0 };
	int r = control(name, SIOCGIFFLAGS, &req);

	if (r < 0 || ((req.ifr_flags & IFF_UP) != 0) == up)
		return r;
	req.ifr_flags = (short) (up ? req.ifr_flags | IFF_UP : req.ifr_flags & ~IFF_UP);
	return control(name, SIOCSIFFLAGS, &req);
}

/* A name can be changed while the device is down only (since Linux 6.x also up; down works with all). */
static int set_name(const char *now, const char *want)
{
	struct ifreq req = { 0 };
	int r;

	if (text_eq(now, want))
		return 0;
	r = set_up(now, false);
	text_print(req.ifr_newname, sizeof(req.ifr_newname), "%s", want);
	return r < 0 ? r : control(now, SIOCSIFNAME, &req);
}

static int set_mtu(const char *name, unsigned mtu)
{
	struct ifreq req = { .ifr_mtu = (int) mtu };

	return control(name, SIOCSIFMTU, &req);
}

static int set_mac(const char *name, const uint8_t mac[6])
{
	struct ifreq req = { 0 };
	int r;

	req.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(req.ifr_hwaddr.sa_data, mac, 6);
	r = control(name, SIOCSIFHWADDR, &req);
	if (r != -EBUSY)
		return r;
	r = set_up(name, false); /* some drivers want that */
	return r < 0 ? r : control(name, SIOCSIFHWADDR, &req);
}

struct address {
	int family;
	uint8_t bytes[16];
	size_t len;
	uint8_t prefix;
};

static bool address_parse(const char *text, struct address *ret)
{
	char plain[64];
	const char *slash = strchr(text, '/');
	struct address a = { 0 };
	uint64_t prefix;

	if (!slash || text_u64(slash + 1, &prefix) < 0 || text_print(plain, sizeof(plain), "%.*s", (int) (slash - text), text))
		return false;
	a.family = strchr(plain, ':') ? AF_INET6 : AF_INET;
	a.len = a.family == AF_INET6 ? 16 : 4;
	if (inet_pton(a.family, plain, a.bytes) != 1 || prefix > a.len * 8)
		return false;
	a.prefix = (uint8_t) prefix;
	*ret = a;
	return true;
}

struct address_message {
	struct nlmsghdr h;
	struct ifaddrmsg addr;
	char attrs[128];
};

static void put_attr(struct address_message *m, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *) ((char *) m + NLMSG_ALIGN(m->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short) RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	m->h.nlmsg_len = (uint32_t) (NLMSG_ALIGN(m->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static void put_broadcast(struct address_message *m, const struct address *a)
{
	uint32_t be, all;

	if (a->family != AF_INET || a->prefix > 30)
		return;
	memcpy(&be, a->bytes, sizeof(be));
	all = be | htonl(a->prefix ? UINT32_MAX >> a->prefix : UINT32_MAX);
	put_attr(m, IFA_BROADCAST, &all, sizeof(all));
}

static int tell_kernel(const void *msg, size_t len)
{
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	_Alignas(8) char buf[1024];
	const struct nlmsghdr *h = (const void *) buf;
	struct nlmsgerr e;
	ssize_t n;

	if (fd < 0 || send(fd, msg, len, 0) < 0)
		return -errno;
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return -errno;
	if ((size_t) n < NLMSG_LENGTH(sizeof(e)) || h->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	memcpy(&e, NLMSG_DATA(h), sizeof(e));
	return e.error;
}

static int give_address(const char *name, const char *text)
{
	struct address_message m = { .h = { .nlmsg_type = RTM_NEWADDR, .nlmsg_seq = 1 } };
	struct address a;

	if (!address_parse(text, &a))
		return -EINVAL;
	m.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	m.h.nlmsg_len = NLMSG_LENGTH(sizeof(m.addr));
	m.addr.ifa_family = (uint8_t) a.family;
	m.addr.ifa_prefixlen = a.prefix;
	m.addr.ifa_scope = RT_SCOPE_UNIVERSE;
	m.addr.ifa_index = if_nametoindex(name);
	put_attr(&m, IFA_LOCAL, a.bytes, a.len);
	put_attr(&m, IFA_ADDRESS, a.bytes, a.len);
	put_broadcast(&m, &a);
	return tell_kernel(&m, m.h.nlmsg_len);
}

static bool has_address(const struct netdev_state *s, const char *address)
{
	for (unsigned i = 0; i < s->n_addresses; i++)
		if (text_eq(s->addresses[i], address))
			return true;
	return false;
}

static bool has_addresses(const struct netdev_state *now, const struct netdev_state *want)
{
	for (unsigned i = 0; i < want->n_addresses; i++)
		if (!has_address(now, want->addresses[i]))
			return false;
	return true;
}

bool netdev_is(const struct netdev_state *now, const struct netdev_state *want)
{
	return text_eq(now->name, want->name) && now->mtu == want->mtu && now->up == want->up &&
	       memcmp(now->mac, want->mac, sizeof(now->mac)) == 0 && has_addresses(now, want);
}

/* IPv6 addresses go when a device goes down, so it is brought up before they are given. */
static int restore_addresses(const struct netdev_state *want)
{
	struct netdev_state now;
	int r = netdev_read(want->name, &now, NULL);

	for (unsigned i = 0; i < want->n_addresses && r == 0; i++)
		if (!has_address(&now, want->addresses[i]))
			r = give_address(want->name, want->addresses[i]);
	return r;
}

int netdev_restore(const char *name, const struct netdev_state *want, struct err *err)
{
	struct netdev_state now;
	int r = netdev_read(name, &now, err);

	if (r < 0)
		return r;
	r = set_name(name, want->name);
	if (r < 0)
		return err_sys(err, r, "cannot give the network device %s its name %s back", name, want->name);
	if (now.mtu != want->mtu)
		r = set_mtu(want->name, want->mtu);
	if (r == 0 && memcmp(now.mac, want->mac, sizeof(now.mac)) != 0)
		r = set_mac(want->name, want->mac);
	if (r == 0)
		r = set_up(want->name, want->up);
	if (r == 0)
		r = restore_addresses(want);
	return r < 0 ? err_sys(err, r, "cannot bring the network device %s to what it was", want->name) : 0;
}

char *netdev_text(const struct netdev_state *s, char buf[NETDEV_TEXT_MAX])
{
	const uint8_t *m = s->mac;
	size_t used;

	text_print(buf, NETDEV_TEXT_MAX, "%s mtu %u mac %02x:%02x:%02x:%02x:%02x:%02x %s", s->name, s->mtu, m[0], m[1], m[2],
		   m[3], m[4], m[5], s->up ? "up" : "down");
	for (unsigned i = 0; i < s->n_addresses; i++) {
		used = strlen(buf);
		text_print(buf + used, NETDEV_TEXT_MAX - used, " addr %s", s->addresses[i]);
	}
	return buf;
}

static bool take_mac(const char **at, uint8_t mac[6])
{
	const char *p = *at;
	uint64_t octet;

	for (unsigned i = 0; i < 6; i++) {
		const char *start;

		if (i && !take_char(&p, ':'))
			return false;
		start = p;
		if (!take_hex(&p, &octet) || p - start != 2)
			return false;
		mac[i] = (uint8_t) octet;
	}
	*at = p;
	return true;
}

static bool take_address(const char **at, struct netdev_state *s)
{
	const char *p = *at;
	struct address a;
	char word[64];

	if (s->n_addresses == NETDEV_ADDRESSES_MAX || !take_text(&p, " addr ") || !take_word(&p, word, sizeof(word)) ||
	    !address_parse(word, &a))
		return false;
	text_print(s->addresses[s->n_addresses++], sizeof(s->addresses[0]), "%s", word);
	*at = p;
	return true;
}

int netdev_parse(const char *text, struct netdev_state *ret)
{
	struct netdev_state s = { 0 };
	uint64_t mtu;

	if (!take_word(&text, s.name, sizeof(s.name)) || strchr(s.name, '/') || !take_text(&text, " mtu ") ||
	    !take_u64(&text, &mtu) || mtu > INT32_MAX || !take_text(&text, " mac ") || !take_mac(&text, s.mac))
		return -EINVAL;
	s.mtu = (unsigned) mtu;
	s.up = take_text(&text, " up");
	if (!s.up && !take_text(&text, " down"))
		return -EINVAL;
	while (take_address(&text, &s))
		;
	if (*text)
		return -EINVAL;
	*ret = s;
	return 0;
}
