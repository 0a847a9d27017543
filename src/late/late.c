/* SPDX-License-Identifier: Apache-2.0 */
#include "late/late.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int late_load(const struct late_library *l, void *functions, struct err *err)
{
	void *handle = dlopen(l->soname, RTLD_LAZY | RTLD_LOCAL);

	if (!handle)
		return err_set(err, -ENOENT, "%s the library %s (%s): %s", l->needed_by, l->soname, l->packages, dlerror());
	for (size_t i = 0; i < l->n_functions; i++)
		if (!dlsym(handle, l->functions[i].name))
			return err_set(err, -ENOSYS, "the library %s has no %s: at least %s is needed", l->soname,
				       l->functions[i].name, l->least);
	for (size_t i = 0; i < l->n_functions; i++) {
		void *function = dlsym(handle, l->functions[i].name);

		/* POSIX lets a function's address stand in a void pointer, C does not. */
		memcpy((char *) functions + l->functions[i].at, &function, sizeof(function));
	}
	return 0;
}
