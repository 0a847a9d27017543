/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sut - one interface over the systems under test: native, container, vm.
 *
 *	sut_kit_open(&kit, &wish, journal, err);        once a run
 *	sut_prepare(kit, &spec.system, true, &part, err); slow parts, once: download, probe boots
 *	sut_start(&sut, kit, &spec, err);               the agent said hello, the wire is up
 *	sut_measure(sut, &job, NULL, &m, err);          as often as wanted
 *	sut_stop(sut);
 *	sut_kit_close(kit);
 *
 * The peer is the instrument at the other end of the cable, a vlat-agent in a
 * network namespace of its own.  It measures, so it is the same in both arms
 * of a comparison: SCHED_FIFO by default, pinned only where a placement says so.
 */
#ifndef SUT_SUT_H
#define SUT_SUT_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "host/placement.h"
#include "journal/journal.h"
#include "sut/pair.h"
#include "sut/system.h"

const char *sut_brief(enum sut_kind kind);

/* What the user wants of all SUTs of a run; zeroed = defaults. */
struct sut_wish {
	const char *agent; /* vlat-agent; NULL = $VLAT_AGENT, beside vlat, or where it was installed */
	const char *qemu, *kernel, *modules, *accelerator; /* NULL = chosen, vm/platform.h */
	const char *device; /* netdev or PCI address for datapaths that take hardware and name none; NULL = none */
	bool offline;
	bool whole_kernel;  /* the standard guest kernel is the distribution's general one: it has drivers for real NICs */
};

/* What of a system is not there. */
enum sut_part { PART_SUT, PART_DATAPATH, PART_KERNEL, PART_PAGES };

/*
 * Could it be started here?  Cheap, makes nothing.  -EPERM says which part needs
 * root and why, -ENOENT and others what is missing.  `peer`: the workload needs the wire.
 */
int sut_available(const struct sut_system *system, const struct sut_wish *wish, bool peer, enum sut_part *ret_part,
		  struct err *err);
/* What to install or change when that part is missing; "" where the reason says it. */
const char *sut_cure(const struct sut_system *system, enum sut_part part);

struct sut_kit;
/* j may be NULL when only native without a peer will be started: that makes nothing that has to be undone. */
int sut_kit_open(struct sut_kit **ret, const struct sut_wish *wish, struct journal *j, struct err *err);
void sut_kit_close(struct sut_kit *kit); /* accepts NULL */
/* A second call costs nothing. */
int sut_prepare(struct sut_kit *kit, const struct sut_system *system, bool peer, enum sut_part *ret_part, struct err *err);

enum peer_policy { PEER_FIFO, PEER_OTHER };

struct sut_spec {
	struct sut_system system;
	bool peer;
	enum peer_policy peer_policy;
	struct placement place;    /* zeroed = stock */
	unsigned vcpus, memory_mb; /* VM; 0 = SUT_VCPUS, SUT_MEMORY_MB */
};
#define SUT_VCPUS     1
#define SUT_MEMORY_MB 256

struct sut;
int sut_start(struct sut **ret, struct sut_kit *kit, const struct sut_spec *spec, struct err *err);
/* Says bye, waits a moment, ends what remains.  quick: no bye, end it at once.  Accepts NULL. */
void sut_stop(struct sut *s, bool quick);

/*
 * Take one job: the server runs in the SUT, the client, which records, in the
 * peer; `wakeup` and its like run in the SUT alone.  Of *job are used: id,
 * workload, durations, rate, sizes, direction, interval, timeouts.  Where and
 * how the threads run comes from the placement.
 */
int sut_measure(struct sut *s, const struct job *job, const struct pair_progress *progress, struct measurement *ret,
		struct err *err);
bool sut_usable(const struct sut *s); /* false after a death or a hang: stop it, start another */

/* Where its threads are: as the spec says, but near the card that the wire goes through. */
const struct placement *sut_placement(const struct sut *s);
/* The measured threads as the host sees them (vCPUs of a VM); free(*ret). */
int sut_host_tids(const struct sut *s, pid_t **ret, size_t *ret_n, struct err *err);

/* "accelerator", "accelerator_why", "guest_clocksource", "runtime", ...: for the cell's `platform`; new reference. */
json_t *sut_facts(const struct sut *s);

#endif
