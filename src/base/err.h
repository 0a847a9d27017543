/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - an error is an errno for the program and a sentence for the person.
 *
 * Contract of every function that takes a struct err *: it returns 0 or a
 * positive value and leaves the err untouched, or it returns a negative errno
 * and has filled the err.  Callers add the half they know with err_in().  What is
 * longer than its place loses its middle.  Only src/cmd prints.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

struct err {
	int code;               /* negative errno, 0 = no error */
	char text[512];         /* one sentence: the input, the reason, the cure */
};

/* Fill *e (which may be NULL) and return code, which must be < 0.  Line breaks become blanks: it stays one line. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set(), with ": strerror(-code)" added. */
int err_sys(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "context: " before the sentence on its way up; returns e->code. */
int err_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
