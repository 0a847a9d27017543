/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two forks: the middle process ends at once, so that the daemon belongs to
 * whoever adopts orphans and never becomes a zombie of the caller.  A pipe
 * that only the daemon holds tells its parent how it went; the daemon's death
 * reads as its end.
 */
#include "run/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"

static bool write_all(int fd, const char *text)
{
	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return false;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t) n : 0;
	}
	return true;
}

static void tell(struct daemon_tell *t, json_t *what)
{
	AUTO_FREE char *line = what ? json_dumps(what, JSON_COMPACT) : NULL;

	json_decref(what);
	if (t->fd < 0)
		return;
	if (!line || !write_all(t->fd, line))
		log_warn("whoever started this is gone");
	close(TAKE_FD(t->fd));
}

void daemon_failed(struct daemon_tell *t, const struct err *err)
{
	json_t *o = json_pack("{s:i, s:s}", "error", err->code, "text", err->text);

	tell(t, o ? o : json_pack("{s:i, s:s}", "error", err->code, "text", "a sentence that is no UTF-8 text"));
}

static int open_files(const char *log)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO_CLOSE int out = log ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

	if (null < 0 || (log && out < 0))
		return -errno;
	if (dup2(null, 0) < 0 || dup2(log ? out : null, 1) < 0 || dup2(log ? out : null, 2) < 0)
		return -errno;
	return 0;
}

/* A lock of the parent that the daemon also held would outlive the parent. */
static void close_others(int fd, const int *keep)
{
	for (unsigned from = 3;;) {
		unsigned next = fd >= (int) from ? (unsigned) fd : ~0u; /* the next one that stays */

		for (const int *k = keep; k && *k >= 0; k++)
			if (*k >= (int) from && (unsigned) *k < next)
				next = (unsigned) *k;
		if (next > from)
			(void) close_range(from, next - 1, 0);
		if (next == ~0u)
			return;
		from = next + 1;
	}
}

/* Wants of the terminal must not reach the daemon. */
static int settle_in(const char *log)
{
	if (setsid() < 0)
		return -errno;
	signal(SIGHUP, SIG_IGN);
	return open_files(log);
}

void daemon_up(struct daemon_tell *t, json_t *what)
{
	if (t->attached && settle_in(t->log) < 0)
		log_warn("the daemon cannot leave its terminal");
	tell(t, what);
}

static void __attribute__((noreturn)) daemon_main(daemon_fn *fn, void *arg, const struct daemon_opts *o, int fd)
{
	struct daemon_tell t = { .fd = fd, .log = o->log, .attached = o->attached };
	struct err err;
	int r, status;

	close_others(fd, o->keep);
	r = o->attached ? 0 : settle_in(o->log);
	if (r == 0)
		r = stop_renew();
	if (r < 0) {
		err_sys(&err, r, "the daemon cannot settle in%s%s", o->log ? "; its log is " : "", o->log ? o->log : "");
		daemon_failed(&t, &err);
		_exit(1);
	}
	status = fn(arg, &t);
	_exit(status);
}

static int fork_twice(daemon_fn *fn, void *arg, const struct daemon_opts *o, int hear, int fd)
{
	pid_t middle = fork();

	if (middle < 0)
		return -errno;
	if (middle == 0) {
		pid_t pid = fork();

		if (pid != 0)
			_exit(pid < 0);
		close(hear);
		daemon_main(fn, arg, o, fd);
	}
	while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/*
 * All that comes until the daemon closes its end.  A Ctrl-C meanwhile is the
 * parent's only, which then stops waiting; or an attached daemon's as well,
 * which says how that ends.
 */
static int listen_to(int fd, bool attached, struct sink *said, struct err *err)
{
	for (;;) {
		struct pollfd p[] = { { .fd = fd, .events = POLLIN }, { .fd = attached ? -1 : stop_fd(), .events = POLLIN } };
		char buf[1024];
		ssize_t n;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(err, -errno, "waiting for the daemon");
		if (stop_wanted() && !attached)
			return err_set(err, -EINTR, "interrupted; what was started goes on: see `vlat ps`");
		if (!(p[0].revents & (POLLIN | POLLHUP)))
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno != EINTR)
			return err_sys(err, -errno, "listening to the daemon");
		if (n == 0)
			return 0;
		if (n > 0)
			sink_putn(said, buf, (size_t) n);
	}
}

static int understand(const struct sink *said, const char *log, json_t **ret, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	const char *text = "?";
	int64_t code = -EIO;

	if (said->len == 0)
		return err_set(err, -ECHILD, "the daemon ended without a word%s%s", log ? ": look into " : "", log ? log : "");
	if (jx_parse(said->text, said->len, "the daemon's word", &o, err) < 0)
		return err->code;
	if (json_object_get(o, "error")) {
		if (jx_i64(o, "error", &code, err) < 0 || jx_str(o, "text", &text, err) < 0)
			return err->code;
		return err_set(err, code < 0 && code > -4096 ? (int) code : -EIO, "%s", text);
	}
	*ret = json_incref(o);
	return 0;
}

int daemon_start(daemon_fn *fn, void *arg, const struct daemon_opts *opts, json_t **ret, struct err *err)
{
	AUTO(sink_free) struct sink said = { 0 };
	AUTO_CLOSE int hear = -1;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "no pipe for a daemon");
	hear = fds[0];
	r = fork_twice(fn, arg, opts, hear, fds[1]);
	close(fds[1]);
	if (r < 0)
		return err_sys(err, r, "no process for a daemon");
	r = listen_to(hear, opts->attached, &said, err);
	return r < 0 ? r : understand(&said, opts->log, ret, err);
}
