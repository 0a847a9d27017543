/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs what: command lines and names of users' processes. */
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "capture/mask.h"
#include "host/service.h"

/* Names that an audit needs: hypervisors, their threads, and who fights for settings. */
static bool is_known(const char *name)
{
	static const char *const heads[] = { "qemu",       "kvm",  "CPU ", "vhost",  "IO ",  "worker", "systemd",
					     "containerd", "crun", "runc", "conmon", "virt", "vlat" };

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		if (text_starts(name, heads[i]))
			return true;
	}
	for (size_t i = 0; i < n_service_rows; i++) {
		if (text_eq(name, service_rows[i].comm))
			return true;
	}
	return false;
}

static void put_name(struct mask *m, long pid, const char *name, struct sink *out)
{
	bool keep = mask_keeps_pid(m, pid) || is_known(name);

	if (!keep)
		mask_counted(m);
	sink_put(out, keep ? name : "task");
}

/* A path in a word of an option keeps only that there was one, and whether it is one of huge pages: an audit of guests asks. */
static void put_word(struct mask *m, const char *word, struct sink *out)
{
	const char *slash = strchr(word, '/'), *huge;
	size_t n;

	if (!slash) {
		mask_text(m, word, strlen(word), out);
		return;
	}
	n = strcspn(slash, ",");
	huge = strstr(slash, "huge");
	mask_text(m, word, (size_t) (slash - word), out);
	sink_put(out, huge && huge < slash + n ? "/hugepages/masked" : "/masked");
	mask_counted(m);
	if (slash[n])
		put_word(m, slash + n, out);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Its words are a person's, as a whole; a guest's name becomes its process's number, so that findings of two stay apart. */
static bool is_private_option(const char *option)
{
	static const char *const names[] = { "-name", "-uuid", "-smbios", "-append" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (text_eq(option, names[i]))
			return true;
	}
	return false;
}

/* QEMU's words are what an audit of guests reads; of everybody else's nothing is kept. */
static void mask_argv(struct mask *m, long pid, const char *data, size_t len, struct sink *out)
{
	const char *at = data, *end = data + len, *before = "";
	bool qemu = is_known(base_name(data)) && strstr(data, "qemu");

	if (len == 0)
		return;
	if (!qemu) {
		mask_counted(m);
		sink_putn(out, "masked", sizeof("masked"));
		return;
	}
	for (; at < end; at += strlen(at) + 1) {
		if (text_eq(before, "-name"))
			sink_printf(out, "guest=guest-%ld", pid);
		else if (is_private_option(before))
			sink_put(out, "masked");
		else
			put_word(m, at == data ? base_name(at) : at, out);
		sink_char(out, '\0');
		before = at;
	}
}

/* "12 (name) S ...": the name ends at the last parenthesis. */
static void mask_stat(struct mask *m, long pid, const char *data, size_t len, struct sink *out)
{
	const char *open = memchr(data, '(', len), *close = memrchr(data, ')', len);
	AUTO_FREE char *name = NULL;

	if (!open || !close || close < open) {
		sink_putn(out, data, len);
		return;
	}
	name = xstrndup(open + 1, (size_t) (close - open - 1));
	sink_putn(out, data, (size_t) (open + 1 - data));
	put_name(m, pid, name, out);
	sink_putn(out, close, len - (size_t) (close - data));
}

static void mask_status(struct mask *m, long pid, const char *data, struct sink *out)
{
	const char *at = data;
	char name[64];

	if (take_text(&at, "Name:\t") && take_line(&at, name, sizeof(name))) {
		sink_put(out, "Name:\t");
		put_name(m, pid, name, out);
		sink_char(out, '\n');
	}
	sink_put(out, at);
}

/* Where users mount things is theirs, and what they call it; where the kernel's filesystems are, readers need. */
static bool is_their_place(const char *word)
{
	static const char *const kept[] = { "/proc", "/sys", "/dev", "/run" };
	const char *slash = strchr(word, '/'); /* "upperdir=/home/..." too */
	bool keep = !slash || text_eq(word, "/");

	for (size_t i = 0; !keep && i < ARRAY_SIZE(kept); i++)
		keep = text_starts(slash, kept[i]);
	return !keep;
}

/* "28 27 0:25 / PLACE OPTIONS - TYPE SOURCE OPTIONS": the source is a device's path, or any name that was given. */
static void mask_mounts(struct mask *m, const char *data, size_t len, struct sink *out)
{
	unsigned after = 0; /* words after the lone "-" of this line, which counts as one */
	bool theirs = false;

	for (size_t at = 0; at < len;) {
		size_t n = strcspn(data + at, " \n");
		AUTO_FREE char *word = xstrndup(data + at, n);
		bool place = is_their_place(word);

		after += after || text_eq(word, "-");
		theirs = theirs || (place && !after);
		if (after == 3 && theirs && word[0] != '/') {
			sink_put(out, "masked");
			mask_counted(m);
		} else if (place) {
			put_word(m, word, out);
		} else {
			mask_text(m, word, n, out);
		}
		at += n;
		if (at == len)
			break;
		if (data[at] == '\n') {
			after = 0;
			theirs = false;
		}
		sink_char(out, data[at++]);
	}
}

bool mask_process_file(struct mask *m, const char *path, const char *data, size_t len, struct sink *out)
{
	const char *at = path, *file = base_name(path);
	uint64_t pid;

	if (!take_text(&at, "proc/") || !take_u64(&at, &pid) || *at != '/')
		return false;
	if (text_eq(file, "cmdline")) {
		mask_argv(m, (long) pid, data, len, out);
	} else if (text_eq(file, "environ")) {
		mask_counted(m);
	} else if (text_eq(file, "mountinfo") || text_eq(file, "mounts")) {
		mask_mounts(m, data, len, out);
	} else if (text_eq(file, "comm")) {
		AUTO_FREE char *name = xstrndup(data, strcspn(data, "\n"));

		put_name(m, (long) pid, name, out);
		sink_char(out, '\n');
	} else if (text_eq(file, "stat")) {
		mask_stat(m, (long) pid, data, len, out);
	} else if (text_eq(file, "status")) {
		mask_status(m, (long) pid, data, out);
	} else {
		return false;
	}
	return true;
}

/* The kernel's own words are kept but for paths; what follows "--" is for init, so a user's. */
void mask_cmdline(struct mask *m, const char *data, size_t len, struct sink *out)
{
	const char *end = strstr(data, " -- ");
	size_t stop = end ? (size_t) (end - data) : len;

	for (size_t at = 0; at < stop;) {
		size_t n = strcspn(data + at, " \n");
		AUTO_FREE char *word = xstrndup(data + at, n > stop - at ? stop - at : n);

		put_word(m, word, out);
		at += n;
		if (at < stop)
			sink_char(out, data[at++]);
	}
	if (end)
		mask_counted(m);
	if (!out->len || out->text[out->len - 1] != '\n')
		sink_char(out, '\n');
}
