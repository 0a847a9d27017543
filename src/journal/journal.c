/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the journal.  The rule of all that follows: a line is on disk before
 * the change it speaks of is made.  So after a crash every change that may
 * have happened has a line; a line without its change does no harm, because
 * undo looks at what is there and finds it as it was.
 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "journal/device.h"
#include "journal/internal.h"
#include "journal/netdev.h"

static int write_whole(int fd, const char *text, size_t len)
{
	off_t start = lseek(fd, 0, SEEK_END);
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);
		int code = -errno;

		if (n < 0 && code == -EINTR)
			continue;
		if (n < 0) { /* a full disk: no half line may stay, the next one would be glued to it */
			if (ftruncate(fd, start) < 0)
				return -errno;
			return code;
		}
		done += (size_t) n;
	}
	return 0;
}

int journal_write(struct journal *j, const char *line, bool durable, struct err *err)
{
	AUTO_FREE char *text = xprintf("%s\n", line);
	int r = write_whole(j->fd, text, strlen(text));

	if (r == 0 && durable && fdatasync(j->fd) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot write the journal of run %s in %s", j->head.run, j->dir) : 0;
}

struct journal *journal_blank(void)
{
	struct journal *j = xalloc(1, sizeof(*j));

	j->fd = -1;
	j->mounter = -1;
	return j;
}

int journal_open_as(struct journal **ret, const char *why, unsigned flags, struct err *err)
{
	struct journal *j = journal_blank();
	int r;

	j->next_seq = 1;
	r = run_create(j, why, flags, err);
	if (r < 0) {
		journal_free(j);
		return r;
	}
	*ret = j;
	return 0;
}

int journal_open(struct journal **ret, const char *why, struct err *err)
{
	return journal_open_as(ret, why, 0, err);
}

int journal_open_tuning(struct journal **ret, const char *why, struct err *err)
{
	return journal_open_as(ret, why, HEAD_TUNING, err);
}

void journal_drop_entries(struct journal *j)
{
	for (size_t i = 0; i < j->entries.n; i++)
		entry_free(&j->entries.at[i]);
	vec_free(&j->entries);
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	journal_drop_entries(j);
	sink_free(&j->pending);
	if (j->fd >= 0)
		close(j->fd);
	if (j->mounter >= 0)
		close(j->mounter);
	free(j);
}

const char *journal_run(const struct journal *j)
{
	return j->head.run;
}

const char *journal_dir(const struct journal *j)
{
	return j->dir;
}

const char *journal_mark(const struct journal *j)
{
	return j->mark;
}

size_t journal_here(const struct journal *j)
{
	return j->entries.n;
}

void journal_for(struct journal *j, const char *knob)
{
	text_print(j->knob, sizeof(j->knob), "%s", knob ? knob : "");
}

void journal_hold(struct journal *j)
{
	if (!j->held)
		j->held_from = j->entries.n;
	j->held = true;
}

int journal_sync(struct journal *j, struct err *err)
{
	int r = 0;

	j->held = false;
	if (!j->pending.len)
		return 0;
	r = write_whole(j->fd, j->pending.text, j->pending.len);
	if (r == 0 && fdatasync(j->fd) < 0)
		r = -errno;
	sink_free(&j->pending);
	if (r == 0)
		return 0;
	for (size_t i = j->held_from; i < j->entries.n; i++)
		j->entries.at[i].settled = true; /* none of them may be acted on now */
	return err_sys(err, r, "cannot write the journal of run %s in %s", j->head.run, j->dir);
}

int journal_note(struct journal *j, struct entry *e, struct err *err)
{
	AUTO_FREE char *line = NULL;
	int r = 0;

	if (j->knob[0])
		e->knob = xstrdup(j->knob);
	e->seq = j->next_seq++;
	line = entry_line(e);
	if (!entry_is_whole(e))
		r = err_set(err, -EINVAL, "the journal cannot undo \"%.200s\": it needs an absolute path without \"..\"",
			    e->path ? e->path : "");
	else if (!line)
		r = err_set(err, -EILSEQ, "%s holds bytes that are no UTF-8 text, which the journal cannot keep",
			    e->path ? e->path : "a command");
	else if (j->held)
		sink_printf(&j->pending, "%s\n", line);
	else
		r = journal_write(j, line, true, err);
	if (r < 0) {
		entry_free(e);
		return r;
	}
	*vec_add(&j->entries) = *e;
	return 0;
}

/* Filesystems that live in memory: their state ends with the boot. */
static bool is_volatile(const char *path)
{
	static const long kinds[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
		SECURITYFS_MAGIC, TMPFS_MAGIC, HUGETLBFS_MAGIC,    RAMFS_MAGIC,         BPF_FS_MAGIC,
	};
	struct statfs sf;

	if (statfs(path, &sf) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((long) sf.f_type == kinds[i])
			return true;
	}
	return false;
}

int journal_value(struct journal *j, const struct journal_value *v, struct err *err)
{
	struct entry e = {
		.kind = ENTRY_VALUE,
		.form = v->form,
		.path = xstrdup(v->path),
		.before = xstrdup(v->before),
		.after = xstrdup(v->after),
		.guard = v->guard ? xstrdup(v->guard) : NULL,
		.lasting = !is_volatile(v->path),
	};

	if (v->follower)
		follower_note(&e, v->follower);
	return journal_note(j, &e, err);
}

int journal_file(struct journal *j, const char *path, const char *before, const char *after, struct err *err)
{
	struct journal_value v = { .path = path, .form = VALUE_TEXT, .before = before, .after = after };

	return journal_value(j, &v, err);
}

/* The last intent of this path that changes what stands in it. */
static struct entry *last_of(struct journal *j, const char *path)
{
	for (size_t i = j->entries.n; i-- > 0;) {
		struct entry *e = &j->entries.at[i];

		if ((e->kind == ENTRY_VALUE || e->kind == ENTRY_FILE) && !e->settled && text_eq(e->path, path))
			return e;
	}
	return NULL;
}

int journal_later(struct journal *j, const struct entry *e, const char *member, const char *value, char **field, bool durable,
		  struct err *err)
{
	AUTO_JSON json_t *o = json_pack("{s:I, s:s}", member, (json_int_t) e->seq, "value", value);
	AUTO_FREE char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;

	if (!line)
		return err_set(err, -EILSEQ, "%s reads back as bytes that are no UTF-8 text", e->path);
	free(*field);
	*field = xstrdup(value);
	return journal_write(j, line, durable, err);
}

int journal_left(struct journal *j, const char *path, const char *left, struct err *err)
{
	struct entry *e = last_of(j, path);

	return e ? journal_later(j, e, "left", left, &e->left, false, err)
		 : err_set(err, -ENOENT, "the journal knows no change of %s", path);
}

void journal_done(struct journal *j)
{
	AUTO_FREE char *line = NULL;
	struct err err = { 0 };

	if (!j->entries.n)
		return;
	line = xprintf("{\"done\":%llu}", (unsigned long long) j->entries.at[j->entries.n - 1].seq);
	if (journal_write(j, line, false, &err) < 0)
		log_debug("%s", err.text);
	for (size_t i = 0; i < j->entries.n; i++)
		j->entries.at[i].done = true;
}

int journal_followed(struct journal *j, const char *path, const char *now, struct err *err)
{
	struct entry *e = last_of(j, path);

	return e ? journal_later(j, e, "followed", now, &e->followed, false, err)
		 : err_set(err, -ENOENT, "the journal knows no change of %s", path);
}

static int note_task(struct journal *j, enum entry_kind kind, pid_t tid, const char *before, const char *after, struct err *err)
{
	struct entry e = { .kind = kind, .tid = tid, .before = xstrdup(before), .after = xstrdup(after) };
	struct proc_stat s;
	int r = proc_stat_read(tid, &s);

	if (r < 0) {
		entry_free(&e);
		return err_sys(err, r, "task %d", (int) tid);
	}
	e.start = s.start_time;
	return journal_note(j, &e, err);
}

int journal_task(struct journal *j, pid_t tid, const struct cpuset *before, const struct cpuset *after, struct err *err)
{
	struct cpuset back = *before;
	char b[VALUE_MAX], a[VALUE_MAX];

	affinity_widen(tid, &back);
	return note_task(j, ENTRY_TASK, tid, cpuset_list(&back, b, sizeof(b)), cpuset_list(after, a, sizeof(a)), err);
}

int journal_policy(struct journal *j, pid_t tid, int policy_before, int prio_before, int policy_after, int prio_after,
		   struct err *err)
{
	char b[32], a[32];

	text_print(b, sizeof(b), "%d %d", policy_before, prio_before);
	text_print(a, sizeof(a), "%d %d", policy_after, prio_after);
	return note_task(j, ENTRY_POLICY, tid, b, a, err);
}

static int note_path(struct journal *j, enum entry_kind kind, bool lasting, const char *path, struct err *err)
{
	struct entry e = { .kind = kind, .path = xstrdup(path), .lasting = lasting };

	return journal_note(j, &e, err);
}

int journal_netns(struct journal *j, const char *name, struct err *err)
{
	char path[96];

	if (!text_is_name(name) || text_print(path, sizeof(path), "/run/netns/%s", name))
		return err_set(err, -EINVAL, "\"%.64s\" is no name for a network namespace", name);
	return note_path(j, ENTRY_NETNS, false, path, err);
}

int journal_cgroup(struct journal *j, const char *dir, struct err *err)
{
	return note_path(j, ENTRY_CGROUP, false, dir, err);
}

int journal_tree(struct journal *j, const char *dir, struct err *err)
{
	return note_path(j, ENTRY_TREE, true, dir, err);
}

int journal_mount(struct journal *j, const char *dir, struct err *err)
{
	return note_path(j, ENTRY_MOUNT, false, dir, err);
}

void journal_mounts_by(struct journal *j, int mounter)
{
	if (j->mounter >= 0)
		close(j->mounter);
	j->mounter = mounter;
}

static int note_command(struct journal *j, bool lasting, const char *guard, const char *const *argv, struct err *err)
{
	struct entry e = { .kind = ENTRY_COMMAND, .lasting = lasting };
	size_t n = 0;

	while (argv[n])
		n++;
	if (n == 0 || argv[0][0] != '/')
		return err_set(err, -EINVAL, "a command in the journal needs the absolute path of its program, not \"%s\"",
			       n ? argv[0] : "");
	e.guard = guard ? xstrdup(guard) : NULL;
	e.argv = xalloc(n + 1, sizeof(*e.argv));
	for (size_t i = 0; i < n; i++)
		e.argv[i] = xstrdup(argv[i]);
	return journal_note(j, &e, err);
}

int journal_command(struct journal *j, const char *const *argv, struct err *err)
{
	return note_command(j, true, NULL, argv, err);
}

int journal_command_now(struct journal *j, const char *const *argv, struct err *err)
{
	return note_command(j, false, NULL, argv, err);
}

int journal_command_while(struct journal *j, const char *guard, const char *const *argv, struct err *err)
{
	return note_command(j, true, guard, argv, err);
}

/* Takes before and after over. */
static int note_device(struct journal *j, enum entry_kind kind, const struct fs *fs, const char *address, char *before,
		       char *after, struct err *err)
{
	struct entry e = { .kind = kind, .before = before, .after = after };

	e.path = xprintf("%s" DEVICE_FOLDER "%s", fs->live ? "" : fs->path, address);
	return journal_note(j, &e, err);
}

int journal_driver(struct journal *j, const struct fs *fs, const char *address, const char *before, const char *after,
		   struct err *err)
{
	return note_device(j, ENTRY_DRIVER, fs, address, xstrdup(before), xstrdup(after), err);
}

int journal_vfs(struct journal *j, const struct fs *fs, const char *address, unsigned n, struct err *err)
{
	return note_device(j, ENTRY_VFS, fs, address, xstrdup("0"), xprintf("%u", n), err);
}

int journal_netdev(struct journal *j, const struct fs *fs, const char *address, const struct netdev_state *before,
		   struct err *err)
{
	char text[NETDEV_TEXT_MAX];

	return note_device(j, ENTRY_NETDEV, fs, address, xstrdup(netdev_text(before, text)), xstrdup("taken"), err);
}
