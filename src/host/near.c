/* SPDX-License-Identifier: Apache-2.0 */
#include "host/near.h"

#include <string.h>

#include "base/text.h"
#include "host/pci.h"

#define LOWERS_DEEP 4 /* VLAN on bond in bridge on card */

static int node_of_card(const struct fs *fs, const char *dev)
{
	char address[PCI_ADDRESS_MAX];
	struct pci_device d;

	if (pci_resolve(fs, dev, address, NULL) < 0 || pci_read(fs, address, &d, NULL) < 0)
		return -1;
	return d.numa_node;
}

static int node_of_link(const struct fs *fs, const char *netdev, unsigned deep)
{
	int node = node_of_card(fs, netdev);
	struct fs_names names = { 0 };
	char path[96];

	if (node >= 0 || deep == 0 || text_print(path, sizeof(path), "sys/class/net/%s", netdev) ||
	    fs_list(fs, path, &names) < 0)
		return node;
	for (size_t i = 0; i < names.n && node < 0; i++)
		if (text_starts(names.at[i], "lower_"))
			node = node_of_link(fs, names.at[i] + strlen("lower_"), deep - 1);
	fs_list_free(&names);
	return node;
}

/* A name that could mean a path is nobody's. */
int near_node(const struct fs *fs, const char *dev)
{
	char address[PCI_ADDRESS_MAX];

	if (pci_address_parse(dev, address))
		return node_of_card(fs, dev);
	return text_is_name(dev) ? node_of_link(fs, dev, LOWERS_DEEP) : -1;
}

bool split_near(const struct cpu_facts *cpu, int node, unsigned want, struct cpu_split *split)
{
	struct cpuset near = { 0 };

	for (size_t i = 0; node >= 0 && i < cpu->n; i++)
		if (cpu->at[i].node == node && cpuset_has(&split->leaders, cpu->at[i].cpu))
			cpuset_add(&near, cpu->at[i].cpu);
	if (cpuset_empty(&near) || cpuset_count(&near) < want)
		return false;
	split->leaders = split->near = near;
	return true;
}

static unsigned take_last(struct cpuset *from)
{
	unsigned cpu = (unsigned) cpuset_last(from);

	cpuset_del(from, cpu);
	return cpu;
}

bool placement_near(const struct cpu_facts *cpu, int node, unsigned want, struct placement *p)
{
	struct cpuset ours = cpuset_or(&p->sut_cpus, &p->peer_cpus), near = { 0 };

	ours = cpuset_or(&ours, &p->emulator_cpus);
	ours = cpuset_minus(&ours, &p->housekeeping);
	for (size_t i = 0; node >= 0 && i < cpu->n; i++)
		if (cpu->at[i].node == node && cpuset_has(&ours, cpu->at[i].cpu))
			cpuset_add(&near, cpu->at[i].cpu);
	if (cpuset_count(&near) < want + 2)
		return false;
	p->peer_cpus = cpuset_one(take_last(&near));
	p->emulator_cpus = cpuset_one(take_last(&near));
	p->sut_cpus = near;
	return true;
}
