/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpuset - a set of CPU numbers, 0 .. CPUSET_MAX-1, as a plain value (copy with =).
 *
 * Text forms are the kernel's: cpulist "0-3,8,10-20:2/4" and mask
 * "ff,00000001" (comma-grouped 32-bit words, most significant first;
 * Documentation/core-api/printk-formats, lib/bitmap.c).  Comparison is by
 * value, never by text.
 */
#ifndef BASE_CPUSET_H
#define BASE_CPUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUSET_MAX 4096
#define CPUSET_LIST_MAX 13312 /* bytes that hold every list; the longest is of pairs, 0-1,3-4,... */

struct cpuset {
	uint64_t word[CPUSET_MAX / 64];
};

bool take_cpulist(const char **at, struct cpuset *ret);         /* cursor form; an empty list is taken as the empty set */
int cpuset_parse_list(const char *s, struct cpuset *ret);       /* whole string, trailing newline allowed; -EINVAL, -ERANGE */
int cpuset_parse_mask(const char *s, struct cpuset *ret);
/* "0-3,8"; "" when empty; "0-3,..." when buf is too small for it, which parses as no set; returns buf */
char *cpuset_list(const struct cpuset *s, char *buf, size_t cap);
/* As the kernel prints it when ncpus CPUs are possible. */
char *cpuset_mask(const struct cpuset *s, unsigned ncpus, char *buf, size_t cap);

void cpuset_add(struct cpuset *s, unsigned cpu);                /* ignored when cpu >= CPUSET_MAX */
void cpuset_del(struct cpuset *s, unsigned cpu);
bool cpuset_has(const struct cpuset *s, unsigned cpu);
unsigned cpuset_count(const struct cpuset *s);
int cpuset_first(const struct cpuset *s);                       /* -1 when empty */
/* The next one above `after`, -1 at the end: for (int c = -1; (c = cpuset_next(s, c)) >= 0;) */
int cpuset_next(const struct cpuset *s, int after);
int cpuset_last(const struct cpuset *s);
bool cpuset_equal(const struct cpuset *a, const struct cpuset *b);
bool cpuset_empty(const struct cpuset *s);
bool cpuset_within(const struct cpuset *inner, const struct cpuset *outer);
struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_or(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_minus(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_one(unsigned cpu);

/* The affinity of a task (0 = the caller) by sched_{get,set}affinity(2); negative errno. */
int cpuset_get_affinity(int tid, struct cpuset *ret);
int cpuset_set_affinity(int tid, const struct cpuset *s);

#endif
