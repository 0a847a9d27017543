/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats: rtnetlink(7), linux/rtnetlink.h; net/ipv4/tcp_ipv4.c (get_tcp4_sock),
 * net/ipv6/tcp_ipv6.c (get_tcp6_sock): addresses are 32-bit words as they lie
 * in memory, printed as numbers; ssh(1), SSH_CONNECTION.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cursor.h"
#include "base/text.h"
#include "host/lifeline.h"

#define ALIGN(n)        (((n) + 3u) & ~(size_t) 3u)
#define TCP_ESTABLISHED 1

/* Multipath: each hop has a header of its own, with attributes that do not matter here. */
static void each_hop(const char *at, size_t len, lifeline_device_fn *fn, void *arg)
{
	struct rtnexthop hop;

	while (len >= sizeof(hop)) {
		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > len)
			return;
		fn(arg, (unsigned) hop.rtnh_ifindex);
		if (ALIGN(hop.rtnh_len) >= len)
			return;
		at += ALIGN(hop.rtnh_len);
		len -= ALIGN(hop.rtnh_len);
	}
}

static void each_attribute(const char *at, size_t len, lifeline_device_fn *fn, void *arg)
{
	struct rtattr a;
	uint32_t index;

	while (len >= sizeof(a)) {
		memcpy(&a, at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > len)
			return;
		if (a.rta_type == RTA_OIF && a.rta_len == sizeof(a) + sizeof(index)) {
			memcpy(&index, at + sizeof(a), sizeof(index));
			fn(arg, index);
		} else if (a.rta_type == RTA_MULTIPATH) {
			each_hop(at + sizeof(a), a.rta_len - sizeof(a), fn, arg);
		}
		if (ALIGN(a.rta_len) >= len)
			return;
		at += ALIGN(a.rta_len);
		len -= ALIGN(a.rta_len);
	}
}

static void one_route(const char *at, size_t len, bool every, lifeline_device_fn *fn, void *arg)
{
	struct rtmsg m;

	if (len < sizeof(m))
		return;
	memcpy(&m, at, sizeof(m));
	if (m.rtm_type == RTN_UNICAST && (every || m.rtm_dst_len == 0))
		each_attribute(at + sizeof(m), len - sizeof(m), fn, arg);
}

/* What a message ends the answer with: 0, or the error in it. */
static int last_message(const struct nlmsghdr *h, const char *payload)
{
	int32_t error;

	if (h->nlmsg_len < sizeof(*h) + sizeof(error))
		return h->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&error, payload, sizeof(error));
	return error > 0 || error < -4095 ? -EBADMSG : error;
}

int lifeline_routes(const void *bytes, size_t len, bool every, lifeline_device_fn *fn, void *arg)
{
	const char *at = bytes;
	struct nlmsghdr h;

	while (len >= sizeof(h)) {
		memcpy(&h, at, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > len)
			return -EBADMSG;
		if (h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR)
			return last_message(&h, at + sizeof(h));
		if (h.nlmsg_type == RTM_NEWROUTE)
			one_route(at + sizeof(h), h.nlmsg_len - sizeof(h), every, fn, arg);
		if (!(h.nlmsg_flags & NLM_F_MULTI))
			return 0;
		if (ALIGN(h.nlmsg_len) >= len)
			return 1;
		at += ALIGN(h.nlmsg_len);
		len -= ALIGN(h.nlmsg_len);
	}
	return -EBADMSG;
}

/* "0100007F" or four of them, and ":1F90" */
static bool take_address(const char **at, struct lifeline_peer *ret)
{
	size_t digits = strspn(*at, "0123456789ABCDEFabcdef");
	uint64_t number, port;

	*ret = (struct lifeline_peer){ .family = digits == 8 ? AF_INET : AF_INET6 };
	if (digits != 8 && digits != 32)
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		char word[9] = "";
		const char *w = word;
		uint32_t part;

		memcpy(word, *at, 8);
		*at += 8;
		if (!take_hex(&w, &number))
			return false;
		part = (uint32_t) number;
		memcpy(ret->at + 4 * i, &part, sizeof(part));
	}
	return take_text(at, ":") && take_hex(at, &port);
}

/* ::ffff:192.0.2.7 is 192.0.2.7 to the routes. */
static void unmap(struct lifeline_peer *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (p->family != AF_INET6 || memcmp(p->at, mapped, sizeof(mapped)) != 0)
		return;
	p->family = AF_INET;
	memmove(p->at, p->at + 12, 4);
	memset(p->at + 4, 0, 12);
}

/* "0: LOCAL:PORT REMOTE:PORT 01 tx:rx timer:when retransmits uid timeout INODE ..." */
static bool line_is(const char *line, uint64_t inode, struct lifeline_peer *ret)
{
	struct lifeline_peer local;
	char skipped[64];
	uint64_t state, number;

	take_blanks(&line);
	if (!take_word(&line, skipped, sizeof(skipped)) || !take_blanks(&line) || !take_address(&line, &local) ||
	    !take_blanks(&line) || !take_address(&line, ret) || !take_blanks(&line) || !take_hex(&line, &state))
		return false;
	for (int i = 0; i < 5; i++)
		if (!take_blanks(&line) || !take_word(&line, skipped, sizeof(skipped)))
			return false;
	return take_blanks(&line) && take_u64(&line, &number) && number == inode && state == TCP_ESTABLISHED;
}

bool lifeline_connection(const char *text, uint64_t inode, struct lifeline_peer *ret)
{
	char line[512];

	while (take_line(&text, line, sizeof(line))) {
		if (!line_is(line, inode, ret))
			continue;
		unmap(ret);
		return true;
	}
	return false;
}

bool lifeline_login(const char *text, struct lifeline_peer *ret, char device[24])
{
	char word[96], *scope;

	device[0] = '\0';
	*ret = (struct lifeline_peer){ .family = AF_INET };
	if (!take_word(&text, word, sizeof(word)))
		return false;
	scope = strchr(word, '%');
	if (scope) {
		*scope = '\0';
		if (text_print(device, 24, "%s", scope + 1) || strchr(device, '/'))
			device[0] = '\0';
	}
	if (inet_pton(AF_INET, word, ret->at) == 1)
		return true;
	ret->family = AF_INET6;
	if (inet_pton(AF_INET6, word, ret->at) != 1)
		return false;
	unmap(ret);
	return true;
}
