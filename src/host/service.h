/* SPDX-License-Identifier: Apache-2.0 */
/* service - programs that set the same things as a tuner, and win if they come last. */
#ifndef HOST_SERVICE_H
#define HOST_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fs.h"
#include "host/power.h"

/* What is known of such a program: one row. */
struct service_row {
	const char *name;               /* "irqbalance" */
	const char *comm;               /* as /proc/PID/comm cuts it, 15 letters */
	const char *unit;               /* systemd unit without ".service"; NULL = none */
	const char *fights;             /* "interrupt affinity" */
	const char *config;             /* file that says how, NULL = none of interest */
};
extern const struct service_row service_rows[];
extern const size_t n_service_rows;

struct service_fact {
	const struct service_row *row;
	pid_t pid;                      /* of the first; 0 = not running */
	unsigned processes;
	bool enabled;                   /* systemd would start it at boot */
	char config[512];               /* content of row->config: comments and blank lines left out, cut; "" */
};

struct service_facts {
	struct service_fact *at;        /* running or enabled ones; owned */
	size_t n;
};

/* "tuned": the active profile, /etc/tuned/active_profile; false when there is none. */
bool service_tuned_profile(const struct fs *fs, char *buf, size_t cap);
const struct service_fact *service_fact(const struct service_facts *f, const char *name);    /* NULL */
void service_facts_free(struct service_facts *f);

/* One walk over /proc serves the services and the interrupt threads. */
struct process_name {
	pid_t pid;
	char comm[20];
};
struct process_names {
	struct process_name *at;        /* ascending; owned */
	size_t n;
};
int process_names_read(const struct fs *fs, struct process_names *ret);
void process_names_free(struct process_names *p);
void service_facts_read(const struct fs *fs, const struct process_names *processes, struct service_facts *ret);

#endif
