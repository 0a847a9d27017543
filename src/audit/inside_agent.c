/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to the QEMU guest agent (QEMU's qga/qapi-schema.json): guest-exec
 * of the reader, and guest-exec-status until it has ended, which brings all that
 * it printed.  Where programs may not be run, guest-file-open, -read and -close
 * of those files whose names need no list, one by one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/inside.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs_tree.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"

#define PAUSE_NS     (50 * NS_PER_MS)
#define PAUSE_MAX_NS (400 * NS_PER_MS)
#define CPUS_MOST    64 /* CPUs whose files are read one by one */
#define FILE_MOST    65536

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int) (at - digits) : -1;
}

int inside_base64(const char *text, char **ret, size_t *ret_len)
{
	size_t n = strlen(text), len = 0;
	AUTO_FREE char *out = xalloc(1, n / 4 * 3 + 4);
	unsigned long bits = 0;

	while (n > 0 && text[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return -EBADMSG;
		bits = (bits << 6 | (unsigned long) digit) & 0xffffff;
		if (i % 4)
			out[len++] = (char) (bits >> (2 * (3 - i % 4)));
	}
	*ret = TAKE(out);
	*ret_len = len;
	return 0;
}

/* What "return" holds, borrowed; an "error" of the agent's is -EPERM, and its text is the reason. */
static int value_of(const struct inside_line *line, const json_t *reply, const json_t **ret, struct err *err)
{
	const json_t *desc = json_object_get(json_object_get(reply, "error"), "desc");

	*ret = json_object_get(reply, "return");
	if (*ret)
		return 0;
	if (json_is_string(desc))
		return err_set(err, -EPERM, "%s refuses: %.200s", line->who, json_string_value(desc));
	return err_set(err, -EBADMSG, "%s gave an answer that is none: it holds neither \"return\" nor \"error\"", line->who);
}

/* Takes the arguments; the reply is the caller's, the value borrowed from it. */
static int call(const struct inside_line *line, const char *command, json_t *args, uint64_t deadline_ns, json_t **ret_reply,
		const json_t **ret, struct err *err)
{
	AUTO_JSON json_t *o = json_pack("{s:s, s:o}", "execute", command, "arguments", args);
	AUTO_FREE char *text = o ? jx_line(o) : NULL;
	int r;

	if (!text)
		return err_set(err, -ENOMEM, "no memory for a question to %s", line->who);
	r = line->call(line->arg, text, deadline_ns, ret_reply, err);
	return r < 0 ? err_in(err, "%s", line->who) : value_of(line, *ret_reply, ret, err);
}

/* ---- the reader, run in the guest ---- */

static int start_reader(const struct inside_line *line, uint64_t deadline_ns, json_int_t *ret_pid, struct err *err)
{
	AUTO(sink_free) struct sink script = { 0 };
	AUTO_JSON json_t *reply = NULL;
	const json_t *value, *pid;
	int r;

	inside_script(&script);
	r = call(line, "guest-exec",
		 json_pack("{s:s, s:[s, s], s:b}", "path", "/bin/sh", "arg", "-c", script.text, "capture-output", 1), deadline_ns,
		 &reply, &value, err);
	if (r < 0)
		return r;
	pid = json_object_get(value, "pid");
	if (!json_is_integer(pid))
		return err_set(err, -EBADMSG, "%s started a program and does not say its number", line->who);
	*ret_pid = json_integer_value(pid);
	return 0;
}

/* 1: it has ended, and the text is there; 0: it runs. */
static int ask_reader(const struct inside_line *line, json_int_t pid, uint64_t deadline_ns, char **ret, size_t *ret_len,
		      struct err *err)
{
	AUTO_JSON json_t *reply = NULL;
	const json_t *value, *data;
	int r = call(line, "guest-exec-status", json_pack("{s:I}", "pid", pid), deadline_ns, &reply, &value, err);

	if (r < 0)
		return r;
	if (!json_is_true(json_object_get(value, "exited")))
		return 0;
	data = json_object_get(value, "out-data");
	if (!json_is_string(data))
		return err_set(err, -EPERM, "%s ran the reader, which printed nothing (SELinux inside may forbid it)", line->who);
	if (inside_base64(json_string_value(data), ret, ret_len) < 0)
		return err_set(err, -EBADMSG, "%s gave an answer that is no base64", line->who);
	return 1;
}

static int run_reader(const struct inside_line *line, uint64_t deadline_ns, char **ret, size_t *ret_len, struct err *err)
{
	uint64_t pause = PAUSE_NS;
	json_int_t pid = 0;
	int r = start_reader(line, deadline_ns, &pid, err);

	while (r == 0) {
		clock_sleep_ns(pause);
		pause = pause * 2 < PAUSE_MAX_NS ? pause * 2 : PAUSE_MAX_NS;
		r = ask_reader(line, pid, deadline_ns, ret, ret_len, err);
		if (r == 0 && clock_ns() > deadline_ns)
			r = -ETIMEDOUT;
	}
	if (r == -ETIMEDOUT && pid)
		return err_set(err, r, "%s started the reader, which did not end in time: the guest is very busy, or hangs",
			       line->who);
	return r < 0 ? r : 0;
}

/* ---- one file after the other ---- */

static int close_file(const struct inside_line *line, json_int_t handle, uint64_t deadline_ns)
{
	AUTO_JSON json_t *reply = NULL;
	const json_t *value;
	struct err ignored;

	return call(line, "guest-file-close", json_pack("{s:I}", "handle", handle), deadline_ns, &reply, &value, &ignored);
}

static int read_handle(const struct inside_line *line, json_int_t handle, uint64_t deadline_ns, char **ret, size_t *ret_len,
		       struct err *err)
{
	AUTO_JSON json_t *reply = NULL;
	const json_t *value, *data;
	int r = call(line, "guest-file-read", json_pack("{s:I, s:i}", "handle", handle, "count", FILE_MOST), deadline_ns, &reply,
		     &value, err);

	if (r < 0)
		return r;
	data = json_object_get(value, "buf-b64");
	if (!json_is_string(data) || inside_base64(json_string_value(data), ret, ret_len) < 0)
		return err_set(err, -EBADMSG, "%s gave an answer that is no base64", line->who);
	return 0;
}

/* 0; -EPERM: the agent refuses this one; any other: there is no use in going on. */
static int read_file(const struct inside_line *line, struct fs_tree *t, const char *path, uint64_t deadline_ns, struct err *err)
{
	AUTO_FREE char *absolute = xprintf("/%s", path), *data = NULL;
	AUTO_JSON json_t *reply = NULL;
	const json_t *handle;
	size_t len = 0;
	int r = call(line, "guest-file-open", json_pack("{s:s, s:s}", "path", absolute, "mode", "r"), deadline_ns, &reply,
		     &handle, err);

	if (r < 0)
		return r;
	if (!json_is_integer(handle))
		return err_set(err, -EBADMSG, "%s opened a file and does not say its number", line->who);
	r = read_handle(line, json_integer_value(handle), deadline_ns, &data, &len, err);
	if (r == 0 || r == -EPERM)
		close_file(line, json_integer_value(handle), deadline_ns);
	if (r == 0)
		inside_take_file(t, path, data, len);
	return r;
}

struct by_file {
	const struct inside_line *line;
	struct fs_tree *tree;
	uint64_t deadline_ns;
	struct cpuset cpus; /* the guest's, once they are read */
	size_t files, refused;
	struct sink absent; /* what the guest does not have: lines */
	struct err *err;
};

/* As long as nothing could be read, a few refusals are the answer to all. */
static int one(struct by_file *b, const char *path)
{
	int r = read_file(b->line, b->tree, path, b->deadline_ns, b->err);

	b->files += r == 0;
	if (r != -EPERM)
		return r;
	if (strstr(b->err->text, strerror(ENOENT))) {
		sink_printf(&b->absent, "%s\n", path);
		return 0;
	}
	return b->files || ++b->refused < 3 ? 0 : r;
}

/* A pattern whose names are known without a list: none but the number of a CPU stands open. */
static int of_cpus(struct by_file *b, const char *pattern)
{
	static const char star[] = "cpu[0-9]*/";
	const char *at = strstr(pattern, star);
	int r = 0;

	for (int c = -1; r == 0 && (c = cpuset_next(&b->cpus, c)) >= 0;) {
		AUTO_FREE char *path = xprintf("%.*scpu%d/%s", (int) (at - pattern), pattern, c, at + strlen(star));

		r = one(b, path);
	}
	return r;
}

static void learn_cpus(struct by_file *b)
{
	struct fs fs;

	fs_of_tree(&fs, b->tree, "the guest");
	if (!cpuset_empty(&b->cpus) || fs_read_cpulist(&fs, "sys/devices/system/cpu/online", &b->cpus) < 0)
		return;
	while (cpuset_count(&b->cpus) > CPUS_MOST)
		cpuset_del(&b->cpus, (unsigned) cpuset_last(&b->cpus));
}

static int read_one_by_one(struct by_file *b)
{
	static const char cpu[] = "/cpu[0-9]*/topology/thread_siblings_list";
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_inside_paths; i++) {
		const char *pattern = inside_paths[i].pattern;

		if (inside_paths[i].only_named)
			continue;
		learn_cpus(b);
		if (!strpbrk(pattern, "*["))
			r = one(b, pattern);
		else if (text_ends(pattern, cpu))
			r = of_cpus(b, pattern);
	}
	return r;
}

static const char cure[] =
	"inside the guest let it run programs: take guest-exec and guest-exec-status off the list of blocked commands "
	"(--block-rpcs, or FILTER_RPC_ARGS in /etc/sysconfig/qemu-ga), with SELinux setsebool -P "
	"virt_qemu_ga_run_unconfined on, and start qemu-guest-agent again";

/* why: what guest-exec was refused for. */
static int fall_back(const struct inside_line *line, struct fs_tree *t, uint64_t deadline_ns, struct inside *ret,
		     const struct err *why, struct err *err)
{
	struct err last = { 0 };
	struct by_file b = { .line = line, .tree = t, .deadline_ns = deadline_ns, .err = &last };
	int r = read_one_by_one(&b);

	fs_tree_know_absences(t, b.absent.text ? b.absent.text : "");
	sink_free(&b.absent);
	ret->files = b.files;
	ret->partial = true;
	text_print(ret->less, sizeof(ret->less),
		   "the agent may not run programs, so only %zu single files were read: what stands in folders (interrupts, "
		   "devices, tasks) was not seen",
		   b.files);
	if (b.files == 0 && (r == -EPERM || r == 0))
		return err_set(err, -EPERM, "%s; %s", why->text, cure);
	return r < 0 ? err_set(err, r, "%s", last.text) : 0;
}

int inside_read(const struct inside_line *line, struct fs_tree *t, uint64_t deadline_ns, struct inside *ret, struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct err why = { 0 };
	size_t len = 0;
	int r = run_reader(line, deadline_ns, &text, &len, &why);

	ret->less[0] = '\0';
	if (r == -EPERM)
		return fall_back(line, t, deadline_ns, ret, &why, err);
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	ret->files = inside_take(t, text, len);
	if (len >= INSIDE_BYTES)
		text_print(ret->less, sizeof(ret->less), "the guest has more to say than %zu KiB: some of its tasks are left out",
			   INSIDE_BYTES >> 10);
	return ret->files ? 0
			  : err_set(err, -EBADMSG, "%s ran the reader, and what came back names no file of a machine", line->who);
}
