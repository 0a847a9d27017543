/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - which CPU and which card was meant, in words that a reboot does
 * not change.  CPU numbers and interface names are given anew at each boot;
 * package, core and thread, and the PCI address and port, are where things sit.
 */
#ifndef KEEP_IDENTITY_H
#define KEEP_IDENTITY_H

#include <jansson.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"
#include "host/cpu.h"

struct cpu_place {
	int package, core;
	unsigned thread; /* the n-th of its core, by number */
};

bool cpu_place_of(const struct cpu_facts *cpus, unsigned cpu, struct cpu_place *ret);
bool cpu_at_place(const struct cpu_facts *cpus, const struct cpu_place *place, unsigned *ret);

/* [{"package":0,"core":2,"thread":0}, ...]; CPUs that are not online are left out. */
json_t *cpus_to_json(const struct cpu_facts *cpus, const struct cpuset *set);
/* -ENODEV names the places that no CPU is at now; -EINVAL for what is no such array. */
int cpus_from_json(const json_t *places, const struct cpu_facts *cpus, struct cpuset *ret, struct err *err);

struct card {
	char address[16]; /* PCI */
	char name[24];    /* as it was called then */
	char driver[32];
	unsigned port; /* dev_port: cards with several interfaces at one address */
};

struct cards {
	struct card *at; /* by address, then port; owned */
	size_t n;
};

void cards_read(const struct fs *fs, struct cards *ret); /* interfaces of PCI devices */
void cards_free(struct cards *c);
const struct card *card_find(const struct cards *c, const char *address, unsigned port); /* NULL */
bool card_has_interrupt(const struct fs *fs, const char *address, uint64_t irq);
json_t *cards_to_json(const struct cards *c);
int cards_from_json(const json_t *array, struct cards *ret, struct err *err);

#endif
