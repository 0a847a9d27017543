/* SPDX-License-Identifier: Apache-2.0 */
/* native - a command of the host: put in its place before it executes anything, then left alone with the terminal. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sink.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "run/parts.h"

struct native {
	struct child child;
};

static int put_in_place(void *arg, pid_t pid, struct err *err)
{
	struct run *run = arg;
	int r = placement_join(&run->place, PLACE_SUT, pid, err);

	if (r == 0)
		r = placement_put(&run->place, PLACE_SUT, pid, err);
	if (r == 0)
		run_read_policy(run, pid);
	return r;
}

static int start(struct run *run, struct err *err)
{
	struct native *n = xalloc(1, sizeof(*n));
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO_FREE char *line = NULL;
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	int r;

	n->child = (struct child) CHILD_INIT;
	run->work = n;
	argv_add_all(&argv, run->spec->command);
	line = argv_text(&argv);
	text_print(run->record.what, sizeof(run->record.what), "%.250s", line);
	r = run_wire(run, WIRE_NATIVE, err);
	if (r < 0)
		return r;
	opts.in = 0;
	opts.out = 1;
	opts.err = 2;
	opts.new_session = run->detached;
	opts.die_with_parent = true;
	opts.mark = journal_mark(run->journal);
	opts.netns_fd = run->wired ? run->wire.sut_ns : -1;
	opts.place = put_in_place;
	opts.place_arg = run;
	r = spawn(&n->child, &argv, &opts, err);
	if (r == 0)
		run->record.workload = n->child.pid;
	return r;
}

static int wait_for(struct run *run, int fd, uint64_t deadline_ns, struct err *err)
{
	struct native *n = run->work;
	struct child_end end;
	int r = run_poll(n->child.pidfd, fd, deadline_ns, err);

	if (r != 0)
		return r;
	r = child_wait(&n->child, 0, &end);
	if (r < 0)
		return err_sys(err, r, "cannot learn how the command ended");
	run->end.by_signal = end.signalled;
	run->end.code = end.code;
	return 0;
}

static void ask(struct run *run, int sig)
{
	struct native *n = run->work;

	child_kill(&n->child, sig);
	child_kill(&n->child, SIGCONT);
}

static void end_it(struct run *run)
{
	struct native *n = run->work;

	child_kill(&n->child, SIGKILL);
}

static void free_it(struct run *run)
{
	struct native *n = run->work;

	if (!n)
		return;
	child_stop(&n->child, 0);
	free(n);
	run->work = NULL;
}

const struct work_ops work_native = {
	.start = start,
	.wait = wait_for,
	.ask = ask,
	.kill = end_it,
	.free = free_it,
	.in_terminal = true,
};
