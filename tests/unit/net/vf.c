/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of virtual functions: into a message, out of an answer, and compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/vf.h"

static const struct vf_wish all = {
	.set = VF_MAC | VF_VLAN | VF_SPOOFCHK | VF_TRUST | VF_RATE | VF_LINK,
	.mac = { { 2, 1, 2, 3, 4, 5 } },
	.vlan = 7,
	.qos = 3,
	.spoofchk = true,
	.trust = true,
	.max_mbps = 500,
	.link = VF_LINK_UP,
};

/* A request and an answer have the same shape: what was asked for can be read back from the request. */
static struct nlmsghdr *answer(struct rtbuf *m, unsigned vf, const struct vf_wish *w)
{
	struct nlmsghdr *h = rtmsg_vf_set(m, 4, vf, w);

	h->nlmsg_type = RTM_NEWLINK;
	return h;
}

static void test_round_trip(void **state)
{
	struct vf_wish got = { 0 };
	struct nlmsghdr *h;
	struct rtbuf m;

	(void) state;
	h = answer(&m, 5, &all);
	assert_false(rtmsg_vf_parse(h, h->nlmsg_len, 4, &got));
	assert_int_equal(got.set, 0);
	assert_true(rtmsg_vf_parse(h, h->nlmsg_len, 5, &got));
	assert_int_equal(got.set, all.set);
	assert_memory_equal(&got.mac, &all.mac, sizeof(got.mac));
	assert_int_equal(got.vlan, 7);
	assert_int_equal(got.qos, 3);
	assert_true(got.spoofchk && got.trust);
	assert_int_equal(got.max_mbps, 500);
	assert_int_equal(got.link, VF_LINK_UP);
	for (uint32_t cut = 0; cut < h->nlmsg_len; cut++)
		assert_false(rtmsg_vf_parse(h, cut, 5, &got));
	h->nlmsg_type = RTM_DELLINK;
	assert_false(rtmsg_vf_parse(h, h->nlmsg_len, 5, &got));
}

/* Only what is wished goes into the message: a MAC that nobody asked for would be zeros. */
static void test_only_wishes(void **state)
{
	const struct vf_wish vlan = { .set = VF_VLAN, .vlan = 9 };
	struct vf_wish got = { 0 };
	struct nlmsghdr *h;
	struct rtbuf m;

	(void) state;
	h = answer(&m, 0, &vlan);
	assert_true(rtmsg_vf_parse(h, h->nlmsg_len, 0, &got));
	assert_int_equal(got.set, VF_VLAN);
	h = rtmsg_vf_set(&m, 4, 0, &all);
	assert_int_equal(h->nlmsg_type, RTM_SETLINK);
	assert_true(h->nlmsg_flags & NLM_F_ACK);
	h = rtmsg_vf_get(&m, 4);
	assert_int_equal(h->nlmsg_type, RTM_GETLINK);
	assert_int_equal(h->nlmsg_len, NLMSG_LENGTH(sizeof(struct ifinfomsg)) + 8);
}

/* "The driver does not say" is all ones, and is not "on". */
static void test_not_said(void **state)
{
	struct vf_wish only = { .set = VF_TRUST, .trust = true }, got = { 0 };
	const uint32_t ones = UINT32_MAX;
	struct nlmsghdr *h;
	struct rtbuf m;

	(void) state;
	h = answer(&m, 0, &only);
	memcpy((char *) h + h->nlmsg_len - sizeof(ones), &ones, sizeof(ones));
	assert_true(rtmsg_vf_parse(h, h->nlmsg_len, 0, &got));
	assert_int_equal(got.set, 0);
}

static void differs(unsigned bit, void (*change)(struct vf_wish *), const char *why)
{
	struct vf_wish want = all, got = all;
	struct err err = { 0 };

	want.set = bit;
	assert_int_equal(vf_compare(&want, &got, &err), 0);
	change(&got);
	assert_int_equal(vf_compare(&want, &got, &err), -EPROTO);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	want.set = 0;
	assert_int_equal(vf_compare(&want, &got, &err), 0);
	want.set = bit;
	got.set = 0;
	assert_int_equal(vf_compare(&want, &got, &err), -EPROTO);
	assert_non_null(strstr(err.text, "does not say"));
}

static void change_mac(struct vf_wish *w)
{
	w->mac.at[5]++;
}
static void change_vlan(struct vf_wish *w)
{
	w->vlan++;
}
static void change_qos(struct vf_wish *w)
{
	w->qos++;
}
static void change_spoofchk(struct vf_wish *w)
{
	w->spoofchk = false;
}
static void change_trust(struct vf_wish *w)
{
	w->trust = false;
}
static void change_rate(struct vf_wish *w)
{
	w->max_mbps = 0;
}
static void change_link(struct vf_wish *w)
{
	w->link = VF_LINK_AUTO;
}

static void test_compare(void **state)
{
	(void) state;
	differs(VF_MAC, change_mac, "MAC address reads back as 02:01:02:03:04:06, not 02:01:02:03:04:05");
	differs(VF_VLAN, change_vlan, "VLAN reads back as 8 (priority 3), not 7 (priority 3)");
	differs(VF_VLAN, change_qos, "priority 4");
	differs(VF_SPOOFCHK, change_spoofchk, "spoof check reads back as off, not on");
	differs(VF_TRUST, change_trust, "trust reads back as off");
	differs(VF_RATE, change_rate, "rate reads back as 0 to 0 Mbit/s, not 0 to 500");
	differs(VF_LINK, change_link, "link state reads back as auto, not up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_only_wishes),
		cmocka_unit_test(test_not_said),
		cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
