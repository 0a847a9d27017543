/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near - on which NUMA node a network device is, and CPUs of that node.
 *
 * A packet that is written to memory of one node and read by a CPU of another
 * crosses between them, each time.  The order is: the device, which cannot be
 * moved; CPUs on its node; memory from the node of those CPUs (vm/memory.c).
 */
#ifndef HOST_NEAR_H
#define HOST_NEAR_H

#include "base/fs.h"
#include "host/cpu.h"
#include "host/placement.h"
#include "host/split.h"

/*
 * The node of a device, named by its netdev or its PCI address; of a bridge, bond or VLAN that of a card below it.
 * -1 = there is none, or nothing says so (a machine with one node says -1 too).
 */
int near_node(const struct fs *fs, const char *dev);

/*
 * Only CPUs of this node for what is measured: leaders and near of the split become those there.  False, and
 * nothing changes, for -1 and where fewer than `want` isolated cores are on that node.
 */
bool split_near(const struct cpu_facts *cpu, int node, unsigned want, struct cpu_split *split);

/*
 * The same where roles were given out already: those CPUs are given out anew, on this node alone. False, and nothing changes,
 * where fewer of them are there than `want` for what is measured and one each for its peer and the emulator.
 */
bool placement_near(const struct cpu_facts *cpu, int node, unsigned want, struct placement *p);

#endif
