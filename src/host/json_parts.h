/* SPDX-License-Identifier: Apache-2.0 */
/* json_parts - what machine_json.c and machine_json_parts.c share. */
#ifndef HOST_JSON_PARTS_H
#define HOST_JSON_PARTS_H

#include "host/facts.h"

json_t *hj_text(const char *s);                 /* null when empty or no UTF-8: files of a foreign machine hold any bytes */
json_t *hj_set(const struct cpuset *s);
json_t *hj_number(int64_t n);                   /* null below 0 */
json_t *hj_groups(const struct cpu_groups *g);
/* memory, power, nics, kvm, virtualisation, cgroups, services */
void machine_parts_json(const struct machine_facts *m, json_t *into);

#endif
