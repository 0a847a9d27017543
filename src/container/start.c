/* SPDX-License-Identifier: Apache-2.0 */
/* start - from a reservation to a running agent, and back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "container/bundle.h"

#define STEP_NS  (120 * NS_PER_S) /* a stuck runtime, not a busy machine, ends it */
#define SAID_MAX 4096
#define RUNTIME_LOG "log" /* in the bundle: standard error of a user's container is not ours to read */

/* "/agent" and the caller's words; the array is malloc'ed, the words are borrowed. */
static const char **agent_args(const struct container_spec *spec)
{
	size_t n = 0;
	const char **args;

	while (spec->args && spec->args[n])
		n++;
	args = xalloc(n + 2, sizeof(*args));
	args[0] = "/agent";
	for (size_t i = 0; i < n; i++)
		args[i + 1] = spec->args[i];
	return args;
}

/* Its measuring thread goes to sut_cpus itself; all others stay with the housekeepers, or they would wait behind it for ever. */
static struct cpuset allowed_cpus(const struct placement *p)
{
	const struct cpuset all = { .word = { 0 } };

	if (cpuset_empty(&p->sut_cpus) || p->cgroup[0])
		return all; /* that of the group above, and then of the placement's */
	return cpuset_or(&p->sut_cpus, &p->housekeeping);
}

/* The mark is what finds the container's processes again: it comes last, where nothing overrides it. */
static const char **user_env(const struct container *c, const struct container_user *user, const char *term)
{
	size_t n = 0;
	const char **env;

	while (user->env && user->env[n])
		n++;
	env = xalloc(n + 3, sizeof(*env));
	for (size_t i = 0; i < n; i++)
		env[i] = user->env[i];
	if (term)
		env[n++] = term;
	env[n] = journal_mark(c->journal);
	return env;
}

/* A limit that would not hold is refused: with a partition, all of the container moves into that tree of threads (place()). */
static int may_limit_memory(const struct container *c, const struct placement *p, struct err *err)
{
	if (!cgroups_find(&c->groups, "memory"))
		return err_set(err, -EOPNOTSUPP,
			       "its memory cannot be limited: no control-group hierarchy here has the memory controller "
			       "(/proc/cgroups says whether the kernel has it; cgroup_enable=memory on its command line may "
			       "switch it on)");
	if (c->groups.layout == CGROUP_V2 && p->cgroup[0])
		return err_set(err, -EOPNOTSUPP,
			       "its memory cannot be limited: on cgroup v2 a container whose CPUs are set apart lives in the "
			       "group of those CPUs, which all runs share; leave --memory out, or have it pinned only, by "
			       "--tuning none");
	return 0;
}

/* All of it is placed before it starts: in its group, or on its CPUs alone. */
static int fill_user_bundle(struct container *c, const struct container_spec *spec, struct err *err)
{
	const struct container_user *user = spec->user;
	AUTO_FREE char *term = user->terminal ? xprintf("TERM=%s", user->terminal) : NULL;
	AUTO_FREE const char **env = user_env(c, user, term);
	struct oci_spec oci = {
		.hostname = user->hostname ? user->hostname : "vlat",
		.args = user->args,
		.env = env,
		.netns = spec->netns,
		.cgroup = c->cgroup,
		.own_cgroups = c->groups.layout == CGROUP_V2,
		.user = user->oci,
		.terminal = user->terminal,
		.memory = user->memory,
	};
	struct err e = { 0 };

	if (user->memory && may_limit_memory(c, &spec->place, err) < 0)
		return err->code;
	if (!spec->place.cgroup[0])
		oci.cpus = spec->place.sut_cpus;
	if (spec->place.sut_fifo && cgroups_rt_give(&c->groups, c->cgroup, &oci.rt, &e) < 0)
		log_warn("container %s: %s", c->id, e.text);
	c->rt_budget = oci.rt;
	return bundle_make_user(c->bundle, user, &oci, err);
}

static int fill_bundle(struct container *c, const struct container_spec *spec, struct err *err)
{
	AUTO_FREE const char **args = agent_args(spec);
	const char *const env[] = { "PATH=/", journal_mark(c->journal), NULL };
	struct oci_spec oci = {
		.hostname = "vlat",
		.args = args,
		.env = env,
		.netns = spec->netns,
		.cgroup = c->cgroup,
		.cpus = allowed_cpus(&spec->place),
		.own_cgroups = c->groups.layout == CGROUP_V2,
	};
	char threads[192];
	struct err e = { 0 };

	if (placement_threads_file(&spec->place, PLACE_SUT, threads, sizeof(threads))) {
		oci.threads_file = threads;
		oci.own_cgroups = false;        /* from within one, no thread may leave it */
	}
	if (spec->place.sut_fifo && cgroups_rt_give(&c->groups, c->cgroup, &oci.rt, &e) < 0)
		log_warn("container %s: %s", c->id, e.text);
	c->rt_budget = oci.rt;
	return bundle_make(c->bundle, spec->agent, &oci, err);
}

struct ends {
	int in[2], out[2], said; /* the container's stdin, stdout; stderr of it and of the runtime */
};

static void ends_close(struct ends *e)
{
	for (int i = 0; i < 2; i++) {
		if (e->in[i] >= 0)
			close(e->in[i]);
		if (e->out[i] >= 0)
			close(e->out[i]);
	}
	if (e->said >= 0)
		close(e->said);
}

static int ends_open(struct ends *e, const struct container *c, struct err *err)
{
	char path[320];

	if (pipe2(e->in, O_CLOEXEC) < 0 || pipe2(e->out, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make pipes for a container");
	(void) text_print(path, sizeof(path), "%s/stderr", c->bundle);
	e->said = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return e->said < 0 ? err_sys(err, -errno, "cannot make %s", path) : 0;
}

/* The last complaint in a file of the bundle. */
static char *complaint_in(const struct container *c, const char *file, char *buf, size_t cap)
{
	AUTO_CLOSE int fd = -1;
	char path[320], text[SAID_MAX + 1];
	ssize_t n;
	off_t size;

	buf[0] = '\0';
	(void) text_print(path, sizeof(path), "%s/%s", c->bundle, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	if (size < 0)
		return buf;
	n = pread(fd, text, SAID_MAX, size > SAID_MAX ? size - SAID_MAX : 0);
	if (n <= 0)
		return buf;
	text[n] = '\0';
	return runtime_complaint(text, buf, cap);
}

/* One word to the runtime; its complaint becomes part of the sentence. */
static int tell_runtime(const struct container *c, const char *const *words, const struct spawn_opts *opts, struct err *err)
{
	AUTO(run_result_free) struct run_result said = { 0 };
	AUTO(argv_free) struct argv argv = { 0 };
	char text[256], end[64], log[320], twice[64];
	const char *tail = text;
	int r;

	runtime_argv(&c->runtime, c->root, &argv);
	if (!text_print(log, sizeof(log), "%s/%s", c->bundle, RUNTIME_LOG)) {
		argv_add(&argv, "--log");
		argv_add(&argv, log);
	}
	argv_add_all(&argv, words);
	r = run(&said, &argv, opts, STEP_NS, err);
	if (r < 0)
		return r;
	if (!said.end.signalled && said.end.code == 0)
		return 0;
	if (!said.err || !runtime_complaint(said.err, text, sizeof(text))[0])
		complaint_in(c, RUNTIME_LOG, text, sizeof(text));
	if (!text[0])
		container_stderr_tail(c, text, sizeof(text));
	child_end_text(said.end, end, sizeof(end));
	(void) text_print(twice, sizeof(twice), "%s %s failed: ", c->runtime.name, words[0]); /* runc says so itself */
	tail += text_starts(text, twice) ? strlen(twice) : 0;
	return err_set(err, -ECHILD, "%s %s failed (%s)%s%s", c->runtime.name, words[0], end, tail[0] ? ": " : "", tail);
}

static int read_pid(struct container *c, const char *path, struct err *err)
{
	AUTO_FREE char *text = NULL;
	uint64_t pid;
	size_t len;
	int r = file_read_all(path, 64, &text, &len, err);

	if (r < 0)
		return r;
	if (text_u64(text_trim(text), &pid) < 0 || pid < 2 || pid > INT32_MAX)
		return err_set(err, -EPROTO, "%s wrote no process id to %s", c->runtime.name, path);
	c->pid = (pid_t) pid;
	c->pidfd = (int) syscall(SYS_pidfd_open, c->pid, 0);
	return c->pidfd < 0 ? err_sys(err, -errno, "the container's process %d", (int) c->pid) : 0;
}

/*
 * The runtime leaves the container to whoever adopts orphans.  If that is vlat
 * it can wait for it at once; an init that is slow to do so would keep a dead
 * process, its groups and their budget for that long.
 */
static int create_adopted(const struct container *c, const char *pid_file, const char *console, const struct spawn_opts *opts,
			  struct err *err)
{
	const char *words[] = { "create", "--bundle", c->bundle, "--pid-file", pid_file, c->id, NULL, NULL, NULL };
	int before = 0, r;

	if (console) {
		words[5] = "--console-socket";
		words[6] = console;
		words[7] = c->id;
	}
	(void) prctl(PR_GET_CHILD_SUBREAPER, &before);
	(void) prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = tell_runtime(c, words, opts, err);
	(void) prctl(PR_SET_CHILD_SUBREAPER, before);
	return r;
}

static int create_in_terminal(struct container *c, const struct container_user *user, const char *pid_file,
			      const struct spawn_opts *opts, struct err *err)
{
	char console[108];
	AUTO_CLOSE int listening = terminal_listen(c, console, err);
	int r = listening < 0 ? listening : create_adopted(c, pid_file, console, opts, err);

	if (r < 0)
		return r;
	c->terminal = terminal_take(c, listening, user, err);
	return c->terminal < 0 ? c->terminal : 0;
}

static int create_user(struct container *c, const struct container_user *user, struct err *err)
{
	struct spawn_opts opts = runtime_opts(&c->runtime, c->journal);
	char pid_file[320];
	int r;

	(void) text_print(pid_file, sizeof(pid_file), "%s/pid", c->bundle);
	opts.heed_stop = true;
	if (user->terminal) {
		r = create_in_terminal(c, user, pid_file, &opts, err);
	} else {
		opts.in = user->stdio[0];
		opts.out = user->stdio[1];
		opts.err = user->stdio[2];
		r = create_adopted(c, pid_file, NULL, &opts, err);
	}
	return r < 0 ? r : read_pid(c, pid_file, err);
}

static int create(struct container *c, struct err *err)
{
	AUTO(ends_close) struct ends e = { { -1, -1 }, { -1, -1 }, -1 };
	struct spawn_opts opts = runtime_opts(&c->runtime, c->journal);
	char pid_file[320];
	int r = ends_open(&e, c, err);

	if (r < 0)
		return r;
	(void) text_print(pid_file, sizeof(pid_file), "%s/pid", c->bundle);
	opts.in = e.in[0];
	opts.out = e.out[1];
	opts.err = e.said;
	opts.heed_stop = true;
	r = create_adopted(c, pid_file, NULL, &opts, err);
	if (r < 0)
		return r;
	c->to_agent = TAKE_FD(e.in[1]);
	c->from_agent = TAKE_FD(e.out[0]);
	return read_pid(c, pid_file, err);
}

static int start(struct container *c, struct err *err)
{
	struct spawn_opts opts = runtime_opts(&c->runtime, c->journal);

	opts.heed_stop = true;
	return tell_runtime(c, (const char *const[]){ "start", c->id, NULL }, &opts, err);
}

/* Every thread that waits in there (a runtime may have several); the one that executes the agent keeps what it gets. */
typedef int thread_fn(const struct container *c, pid_t tid, const void *arg, struct err *err);

static int each_thread(const struct container *c, thread_fn *fn, const void *arg, struct err *err)
{
	AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	char path[64];
	uint64_t tid;

	(void) text_print(path, sizeof(path), "/proc/%d/task", (int) c->pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		int r;

		if (text_u64(entry->d_name, &tid) < 0)
			continue;
		r = fn(c, (pid_t) tid, arg, err);
		if (r < 0)
			return r;
	}
	return dir ? 0 : err_set(err, -ESRCH, "the container's process %d has ended before it began", (int) c->pid);
}

static int put_on_cpus(const struct container *c, pid_t tid, const void *arg, struct err *err)
{
	const struct cpuset *cpus = arg;
	char list[128];
	int r = cpuset_set_affinity(tid, cpus);

	(void) c;
	if (r < 0 && r != -ESRCH)
		return err_sys(err, r, "cannot put the container on CPUs %s", cpuset_list(cpus, list, sizeof(list)));
	return 0;
}

static int put_in_place(const struct container *c, pid_t tid, const void *arg, struct err *err)
{
	int r = placement_put(arg, PLACE_SUT, tid, err);

	if (r == -EPERM && c->rt_why[0])
		return err_set(err, r, "%s", c->rt_why);
	return r == -ESRCH ? 0 : r;
}

/*
 * The cpuset group of the placement first, as for every SUT: on v1 it takes
 * the place of the container's own group in that hierarchy only, on v2 it is
 * where the partition of the isolated CPUs can be reached from.
 */
static int place(struct container *c, const struct placement *p, struct err *err)
{
	const struct cpuset *home = cpuset_empty(&p->housekeeping) ? &p->sut_cpus : &p->housekeeping;
	int r = placement_join(p, PLACE_SUT, c->pid, err);

	return r < 0 || cpuset_empty(home) ? r : each_thread(c, put_on_cpus, home, err);
}

/* A program of the user's does not place itself: what it forks inherits this. */
static int place_user(struct container *c, const struct placement *p, struct err *err)
{
	int r = placement_join(p, PLACE_SUT, c->pid, err);

	return r < 0 ? r : each_thread(c, put_in_place, p, err);
}

/* The kernel's own answer is asked for, since so many things can stand in the way; then the thread is put back. */
static void try_real_time(struct container *c, int priority)
{
	const struct sched_param fifo = { .sched_priority = priority }, other = { 0 };

	if (!priority)
		return;
	c->rt_allowed = sched_setscheduler(c->pid, SCHED_FIFO, &fifo) == 0;
	if (c->rt_allowed)
		(void) sched_setscheduler(c->pid, SCHED_OTHER, &other);
	else if (errno == EPERM)
		cgroups_rt_explain(&c->groups, &c->rt_budget, c->rt_why, sizeof(c->rt_why));
	else
		(void) text_print(c->rt_why, sizeof(c->rt_why), "the kernel refuses SCHED_FIFO %d: %s", priority,
				  strerror(errno));
}

static int bring_up_user(struct container *c, const struct container_spec *spec, struct err *err)
{
	int r = fill_user_bundle(c, spec, err);

	if (r == 0)
		r = create_user(c, spec->user, err);
	if (r < 0)
		return r;
	try_real_time(c, spec->place.sut_fifo); /* for its sentence */
	r = place_user(c, &spec->place, err);
	return r < 0 ? r : start(c, err);
}

static int bring_up(struct container *c, const struct container_spec *spec, struct err *err)
{
	int r = fill_bundle(c, spec, err);

	if (r < 0)
		return r;
	r = create(c, err);
	if (r < 0)
		return r;
	r = place(c, &spec->place, err);
	if (r < 0)
		return r;
	try_real_time(c, spec->place.sut_fifo);
	return start(c, err);
}

int container_start(struct container **ret, const struct container_spec *spec, struct journal *j, struct err *err)
{
	struct runtime rt;
	struct container *c;
	int r = 0;

	if (spec->runtime)
		rt = *spec->runtime;
	else
		r = runtime_find(&rt, j, spec->agent, err);
	if (r == 0)
		r = container_reserve(&c, &rt, "", j, err);
	if (r < 0)
		return r;
	r = spec->user ? bring_up_user(c, spec, err) : bring_up(c, spec, err);
	if (r < 0) {
		container_remove(c);
		return r;
	}
	*ret = c;
	return 0;
}

char *container_stderr_tail(const struct container *c, char *buf, size_t cap)
{
	return complaint_in(c, "stderr", buf, cap);
}

void container_stop(struct container *c, uint64_t grace_ns)
{
	struct pollfd p = { .events = POLLIN };
	uint64_t deadline = clock_ns() + grace_ns;

	if (!c)
		return;
	if (c->to_agent >= 0)
		close(TAKE_FD(c->to_agent));
	p.fd = c->pidfd;
	while (c->pidfd >= 0 && grace_ns && poll(&p, 1, clock_left_ms(deadline)) < 0 && errno == EINTR)
		;
	container_remove(c);
}
