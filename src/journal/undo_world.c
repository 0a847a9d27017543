/* SPDX-License-Identifier: Apache-2.0 */
/* What a run created: namespaces, cgroups, mounts, folders, and things only another program can undo. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "journal/internal.h"
#include "journal/mounter.h"
#include "journal/netns_folder.h"

#define COMMAND_TIMEOUT_NS (30 * NS_PER_S)
#define RMDIR_TRIES        200
#define RMDIR_WAIT_NS      (10 * NS_PER_MS)

static enum undo_state failed(struct undo_item *item, const char *what, int code)
{
	text_print(item->text, sizeof(item->text), "%s: %s", what, strerror(-code));
	return UNDO_FAILED;
}

/* Mounts may be stacked: take them off until the kernel says there is none. */
static int unmount_all(const char *path, int *ret_n)
{
	int n = 0;

	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		n++;
	*ret_n = n;
	return errno == EINVAL || errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

enum undo_state undo_mount(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	int n = 0, r;

	text_print(item->what, sizeof(item->what), "mount %s", e->path);
	text_print(item->text, sizeof(item->text), "unmounted");
	if (c->dry)
		return access(e->path, F_OK) == 0 ? UNDO_DONE : UNDO_SAME;
	if (c->j->mounter >= 0 && text_eq(e->path, MOUNTER_PATH)) {
		r = mounter_unmount(c->j->mounter);
		n = r == 0;
		r = r == -EINVAL ? 0 : r;
	} else {
		r = unmount_all(e->path, &n);
	}
	if (r < 0)
		return failed(item, "cannot be unmounted", r);
	return n ? UNDO_DONE : UNDO_SAME;
}

static enum undo_state remove_netns(const struct undo_ctx *c, const struct entry *e, ino_t ino, struct undo_item *item)
{
	struct err err = { 0 };
	int n = 0, r;

	if (marked_kill(c, ino, &err) < 0) {
		text_print(item->text, sizeof(item->text), "%.300s", err.text);
		return UNDO_FAILED;
	}
	r = unmount_all(e->path, &n);
	if (r < 0)
		return failed(item, "cannot be unmounted", r);
	if (unlink(e->path) < 0 && errno != ENOENT)
		return failed(item, "cannot be removed", -errno);
	return UNDO_DONE;
}

enum undo_state undo_netns(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	enum undo_state state = UNDO_SAME;
	struct err err = { 0 };
	struct stat st;

	text_print(item->what, sizeof(item->what), "network namespace %s", e->path);
	text_print(item->text, sizeof(item->text), "removed");
	if (lstat(e->path, &st) == 0)
		state = c->dry ? UNDO_DONE : remove_netns(c, e, st.st_ino, item);
	/* Also without the name: the run may have died between making the folder and the name. */
	if (state == UNDO_FAILED || c->dry || netns_folder_tidy(&err) == 0)
		return state;
	text_print(item->text, sizeof(item->text), "%.300s", err.text);
	return UNDO_FAILED;
}

/* In the run's own folder STATE/runs/ID, in STATE/sut (run/registry.h), or named after vlat: a forged line removes no more. */
bool undo_tree_is_vlats(const struct undo_ctx *c, const char *path)
{
	const char *dir = c->j->dir;
	size_t len = strlen(dir), state = len - strlen("/runs/") - strlen(c->j->head.run);

	if (strstr(path, "/vlat") || (text_starts(path, dir) && path[len] == '/'))
		return true;
	return len > state && !strncmp(path, dir, state) && text_starts(path + state, "/sut/") && text_is_name(path + state + 5);
}

enum undo_state undo_tree(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	int r;

	text_print(item->what, sizeof(item->what), "folder %s", e->path);
	text_print(item->text, sizeof(item->text), "removed");
	if (access(e->path, F_OK) < 0)
		return UNDO_SAME;
	if (!undo_tree_is_vlats(c, e->path)) {
		text_print(item->text, sizeof(item->text),
			   "is no folder of vlat's: the journal is forged or damaged; left alone");
		return UNDO_FOREIGN;
	}
	if (c->dry)
		return UNDO_DONE;
	r = dir_remove_all(e->path);
	return r < 0 && r != -ENOENT ? failed(item, "cannot be removed", r) : UNDO_DONE;
}

/* v1 keeps threads in "tasks"; v2 processes in "cgroup.procs", and threads of a threaded group in "cgroup.threads". */
static const char *const member_files[] = { "tasks", "cgroup.procs", "cgroup.threads" };

static int move_listed(const char *list, const char *to)
{
	struct fs root;
	struct err err = { 0 };
	int r = fs_open_root(&root, "/", &err), moved = 0;

	if (r < 0)
		return r;
	for (const char *at = list; *at;) {
		char word[24];
		size_t n = strcspn(at, "\n");

		if (n > 0 && !text_print(word, sizeof(word), "%.*s", (int) (n < 20 ? n : 20), at))
			moved += fs_write(&root, to + 1, word) == 0; /* a task that has just ended: nothing to move */
		at += n + (at[n] == '\n');
	}
	fs_close(&root);
	return moved;
}

static void move_to_parent(const char *dir, const char *parent)
{
	for (size_t i = 0; i < ARRAY_SIZE(member_files); i++) {
		AUTO_FREE char *from = xprintf("%s/%s", dir, member_files[i]);
		AUTO_FREE char *to = xprintf("%s/%s", parent, member_files[i]);
		AUTO_FREE char *list = NULL;
		struct err err = { 0 };

		if (file_read_all(from, 8 << 20, &list, NULL, &err) == 0 && access(to, W_OK) == 0)
			move_listed(list, to);
	}
}

/*
 * A removed group counts as there until the last of its dead tasks was waited
 * for; the real-time budget that it holds would be missing to others so long.
 */
static void give_up_budget(const char *dir)
{
	AUTO_FREE char *path = xprintf("%s/cpu.rt_runtime_us", dir);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) < 0)
		return; /* a task still needs it, or the group below: tried again */
}

/* Groups that a runtime made inside go first; depth is bounded by the kernel's own limits on nesting. */
static int remove_group(const char *dir, const char *parent, unsigned depth)
{
	struct fs fs;
	struct fs_names names = { 0 };
	struct err err = { 0 };

	if (depth < 16 && fs_open_root(&fs, dir, &err) == 0) {
		if (fs_list(&fs, ".", &names) == 0) {
			for (size_t i = 0; i < names.n; i++) {
				AUTO_FREE char *child = xprintf("%s/%s", dir, names.at[i]);
				struct stat st;

				if (lstat(child, &st) == 0 && S_ISDIR(st.st_mode))
					remove_group(child, dir, depth + 1);
			}
			fs_list_free(&names);
		}
		fs_close(&fs);
	}
	move_to_parent(dir, parent);
	give_up_budget(dir);
	return rmdir(dir) < 0 ? -errno : 0;
}

bool undo_is_group(const char *path)
{
	struct statfs sf;

	return statfs(path, &sf) == 0 && (sf.f_type == CGROUP_SUPER_MAGIC || sf.f_type == CGROUP2_SUPER_MAGIC);
}

enum undo_state undo_cgroup(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	AUTO_FREE char *parent = xstrdup(e->path);
	int r = 0;

	*strrchr(parent, '/') = '\0';
	text_print(item->what, sizeof(item->what), "control group %s", e->path);
	text_print(item->text, sizeof(item->text), "removed, its tasks are in %.200s again", parent);
	if (access(e->path, F_OK) < 0)
		return UNDO_SAME;
	if (!undo_is_group(e->path)) {
		text_print(item->text, sizeof(item->text), "is no control group: left alone");
		return UNDO_FOREIGN;
	}
	if (c->dry)
		return UNDO_DONE;
	for (int i = 0; i < RMDIR_TRIES; i++) {
		r = remove_group(e->path, parent, 0);
		if (r == 0 || r == -ENOENT)
			return UNDO_DONE;
		clock_sleep_ns(RMDIR_WAIT_NS); /* dying tasks leave their group a little later */
	}
	return failed(item, "cannot be removed", r);
}

static void last_line(const char *text, char *buf, size_t cap)
{
	const char *end = text + strlen(text), *start;

	while (end > text && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	for (start = end; start > text && start[-1] != '\n';)
		start--;
	text_print(buf, cap, "%.*s", (int) (end - start > 160 ? 160 : end - start), start);
}

enum undo_state undo_command(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	struct argv argv = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	struct run_result result = { 0 };
	struct err err = { 0 };
	AUTO_FREE char *shown = NULL;
	char end[64], said[176];
	enum undo_state state = UNDO_DONE;

	argv_add_all(&argv, (const char *const *) e->argv);
	shown = argv_text(&argv);
	text_print(item->what, sizeof(item->what), "%s", shown);
	text_print(item->text, sizeof(item->text), c->dry ? "would be run" : "ran");
	if (e->guard && access(e->guard, F_OK) < 0) {
		argv_free(&argv);
		return UNDO_SAME;
	}
	if (!c->dry && run(&result, &argv, &opts, COMMAND_TIMEOUT_NS, &err) < 0) {
		text_print(item->text, sizeof(item->text), "%.300s", err.text);
		state = UNDO_FAILED;
	} else if (!c->dry && (result.end.signalled || result.end.code != 0)) {
		last_line(result.err ? result.err : "", said, sizeof(said));
		text_print(item->text, sizeof(item->text), "%s: %s", child_end_text(result.end, end, sizeof(end)), said);
		state = UNDO_FAILED;
	}
	run_result_free(&result);
	argv_free(&argv);
	return state;
}
