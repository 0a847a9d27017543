/* SPDX-License-Identifier: Apache-2.0 */
/* The messages, read back by a walker of this test's own, and as bytes where their whole shape matters. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>

#include "net/rtmsg.h"

#define HEADER sizeof(struct nlattr)

static const struct mac mac_a = { { 2, 0, 0, 0, 0, 0xa } }, mac_b = { { 2, 0, 0, 0, 0, 0xb } };

/* The attribute of this type among the bytes, or a failed test. */
static const struct nlattr *attr(const void *bytes, size_t len, uint16_t type)
{
	const char *p = bytes, *end = p + len;

	while (p + sizeof(struct nlattr) <= end) {
		const struct nlattr *a = (const struct nlattr *) p;

		assert_true(a->nla_len >= sizeof(*a) && p + a->nla_len <= end);
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		p += (size_t) NLA_ALIGN(a->nla_len);
	}
	fail_msg("no attribute %u", type);
	return NULL;
}

static const void *payload(const struct nlattr *a)
{
	return (const char *) a + HEADER;
}

static const struct nlattr *inside(const struct nlattr *a, uint16_t type)
{
	return attr(payload(a), (size_t) (a->nla_len - HEADER), type);
}

static const struct nlattr *top(const struct nlmsghdr *h, size_t fixed, uint16_t type)
{
	return attr((const char *) NLMSG_DATA(h) + NLMSG_ALIGN(fixed), h->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(fixed)), type);
}

static uint32_t number(const struct nlattr *a)
{
	uint32_t v;

	assert_int_equal(a->nla_len, HEADER + sizeof(v));
	memcpy(&v, payload(a), sizeof(v));
	return v;
}

static void test_veth(void **state)
{
	const struct veth_end here = { .name = "peer0", .ns_fd = -1, .mac = mac_a };
	const struct veth_end there = { .name = "eth0", .ns_fd = 7, .mac = mac_b };
	const struct nlattr *info, *peer;
	struct nlmsghdr *h;
	struct rtbuf m;

	(void) state;
	h = rtmsg_veth_new(&m, &here, &there);
	assert_int_equal(h->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	assert_string_equal(payload(top(h, sizeof(struct ifinfomsg), IFLA_IFNAME)), "peer0");
	assert_memory_equal(payload(top(h, sizeof(struct ifinfomsg), IFLA_ADDRESS)), mac_a.at, 6);
	info = top(h, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	assert_string_equal(payload(inside(info, IFLA_INFO_KIND)), "veth");
	peer = inside(inside(info, IFLA_INFO_DATA), VETH_INFO_PEER);
	{
		const char *own = (const char *) payload(peer) + sizeof(struct ifinfomsg);
		size_t len = peer->nla_len - HEADER - sizeof(struct ifinfomsg);

		assert_string_equal(payload(attr(own, len, IFLA_IFNAME)), "eth0");
		assert_memory_equal(payload(attr(own, len, IFLA_ADDRESS)), mac_b.at, 6);
		assert_int_equal(number(attr(own, len, IFLA_NET_NS_FD)), 7);
	}
}

static void test_bridge(void **state)
{
	const struct nlattr *data;
	struct nlmsghdr *h;
	struct rtbuf m;

	(void) state;
	h = rtmsg_bridge_new(&m, "br0", &mac_a);
	data = top(h, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	assert_string_equal(payload(inside(data, IFLA_INFO_KIND)), "bridge");
	data = inside(data, IFLA_INFO_DATA);
	assert_int_equal(number(inside(data, IFLA_BR_STP_STATE)), 0);
	assert_int_equal(number(inside(data, IFLA_BR_FORWARD_DELAY)), 0);
	assert_int_equal(*(const uint8_t *) payload(inside(data, IFLA_BR_MCAST_SNOOPING)), 0);
}

/* Only what is wished is in the message: an empty wish must not set the MTU to 0 or take the link down. */
static void test_link_set(void **state)
{
	const struct link_wish all = { .up = true, .master = 3, .mtu = 9000, .txqueuelen = 50, .mac = &mac_b };
	const size_t fixed = sizeof(struct ifinfomsg);
	struct ifinfomsg *info;
	struct nlmsghdr *h;
	struct rtbuf m;

	(void) state;
	h = rtmsg_link_set(&m, 5, &(struct link_wish) { 0 });
	assert_int_equal(h->nlmsg_len, NLMSG_LENGTH(fixed));
	info = NLMSG_DATA(h);
	assert_int_equal(info->ifi_index, 5);
	assert_int_equal(info->ifi_change, 0);
	h = rtmsg_link_set(&m, 5, &all);
	info = NLMSG_DATA(h);
	assert_int_equal(info->ifi_flags, IFF_UP);
	assert_int_equal(info->ifi_change, IFF_UP);
	assert_int_equal(number(top(h, fixed, IFLA_MASTER)), 3);
	assert_int_equal(number(top(h, fixed, IFLA_MTU)), 9000);
	assert_int_equal(number(top(h, fixed, IFLA_TXQLEN)), 50);
	assert_memory_equal(payload(top(h, fixed, IFLA_ADDRESS)), mac_b.at, 6);
}

static void assert_hex(const struct nlmsghdr *h, const char *want)
{
	const uint8_t *at = (const uint8_t *) h;
	char got[2 * RTBUF_MAX + 1] = "";

	for (uint32_t i = 0; i < h->nlmsg_len; i++)
		snprintf(got + 2 * i, 3, "%02x", at[i]);
	assert_string_equal(got, want);
}

/* Byte for byte (little endian, as x86 sends them): header, fixed part, attributes. */
static void test_bytes(void **state)
{
	struct rtbuf m;

	(void) state;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	assert_hex(rtmsg_addr_new(&m, 2, inet_addr("198.18.0.1"), 24),
		   "28000000" "1400" "0506" "00000000" "00000000"
		   "02" "18" "00" "00" "02000000"
		   "0800" "0200" "c6120001"
		   "0800" "0100" "c6120001");
	assert_hex(rtmsg_neigh_new(&m, 2, inet_addr("198.18.0.2"), &mac_b),
		   "30000000" "1c00" "0505" "00000000" "00000000"
		   "02" "000000" "02000000" "8000" "00" "00"
		   "0800" "0100" "c6120002"
		   "0a00" "0200" "02000000000b0000");
	assert_hex(rtmsg_link_get(&m, "lo"),
		   "28000000" "1200" "0100" "00000000" "00000000"
		   "00" "00" "0000" "00000000" "00000000" "00000000"
		   "0700" "0300" "6c6f0000");
	assert_hex(rtmsg_link_del(&m, 9),
		   "20000000" "1100" "0500" "00000000" "00000000"
		   "00" "00" "0000" "09000000" "00000000" "00000000");
#else
	print_message("skipped: the bytes expected here are those of a little-endian machine\n");
	skip();
#endif
}

/* A message vlat could get back: what was put in is found, cut copies are refused. */
static void test_parse(void **state)
{
	const struct link_wish wish = { .up = true, .master = 3, .mtu = 1500, .txqueuelen = 1000, .mac = &mac_a };
	struct link_fact f = { .ifindex = 77 };
	struct nlmsghdr *h;
	struct nlattr *a;
	struct rtbuf m;

	(void) state;
	h = rtmsg_link_set(&m, 4, &wish);
	assert_false(rtmsg_link_parse(h, h->nlmsg_len, &f));    /* no name in it */
	assert_int_equal(f.ifindex, 77);
	a = (struct nlattr *) (m.at + h->nlmsg_len);
	a->nla_type = IFLA_IFNAME;
	a->nla_len = HEADER + 5;
	memcpy((char *) a + HEADER, "tap0", 5);
	h->nlmsg_len += (uint32_t) NLA_ALIGN(a->nla_len);
	for (size_t cut = 0; cut < h->nlmsg_len; cut++)
		assert_false(rtmsg_link_parse(h, cut, &f));
	assert_true(rtmsg_link_parse(h, h->nlmsg_len, &f));
	assert_string_equal(f.name, "tap0");
	assert_int_equal(f.ifindex, 4);
	assert_int_equal(f.master, 3);
	assert_int_equal(f.mtu, 1500);
	assert_int_equal(f.txqueuelen, 1000);
	assert_true(f.up);
	assert_false(f.carrier);
	assert_memory_equal(f.mac.at, mac_a.at, 6);
	h->nlmsg_len |= 0x80000000;
	assert_false(rtmsg_link_parse(h, sizeof(m), &f));
	h->nlmsg_len &= 0x7fffffff;
	h->nlmsg_type = RTM_DELLINK;
	assert_false(rtmsg_link_parse(h, h->nlmsg_len, &f));
}

struct attrs {
	_Alignas(8) char at[256];
	size_t len;
};

static void append(struct attrs *to, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { .nla_type = type, .nla_len = (uint16_t) (HEADER + len) };

	memcpy(to->at + to->len, &a, sizeof(a));
	memcpy(to->at + to->len + HEADER, data, len);
	to->len += (size_t) NLA_ALIGN(a.nla_len);
}

/* What rtnetlink says of a link: a bridge port in this state, with this queue. */
static struct link_fact said_of(uint8_t oper, uint8_t carrier, const char *queue, uint8_t port_state)
{
	struct attrs all = { .len = 0 }, info = { .len = 0 }, port = { .len = 0 };
	struct link_fact f;
	struct nlmsghdr *h;
	struct rtbuf m;

	append(&all, IFLA_IFNAME, "peer0", 6);
	append(&all, IFLA_OPERSTATE, &oper, 1);
	append(&all, IFLA_CARRIER, &carrier, 1);
	append(&all, IFLA_QDISC, queue, strlen(queue) + 1);
	append(&port, IFLA_BRPORT_STATE, &port_state, 1);
	append(&info, IFLA_INFO_SLAVE_DATA, port.at, port.len);
	append(&all, IFLA_LINKINFO, info.at, info.len);
	h = rtmsg_link_set(&m, 4, &(struct link_wish) { .up = true });
	memcpy(m.at + h->nlmsg_len, all.at, all.len);
	h->nlmsg_len += (uint32_t) all.len;
	assert_true(rtmsg_link_parse(h, h->nlmsg_len, &f));
	return f;
}

/* Up is not enough: 6 is IF_OPER_UP, 2 IF_OPER_DOWN, 0 what a tap says; 3 is BR_STATE_FORWARDING, 2 BR_STATE_LEARNING. */
static void test_works(void **state)
{
	struct link_fact f;

	(void) state;
	f = said_of(6, 1, "noqueue", 3);
	assert_true(link_fact_works(&f, true));
	f = said_of(0, 1, "pfifo_fast", 3);
	assert_true(link_fact_works(&f, true));
	f = said_of(2, 1, "noqueue", 3);
	assert_false(link_fact_works(&f, true));
	f = said_of(6, 0, "noqueue", 3);
	assert_false(link_fact_works(&f, true));
	f = said_of(6, 1, "noop", 3);
	assert_false(link_fact_works(&f, true));
	f = said_of(6, 1, "noqueue", 2);
	assert_false(link_fact_works(&f, true));
	assert_true(link_fact_works(&f, false));
	f.up = false;
	assert_false(link_fact_works(&f, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_veth),
		cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_link_set),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
