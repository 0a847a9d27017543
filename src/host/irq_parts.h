/* SPDX-License-Identifier: Apache-2.0 */
/* irq_parts - what irq.c and irq_details.c share. */
#ifndef HOST_IRQ_PARTS_H
#define HOST_IRQ_PARTS_H

#include "host/irq.h"

int irq_by_number(const void *a, const void *b);
/* "irq/36-eth0", "irq/36-s-eth0" -> 36; false when it is no interrupt thread. */
bool irq_of_thread(const char *comm, unsigned *ret);

#endif
