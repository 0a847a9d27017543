/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonx - jansson with sentences: what a file lacks is named, with its line
 * where there is one.  Texts returned are borrowed from the JSON value.
 */
#ifndef BASE_JSONX_H
#define BASE_JSONX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The whole text as one JSON value; `what` names it in messages: a file, "the agent's answer".  Duplicate members are refused. */
int jx_parse(const char *text, size_t len, const char *what, json_t **ret, struct err *err);
int jx_load(const char *path, size_t max, json_t **ret, struct err *err);
/* Indented by two, members in the order they were set; written whole or not at all. */
int jx_save(const char *path, const json_t *value, unsigned mode, struct err *err);
/* One line without a newline; malloc'ed. */
char *jx_line(const json_t *value);

/*
 * A member that must be there: -ENOENT when it is not, -EINVAL when it is of
 * another type (null too), -ERANGE for a number that does not fit.
 */
int jx_str(const json_t *object, const char *member, const char **ret, struct err *err);
int jx_u64(const json_t *object, const char *member, uint64_t *ret, struct err *err);
int jx_i64(const json_t *object, const char *member, int64_t *ret, struct err *err);
int jx_double(const json_t *object, const char *member, double *ret, struct err *err); /* integers too */
int jx_bool(const json_t *object, const char *member, bool *ret, struct err *err);
int jx_obj(const json_t *object, const char *member, json_t **ret, struct err *err);
int jx_array(const json_t *object, const char *member, json_t **ret, struct err *err);

/* A member that may be absent or null: then 0, and *ret keeps what it had. */
int jx_opt_str(const json_t *object, const char *member, const char **ret, struct err *err);
int jx_opt_u64(const json_t *object, const char *member, uint64_t *ret, struct err *err);
int jx_opt_i64(const json_t *object, const char *member, int64_t *ret, struct err *err);
int jx_opt_double(const json_t *object, const char *member, double *ret, struct err *err);
int jx_opt_bool(const json_t *object, const char *member, bool *ret, struct err *err);
int jx_opt_obj(const json_t *object, const char *member, json_t **ret, struct err *err);
int jx_opt_array(const json_t *object, const char *member, json_t **ret, struct err *err);

/* "format" must be `known`: a newer one is refused by a sentence that says so. */
int jx_format(const json_t *object, int known, struct err *err);
/* The same for a reader that knows older ones too. */
int jx_formats(const json_t *object, int oldest, int known, struct err *err);

/* Lets a scope drop its reference: AUTO_JSON json_t *j = NULL; */
static inline void jx_cleanup_(json_t **j)
{
	json_decref(*j);
}
#define AUTO_JSON __attribute__((cleanup(jx_cleanup_)))

#endif
