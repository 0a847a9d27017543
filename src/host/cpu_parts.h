/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_parts - for cpu.c only: caches, kinds of cores, counts. */
#ifndef HOST_CPU_PARTS_H
#define HOST_CPU_PARTS_H

#include "host/cpu.h"

void cpu_caches_read(const struct fs *fs, struct cpu_facts *f);
void cpu_kinds_read(const struct fs *fs, struct cpu_facts *f);
void cpu_count(struct cpu_facts *f);

#endif
