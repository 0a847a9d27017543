/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon - fork into a session of its own, which outlives the terminal, and
 * hear from it whether it came up.
 *
 * The caller has one thread.  What the child says through daemon_tell() is one
 * JSON object: {"error": CODE, "text": SENTENCE}, or what the parent wants to know.
 */
#ifndef RUN_DAEMON_H
#define RUN_DAEMON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct daemon_opts {
	const char *log;  /* NULL = /dev/null */
	bool attached;    /* it stays with the terminal, for remarks and Ctrl-C, until daemon_up(); its parent waits for it */
	const int *keep;  /* fds that are the daemon's too, ended by -1; NULL = none */
};

struct daemon_tell {
	int fd; /* -1 once told */
	const char *log;
	bool attached;
};

/* In the child; its return value is the child's exit status. */
typedef int daemon_fn(void *arg, struct daemon_tell *tell);

/* 0 and what the child told, or its error, or -ECHILD when it ended without a word. */
int daemon_start(daemon_fn *fn, void *arg, const struct daemon_opts *opts, json_t **ret, struct err *err);
void daemon_up(struct daemon_tell *t, json_t *what); /* consumes what */
void daemon_failed(struct daemon_tell *t, const struct err *err);

#endif
