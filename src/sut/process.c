/* SPDX-License-Identifier: Apache-2.0 */
/* process - an agent that is a child of ours, spoken to through two pipes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "sut/driver.h"

struct pipes {
	int in[2], out[2], err[2];
};

static void pipes_close(struct pipes *p)
{
	int *ends[] = { &p->in[0], &p->in[1], &p->out[0], &p->out[1], &p->err[0], &p->err[1] };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (*ends[i] >= 0)
			close(*ends[i]);
}

static int pipes_make(struct pipes *p, struct err *err)
{
	int r;

	if (pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->err, O_CLOEXEC) == 0 &&
	    fcntl(p->err[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(p->in[1], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	r = -errno;
	return err_sys(err, r, "cannot make pipes for an agent");
}

int agent_process_start(struct agent_process *ret, const struct agent_process_opts *opts, struct err *err)
{
	AUTO(pipes_close) struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct argv argv = { 0 };
	int r = pipes_make(&p, err);

	if (r < 0)
		return r;
	argv_add(&argv, opts->agent);
	how.in = p.in[0];
	how.out = p.out[1];
	how.err = p.err[1];
	how.netns_fd = opts->netns_fd;
	how.mark = opts->mark;
	how.new_session = true; /* Ctrl-C is for vlat; the agents are told */
	how.die_with_parent = true;
	r = spawn(&ret->child, &argv, &how, err);
	argv_free(&argv);
	if (r < 0)
		return r;
	ret->to = TAKE_FD(p.in[1]);
	ret->from = TAKE_FD(p.out[0]);
	ret->said = TAKE_FD(p.err[0]);
	/* The group first: only in there may its measuring thread ask for an isolated CPU. */
	return placement_join(opts->place, opts->role, ret->child.pid, err);
}

/* The last line of what it said on stderr, without control characters. */
static void last_words(int fd, char *buf, size_t cap)
{
	char text[4096];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	char *line;

	buf[0] = '\0';
	if (n <= 0)
		return;
	text[n] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char) *c < ' ' && *c != '\n')
			*c = ' ';
	line = text_trim(text);
	if (strrchr(line, '\n'))
		line = strrchr(line, '\n') + 1;
	text_print(buf, cap, "%s", line);
}

void agent_process_explain(void *process, char *buf, size_t cap)
{
	struct agent_process *p = process;
	struct child_end end = { 0 };
	char how[64] = "its process runs", words[256];

	/* The stream ends a moment before the process does. */
	if (p->child.pid <= 0)
		text_print(how, sizeof(how), "its process is gone");
	else if (child_wait(&p->child, clock_ns() + 200 * NS_PER_MS, &end) == 0)
		child_end_text(end, how, sizeof(how));
	last_words(p->said, words, sizeof(words));
	text_print(buf, cap, "%s%s%s", how, words[0] ? "; it said: " : "", words);
}

void agent_process_stop(struct agent_process *p, uint64_t grace_ns)
{
	int *fds[] = { &p->to, &p->from, &p->said };
	struct child_end end;

	if (p->to >= 0)
		close(TAKE_FD(p->to)); /* end of orders: an agent leaves by itself */
	if (p->child.pid > 0 && grace_ns && child_wait(&p->child, clock_ns() + grace_ns, &end) < 0)
		child_stop(&p->child, grace_ns);
	else
		child_stop(&p->child, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			close(TAKE_FD(*fds[i]));
}

int process_tids(pid_t pid, pid_t **ret, size_t *ret_n, struct err *err)
{
	VEC(pid_t) tids = { 0 };
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	char path[64];
	uint64_t tid;

	text_print(path, sizeof(path), "/proc/%d/task", (int) pid);
	dir = opendir(path);
	if (!dir)
		return err_sys(err, -ESRCH, "process %d has no threads any more", (int) pid);
	while ((entry = readdir(dir)))
		if (text_u64(entry->d_name, &tid) == 0)
			*vec_add(&tids) = (pid_t) tid;
	*ret = tids.at;
	*ret_n = tids.n;
	return 0;
}
