/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

/* The name of its binary interface since 2011. */
#define SONAME "libarchive.so.13"

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define ROW_(name_) { .name = #name_, .at = offsetof(struct library, name_) },
	LIBRARY_FUNCTIONS(ROW_)
#undef ROW_
};

int library_load(struct library *ret, struct err *err)
{
	void *handle = dlopen(SONAME, RTLD_LAZY | RTLD_LOCAL);
	struct library l;

	if (!handle)
		return err_set(err, -ENOENT, "captures need the library " SONAME " (Debian: libarchive13, Fedora: libarchive): "
			       "%s", dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function)
			return err_set(err, -ENOSYS, "the library " SONAME " has no %s: at least libarchive 3.4 is needed",
				       functions[i].name);
		/* POSIX lets a function's address stand in a void pointer, C does not. */
		memcpy((char *) &l + functions[i].at, &function, sizeof(function));
	}
	*ret = l;
	return 0;
}
