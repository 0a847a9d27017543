/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/vec.h"

int jx_parse(const char *text, size_t len, const char *what, json_t **ret, struct err *err)
{
	json_error_t e;
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);

	if (!value)
		return err_set(err, -EINVAL, "%s is no valid JSON: line %d, column %d: %s", what, e.line, e.column, e.text);
	*ret = value;
	return 0;
}

int jx_load(const char *path, size_t max, json_t **ret, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int r = file_read_all(path, max, &text, &len, err);

	return r < 0 ? r : jx_parse(text, len, path, ret, err);
}

static int append(const char *text, size_t n, void *sink)
{
	sink_putn(sink, text, n);
	return 0;
}

int jx_save(const char *path, const json_t *value, unsigned mode, struct err *err)
{
	struct sink s = { 0 };
	int r;

	if (json_dump_callback(value, append, &s, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0) {
		sink_free(&s);
		return err_set(err, -EINVAL, "cannot write %s: a value has no JSON form", path);
	}
	sink_char(&s, '\n');
	r = file_write_atomic(path, s.text, s.len, mode, err);
	sink_free(&s);
	return r;
}

char *jx_line(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	return text ? text : xstrdup("null");
}

static const char *type_text(const json_t *v)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",  [JSON_INTEGER] = "a whole number",
		[JSON_REAL] = "a number",    [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null",
	};

	return names[json_typeof(v)];
}

static int mismatch(const json_t *v, const char *member, const char *wanted, struct err *err)
{
	return err_set(err, -EINVAL, "the member \"%s\" must be %s, not %s", member, wanted, type_text(v));
}

static int out_of_range(const char *member, const char *range, struct err *err)
{
	return err_set(err, -ERANGE, "the member \"%s\" is out of range: %s is meant", member, range);
}

/* One reader for each type: v is there and not null. */
static int as_str(const json_t *v, const char *member, const char **ret, struct err *err)
{
	if (!json_is_string(v))
		return mismatch(v, member, "a string", err);
	*ret = json_string_value(v);
	return 0;
}

static int as_i64(const json_t *v, const char *member, int64_t *ret, struct err *err)
{
	if (!json_is_integer(v))
		return mismatch(v, member, "a whole number", err);
	*ret = json_integer_value(v);
	return 0;
}

static int as_u64(const json_t *v, const char *member, uint64_t *ret, struct err *err)
{
	if (!json_is_integer(v))
		return mismatch(v, member, "a whole number", err);
	if (json_integer_value(v) < 0)
		return out_of_range(member, "zero or more", err);
	*ret = (uint64_t) json_integer_value(v);
	return 0;
}

static int as_double(const json_t *v, const char *member, double *ret, struct err *err)
{
	if (!json_is_number(v))
		return mismatch(v, member, "a number", err);
	*ret = json_number_value(v);
	return 0;
}

static int as_bool(const json_t *v, const char *member, bool *ret, struct err *err)
{
	if (!json_is_boolean(v))
		return mismatch(v, member, "true or false", err);
	*ret = json_is_true(v);
	return 0;
}

static int as_obj(json_t *v, const char *member, json_t **ret, struct err *err)
{
	if (!json_is_object(v))
		return mismatch(v, member, "an object", err);
	*ret = v;
	return 0;
}

static int as_array(json_t *v, const char *member, json_t **ret, struct err *err)
{
	if (!json_is_array(v))
		return mismatch(v, member, "an array", err);
	*ret = v;
	return 0;
}

/* Two public functions a type: the member must, or may, be there. */
#define GETTERS(name, type)                                                                                                      \
	int jx_##name(const json_t *object, const char *member, type *ret, struct err *err)                                      \
	{                                                                                                                        \
		json_t *v = json_object_get(object, member);                                                                     \
                                                                                                                                 \
		if (!v)                                                                                                          \
			return err_set(err, -ENOENT, "the member \"%s\" is missing", member);                                    \
		return as_##name(v, member, ret, err);                                                                           \
	}                                                                                                                        \
                                                                                                                                 \
	int jx_opt_##name(const json_t *object, const char *member, type *ret, struct err *err)                                  \
	{                                                                                                                        \
		json_t *v = json_object_get(object, member);                                                                     \
                                                                                                                                 \
		return !v || json_is_null(v) ? 0 : as_##name(v, member, ret, err);                                               \
	}

GETTERS(str, const char *)
GETTERS(u64, uint64_t)
GETTERS(i64, int64_t)
GETTERS(double, double)
GETTERS(bool, bool)
GETTERS(obj, json_t *)
GETTERS(array, json_t *)

int jx_formats(const json_t *object, int oldest, int known, struct err *err)
{
	int64_t format;
	int r = jx_i64(object, "format", &format, err);

	if (r < 0)
		return r;
	if (format > known)
		return err_set(err, -EPROTONOSUPPORT,
			       "it has format %lld, made by a newer vlat; this one reads format %d: use the newer vlat",
			       (long long) format, known);
	if (format < oldest)
		return err_set(err, -EPROTONOSUPPORT, "it has format %lld; this vlat reads format %d", (long long) format, known);
	return 0;
}

int jx_format(const json_t *object, int known, struct err *err)
{
	return jx_formats(object, known, known, err);
}
