/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic - the network interfaces of this network namespace, as far as latency
 * asks: whose, where, how many queues, how long a packet may wait.
 * Documentation/ABI/testing/sysfs-class-net, networking/{scaling,ethtool-netlink,napi}.rst.
 */
#ifndef HOST_NIC_H
#define HOST_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fs.h"

/* ETHTOOL_GCOALESCE; -1 = the driver does not say. */
struct nic_coalesce {
	int64_t rx_usecs, rx_frames, tx_usecs, tx_frames;
	int adaptive_rx, adaptive_tx;
};

/* Those that hold packets back or merge them; -1 = not known. */
struct nic_offloads {
	int gro, lro, gso, tso;
};

struct nic_fact {
	char name[24];
	char kind[20];                  /* "device", "virtual", "bridge", "tap", "loopback" */
	char driver[32];                /* "" for virtual ones */
	char device[64];                /* PCI address or the device's name; "" for virtual ones */
	char master[24];                /* bridge or bond it is in */
	char state[16];                 /* operstate: "up", "down", "unknown" */
	int64_t speed_mbps;             /* -1 = not told */
	int node;                       /* -1 = not told */
	unsigned mtu;
	unsigned rx_queues, tx_queues;
	int queues_max;                 /* ETHTOOL_GCHANNELS: combined (or rx) queues it could have; -1 = not known */
	bool coalesce_known, offloads_known;
	struct nic_coalesce coalesce;
	struct nic_offloads offloads;
	int64_t gro_flush_ns, defer_hard_irqs;  /* -1 = not there */
	int threaded;                   /* NAPI in threads; -1 = not there */
	bool rps, xps;                  /* some queue steers packets to CPUs by software */
	char aspm[40];                  /* link power states allowed: "l0s l1 l1_1"; "none"; "" = not told */
	char ring[24];                  /* "rx/tx" descriptors in use; "" = not told */
	int rx_ring, rx_ring_max;       /* -1 = not told */
	int combined;                   /* queues that send and receive; -1 = not told, 0 = it has none of that kind */
};

struct nic_facts {
	struct nic_fact *at;            /* by name; owned */
	size_t n;
	char aspm_policy[24];           /* the choice of pcie_aspm; "" = not there */
};

void nic_facts_read(const struct fs *fs, struct nic_facts *ret);
void nic_facts_free(struct nic_facts *f);

#endif
