/* SPDX-License-Identifier: Apache-2.0 */
/* nic - the VM's end of a wire. */
#ifndef VM_NIC_H
#define VM_NIC_H

#include "host/placement.h"
#include "net/wire.h"
#include "vm/spec.h"

/* The kind of card, its MAC address (the peer knows no other), and the wire's fds, which stay the wire's. */
void nic_of_wire(struct vm_nic *ret, const struct wire *w);

/*
 * Several queues: each has a worker of vhost's, which gets a CPU of the measured ones that no vCPU uses, as far as there
 * are any.  vm_start() and vm_settle() put worker i on the i-th CPU of the emulator's.
 */
void nic_spread(struct placement *p, unsigned vcpus, unsigned queues);

#endif
