/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/library.h"

#include "base/cleanup.h"

static const struct late_function archive_functions[] = {
#define ROW_(name_) LATE_ROW(struct library, name_)
	LIBRARY_FUNCTIONS(ROW_)
#undef ROW_
};

static const struct late_function zstd_functions[] = {
#define ROW_(name_) LATE_ROW(struct zstd_library, name_)
	ZSTD_FUNCTIONS(ROW_)
#undef ROW_
};

/* The name of its binary interface since 2011. */
static const struct late_library archive = {
	.soname = "libarchive.so.13",
	.packages = "Debian: libarchive13, Fedora: libarchive",
	.needed_by = "captures need",
	.least = "libarchive 3.4",
	.functions = archive_functions,
	.n_functions = ARRAY_SIZE(archive_functions),
};

static const struct late_library zstd = {
	.soname = "libzstd.so.1",
	.packages = "Debian: libzstd1, Fedora: libzstd",
	.needed_by = "captures need",
	.least = "libzstd 1.4",
	.functions = zstd_functions,
	.n_functions = ARRAY_SIZE(zstd_functions),
};

int library_load(struct library *ret, struct err *err)
{
	return late_load(&archive, ret, err);
}

int zstd_load(struct zstd_library *ret, struct err *err)
{
	return late_load(&zstd, ret, err);
}
