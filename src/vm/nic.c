/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/nic.h"

#include "base/text.h"
#include "net/link.h"

_Static_assert(DATAPATH_QUEUES_MAX <= VM_QUEUES_MAX, "each queue of a wire has a place in the machine");

void nic_spread(struct placement *p, unsigned vcpus, unsigned queues)
{
	struct cpuset house = cpuset_and(&p->emulator_cpus, &p->housekeeping);

	/* A thread that may run on both sides of an isolation belongs to neither group of it. */
	if (cpuset_empty(&p->emulator_cpus) || !cpuset_empty(&house))
		return;
	while (cpuset_count(&p->sut_cpus) > vcpus && cpuset_count(&p->emulator_cpus) < queues) {
		unsigned last = (unsigned) cpuset_last(&p->sut_cpus);

		cpuset_del(&p->sut_cpus, last);
		cpuset_add(&p->emulator_cpus, last);
	}
}

void nic_of_wire(struct vm_nic *ret, const struct wire *w)
{
	const struct datapath *row = datapath_row(w->datapath);
	struct vm_nic nic = { .kind = VM_NIC_VIRTIO, .queues = w->queues, .vhost = row->vhost };

	mac_text(&w->sut_mac, nic.mac);
	if (w->datapath == DATAPATH_E1000E)
		nic.kind = VM_NIC_E1000E;
	if (row->vfio) {
		nic.kind = VM_NIC_VFIO;
		(void) text_print(nic.host, sizeof(nic.host), "%s", w->vfio.address);
	}
	for (unsigned i = 0; i < w->queues; i++) {
		nic.tap_fd[i] = w->tap_fd[i];
		nic.vhost_fd[i] = w->vhost_fd[i];
	}
	*ret = nic;
}
