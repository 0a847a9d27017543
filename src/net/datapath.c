/* SPDX-License-Identifier: Apache-2.0 */
/* datapath - the table, and what a user writes. */
#include "net/datapath.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "host/pci.h"
#include "net/link.h"

#define NATIVE    (1u << WIRE_NATIVE)
#define CONTAINER (1u << WIRE_CONTAINER)
#define VM        (1u << WIRE_VM)

static const struct datapath rows[] = {
	[DATAPATH_BRIDGE] = {
		.name = "bridge",
		.suts = NATIVE | CONTAINER | VM,
		.brief = "a bridge in software: veth pair for a namespace, tap and virtio served by QEMU itself for a VM",
		.needs = "the drivers bridge and veth, for a VM tun",
	},
	[DATAPATH_VHOST_NET] = {
		.name = "vhost-net",
		.suts = VM,
		.brief = "tap and bridge, virtio served by a worker of the kernel (vhost-net) instead of QEMU",
		.needs = "/dev/vhost-net (module vhost_net)",
		.vhost = true,
	},
	[DATAPATH_MACVTAP] = {
		.name = "macvtap",
		.suts = VM,
		.brief = "a macvtap straight on the device below, no bridge; virtio served by QEMU itself",
		.needs = "the driver macvtap",
	},
	[DATAPATH_MACVTAP_VHOST_NET] = {
		.name = "macvtap-vhost-net",
		.suts = VM,
		.brief = "a macvtap straight on the device below, virtio served by a worker of the kernel (vhost-net)",
		.needs = "the driver macvtap and /dev/vhost-net (module vhost_net)",
		.vhost = true,
	},
	[DATAPATH_E1000E] = {
		.name = "e1000e",
		.suts = VM,
		.brief = "tap and bridge behind an emulated Intel 82574L: what a guest without virtio drivers gets",
		.needs = "the drivers bridge, veth and tun",
	},
	[DATAPATH_MACVLAN] = {
		.name = "macvlan",
		.suts = CONTAINER,
		.brief = "a macvlan straight on the device below: a MAC address of its own, no bridge",
		.needs = "the driver macvlan",
	},
	[DATAPATH_IPVLAN] = {
		.name = "ipvlan",
		.suts = CONTAINER,
		.brief = "an ipvlan (L2) straight on the device below, sharing its MAC address",
		.needs = "the driver ipvlan",
	},
	[DATAPATH_VF] = {
		.name = "vf",
		.suts = NATIVE | CONTAINER | VM,
		.brief = "an SR-IOV virtual function: a slice of the card itself, by VFIO for a VM",
		.needs = "a card with SR-IOV; for a VM an IOMMU and vfio-pci",
		.vfio = true,
		.device = true,
	},
	[DATAPATH_PF] = {
		.name = "pf",
		.suts = CONTAINER | VM,
		.brief = "a whole network card, by VFIO for a VM",
		.needs = "a card that the host can spare (dev=), another at the other end of its cable (peer=); for a VM an "
			 "IOMMU and vfio-pci",
		.vfio = true,
		.device = true,
	},
	[DATAPATH_HOST] = {
		.name = "host",
		.suts = NATIVE | CONTAINER,
		.brief = "the host's own network stack, with its firewall, sysctls and routes, no namespace of the SUT's",
		.needs = "the driver veth",
	},
};

static const char *const sut_names[] = {
	[WIRE_NATIVE] = "a native process",
	[WIRE_CONTAINER] = "a container",
	[WIRE_VM] = "a VM",
};

const struct datapath *datapath_row(enum datapath_kind kind)
{
	return &rows[kind];
}

static void put_names(struct sink *out, unsigned suts)
{
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!(rows[i].suts & suts))
			continue;
		sink_printf(out, "%s%s", comma, rows[i].name);
		comma = ", ";
	}
}

int datapath_find(const char *name, enum datapath_kind *ret, struct err *err)
{
	const char *names[DATAPATHS], *near;
	struct sink all = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		names[i] = rows[i].name;
		if (text_eq(name, names[i])) {
			*ret = (enum datapath_kind) i;
			return 0;
		}
	}
	near = text_nearest(name, names, DATAPATHS);
	put_names(&all, NATIVE | CONTAINER | VM);
	if (near)
		r = err_set(err, -EINVAL, "no datapath '%.40s'; did you mean '%s'?  There are %s", name, near, all.text);
	else
		r = err_set(err, -EINVAL, "no datapath '%.40s': there are %s", name, all.text);
	sink_free(&all);
	return r;
}

int datapath_fits(enum datapath_kind kind, enum wire_sut sut, struct err *err)
{
	struct sink all = { 0 };
	int r;

	if (rows[kind].suts & (1u << sut))
		return 0;
	put_names(&all, 1u << sut);
	r = err_set(err, -EINVAL, "datapath '%s' is not for %s, which can have %s", rows[kind].name, sut_names[sut], all.text);
	sink_free(&all);
	return r;
}

/* ---- NAME[,key=value...] ---- */

static int bad(const char *key, const char *value, const char *want, struct err *err)
{
	return err_set(err, -EINVAL, "datapath option %s: \"%.64s\" is not %s", key, value, want);
}

/* A netdev's name or a PCI address, and nothing that could mean a path. */
static int device_text(const char *key, const char *value, char to[DATAPATH_DEV_MAX], struct err *err)
{
	char address[PCI_ADDRESS_MAX];

	if (!pci_address_parse(value, address) && (!text_is_name(value) || strlen(value) > 15))
		return bad(key, value, "a network device (eth1) or a PCI address (0000:01:00.0)", err);
	text_print(to, DATAPATH_DEV_MAX, "%s", value);
	return 0;
}

static int take_dev(struct datapath_wish *w, const char *value, struct err *err)
{
	return device_text("dev", value, w->dev, err);
}

static int take_peer(struct datapath_wish *w, const char *value, struct err *err)
{
	static const struct {
		const char *word;
		enum peer_place place;
	} words[] = { { "auto", PEER_AUTO }, { "pf", PEER_PF }, { "none", PEER_NONE } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (text_eq(value, words[i].word)) {
			w->peer = words[i].place;
			return 0;
		}
	}
	w->peer = PEER_DEV;
	return device_text("peer", value, w->peer_dev, err);
}

static int take_vfs(struct datapath_wish *w, const char *value, struct err *err)
{
	uint64_t n;

	if (text_u64(value, &n) < 0 || n == 0 || n > 256)
		return bad("vfs", value, "a number of virtual functions, 1 to 256", err);
	w->vfs = (unsigned) n;
	return 0;
}

static int take_queues(struct datapath_wish *w, const char *value, struct err *err)
{
	uint64_t n;

	if (text_u64(value, &n) < 0 || n == 0 || n > DATAPATH_QUEUES_MAX)
		return bad("queues", value, "a number of queues of the guest's card, 1 to 8", err);
	w->queues = (unsigned) n;
	return 0;
}

static int take_mac_option(struct datapath_wish *w, const char *value, struct err *err)
{
	struct mac mac;

	if (mac_parse(value, &mac) < 0 || (mac.at[0] & 1))
		return bad("mac", value, "the MAC address of one device (02:00:00:00:00:01; an odd first byte is a group's)",
			   err);
	w->vf.mac = mac;
	w->vf.set |= VF_MAC;
	return 0;
}

static int take_vlan_option(struct datapath_wish *w, const char *value, struct err *err)
{
	uint64_t id;

	if (text_u64(value, &id) < 0 || id > 4094)
		return bad("vlan", value, "a VLAN, 1 to 4094, or 0 for none", err);
	w->vf.vlan = (uint16_t) id;
	w->vf.set |= VF_VLAN;
	return 0;
}

static int take_qos(struct datapath_wish *w, const char *value, struct err *err)
{
	uint64_t qos;

	if (text_u64(value, &qos) < 0 || qos > 7)
		return bad("qos", value, "a VLAN priority, 0 to 7", err);
	w->vf.qos = (uint8_t) qos;
	w->vf.set |= VF_VLAN;
	return 0;
}

static int take_spoofchk(struct datapath_wish *w, const char *value, struct err *err)
{
	if (text_bool(value, &w->vf.spoofchk) < 0)
		return bad("spoofchk", value, "on or off", err);
	w->vf.set |= VF_SPOOFCHK;
	return 0;
}

static int take_trust(struct datapath_wish *w, const char *value, struct err *err)
{
	if (text_bool(value, &w->vf.trust) < 0)
		return bad("trust", value, "on or off", err);
	w->vf.set |= VF_TRUST;
	return 0;
}

static int take_rate(struct datapath_wish *w, const char *value, struct err *err)
{
	uint64_t mbps;

	if (text_u64(value, &mbps) < 0 || mbps > 1000000)
		return bad("rate", value, "a limit in Mbit/s, 0 = none", err);
	w->vf.max_mbps = (uint32_t) mbps;
	w->vf.set |= VF_RATE;
	return 0;
}

static const char *const link_words[] = { [VF_LINK_AUTO] = "auto", [VF_LINK_UP] = "up", [VF_LINK_DOWN] = "down" };

static int take_link(struct datapath_wish *w, const char *value, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(link_words); i++) {
		if (text_eq(value, link_words[i])) {
			w->vf.link = (enum vf_link) i;
			w->vf.set |= VF_LINK;
			return 0;
		}
	}
	return bad("link", value, "auto, up or down", err);
}

static int take_force(struct datapath_wish *w, const char *value, struct err *err)
{
	return text_bool(value, &w->force) < 0 ? bad("force", value, "on or off", err) : 0;
}

#define VIRTIO                                                                                                                   \
	(1u << DATAPATH_BRIDGE | 1u << DATAPATH_VHOST_NET | 1u << DATAPATH_MACVTAP | 1u << DATAPATH_MACVTAP_VHOST_NET)
#define VF_ONLY (1u << DATAPATH_VF)
#define CARDS   (VF_ONLY | 1u << DATAPATH_PF)
#define ALL     ((1u << DATAPATHS) - 1)
#define ON_ONE  (ALL & ~(1u << DATAPATH_HOST))

static const struct key {
	const char *name;
	unsigned kinds;
	int (*take)(struct datapath_wish *w, const char *value, struct err *err);
} keys[] = {
	{ .name = "dev", .kinds = ON_ONE, .take = take_dev },
	{ .name = "peer", .kinds = ALL, .take = take_peer },
	{ .name = "queues", .kinds = VIRTIO, .take = take_queues },
	{ .name = "vfs", .kinds = VF_ONLY, .take = take_vfs },
	{ .name = "mac", .kinds = VF_ONLY, .take = take_mac_option },
	{ .name = "vlan", .kinds = VF_ONLY, .take = take_vlan_option },
	{ .name = "qos", .kinds = VF_ONLY, .take = take_qos },
	{ .name = "spoofchk", .kinds = VF_ONLY, .take = take_spoofchk },
	{ .name = "trust", .kinds = VF_ONLY, .take = take_trust },
	{ .name = "rate", .kinds = VF_ONLY, .take = take_rate },
	{ .name = "link", .kinds = VF_ONLY, .take = take_link },
	{ .name = "force", .kinds = CARDS, .take = take_force },
};

static int unknown_key(const char *name, enum datapath_kind kind, struct err *err)
{
	struct sink all = { 0 };
	const char *comma = "";
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!(keys[i].kinds & (1u << kind)))
			continue;
		sink_printf(&all, "%s%s", comma, keys[i].name);
		comma = ", ";
	}
	r = err_set(err, -EINVAL, "datapath '%s' has no option '%.40s': there are %s", rows[kind].name, name, all.text);
	sink_free(&all);
	return r;
}

/* "force" alone is "force=on". */
static int take_option(struct datapath_wish *w, char *word, unsigned *seen, struct err *err)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!text_eq(word, keys[i].name) || !(keys[i].kinds & (1u << w->kind)))
			continue;
		if (!value && !text_eq(word, "force"))
			return err_set(err, -EINVAL, "datapath option %s needs a value: %s=...", word, word);
		if (*seen & (1u << i))
			return err_set(err, -EINVAL, "datapath option %s is given twice", word);
		*seen |= 1u << i;
		return keys[i].take(w, value ? value : "on", err);
	}
	return unknown_key(word, w->kind, err);
}

static int check_wish(const struct datapath_wish *w, struct err *err)
{
	if (w->kind != DATAPATH_VF && w->peer == PEER_PF)
		return err_set(err, -EINVAL, "datapath '%s' has no physical function that could be its peer: peer=pf is for vf",
			       rows[w->kind].name);
	if (w->peer == PEER_DEV && !rows[w->kind].device)
		return err_set(err, -EINVAL, "datapath '%s' makes its own peer: peer=%s is for vf and pf", rows[w->kind].name,
			       w->peer_dev);
	if (w->peer == PEER_DEV && text_eq(w->dev, w->peer_dev))
		return err_set(err, -EINVAL, "dev=%s and peer=%s are one device: a cable has two ends", w->dev, w->peer_dev);
	return 0;
}

int datapath_parse(const char *text, struct datapath_wish *ret, struct err *err)
{
	struct datapath_wish w = { 0 };
	char copy[DATAPATH_TEXT_MAX], *at = copy, *word;
	unsigned seen = 0;
	int r;

	if (text_print(copy, sizeof(copy), "%s", text))
		return err_set(err, -EINVAL, "the datapath \"%.40s...\" is too long", text);
	r = datapath_find(strsep(&at, ","), &w.kind, err);
	while (r == 0 && (word = strsep(&at, ",")))
		r = take_option(&w, word, &seen, err);
	if (r == 0)
		r = check_wish(&w, err);
	if (r == 0)
		*ret = w;
	return r;
}

static void put_vf(struct sink *out, const struct vf_wish *vf)
{
	char mac[18];

	if (vf->set & VF_MAC)
		sink_printf(out, ",mac=%s", mac_text(&vf->mac, mac));
	if (vf->set & VF_VLAN)
		sink_printf(out, ",vlan=%u,qos=%u", vf->vlan, vf->qos);
	if (vf->set & VF_SPOOFCHK)
		sink_printf(out, ",spoofchk=%s", vf->spoofchk ? "on" : "off");
	if (vf->set & VF_TRUST)
		sink_printf(out, ",trust=%s", vf->trust ? "on" : "off");
	if (vf->set & VF_RATE)
		sink_printf(out, ",rate=%u", vf->max_mbps);
	if (vf->set & VF_LINK)
		sink_printf(out, ",link=%s", link_words[vf->link]);
}

char *datapath_text(const struct datapath_wish *w, char buf[DATAPATH_TEXT_MAX])
{
	static const char *const peers[] = { [PEER_AUTO] = "", [PEER_PF] = ",peer=pf", [PEER_NONE] = ",peer=none" };
	struct sink out = { 0 };

	sink_put(&out, rows[w->kind].name);
	if (w->dev[0])
		sink_printf(&out, ",dev=%s", w->dev);
	if (w->peer == PEER_DEV)
		sink_printf(&out, ",peer=%s", w->peer_dev);
	else
		sink_put(&out, peers[w->peer]);
	if (w->queues)
		sink_printf(&out, ",queues=%u", w->queues);
	if (w->vfs)
		sink_printf(&out, ",vfs=%u", w->vfs);
	put_vf(&out, &w->vf);
	if (w->force)
		sink_put(&out, ",force");
	text_print(buf, DATAPATH_TEXT_MAX, "%s", out.text);
	sink_free(&out);
	return buf;
}
