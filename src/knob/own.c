/* SPDX-License-Identifier: Apache-2.0 */
#include "knob/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "base/text.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int no_such_knob(const char *name, size_t len, struct err *err)
{
	char id[64];
	const char *ids[256], *near;
	size_t n = 0;

	text_print(id, sizeof(id), "%.*s", (int) len, name);
	for (; n < knob_count && n < sizeof(ids) / sizeof(ids[0]); n++)
		ids[n] = knob_table[n]->id;
	near = text_nearest(id, ids, n);
	return err_set(err, -EINVAL, "there is no knob \"%s\"%s%s%s", id, near ? "; did you mean " : "", near ? near : "",
		       near ? "?" : "");
}

static int which_file(const struct knob *k, const char *said, struct err *err)
{
	struct sink names = { 0 };

	for (size_t i = 0; i < k->n_files; i++)
		sink_printf(&names, "%s%s/%s", i ? ", " : "", k->id, base_name(k->files[i].path));
	if (said)
		err_set(err, -EINVAL, "%s has no file \"%.40s\": %s", k->id, said, names.text);
	else
		err_set(err, -EINVAL, "%s sets several files: say which, %s", k->id, names.text);
	sink_free(&names);
	return -EINVAL;
}

static const struct knob *find_knob(const char *name, size_t len)
{
	for (size_t i = 0; i < knob_count; i++)
		if (strlen(knob_table[i]->id) == len && strncmp(knob_table[i]->id, name, len) == 0)
			return knob_table[i];
	return NULL;
}

int own_find(const char *name, struct knob_own *ret, struct err *err)
{
	size_t len = strcspn(name, "/");
	const char *file = name[len] ? name + len + 1 : NULL;
	const struct knob *k = find_knob(name, len);

	if (!k)
		return no_such_knob(name, len, err);
	if (k->n_files == 0)
		return err_set(err, -EINVAL, "what %s sets is worked out for each machine: it takes no value of your own", k->id);
	if (!file && k->n_files > 1)
		return which_file(k, NULL, err);
	for (size_t i = 0; i < k->n_files; i++) {
		const struct knob_file *f = &k->files[i];

		if (file && !text_eq(file, base_name(f->path)))
			continue;
		if (f->want && text_eq(f->want, "@house"))
			return err_set(err, -EINVAL, "%s takes the housekeeping CPUs: say those with 'isolated'", k->id);
		*ret = (struct knob_own){ .knob = k, .file = f };
		return 0;
	}
	return which_file(k, file, err);
}

static bool are_numbers(const char *text)
{
	for (const char *at = text; *at;) {
		char *end;

		errno = 0;
		strtoll(at, &end, 10);
		if (end == at || errno || (*end && *end != ' '))
			return false;
		at = end + strspn(end, " ");
	}
	return *text != '\0';
}

/* Letters, digits and what stands between them; blanks only where the file may hold several words. */
static bool are_words(const char *text, bool one)
{
	static const char some[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:,+=- ";

	return *text && *text != ' ' && text[strspn(text, some)] == '\0' && !(one && strchr(text, ' '));
}

int own_check(const struct knob_own *o, const char *value, struct err *err)
{
	const char *why = NULL;

	switch (o->file->form) {
	case VALUE_NUMBER:
		why = are_numbers(value) ? NULL : "a number is meant, or several with blanks between them";
		break;
	case VALUE_CHOICE:
		why = are_words(value, true) ? NULL : "one of the words that stand in the file is meant";
		break;
	default:
		why = are_words(value, false) ? NULL : "a word is meant, as it stands in the file";
		break;
	}
	if (strlen(value) >= VALUE_MAX)
		why = "that is too long";
	return why ? err_set(err, -EINVAL, "%s: \"%.60s\": %s (/%s)", o->knob->id, value, why, o->file->path) : 0;
}

const char *own_value(const struct knob_own *list, size_t n, const struct knob_file *file)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].file == file)
			return list[i].value;
	return NULL;
}
