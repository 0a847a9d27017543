/* SPDX-License-Identifier: Apache-2.0 */
/* What vlat has asked the boot loader for: STATE/boot.json, which comes and goes with the journal that says so. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "boot/internal.h"

#define RECORD_FORMAT 1

const char *boot_state_name(enum boot_state s)
{
	static const char *const names[] = { [BOOT_NONE] = "none", [BOOT_TRYING] = "tried once", [BOOT_KEPT] = "kept" };

	return names[s];
}

void boot_record_free(struct boot_record *r)
{
	for (size_t i = 0; i < r->words.n; i++)
		free(r->words.at[i].text);
	vec_free(&r->words);
}

int boot_record_path(char *buf, size_t cap, struct err *err)
{
	char state[288];
	int r = journal_state_dir(state, sizeof(state), err);

	if (r < 0)
		return r;
	return text_print(buf, cap, "%s/boot.json", state) ? err_set(err, -ENAMETOOLONG, "%s has too long a name", state) : 0;
}

int journal_promise(const struct boot_job *job, const char *const *undo, struct err *err)
{
	char record[320];
	int r = boot_record_path(record, sizeof(record), err);

	return r < 0 ? r : journal_command_while(job->journal, record, undo, err);
}

static int take_text(const json_t *o, const char *member, char *buf, size_t cap, struct err *err)
{
	const char *text;
	int r = jx_str(o, member, &text, err);

	if (r < 0)
		return r;
	return text_print(buf, cap, "%s", text) ? err_set(err, -ERANGE, "\"%s\" is too long", member) : 0;
}

static int take_words(const json_t *o, struct boot_record *ret, struct err *err)
{
	json_t *list, *item;
	size_t i;
	int r = jx_array(o, "words", &list, err);

	if (r < 0)
		return r;
	json_array_foreach (list, i, item) {
		struct record_word w = { .text = NULL };
		const char *text;

		r = take_text(item, "knob", w.knob, sizeof(w.knob), err);
		if (r == 0)
			r = jx_str(item, "word", &text, err);
		if (r < 0)
			return r;
		w.text = xstrdup(text);
		*vec_add(&ret->words) = w;
	}
	return 0;
}

static int take_state(const json_t *o, enum boot_state *ret, struct err *err)
{
	char state[16];
	int r = take_text(o, "state", state, sizeof(state), err);

	if (r < 0)
		return r;
	for (*ret = BOOT_TRYING; *ret <= BOOT_KEPT; ++*ret)
		if (text_eq(state, boot_state_name(*ret)))
			return 0;
	return err_set(err, -EINVAL, "\"state\" is \"%s\", not \"%s\" or \"%s\"", state, boot_state_name(BOOT_TRYING),
		       boot_state_name(BOOT_KEPT));
}

static int take_record(const json_t *o, struct boot_record *ret, struct err *err)
{
	int r = json_is_object(o) ? jx_format(o, RECORD_FORMAT, err) : err_set(err, -EINVAL, "no JSON object");

	if (r == 0)
		r = take_state(o, &ret->state, err);
	if (r == 0)
		r = take_text(o, "run", ret->run, sizeof(ret->run), err);
	if (r == 0)
		r = take_text(o, "id", ret->id, sizeof(ret->id), err);
	if (r == 0)
		r = take_text(o, "profile", ret->profile, sizeof(ret->profile), err);
	if (r == 0)
		r = take_text(o, "loader", ret->loader, sizeof(ret->loader), err);
	if (r == 0)
		r = take_text(o, "boot", ret->boot, sizeof(ret->boot), err);
	if (r == 0)
		r = take_text(o, "since", ret->since, sizeof(ret->since), err);
	return r < 0 ? r : take_words(o, ret, err);
}

int boot_record_parse(const json_t *o, struct boot_record *ret, struct err *err)
{
	struct boot_record rec = { .state = BOOT_NONE };
	int r = take_record(o, &rec, err);

	*ret = (struct boot_record){ .state = BOOT_NONE };
	if (r < 0)
		boot_record_free(&rec);
	else
		*ret = rec;
	return r;
}

int boot_record_read(struct boot_record *ret, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	char path[320];
	int r = boot_record_path(path, sizeof(path), err);

	*ret = (struct boot_record){ .state = BOOT_NONE };
	if (r < 0)
		return r;
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	r = jx_load(path, CONFIG_MAX, &o, err);
	if (r == 0)
		r = boot_record_parse(o, ret, err);
	return r < 0 ? err_in(err, "%s", path) : 1;
}

json_t *boot_record_json(const struct boot_record *r)
{
	json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[]}", "format", RECORD_FORMAT, "state",
			      boot_state_name(r->state), "run", r->run, "id", r->id, "profile", r->profile, "loader", r->loader,
			      "since", r->since, "boot", r->boot, "words");

	for (size_t i = 0; o && i < r->words.n; i++)
		json_array_append_new(json_object_get(o, "words"),
				      json_pack("{s:s, s:s}", "knob", r->words.at[i].knob, "word", r->words.at[i].text));
	return o;
}

int boot_record_put(struct journal *j, const struct boot_record *r, struct err *err)
{
	AUTO_JSON json_t *o = boot_record_json(r);
	AUTO_FREE char *text = NULL, *lines = NULL;
	char path[320];
	int e = boot_record_path(path, sizeof(path), err);

	text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	if (!text)
		return err_set(err, -EILSEQ, "the record of the boot parameters cannot be written as JSON text");
	lines = xprintf("%s\n", text);
	return e < 0 ? e : journal_put(j, path, lines, 0600, err);
}
