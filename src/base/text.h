/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text - numbers, durations, sizes and names, to and from what a person types.
 * Every parser takes the whole string or returns -EINVAL (-ERANGE when it is a
 * number, but too large) and leaves *ret alone.  Fuzzed: tests/fuzz.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int text_u64(const char *s, uint64_t *ret);             /* "1500" */
int text_i64(const char *s, int64_t *ret);
int text_double(const char *s, double *ret);            /* finite only */
int text_duration(const char *s, uint64_t *ret_ns);     /* "2" = 2 s, "500ms", "1.5s", "3m", "2h", "40us", "9ns" */
int text_size(const char *s, uint64_t *ret_bytes);      /* "64", "4k", "2M", "1G" (powers of 1024) */
int text_bool(const char *s, bool *ret);                /* on/off yes/no true/false 1/0 */

bool text_eq(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);
char *text_trim(char *s);                               /* in place; returns s advanced past blanks */

/* A name that may become part of a path or an interface name: [A-Za-z0-9][A-Za-z0-9._-]*, <= 64 bytes, no "..". */
bool text_is_name(const char *s);

/* The entry of names[n] closest to word by edit distance, or NULL when none is near enough to suggest. */
const char *text_nearest(const char *word, const char *const *names, size_t n);

/* "12.3 us", "1.42 ms"; "9.41 Gbit/s"; "2.0 MB" into buf; return buf. */
char *text_ns(char *buf, size_t cap, double ns);
char *text_bps(char *buf, size_t cap, double bits_per_s);
char *text_bytes(char *buf, size_t cap, double bytes);
char *text_seconds(char *buf, size_t cap, double s);    /* "4 s", "3 min 20 s", "1 h 05 min" */

/* snprintf that says so: true = it did not fit. */
bool text_print(char *buf, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
