/* SPDX-License-Identifier: Apache-2.0 */
/* drivers - which module of the guest's kernel drives which card. */
#ifndef VM_DRIVERS_H
#define VM_DRIVERS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs.h"
#include "vm/spec.h"

/* Put into every guest whose kernel has them, NULL-terminated: emulated cards, and virtual functions of common ones. */
extern const char *const driver_modules[];

/* The module for a PCI device, by its numbers; NULL = not one we know. */
const char *driver_of(unsigned vendor, unsigned device);

/* Has the guest of this platform the driver of each of its cards?  -ENODEV names card, driver and cure. */
int drivers_check(const struct fs *fs, const struct vm_spec *spec, struct err *err);

#endif
