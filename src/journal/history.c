/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/history.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/internal.h"

#define HISTORY_BYTES ((size_t) 256 << 10)
#define LOCK_TRIES    50
#define LOCK_WAIT_NS  (2 * NS_PER_MS)

static const char *const end_names[] = {
	[HISTORY_OPEN] = "open",
	[HISTORY_ENDED] = "ended",
	[HISTORY_REVERTED] = "reverted",
	[HISTORY_LEFT] = "left",
};

const char *history_end_name(enum history_end e)
{
	return end_names[e];
}

static int history_path(char *buf, size_t cap, const char *suffix, struct err *err)
{
	char state[288];
	int r = journal_state_dir(state, sizeof(state), err);

	if (r == 0 && text_print(buf, cap, "%s/history%s", state, suffix))
		r = err_set(err, -ENAMETOOLONG, "the folder %s has too long a name", state);
	return r;
}

/* ---- who ---- */

static const char *terminal(char *buf, size_t cap)
{
	for (int fd = 0; fd < 3; fd++) {
		char name[64];

		if (ttyname_r(fd, name, sizeof(name)) == 0 && text_starts(name, "/dev/") &&
		    !text_print(buf, cap, ", %s", name + strlen("/dev/")))
			return buf;
	}
	return "";
}

/* From the file alone: the name services may ask a network, and are not there in a rescue shell. */
static bool user_name(uint64_t uid, char *buf, size_t cap)
{
	AUTO_FILE FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *pw;

	while (f && (pw = fgetpwent(f))) {
		if (pw->pw_uid == uid)
			return !text_print(buf, cap, "%s", pw->pw_name);
	}
	return false;
}

/* Who logged in, when that is known; else who called sudo; else the user itself. */
static void who(char *buf, size_t cap)
{
	const char *sudo = getenv("SUDO_USER");
	AUTO_FREE char *login = NULL;
	struct err err = { 0 };
	char tty[80], name[40] = "?";
	uint64_t uid;

	if (file_read_all("/proc/self/loginuid", 32, &login, NULL, &err) == 0 && text_u64(text_trim(login), &uid) == 0 &&
	    uid < UINT32_MAX)
		user_name(uid, name, sizeof(name));
	else if (sudo && *sudo)
		text_print(name, sizeof(name), "%s", sudo);
	else
		user_name(getuid(), name, sizeof(name));
	text_print(buf, cap, "%s (uid %u%s%s)", name, (unsigned) getuid(), sudo && *sudo ? ", sudo" : "",
		   terminal(tty, sizeof(tty)));
}

/* ---- writing ---- */

static bool is_current(int fd, const char *path)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Two vlats may want to write, or to turn the page, at once: under a lock, and only on the page that has the name. */
static int open_page(const char *path, int *ret_fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current(fd, path)) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
		clock_sleep_ns(LOCK_WAIT_NS);
	}
	return -EBUSY;
}

static int turn_page(int *fd, const char *path, size_t more, struct err *err)
{
	char old[340];
	off_t size = lseek(*fd, 0, SEEK_END);
	int r;

	if (size < 0 || (size_t) size + more <= HISTORY_BYTES)
		return 0;
	r = history_path(old, sizeof(old), ".1", err);
	if (r == 0 && rename(path, old) < 0)
		r = -errno;
	if (r < 0)
		return r;
	close(*fd);
	*fd = -1;
	return open_page(path, fd);
}

/* A power cut may have torn the last line: the next one begins on a line of its own. */
static bool ends_torn(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int append(const char *line, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct sink text = { 0 };
	char path[340];
	int r = history_path(path, sizeof(path), "", err);

	if (r == 0)
		r = open_page(path, &fd);
	if (r == 0)
		r = state_check(path, S_IFREG, err);
	if (r == 0)
		r = turn_page(&fd, path, strlen(line) + 2, err);
	if (r < 0)
		return r;
	sink_printf(&text, "%s%s\n", ends_torn(fd) ? "\n" : "", line);
	r = write(fd, text.text, text.len) == (ssize_t) text.len ? 0 : -EIO;
	sink_free(&text);
	return r;
}

static void record(json_t *o)
{
	AUTO_FREE char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;
	struct err err = { 0 };
	int r = line ? append(line, &err) : -EILSEQ;

	json_decref(o);
	if (r < 0)
		log_debug("no line in the history: %s", err.text[0] ? err.text : strerror(-r));
}

void history_begin(const struct journal_head *h)
{
	char by[96];

	who(by, sizeof(by));
	record(json_pack("{s:s, s:s, s:s, s:s, s:s}", "began", h->run, "at", h->created, "why", h->why, "by", by, "vlat",
			 VLAT_VERSION));
}

static size_t count_changes(const struct journal *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->entries.n; i++) {
		enum entry_kind k = j->entries.at[i].kind;

		n += k == ENTRY_VALUE || k == ENTRY_TASK || k == ENTRY_POLICY || k == ENTRY_FILE || k == ENTRY_LINK ||
		     k == ENTRY_NIC;
	}
	return n;
}

void history_end(const struct journal *j, enum history_end end, size_t foreign, size_t failed)
{
	char by[96], at[32];

	who(by, sizeof(by));
	clock_stamp(at);
	record(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", end_names[end], j->head.run, "at", at, "by", by,
			 "since", j->head.created, "why", j->head.why, "vlat", VLAT_VERSION, "changes",
			 (json_int_t) count_changes(j), "foreign", (json_int_t) foreign, "failed", (json_int_t) failed));
}

/* ---- reading ---- */

static struct history_run *run_named(struct history *h, const char *run)
{
	for (size_t i = h->n; i-- > 0;) {
		if (text_eq(h->at[i].run, run))
			return &h->at[i];
	}
	return NULL;
}

static bool get(const json_t *o, const char *member, char *buf, size_t cap)
{
	const char *text = "";

	if (jx_opt_str(o, member, &text, NULL) < 0)
		return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char) *c < ' ' || *c == 127) /* it will be printed */
			return false;
	}
	return !text_print(buf, cap, "%s", text);
}

static bool parse_began(struct history *h, const json_t *o)
{
	struct history_run r = { 0 };

	if (!get(o, "began", r.run, sizeof(r.run)) || !get(o, "at", r.began, sizeof(r.began)) ||
	    !get(o, "why", r.why, sizeof(r.why)) || !get(o, "by", r.by, sizeof(r.by)) || !text_is_name(r.run))
		return false;
	*vec_add(h) = r;
	return true;
}

/* The beginning may stand on a page that is gone. */
static bool parse_end(struct history *h, const json_t *o, enum history_end end)
{
	struct history_run new = { 0 }, *r;
	uint64_t changes = 0, foreign = 0, failed = 0;

	if (!get(o, end_names[end], new.run, sizeof(new.run)) || !get(o, "since", new.began, sizeof(new.began)) ||
	    !get(o, "why", new.why, sizeof(new.why)) || !text_is_name(new.run) ||
	    jx_opt_u64(o, "changes", &changes, NULL) < 0 || jx_opt_u64(o, "foreign", &foreign, NULL) < 0 ||
	    jx_opt_u64(o, "failed", &failed, NULL) < 0 || !get(o, "at", new.ended, sizeof(new.ended)) ||
	    !get(o, "by", new.ended_by, sizeof(new.ended_by)))
		return false;
	r = run_named(h, new.run);
	if (!r) {
		r = vec_add(h);
		*r = new;
	}
	memcpy(r->ended, new.ended, sizeof(r->ended));
	memcpy(r->ended_by, new.ended_by, sizeof(r->ended_by));
	r->end = end;
	r->changes = (size_t) changes;
	r->foreign = (size_t) foreign;
	r->failed = (size_t) failed;
	return true;
}

static bool parse_line(struct history *h, const char *line, size_t len)
{
	AUTO_JSON json_t *o = NULL;

	if (jx_parse(line, len, "the history", &o, NULL) < 0 || !json_is_object(o))
		return false;
	if (json_object_get(o, "began"))
		return parse_began(h, o);
	for (int e = HISTORY_ENDED; e <= HISTORY_LEFT; e++) {
		if (json_object_get(o, end_names[e]))
			return parse_end(h, o, (enum history_end) e);
	}
	return false;
}

void history_parse(const char *text, size_t len, struct history *ret)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t) (end - text));
		size_t n = newline ? (size_t) (newline - text) : (size_t) (end - text);

		if (n > 0 && !parse_line(ret, text, n))
			ret->damaged++;
		text += n + 1;
	}
}

static int read_page(const char *suffix, struct history *ret, struct err *err)
{
	AUTO_FREE char *text = NULL;
	char path[340];
	size_t len;
	int r = history_path(path, sizeof(path), suffix, err);

	if (r < 0)
		return r;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = state_check(path, S_IFREG, err);
	if (r == 0)
		r = file_read_all(path, 2 * HISTORY_BYTES, &text, &len, err);
	if (r == 0)
		history_parse(text, len, ret);
	return r;
}

int history_read(struct history *ret, struct err *err)
{
	int r = read_page(".1", ret, err);

	return r < 0 ? r : read_page("", ret, err);
}

void history_free(struct history *h)
{
	vec_free(h);
}

json_t *history_run_json(const struct history_run *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "run", r->run, "why", r->why, "began", r->began,
			 "by", r->by, "end", end_names[r->end], "ended", r->ended, "ended_by", r->ended_by, "changes",
			 (json_int_t) r->changes, "foreign", (json_int_t) r->foreign, "failed", (json_int_t) r->failed);
}
