/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: network cards.  Most drivers reset the link, or stop their queues, to
 * change one of these: seconds without packets.  So they are taken only when
 * they are asked for (a profile's level, or by name), and the plan refuses to
 * touch the card that somebody is logged in by unless it puts itself back
 * (tune/nic.c).  PCI cards alone: the address is what a card is known by.
 */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/nic.h"
#include "knob/internal.h"
#include "knob/look.h"

#define SLOW_US  10 /* igb and e1000e refuse what lies between 3 and this (IGB_MIN_ITR_USECS) */
#define RING_MIN 512
#define RING_MAX 1024

/* Interrupt moderation adds its whole delay to a lone request. */
static int check_coalesce(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct nic_facts *nics = &c->look->machine->nic;

	(void) k;
	(void) err;
	for (size_t i = 0; i < nics->n; i++) {
		const struct nic_fact *n = &nics->at[i];
		bool adaptive = n->coalesce.adaptive_rx == 1;
		char now[64];

		if (!text_eq(n->kind, "device"))
			continue;
		if (!n->coalesce_known || n->coalesce.rx_usecs < 0) {
			look_unseen(out, n->name, "its driver does not tell how long it gathers packets");
			continue;
		}
		text_print(now, sizeof(now), "%lld us%s", (long long) n->coalesce.rx_usecs, adaptive ? ", adaptive" : "");
		look_says(out, !adaptive && n->coalesce.rx_usecs <= SLOW_US, n->name, now, "at most 10 us, not adaptive");
	}
	if (out->n == 0)
		list_absent(out, "network cards", "there is none in this network namespace");
	return 0;
}

static int check_offloads(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct nic_facts *nics = &c->look->machine->nic;

	(void) k;
	(void) err;
	for (size_t i = 0; i < nics->n; i++) {
		const struct nic_fact *n = &nics->at[i];

		if (text_eq(n->kind, "device") && n->offloads_known && n->offloads.lro >= 0)
			look_says(out, n->offloads.lro == 0, n->name, n->offloads.lro ? "LRO on" : "LRO off", "LRO off");
	}
	if (out->n == 0)
		list_absent(out, "network cards", "none tells of large receive offload");
	return 0;
}

static int check_ring(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct nic_facts *nics = &c->look->machine->nic;

	(void) err;
	for (size_t i = 0; i < nics->n; i++) {
		if (text_eq(nics->at[i].kind, "device") && nics->at[i].ring[0])
			look_value(k, c, out, nics->at[i].name, VALUE_TEXT, nics->at[i].ring);
	}
	if (out->n == 0)
		list_absent(out, "network cards", "none tells of its rings");
	return 0;
}

static int check_queues(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct nic_facts *nics = &c->look->machine->nic;
	unsigned house = cpuset_count(&c->split->housekeeping);
	char now[16], want[32];

	(void) k;
	(void) err;
	text_print(want, sizeof(want), "<=%u", house);
	for (size_t i = 0; i < nics->n; i++) {
		if (!text_eq(nics->at[i].kind, "device") || !nics->at[i].rx_queues)
			continue;
		text_print(now, sizeof(now), "%u", nics->at[i].rx_queues);
		look_says(out, nics->at[i].rx_queues <= house, nics->at[i].name, now, want);
	}
	if (out->n == 0)
		list_absent(out, "receive queues", "there is no network card");
	return 0;
}

/* What is wanted of one card: words as in journal/nic.h, before and after; false = it has no such thing. */
typedef bool card_fn(const struct knob_ctx *c, const struct nic_fact *n, char before[64], char after[64]);

/* One netdev, of its own: a card with several behind one address cannot be told apart by it. */
static bool is_pci_card(const struct knob_ctx *c, const struct nic_fact *n)
{
	struct fs_names names;
	char path[96];
	bool one;

	if (!text_eq(n->kind, "device") || !isxdigit((unsigned char) n->device[0]) ||
	    !fs_existsf(c->fs, "sys/bus/pci/devices/%s", n->device))
		return false;
	text_print(path, sizeof(path), "sys/class/net/%s/device/net", n->name);
	if (fs_list(c->fs, path, &names) < 0)
		return false;
	one = names.n == 1;
	fs_list_free(&names);
	return one;
}

static void list_card(const struct knob_ctx *c, const struct nic_fact *n, card_fn *wanted, struct settings *out)
{
	char before[64], after[64], path[128];
	struct setting *s;

	if (!wanted(c, n, before, after))
		return;
	text_print(path, sizeof(path), "sys/bus/pci/devices/%s", n->device);
	s = settings_add(out, SETTING_NIC, path);
	s->state = text_eq(before, after) ? SETTING_SAME : SETTING_TODO;
	s->before = xstrdup(before);
	s->after = xstrdup(after);
	s->whose = xstrdup(n->name);
	text_print(s->target, sizeof(s->target), "%s (%s)", n->name, n->device);
}

static int list_cards(const struct knob_ctx *c, struct settings *out, card_fn *wanted, const char *what)
{
	struct nic_facts nics;

	nic_facts_read(c->fs, &nics);
	for (size_t i = 0; i < nics.n; i++)
		if (is_pci_card(c, &nics.at[i]))
			list_card(c, &nics.at[i], wanted, out);
	nic_facts_free(&nics);
	if (out->n == 0)
		list_absent(out, "network cards", "no PCI card in this network namespace tells of %s", what);
	return 0;
}

static bool want_coalesce(const struct knob_ctx *c, const struct nic_fact *n, char before[64], char after[64])
{
	int64_t us = n->coalesce.rx_usecs;

	(void) c;
	if (!n->coalesce_known || us < 0 || n->coalesce.adaptive_rx < 0)
		return false;
	text_print(before, 64, "coalesce adaptive-rx=%d rx-usecs=%lld", n->coalesce.adaptive_rx, (long long) us);
	text_print(after, 64, "coalesce adaptive-rx=0 rx-usecs=%lld", (long long) (us > SLOW_US ? SLOW_US : us));
	return true;
}

static int list_coalesce(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return list_cards(c, out, want_coalesce, "how long it gathers packets");
}

static bool want_lro_off(const struct knob_ctx *c, const struct nic_fact *n, char before[64], char after[64])
{
	(void) c;
	text_print(before, 64, "lro on=%d", n->offloads.lro);
	text_print(after, 64, "lro on=0");
	return n->offloads_known && n->offloads.lro >= 0;
}

static int list_offloads(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return list_cards(c, out, want_lro_off, "large receive offload");
}

/* Between the two bounds, as far as the card goes. */
static bool want_ring(const struct knob_ctx *c, const struct nic_fact *n, char before[64], char after[64])
{
	int want = n->rx_ring;

	(void) c;
	if (want <= 0 || n->rx_ring_max <= 0)
		return false;
	want = want < RING_MIN ? RING_MIN : want > RING_MAX ? RING_MAX : want;
	want = want > n->rx_ring_max ? n->rx_ring_max : want;
	text_print(before, 64, "ring rx=%d", n->rx_ring);
	text_print(after, 64, "ring rx=%d", want);
	return true;
}

static int list_ring(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return list_cards(c, out, want_ring, "the size of its rings");
}

static bool want_queues(const struct knob_ctx *c, const struct nic_fact *n, char before[64], char after[64])
{
	int house = (int) cpuset_count(&c->split->housekeeping);

	if (n->combined <= 0 || house == 0)
		return false;
	text_print(before, 64, "channels combined=%d", n->combined);
	text_print(after, 64, "channels combined=%d", n->combined > house ? house : n->combined);
	return true;
}

static int list_queues(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return list_cards(c, out, want_queues, "queues that can be counted anew");
}

const struct knob knob_irq_queue_count = {
	.id = "irq.queue_count",
	.title = "no more card queues than housekeeping CPUs",
	.why = "with fewer vectors than CPUs none has to land on an isolated one",
	.cost = "throughput of the card; changing it resets the link",
	.source = "ethtool(8), -L; redhat-performance/tuned realtime",
	.unit = "cards",
	.disruptive = true,
	.first = true,
	ROLES(W("*", 3), W("*", 2), LEAVE, W("*", 3)),
	.check = check_queues,
	.cure = "ethtool -L DEVICE combined N, before workloads start, not over the link you are logged in by",
	.dispute = "tuned sets it, SEAPATH stopped to since the reset lost heartbeats: do it at boot, or with --confirm-within",
	.order = ORDER_CARD,
	.list = list_queues,
};

const struct knob knob_net_coalesce = {
	.id = "net.coalesce",
	.title = "cards interrupt at once",
	.why = "a card that gathers packets adds its whole waiting time to a lone request: the largest single gain on "
	       "many cards",
	.cost = "more interrupts under bulk traffic, so less throughput; some drivers reset the queue",
	.source = "ethtool(8), -C; Documentation/networking/ethtool-netlink.rst",
	.unit = "cards",
	.disruptive = true,
	.first = true,
	ROLES(W("*", 7), W("*", 7), W("*", 5), W("*", 7)),
	.check = check_coalesce,
	.cure = "ethtool -C DEVICE adaptive-rx off adaptive-tx off rx-usecs 0 tx-usecs 0",
	.order = ORDER_CARD + 2,
	.list = list_coalesce,
};

const struct knob knob_net_offloads = {
	.id = "net.offloads",
	.title = "cards do not merge packets for good",
	.why = "large receive offload holds packets back and breaks bridges",
	.cost = "more work per packet under bulk traffic",
	.source = "Documentation/networking/segmentation-offloads.rst; ethtool(8), -K",
	.unit = "cards",
	.disruptive = true,
	.first = true,
	ROLES(W("*", 4), W("*", 4), LEAVE, W("*", 4)),
	.check = check_offloads,
	.cure = "ethtool -K DEVICE lro off",
	.order = ORDER_CARD + 2,
	.list = list_offloads,
};

const struct knob knob_net_ring = {
	.id = "net.ring",
	.title = "rings of the card",
	.why = "large ones push each other out of the cache, small ones drop bursts: there is no one right size; tuning keeps "
	       "what is received between 512 and 1024 packets",
	.cost = "changing them resets the link",
	.source = "ethtool(8), -G",
	.unit = "cards",
	.disruptive = true,
	.first = true,
	ROLES(W("?", 0), W("?", 0), W("?", 0), W("?", 0)),
	.check = check_ring,
	.order = ORDER_CARD + 1,
	.list = list_ring,
};
