/* SPDX-License-Identifier: Apache-2.0 */
/* ids - which machine this is, and which of its boots: what is written down for later is of these two. */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include "base/fs.h"

#define MACHINE_ID_CAP 40
#define BOOT_ID_CAP    40

/* machine-id(5): 32 digits.  "" = not known, as on a first boot ("uninitialized") and in a rescue system. */
void machine_id_of(const struct fs *fs, char buf[MACHINE_ID_CAP]);
/* proc/sys/kernel/random/boot_id; "" and a negative errno = not told. */
int boot_id_of(const struct fs *fs, char buf[BOOT_ID_CAP]);
void machine_id_here(char buf[MACHINE_ID_CAP]); /* of the running machine */
int boot_id_here(char buf[BOOT_ID_CAP], struct err *err);

#endif
