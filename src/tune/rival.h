/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rival - programs that set the same things as a plan, and what may be done
 * about them: told, or stopped for as long as the plan is in force.
 *
 * Stopped means `systemctl mask --runtime --now`: started by nobody meanwhile,
 * put back by the journal, and forgotten by a reboot.  Programs that are a
 * service of their own (kubelet, libvirtd) are never stopped: they are named.
 */
#ifndef TUNE_RIVAL_H
#define TUNE_RIVAL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/sink.h"
#include "host/service.h"
#include "tune/plan.h"

struct rival {
	const struct service_row *row;
	pid_t pid;      /* 0 = only enabled */
	bool stoppable; /* false: it has another business too */
};

struct rivals {
	struct rival *at; /* owned */
	size_t n;
};

/* Running ones that set what the plan would change; early at boot also those that are going to be started. */
void rivals_find(const struct plan *p, bool at_boot, struct rivals *ret);
void rivals_free(struct rivals *r); /* accepts a zeroed one */
/* "irqbalance (process 812) rewrites ..." a line each, indented; only of those. */
void rivals_text(const struct rivals *r, bool stoppable, struct sink *out);
size_t rivals_stoppable(const struct rivals *r);

/* plan_apply() stops them first; the journal starts them again.  -ENOSYS: no systemd that could. */
int plan_take_over(struct plan *p, const struct rivals *r, struct err *err);

#endif
