/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "capture/parts.h"

static const struct {
	const char *name;
	int error;
} rows[] = {
	{ "EACCES", EACCES },       { "EAGAIN", EAGAIN },       { "EBUSY", EBUSY },
	{ "EFBIG", EFBIG },         { "EINVAL", EINVAL },       { "EIO", EIO },
	{ "EISDIR", EISDIR },       { "ELOOP", ELOOP },         { "ENAMETOOLONG", ENAMETOOLONG },
	{ "ENODATA", ENODATA },     { "ENODEV", ENODEV },       { "ENOENT", ENOENT },
	{ "ENOMEM", ENOMEM },       { "ENOSPC", ENOSPC },       { "ENOTDIR", ENOTDIR },
	{ "ENOTTY", ENOTTY },       { "ENXIO", ENXIO },         { "EOPNOTSUPP", EOPNOTSUPP },
	{ "EOVERFLOW", EOVERFLOW }, { "EPERM", EPERM },         { "EPROTO", EPROTO },
	{ "ESRCH", ESRCH },         { "ETIMEDOUT", ETIMEDOUT },
};

const char *errno_name(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].error == -error)
			return rows[i].name;
	}
	return "EIO";
}

int errno_of_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (text_eq(rows[i].name, name))
			return -rows[i].error;
	}
	return 0;
}

void errors_apply(struct fs_tree *t, const char *text)
{
	char line[4352], name[16];

	while (take_line(&text, line, sizeof(line))) {
		const char *at = line;
		int error;

		if (!take_word(&at, name, sizeof(name)) || !take_char(&at, ' '))
			continue;
		error = errno_of_name(name);
		if (error)
			fs_tree_fail(t, at, error);
	}
}
