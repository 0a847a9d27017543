/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value - the text of one kernel setting, and when two texts mean the same.
 * "00000003" and "3" are one mask, "0,1" and "0-1" one list, "a [b] c" is b.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>

enum value_form {
	VALUE_TEXT,             /* words, runs of blanks count as one */
	VALUE_NUMBER,           /* a signed integer, or several; Y/N count as 1/0 */
	VALUE_CPULIST,          /* "0-3,8" */
	VALUE_CPUMASK,          /* "ff,00000001" */
	VALUE_CHOICE,           /* "always [madvise] never", "none (full)": the one in brackets */
	VALUE_CONTROLLERS,      /* "cpu io": a set of words; written as "+cpu -io", a change */
};

#define VALUE_MAX 1280          /* a 4096-CPU mask fits */

/* What was read, cleaned: trailing newline gone, blanks collapsed, the bracketed choice alone. False when cut. */
bool value_clean(enum value_form form, const char *raw, char *buf, size_t cap);
bool value_same(enum value_form form, const char *a, const char *b);

/*
 * The text to write so that `now` becomes `want`: want itself, but for
 * VALUE_CHOICE the word in brackets, and for VALUE_CONTROLLERS the difference
 * ("" when there is none); want may be a change already ("+cpuset"): then that.
 * False when it does not fit.
 */
bool value_change(enum value_form form, const char *now, const char *want, char *buf, size_t cap);

const char *value_form_name(enum value_form form);
bool value_form_parse(const char *name, enum value_form *ret);

#endif
