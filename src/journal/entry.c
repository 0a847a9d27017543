/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "journal/device.h"
#include "journal/netns_folder.h"

#define ARGV_MAX 256

static const char *const kind_names[] = {
	[ENTRY_VALUE] = "value",   [ENTRY_TASK] = "task",     [ENTRY_POLICY] = "policy", [ENTRY_NETNS] = "netns",
	[ENTRY_CGROUP] = "cgroup", [ENTRY_TREE] = "tree",     [ENTRY_MOUNT] = "mount",   [ENTRY_COMMAND] = "command",
	[ENTRY_DRIVER] = "driver", [ENTRY_VFS] = "vfs",       [ENTRY_NETDEV] = "netdev", [ENTRY_FILE] = "file",
	[ENTRY_LINK] = "link",     [ENTRY_FOLDER] = "folder", [ENTRY_NIC] = "nic",
};

/* Which members a kind must have. */
static const struct {
	bool path, change, task, argv;
} needs[] = {
	[ENTRY_VALUE] = { .path = true, .change = true },
	[ENTRY_TASK] = { .change = true, .task = true },
	[ENTRY_POLICY] = { .change = true, .task = true },
	[ENTRY_NETNS] = { .path = true },
	[ENTRY_CGROUP] = { .path = true },
	[ENTRY_TREE] = { .path = true },
	[ENTRY_MOUNT] = { .path = true },
	[ENTRY_COMMAND] = { .argv = true },
	[ENTRY_DRIVER] = { .path = true, .change = true },
	[ENTRY_VFS] = { .path = true, .change = true },
	[ENTRY_NETDEV] = { .path = true, .change = true },
	[ENTRY_FILE] = { .path = true }, /* before or after may be missing: then there was, or is, none */
	[ENTRY_LINK] = { .path = true },
	[ENTRY_FOLDER] = { .path = true },
	[ENTRY_NIC] = { .path = true, .change = true },
};

static void free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

void entry_free(struct entry *e)
{
	free(e->path);
	free(e->before);
	free(e->after);
	free(e->left);
	free(e->guard);
	free(e->follower);
	free(e->follower_before);
	free(e->followed);
	free(e->goal);
	free(e->knob);
	free(e->owner);
	free_words(e->argv);
	*e = (struct entry){ 0 };
}

/* Kernel text is nearly always ASCII; what is not UTF-8 cannot be kept in JSON and must stop the change before it is made. */
static bool set_text(json_t *o, const char *member, const char *text)
{
	return !text || json_object_set_new(o, member, json_string(text)) == 0;
}

static json_t *words_json(char *const *words)
{
	json_t *a = json_array();

	for (size_t i = 0; words[i]; i++) {
		if (json_array_append_new(a, json_string(words[i])) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

char *entry_line(const struct entry *e)
{
	AUTO_JSON json_t *o = json_object();
	bool ok;

	json_object_set_new(o, "seq", json_integer((json_int_t) e->seq));
	json_object_set_new(o, "kind", json_string(kind_names[e->kind]));
	if (e->kind == ENTRY_VALUE)
		json_object_set_new(o, "form", json_string(value_form_name(e->form)));
	ok = set_text(o, "path", e->path) && set_text(o, "before", e->before) && set_text(o, "after", e->after) &&
	     set_text(o, "guard", e->guard) && set_text(o, "knob", e->knob) && set_text(o, "owner", e->owner) &&
	     set_text(o, "follower", e->follower) && set_text(o, "follower_before", e->follower_before);
	if (e->tid) {
		json_object_set_new(o, "tid", json_integer(e->tid));
		json_object_set_new(o, "start", json_integer((json_int_t) e->start));
	}
	if (e->lasting)
		json_object_set_new(o, "lasting", json_true());
	if (e->argv)
		ok = ok && json_object_set_new(o, "argv", words_json(e->argv)) == 0;
	return ok ? json_dumps(o, JSON_COMPACT) : NULL;
}

static bool kind_parse(const char *name, enum entry_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++) {
		if (text_eq(name, kind_names[i])) {
			*ret = (enum entry_kind) i;
			return true;
		}
	}
	return false;
}

/* Absolute, and never through "..": undo must not be led elsewhere. */
static bool path_is_plain(const char *p)
{
	size_t len = strlen(p);

	return p[0] == '/' && len > 1 && len < 4096 && !strstr(p, "/../") && !text_ends(p, "/..");
}

static char *copy_text(const json_t *o, const char *member)
{
	const char *s = json_string_value(json_object_get(o, member));

	return s ? xstrdup(s) : NULL;
}

static char **copy_words(const json_t *a)
{
	size_t n = json_array_size(a);
	char **words;

	if (n == 0 || n > ARGV_MAX)
		return NULL;
	words = xalloc(n + 1, sizeof(*words));
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(a, i));

		if (!s) {
			free_words(words);
			return NULL;
		}
		words[i] = xstrdup(s);
	}
	return words;
}

/* The paths that vlat itself would write: whoever forges a line shall not find a use for it. */
static bool path_fits(const struct entry *e)
{
	const char *folder;

	switch (e->kind) {
	case ENTRY_NETNS:
		return text_starts(e->path, NETNS_FOLDER "/") && text_is_name(e->path + strlen(NETNS_FOLDER "/"));
	case ENTRY_DRIVER:
	case ENTRY_VFS:
	case ENTRY_NETDEV:
	case ENTRY_NIC:
		folder = strstr(e->path, DEVICE_FOLDER);
		return folder && !strchr(folder + strlen(DEVICE_FOLDER), '/');
	case ENTRY_FILE:
		return (e->before || e->after) && !e->before == !e->owner && !text_ends(e->path, "/");
	case ENTRY_LINK:
		return e->after && !text_ends(e->path, "/");
	default:
		return true;
	}
}

bool entry_is_whole(const struct entry *e)
{
	if (needs[e->kind].path && (!e->path || !path_is_plain(e->path) || !path_fits(e)))
		return false;
	if (needs[e->kind].change && (!e->before || !e->after))
		return false;
	if ((e->guard && !path_is_plain(e->guard)) || (e->argv && !path_is_plain(e->argv[0])))
		return false;
	if (needs[e->kind].task && e->tid <= 0)
		return false;
	if (!e->follower != !e->follower_before || (e->follower && (e->kind != ENTRY_VALUE || !path_is_plain(e->follower))))
		return false;
	return !needs[e->kind].argv || e->argv;
}

static bool numbers_parse(const json_t *o, struct entry *e)
{
	uint64_t seq = 0, tid = 0, start = 0;

	if (jx_u64(o, "seq", &seq, NULL) < 0 || jx_opt_u64(o, "tid", &tid, NULL) < 0 || jx_opt_u64(o, "start", &start, NULL) < 0)
		return false;
	if (tid > INT32_MAX)
		return false;
	e->seq = seq;
	e->tid = (pid_t) tid;
	e->start = start;
	return true;
}

int entry_parse(const json_t *o, struct entry *ret, struct err *err)
{
	struct entry e = { 0 };
	const char *kind = NULL, *form = "text";

	if (jx_str(o, "kind", &kind, err) < 0)
		return err->code;
	if (!kind_parse(kind, &e.kind))
		return err_set(err, -EINVAL, "\"%.40s\" is no kind of entry", kind);
	if (jx_opt_str(o, "form", &form, err) < 0 || jx_opt_bool(o, "lasting", &e.lasting, err) < 0)
		return err->code;
	if (!value_form_parse(form, &e.form) || !numbers_parse(o, &e))
		return err_set(err, -EINVAL, "a %s entry with bad numbers or an unknown form", kind);
	e.path = copy_text(o, "path");
	e.before = copy_text(o, "before");
	e.after = copy_text(o, "after");
	e.guard = copy_text(o, "guard");
	e.knob = copy_text(o, "knob");
	e.owner = copy_text(o, "owner");
	e.follower = copy_text(o, "follower");
	e.follower_before = copy_text(o, "follower_before");
	e.argv = copy_words(json_object_get(o, "argv"));
	if (!entry_is_whole(&e)) {
		entry_free(&e);
		return err_set(err, -EINVAL, "a %s entry lacks members it needs, or names what is none", kind);
	}
	*ret = e;
	return 0;
}

char *head_line(const struct journal_head *h)
{
	AUTO_JSON json_t *o =
		json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:s, s:s}", "format", JOURNAL_FORMAT, "run", h->run,
			  "machine", h->machine, "boot", h->boot, "pid", (json_int_t) h->pid, "start", (json_int_t) h->start,
			  "created", h->created, "created_ns", (json_int_t) h->created_ns, "why", h->why, "vlat", VLAT_VERSION);

	if (o && h->lasting)
		json_object_set_new(o, "lasting", json_true());
	if (o && h->tuning)
		json_object_set_new(o, "tuning", json_true());
	return o ? json_dumps(o, JSON_COMPACT) : NULL;
}

int head_parse(const json_t *o, struct journal_head *ret, struct err *err)
{
	struct journal_head h = { 0 };
	const char *run, *boot, *why = "", *created = "", *machine = "";
	uint64_t pid;

	if (jx_format(o, JOURNAL_FORMAT, err) < 0 || jx_str(o, "run", &run, err) < 0 || jx_str(o, "boot", &boot, err) < 0 ||
	    jx_u64(o, "pid", &pid, err) < 0 || jx_u64(o, "start", &h.start, err) < 0 || jx_opt_str(o, "why", &why, err) < 0 ||
	    jx_opt_str(o, "created", &created, err) < 0 || jx_opt_u64(o, "created_ns", &h.created_ns, err) < 0 ||
	    jx_opt_str(o, "machine", &machine, err) < 0 || jx_opt_bool(o, "lasting", &h.lasting, err) < 0 ||
	    jx_opt_bool(o, "tuning", &h.tuning, err) < 0)
		return err->code;
	if (!text_is_name(run) || strlen(run) > RUN_ID_MAX || pid == 0 || pid > INT32_MAX)
		return err_set(err, -EINVAL, "the run id or the pid in the first line is none");
	h.pid = (pid_t) pid;
	if (text_print(h.run, sizeof(h.run), "%s", run) || text_print(h.boot, sizeof(h.boot), "%s", boot))
		return err_set(err, -EINVAL, "the first line has a boot id that is too long");
	if (text_print(h.machine, sizeof(h.machine), "%s", machine))
		return err_set(err, -EINVAL, "the first line has a machine id that is too long");
	text_print(h.why, sizeof(h.why), "%s", why);
	text_print(h.created, sizeof(h.created), "%s", created);
	*ret = h;
	return 0;
}
