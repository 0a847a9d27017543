/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "wire.h"

#define CONSOLE_BYTES 600
#define LOOK_MS       500 /* a terminal's size is looked at this often */

struct session {
	struct launch *launch;
	const struct lab_spec *spec;
	const struct lab_parts *parts;
	struct terminal *terminal;
	uint64_t began, deadline;
	bool up; /* HELLO came */
	VEC(char) in;
	size_t taken; /* of in */
	int code;     /* of the command */
	bool over;
};

/* What of the caller's surroundings means the same in the lab. */
static bool passes(const char *variable)
{
	static const char *const prefixes[] = { "PATH=", "HOME=", "TERM=", "LANG=", "LC_", "USER=", "VLAT_", "LAB_",
						"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "MESON_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (text_starts(variable, prefixes[i]))
			return !text_starts(variable, "VLAT_LAB_QEMU=");
	}
	return false;
}

static void put_string(struct sink *s, char kind, const char *text)
{
	sink_char(s, kind);
	sink_putn(s, text, strlen(text) + 1);
}

static void put_share(struct sink *s, const struct lab_share *from, const char *variable)
{
	AUTO_FREE char *share = xprintf("%s %s", from->tag, from->path), *env = xprintf("%s=%s", variable, from->path);

	put_string(s, 's', share);
	put_string(s, 'e', env);
}

static void put_job(struct sink *s, const struct lab_spec *spec, const struct lab_parts *parts)
{
	AUTO_FREE char *folder = getcwd(NULL, 0), *kernel = xprintf("LAB=%s", spec->kernel->name);

	for (const char *const *word = spec->command; *word; word++)
		put_string(s, 'a', *word);
	for (char **e = environ; *e; e++) {
		if (passes(*e))
			put_string(s, 'e', *e);
	}
	put_string(s, 'e', kernel);
	put_string(s, 'd', folder ? folder : "/");
	put_string(s, 'm', parts->kernel.modules);
	put_string(s, 'r', spec->kernel->virtiofs ? "virtiofs" : "9p");
	for (size_t i = LAB_SHARE_ROOT + 1; i < LAB_SHARES; i++) {
		if (parts->shares[i].path)
			put_share(s, &parts->shares[i], i == LAB_SHARE_OUT ? "LAB_OUT" : "LAB_PERSIST");
	}
	if (spec->tty)
		put_string(s, 't', "");
}

static int send_job(struct session *s, struct err *err)
{
	AUTO(sink_free) struct sink job = { 0 }, frame = { 0 };
	struct lab_frame head = { .type = LAB_JOB };
	int r;

	put_job(&job, s->spec, s->parts);
	if (job.len > LAB_FRAME_MAX)
		return err_set(err, -E2BIG, "the command and its environment are longer than %u bytes", LAB_FRAME_MAX);
	head.len = (uint32_t) job.len;
	sink_putn(&frame, (const char *) &head, sizeof(head));
	sink_putn(&frame, job.text, job.len);
	r = sink_write(&frame, s->launch->control);
	return r < 0 ? err_sys(err, r, "cannot hand the command to the lab") : 0;
}

/* Whoever reads our output may have gone: that ends the lab, as it would end any program. */
static int show(int fd, const char *data, size_t len, struct err *err)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR && !stop_wanted())
			continue;
		if (n < 0)
			return err_sys(err, -errno, "cannot write the output of the command");
		data += n;
		len -= (size_t) n;
	}
	return 0;
}

static void ended(struct session *s, const char *data, size_t len)
{
	int32_t status = 0;

	memcpy(&status, data, len < sizeof(status) ? len : sizeof(status));
	s->code = WIFEXITED(status) ? WEXITSTATUS(status) : LAB_SIGNALLED + WTERMSIG(status);
	s->over = true;
}

static int heed_frame(struct session *s, uint32_t type, const char *data, size_t len, struct err *err)
{
	switch (type) {
	case LAB_HELLO:
		s->up = true;
		log_debug("the lab is up after %.1f s", (double) (clock_ns() - s->began) / 1e9);
		return send_job(s, err);
	case LAB_OUT:
		return show(STDOUT_FILENO, data, len, err);
	case LAB_ERR:
		return show(STDERR_FILENO, data, len, err);
	case LAB_EXIT:
		ended(s, data, len);
		return 0;
	case LAB_FAIL:
		return err_set(err, -EIO, "the lab could not start the command: %.*s", (int) (len < 300 ? len : 300), data);
	default:
		return err_set(err, -EBADMSG, "the lab's init sent a frame of unknown type %u", type);
	}
}

/* All whole frames in s->in. */
static int heed_frames(struct session *s, struct err *err)
{
	int r = 0;

	while (r >= 0 && !s->over && s->in.n - s->taken >= sizeof(struct lab_frame)) {
		struct lab_frame head;

		memcpy(&head, s->in.at + s->taken, sizeof(head));
		if (head.len > LAB_FRAME_MAX)
			return err_set(err, -EBADMSG, "the lab's init sent a frame of %u bytes", head.len);
		if (s->in.n - s->taken < sizeof(head) + head.len)
			break;
		r = heed_frame(s, head.type, s->in.at + s->taken + sizeof(head), head.len, err);
		s->taken += sizeof(head) + head.len;
	}
	memmove(s->in.at, s->in.at + s->taken, s->in.n - s->taken);
	s->in.n -= s->taken;
	s->taken = 0;
	return r;
}

/* QEMU's last line; the ones before it are warnings that x-force-features (argv.c) causes. */
static const char *last_line(const char *said)
{
	const char *line = strrchr(said, '\n'), *text = line ? line + 1 : said, *colon = strstr(text, ": ");

	return colon && text_starts(text, "qemu") ? colon + 2 : text;
}

/* Either QEMU could not, or the kernel in it gave up and, as it was told, rebooted: then QEMU ends well. */
static int lost(struct session *s, struct err *err)
{
	struct launch *l = s->launch;
	AUTO_FREE char *console = tail_text(l->console, 16 * CONSOLE_BYTES), *said = tail_text(l->said, CONSOLE_BYTES);
	const char *panic = strstr(console, "Kernel panic");
	size_t len = strlen(console);
	char how[64];

	if (panic)
		return err_set(err, -EIO, "the lab ended by itself: %.*s", (int) strcspn(panic, "\n"), panic);
	if (!launch_ended(l, clock_ns() + NS_PER_S) || (!l->end.signalled && l->end.code == 0))
		return err_set(err, s->up ? -EIO : LAB_CRASHED, "the lab ended by itself; its console said last: %s",
			       len == 0 ? "nothing" : console + (len > 400 ? len - 400 : 0));
	return err_set(err, l->end.signalled && l->end.code == SIGABRT && !s->up ? LAB_CRASHED : -EIO, "QEMU ended (%s), saying: %.400s", child_end_text(l->end, how, sizeof(how)), last_line(said));
}

static int take_bytes(struct session *s, struct err *err)
{
	char buf[65536];
	ssize_t n = recv(s->launch->control, buf, sizeof(buf), 0);

	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		return lost(s, err);
	for (ssize_t i = 0; i < n; i++)
		*vec_add(&s->in) = buf[i];
	return heed_frames(s, err);
}

static int late(struct session *s, struct err *err)
{
	AUTO_FREE char *console = tail_text(s->launch->console, CONSOLE_BYTES);
	char limit[32];

	text_seconds(limit, sizeof(limit), (double) s->spec->timeout_ns / 1e9);
	if (s->up)
		return err_set(err, -ETIME, "the command did not end within %s (--timeout), so the lab was ended", limit);
	return err_set(err, -ETIME, "the lab was not up within %s (--timeout); its console said last: %.300s", limit,
		       *console ? console : "nothing");
}

static int step(struct session *s, struct err *err)
{
	int left = clock_left_ms(s->deadline);
	struct pollfd p[] = {
		{ .fd = s->launch->control, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
		{ .fd = s->terminal && s->up ? STDIN_FILENO : -1, .events = POLLIN },
	};

	poll(p, ARRAY_SIZE(p), s->terminal && left > LOOK_MS ? LOOK_MS : left);
	if (stop_wanted())
		return err_set(err, -EINTR, "stopped, as asked");
	if (p[0].revents)
		return take_bytes(s, err);
	if (s->terminal && s->up && !terminal_serve(s->terminal, s->launch->control))
		return err_set(err, -EINTR, "ended by Ctrl-]");
	return clock_ns() >= s->deadline ? late(s, err) : 0;
}

int session_run(struct launch *l, const struct lab_spec *spec, const struct lab_parts *parts, uint64_t deadline_ns,
		struct err *err)
{
	struct session s = { .launch = l, .spec = spec, .parts = parts, .began = clock_ns(), .deadline = deadline_ns };
	int r = 0;

	if (spec->tty)
		s.terminal = terminal_open();
	while (r >= 0 && !s.over)
		r = step(&s, err);
	terminal_close(s.terminal);
	vec_free(&s.in);
	return r < 0 ? r : s.code;
}
