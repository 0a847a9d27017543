/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container - names and traces of a container: what has to be journalled
 * before there is one, and taken away after.
 *
 * Three things can hold a container's remains: the runtime's state folder
 * (`delete --force` knows it), control groups (killed through cgroup.procs,
 * then rmdir) and the bundle.  State and bundle lie in the run's folder, which
 * goes when all else is undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "container/bundle.h"

#define GONE_NS   (30 * NS_PER_S) /* what is killed is gone when the kernel has freed its memory */
#define DELETE_NS (60 * NS_PER_S)

static int name_it(struct container *c, const char *name, struct err *err)
{
	const char *dir = journal_dir(c->journal);
	char own[16];

	for (unsigned i = 0; i < 10000; i++) {
		if (name[0])
			(void) text_print(own, sizeof(own), "%s", name);
		else
			(void) text_print(own, sizeof(own), "c%u", i);
		if (text_print(c->bundle, sizeof(c->bundle), "%s/%s", dir, own) ||
		    text_print(c->root, sizeof(c->root), "%s/runtime", dir) ||
		    text_print(c->cgroup, sizeof(c->cgroup), "/vlat-%s.ct/%s", journal_run(c->journal), own) ||
		    text_print(c->id, sizeof(c->id), "vlat-%s-%s", journal_run(c->journal), own))
			return err_set(err, -ENAMETOOLONG, "the run's folder %.200s has too long a name for a container", dir);
		if (access(c->bundle, F_OK) < 0)
			return 0;
		if (name[0])
			break;
	}
	return err_set(err, -EEXIST, "a container's folder %s exists already", c->bundle);
}

/* For as long as the runtime has a folder about it: both of them name that after the container. */
static int note_traces(const struct container *c, struct err *err)
{
	const char *const undo[] = { c->runtime.path, "--root", c->root, "delete", "--force", c->id, NULL };
	char state[320];
	int r = cgroups_note(&c->groups, c->journal, c->cgroup, err);

	/* A runtime that needs a private view cannot be asked from outside: then the mark and the groups must do. */
	if (r < 0 || c->runtime.hide_unified_cgroup)
		return r;
	(void) text_print(state, sizeof(state), "%s/%s", c->root, c->id);
	return journal_command_while(c->journal, state, undo, err);
}

static int reserve(struct container *c, const char *name, struct err *err)
{
	struct fs fs;
	int r, s;

	r = name_it(c, name, err);
	if (r < 0)
		return r;
	r = fs_open_root(&fs, "/", err);
	if (r < 0)
		return r;
	r = cgroups_read(&fs, &c->groups, err);
	fs_close(&fs);
	if (r < 0)
		return r;
	r = cgroups_enable(&c->groups, c->journal, err);        /* first, so undone when no group needs it any more */
	if (r < 0)
		return r;
	journal_hold(c->journal);
	r = note_traces(c, err);
	s = journal_sync(c->journal, r < 0 ? NULL : err);
	if (r < 0 || s < 0)
		return r < 0 ? r : s;
	return cgroups_make(&c->groups, c->cgroup, err);
}

int container_reserve(struct container **ret, const struct runtime *rt, const char *name, struct journal *j, struct err *err)
{
	struct container *c = xalloc(1, sizeof(*c));
	int r;

	*c = (struct container){ .runtime = *rt, .to_agent = -1, .from_agent = -1, .terminal = -1, .pidfd = -1, .journal = j };
	r = reserve(c, name, err);
	if (r < 0) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void delete_by_runtime(const struct container *c)
{
	AUTO(run_result_free) struct run_result said = { 0 };
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts opts = runtime_opts(&c->runtime, c->journal);
	struct err e = { 0 };
	char words[256];

	runtime_argv(&c->runtime, c->root, &argv);
	argv_add_all(&argv, (const char *const[]){ "delete", "--force", c->id, NULL });
	if (run(&said, &argv, &opts, DELETE_NS, &e) < 0)
		log_warn("container %s: %s", c->id, e.text);
	else if (said.end.signalled || said.end.code != 0)
		log_debug("container %s: %s", c->id, runtime_complaint(said.err, words, sizeof(words)));
}

/* Whoever is left in a group of this container is killed; a group of v1 may be listed in every hierarchy. */
static void kill_group(const char *dir)
{
	AUTO_FREE char *text = NULL;
	struct err e = { 0 };
	char path[PATH_MAX];
	const char *at;
	uint64_t pid;
	size_t len;

	if (text_print(path, sizeof(path), "%s/cgroup.procs", dir) || file_read_all(path, 1 << 20, &text, &len, &e) < 0)
		return;
	for (at = text; take_u64(&at, &pid) && pid > 1 && pid < INT_MAX; (void) take_char(&at, '\n'))
		(void) kill((pid_t) pid, SIGKILL);
}

/* A killed process leaves its group a moment later: rmdir is tried again until then. */
static void remove_group(const char *dir)
{
	uint64_t deadline = clock_ns() + GONE_NS;

	while (rmdir(dir) < 0 && errno == EBUSY && clock_ns() < deadline) {
		kill_group(dir);
		clock_sleep_ns(5 * NS_PER_MS);
	}
}

static void kill_process(const struct container *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	uint64_t deadline = clock_ns() + GONE_NS;
	siginfo_t end;

	if (c->pidfd < 0)
		return;
	(void) syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
	while (poll(&p, 1, clock_left_ms(deadline)) < 0 && errno == EINTR)
		;
	(void) waitid(P_PIDFD, (id_t) c->pidfd, &end, WEXITED | WNOHANG); /* ours by adoption (start.c), if at all */
}

void container_remove(struct container *c)
{
	char dir[PATH_MAX];

	if (!c)
		return;
	kill_process(c);
	cgroups_rt_return(&c->groups, c->cgroup);
	delete_by_runtime(c);
	for (size_t i = 0; i < c->groups.n; i++)
		if (!text_print(dir, sizeof(dir), "%s%s", c->groups.mount[i].path, c->cgroup))
			remove_group(dir);
	(void) dir_remove_all(c->bundle);
	if (c->to_agent >= 0)
		close(c->to_agent);
	if (c->from_agent >= 0)
		close(c->from_agent);
	if (c->terminal >= 0)
		close(c->terminal);
	if (c->pidfd >= 0)
		close(c->pidfd);
	free(c);
}
