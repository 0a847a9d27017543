/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - files that cost time to make, kept between runs and shared by them.
 *
 * Everything in it appears whole by rename(2), so readers take no lock; who
 * makes something holds the lock of that kind, so that it is made once.
 */
#ifndef VM_CACHE_H
#define VM_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * CACHE/kind made if needed, into buf[cap].  CACHE is $VLAT_CACHE, else
 * /var/cache/vlat for root, else $XDG_CACHE_HOME/vlat or ~/.cache/vlat.
 */
int cache_dir(const char *kind, char *buf, size_t cap, struct err *err);

/* The lock of a kind, as a fd to close; waits for another vlat until the deadline (-ETIME) or Ctrl-C (-EINTR). */
int cache_lock(const char *dir, uint64_t deadline_ns, int *ret_fd, struct err *err);

/* An empty folder in dir for work in progress; those of dead runs are removed first. Call with the lock held. */
int cache_scratch(const char *dir, char *buf, size_t cap, struct err *err);

/* Remove files in dir that are older than age and whose names start with prefix. */
void cache_prune(const char *dir, const char *prefix, uint64_t age_ns);

/* FNV-1a, 64 bit: names for contents; seed with CACHE_HASH. */
#define CACHE_HASH 0xcbf29ce484222325ull
uint64_t cache_hash(uint64_t h, const void *data, size_t len);

#endif
