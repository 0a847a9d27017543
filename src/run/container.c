/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container - a root filesystem, a bundle or an image of the user's, run by the
 * OCI runtime itself: no engine stands above it.  An engine's image is taken
 * out of the engine first (image.h).
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "container/container.h"
#include "container/oci.h"
#include "run/image.h"
#include "run/parts.h"
#include "run/tty.h"

struct box {
	struct container *container;
	struct image image;
	struct tty tty;
	char root[PATH_MAX]; /* rootfs or bundle, absolute, links resolved */
	bool ended;
};

/* A folder by its real path: "..", blanks and newlines in it are as good as anything, for no shell will read it. */
static int folder(const char *option, const char *path, const char *must_hold, char buf[PATH_MAX], struct err *err)
{
	AUTO_FREE char *inside = NULL;
	struct stat st;

	if (!realpath(path, buf))
		return err_sys(err, -errno, "%s '%.200s'", option, path);
	if (stat(buf, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s '%.200s' is no folder", option, path);
	inside = xprintf("%s/%s", buf, must_hold);
	if (*must_hold && access(inside, F_OK) < 0)
		return err_set(err, -ENOENT, "%s '%.200s' holds no %s: it is no OCI bundle", option, path, must_hold);
	if (text_eq(buf, "/"))
		return err_set(err, -EINVAL, "%s '%.200s' is the host's own root: use `vlat run native`", option, path);
	return 0;
}

static int find_root(struct run *run, struct box *b, struct err *err)
{
	const struct run_spec *s = run->spec;

	if (s->bundle)
		return folder("--bundle", s->bundle, "config.json", b->root, err);
	if (s->rootfs)
		return folder("--rootfs", s->rootfs, "", b->root, err);
	return image_unpack(&b->image, s->image, run->journal, b->root, err);
}

static void say_what(struct run *run, const char *const *args)
{
	const struct run_spec *s = run->spec;
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO_FREE char *line = NULL;

	argv_add(&argv, s->bundle ? s->bundle : s->rootfs ? s->rootfs : s->image);
	if (args)
		argv_add_all(&argv, args);
	line = argv_text(&argv);
	text_print(run->record.what, sizeof(run->record.what), "%.250s", line);
}

static int start_it(struct run *run, struct box *b, const struct container_user *user, struct err *err)
{
	struct container_spec spec = { .place = run->place, .user = user };
	char agent[PATH_MAX];
	int r = run_agent(run->spec, agent, sizeof(agent), err);

	if (r < 0)
		return r;
	spec.agent = agent;
	spec.netns = run->wired && run->wire.sut_ns_path[0] ? run->wire.sut_ns_path : NULL;
	r = container_start(&b->container, &spec, run->journal, err);
	if (r < 0)
		return err_in(err, "container");
	run->record.workload = b->container->pid;
	run_read_policy(run, b->container->pid);
	return user->terminal ? tty_begin(&b->tty, b->container->terminal, err) : 0;
}

static int start(struct run *run, struct err *err)
{
	static const char *const usual_env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
						 "HOME=/root", NULL };
	const struct run_spec *s = run->spec;
	struct box *b = xalloc(1, sizeof(*b));
	struct oci_user oci = { .rootfs = b->root, .writable = s->writable || s->image };
	struct container_user user = { .env = usual_env, .args = s->command, .hostname = run->record.name, .stdio = { 0, 1, 2 },
				       .memory = (uint64_t) s->memory_mb << 20 };
	int r;

	run->work = b;
	b->tty = (struct tty) TTY_INIT;
	if (s->terminal && !run->detached && tty_is_there()) {
		user.terminal = getenv("TERM") ? getenv("TERM") : "xterm";
		tty_size(&user.rows, &user.columns);
	}
	r = find_root(run, b, err);
	if (r == 0)
		r = run_wire(run, WIRE_CONTAINER, err);
	if (r < 0)
		return r;
	if (s->image) {
		image_fill(&b->image, s->command, &oci, &user);
		if (!user.args || !user.args[0])
			return err_set(err, -EINVAL, "--image %.100s says nothing about what to run: add -- COMMAND", s->image);
	}
	oci.host_network = text_eq(run->record.datapath, "host");
	if (s->bundle)
		user.bundle = b->root;
	else
		user.oci = &oci;
	if (s->bundle)
		user.env = NULL;
	say_what(run, user.args);
	return start_it(run, b, &user, err);
}

/* It was adopted when the runtime left it: its end is ours to read. */
static int wait_for(struct run *run, int fd, uint64_t deadline_ns, struct err *err)
{
	struct box *b = run->work;
	siginfo_t info = { 0 };
	int r = b->container->terminal >= 0 ? tty_poll(&b->tty, b->container->pidfd, fd, deadline_ns, err)
					    : run_poll(b->container->pidfd, fd, deadline_ns, err);

	if (r != 0)
		return r;
	if (waitid(P_PIDFD, (id_t) b->container->pidfd, &info, WEXITED) < 0)
		return err_sys(err, -errno, "cannot learn how the container ended");
	b->ended = true;
	run->end.by_signal = info.si_code != CLD_EXITED;
	run->end.code = info.si_status;
	return 0;
}

static void signal_it(const struct run *run, int sig)
{
	const struct box *b = run->work;

	if (b->container && !b->ended)
		(void) syscall(SYS_pidfd_send_signal, b->container->pidfd, sig, NULL, 0);
}

/* The first process of a container has no default for signals: one that does not handle SIGTERM waits for its SIGKILL. */
static void ask(struct run *run, int sig)
{
	signal_it(run, sig);
}

static void end_it(struct run *run)
{
	signal_it(run, SIGKILL);
}

static void free_it(struct run *run)
{
	struct box *b = run->work;

	if (!b)
		return;
	tty_end(&b->tty);
	container_stop(b->container, 0);
	image_free(&b->image);
	free(b);
	run->work = NULL;
}

const struct work_ops work_container = {
	.start = start,
	.wait = wait_for,
	.ask = ask,
	.kill = end_it,
	.free = free_it,
};
