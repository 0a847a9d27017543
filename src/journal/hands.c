/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/hands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

struct hands {
	int fd;
	pid_t pid;
};

enum deed { DEED_UNDO, DEED_KILL, DEED_MORE };

struct wish {
	enum deed deed;
	bool aside;
	char run[16];
	uint64_t seq; /* of DEED_UNDO */
};

struct answer {
	int result; /* DEED_UNDO: 0; else what the function returned */
	struct undo_item item;
};

struct server {
	const journal_vec *journals;
	const struct revert_options *options;
	revert_more *more;
	void *arg;
};

static undo_fn *const undo_table[] = {
	[ENTRY_NETNS] = undo_netns,   [ENTRY_MOUNT] = undo_mount, [ENTRY_COMMAND] = undo_command,
	[ENTRY_DRIVER] = undo_driver, [ENTRY_VFS] = undo_vfs,	  [ENTRY_NETDEV] = undo_netdev,
};

bool hands_are_for(enum entry_kind kind)
{
	return kind < ARRAY_SIZE(undo_table) && undo_table[kind];
}

void journals_free(journal_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		journal_free(v->at[i]);
	vec_free(v);
}

/* ---- the process ---- */

static struct journal *find_journal(const struct server *s, const struct wish *w)
{
	for (size_t i = 0; i < s->journals->n; i++) {
		struct journal *j = s->journals->at[i];

		if (text_eq(j->head.run, w->run) && j->aside == w->aside)
			return j;
	}
	return NULL;
}

static const struct entry *find_entry(const struct journal *j, uint64_t seq)
{
	for (size_t i = 0; i < j->entries.n; i++)
		if (j->entries.at[i].seq == seq)
			return hands_are_for(j->entries.at[i].kind) ? &j->entries.at[i] : NULL;
	return NULL;
}

static void do_it(const struct server *s, const struct wish *w, struct answer *a)
{
	struct journal *j = w->deed == DEED_MORE ? NULL : find_journal(s, w);
	const struct entry *e = j && w->deed == DEED_UNDO ? find_entry(j, w->seq) : NULL;
	struct undo_ctx c = { .j = j, .force = s->options->force };
	struct err err = { 0 };

	a->result = -ENOENT;
	if (w->deed == DEED_UNDO && e) {
		a->item.state = undo_table[e->kind](&c, e, &a->item);
		a->result = 0;
	} else if (w->deed == DEED_KILL && j) {
		a->result = marked_kill(&c, 0, &err);
	} else if (w->deed == DEED_MORE && s->more) {
		a->result = s->more(s->arg, a->item.text, sizeof(a->item.text), &err);
	} else {
		err_set(&err, -ENOENT, "its journal was written after this command began: call it again");
	}
	if (a->result < 0)
		text_print(a->item.text, sizeof(a->item.text), "%.300s", err.text);
}

/* Ctrl-C is for who asks; a deed that was begun is done. */
static void __attribute__((noreturn)) serve(const struct server *s, int fd, pid_t parent)
{
	sigset_t all;
	int null;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "vlat-hands");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	null = open("/dev/null", O_RDWR);
	if (dup2(fd, 3) != 3 || (null >= 0 && (dup2(null, 0) != 0 || dup2(null, 1) != 1)))
		_exit(1);
	syscall(SYS_close_range, 4U, ~0U, 0U);
	for (;;) {
		struct answer a = { .result = 0 };
		struct wish w;
		ssize_t n = recv(3, &w, sizeof(w), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(w))
			_exit(0);
		w.run[sizeof(w.run) - 1] = '\0';
		do_it(s, &w, &a);
		if (send(3, &a, sizeof(a), MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

/* ---- who asks ---- */

int hands_start(struct hands **ret, journal_vec *journals, const struct revert_options *o, revert_more *more, void *arg,
		struct err *err)
{
	const struct server server = { .journals = journals, .options = o, .more = more, .arg = arg };
	pid_t self = getpid(), pid;
	struct hands *h;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, -errno, "no second process can be asked");
	pid = fork();
	if (pid == 0)
		serve(&server, ends[1], self);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_sys(err, -EAGAIN, "no second process can be started");
	}
	h = xalloc(1, sizeof(*h));
	*h = (struct hands){ .fd = ends[0], .pid = pid };
	*ret = h;
	return 0;
}

void hands_end(struct hands *h)
{
	if (!h)
		return;
	close(h->fd);
	while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(h);
}

pid_t hands_pid(const struct hands *h)
{
	return h->pid;
}

static int ask(const struct hands *h, const struct wish *w, struct answer *ret)
{
	ssize_t n = send(h->fd, w, sizeof(*w), MSG_NOSIGNAL);

	while (n >= 0) {
		n = recv(h->fd, ret, sizeof(*ret), 0);
		if (n == sizeof(*ret))
			return 0;
		n = n < 0 && errno == EINTR ? 0 : -1;
	}
	*ret = (struct answer){ .result = -ECONNRESET };
	text_print(ret->item.text, sizeof(ret->item.text), "the process that does this for vlat was killed: call vlat revert "
		   "again");
	return -ECONNRESET;
}

static struct wish wish_of(enum deed deed, const struct journal *j)
{
	struct wish w;

	memset(&w, 0, sizeof(w)); /* goes to another process as it lies there */
	w.deed = deed;
	if (j) {
		w.aside = j->aside;
		text_print(w.run, sizeof(w.run), "%s", j->head.run);
	}
	return w;
}

enum undo_state hands_undo(const struct hands *h, const struct journal *j, const struct entry *e, struct undo_item *item)
{
	struct wish w = wish_of(DEED_UNDO, j);
	struct answer a;

	w.seq = e->seq;
	ask(h, &w, &a);
	if (a.result < 0)
		text_print(item->what, sizeof(item->what), "%s", e->path ? e->path : e->argv ? e->argv[0] : "a change");
	else
		memcpy(item->what, a.item.what, sizeof(item->what));
	memcpy(item->text, a.item.text, sizeof(item->text));
	return a.result < 0 ? UNDO_FAILED : a.item.state;
}

int hands_kill(const struct hands *h, const struct journal *j, struct err *err)
{
	struct wish w = wish_of(DEED_KILL, j);
	struct answer a;

	ask(h, &w, &a);
	return a.result < 0 ? err_set(err, a.result, "%s", a.item.text) : a.result;
}

int hands_do_more(const struct hands *h, char *text, size_t cap, struct err *err)
{
	struct wish w = wish_of(DEED_MORE, NULL);
	struct answer a;

	ask(h, &w, &a);
	if (a.result < 0)
		return err_set(err, a.result, "%s", a.item.text);
	text_print(text, cap, "%s", a.item.text);
	return a.result;
}
