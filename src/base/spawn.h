/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn - start programs from an argument vector; never a shell.
 *
 * A child is known by its pidfd, so a signal never hits a stranger.  How it
 * ended is a struct: death by signal is not exit code 0.
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"

struct argv {
	char **at;              /* NULL-terminated */
	size_t n, cap;
};

void argv_add(struct argv *a, const char *word);
void argv_addf(struct argv *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void argv_add_all(struct argv *a, const char *const *words);    /* NULL-terminated */
char *argv_text(const struct argv *a);          /* one line, quoted as a shell would need it; malloc'ed */
void argv_free(struct argv *a);

struct spawn_opts {
	int in, out, err;               /* fds for 0, 1, 2; -1 = /dev/null */
	const int *keep_fds;            /* inherited under their own numbers (CLOEXEC cleared in the child) */
	size_t n_keep_fds;
	int netns_fd;                   /* setns before exec; -1 = stay */
	const char *chdir;              /* NULL = stay */
	const struct cpuset *affinity;  /* NULL = inherit */
	bool new_session;               /* setsid: Ctrl-C of the terminal does not reach it */
	bool die_with_parent;           /* SIGKILL when the *thread* that called spawn() ends (PR_SET_PDEATHSIG) */
	bool hide_unified_cgroup;       /* own mount namespace without /sys/fs/cgroup/unified (crun < 1.9, hybrid hosts) */
	const char *const *env;         /* NULL = inherit; else "K=V" list replacing it */
	/* Last in the child before exec, to give up rights; negative errno = not started.  Async-signal-safe calls only. */
	int (*prepare)(void *arg);
	void *prepare_arg;
	/* In the parent, while the child exists and has executed nothing: to place it.  Negative: it never will. */
	int (*place)(void *arg, pid_t pid, struct err *err);
	void *place_arg;
	const char *mark;               /* one more "K=V" whatever env is (journal_mark()); replaces an inherited K */
	bool heed_stop;                 /* run() only: stop the program and return -EINTR when stop_wanted() */
};
#define SPAWN_OPTS_INIT { .in = -1, .out = -1, .err = -1, .netns_fd = -1 }

struct child {
	pid_t pid;                      /* 0 = none */
	int pidfd;
	uint64_t start_time;            /* field 22 of /proc/PID/stat: with pid, an identity for the journal */
};
#define CHILD_INIT { .pidfd = -1 }

struct child_end {
	bool signalled;
	int code;                       /* exit code, or signal number */
};

/*
 * argv[0] without a slash is looked for as program_find() does.  Whatever fails
 * up to and including exec is an error here.  Other fds than 0, 1, 2 and
 * keep_fds are closed in the child; no signal is blocked, SIGPIPE is not ignored.
 */
int spawn(struct child *ret, const struct argv *argv, const struct spawn_opts *opts, struct err *err);
/* 0: it ended and *c is empty now; -ETIME.  Deadline 0 = for ever.  Not interrupted by a wanted stop: clean-ups wait here too. */
int child_wait(struct child *c, uint64_t deadline_ns, struct child_end *ret);
int child_kill(struct child *c, int sig);
/* SIGTERM, wait grace, SIGKILL, reap. Accepts an ended or empty child. */
void child_stop(struct child *c, uint64_t grace_ns);
bool child_alive(const struct child *c);
char *child_end_text(struct child_end end, char *buf, size_t cap);      /* "exit status 3", "killed by SIGKILL" */

/*
 * Run to the end.  stdout and stderr, unless opts gives a fd for them, come
 * back as texts (each cut at 1 MiB, "" when silent).  0 = it ran: look at end.
 * -ETIME, -EINTR: it was stopped.  opts NULL = defaults.
 */
struct run_result {
	struct child_end end;
	char *out, *err;
};
int run(struct run_result *ret, const struct argv *argv, const struct spawn_opts *opts, uint64_t timeout_ns, struct err *err);
void run_result_free(struct run_result *r);
/* The same for a program that has to end well: any other end is -EIO, told with its words and what it complained of. */
int run_well(const struct argv *argv, const struct spawn_opts *opts, uint64_t timeout_ns, struct err *err);

/* Full path of a program found on PATH (and the sbin folders), into buf; -ENOENT. */
int program_find(const char *name, char *buf, size_t cap);
int process_start_time(pid_t pid, uint64_t *ret);       /* -ESRCH when gone */

#endif
