/* SPDX-License-Identifier: Apache-2.0 */
/* vm_cure - what to do about a finding, in the language of whoever started the VM or container. */
#ifndef KNOB_VM_CURE_H
#define KNOB_VM_CURE_H

#include "knob/containers.h"
#include "knob/qemu.h"

/*
 * "@iso", "@house" and "@name" (of the VM or container, Proxmox: its number)
 * are for the audit to fill in.  NULL: the knob's own cure is all there is.
 */
const char *vm_cure(const char *knob_id, enum launcher l);
const char *container_cure(const char *knob_id, enum engine e);
/* Where the launchers' and engines' words for this knob are from; NULL: there are none for it. */
const char *cure_source(const char *knob_id);

#endif
