/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: the network. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

#define NET_DOC "Documentation/admin-guide/sysctl/net.rst"
#define IP_DOC  "Documentation/networking/ip-sysctl.rst"
#define NAPI    "Documentation/networking/napi.rst"

int check_bridge_nf(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	static const char *const names[] = { "iptables", "ip6tables", "arptables" };
	char path[96];

	(void) k;
	(void) err;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		text_print(path, sizeof(path), "proc/sys/net/bridge/bridge-nf-call-%s", names[i]);
		look_path(c, out, path, VALUE_NUMBER, "0");
	}
	if (out->n == 0)
		list_absent(out, "bridge-nf-call-*tables", "bridged frames do not pass netfilter on this kernel");
	return 0;
}

static int check_xps(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct nic_facts *nics = &c->look->machine->nic;

	(void) err;
	for (size_t i = 0; i < nics->n; i++) {
		if (text_eq(nics->at[i].kind, "device") && nics->at[i].tx_queues > 1)
			look_value(k, c, out, nics->at[i].name, VALUE_TEXT, nics->at[i].xps ? "steered" : "not steered");
	}
	if (out->n == 0)
		list_absent(out, "network cards", "none has several transmit queues");
	return 0;
}

static int check_conntrack(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	bool loaded = fs_exists(c->fs, "proc/sys/net/netfilter/nf_conntrack_max");

	(void) k;
	(void) err;
	look_says(out, !loaded, "connection tracking", loaded ? "loaded" : "not loaded", "not loaded, or measured flows exempt");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "net.backlog",
		.title = "room for packets on their way to a reader",
		.why = "each CPU queues packets of virtual links here; what does not fit is dropped and sent again after a "
		       "timeout",
		.cost = "under overload packets wait longer before they are dropped",
		.source = NET_DOC ", netdev_max_backlog",
		FILES({ .path = "proc/sys/net/core/netdev_max_backlog", .form = VALUE_NUMBER }),
		EVERY_ROLE(">=1000", 2),
	},
	{
		.id = "net.budget",
		.title = "how long one round of packet work may be",
		.why = "a long round holds up everything else on its CPU",
		.cost = "a short one hands work to ksoftirqd sooner",
		.source = NET_DOC ", netdev_budget",
		FILES({ .path = "proc/sys/net/core/netdev_budget", .form = VALUE_NUMBER }),
		ROLES(W("?", 0), W("<=600", 1), W("?", 0), W("<=300", 1)),
	},
	{
		.id = "net.busy_poll",
		.title = "readers poll the card for a moment",
		.why = "a reader that looks for 50 us itself needs no interrupt, no soft interrupt and no wake-up",
		.cost = "CPU time of the reader; programs can ask for it themselves with SO_BUSY_POLL",
		.source = NET_DOC ", busy_read, busy_poll; " NAPI,
		FILES({ .path = "proc/sys/net/core/busy_read", .form = VALUE_NUMBER },
		      { .path = "proc/sys/net/core/busy_poll", .form = VALUE_NUMBER }),
		ROLES(W("?", 0), W(">=1", 2), W(">=1", 2), W(">=1", 3)),
		.cure = "sysctl -w net.core.busy_read=50 net.core.busy_poll=50",
	},
	{
		.id = "net.conntrack",
		.title = "no connection tracking for measured packets",
		.why = "each packet is looked up in a table that is cleaned in the background",
		.cost = "stateful firewall rules and address translation need it",
		.source = "Documentation/networking/nf_conntrack-sysctl.rst",
		ROLES(W("*", 2), LEAVE, LEAVE, W("*", 2)),
		.check = check_conntrack,
		.cure = "a notrack rule for those flows (nft ... notrack)",
	},
	{
		.id = "net.defer_irqs",
		.title = "interrupts of cards are not deferred",
		.why = "deferring helps readers that poll; without them it adds up to the timeout to every packet",
		.cost = "none unless readers poll",
		.source = NAPI,
		FILES({ .path = "sys/class/net/%s/gro_flush_timeout", .per = PER_NAME, .form = VALUE_NUMBER }),
		ROLES(W("0", 4), W("0", 4), W("0", 4), W("?", 0)),
	},
	{
		.id = "net.qdisc",
		.title = "a fair queue before the card",
		.why = "in a plain queue a small request waits behind all that bulk traffic put there",
		.cost = "none",
		.source = NET_DOC ", default_qdisc",
		FILES({ .path = "proc/sys/net/core/default_qdisc", .form = VALUE_TEXT }),
		EVERY_ROLE("fq_codel|fq|cake|fq_pie|noqueue", 2),
		.cure = "sysctl -w net.core.default_qdisc=fq_codel, for devices that come later; tc qdisc replace for those that "
			"are",
	},
	{
		.id = "net.rfs",
		.title = "packets are not chased after their readers",
		.why = "flow steering interrupts another CPU for each batch: of use on hosts of many sockets only",
		.cost = "on such hosts readers find colder caches",
		.source = "Documentation/networking/scaling.rst, RFS",
		FILES({ .path = "proc/sys/net/core/rps_sock_flow_entries", .form = VALUE_NUMBER }),
		ROLES(W("0", 1), W("?", 0), W("0", 1), W("0", 1)),
	},
	{
		.id = "net.sockbuf",
		.title = "room for streams",
		.why = "the ceiling of socket buffers bounds the speed of one stream over a long path; requests do not need it",
		.cost = "memory",
		.source = NET_DOC ", rmem_max",
		FILES({ .path = "proc/sys/net/core/rmem_max", .form = VALUE_NUMBER },
		      { .path = "proc/sys/net/core/wmem_max", .form = VALUE_NUMBER }),
		ROLES(LEAVE, W(">=4194304", 1), W(">=4194304", 1), LEAVE),
	},
	{
		.id = "net.sriov",
		.title = "virtual functions of cards",
		.why = "a guest or container with one of its own bypasses the host's software path: only shown",
		.cost = "resetting the card ends all of them",
		.source = "Documentation/PCI/pci-iov-howto.rst",
		FILES({ .path = "sys/class/net/%s/device/sriov_numvfs", .per = PER_NAME, .form = VALUE_NUMBER }),
		ROLES(W("?", 0), W("?", 0), LEAVE, LEAVE),
	},
	{
		.id = "net.tcp_misc",
		.title = "TCP sends at once",
		.why = "starting slowly again after a pause, and waiting to fill a segment, both hold back short requests",
		.cost = "a little fairness on shared links, and smaller segments",
		.source = IP_DOC ", tcp_slow_start_after_idle, tcp_autocorking",
		FILES({ .path = "proc/sys/net/ipv4/tcp_slow_start_after_idle", .form = VALUE_NUMBER, .want = "0" },
		      { .path = "proc/sys/net/ipv4/tcp_autocorking", .form = VALUE_NUMBER, .want = "0" }),
		ROLES(LEAVE, W("*", 2), W("*", 2), W("*", 2)),
		.cure = "sysctl -w net.ipv4.tcp_slow_start_after_idle=0 net.ipv4.tcp_autocorking=0, in each network namespace",
	},
	{
		.id = "net.threaded_napi",
		.title = "packet work in threads",
		.why = "such threads can be pinned and ordered by priority; without PREEMPT_RT they cost a wake-up each time",
		.cost = "microseconds for each batch on an ordinary kernel",
		.source = NAPI ", threaded",
		FILES({ .path = "sys/class/net/%s/threaded", .per = PER_NAME, .form = VALUE_NUMBER }),
		EVERY_ROLE("?", 0),
	},
	{
		.id = "net.xps",
		.title = "transmit queues by CPU",
		.why = "CPUs that share a queue share its lock, and completions arrive on another CPU",
		.cost = "none; drivers forget it when queues change",
		.source = "Documentation/networking/scaling.rst, XPS",
		ROLES(W("?", 0), W("?", 0), W("?", 0), W("?", 0)),
		.check = check_xps,
	},
};

LOOK_ROWS(look_net, rows);
