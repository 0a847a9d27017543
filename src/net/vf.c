/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vf - attributes of virtual functions.
 *
 * One list for all of a port: IFLA_VFINFO_LIST { IFLA_VF_INFO { IFLA_VF_MAC
 * { vf, mac }, IFLA_VF_VLAN { vf, vlan, qos }, ... } ... }; each value names
 * its function again.  Older drivers answer a number they do not know with
 * zeros, newer ones leave the attribute out: what was not asked for is not
 * compared.
 */
#include "net/vf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "net/link.h"

static struct nlmsghdr *begin(struct rtbuf *m, uint16_t type, uint16_t flags, uint32_t ifindex)
{
	struct nlmsghdr *h;
	struct ifinfomsg *info;

	memset(m->at, 0, sizeof(m->at));
	h = mnl_nlmsg_put_header(m->at);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags);
	info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int) ifindex;
	return h;
}

static void put_setting(struct nlmsghdr *h, uint16_t type, unsigned vf, bool on)
{
	struct ifla_vf_spoofchk setting = { .vf = vf, .setting = on }; /* trust has the same shape */

	mnl_attr_put(h, type, sizeof(setting), &setting);
}

static void put_identity(struct nlmsghdr *h, unsigned vf, const struct vf_wish *w)
{
	struct ifla_vf_mac mac = { .vf = vf };
	struct ifla_vf_vlan vlan = { .vf = vf, .vlan = w->vlan, .qos = w->qos };

	memcpy(mac.mac, w->mac.at, sizeof(w->mac.at));
	if (w->set & VF_MAC)
		mnl_attr_put(h, IFLA_VF_MAC, sizeof(mac), &mac);
	if (w->set & VF_VLAN)
		mnl_attr_put(h, IFLA_VF_VLAN, sizeof(vlan), &vlan);
}

struct nlmsghdr *rtmsg_vf_set(struct rtbuf *m, uint32_t ifindex, unsigned vf, const struct vf_wish *w)
{
	struct nlmsghdr *h = begin(m, RTM_SETLINK, NLM_F_ACK, ifindex);
	struct ifla_vf_rate rate = { .vf = vf, .min_tx_rate = w->min_mbps, .max_tx_rate = w->max_mbps };
	struct ifla_vf_link_state link = { .vf = vf, .link_state = (uint32_t) w->link };
	struct nlattr *list, *info;

	list = mnl_attr_nest_start(h, IFLA_VFINFO_LIST);
	info = mnl_attr_nest_start(h, IFLA_VF_INFO);
	put_identity(h, vf, w);
	if (w->set & VF_RATE)
		mnl_attr_put(h, IFLA_VF_RATE, sizeof(rate), &rate);
	if (w->set & VF_SPOOFCHK)
		put_setting(h, IFLA_VF_SPOOFCHK, vf, w->spoofchk);
	if (w->set & VF_LINK)
		mnl_attr_put(h, IFLA_VF_LINK_STATE, sizeof(link), &link);
	if (w->set & VF_TRUST)
		put_setting(h, IFLA_VF_TRUST, vf, w->trust);
	mnl_attr_nest_end(h, info);
	mnl_attr_nest_end(h, list);
	return h;
}

struct nlmsghdr *rtmsg_vf_get(struct rtbuf *m, uint32_t ifindex)
{
	struct nlmsghdr *h = begin(m, RTM_GETLINK, 0, ifindex);

	mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_VF);
	return h;
}

struct search {
	unsigned vf;
	bool found;
	struct vf_wish got;
};

static void take_setting(struct search *s, uint16_t type, const void *at)
{
	struct ifla_vf_spoofchk setting;

	memcpy(&setting, at, sizeof(setting));
	if (setting.setting > 1) /* "the driver does not say": all ones */
		return;
	if (type == IFLA_VF_SPOOFCHK)
		s->got.spoofchk = setting.setting;
	else
		s->got.trust = setting.setting;
	s->got.set |= type == IFLA_VF_SPOOFCHK ? VF_SPOOFCHK : VF_TRUST;
}

static void take_vlan(struct search *s, const void *at)
{
	struct ifla_vf_vlan vlan;

	memcpy(&vlan, at, sizeof(vlan));
	s->got.vlan = (uint16_t) vlan.vlan;
	s->got.qos = (uint8_t) vlan.qos;
	s->got.set |= VF_VLAN;
}

static void take_rate(struct search *s, const void *at)
{
	struct ifla_vf_rate rate;

	memcpy(&rate, at, sizeof(rate));
	s->got.min_mbps = rate.min_tx_rate;
	s->got.max_mbps = rate.max_tx_rate;
	s->got.set |= VF_RATE;
}

static void take_link(struct search *s, const void *at)
{
	struct ifla_vf_link_state link;

	memcpy(&link, at, sizeof(link));
	if (link.link_state > VF_LINK_DOWN)
		return;
	s->got.link = (enum vf_link) link.link_state;
	s->got.set |= VF_LINK;
}

static int take_value(const struct nlattr *attr, void *data)
{
	static const size_t sizes[] = {
		[IFLA_VF_MAC] = sizeof(struct ifla_vf_mac),           [IFLA_VF_VLAN] = sizeof(struct ifla_vf_vlan),
		[IFLA_VF_SPOOFCHK] = sizeof(struct ifla_vf_spoofchk), [IFLA_VF_LINK_STATE] = sizeof(struct ifla_vf_link_state),
		[IFLA_VF_RATE] = sizeof(struct ifla_vf_rate),         [IFLA_VF_TRUST] = sizeof(struct ifla_vf_trust),
	};
	const char *at = mnl_attr_get_payload(attr);
	uint16_t type = mnl_attr_get_type(attr);
	struct search *s = data;
	uint32_t vf;

	if (type >= sizeof(sizes) / sizeof(sizes[0]) || !sizes[type] || mnl_attr_get_payload_len(attr) < sizes[type])
		return MNL_CB_OK;
	memcpy(&vf, at, sizeof(vf));
	if (vf != s->vf)
		return MNL_CB_OK;
	s->found = true;
	if (type == IFLA_VF_MAC) {
		memcpy(s->got.mac.at, at + sizeof(vf), sizeof(s->got.mac.at));
		s->got.set |= VF_MAC;
	} else if (type == IFLA_VF_VLAN) {
		take_vlan(s, at);
	} else if (type == IFLA_VF_RATE) {
		take_rate(s, at);
	} else if (type == IFLA_VF_LINK_STATE) {
		take_link(s, at);
	} else {
		take_setting(s, type, at);
	}
	return MNL_CB_OK;
}

static int take_info(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == IFLA_VF_INFO)
		(void) mnl_attr_parse_nested(attr, take_value, data);
	return MNL_CB_OK;
}

static int take_list(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == IFLA_VFINFO_LIST)
		(void) mnl_attr_parse_nested(attr, take_info, data);
	return MNL_CB_OK;
}

bool rtmsg_vf_parse(const void *bytes, size_t len, unsigned vf, struct vf_wish *ret)
{
	const struct nlmsghdr *h = bytes;
	struct search s = { .vf = vf };

	if ((uintptr_t) bytes % 8 || !rtmsg_whole(bytes, len) || h->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(struct ifinfomsg))
		return false;
	if (mnl_attr_parse(h, sizeof(struct ifinfomsg), take_list, &s) < 0 || !s.found)
		return false;
	*ret = s.got;
	return true;
}

static int differs(const char *what, const char *want, const char *got, struct err *err)
{
	return err_set(
		err, -EPROTO,
		"the virtual function's %s reads back as %s, not %s: the card's driver has kept its own (dmesg may say why)",
		what, got, want);
}

static int compare_identity(const struct vf_wish *want, const struct vf_wish *got, struct err *err)
{
	char a[32], b[32];

	if ((want->set & VF_MAC) && memcmp(&want->mac, &got->mac, sizeof(want->mac)) != 0)
		return differs("MAC address", mac_text(&want->mac, a), mac_text(&got->mac, b), err);
	if (!(want->set & VF_VLAN) || (want->vlan == got->vlan && want->qos == got->qos))
		return 0;
	text_print(a, sizeof(a), "%u (priority %u)", want->vlan, want->qos);
	text_print(b, sizeof(b), "%u (priority %u)", got->vlan, got->qos);
	return differs("VLAN", a, b, err);
}

static int compare_rate(const struct vf_wish *want, const struct vf_wish *got, struct err *err)
{
	char a[48], b[48];

	if (!(want->set & VF_RATE) || (want->min_mbps == got->min_mbps && want->max_mbps == got->max_mbps))
		return 0;
	text_print(a, sizeof(a), "%u to %u Mbit/s", want->min_mbps, want->max_mbps);
	text_print(b, sizeof(b), "%u to %u Mbit/s", got->min_mbps, got->max_mbps);
	return differs("rate", a, b, err);
}

int vf_compare(const struct vf_wish *want, const struct vf_wish *got, struct err *err)
{
	static const char *const links[] = { "auto", "up", "down" };
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = { { VF_MAC, "MAC address" }, { VF_VLAN, "VLAN" }, { VF_SPOOFCHK, "spoof check" },
		      { VF_TRUST, "trust" },     { VF_RATE, "rate" }, { VF_LINK, "link state" } };
	int r = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (want->set & ~got->set & names[i].bit)
			return err_set(err, -EPROTO,
				       "the card's driver does not say what it has made of the virtual function's %s",
				       names[i].name);
	r = compare_identity(want, got, err);
	if (r == 0)
		r = compare_rate(want, got, err);
	if (r == 0 && (want->set & VF_SPOOFCHK) && want->spoofchk != got->spoofchk)
		r = differs("spoof check", want->spoofchk ? "on" : "off", got->spoofchk ? "on" : "off", err);
	if (r == 0 && (want->set & VF_TRUST) && want->trust != got->trust)
		r = differs("trust", want->trust ? "on" : "off", got->trust ? "on" : "off", err);
	if (r == 0 && (want->set & VF_LINK) && want->link != got->link)
		r = differs("link state", links[want->link], links[got->link], err);
	return r;
}
