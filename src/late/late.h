/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late - a library that few commands need, loaded when it is needed.
 *
 * Each library that a program is linked with costs every start of it a tenth of
 * a millisecond or two: opened, mapped, relocated, unmapped.
 *
 *	#define XZ_FUNCTIONS(X) X(lzma_code) X(lzma_end)
 *	struct xz { XZ_FUNCTIONS(LATE_MEMBER) };
 *	#define ROW(name) LATE_ROW(struct xz, name)
 *	static const struct late_function functions[] = { XZ_FUNCTIONS(ROW) };
 */
#ifndef LATE_LATE_H
#define LATE_LATE_H

#include <stddef.h>

#include "base/err.h"

struct late_function {
	const char *name;
	size_t at;              /* where its address goes in the struct of functions */
};

struct late_library {
	const char *soname;     /* with the number of its binary interface: "liblzma.so.5" */
	const char *packages;   /* "Debian: liblzma5, Fedora: xz-libs" */
	const char *needed_by;  /* "captures need" */
	const char *least;      /* "libarchive 3.4" */
	const struct late_function *functions;
	size_t n_functions;
};

#define LATE_MEMBER(name)       __typeof__(name) *name;
#define LATE_ROW(type_, name_)  { .name = #name_, .at = offsetof(type_, name_) },

/* functions: the struct; filled whole or not at all.  It stays loaded until the program ends. */
int late_load(const struct late_library *l, void *functions, struct err *err);

#endif
