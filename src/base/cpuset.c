/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpuset.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"

#define WORDS (CPUSET_MAX / 64)

void cpuset_add(struct cpuset *s, unsigned cpu)
{
	if (cpu < CPUSET_MAX)
		s->word[cpu / 64] |= 1ull << (cpu % 64);
}

void cpuset_del(struct cpuset *s, unsigned cpu)
{
	if (cpu < CPUSET_MAX)
		s->word[cpu / 64] &= ~(1ull << (cpu % 64));
}

bool cpuset_has(const struct cpuset *s, unsigned cpu)
{
	return cpu < CPUSET_MAX && (s->word[cpu / 64] >> (cpu % 64) & 1);
}

unsigned cpuset_count(const struct cpuset *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < WORDS; i++)
		n += (unsigned) __builtin_popcountll(s->word[i]);
	return n;
}

int cpuset_next(const struct cpuset *s, int after)
{
	unsigned from = (unsigned) (after + 1);
	uint64_t rest;

	if (from >= CPUSET_MAX)
		return -1;
	rest = s->word[from / 64] & (~0ull << (from % 64));
	for (unsigned i = from / 64;;) {
		if (rest)
			return (int) (i * 64 + (unsigned) __builtin_ctzll(rest));
		if (++i == WORDS)
			return -1;
		rest = s->word[i];
	}
}

int cpuset_first(const struct cpuset *s)
{
	return cpuset_next(s, -1);
}

int cpuset_last(const struct cpuset *s)
{
	for (int i = WORDS - 1; i >= 0; i--)
		if (s->word[i])
			return i * 64 + 63 - __builtin_clzll(s->word[i]);
	return -1;
}

bool cpuset_equal(const struct cpuset *a, const struct cpuset *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool cpuset_empty(const struct cpuset *s)
{
	return cpuset_first(s) < 0;
}

bool cpuset_within(const struct cpuset *inner, const struct cpuset *outer)
{
	for (size_t i = 0; i < WORDS; i++)
		if (inner->word[i] & ~outer->word[i])
			return false;
	return true;
}

struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset s;

	for (size_t i = 0; i < WORDS; i++)
		s.word[i] = a->word[i] & b->word[i];
	return s;
}

struct cpuset cpuset_or(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset s;

	for (size_t i = 0; i < WORDS; i++)
		s.word[i] = a->word[i] | b->word[i];
	return s;
}

struct cpuset cpuset_minus(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset s;

	for (size_t i = 0; i < WORDS; i++)
		s.word[i] = a->word[i] & ~b->word[i];
	return s;
}

struct cpuset cpuset_one(unsigned cpu)
{
	struct cpuset s = { 0 };

	cpuset_add(&s, cpu);
	return s;
}

int cpuset_get_affinity(int tid, struct cpuset *ret)
{
	struct cpuset s = { 0 };

	if (sched_getaffinity(tid, sizeof(s.word), (cpu_set_t *) (void *) s.word) < 0)
		return -errno;
	*ret = s;
	return 0;
}

int cpuset_set_affinity(int tid, const struct cpuset *s)
{
	return sched_setaffinity(tid, sizeof(s->word), (const cpu_set_t *) (const void *) s->word) < 0 ? -errno : 0;
}
