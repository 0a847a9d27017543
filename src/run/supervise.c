/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise - the life of one run, from its journal to its last lock.
 *
 * Order up:    machine (shared), journal, name, CPUs, host tuning, workload.
 * Order down:  workload, journal (which undoes the rest and frees the name), CPUs, tuning, machine.
 *
 * Whatever fails on the way up goes the same way down, from where it was.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "run/daemon.h"
#include "run/machine.h"
#include "run/parts.h"

static const struct work_ops *const all_ops[RUN_KINDS] = {
	[RUN_NATIVE] = &work_native,
	[RUN_CONTAINER] = &work_container,
	[RUN_VM] = &work_vm,
};

static int begin_record(struct run *run, struct err *err)
{
	struct run_record *rec = &run->record;
	struct proc_stat self;
	int r = proc_stat_read(getpid(), &self);

	if (r < 0)
		return err_sys(err, r, "cannot read /proc/self/stat");
	text_print(rec->name, sizeof(rec->name), "%s", run->spec->name ? run->spec->name : journal_run(run->journal));
	text_print(rec->run, sizeof(rec->run), "%s", journal_run(run->journal));
	rec->kind = run->spec->kind;
	rec->state = RUN_STARTING;
	rec->pid = getpid();
	rec->start = self.start_time;
	rec->started_wall_ns = clock_wall_ns();
	rec->memory_mb = run->spec->memory_mb;
	text_print(rec->policy, sizeof(rec->policy), "other");
	return 0;
}

static int take_name(struct run *run, struct err *err)
{
	AUTO_FREE char *why = xprintf("run %s %s", run_kind_name(run->spec->kind), run->spec->name ? run->spec->name : "");
	int r = journal_open(&run->journal, why, err);

	if (r == 0)
		r = begin_record(run, err);
	if (r == 0)
		r = registry_take(&run->claim, run->record.name, run->journal, err);
	if (r == 0 && run->detached)
		r = registry_log(run->record.name, run->record.log, sizeof(run->record.log), err);
	return r == 0 ? registry_write(&run->claim, &run->record, err) : r;
}

static int look_around(struct run *run, struct err *err)
{
	int r = fs_open_root(&run->fs, "/", err);

	if (r == 0)
		r = cpu_facts_read(&run->fs, &run->cpu, err);
	return r;
}

/* Ctrl-C between two steps. */
static int go_on(struct err *err)
{
	return stop_wanted() ? err_set(err, -EINTR, "interrupted while the run was being started") : 0;
}

static int bring_up(struct run *run, struct err *err)
{
	int r = machine_share(&run->machine, true, err);

	if (r == 0)
		r = look_around(run, err);
	if (r == 0)
		r = take_name(run, err);
	if (r == 0)
		r = run_place(run, err);
	if (r == 0)
		r = go_on(err);
	if (r == 0)
		r = run->ops->start(run, err);
	if (r < 0)
		return r;
	run->record.state = RUN_RUNNING;
	return registry_write(&run->claim, &run->record, err);
}

static int take_down(struct run *run, struct err *err)
{
	int r;

	if (run->ops)
		run->ops->free(run);
	if (run->wired)
		wire_close(&run->wire);
	r = run->journal ? journal_close(run->journal, err) : 0;
	lease_close(&run->lease);
	pool_leave(&run->pool);
	if (run->machine >= 0)
		close(run->machine);
	registry_release(&run->claim);
	cpu_facts_free(&run->cpu);
	fs_close(&run->fs);
	return r;
}

static int supervise(struct run *run, const struct run_watch *watch, struct err *err)
{
	int r = bring_up(run, err);

	if (r == 0 && watch && watch->up)
		watch->up(watch->arg, &run->record);
	return r == 0 ? run_wait(run, err) : r;
}

static int live(const struct run_spec *given, bool detached, const struct run_watch *watch, struct run_end *ret, struct err *err)
{
	struct run_spec spec = *given;
	struct run run = {
		.spec = &spec,
		.detached = detached,
		.fs.root = -1,
		.claim = REGISTRY_CLAIM_INIT,
		.machine = -1,
		.lease = LEASE_INIT,
		.pool = POOL_INIT,
		.wire = WIRE_INIT,
		.ops = all_ops[spec.kind],
	};
	struct err undo = { 0 };
	int r = run_spec_check(&spec, err);

	if (r < 0)
		return r;
	if (!spec.grace_ns)
		spec.grace_ns = spec.kind == RUN_VM ? RUN_VM_GRACE_NS : RUN_GRACE_NS;
	r = supervise(&run, watch, err);
	run.end.undone = take_down(&run, &undo);
	if (run.end.undone < 0)
		log_warn("not all could be put back: %s; `vlat revert` tries again", undo.text);
	*ret = run.end;
	return r;
}

int run_supervise(const struct run_spec *spec, const struct run_watch *watch, struct run_end *ret, struct err *err)
{
	return live(spec, false, watch, ret, err);
}

/* ---- detached ---- */

struct detached {
	const struct run_spec *spec;
	struct daemon_tell *tell;
};

static void tell_up(void *arg, const struct run_record *r)
{
	struct detached *d = arg;

	log_note("%s '%s' runs", run_kind_name(r->kind), r->name);
	daemon_up(d->tell, run_record_json(r));
}

static int daemon_life(void *arg, struct daemon_tell *tell)
{
	struct detached d = { .spec = arg, .tell = tell };
	const struct run_watch watch = { .up = tell_up, .arg = &d };
	struct run_end end = { 0 };
	struct err err = { 0 };
	int r = live(d.spec, true, &watch, &end, &err);

	if (r < 0) {
		log_warn("%s", err.text);
		daemon_failed(tell, &err);
		return 1;
	}
	if (end.by_signal)
		log_note("ended by signal %d", end.code);
	else
		log_note("ended with exit status %d", end.code);
	return end.by_signal || end.code ? 1 : 0;
}

/* The log's name comes from the run's: a run without a name would have none before it begins. */
int run_detach(const struct run_spec *spec, struct run_record *ret, struct err *err)
{
	AUTO_JSON json_t *said = NULL;
	char log[320];
	int r = run_spec_check(spec, err);

	if (r == 0 && !spec->name)
		r = err_set(err, -EINVAL, "--detach wants a --name, by which the run can be found again");
	if (r == 0)
		r = registry_log(spec->name, log, sizeof(log), err);
	if (r == 0)
		r = daemon_start(daemon_life, (void *) (uintptr_t) spec, &(struct daemon_opts){ .log = log }, &said, err);
	return r == 0 ? run_record_parse(said, ret, err) : r;
}
