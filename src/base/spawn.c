/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a program is started.
 *
 * Between fork and exec the child is a copy of one thread of a program that
 * may have several: it may call only what is async-signal-safe, so no malloc,
 * no printf.  Everything that needs them (path, environment) is made before.
 *
 * What goes wrong in the child travels through a close-on-exec pipe as (step,
 * errno).  When exec succeeds the kernel closes the pipe and the parent reads
 * end of file: only then is the child reported as started.
 *
 * fds: the three standard ones are first copied to numbers above 2, because
 * the caller may name 0..2 in any order (out = 2, err = 1), then put in place.
 * All others become close-on-exec at once, but for keep_fds.
 */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

extern char **environ;

enum step {
	STEP_GATE,
	STEP_PARENT,
	STEP_SESSION,
	STEP_NETNS,
	STEP_MOUNT,
	STEP_AFFINITY,
	STEP_CHDIR,
	STEP_FDS,
	STEP_PREPARE,
	STEP_EXEC
};

static const char *const step_names[] = {
	[STEP_GATE] = "wait to be placed",
	[STEP_PARENT] = "tie its life to the parent",
	[STEP_SESSION] = "start a session",
	[STEP_NETNS] = "enter the network namespace",
	[STEP_MOUNT] = "make a private mount namespace",
	[STEP_AFFINITY] = "set the CPU affinity",
	[STEP_CHDIR] = "change to its folder",
	[STEP_FDS] = "arrange its files",
	[STEP_PREPARE] = "prepare it",
	[STEP_EXEC] = "execute it",
};

struct failure {
	enum step step;
	int code; /* errno */
};

/* What the child needs, made by the parent. */
struct launch {
	const char *path;
	char *const *argv;
	char *const *env;
	const struct spawn_opts *opts;
	pid_t parent;
	int report; /* write end of the error pipe */
	int gate[2]; /* opts->place: the child reads one byte before it goes on */
};

static void __attribute__((noreturn)) give_up(const struct launch *l, enum step step)
{
	struct failure f = { .step = step, .code = errno };

	if (write(l->report, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

/*
 * All signals are blocked here, or one of them would run the parent's handler
 * in the child, and wake the parent's eventfd.  What vlat's own parent ignored
 * (nohup) stays ignored; SIGPIPE, which vlat itself ignores, does not.
 */
static void default_signals(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL }, old;
	sigset_t none;

	sigemptyset(&act.sa_mask);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigaction(sig, NULL, &old) == 0 && (old.sa_handler != SIG_IGN || sig == SIGPIPE))
			sigaction(sig, &act, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void hide_unified(const struct launch *l)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		give_up(l, STEP_MOUNT);
	if (umount2("/sys/fs/cgroup/unified", MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT)
		give_up(l, STEP_MOUNT);
}

static void tie_to_parent(const struct launch *l)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		give_up(l, STEP_PARENT);
	if (getppid() != l->parent) { /* it died before the line above */
		errno = ESRCH;
		give_up(l, STEP_PARENT);
	}
}

static void enter_surroundings(const struct launch *l)
{
	const struct spawn_opts *o = l->opts;

	if (o->die_with_parent)
		tie_to_parent(l);
	if (o->new_session && setsid() < 0)
		give_up(l, STEP_SESSION);
	if (o->netns_fd >= 0 && setns(o->netns_fd, CLONE_NEWNET) < 0)
		give_up(l, STEP_NETNS);
	if (o->hide_unified_cgroup)
		hide_unified(l);
	if (o->affinity && cpuset_set_affinity(0, o->affinity) < 0)
		give_up(l, STEP_AFFINITY);
	if (o->chdir && chdir(o->chdir) < 0)
		give_up(l, STEP_CHDIR);
}

static void arrange_fds(struct launch *l)
{
	const int want[3] = { l->opts->in, l->opts->out, l->opts->err };
	int high[3], report = fcntl(l->report, F_DUPFD_CLOEXEC, 3);

	if (report < 0) /* told by the old one: silence would read as success */
		give_up(l, STEP_FDS);
	l->report = report;
	for (int i = 0; i < 3; i++) {
		int fd = want[i] >= 0 ? want[i] : open("/dev/null", O_RDWR | O_CLOEXEC);

		high[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (high[i] < 0)
			give_up(l, STEP_FDS);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			give_up(l, STEP_FDS);
	syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC); /* absent before 5.11: then O_CLOEXEC at every open must do */
	for (size_t i = 0; i < l->opts->n_keep_fds; i++)
		if (fcntl(l->opts->keep_fds[i], F_SETFD, 0) < 0)
			give_up(l, STEP_FDS);
}

/* Another user id makes the kernel forget the tie to the parent. */
static void prepare(const struct launch *l)
{
	int r = l->opts->prepare(l->opts->prepare_arg);

	if (r < 0) {
		errno = -r;
		give_up(l, STEP_PREPARE);
	}
	if (l->opts->die_with_parent)
		tie_to_parent(l);
}

/* Only a byte opens it: the end of the stream is the parent's death, or its refusal. */
static void wait_at_gate(const struct launch *l)
{
	char go;

	if (l->gate[0] < 0)
		return;
	close(l->gate[1]);
	errno = ECANCELED;
	if (read(l->gate[0], &go, 1) != 1)
		give_up(l, STEP_GATE);
}

static void __attribute__((noreturn)) child_main(struct launch *l)
{
	wait_at_gate(l);
	default_signals();
	enter_surroundings(l);
	arrange_fds(l);
	if (l->opts->prepare)
		prepare(l);
	execve(l->path, l->argv, l->env);
	give_up(l, STEP_EXEC);
}

/* The environment with the mark first; words are borrowed, the array is malloc'ed. */
static char **make_env(const struct spawn_opts *o)
{
	const char *const *from = o->env ? o->env : (const char *const *) environ;
	size_t n = 0, key = o->mark ? strcspn(o->mark, "=") + 1 : 0;
	char **env;

	while (from[n])
		n++;
	env = xalloc(n + 2, sizeof(*env));
	n = 0;
	if (o->mark)
		env[n++] = (char *) (uintptr_t) o->mark;
	for (; *from; from++)
		if (!o->mark || strncmp(*from, o->mark, key) != 0)
			env[n++] = (char *) (uintptr_t) *from;
	return env;
}

/* 0 when exec happened, else the child's failure in *ret and its errno, negative. */
static int hear_from_child(int fd, struct failure *ret)
{
	ssize_t n;

	do
		n = read(fd, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != (ssize_t) sizeof(*ret))
		*ret = (struct failure){ .step = STEP_EXEC, .code = EIO };
	return -ret->code;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The started child as a struct; it cannot vanish in between, because only we can reap it. */
static int identify(pid_t pid, struct child *ret, struct err *err)
{
	struct child c = { .pid = pid };
	int r;

	c.pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
	if (c.pidfd < 0) {
		r = -errno;
		kill(pid, SIGKILL);
		reap(pid);
		return err_sys(err, r, "cannot get a pidfd for process %d (Linux 5.3 or newer is needed)", (int) pid);
	}
	if (process_start_time(pid, &c.start_time) < 0)
		c.start_time = 0; /* no /proc: the pidfd still serves */
	*ret = c;
	return 0;
}

/* fork() with all signals blocked in the child until it has set them right. */
static pid_t fork_child(struct launch *l)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		child_main(l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/* The child waits: put it in its place, then let it go on.  Negative: it was told to end, and is gone. */
static int place_child(struct launch *l, pid_t pid, struct err *err)
{
	int r = l->opts->place(l->opts->place_arg, pid, err);

	if (r == 0 && write(l->gate[1], "", 1) != 1)
		r = err_sys(err, -errno, "cannot start %s", l->argv[0]);
	if (r < 0) {
		kill(pid, SIGKILL);
		reap(pid);
	}
	return r;
}

static int open_gate(struct launch *l)
{
	l->gate[0] = l->gate[1] = -1;
	return l->opts->place && pipe2(l->gate, O_CLOEXEC) < 0 ? -errno : 0;
}

static void close_gate(struct launch *l)
{
	for (int i = 0; i < 2; i++)
		if (l->gate[i] >= 0)
			close(l->gate[i]);
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* From a child to a program that runs. */
static int see_off(struct launch *l, pid_t pid, int hear, struct child *ret, struct err *err)
{
	struct failure f;
	int r = l->opts->place ? place_child(l, pid, err) : 0;

	if (r < 0)
		return r;
	r = hear_from_child(hear, &f);
	if (r < 0) {
		reap(pid);
		if (f.step == STEP_EXEC && is_folder(l->path))
			return err_set(err, -EISDIR, "cannot start %s: it is a folder, not a program", l->argv[0]);
		return err_sys(err, r, "cannot start %s: could not %s", l->argv[0], step_names[f.step]);
	}
	return identify(pid, ret, err);
}

static int launch(struct launch *l, struct child *ret, struct err *err)
{
	AUTO_CLOSE int hear = -1;
	int fds[2], r = open_gate(l);
	pid_t pid;

	if (r < 0 || pipe2(fds, O_CLOEXEC) < 0) {
		r = r < 0 ? r : -errno;
		close_gate(l);
		return err_sys(err, r, "cannot start %s: no pipe", l->argv[0]);
	}
	hear = fds[0];
	l->report = fds[1];
	l->parent = getpid();
	pid = fork_child(l);
	r = pid < 0 ? -errno : 0;
	close(fds[1]);
	if (r < 0)
		r = err_sys(err, r, "cannot start %s: no process", l->argv[0]);
	else
		r = see_off(l, pid, hear, ret, err);
	close_gate(l);
	return r;
}

int spawn(struct child *ret, const struct argv *argv, const struct spawn_opts *opts, struct err *err)
{
	static const struct spawn_opts defaults = SPAWN_OPTS_INIT;
	struct launch l = { .opts = opts ? opts : &defaults, .argv = argv->at };
	AUTO_FREE char **env = NULL;
	char path[4096];
	int r;

	if (argv->n == 0)
		return err_set(err, -EINVAL, "cannot start a program without a name");
	r = program_find(argv->at[0], path, sizeof(path));
	if (r < 0)
		return err_sys(err, r,
			       "the program %s is not there or may not be executed (install it, or add its folder to PATH)",
			       argv->at[0]);
	env = make_env(l.opts);
	l.path = path;
	l.env = env;
	return launch(&l, ret, err);
}
