/* SPDX-License-Identifier: Apache-2.0 */
/* parts - for the room audit only: how findings are put together. */
#ifndef AUDIT_PARTS_H
#define AUDIT_PARTS_H

#include "audit/audit.h"
#include "audit/pair.h"

/* Judged, grouped and put behind those that are there; a->at has room for it.  Takes the settings. */
void audit_put(struct audit *a, const struct knob *k, struct settings settings);
/* Ranked and counted, once all are there. */
void audit_rank(struct audit *a);

/* ---- pair_*.c ---- */

/* One vCPU's thread; `known` is false where QEMU does not name its threads. */
struct pair_vcpu {
	bool known;
	bool alone; /* one CPU, no other vCPU's */
	bool own;   /* alone, and that CPU is set apart on the host */
	struct cpuset cpus;
};

struct pair_ctx {
	const struct pair *pair;
	const struct machine_facts *host, *guest;
	const struct qemu *vm;
	struct pair_vcpu *vcpus; /* as many as the VM was started with; owned */
	size_t n_vcpus;
	bool all_own;   /* there are vCPUs, and each is its own */
	bool kvm;       /* KVM runs it, as far as the command line tells */
	char whose[96]; /* the launcher's handle */
};

struct pair_row {
	struct knob knob;
	void (*check)(const struct pair_ctx *p, struct settings *out);
};
struct pair_rows {
	const struct pair_row *at;
	size_t n;
};
extern const struct pair_rows pair_time, pair_cpu, pair_memory;

/* A verdict whose cure lies on the host: that of this knob in the launcher's language; NULL = the row's own. */
void pair_host_says(const struct pair_ctx *p, struct settings *out, bool ok, const char *target, const char *now,
		    const char *want, const char *cure_of);
/* One whose cure lies in the guest; @name in it stands for `list`. */
void pair_guest_says(struct settings *out, bool ok, const char *target, const char *now, const char *want, const char *cure,
		     const char *list);
bool pair_option_on(const struct qemu *vm, const char *option, const char *key);
/* A parameter of the guest's kernel command line; false when it is not given. */
bool pair_guest_boot(const struct pair_ctx *p, const char *name, char *buf, size_t cap);
/* Where the guest keeps its latency work: isolated at boot or by a partition. */
struct cpuset pair_guest_isolated(const struct pair_ctx *p);

#define PAIR(effect_) .role = { [ROLE_VM_HOST] = { .want = "*", .effect = (effect_) } }, .of_vm = true

#endif
